"""The texts that a plan carries: boot loader, network, accounts, fstab."""

from dataclasses import replace
from typing import Any

import pytest

from installer.actions.host.accounts import CreateGroup, CreateUser, SetPassword
from installer.actions.host.files import GenerateLocale, WriteFile
from installer.actions.host.keyboard import SaveKeymap
from installer.actions.host.services import RunScript, SetUnits
from installer.config.accounts import User
from installer.config.boot import Boot
from installer.config.host_names import locale_source
from installer.config.keyboard import keyboard_from_text
from installer.config.network import Ethernet, InterfaceMatch, Nameservers, Network, Route
from installer.plan.boot.loader import (
    BootPlace,
    console_arguments,
    esp_grub_cfg_text,
    grub_cfg_text,
    grub_defaults_text,
    kernel_command_line,
    terminal_actions,
    terminal_text,
)
from installer.plan.host.keyboard import keyboard_text
from installer.plan.host.network import network_files, network_text
from installer.plan.host.system import hosts_text, numbered_users, script_text
from installer.plan.model import InstallPlan
from tests.engine import HASH, KEY, actions_of, kickstart, plan_for, small_machine

UUID = "3f1c2a44-0000-4000-8000-000000000001"
PLACE = BootPlace(uuid=UUID, folder="/boot", root_uuid=UUID)
EVERY_HOST = "rd.retry=60 rd.shell=0 rd.emergency=reboot loglevel=4"


def plan(**more: Any) -> InstallPlan:
    data = kickstart(disks={"default": {"serial": "PHOTON0"}}, **more)
    return plan_for(data, small_machine("/dev/vda"))


def file_text(made: InstallPlan, path: str) -> str:
    return next(
        each.text for each in actions_of(made) if isinstance(each, WriteFile) and each.path == path
    )


@pytest.mark.parametrize(
    ("console", "serial"),
    [
        ("ttyS0,115200", "serial --unit=0 --speed=115200"),
        ("ttyS1,9600n8", "serial --unit=1 --speed=9600"),
        ("ttyS0", "serial --unit=0 --speed=115200"),
    ],
)
def test_a_serial_console(console: str, serial: str) -> None:
    boot = Boot(console=console, kernel_arguments=("panic=10",))
    line = kernel_command_line(boot, PLACE)
    assert line == f"root=UUID={UUID} ro {EVERY_HOST} console=tty0 console={console} panic=10"
    menu = grub_cfg_text(boot, "6.12", PLACE)
    # EFI firmware has its console on the serial line already.
    wanted = f"""\
if [ "$grub_platform" = pc ]; then
  {serial}
  terminal_input console serial
  terminal_output console serial
fi
"""
    assert wanted in menu
    assert menu.count("serial --unit") == 1
    (later,) = terminal_actions(boot, PLACE)
    assert isinstance(later, WriteFile)
    assert (later.path, later.mode) == ("/etc/grub.d/01_photon_serial", 0o755)
    assert later.text.endswith(wanted)
    assert "GRUB_TERMINAL=console\n" in grub_defaults_text(boot, PLACE)


def test_a_serial_line_that_the_firmware_does_not_serve() -> None:
    place = replace(PLACE, firmware_serial=False)
    text = terminal_text(Boot(console="ttyS0"), place)
    assert text.startswith("serial --unit=0 --speed=115200\nterminal_input console serial\n")
    assert text in grub_cfg_text(Boot(console="ttyS0"), "6.12", place)


@pytest.mark.parametrize("console", ["hvc0", "ttyAMA0,115200", "ttyUSB0"])
def test_a_console_that_grub_cannot_drive(console: str) -> None:
    boot = Boot(console=console)
    assert console_arguments(boot) == ("console=tty0", f"console={console}")
    assert not terminal_actions(boot, PLACE)
    for text in (grub_cfg_text(boot, "6.12", PLACE), grub_defaults_text(boot, PLACE)):
        assert "serial --unit" not in text
        assert "terminal_input" not in text


def test_no_console() -> None:
    boot = Boot()
    assert kernel_command_line(boot, PLACE) == f"root=UUID={UUID} ro {EVERY_HOST}"
    assert "serial" not in grub_cfg_text(boot, "6.12", PLACE) + grub_defaults_text(boot, PLACE)


def test_the_menu_of_updates_has_the_same_arguments() -> None:
    boot = Boot(console="ttyS0", kernel_arguments=("quiet", "panic=10"))
    later = next(
        line.split('"')[1]
        for line in grub_defaults_text(boot, PLACE).splitlines()
        if line.startswith("GRUB_CMDLINE_LINUX=")
    )
    assert kernel_command_line(boot, PLACE) == f"root=UUID={UUID} ro {later}"


