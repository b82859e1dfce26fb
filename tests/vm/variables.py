"""The firmware's variables before the machine starts: whose keys it has, and what they forbid."""

from __future__ import annotations

import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from installer.machine.facts import BootEntry
from installer.secureboot.entries import parse_entry
from installer.secureboot.variables import GLOBAL, read_store
from tests.vm.qemu import Firmware, variables_of

# Whose list an entry is; any GUID will do.
_OWNER = "b1f04c2e-7d0b-4d8e-9c15-2f6f0c3a9a11"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKey:
    """A throw-away certificate and its private key, PEM."""

    certificate: Path
    key: Path


def own_key(folder: Path, name: str) -> OwnKey:
    """Make one, unless the folder has it already."""
    folder.mkdir(parents=True, exist_ok=True)
    made = OwnKey(certificate=folder / f"{name}.pem", key=folder / f"{name}.key")
    if made.key.exists():
        return made
    _run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
         "-subj", f"/CN=Photon test {name}", "-out", str(made.certificate),
         "-keyout", str(made.key)],
    )  # fmt: skip
    return made


def only_for(path: Path, owner: OwnKey) -> Path:
    """Variables that trust the owner alone, as PK, KEK and db."""
    certificate = str(owner.certificate)
    return _changed(
        Firmware.SETUP, path,
        "--set-pk", _OWNER, certificate, "--add-kek", _OWNER, certificate,
        "--add-db", _OWNER, certificate, "--sb",
    )  # fmt: skip


def forbidding(path: Path, digest: str) -> Path:
    """Microsoft's keys, and the image with this Authenticode digest in dbx."""
    return _changed(Firmware.SECURE, path, "--add-dbx-hash", _OWNER, digest)


def boot_order_of(variables: Path) -> tuple[BootEntry, ...]:
    """What the firmware will try, in this order."""
    found = read_store(variables)
    numbers = (f"{each:04X}" for (each,) in struct.iter_unpack("<H", found["BootOrder", GLOBAL]))
    entries = (parse_entry(each, found[f"Boot{each}", GLOBAL]) for each in numbers)
    return tuple(each for each in entries if each is not None)


def _changed(firmware: Firmware, path: Path, *words: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    program = str(Path(sys.executable).with_name("virt-fw-vars"))
    _run([program, "--input", str(variables_of(firmware)), "--output", str(path), *words])
    return path


def _run(command: list[str]) -> None:
    subprocess.run(command, capture_output=True, check=True, timeout=60)
