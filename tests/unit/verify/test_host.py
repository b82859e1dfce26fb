"""A whole host made of folders, signed with keys to throw away: sound, and spoilt in each way."""

import random
import shutil
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from installer.boot.bios_grub import boot_sector_code, core_image
from installer.boot.esp import Esp, esp_files
from installer.boot_check.report import Report, check_host
from installer.machine.facts import BootEntry
from installer.secureboot.pe import parse_pe
from installer.verify.esp import Judge
from installer.verify.finding import Finding, Outcome
from installer.verify.host import Subject
from installer.verify.nvram import Nvram
from tests.unit.secureboot.programs import (
    Key,
    listed,
    program,
    shim_sections,
    signature_verifier,
    trust,
)
from tests.unit.verify.hosts import ESP, ROOT, places_of, put

Keys = dict[str, Key]
GUID = "0c2a5ff3-6f9b-4d4f-9d53-1c4a8f6f6f01"
MENU = f"""\
set default=0
search --no-floppy --fs-uuid --set=root {ROOT}
menuentry 'Photon' {{
  linux /boot/vmlinuz-1 root=UUID={ROOT} ro
  initrd /boot/initrd.img-1
}}
"""
ON_ESP = (
    f"search.fs_uuid {ROOT} root\nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n"
)
FSTAB = f"# a comment\nUUID={ROOT} / ext4 defaults 0 1\nUUID={ESP} /boot/efi vfat nofail 0 2\n"
LIST = "\ufeffshimx64.efi,Photon,,This starts Photon\n".encode("utf-16-le")


@pytest.fixture(scope="module")
def files(keys: Keys) -> dict[str, bytes]:
    """The chain: shim by the firmware's vendor, the rest by shim's."""
    shim = keys["firmware"].sign(program(b"shim", **shim_sections(vendor=keys["vendor"].der)))
    signed = {name: keys["vendor"].sign(program(name.encode())) for name in ("grub", "mm", "fb")}
    kernel = keys["vendor"].sign(program(b"kernel", sbat=b""))
    return {"shim": shim, **signed, "kernel": kernel}


@pytest.fixture
def host(files: dict[str, bytes], tmp_path: Path) -> Path:
    """Its root, and its ESP beside it."""
    root, esp = tmp_path / "root", tmp_path / "esp"
    put(root, "boot/vmlinuz-1", data=files["kernel"])
    put(root, "boot/initrd.img-1")
    put(root, "boot/grub/grub.cfg", data=MENU.encode())
    put(root, "etc/fstab", data=FSTAB.encode())
    put(esp, "EFI/debian/shimx64.efi", "EFI/BOOT/BOOTX64.EFI", data=files["shim"])
    for folder in ("debian", "BOOT"):
        for name in ("grub", "mm", "fb"):
            put(esp, f"EFI/{folder}/{name}x64.efi", data=files[name])
    put(esp, "EFI/debian/grub.cfg", data=ON_ESP.encode())
    put(esp, "EFI/debian/BOOTX64.CSV", data=LIST)
    return tmp_path


def subject(host: Path, keys: Keys, **more: object) -> Subject:
    by = more.pop("trust", trust(db=keys["firmware"].listed))
    expert = Judge(verifier=signature_verifier(host / "verifier"), trust=by)  # type: ignore[arg-type]
    esp = Esp(name="ESP", partition=GUID, label="Photon", files=esp_files(host / "esp"))
    made = Subject(
        places=places_of({ROOT: host / "root"}), root=host / "root", esps=(esp,), judge=expert
    )
    return replace(made, **more)  # type: ignore[arg-type]


def check(host: Path, keys: Keys, **more: object) -> Report:
    return check_host(subject(host, keys, **more))


def texts(report: Report) -> str:
    return "\n".join(f"{each.what}: {each.text}" for each in report.failures)


def test_a_sound_host(host: Path, keys: Keys) -> None:
    report = check(host, keys)
    assert report.boots, report.text()
    assert {each.outcome for each in report.findings} == {Outcome.GOOD}
    assert report.enforced
    assert "under Secure Boot" in report.text()


def spoil(place: Path, *, byte: int = 1024) -> None:
    data = bytearray(place.read_bytes())
    data[byte] ^= 1
    place.write_bytes(bytes(data))


LOADERS = [
    f"esp/EFI/{folder}/{name}"
    for folder, shim in (("debian", "shimx64.efi"), ("BOOT", "BOOTX64.EFI"))
    for name in (shim, "grubx64.efi", "mmx64.efi", "fbx64.efi")
]


