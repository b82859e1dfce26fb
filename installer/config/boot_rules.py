"""Rules about the boot loader: what goes with BIOS firmware, and what keys need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from installer.config.boot import PKCS11, BootLoader
from installer.config.boot_certificate import certificate_fault
from installer.config.sound import Sound
from installer.sizes import parse_duration
from ks_schema import Problem

_LONGEST_TIMEOUT = 600
# What only EFI firmware has.
_OF_EFI = {
    "order": "BIOS firmware keeps no boot entries",
    "owner_keys": "BIOS firmware knows no keys",
    "machine_owner_key": "a disk for BIOS has no shim to enroll it",
}
_CERTIFICATES = ("owner_keys/db/certificate", "machine_owner_key/certificate")
_OF_GRUB = {
    "menu_password": "systemd-boot asks for no password: nothing can be edited there",
    "machine_owner_key": "systemd-boot starts without shim, which would enroll it",
}


def boot_problems(sound: Sound) -> Iterator[Problem]:
    """What is wrong with what is said of the boot loader."""
    if sound.value("boot", "mode") == "bios":
        for key, message in _OF_EFI.items():
            if sound.value("boot", key) is not None:
                hint = "use the mode efi or dual, or leave it out"
                yield sound.document.problem(f"/boot/{key}", message, hint)
    timeout = sound.value("boot", "timeout")
    if timeout is not None and not _is_whole(parse_duration(timeout)):
        yield sound.document.problem(
            "/boot/timeout",
            "the boot menu waits a whole number of seconds, at most 600",
            'like "5 s"; 0 does not wait',
        )
    yield from _certificate_problems(sound)
    yield from _key_problems(sound)
    if sound.value("boot", "loader") == BootLoader.SYSTEMD_BOOT:
        yield from _systemd_boot_problems(sound)


def _is_whole(seconds: float) -> bool:
    return seconds == int(seconds) and seconds <= _LONGEST_TIMEOUT


def _certificate_problems(sound: Sound) -> Iterator[Problem]:
    for place in _CERTIFICATES:
        said = sound.value("boot", *place.split("/"))
        if isinstance(said, Mapping) and (fault := certificate_fault(said["pem"])):
            yield sound.document.problem(f"/boot/{place}/pem", *fault)


def _key_problems(sound: Sound) -> Iterator[Problem]:
    place, problem = "/boot/owner_keys", sound.document.problem
    key = sound.value("boot", "owner_keys", "db", "key")
    if key is None:
        return
    in_token = key.startswith(PKCS11)
    if not in_token and sound.value("boot", "owner_keys", "db", "pin") is not None:
        hint = 'leave it out, or name a key like "pkcs11:token=photon;object=db"'
        yield problem(f"{place}/db/pin", "a key in a file has no PIN", hint)
    if in_token and "pin-" in key.lower():
        message = "the PIN does not belong into the URI, which is written to the log"
        yield problem(f"{place}/db/key", message, 'say it in "pin"')
    if in_token and sound.value("boot", "owner_keys", "on_host"):
        message = "the private key is in a token, and stays there"
        yield problem(f"{place}/on_host", message, "leave it out; upgrades are signed elsewhere")


def _systemd_boot_problems(sound: Sound) -> Iterator[Problem]:
    problem, other = sound.document.problem, 'or use the loader "grub"'
    if sound.value("boot", "mode") not in {None, "efi"}:
        message = "systemd-boot starts by EFI alone"
        yield problem("/boot/mode", message, f'use "efi", {other}')
    if sound.value("boot", "owner_keys") is None:
        message = "systemd-boot starts what the owner has signed, and no keys are named"
        yield problem("/boot/loader", message, f'add "owner_keys", {other}')
    for key, message in _OF_GRUB.items():
        if sound.value("boot", key) is not None:
            yield problem(f"/boot/{key}", message, f"leave it out, {other}")
    if sound.value("storage", "ab"):
        message = "it is GRUB that chooses between the two roots"
        yield problem("/storage/ab", message, f"leave it out, {other}")
