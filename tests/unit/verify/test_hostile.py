"""Everything that a damaged disk, or another machine's firmware, gives the boot check to read."""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from installer.errors import CommandFailed
from installer.measured.host import OTHER_FIRMWARE, first_entry, predictions_of
from installer.measured.log import read_log, replay
from installer.measured.predict import FirmwareState
from installer.run import ProcessRunner
from installer.secureboot.entries import read_entries
from installer.secureboot.trust import machine_trust, store_trust
from installer.secureboot.variables import GLOBAL, SECURITY, SHIM
from installer.verify.esp import Esp, Judge, copied_files, esp_files
from installer.verify.host import Subject, check_host
from installer.verify.table import disk_table
from tests.unit.secureboot.programs import Key, lists, notary, program, shim_sections, trust
from tests.unit.verify.hosts import ESP, ROOT, places_of, put

STORE = Path("/usr/share/OVMF/OVMF_VARS_4M.ms.fd")
ROUNDS = int(os.environ.get("PHOTON_HOSTILE_ROUNDS", "40"))
MOST_SECONDS = 20.0
Keys = dict[str, Key]
Harm = Callable[[bytes, random.Random], bytes]
MENU = f"""\
set default=0
search --no-floppy --fs-uuid --set=root {ROOT}
if [ -f /boot/grub/custom.cfg ]; then source /boot/grub/custom.cfg; fi
menuentry 'Photon' --id photon {{
  linux /boot/vmlinuz-1 root=UUID={ROOT} ro
  initrd /boot/initrd.img-1
}}
"""
ON_ESP = (
    f"search.fs_uuid {ROOT} root\nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n"
)
FSTAB = f"UUID={ROOT} / ext4 defaults 0 1\nUUID={ESP} /boot/efi vfat nofail 0 2\n"
LIST = "\ufeffshimx64.efi,Photon,,This starts Photon\n".encode("utf-16-le")


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def flipped(data: bytes, chance: random.Random) -> bytes:
    harmed = bytearray(data)
    for _ in range(chance.choice((1, 3, 30)) if data else 0):
        harmed[chance.randrange(len(harmed))] ^= 1 << chance.randrange(8)
    return bytes(harmed)


def zeroed(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice((1, 8, 512)))
    return data[:start] + bytes(end - start) + data[end:]


def scrambled(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice((1, 8, 512)))
    return data[:start] + chance.randbytes(end - start) + data[end:]


def numbers(data: bytes, chance: random.Random) -> bytes:
    """A number in it is the largest, the smallest, or negative."""
    if len(data) < 8:
        return data
    at = chance.randrange(min(len(data), 1024) - 7)
    value = chance.choice((0, 1, 0x7F, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF))
    return data[:at] + struct.pack("<I", value) + data[at + 4 :]


HARMS: tuple[Harm, ...] = (cut, flipped, zeroed, scrambled, numbers)


def harmed(data: bytes, seed: int) -> bytes:
    chance = random.Random(seed)
    for _ in range(chance.choice((1, 1, 2))):
        data = chance.choice(HARMS)(data, chance)
    return data


