"""Fuzz: what a damaged disk, and the firmware of another machine, give the boot check to read."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import zlib
from pathlib import Path
from random import Random

import pytest

from installer.boot.esp import Esp, copied_files, esp_files
from installer.boot_check.next_start import first_entry
from installer.measured.log import read_log, replay
from installer.secureboot.entries import read_entries
from installer.secureboot.trust import machine_trust, store_trust
from installer.secureboot.variables import GLOBAL, SECURITY, SHIM
from installer.system.run import ProcessRunner
from installer.verify.table import disk_table
from tests.engine import TESTS
from tests.unit.fuzz.frame import fuzz
from tests.unit.fuzz.mutations import changed_bytes
from tests.unit.secureboot.programs import lists
from tests.unit.verify.whole_host import Keys, look, make_folders

STORE = Path("/usr/share/OVMF/OVMF_VARS_4M.ms.fd")
# What follows in the store is erased flash.
_STORE_SIZE = 64 << 10


@pytest.fixture(scope="module")
def folders(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("host")
    make_folders(top, keys)
    return top


@pytest.mark.parametrize("kind", ["esp", "uki"])
def test_files_of_a_host(folders: Path, keys: Keys, tmp_path: Path, kind: str) -> None:
    shutil.copytree(folders / kind, tmp_path / "esp")
    shutil.copytree(folders / "root", tmp_path / "root")
    whole = {
        each: each.read_bytes()
        for part in ("esp", "root")
        for each in sorted((tmp_path / part).rglob("*"))
        if each.is_file()
    }

    def make(random: Random) -> tuple[Path, bytes]:
        place = random.choice(list(whole))
        return place, changed_bytes(random, [whole[place]])

    def feed(made: tuple[Path, bytes]) -> None:
        place, data = made
        place.write_bytes(data)
        try:
            esp = Esp(name="ESP", files=esp_files(tmp_path / "esp"), partition="x")
            look(tmp_path / "root", esp, tmp_path / "work", keys)
        finally:
            place.write_bytes(whole[place])

    fuzz(f"files, {kind}", make, feed, share=2.5)


@pytest.mark.skipif(not shutil.which("mkfs.vfat"), reason="needs dosfstools")
def test_the_fat_of_an_esp(folders: Path, keys: Keys, tmp_path: Path) -> None:
    image = tmp_path / "esp.img"
    image.touch()
    os.truncate(image, 40 << 20)
    subprocess.run(["mkfs.vfat", "-F", "32", str(image)], check=True, capture_output=True)
    copy = ["mcopy", "-i", str(image), "-s", str(folders / "esp/EFI"), "::/"]
    subprocess.run(copy, check=True)
    whole = image.read_bytes()
    used = [at for at in range(0, len(whole), 512) if any(whole[at : at + 512])]
    size = used[-1] + 512
    runner = ProcessRunner(lambda _: None)

    def make(random: Random) -> tuple[int, bytes, bool]:
        start = random.choice(used)
        length = random.choice((512, 4096, size - start))
        part = changed_bytes(random, [whole[start : start + length]])[:length]
        return start, part, len(part) < length

    def feed(made: tuple[int, bytes, bool]) -> None:
        start, part, shorter = made
        with image.open("r+b") as file:
            file.seek(start)
            file.write(part)
            if shorter:
                file.truncate()
        try:
            esp = Esp(name="ESP", files=copied_files(runner, str(image), tmp_path / "copy"))
            look(folders / "root", esp, tmp_path / "work", keys)
        finally:
            shutil.rmtree(tmp_path / "copy", ignore_errors=True)
            with image.open("r+b") as file:
                file.write(whole[:size])
                file.truncate(len(whole))

    fuzz("FAT", make, feed, share=1.5)


TABLES = {
    "gpt": "label: gpt\nstart=64, size=1024, type=U\nstart=2048, size=2048, type=L\n",
    "dos": "label: dos\nstart=64, size=512, type=ef\nstart=1024, size=4096, type=5\n"
    "start=1100, size=512, type=83\n",
}


@pytest.mark.parametrize("label", TABLES)
def test_the_table_of_a_disk(label: str, tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    image.touch()
    os.truncate(image, 4 << 20)
    subprocess.run(["sfdisk", "--quiet", str(image)], input=TABLES[label].encode(), check=True)
    whole, runner = image.read_bytes(), ProcessRunner(lambda _: None)
    assert disk_table(runner, image).partitions[0].start == 64 * 512

    def feed(data: bytes) -> None:
        image.write_bytes(data)
        found = disk_table(runner, image)
        assert all(each.size > 0 for each in found.partitions)
        assert found.partitions or found.findings

    fuzz(f"table, {label}", lambda random: with_harmed_table(whole, random), feed, share=2)


def with_harmed_table(whole: bytes, random: Random) -> bytes:
    """The checksums of a GPT are right again, most of the time."""
    data = bytearray(whole)
    sectors = [at for at in range(0, len(data), 512) if any(data[at : at + 512])]
    for _ in range(random.choice((1, 2, 4))):
        at = random.choice(sectors)
        place = at + (446 if data[at + 510 : at + 512] == b"\x55\xaa" else 0)
        data[place + random.randrange(64)] = random.choice((0, 1, 127, 128, 255))
    for at in (512, len(data) - 512) if random.random() < 0.8 else ():
        first, count, size = struct.unpack_from("<QII", data, at + 72)
        if count * size < 1 << 20:
            entries = data[first * 512 : first * 512 + count * size]
            struct.pack_into("<I", data, at + 88, zlib.crc32(entries))
        struct.pack_into("<I", data, at + 16, 0)
        struct.pack_into("<I", data, at + 16, zlib.crc32(data[at : at + 92]))
    return bytes(data) if random.random() < 0.9 else bytes(data[: random.randrange(len(data))])


def test_the_variables_of_a_firmware(keys: Keys, tmp_path: Path) -> None:
    variables = {
        f"db-{SECURITY}": lists(keys["firmware"].certificate, digests=(bytes(32),)),
        f"dbx-{SECURITY}": lists(digests=(bytes(range(32)),)),
        f"SecureBoot-{GLOBAL}": b"\x01",
        f"BootOrder-{GLOBAL}": b"\x00\x00\x01\x00",
        f"Boot0000-{GLOBAL}": entry(),
        f"MokListRT-{SHIM}": lists(keys["vendor"].certificate),
        f"SbatLevelRT-{SHIM}": b"sbat,1,2024010900\nshim,4\n",
    }

    def make(random: Random) -> dict[str, bytes]:
        whole = {name: b"\x07\0\0\0" + value for name, value in variables.items()}
        chosen = random.choice(list(whole))
        return {**whole, chosen: changed_bytes(random, [whole[chosen]])}

    def feed(made: dict[str, bytes]) -> None:
        for name, data in made.items():
            (tmp_path / name).write_bytes(data)
        read_entries(tmp_path)
        first_entry(tmp_path)
        assert all(each.name for each in machine_trust(tmp_path).db.certificates)

    fuzz("firmware variables", make, feed)


def entry() -> bytes:
    path = struct.pack("<BBHIQQ16sBB", 4, 1, 42, 1, 2048, 4096, bytes(range(16)), 2, 2)
    loader = "\\EFI\\debian\\shimx64.efi\0".encode("utf-16-le")
    path += struct.pack("<BBH", 4, 4, 4 + len(loader)) + loader + b"\x7f\xff\x04\x00"
    return struct.pack("<IH", 1, len(path)) + "Photon\0".encode("utf-16-le") + path


@pytest.mark.skipif(not STORE.is_file(), reason="there is no OVMF here")
def test_a_store_of_variables(tmp_path: Path) -> None:
    whole, place = STORE.read_bytes(), tmp_path / "variables.fd"

    def feed(data: bytes) -> None:
        place.write_bytes(data + whole[_STORE_SIZE:])
        store_trust(place)

    def make(random: Random) -> bytes:
        return changed_bytes(random, [whole[:_STORE_SIZE]])

    fuzz("store of variables", make, feed)


def test_the_log_of_a_tpm(tmp_path: Path) -> None:
    whole = (TESTS / "unit/measured/eventlog.bin").read_bytes()

    def feed(data: bytes) -> None:
        (tmp_path / "log").write_bytes(data)
        replay(read_log(tmp_path / "log"))

    fuzz("log of a TPM", lambda random: changed_bytes(random, [whole]), feed)
