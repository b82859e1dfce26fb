"""The firmware: how the machine started, and whether Secure Boot is enforced."""

from __future__ import annotations

from pathlib import Path

from installer.machine import Firmware, FirmwareMode, SecureBoot

# The GUID of the variables that the UEFI specification itself defines (EFI_GLOBAL_VARIABLE).
_GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
# efivarfs puts the variable's attributes, 32 bits, before its value:
# https://docs.kernel.org/filesystems/efivarfs.html
_ATTRIBUTES = 4


def probe_firmware(root: Path) -> Firmware:
    """The firmware, as ``/sys/firmware/efi`` below ``root`` tells."""
    efi = root / "sys/firmware/efi"
    if not efi.is_dir():
        return Firmware(mode=FirmwareMode.BIOS)
    variables = efi / "efivars"
    return Firmware(
        mode=FirmwareMode.EFI,
        secure_boot=secure_boot(
            setup_mode=_variable(variables, "SetupMode"),
            enforced=_variable(variables, "SecureBoot"),
        ),
    )


def secure_boot(*, setup_mode: bytes, enforced: bytes) -> SecureBoot:
    """What the two variables mean together; each is its value's bytes, empty when it is absent."""
    if enforced[:1] == b"\x01":
        return SecureBoot.ENABLED
    if setup_mode[:1] == b"\x01":  # no platform key yet: the firmware lets everything start
        return SecureBoot.SETUP
    return SecureBoot.DISABLED if enforced else SecureBoot.UNSUPPORTED


def _variable(folder: Path, name: str) -> bytes:
    try:
        return (folder / f"{name}-{_GLOBAL}").read_bytes()[_ATTRIBUTES:]
    except OSError:
        return b""