@pytest.mark.parametrize("name", [*LOADERS, "root/boot/vmlinuz-1"])
def test_one_byte_changed(host: Path, keys: Keys, name: str) -> None:
    spoil(host / name)
    report = check(host, keys)
    assert not report.boots
    assert "it was changed after it was signed" in texts(report)
    assert all(each.hint for each in report.failures)
    assert Path(name).name in texts(report)
    # Without Secure Boot it is told, and the host boots.
    off = trust(db=keys["firmware"].listed)
    report = check(host, keys, trust=replace(off, enforced=False))
    assert report.boots
    assert any(each.outcome is Outcome.BAD for each in report.findings)
    assert "would be refused under Secure Boot" in " ".join(report.text().split())


@pytest.mark.parametrize("name", [*LOADERS, "root/boot/vmlinuz-1"])
@pytest.mark.parametrize("data", [b"", b"MZ", b"garbage" * 100])
def test_what_is_no_program(host: Path, keys: Keys, name: str, data: bytes) -> None:
    (host / name).write_bytes(data)
    assert not check(host, keys).boots


def test_whatever_lies_on_the_esp(host: Path, keys: Keys) -> None:
    chance = random.Random(5)
    places = sorted(path for path in (host / "esp").rglob("*") if path.is_file())
    for _ in range(40):
        place = chance.choice(places)
        sound = place.read_bytes()
        data = bytearray(sound)
        for _ in range(chance.randrange(20)):
            data[chance.randrange(min(len(data), 2000))] = chance.randrange(256)
        place.write_bytes(bytes(data[: chance.choice([len(data), chance.randrange(len(data))])]))
        report = check(host, keys)
        assert all(len(line) <= 80 for line in report.text().splitlines())
        place.write_bytes(sound)


@pytest.mark.parametrize(
    ("name", "boots"),
    [
        ("esp/EFI/debian/shimx64.efi", False),
        ("esp/EFI/debian/grubx64.efi", False),
        ("esp/EFI/debian/grub.cfg", False),
        ("esp/EFI/debian/BOOTX64.CSV", False),
        ("esp/EFI/BOOT/BOOTX64.EFI", False),
        ("esp/EFI/debian/mmx64.efi", True),
        ("esp/EFI/BOOT/fbx64.efi", True),
        ("root/boot/vmlinuz-1", False),
        ("root/boot/initrd.img-1", False),
    ],
)
def test_something_is_missing(host: Path, keys: Keys, name: str, *, boots: bool) -> None:
    (host / name).unlink()
    report = check(host, keys)
    assert report.boots is boots
    wrong = [each for each in report.findings if each.outcome is not Outcome.GOOD]
    assert any(Path(name).name in f"{each.what} {each.text}" for each in wrong)
    assert all(each.hint for each in wrong)


def test_one_path_was_upgraded_alone(host: Path, keys: Keys) -> None:
    newer = keys["vendor"].sign(program(b"a newer grub"))
    put(host / "esp", "EFI/debian/grubx64.efi", data=newer)
    report = check(host, keys)
    assert report.boots
    (found,) = [each for each in report.findings if each.outcome is Outcome.NOTE]
    assert found.text == "it differs from EFI/debian/grubx64.efi"


def test_the_owners_keys_alone(host: Path, keys: Keys) -> None:
    owner = trust(db=keys["owner"].listed)
    report = check(host, keys, trust=owner)
    assert {each.what.split("/")[-1] for each in report.failures} == {"shimx64.efi", "BOOTX64.EFI"}
    for name in ("debian/shimx64.efi", "BOOT/BOOTX64.EFI"):
        place = host / "esp/EFI" / name
        place.write_bytes(keys["owner"].sign(place.read_bytes()))
    assert check(host, keys, trust=owner).boots


def test_grub_is_in_dbx(host: Path, keys: Keys, files: dict[str, bytes]) -> None:
    revoked = listed(digests=(parse_pe(files["grub"]).digest(),))
    report = check(host, keys, trust=trust(db=keys["firmware"].listed, dbx=revoked))
    assert [each.what.split("/")[-1] for each in report.failures] == ["grubx64.efi"] * 2


