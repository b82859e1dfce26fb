"""A case for each screen: what it shows, what it refuses, what it keeps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from installer.machine.facts import Disk, LeftOut, Machine
from tests.screens.conftest import Walk
from tests.screens.walker import HASH, Walker

ORDER = (
    "welcome", "disk", "storage", "boot", "packages", "network", "host", "accounts", "review"
)  # fmt: skip


def with_password(walker: Walker) -> Walker:
    """Root gets a password, so that the walk can end."""
    walker.go("accounts").fill("Root password", "correct horse")
    return walker.keys("enter").type("correct horse").keys("enter")


def machine_of(walker: Walker) -> Machine:
    assert walker.app.walk.machine is not None
    return walker.app.walk.machine


def test_welcome_names_machine_and_console(walk: Walk) -> None:
    walker = walk(console="ttyS0")
    assert walker.lines[0].startswith(" Photon installer  [welcome]  1/9  Welcome")
    assert walker.lines[0].rstrip().endswith("ttyS0")
    assert "VirtualBox" in walker.screen
    assert "< Start >" in walker.focus


def test_enter_alone_goes_through_every_screen_but_the_accounts(walk: Walk) -> None:
    walker = walk()
    seen = [walker.id]
    for _ in range(30):
        walker.keys("enter")
        if walker.id != seen[-1]:
            seen.append(walker.id)
    assert tuple(seen) == ORDER[:-1]
    assert "Next: User name: nobody could log in" in walker.screen


def test_f10_goes_on_and_esc_goes_back(walk: Walk) -> None:
    walker = with_password(walk())
    walker.keys("f10")
    assert walker.id == "review"
    for name in reversed(ORDER[:-1]):
        walker.keys("esc")
        assert walker.id == name
    walker.keys("esc")
    assert "Quit? The installer restarts" in walker.screen


def test_every_screen_has_its_id_number_and_keys(walk: Walk) -> None:
    walker = with_password(walk())
    for _ in range(8):
        walker.keys("esc") if walker.id != "welcome" else None
    for number, name in enumerate(ORDER, start=1):
        assert f"[{name}]  {number}/9  " in walker.lines[0]
        assert "F1 Help" in walker.lines[-1]
        assert walker.focus
        walker.keys("f10")


def test_disk_lists_every_disk_with_what_is_on_it(walk: Walk) -> None:
    walker = walk("two-sata-same-model").go("disk")
    for disk in machine_of(walker).disks:
        assert disk.path.rpartition("/")[2] in walker.screen
        assert disk.model in walker.screen
        assert disk.serial in walker.screen
        assert disk.transport in walker.screen
    assert "linux_raid_member" in walker.screen


def test_no_disk_is_chosen_for_the_person_when_there_are_two(walk: Walk) -> None:
    walker = walk("two-sata-same-model").go("disk")
    assert "(*)" not in walker.screen
    assert "Next: Disk: No disk is selected" in walker.screen
    assert "( Next )" in walker.screen
    walker.keys("f10")
    assert walker.id == "disk"
    assert "! No disk is selected" in walker.screen
    walker.keys("down", " ")
    assert "(*) sdb" in walker.screen
    walker.keys("f10")
    assert walker.id == "storage"


def test_a_disk_takes_those_along_that_share_an_array_with_it(walk: Walk) -> None:
    walker = walk("two-sata-same-model").go("disk")
    text = "! Part of an array, volume group or pool with sdb, which will also be erased"
    assert text in " ".join(walker.screen.split())
    walker.keys("down", " ")
    document = walker.app.walk.draft.document()
    assert document["disks"] == {
        "default": {"serial": "WD-WCC7K5LD20RE"},
        "disk-1": {"serial": "WD-WCC7K3VNJ8PT"},
    }
    assert document["storage"]["wipe"] == ["disk-1"]


def test_the_only_usable_disk_is_chosen(walk: Walk) -> None:
    walker = walk("virtualbox").go("disk")
    assert "(*) sda  20 GiB  VBOX HARDDISK" in walker.screen
    assert "< Next >" in walker.focus


def test_a_volume_for_kickstarts_is_shown_as_such_and_chosen_by_nobody_but_a_person(
    walk: Walk,
) -> None:
    walker = walk("kickstart-stick").go("disk")
    assert "! it holds a volume for kickstarts (PHOTONKS)" in walker.screen
    assert walker.app.walk.draft.disk == ""
    walker.keys(" ")
    assert walker.app.walk.draft.disk == "/dev/sda"
    assert walk("kickstart-stick-and-disk").app.walk.draft.disk == "/dev/nvme0n1"


def test_the_medium_is_shown_with_its_reason_and_cannot_be_chosen(walk: Walk) -> None:
    walker = walk("usb-medium").go("disk")
    assert "(-)" in walker.screen
    assert "! unavailable: the installer was started from it" in walker.screen
    before = walker.app.walk.draft.disk
    medium = next(disk for disk in machine_of(walker).disks if disk.medium)
    for _ in range(len(machine_of(walker).disks)):
        walker.keys("tab")
    for _ in range(12):
        walker.keys("up", " ")
    assert walker.app.walk.draft.disk != medium.path
    assert before != medium.path


def test_a_tiny_disk_is_refused(walk: Walk) -> None:
    walker = walk("tiny-disk").go("disk")
    assert "! unavailable: too small" in walker.screen
    assert "None of these disks can be used" in walker.screen
    assert "< Rescan the disks >" in walker.focus
    walker.keys("f10")
    assert walker.id == "disk"
    assert "! No disk is selected - attach one that can be used, and rescan" in walker.screen


def test_no_disk_offers_a_rescan(walk: Walk) -> None:
    walker = walk("no-disk").go("disk")
    assert "No disk was found" in walker.screen
    assert "< Rescan the disks >" in walker.focus
    walker.keys("f10")
    assert walker.id == "disk"
    assert "Next: no disk to install on; attach one and rescan" in walker.screen
    walker.field("< Rescan the disks >")
    walker.engine.machine = replace(walker.engine.machine, disks=_disks(walk))
    walker.keys("enter")
    assert walker.engine.probes == 2
    assert "VBOX HARDDISK" in walker.screen


def test_what_is_left_out_is_shown_with_its_reason(walk: Walk) -> None:
    walker = walk("empty-virtio").go("disk")
    for line in ("sr0: a CD or DVD drive", "zram0: compressed memory", "loop0: a loop device"):
        assert f"\n   {line}\n" in walker.screen
    assert "more below" not in walker.screen


def test_devices_with_one_reason_are_told_of_together(walk: Walk) -> None:
    screen = walk("emmc").go("disk").screen
    assert "mmcblk0boot0, mmcblk0boot1: a hidden area of a memory card" in screen


def test_what_is_left_out_helps_where_no_disk_was_found(walk: Walk) -> None:
    walker = walk("no-disk").go("disk")
    assert "Left out" not in walker.screen
    drives = tuple(LeftOut(path=f"/dev/sr{each}", reason="a CD or DVD drive") for each in range(5))
    walker.engine.machine = replace(walker.engine.machine, left_out=drives)
    walker.keys("enter")
    assert "No disk was found" in walker.screen
    assert "sr0, sr1, sr2 and 2 more: a CD or DVD drive" in walker.screen


def _disks(walk: Walk) -> tuple[Disk, ...]:
    return machine_of(walk("virtualbox")).disks


def test_many_disks_scroll(walk: Walk) -> None:
    walker = walk("24-disks").go("disk")
    assert "-- more below (PgUp, PgDn) --" in walker.screen
    seen = set()
    for _ in range(60):
        seen.add(walker.focus.partition(") ")[2].partition(" ")[0])
        walker.keys("down")
    assert seen >= {disk.path.rpartition("/")[2] for disk in machine_of(walker).disks}


def test_storage_asks_for_the_swap_size_only_where_there_is_one(walk: Walk) -> None:
    walker = walk().go("storage")
    assert "Swap size" not in walker.screen
    walker.field("(*) Automatic").keys("tab", "down", "down", "enter")
    assert "(*) A swap file" in walker.screen
    assert walker.focus.startswith("> Swap size")
    walker.type("2 Gib").keys("tab")
    assert "! " in walker.screen
    assert "( Next )" in walker.screen
    walker.fill("Swap size", "2 GiB").keys("f10")
    assert walker.id == "boot"
    swap = {"kind": "file", "size": "2 GiB"}
    assert walker.app.walk.draft.document()["storage"] == {"swap": swap}


def test_boot_says_what_the_firmware_is(walk: Walk) -> None:
    walker = walk("two-sata-same-model").go("disk").keys(" ").go("boot")
    assert "EFI firmware; Secure Boot is off" in walker.screen
    assert "(-) BIOS" in walker.screen
    assert "this machine started with EFI firmware" in walker.screen


def test_boot_on_a_serial_console_keeps_it_for_the_host(walk: Walk) -> None:
    walker = walk(console="ttyS0")
    assert walker.app.walk.draft.document()["boot"]["console"] == "ttyS0"


def test_boot_refuses_a_bad_console(walk: Walk) -> None:
    walker = walk().go("boot").fill("Serial console", "com1 at 9600").keys("tab")
    assert "    ! " in walker.screen
    walker.keys("f10")
    assert walker.id == "boot"


def test_packages(walk: Walk) -> None:
    walker = walk().go("packages").field("(*) Minimal").keys("down", " ").field("(*) Automatic")
    walker.keys("down", "enter")
    document = walker.app.walk.draft.document()
    assert document["packages"] == {"set": "full", "kernel": "generic"}
    assert "< Next >" in walker.focus


def static_network(walker: Walker) -> Walker:
    return walker.go("network").field("(*) Automatic").keys("down", "enter")


def test_network_static_fields_appear_and_are_checked(walk: Walk) -> None:
    walker = static_network(walk())
    walker.fill("IPv4 address", "192.0.2.5").keys("tab")
    assert "    ! " in walker.screen
    walker.fill("IPv4 address", "192.0.2.5/24")
    walker.fill("IPv4 gateway", "198.51.100.1").keys("tab")
    assert "( Next )" in walker.screen
    walker.fill("IPv4 gateway", "192.0.2.1")
    walker.fill("IPv6 address", "2001:db8::5/64").fill("IPv6 gateway", "2001:db8::1")
    walker.fill("DNS servers", "192.0.2.53, 2001:db8::53").fill("Search domains", "example.net")
    walker.keys("f10")
    assert walker.id == "host", walker.screen
    (ethernet,) = walker.app.walk.draft.document()["network"]["ethernets"].values()
    assert ethernet["addresses"] == ["192.0.2.5/24", "2001:db8::5/64"]
    assert ethernet["nameservers"] == {
        "addresses": ["192.0.2.53", "2001:db8::53"], "search": ["example.net"]
    }  # fmt: skip
    assert [route["via"] for route in ethernet["routes"]] == ["192.0.2.1", "2001:db8::1"]


def test_time_servers_can_be_named(walk: Walk) -> None:
    walker = walk().go("network").fill("Time servers", "192.0.2.256").keys("tab")
    assert '! "192.0.2.256" is not the address of a time server' in walker.screen
    walker.fill("Time servers", "ntp.example.net, 192.0.2.123").keys("f10")
    assert walker.id == "host", walker.screen
    document = walker.app.walk.draft.document()
    assert document["ntp"] == {"servers": ["ntp.example.net", "192.0.2.123"]}


def test_the_ssh_server_can_be_asked_for(walk: Walk) -> None:
    walker = walk().go("network").field("(*) On if an SSH key is set").keys("down", "enter")
    assert walker.focus.startswith("> < Next >")
    assert walker.app.walk.draft.document()["services"] == {"ssh": "enabled"}


def test_network_static_without_an_address_says_so(walk: Walk) -> None:
    walker = static_network(walk())
    assert "Next: IPv4 address: Enter an address" in " ".join(walker.screen.split())
    walker.keys("f10")
    assert walker.id == "network"
    assert "! Enter an address" in walker.screen


@pytest.mark.parametrize("name", ["-edge", "edge_01", "", "a" * 70])
def test_host_refuses_a_bad_name(walk: Walk, name: str) -> None:
    walker = walk().go("host").fill("Host name", name).keys("tab")
    assert "    ! " in walker.screen
    walker.keys("f10")
    assert walker.id == "host"
    assert walker.focus.startswith("> Host name")


@pytest.mark.parametrize(
    ("label", "typed", "hint"),
    [
        ("Locale", "xx_XX.UTF-8", "like en_US.UTF-8"),
        ("Time zone", "US/Pacific", '"America/Los_Angeles"'),
    ],
)
def test_host_refuses_names_that_no_host_knows(
    walk: Walk, label: str, typed: str, hint: str
) -> None:
    walker = walk().go("host").fill(label, typed).keys("f10")
    assert walker.id == "host"
    assert hint in " ".join(walker.screen.split())


def test_host_refuses_an_unknown_time_zone(walk: Walk) -> None:
    walker = walk().go("host").fill("Time zone", "Mars/Base").keys("tab")
    assert "    ! " in walker.screen


def test_accounts_need_a_way_to_log_in(walk: Walk) -> None:
    walker = walk().go("accounts").keys("f10")
    assert walker.id == "accounts"
    assert "nobody could log in" in walker.screen


def test_accounts_refuse_passwords_that_differ(walk: Walk) -> None:
    walker = walk().go("accounts").fill("Root password", "one").keys("enter").type("two")
    walker.keys("f10")
    assert walker.id == "accounts"
    assert "! The two passwords differ - type the same one in both fields" in walker.screen


def test_a_password_is_hashed_and_only_the_hash_is_kept(walk: Walk) -> None:
    walker = with_password(walk())
    assert "correct horse" not in walker.screen
    assert "***" in walker.screen
    walker.keys("f10")
    draft = walker.app.walk.draft
    assert draft.root_hash == HASH
    assert "correct horse" not in repr(draft)
    assert draft.root_password.reveal() == ""
    walker.keys("esc")
    assert "set; type to change" in walker.screen
    assert "< Next >" in walker.screen


def test_typing_a_password_again_drops_the_old_one(walk: Walk) -> None:
    walker = with_password(walk()).keys("f10", "esc").field("Root password").type("new")
    assert walker.app.walk.draft.root_hash == ""
    assert walker.focus.startswith("> Root password")
    assert "( Next )" in walker.screen


def test_a_user_needs_a_name(walk: Walk) -> None:
    walker = with_password(walk()).fill("User's password", "secret").keys("enter").type("secret")
    walker.keys("f10")
    assert "! The user has no name" in walker.screen
    walker.fill("User name", "Root User").keys("f10")
    assert walker.id == "accounts"
    walker.fill("User name", "ops").keys("f10")
    assert walker.id == "review"
    (user,) = walker.app.walk.draft.document()["users"]
    assert user == {"name": "ops", "sudo": "password", "password": {"hash": HASH}}


def test_back_and_forth_loses_nothing(walk: Walk) -> None:
    walker = static_network(walk()).fill("IPv4 address", "not yet an addr")
    walker.keys("esc", "esc", "f10", "f10")
    assert "not yet an addr" in walker.screen
    walker.fill("IPv4 address", "192.0.2.5/24").go("host").fill("Host name", "edge-07")
    walker.keys("esc", "esc", "esc", "esc", "esc").go("host")
    assert "edge-07" in walker.screen
    walker.go("accounts").fill("Root password", "half").keys("esc", "f10")
    assert "****" in walker.screen


def test_help_is_made_from_the_key_table(walk: Walk) -> None:
    walker = walk().keys("f1")
    for text in ("Shift-Tab", "next screen, from anywhere", "Ctrl-L"):
        assert text in walker.screen
    walker.keys("esc")
    assert "Shift-Tab" not in walker.screen
    assert walker.id == "welcome"


def test_quit_asks_and_stays_by_default(walk: Walk) -> None:
    walker = walk().go("host").keys("f3")
    assert "Quit? The installer restarts" in walker.screen
    assert "> < Stay >" in walker.focus
    walker.keys("enter")
    assert walker.ended is None
    walker.keys("f3", "tab", "enter")
    assert walker.ended == "quit"


def test_root_is_no_further_user(walk: Walk) -> None:
    walker = with_password(walk()).fill("User name", "root").keys("tab")
    assert "! root already exists - set its password above" in walker.screen
