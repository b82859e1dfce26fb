"""The owner's keys in the plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from installer.actions.boot.mok import QueueMok
from installer.actions.boot.owner_keys import (
    EnrollOwnerKeys,
    HandOverKeys,
    KeepSigningKey,
    PrepareOwnerKeys,
    SignBootFiles,
)
from installer.actions.host.files import WriteFile
from installer.config.boot import Boot, MachineOwnerKey, OwnerKeys, SecureBootDemand, SigningKey
from installer.config.kickstart import InstallConfig
from installer.machine.facts import Firmware, FirmwareMode, SecureBoot
from installer.plan.boot.keys import (
    enroll_actions,
    host_boot_actions,
    key_notes,
    key_problems,
    signing_actions,
)
from installer.plan.decide import firmware_problems
from installer.plan.storage.bootable import esp_places
from installer.secret import Secret
from tests.engine import kickstart, plan_for, small_machine

PASSPHRASE = Secret("correct horse")
DB = SigningKey(certificate="/db.pem", key="/db.key")
MADE = OwnerKeys(passphrase=PASSPHRASE)
NAMED = OwnerKeys(db=DB, passphrase=PASSPHRASE)
MOK = MachineOwnerKey(certificate="/mok.pem", password=Secret("bcdefghijkln"))
SETUP = Firmware(mode=FirmwareMode.EFI, secure_boot=SecureBoot.SETUP)
ENFORCING = Firmware(mode=FirmwareMode.EFI, secure_boot=SecureBoot.ENABLED)
OLD = Firmware(mode=FirmwareMode.BIOS)


def config(keys: OwnerKeys | None = None, mok: MachineOwnerKey | None = None) -> InstallConfig:
    boot = Boot(owner_keys=keys, machine_owner_key=mok)
    return InstallConfig(disks=(), hostname="edge-01", boot=boot)


def pointers(
    wanted: InstallConfig, firmware: Firmware, *, efi: bool = True, image: bool = False
) -> list[str]:
    found = key_problems(wanted, firmware, efi=efi, image=image)
    assert all(each.hint for each in found)
    return [each.pointer for each in found]


def test_enrolling_needs_setup_mode() -> None:
    assert pointers(config(MADE), SETUP) == []
    assert pointers(config(MADE), ENFORCING) == ["/boot/owner_keys/enroll"]
    assert pointers(config(MADE), OLD) == ["/boot/owner_keys/enroll"]
    assert pointers(config(replace(MADE, enroll=False)), ENFORCING) == []
    assert pointers(config(MADE), ENFORCING, image=True) == []
    assert pointers(config(MADE), OLD, efi=False) == ["/boot/owner_keys"]


def test_enrolling_makes_firmware_enforce_what_is_required() -> None:
    on = small_machine("/dev/vda", firmware=SETUP)
    wanted = replace(config(MADE).boot, secure_boot=SecureBootDemand.REQUIRED)
    assert firmware_problems(replace(config(), boot=wanted), on) == ()
    without = replace(wanted, owner_keys=replace(MADE, enroll=False))
    (problem,) = firmware_problems(replace(config(), boot=without), on)
    assert problem.pointer == "/boot/secure_boot"


def test_a_certificate_for_shim_needs_a_machine_with_shim() -> None:
    assert pointers(config(mok=MOK), ENFORCING) == []
    assert pointers(config(mok=MOK), SETUP) == []
    assert pointers(config(mok=MOK), OLD) == ["/boot/machine_owner_key"]
    assert pointers(config(mok=MOK), OLD, efi=False) == ["/boot/machine_owner_key"]
    assert pointers(config(mok=MOK), ENFORCING, image=True) == ["/boot/machine_owner_key"]


def test_without_keys_there_is_nothing_to_do() -> None:
    assert pointers(config(), OLD, efi=False) == []
    assert signing_actions(config(), "seed") == ()
    assert enroll_actions(config(), image=False) == ()
    assert key_notes(config(), image=False) == ()


@pytest.mark.parametrize(
    ("keys", "made"),
    [
        (MADE, ("PK", "KEK", "db")),
        (replace(MADE, enroll=False), ("PK", "KEK", "db")),
        (NAMED, ("PK", "KEK")),
        (replace(NAMED, enroll=False), ()),
    ],
)
def test_what_is_made_is_handed_over(keys: OwnerKeys, made: tuple[str, ...]) -> None:
    prepared, signed, kept, *handed = signing_actions(config(keys), "seed")
    assert prepared == PrepareOwnerKeys(db=keys.db, made=made, host="edge-01")
    assert signed == SignBootFiles(db=keys.db)
    assert kept == KeepSigningKey(db=keys.db, private=True)
    assert [type(each) for each in handed] == ([HandOverKeys] if made else [])
    for each in handed:
        assert isinstance(each, HandOverKeys)
        assert (each.names, each.passphrase, each.microsoft) == (made, PASSPHRASE, True)
    assert bool(key_notes(config(keys), image=False)) is bool(made)


def test_what_nobody_said_is_drawn_and_used() -> None:
    drawn = Secret("drawn")
    *_, handed = signing_actions(config(OwnerKeys(drawn=drawn)), "seed")
    assert isinstance(handed, HandOverKeys)
    assert handed.passphrase == drawn
    (queued,) = enroll_actions(config(mok=replace(MOK, password=None, drawn=drawn)), image=False)
    assert queued == QueueMok(certificate="/mok.pem", password=drawn)


def test_the_same_seed_gives_the_same_owner() -> None:
    first, second, other = (signing_actions(config(MADE), seed) for seed in ("a", "a", "b"))
    assert first == second != other


def test_what_is_enrolled_comes_when_the_host_is_there() -> None:
    assert enroll_actions(config(NAMED), image=False) == (EnrollOwnerKeys(microsoft=True),)
    alone = replace(NAMED, microsoft=False)
    assert enroll_actions(config(alone), image=False) == (EnrollOwnerKeys(microsoft=False),)
    assert enroll_actions(config(replace(NAMED, enroll=False)), image=False) == ()
    assert enroll_actions(config(NAMED), image=True) == ()
    assert "not enrolled" in key_notes(config(NAMED), image=True)[-1]
    (queued,) = enroll_actions(config(mok=MOK), image=False)
    assert queued == QueueMok(certificate="/mok.pem", password=Secret("bcdefghijkln"))


def test_a_host_knows_its_esps() -> None:
    storage = plan_for(kickstart(), small_machine("/dev/vda")).storage
    (place,) = esp_places(storage)
    made = host_boot_actions((place, place), label="Edge", grub_cfg="menu")
    files = {each.path: each for each in made if isinstance(each, WriteFile)}
    assert len(files) == len(made)
    texts = {path.removeprefix("/etc/photon-boot/"): each.text for path, each in files.items()}
    esps = f"{place.partition.guid}\n" * 2
    assert texts == {"esps": esps, "label": "Edge\n", "grub.cfg": "menu"}
    assert files["/etc/photon-boot/grub.cfg"].mode == 0o600
    assert len(host_boot_actions((place,))) == 2
    assert host_boot_actions(()) == ()
