"""The firmware: how the machine started, what it lets start, and what it starts."""

from __future__ import annotations

from pathlib import Path

from installer.machine.facts import Firmware, FirmwareMode, SecureBoot
from installer.machine.probe.sysfs import read_text
from installer.secureboot.entries import console_on_serial, read_entries
from installer.secureboot.lists import Certificate, parse_lists
from installer.secureboot.sbat import sbat_date
from installer.secureboot.variables import GLOBAL, SECURITY, SHIM, variable

# In the order in which people think of them; the machine owner's list is the one shim mirrors.
_KEYS = (("PK", GLOBAL), ("KEK", GLOBAL), ("db", SECURITY), ("dbx", SECURITY), ("MokListRT", SHIM))
_WORDS = {"MokListRT": "MOK"}


def probe_firmware(root: Path) -> Firmware:
    """The firmware, as ``/sys/firmware/efi`` below ``root`` tells."""
    efi = root / "sys/firmware/efi"
    tpm = read_text(root / "sys/class/tpm/tpm0/tpm_version_major")
    if not efi.is_dir():
        return Firmware(mode=FirmwareMode.BIOS, tpm=tpm)
    variables = efi / "efivars"
    level = variable(variables, "SbatLevelRT", SHIM).decode("ascii", "replace")
    return Firmware(
        mode=FirmwareMode.EFI,
        secure_boot=secure_boot(
            setup_mode=variable(variables, "SetupMode"),
            enforced=variable(variables, "SecureBoot"),
        ),
        keys=_keys(variables),
        sbat_level=sbat_date(level),
        tpm=tpm,
        entries=read_entries(variables),
        serial_console=console_on_serial(variables),
    )


def secure_boot(*, setup_mode: bytes, enforced: bytes) -> SecureBoot:
    """What the two variables mean together; each is its value's bytes, empty when it is absent."""
    if enforced[:1] == b"\x01":
        return SecureBoot.ENABLED
    if setup_mode[:1] == b"\x01":  # no platform key yet: the firmware lets everything start
        return SecureBoot.SETUP
    return SecureBoot.DISABLED if enforced else SecureBoot.UNSUPPORTED


def _keys(variables: Path) -> tuple[str, ...]:
    """The enrolled certificates in words."""
    return tuple(
        f"{_WORDS.get(name, name)}: {certificate}"
        for name, vendor in _KEYS
        for certificate in _names(variable(variables, name, vendor))
    )


def _names(lists: bytes) -> tuple[str, ...]:
    try:
        return tuple(_name(each) for each in parse_lists(lists).certificates)
    except ValueError:
        return ("cannot be read",)


def _name(certificate: Certificate) -> str:
    try:
        return certificate.name
    except ImportError:  # python3-cryptography is not everywhere
        return "a certificate"
