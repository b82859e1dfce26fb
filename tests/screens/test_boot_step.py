"""Boot loader's screen: what it tells of the firmware, what it asks, what becomes of that."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from installer.config import from_document
from installer.config.boot import Boot
from installer.machine.facts import BootEntry, Firmware, FirmwareMode, SecureBoot
from ks_schema import Document
from screens.draft.draft import Draft
from screens.forms import Text
from screens.steps.firmware import firmware_lines
from tests.screens.conftest import Walk
from tests.screens.test_review import assert_same_plan, save
from tests.screens.test_steps import with_password
from tests.screens.walker import MENU_HASH, Walker, machine

FIRMWARE = Firmware(
    mode=FirmwareMode.EFI,
    secure_boot=SecureBoot.ENABLED,
    keys=(
        "PK: Dell Inc. Platform Key",
        "KEK: Microsoft Corporation KEK CA 2011",
        "KEK: Microsoft Corporation KEK 2K CA 2023",
        *(f"db: Microsoft UEFI CA {year}" for year in range(2011, 2031)),
    ),
    sbat_level="2024040900",
    tpm="2",
    entries=(
        BootEntry(number="0003", label="UEFI QEMU DVD-ROM"),
        BootEntry(number="0000", label="UEFI PXEv4", network=True),
        BootEntry(number="0001", label="Windows Boot Manager", active=False),
    ),
)

SETUP_MODE = {"secure_boot": SecureBoot.SETUP}


def said(walker: Walker) -> dict[str, Any]:
    boot = walker.app.walk.draft.document().get("boot", {})
    assert isinstance(boot, dict)
    return boot


def at_boot(walker: Walker) -> Walker:
    walker.go("disk")
    if not walker.app.walk.draft.disk:
        walker.keys(" ")
    return walker.go("boot")


def test_the_firmware_in_lines_that_fit() -> None:
    lines = firmware_lines(replace(machine("empty-virtio"), firmware=FIRMWARE))
    assert all(len(line) <= 74 for line in lines)
    assert lines[0] == "PK: Dell Inc. Platform Key"
    assert lines[1].endswith("KEK CA 2011 and 1 more")
    assert lines[2].startswith("db: Microsoft UEFI CA 2011, ")
    assert lines[2].endswith(" and 18 more")
    assert lines[3] == "SBAT level 2024040900; TPM 2"
    assert lines[4] == "Boot entries: UEFI QEMU DVD-ROM, UEFI PXEv4 (network) and 1 more"
    few = replace(FIRMWARE, keys=(), entries=FIRMWARE.entries[2:])
    (_, entries) = firmware_lines(replace(machine("empty-virtio"), firmware=few))
    assert entries == "Boot entries: Windows Boot Manager (inactive)"
    assert firmware_lines(machine("3tib-bios")) == ()
    long = replace(FIRMWARE, keys=("db: " + "x" * 100,), entries=())
    assert len(firmware_lines(replace(machine("empty-virtio"), firmware=long))[0]) == 74


def test_the_firmware_on_the_screen(walk: Walk) -> None:
    walker = walk("empty-virtio")
    walker.engine.machine = replace(walker.engine.machine, firmware=FIRMWARE)
    walker.app.walk.rescan()
    walker.settle()
    at_boot(walker)
    assert "Secure Boot is on: the firmware enforces it" in " ".join(walker.screen.split())
    assert "PK: Dell Inc. Platform Key" in walker.screen
    assert "SBAT level 2024040900; TPM 2" in walker.screen


def test_nothing_is_said_that_nobody_chose(walk: Walk) -> None:
    assert said(at_boot(walk("empty-virtio"))) == {}


def test_the_menu_and_the_kernel(walk: Walk, tmp_path: Path) -> None:
    walker = at_boot(walk("empty-virtio"))
    walker.fill("Name in the menus", "Rack 7").fill("Menu timeout", "10 s")
    walker.fill("Menu password", "let me edit").keys("enter").type("let me edit")
    walker.field("(*) First").keys("down", "down", " ")
    walker.field("[ ] Hardened kernel").keys(" ").fill("Kernel arguments", "quiet panic=10")
    with_password(walker).go("review")
    assert walker.app.walk.draft.menu_hash == MENU_HASH
    assert "let me edit" not in repr(walker.app.walk.draft)
    assert said(walker) == {
        "entry_name": "Rack 7",
        "timeout": "10 s",
        "menu_password": {"hash": MENU_HASH},
        "kernel_arguments": ["quiet", "panic=10"],
        "hardening": "kspp",
        "order": "network_first",
    }
    path = tmp_path / "saved.json"
    save(walker, path)
    assert_same_plan(walker, path)


def test_a_menu_password_may_be_a_hash(walk: Walk) -> None:
    walker = at_boot(walk("empty-virtio"))
    walker.fill("Menu password", MENU_HASH[:-1]).keys("tab")
    assert "! " in walker.screen
    walker.keys("f10")
    assert walker.id == "boot"
    walker.field("Menu password").keys("end").type(MENU_HASH[-1]).keys("f10")
    assert walker.id == "packages", walker.screen
    assert said(walker) == {"menu_password": {"hash": MENU_HASH}}


def test_menu_passwords_that_will_not_do(walk: Walk) -> None:
    walker = at_boot(walk("empty-virtio")).fill("Menu password", "one").keys("enter").type("two")
    walker.keys("f10")
    assert "! The two passwords differ" in walker.screen
    walker.fill("Menu password", "größe").keys("enter", *["backspace"] * 8)
    walker.type("größe").keys("f10")
    assert walker.id == "boot"
    assert "! It cannot be typed in the boot menu" in walker.screen


def test_keys_that_are_made(walk: Walk) -> None:
    walker = at_boot(walk("empty-virtio")).field("(*) None").keys("down", " ")
    assert said(walker) == {"owner_keys": {}}
    walker.fill("Passphrase", "short").keys("tab")
    assert "! " in walker.screen
    walker.fill("Passphrase", "correct horse").keys("enter").type("correct hoarse").keys("tab")
    assert "! The two passphrases differ" in walker.screen
    walker.keys("f10")
    assert walker.focus.startswith("> Confirm")
    walker.keys("end", *["backspace"] * 64).type("correct horse").keys("tab")
    assert "differ" not in walker.screen
    walker.field("[x] Enroll Microsoft's").keys(" ")
    assert said(walker)["owner_keys"] == {
        "passphrase": {"plain": "correct horse"},
        "microsoft": False,
    }
    assert "correct horse" not in walker.screen


def test_keys_that_are_given(walk: Walk) -> None:
    walker = at_boot(walk("empty-virtio")).field("(*) None").keys("down", "down", " ")
    walker.keys("f10")
    assert walker.id == "boot"
    walker.fill("Certificate", "/run/db.pem").fill("Private key", "/run/db.key")
    walker.field("[x] Keep the private key").keys(" ")
    db = {"certificate": "/run/db.pem", "key": "/run/db.key"}
    assert said(walker) == {"owner_keys": {"db": db, "on_host": False}}
    walker.fill("Private key", "pkcs11:token=photon;object=db").fill("PIN of the token", "1234")
    assert "Leave the private key" not in walker.screen
    boot = from_document(Document(data=_whole(walker))).boot
    assert boot.owner_keys is not None
    assert not boot.owner_keys.on_host
    assert boot.owner_keys.db is not None
    assert boot.owner_keys.db.pin is not None


def test_keys_that_are_not_given_are_asked_for(walk: Walk) -> None:
    walker = at_boot(walk("empty-virtio", firmware=SETUP_MODE))
    walker.field("(*) None").keys("down", "down", " ", "f10")
    assert walker.focus.startswith("> Certificate")
    assert "! Enter a certificate - enter the absolute path of a PEM file" in walker.screen
    walker.type("/run/db.pem").keys("f10")
    assert walker.focus.startswith("> Private key")
    assert "! Enter a private key" in walker.screen


def test_only_firmware_in_setup_mode_takes_keys(walk: Walk) -> None:
    walker = at_boot(walk("empty-virtio")).field("(*) None").keys("down", " ", "f10")
    assert walker.id == "boot"
    assert walker.focus.startswith("> [x] Enroll them in this firmware")
    assert "! This firmware is not in Setup Mode - clear the platform key" in walker.screen
    walker.keys(" ", "f10")
    assert walker.id == "packages"


def test_unified_images_are_for_those_with_keys(walk: Walk) -> None:
    walker = at_boot(walk("empty-virtio", firmware=SETUP_MODE)).fill(
        "Machine owner key", "/run/mok.pem"
    )
    walker.fill("Menu password", "only once")
    assert "loader" not in walker.app.walk.form().field_ids()
    walker.field("(*) None").keys("down", " ").field("(*) GRUB").keys("down", " ")
    assert said(walker) == {"owner_keys": {}, "loader": "systemd_boot"}
    assert {"menu_password", "mok_certificate"}.isdisjoint(walker.app.walk.form().field_ids())
    walker.keys("f10")
    assert walker.id == "packages"
    walker.keys("esc").field("(*) Generate keys").keys("up", " ")
    assert said(walker) == {"machine_owner_key": {"certificate": "/run/mok.pem"}}
    walker.keys("f10")
    assert walker.id == "boot"
    assert "! The two passwords differ" in walker.screen


def test_two_roots_have_grub(walk: Walk) -> None:
    walker = walk("empty-virtio").go("storage").field("[ ] A/B root").keys(" ").go("boot")
    walker.field("(*) None").keys("down", " ").field("(*) GRUB").keys("down")
    assert "! unavailable: A/B root filesystems need GRUB" in walker.screen


def test_a_machine_owner_key(walk: Walk) -> None:
    walker = at_boot(walk("empty-virtio")).fill("Machine owner key", "mok.pem").keys("tab")
    assert "! " in walker.screen
    walker.fill("Machine owner key", "/run/mok.pem").fill("One-time password", "once 1")
    walker.keys("f10")
    assert walker.id == "boot"
    walker.fill("One-time password", "once-1").keys("f10")
    assert said(walker) == {
        "machine_owner_key": {"certificate": "/run/mok.pem", "password": {"plain": "once-1"}}
    }


def test_bios_firmware_has_no_entries_and_no_keys(walk: Walk) -> None:
    walker = at_boot(walk("3tib-bios"))
    ids = walker.app.walk.form().field_ids()
    assert {"boot_order", "owner_keys", "mok_certificate"}.isdisjoint(ids)
    assert {"entry_name", "boot_timeout", "menu_password", "hardening"} <= set(ids)


def test_what_only_efi_has_is_not_said_of_a_disk_for_bios() -> None:
    draft = Draft(
        boot_mode="bios", boot_order="leave", owner_keys="made", mok_certificate="/run/mok.pem"
    )
    assert draft.document()["boot"] == {"mode": "bios"}


def _whole(walker: Walker) -> dict[str, Any]:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
    return {**walker.app.walk.draft.document(), "root": {"ssh_keys": [key]}}


@pytest.mark.parametrize("name", ["empty-virtio", "windows-dual-boot"])
def test_a_walk_past_the_screen_is_the_default(walk: Walk, name: str) -> None:
    data = json.loads(json.dumps(_whole(at_boot(walk(name)))))
    assert from_document(Document(data=data)).boot == Boot()


@pytest.mark.parametrize("keys", ["", "made", "given"])
def test_no_hint_is_cut_off(walk: Walk, keys: str) -> None:
    walker = at_boot(walk("empty-virtio"))
    walker.app.walk.set("owner_keys", keys)
    walker.app.refresh()
    hints = [item.hint for item in walker.app.walk.form().items if isinstance(item, Text)]
    walker.size = (80, 60)
    assert [hint for hint in hints if f"]  {hint}\n" not in walker.screen] == []