def test_the_generation_of_everything_is_too_old(host: Path, keys: Keys) -> None:
    level = "sbat,1,2030010100\nthing,4\n"
    report = check(host, keys, trust=trust(db=keys["firmware"].listed, sbat_level=level))
    assert len(report.failures) == len(LOADERS)


def test_fstab(host: Path, keys: Keys) -> None:
    put(host / "root", "etc/fstab", data=f"{FSTAB}UUID=1234 /srv ext4 defaults 0 2\n".encode())
    assert "/etc/fstab: UUID=1234 does not exist" in texts(check(host, keys))
    put(host / "root", "etc/fstab", data=b"/dev/sda1 / ext4\n\xff\xfe\n# UUID=1\n")
    assert check(host, keys).boots
    line = "# the old one was\u2028UUID=1 /srv ext4 defaults 0 2\n"
    put(host / "root", "etc/fstab", data=line.encode())
    assert check(host, keys).boots


def entry(**more: object) -> BootEntry:
    made = BootEntry(
        number="0003", label="Photon", partition=GUID, loader=r"\EFI\DEBIAN\SHIMX64.EFI"
    )
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("nvram", "outcome"),
    [
        (Nvram(entries=(entry(),), order=("0001", "0003")), Outcome.GOOD),
        (Nvram(entries=(entry(),), order=("0001",)), Outcome.NOTE),
        (Nvram(entries=(entry(),), order=("0001",), ordered=False), Outcome.GOOD),
        (Nvram(entries=(entry(active=False),), order=("0003",)), Outcome.NOTE),
        (Nvram(entries=(entry(label="Debian"),), order=("0003",)), Outcome.NOTE),
        (Nvram(entries=(entry(partition="other"),), order=("0003",)), Outcome.NOTE),
        (Nvram(entries=(entry(loader=r"\EFI\debian\grubx64.efi"),), order=()), Outcome.NOTE),
        (Nvram(entries=(), order=()), Outcome.NOTE),
    ],
)
def test_the_boot_entry(host: Path, keys: Keys, nvram: Nvram, outcome: Outcome) -> None:
    report = check(host, keys, nvram=nvram)
    assert report.boots, "the removable path starts it all the same"
    (found,) = [each for each in report.findings if "boot entry" in each.what]
    assert found.outcome is outcome


def test_no_esp_at_all(host: Path, keys: Keys) -> None:
    assert "the ESP: there is none" in texts(check(host, keys, esps=()))


def test_an_empty_esp(host: Path, keys: Keys) -> None:
    esps = (Esp(name="ESP", files={}),)
    assert texts(check(host, keys, esps=esps)) == "ESP: it has no boot loader"


def test_the_disk_of_one_esp_is_missing(host: Path, keys: Keys) -> None:
    whole = subject(host, keys)
    gone = Esp(name="ESP 2", files={}, present=False)
    report = check_host(replace(whole, esps=(*whole.esps, gone)))
    assert report.boots
    assert "ESP 2: its partition is not there" in report.text()
    assert not check_host(replace(whole, esps=(gone,))).boots


@pytest.fixture
def image_host(host: Path, keys: Keys) -> Path:
    """A host that systemd-boot starts, signed by its owner."""
    shutil.rmtree(host / "esp")
    loader = keys["owner"].sign(program(b"systemd-boot"))
    put(host / "esp", "EFI/systemd/systemd-bootx64.efi", "EFI/BOOT/BOOTX64.EFI", data=loader)
    put(host / "esp", "EFI/Linux/photon-1+3.efi", data=keys["owner"].sign(uki()))
    return host


def uki(**parts: bytes) -> bytes:
    line = f"root=UUID={ROOT} ro\n".encode()
    return program(sbat=b"", **{"linux": b"kernel", "initrd": b"initrd", "cmdline": line, **parts})


def check_images(host: Path, keys: Keys, **more: object) -> Report:
    return check(host, keys, trust=trust(db=keys["owner"].listed), **more)


def test_images(image_host: Path, keys: Keys) -> None:
    report = check_images(image_host, keys)
    assert report.boots, report.text()
    assert {each.outcome for each in report.findings} == {Outcome.GOOD}
    entries = (entry(loader=r"\EFI\systemd\systemd-bootx64.efi"),)
    report = check_images(image_host, keys, nvram=Nvram(entries=entries, order=("0003",)))
    assert {each.outcome for each in report.findings} == {Outcome.GOOD}
    assert not check(image_host, keys).boots, "the firmware's vendor has not signed them"


