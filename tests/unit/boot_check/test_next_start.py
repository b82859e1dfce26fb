"""A host in folders, as the boot check has it, and this machine's disks as GRUB calls them."""

from __future__ import annotations

import contextlib
import json
import shutil
import struct
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from installer.boot.esp import Esp, esp_files
from installer.boot.places import Places
from installer.boot.volumes import Volume
from installer.boot_check.next_start import (
    OTHER_FIRMWARE,
    disk_names,
    first_entry,
    grub_names,
    predict_host,
    this_firmware,
)
from installer.errors import CommandFailed
from installer.measured.prediction import differing
from installer.secureboot.signature import SignatureVerifier
from installer.secureboot.variables import GLOBAL
from installer.system.mounts import Mount
from installer.verify.table import DiskPartition
from tests.unit.host.programs import RunnerWith, efi_program
from tests.unit.measured.capture import (
    ESP_FILES,
    KERNEL,
    LOG,
    ROOT_FILES,
    UUID,
    pcrs,
    shim_program,
    variables,
)

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
NAMES = {"aaaa": "hd0,gpt2", "bbbb": "hd0,gpt3"}


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    root = tmp_path / "root"
    for path, data in ROOT_FILES.items():
        (root / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (root / path.lstrip("/")).write_bytes(data)
    with contextlib.ExitStack() as undo:
        yield Places(
            runner=RunnerWith(),
            undo_runner=RunnerWith(),
            work=tmp_path / "work",
            undo=undo,
            volumes=(
                Volume(node="/dev/sda2", uuid="1234-5678", kind="vfat", partition="aaaa"),
                Volume(node="/dev/sda3", uuid=UUID, kind="ext4", partition="BBBB"),
            ),
            mounts=(Mount(node="/dev/sda3", top="/", folder=root),),
        )


@pytest.fixture
def esp(tmp_path: Path) -> Esp:
    folder = tmp_path / "esp"
    files = {**ESP_FILES, "/EFI/debian/shimx64.efi": shim_program()}
    files["/EFI/debian/grubx64.efi"] = efi_program()
    for path, data in files.items():
        (folder / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (folder / path.lstrip("/")).write_bytes(data)
    return Esp(name="the ESP", files=esp_files(folder), partition="aaaa")


@pytest.fixture
def verifier(tmp_path: Path) -> SignatureVerifier:
    return SignatureVerifier(runner=RunnerWith(), folder=tmp_path / "verifier")


def test_a_host_is_read_as_it_lies_there(
    verifier: SignatureVerifier, places: Places, esp: Esp
) -> None:
    found = predict_host(verifier, [esp], places, OTHER_FIRMWARE, names=NAMES)
    assert found[8].value == pcrs()[8]
    assert found[9].value
    assert found[9] == predict_host(verifier, [esp], places, OTHER_FIRMWARE)[9]
    assert predict_host(verifier, [esp], places, OTHER_FIRMWARE)[8].value is None
    assert "damaged" in found[4].why  # it has no kernel that is one


def test_what_cannot_be_looked_into_is_told(
    verifier: SignatureVerifier, places: Places, esp: Esp
) -> None:
    hidden = Volume(node="/dev/sda3", uuid=UUID, kind="crypto_LUKS", partition="bbbb")
    closed = replace(places, volumes=(hidden,), mounts=())
    found = predict_host(verifier, [esp], closed, OTHER_FIRMWARE, names=NAMES)
    assert "encrypted" in found[9].why


def test_the_firmware_is_read_from_its_variables(
    tmp_path: Path, verifier: SignatureVerifier, places: Places, esp: Esp
) -> None:
    found = {**variables(), ("SetupMode", GLOBAL): b"\0"}
    found["OsIndicationsSupported", GLOBAL] = b"\x01" + bytes(7)
    for (name, vendor), data in found.items():
        (tmp_path / f"{name}-{vendor}").write_bytes(b"\x07\0\0\0" + data)
    firmware = this_firmware(efivars=tmp_path, log=LOG)
    assert len(firmware.events) == 89
    assert firmware.known["SecureBoot", GLOBAL] == b"\x01"
    off = this_firmware(enforced=False, efivars=tmp_path, log=tmp_path / "none")
    assert off.known["SecureBoot", GLOBAL] == b"\0"
    assert off.events == ()
    predicted = predict_host(verifier, [esp], places, firmware, names=NAMES)
    assert "not started by a shim" in predicted[14].why
    assert differing(predicted, pcrs()) == (9,)


def entry(number: str, partition: uuid.UUID, loader: str, attributes: int = 1) -> tuple[str, bytes]:
    """The name of a variable, and an entry that starts a file on a GPT disk."""
    path = struct.pack("<BBHIQQ16sBB", 4, 1, 42, 2, 0, 0, partition.bytes_le, 2, 2)
    name = loader.encode("utf-16-le") + b"\0\0"
    path += struct.pack("<BBH", 4, 4, 4 + len(name)) + name + b"\x7f\xff\4\0"
    label = f"Entry {number}".encode("utf-16-le") + b"\0\0"
    return f"Boot{number:0>4}", struct.pack("<IH", attributes, len(path)) + label + path


def write_entries(folder: Path, order: Sequence[int], *entries: tuple[str, bytes]) -> None:
    folder.mkdir(exist_ok=True)
    numbers = b"".join(struct.pack("<H", each) for each in order)
    for name, data in [*entries, ("BootOrder", numbers)]:
        (folder / f"{name}-{GLOBAL}").write_bytes(b"\x07\0\0\0" + data)


OWN, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
SHIM_LOADER = r"\EFI\debian\shimx64.efi"


def test_the_first_entry_is_a_system_that_is_active(tmp_path: Path) -> None:
    assert first_entry(tmp_path) is None
    write_entries(
        tmp_path,
        [0, 1, 3, 2],
        entry("0", OTHER, "setup", 0x109),
        entry("1", OTHER, "off", 0),
        entry("2", OWN, SHIM_LOADER),
    )
    found = first_entry(tmp_path)
    assert found
    assert (found.number, found.partition) == ("0002", str(OWN))


@pytest.mark.parametrize(
    ("first", "why"),
    [
        ((OWN, SHIM_LOADER), "shim, GRUB, Linux 6.12.117+deb13-cloud-amd64"),
        ((OWN, r"\EFI\other.efi"), 'the firmware tries "Entry 2" first, and measures that'),
        ((OTHER, SHIM_LOADER), 'the firmware tries "Entry 2" first, and measures that'),
    ],
)
def test_what_is_tried_before_is_measured(
    places: Places, esp: Esp, verifier: SignatureVerifier, first: tuple[uuid.UUID, str], why: str
) -> None:
    folder = verifier.folder.parent
    (folder / "root/boot" / Path(KERNEL).name).write_bytes(efi_program(b"\xc3linux"))
    write_entries(folder / "vars", [2], entry("2", *first))
    firmware = this_firmware(efivars=folder / "vars", log=LOG)
    esps = [replace(esp, files={}), replace(esp, partition=str(OWN))]
    assert predict_host(verifier, esps, places, firmware)[4].why == why


@dataclass
class Answers:
    """What lsblk says, and blkid of the partitions that have anything."""

    disks: tuple[str, ...]
    parts: dict[str, str]

    def run(self, argv: Sequence[str], **_: object) -> str:
        if argv[0] == "lsblk":
            listed = [{"path": each, "type": "disk", "size": 1} for each in self.disks]
            listed += [{"path": each, "type": "part", "size": 1} for each in self.parts]
            listed += [{"path": "/dev/sr0", "type": "rom", "size": 1}]
            return json.dumps({"blockdevices": listed})
        if not self.parts[argv[-1]]:
            raise CommandFailed("nothing there")
        return self.parts[argv[-1]]


PARTS = {
    "/dev/sda2": "PART_ENTRY_SCHEME=gpt\nPART_ENTRY_UUID=AAAA\nPART_ENTRY_NUMBER=2\n",
    "/dev/sda3": "UUID=x\nPART_ENTRY_SCHEME=gpt\nPART_ENTRY_UUID=bbbb\nPART_ENTRY_NUMBER=3\n",
    "/dev/sda4": "",
    "/dev/sda5": "UUID=y\n",
}


def test_one_disk_is_the_first_of_grub() -> None:
    assert grub_names(Answers(("/dev/sda", "/dev/zram0", "/dev/loop0"), PARTS)) == NAMES


def test_of_several_disks_nobody_knows() -> None:
    assert grub_names(Answers(("/dev/sda", "/dev/sdb"), PARTS)) == {}


def test_an_image_will_be_the_only_disk() -> None:
    entries = [DiskPartition(number=2, start=0, size=1, guid="aaaa")]
    entries += [DiskPartition(number=3, start=1, size=1, guid="bbbb")]
    assert disk_names(entries) == NAMES
