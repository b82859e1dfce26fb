"""Enrolling the owner's keys: signature lists, signed updates, and writing them to the firmware.

Each variable gets exactly what is asked for, in one write: UEFI specification 2.10, section 8.2.2.
sbkeysync would only add to what is there.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

from installer.errors import CommandFailed
from installer.secureboot.lists import Certificate, parse_lists, signature_list
from installer.secureboot.owner import KeyPair, certificate_der, pem_to_der
from installer.secureboot.variables import EFIVARS, GLOBAL, SECURITY, variable
from installer.system.runner import Runner

# In the order in which they are written: with PK the firmware leaves Setup Mode, and what is wrong
# before that can be mended. Each with its vendor and with the key that signs its updates.
VARIABLES = {"db": (SECURITY, "KEK"), "KEK": (GLOBAL, "PK"), "PK": (GLOBAL, "PK")}

# Kept, for the firmware, for the system, and only with a signature that has the time.
_ATTRIBUTES = 0x27
_MICROSOFT = "77fa9abd-0359-4d32-bd60-28f4e78f784b"
_STILL_OPEN = (
    "The firmware is still in Setup Mode and enforces nothing: restore its keys in its setup."
)


def microsoft_certificates(name: str) -> tuple[bytes, ...]:
    """Microsoft's certificates (DER) that belong into a variable, those of 2011 and of 2023.

    :raises CommandFailed: the library that has them is missing.
    """
    try:
        from virt.firmware.efi import certs  # noqa: PLC0415  (seldom wanted)
    except ImportError as error:
        raise CommandFailed(
            "Microsoft's certificates are not at hand", "Install python3-virt-firmware."
        ) from error
    # Later versions have one for plug-in cards alone.
    vendors = [each for each in ("windows", "ms-uefi", "ms-uefi-rom") if each in certs.DISTRO_CA]
    places = {
        "PK": [],
        "KEK": [certs.MS_KEK_2011, certs.MS_KEK_2023],
        "db": [place for vendor in vendors for place in certs.DISTRO_CA[vendor]["certs"]],
    }[name]
    # Version 24.11 has files, later ones have names.
    texts = [
        certs.load_cert(each) if isinstance(each, str) else each.read_bytes() for each in places
    ]
    return tuple(pem_to_der(text.decode("ascii")) for text in texts)


def sign_updates(runner: Runner, folder: Path, owner: str, *, microsoft: bool) -> None:
    """Make ``NAME.esl`` and, signed, ``NAME.auth`` for PK, KEK and db, all in ``folder``.

    :raises CommandFailed: it did not work.
    """
    for name, (_vendor, signer) in VARIABLES.items():
        lists = signature_list(owner, certificate_der(folder / f"{name}.pem"))
        if microsoft:
            found = microsoft_certificates(name)
            lists += b"".join(signature_list(_MICROSOFT, der) for der in found)
        content, update = folder / f"{name}.esl", folder / f"{name}.auth"
        content.write_bytes(lists)
        pair = KeyPair(certificate=folder / f"{signer}.pem", key=str(folder / f"{signer}.key"))
        # The signatures of sbvarsign are refused by EDK II (ovmf 2022.11).
        key, certificate = ("-k", pair.key), ("-c", str(pair.certificate))
        runner.run(["sign-efi-sig-list", *key, *certificate, name, str(content), str(update)])


def enroll(runner: Runner, folder: Path, efivars: Path = EFIVARS) -> None:
    """Write the signed updates in ``folder`` to the firmware, PK last, and read each back.

    :raises CommandFailed: the firmware refused one, or is in Setup Mode after all of them.
    """
    for name, (vendor, _signer) in VARIABLES.items():
        wanted = _certificates((folder / f"{name}.esl").read_bytes())
        try:
            _write(runner, efivars / f"{name}-{vendor}", (folder / f"{name}.auth").read_bytes())
            found = _certificates(variable(efivars, name, vendor))
        except (OSError, ValueError) as error:
            message = f"the firmware did not take the variable {name}: {error}"
            raise CommandFailed(message, _STILL_OPEN) from error
        if found != wanted:
            raise CommandFailed(f"the firmware's {name} is not what was written", _STILL_OPEN)
    if in_setup_mode(efivars):
        raise CommandFailed("the firmware has the keys, and is in Setup Mode still", _STILL_OPEN)


def in_setup_mode(efivars: Path = EFIVARS) -> bool:
    """Whether the firmware takes keys from anybody."""
    return variable(efivars, "SetupMode") == b"\x01"


def _certificates(lists: bytes) -> frozenset[Certificate]:
    return frozenset(parse_lists(lists).certificates)


def _write(runner: Runner, place: Path, update: bytes) -> None:
    if place.exists():
        # The kernel keeps such variables from being removed by accident.
        runner.run(["chattr", "-i", str(place)])
    # It must be one write: https://docs.kernel.org/filesystems/efivarfs.html
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.write(descriptor, struct.pack("<I", _ATTRIBUTES) + update)
    finally:
        os.close(descriptor)