IMAGE_FILES = ["systemd/systemd-bootx64.efi", "BOOT/BOOTX64.EFI", "Linux/photon-1+3.efi"]


@pytest.mark.parametrize("name", IMAGE_FILES)
def test_one_byte_changed_with_images(image_host: Path, keys: Keys, name: str) -> None:
    spoil(image_host / "esp/EFI" / name)
    found = texts(check_images(image_host, keys))
    assert f"EFI/{name}: it was changed after it was signed" in found


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (uki(linux=b"", initrd=b"\0"), "it has no kernel and no initrd"),
        (uki(cmdline=b"root=UUID=0 ro"), "root=UUID=0, which does not exist"),
        (uki(cmdline=b"\0"), "it has no command line"),
    ],
)
def test_an_image_that_starts_nothing(
    image_host: Path, keys: Keys, data: bytes, reason: str
) -> None:
    put(image_host / "esp", "EFI/Linux/photon-1+3.efi", data=keys["owner"].sign(data))
    assert reason in texts(check_images(image_host, keys))


def test_images_that_are_none(image_host: Path, keys: Keys) -> None:
    put(image_host / "esp", "EFI/Linux/photon-2.efi", data=b"")
    assert "it is empty" in texts(check_images(image_host, keys))
    for place in (image_host / "esp/EFI/Linux").iterdir():
        place.unlink()
    assert "no unified kernel image was found" in texts(check_images(image_host, keys))


def test_no_tries_left(image_host: Path, keys: Keys) -> None:
    folder = image_host / "esp/EFI/Linux"
    (folder / "photon-1+3.efi").rename(folder / "photon-1+0-3.efi")
    report = check_images(image_host, keys)
    assert report.boots
    assert "no image has a try left" in report.text()


def bios_disk(host: Path, *, sector: int = 34) -> Path:
    boot, core = bytes(range(256)) * 2, bytes(range(7, 207)) * 100
    put(host / "root", "boot/grub/i386-pc/boot.img", data=boot)
    put(host / "root", "boot/grub/i386-pc/core.img", data=core)
    load = f"search.fs_uuid {ROOT} root\nset prefix=($root)'/boot/grub'\n"
    put(host / "root", "boot/grub/i386-pc/load.cfg", data=load.encode())
    disk = bytearray(1 << 18)
    disk[:440] = boot_sector_code(boot, sector)
    disk[440:446] = struct.pack("<IH", 0x1234, 0)
    disk[sector * 512 : sector * 512 + len(core)] = core_image(core, sector)
    put(host, "disk.img", data=bytes(disk))
    return host / "disk.img"


def bios_subject(host: Path, disk: Path) -> Subject:
    return Subject(
        places=places_of({ROOT: host / "root"}),
        root=host / "root",
        bios=(str(disk),),
        bios_grub=host / "root/boot/grub/i386-pc",
    )


def test_a_bios(host: Path) -> None:
    disk = bios_disk(host)
    report = check_host(bios_subject(host, disk))
    assert report.boots, report.text()
    assert report.text().endswith("\nIt boots.")
    assert any("1 kernel" in each.text for each in report.findings)
    for place in (3, 34 * 512 + 900):
        spoil(disk, byte=place)
        assert "GRUB for BIOS" in texts(check_host(bios_subject(host, disk)))
        spoil(disk, byte=place)
    (host / "root/boot/vmlinuz-1").unlink()
    assert "the kernel /boot/vmlinuz-1" in texts(check_host(bios_subject(host, disk)))


@pytest.mark.parametrize("data", [b"", b"x" * 100, b"\xff" * 5000, b"\0" * 5000])
def test_no_grub_in_the_boot_sector(host: Path, data: bytes) -> None:
    disk = bios_disk(host)
    disk.write_bytes(data)
    assert not check_host(bios_subject(host, disk)).boots


def test_a_report_as_json_and_in_a_line() -> None:
    found = Finding(what="shim", outcome=Outcome.BAD, text="no", hint="Do.", secure_boot=True)
    report = Report(findings=(found,), trust="x", enforced=True)
    assert report.to_json()["findings"] == [
        {"what": "shim", "outcome": "bad", "good": False, "text": "no", "hint": "Do."}
        | {"secure_boot": True}
    ]
    assert report.line(found) == "BAD shim: no. Do."
    assert "1 thing marked BAD" in report.text()
    assert replace(report, enforced=False).line(found) == "SB shim: no. Do."
