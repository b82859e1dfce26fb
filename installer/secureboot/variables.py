"""The firmware's variables: those of this machine, or of a virtual machine's variable store."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

from installer.errors import CommandFailed

EFIVARS = Path("/sys/firmware/efi/efivars")

# The vendors' GUIDs: the UEFI specification's own variables, its databases, shim's.
GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
SECURITY = "d719b2cb-3d3a-4596-a3bc-dad00e67656f"
SHIM = "605dab50-e046-4300-abb6-3dd810dd8b23"
# EDK II's switch in its setup; without it the platform key decides alone.
_EDK2_SWITCH = "f0a30bc7-af08-4556-99c4-001009c93a44"

ON, OFF = b"\x01", b"\0"

# efivarfs puts the variable's attributes, 32 bits, before its value:
# https://docs.kernel.org/filesystems/efivarfs.html
_ATTRIBUTES = 4

# By name and vendor.
Variables = Mapping[tuple[str, str], bytes]


def variable(folder: Path, name: str, vendor: str = GLOBAL) -> bytes:
    """The value of a variable in efivarfs; b"" when there is no such variable."""
    try:
        return (folder / f"{name}-{vendor}").read_bytes()[_ATTRIBUTES:]
    except OSError:
        return b""


def read_efivars(folder: Path = EFIVARS) -> Variables:
    """All variables of this machine that decide what may start, and what is measured of it.

    Those of shim that end in RT are what it mirrors for the running system.
    """
    wanted = {
        GLOBAL: ("SecureBoot", "SetupMode", "PK", "KEK", "OsIndicationsSupported"),
        SECURITY: ("db", "dbx"),
        SHIM: (
            *("MokListRT", "MokListXRT", "MokListTrustedRT", "MokSBStateRT", "MokPolicyRT"),
            *("MokNew", "MokDel", "MokXNew", "SbatLevelRT"),
        ),
    }
    return {
        (name, vendor): variable(folder, name, vendor)
        for vendor, names in wanted.items()
        for name in names
    }


def read_store(path: Path) -> Variables:
    """The variables in the flash image of a virtual machine (EDK II: OVMF_VARS.fd and the like).

    With them are those that its firmware makes of them when it starts.

    :raises CommandFailed: it cannot be read, or is no such image.
    """
    from virt.firmware.varstore.edk2 import Edk2VarStore  # noqa: PLC0415  (slow)

    bad = CommandFailed(
        f"{path}: not a variable store of EDK II", "Give a raw image like OVMF_VARS.fd."
    )
    try:
        store = Edk2VarStore(str(path)) if Edk2VarStore.probe(str(path)) else None
        found = store.get_varlist() if store else None
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror}") from error
    # The library ends the program when it does not like a file.
    except (SystemExit, ValueError, IndexError, RuntimeError, struct.error) as error:
        raise bad from error
    if found is None:
        raise bad
    stored = {(str(each.name), str(each.guid).lower()): bytes(each.data) for each in found.values()}
    setup = not stored.get(("PK", GLOBAL))
    on = not setup and stored.get(("SecureBootEnable", _EDK2_SWITCH), ON) == ON
    return {
        **stored,
        ("SetupMode", GLOBAL): ON if setup else OFF,
        ("SecureBoot", GLOBAL): ON if on else OFF,
    }


def shim_variable(variables: Variables, name: str) -> bytes:
    """What shim keeps under a name: as it is stored, else as the running system sees it."""
    return variables.get((name, SHIM)) or variables.get((f"{name}RT", SHIM), b"")