def test_the_menu_has_both_entries() -> None:
    menu = grub_cfg_text(Boot(), "6.12-x", PLACE)
    assert menu.count("linux /boot/vmlinuz-6.12-x root=UUID=") == 2
    assert menu.count("{") == menu.count("}")
    assert f"search --no-floppy --fs-uuid --set=root {UUID}" in menu
    assert UUID in esp_grub_cfg_text(PLACE, Boot())


def test_network_defaults_to_dhcp() -> None:
    (file,) = network_files(None)
    assert "DHCP=yes" in file.text
    assert network_files(Network(ethernets=())) == ()


def test_a_static_interface() -> None:
    ethernet = Ethernet(
        name="uplink",
        match=InterfaceMatch(macaddress="52:54:00:12:34:56"),
        addresses=("192.0.2.5/24", "2001:db8::5/64"),
        routes=(Route(to="default", via="192.0.2.1"), Route(to="198.51.100.0/24", via="192.0.2.2")),
        nameservers=Nameservers(addresses=("192.0.2.3",), search=("a.example", "b.example")),
        mtu=9000,
    )
    assert (
        network_text(ethernet)
        == """\
[Match]
MACAddress=52:54:00:12:34:56

[Link]
MTUBytes=9000

[Network]
DHCP=no
Address=192.0.2.5/24
Address=2001:db8::5/64
DNS=192.0.2.3
Domains=a.example b.example

[Route]
Gateway=192.0.2.1

[Route]
Destination=198.51.100.0/24
Gateway=192.0.2.2
"""
    )


@pytest.mark.parametrize(
    ("dhcp4", "dhcp6", "word"),
    [(True, True, "yes"), (True, False, "ipv4"), (False, True, "ipv6"), (False, False, "no")],
)
def test_dhcp(dhcp4: bool, dhcp6: bool, word: str) -> None:
    text = network_text(Ethernet(name="eth0", dhcp4=dhcp4, dhcp6=dhcp6))
    assert text == f"[Match]\nName=eth0\n\n[Network]\nDHCP={word}\n"


def test_matching_by_name_and_address() -> None:
    match = InterfaceMatch(macaddress="aa:bb:cc:dd:ee:ff", name="en*")
    text = network_text(Ethernet(name="x", match=match))
    assert text.startswith("[Match]\nMACAddress=aa:bb:cc:dd:ee:ff\nName=en*\n")


def test_hosts() -> None:
    assert "127.0.1.1 edge-01\n" in hosts_text("edge-01")
    assert "127.0.1.1 edge-01.example.net edge-01\n" in hosts_text("edge-01.example.net")


def test_users_get_the_next_free_number() -> None:
    users = numbered_users(
        (User(name="a"), User(name="b", uid=1000), User(name="c"), User(name="d", uid=1002))
    )
    assert [user.uid for user in users] == [1001, 1000, 1003, 1002]


def test_more_users_than_anyone_has() -> None:
    users = numbered_users(tuple(User(name=f"u{number}") for number in range(1500)))
    assert len({user.uid for user in users}) == 1500


def test_groups_are_there_before_the_users_in_them() -> None:
    users = [
        {"name": "ann", "groups": ["ann", "bob", "docker", "site"]},
        {"name": "bob", "uid": 1000, "groups": ["site"]},
    ]
    actions = actions_of(plan(users=users))
    groups = [(each.name, each.gid) for each in actions if isinstance(each, CreateGroup)]
    # docker is in the tree already; a user's own group has the user's number.
    assert groups == [("site", None), ("ann", 1001), ("bob", 1000)]
    last_group = max(i for i, each in enumerate(actions) if isinstance(each, CreateGroup))
    first_user = min(i for i, each in enumerate(actions) if isinstance(each, CreateUser))
    assert last_group < first_user


def test_passwords_and_sudo() -> None:
    made = plan(
        users=[
            {"name": "a", "sudo": "password", "password": {"hash": HASH}},
            {"name": "b", "sudo": "no_password"},
            {"name": "c"},
        ]
    )
    hashed = {each.user: each.hashed for each in actions_of(made) if isinstance(each, SetPassword)}
    assert {name for name, one in hashed.items() if one} == {"root", "a"}
    rules = {
        each.path: (each.text, each.mode)
        for each in actions_of(made)
        if isinstance(each, WriteFile) and "sudoers" in each.path
    }
    assert rules == {
        "/etc/sudoers.d/50-a": ("a ALL=(ALL:ALL) ALL\n", 0o440),
        "/etc/sudoers.d/50-b": ("b ALL=(ALL:ALL) NOPASSWD: ALL\n", 0o440),
    }