@pytest.fixture(scope="module")
def folders(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root, and an ESP with shim and GRUB, one with systemd-boot and an image."""
    top = tmp_path_factory.mktemp("hostile")
    shim = keys["firmware"].sign(program(b"shim", **shim_sections(vendor=keys["vendor"].der)))
    root, esp, uki = top / "root", top / "esp", top / "uki"
    put(root, "boot/vmlinuz-1", data=keys["vendor"].sign(program(b"kernel", sbat=b"")))
    put(root, "boot/initrd.img-1")
    put(root, "boot/grub/grub.cfg", data=MENU.encode())
    put(root, "etc/fstab", data=FSTAB.encode())
    put(esp, "EFI/debian/shimx64.efi", "EFI/BOOT/BOOTX64.EFI", data=shim)
    for name in ("grub", "mm", "fb"):
        data = keys["vendor"].sign(program(name.encode()))
        put(esp, f"EFI/debian/{name}x64.efi", f"EFI/BOOT/{name}x64.efi", data=data)
    put(esp, "EFI/debian/grub.cfg", data=ON_ESP.encode())
    put(esp, "EFI/debian/BOOTX64.CSV", data=LIST)
    loader = keys["firmware"].sign(program(b"loader"))
    put(uki, "EFI/systemd/systemd-bootx64.efi", "EFI/BOOT/BOOTX64.EFI", data=loader)
    parts = {
        "linux": b"kernel",
        "initrd": b"initrd",
        "cmdline": f"root=UUID={ROOT} ro".encode(),
        "sdmagic": b"#### LoaderInfo: systemd-stub 257.13-1 ####",
        "osrel": b"ID=photon",
    }
    image = keys["firmware"].sign(program(b"stub", **parts))
    put(uki, "EFI/Linux/photon-1+3.efi", data=image)
    return top


@pytest.fixture
def in_time() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < MOST_SECONDS * max(1, ROUNDS / 40)


def look(root: Path, esp: Esp, work: Path, keys: Keys) -> None:
    """The whole check, and all that is made of what it finds."""
    subject = Subject(
        places=places_of({ROOT: root}),
        root=root,
        esps=(esp,),
        judge=Judge(notary=notary(work), trust=trust(db=keys["firmware"].listed)),
    )
    report = check_host(subject)
    assert report.text()
    assert report.to_json()
    predictions_of(subject, lambda: OTHER_FIRMWARE)
    predictions_of(subject, lambda: FirmwareState(variables={}))


@pytest.mark.parametrize("kind", ["esp", "uki"])
@pytest.mark.usefixtures("in_time")
def test_files_of_a_host(folders: Path, keys: Keys, tmp_path: Path, kind: str) -> None:
    shutil.copytree(folders / kind, tmp_path / "esp")
    shutil.copytree(folders / "root", tmp_path / "root")
    places = sorted(each for each in tmp_path.rglob("*") if each.is_file())
    for seed in range(ROUNDS):
        place = places[seed % len(places)]
        whole = place.read_bytes()
        place.write_bytes(harmed(whole, seed))
        esp = Esp(name="ESP", files=esp_files(tmp_path / "esp"), partition="x")
        try:
            look(tmp_path / "root", esp, tmp_path / "work", keys)
        except Exception as error:
            raise AssertionError(f"seed {seed}, {place.name}") from error
        place.write_bytes(whole)


@pytest.mark.skipif(not shutil.which("mkfs.vfat"), reason="needs dosfstools")
@pytest.mark.usefixtures("in_time")
def test_the_fat_of_an_esp(folders: Path, keys: Keys, tmp_path: Path) -> None:
    image = tmp_path / "esp.img"
    image.touch()
    os.truncate(image, 40 << 20)
    subprocess.run(["mkfs.vfat", "-F", "32", str(image)], check=True, capture_output=True)
    copy = ["mcopy", "-i", str(image), "-s", str(folders / "esp/EFI"), "::/"]
    subprocess.run(copy, check=True)
    whole = image.read_bytes()
    size = max(at for at in range(0, len(whole), 512) if any(whole[at : at + 512])) + 512
    runner = ProcessRunner(lambda _: None)
    for seed in range(ROUNDS // 2):
        chance = random.Random(seed)
        start = chance.choice([at for at in range(0, size, 512) if any(whole[at : at + 512])])
        length = chance.choice((512, 4096, size - start))
        part = harmed(whole[start : start + length], seed)
        with image.open("r+b") as file:
            file.seek(start)
            file.write(part)
            if len(part) < length:
                file.truncate(start + len(part))
        try:
            esp = Esp(name="ESP", files=copied_files(runner, str(image), tmp_path / "copy"))
            look(folders / "root", esp, tmp_path / "work", keys)
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
        shutil.rmtree(tmp_path / "copy")
        with image.open("r+b") as file:
            file.write(whole[:size])
            file.truncate(len(whole))


TABLES = {
    "gpt": "label: gpt\nstart=64, size=1024, type=U\nstart=2048, size=2048, type=L\n",
    "dos": "label: dos\nstart=64, size=512, type=ef\nstart=1024, size=4096, type=5\n"
    "start=1100, size=512, type=83\n",
}


@pytest.mark.parametrize("label", TABLES)
@pytest.mark.usefixtures("in_time")
def test_the_table_of_a_disk(label: str, tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    image.touch()
    os.truncate(image, 4 << 20)
    subprocess.run(["sfdisk", "--quiet", str(image)], input=TABLES[label].encode(), check=True)
    whole, runner = image.read_bytes(), ProcessRunner(lambda _: None)
    assert disk_table(runner, image).partitions[0].start == 64 * 512
    for seed in range(ROUNDS * 2):
        image.write_bytes(with_harmed_table(whole, random.Random(seed)))
        try:
            found = disk_table(runner, image)
        except CommandFailed:
            continue
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
        assert all(each.size > 0 for each in found.partitions)
        assert found.partitions or found.findings


def with_harmed_table(whole: bytes, chance: random.Random) -> bytes:
    """The checksums of a GPT are right again, most of the time."""
    data = bytearray(whole)
    sectors = [at for at in range(0, len(data), 512) if any(data[at : at + 512])]
    for _ in range(chance.choice((1, 2, 4))):
        at = chance.choice(sectors)
        place = at + (446 if data[at + 510 : at + 512] == b"\x55\xaa" else 0)
        data[place + chance.randrange(64)] = chance.choice((0, 1, 127, 128, 255))
    for at in (512, len(data) - 512) if chance.random() < 0.8 else ():
        first, count, size = struct.unpack_from("<QII", data, at + 72)
        if count * size < 1 << 20:
            entries = data[first * 512 : first * 512 + count * size]
            struct.pack_into("<I", data, at + 88, zlib.crc32(entries))
        struct.pack_into("<I", data, at + 16, 0)
        struct.pack_into("<I", data, at + 16, zlib.crc32(data[at : at + 92]))
    return bytes(data) if chance.random() < 0.9 else bytes(data[: chance.randrange(len(data))])


@pytest.mark.parametrize("what", ["fifo", "empty", "tiny"])
def test_what_is_no_disk(what: str, tmp_path: Path) -> None:
    place = tmp_path / "disk"
    if what == "fifo":
        os.mkfifo(place)  # nobody writes to it: reading it would never end
    else:
        place.write_bytes(b"" if what == "empty" else bytes(510) + b"\x55\xaa" + bytes(512))
    try:
        table = disk_table(ProcessRunner(lambda _: None), place)
    except CommandFailed:
        return
    assert not table.partitions
    assert table.findings


@pytest.mark.usefixtures("in_time")
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
    for seed in range(ROUNDS * 4):
        chosen = sorted(variables)[seed % len(variables)]
        for name, value in variables.items():
            data = b"\x07\0\0\0" + value
            (tmp_path / name).write_bytes(harmed(data, seed) if name == chosen else data)
        try:
            read_entries(tmp_path)
            first_entry(tmp_path)
            trusted = machine_trust(tmp_path)
        except CommandFailed:
            continue
        except Exception as error:
            raise AssertionError(f"seed {seed}, {chosen}") from error
        assert all(each.name for each in trusted.db.certificates)


def entry() -> bytes:
    path = struct.pack("<BBHIQQ16sBB", 4, 1, 42, 1, 2048, 4096, bytes(range(16)), 2, 2)
    loader = "\\EFI\\debian\\shimx64.efi\0".encode("utf-16-le")
    path += struct.pack("<BBH", 4, 4, 4 + len(loader)) + loader + b"\x7f\xff\x04\x00"
    return struct.pack("<IH", 1, len(path)) + "Photon\0".encode("utf-16-le") + path


@pytest.mark.skipif(not STORE.is_file(), reason="there is no OVMF here")
@pytest.mark.usefixtures("in_time")
def test_a_store_of_variables(tmp_path: Path) -> None:
    whole, place = STORE.read_bytes(), tmp_path / "variables.fd"
    size = 64 << 10  # what follows is erased flash
    for seed in range(ROUNDS // 2):
        place.write_bytes(harmed(whole[:size], seed) + whole[size:])
        try:
            store_trust(place)
        except CommandFailed:
            continue
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


@pytest.mark.usefixtures("in_time")
def test_the_log_of_a_tpm(tmp_path: Path) -> None:
    whole = (Path(__file__).parents[1] / "measured/eventlog.bin").read_bytes()
    for seed in range(ROUNDS * 2):
        (tmp_path / "log").write_bytes(harmed(whole, seed))
        replay(read_log(tmp_path / "log"))


@pytest.mark.usefixtures("in_time")
def test_a_menu_that_does_not_come_to_an_end(tmp_path: Path, keys: Keys, folders: Path) -> None:
    endless = {
        "a variable that doubles itself": "set a=xxxxxxxx\n" + "set a=$a$a\n" * 60 + "echo $a\n",
        "functions": "function f0 {\n true\n}\n"
        + "".join(f"function f{n} {{\n f{n - 1}; f{n - 1}\n}}\n" for n in range(1, 38))
        + "f37\n",
        "itself": "set n=x$n\nexport n\n" + "configfile $prefix/grub.cfg\n" * 50,
        "a path with a zero byte": "configfile ($root)/boot/\0\n",
        "a number": f"set default={'9' * 5000}\nmenuentry a {{\n true\n}}\n",
        "depth": "if true; then\n" * 3000,
    }
    shutil.copytree(folders / "root", tmp_path / "root")
    shutil.copytree(folders / "esp", tmp_path / "esp")
    for name, text in endless.items():
        (tmp_path / "root/boot/grub/grub.cfg").write_text(text, encoding="utf-8")
        esp = Esp(name="ESP", files=esp_files(tmp_path / "esp"), partition="x")
        try:
            look(tmp_path / "root", esp, tmp_path / "work", keys)
        except Exception as error:
            raise AssertionError(name) from error
