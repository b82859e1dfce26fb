"""The facts of the firmware: keys in words, boot entries, SBAT level, TPM."""

import builtins
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from virt.firmware.efi import bootentry, devpath, ucs16

from installer.machine.facts import BootEntry, FirmwareMode
from installer.machine.probe.firmware import probe_firmware
from installer.secureboot.entries import parse_entry, read_entries
from installer.secureboot.variables import GLOBAL, SECURITY, SHIM
from tests.unit.secureboot.programs import Key, lists

PARTITION = "0c2a5ff3-6f9b-4d4f-9d53-1c4a8f6f6f01"


def entry_bytes(label: str, *elements: devpath.DevicePathElem, active: bool = True) -> bytes:
    path = devpath.DevicePath()
    for each in elements:
        path.append(each)
    made = bootentry.BootEntry(
        attr=1 if active else 8, title=ucs16.from_string(label), devicepath=path
    )
    return bytes(made)


def on_disk(loader: str, partition: str = PARTITION) -> tuple[devpath.DevicePathElem, ...]:
    disk, file = devpath.DevicePathElem(), devpath.DevicePathElem()
    disk.set_gpt(1, 2048, 4096, partition)
    file.set_filepath(loader)
    return disk, file


def in_flash() -> devpath.DevicePathElem:
    found = devpath.DevicePathElem()
    found.devtype, found.subtype, found.data = 4, 6, bytes(16)
    return found


def network() -> devpath.DevicePathElem:
    found = devpath.DevicePathElem()
    found.set_ipv4()
    return found


def write(root: Path, name: str, vendor: str, value: bytes) -> None:
    folder = root / "sys/firmware/efi/efivars"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}-{vendor}").write_bytes(b"\x07\0\0\0" + value)


@pytest.fixture
def root(tmp_path: Path, keys: dict[str, Key]) -> Path:
    write(tmp_path, "SecureBoot", GLOBAL, b"\x01")
    write(tmp_path, "PK", GLOBAL, lists(keys["owner"].certificate))
    write(tmp_path, "db", SECURITY, lists(keys["owner"].certificate, keys["firmware"].certificate))
    write(tmp_path, "dbx", SECURITY, lists(digests=(b"x" * 32,)))
    write(tmp_path, "MokListRT", SHIM, lists(keys["vendor"].certificate))
    write(tmp_path, "SbatLevelRT", SHIM, b"sbat,1,2025021800\nshim,4\n")
    write(tmp_path, "Boot0000", GLOBAL, entry_bytes("UiApp", in_flash(), active=False))
    write(tmp_path, "Boot0001", GLOBAL, entry_bytes("UEFI PXEv4", network()))
    write(tmp_path, "Boot000A", GLOBAL, entry_bytes("Phöton", *on_disk(r"\EFI\debian\shimx64.efi")))
    write(tmp_path, "BootOrder", GLOBAL, b"\x0a\0\x01\0")
    write(tmp_path, "BootCurrent", GLOBAL, b"\x0a\0")
    (tmp_path / "sys/class/tpm/tpm0").mkdir(parents=True)
    (tmp_path / "sys/class/tpm/tpm0/tpm_version_major").write_text("2\n")
    return tmp_path


def test_all_of_them(root: Path) -> None:
    found = probe_firmware(root)
    assert found.mode is FirmwareMode.EFI
    assert found.keys == ("PK: owner", "db: owner", "db: firmware", "MOK: vendor")
    assert found.sbat_level == "2025021800"
    assert found.tpm == "2"
    assert found.entries == (
        BootEntry(
            number="000A", label="Phöton", partition=PARTITION, loader=r"\EFI\debian\shimx64.efi"
        ),
        BootEntry(number="0001", label="UEFI PXEv4", network=True),
        BootEntry(number="0000", label="UiApp", active=False),
    )


# Device paths as UEFI 2.10 has them: a screen, a UART, the end of one path and of all.
SCREEN = bytes.fromhex("02010c00d041030a00000000") + bytes.fromhex("0203080000010180")
UART = bytes.fromhex("030e13000000000000c201000000000008 01 01".replace(" ", ""))
NEXT, LAST = bytes.fromhex("7f010400"), bytes.fromhex("7fff0400")


@pytest.mark.parametrize(
    ("paths", "serial"),
    [
        (SCREEN + NEXT + UART + LAST, True),
        (UART + LAST, True),
        (SCREEN + LAST, False),
        (SCREEN + LAST + UART, False),  # behind the end is no path any more
        (b"", False),
        (b"\x03\x0e\0\0" * 3, False),
    ],
)
def test_where_the_firmware_has_its_console(root: Path, paths: bytes, serial: bool) -> None:
    write(root, "ConOut", GLOBAL, paths)
    assert probe_firmware(root).serial_console is serial


def test_none_of_them(tmp_path: Path) -> None:
    assert probe_firmware(tmp_path).tpm == ""
    (tmp_path / "sys/firmware/efi").mkdir(parents=True)
    found = probe_firmware(tmp_path)
    assert (found.keys, found.entries, found.sbat_level) == ((), (), "")


def test_lists_that_cannot_be_read(root: Path) -> None:
    write(root, "db", SECURITY, b"garbage")
    assert "db: cannot be read" in probe_firmware(root).keys


def test_without_the_library(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith(("cryptography", "virt")):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    found = probe_firmware(root)
    assert found.keys[0] == "PK: a certificate"
    assert len(found.entries) == 3


def test_it_is_quick_and_loads_no_more_than_it_needs(root: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from installer.machine.probe.firmware import probe_firmware\n"
        "assert not {'cryptography', 'virt'} & set(sys.modules)\n"
        "probe_firmware(pathlib.Path('/nowhere'))\n"
        "assert not {'cryptography', 'virt'} & set(sys.modules)\n"
        f"probe_firmware(pathlib.Path({str(root)!r}))\n"
        "assert 'virt' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    start = time.monotonic()
    probe_firmware(root)
    assert time.monotonic() - start < 0.3


def test_entries_that_are_none(tmp_path: Path) -> None:
    sound = entry_bytes("Photon", *on_disk(r"\EFI\debian\shimx64.efi"))
    chance = random.Random(3)
    for _ in range(500):
        data = bytearray(sound[: chance.randrange(len(sound) + 1)])
        for _ in range(chance.randrange(4)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        parse_entry("0001", bytes(data))
    assert parse_entry("0001", b"") is None
    assert read_entries(tmp_path / "missing") == ()