# With keys alone nobody could log in where sshd is off.
BOTH = {"ssh_keys": [KEY], "password": {"hash": HASH}}


@pytest.mark.parametrize(
    ("more", "enabled"),
    [
        ({}, False),
        ({"root": {"ssh_keys": [KEY]}}, True),
        ({"users": [{"name": "a", "ssh_keys": [KEY]}]}, True),
        ({"users": [{"name": "a"}]}, False),
        ({"services": {"ssh": "enabled"}}, True),
        ({"root": BOTH, "services": {"ssh": "disabled"}}, False),
        ({"root": BOTH, "services": {"ssh.service": "masked"}}, False),
    ],
)
def test_sshd_is_on_only_with_a_key_or_when_asked(more: dict[str, Any], enabled: bool) -> None:
    units = [each for each in actions_of(plan(**more)) if isinstance(each, SetUnits)]
    assert any(each.state == "enabled" and "ssh.service" in each.units for each in units) == enabled


def test_scripts() -> None:
    assert script_text(("echo a",)) == "#!/bin/sh -e\necho a\n"
    assert script_text(("#!/usr/bin/python3", "pass")) == "#!/usr/bin/python3\npass\n"
    made = plan(scripts={"post": [{"run": ["a"]}, {"run": ["b"], "timeout": "5 min"}]})
    scripts = [each for each in actions_of(made) if isinstance(each, RunScript)]
    assert [(each.name, each.timeout) for each in scripts] == [("post-1", 300), ("post-2", 300)]


@pytest.mark.parametrize(
    ("filesystem", "swap", "lines"),
    [
        ("ext4", "none", ["/ ext4 errors=remount-ro 0 1", "/boot/efi vfat"]),
        ("btrfs", "none", ["/ btrfs compress=zstd:1 0 0", "/boot/efi vfat"]),
        ("ext4", "partition", ["/ ext4", "/boot/efi", "none swap sw"]),
        ("ext4", "file", ["/ ext4", "/boot/efi", "/swapfile none swap sw"]),
    ],
)
def test_fstab(filesystem: str, swap: str, lines: list[str]) -> None:
    made = plan(storage={"filesystem": filesystem, "swap": {"kind": swap}})
    text = file_text(made, "/etc/fstab").splitlines()[1:]
    assert len(text) == len(lines)
    assert [wanted for wanted, line in zip(lines, text, strict=True) if wanted not in line] == []
    assert all(line.startswith(("UUID=", "/swapfile")) for line in text)


def test_locales() -> None:
    for locale in ("C.UTF-8",):
        made = actions_of(plan(locale=locale))
        assert not [each for each in made if isinstance(each, GenerateLocale)]
    assert [
        each for each in actions_of(plan(locale="de_DE.UTF-8")) if isinstance(each, GenerateLocale)
    ]
    assert locale_source("de_DE.UTF-8") == "de_DE"
    assert locale_source("ca_ES.UTF-8@valencia") == "ca_ES@valencia"


@pytest.mark.parametrize(
    ("keyboard", "layout", "variant", "options"),
    [
        ("de", "de", "", ""),
        ("us(intl)", "us", "intl", ""),
        ("fr(bepo)", "fr", "bepo", ""),
        # Without Latin letters nobody could type a name: Alt+Shift changes to the layout.
        ("ru", "us,ru", ",", "grp:alt_shift_toggle"),
        ("gr(polytonic)", "us,gr", ",polytonic", "grp:alt_shift_toggle"),
        ("de(ru)", "us,de", ",ru", "grp:alt_shift_toggle"),
        ("rs", "us,rs", ",", "grp:alt_shift_toggle"),
        ("rs(latin)", "rs", "latin", ""),
    ],
)
def test_a_console_can_type_latin_letters(
    keyboard: str, layout: str, variant: str, options: str
) -> None:
    text = keyboard_text(keyboard_from_text(keyboard))
    assert f'XKBLAYOUT="{layout}"\nXKBVARIANT="{variant}"\nXKBOPTIONS="{options}"\n' in text


@pytest.mark.parametrize(("keyboard", "steps"), [("us", 0), ("us(intl)", 1), ("de", 1)])
def test_the_keymap_is_compiled_after_the_layout_is_written(keyboard: str, steps: int) -> None:
    actions = actions_of(plan(keyboard=keyboard))
    compiled = [at for at, each in enumerate(actions) if isinstance(each, SaveKeymap)]
    written = next(
        at
        for at, each in enumerate(actions)
        if isinstance(each, WriteFile) and each.path == "/etc/default/keyboard"
    )
    assert len(compiled) == steps
    assert all(at > written for at in compiled)
