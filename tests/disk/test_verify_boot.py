"""The boot check on hosts that were really installed, with Debian's signed chain: what it finds."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from installer import api
from installer.actions.boot.verify_boot import VerifyBoot
from installer.actions.context import Context
from installer.boot_check.gather import verify_disk, verify_root
from installer.boot_check.report import Report
from installer.errors import CommandFailed, ExitCode, Unbootable
from installer.events import BootChecked, Message
from installer.machine.disk_table import read_table
from installer.payload.index import load_payload_index
from installer.plan.model import InstallPlan
from installer.secureboot.pe import parse_pe
from installer.system.run import ProcessRunner
from ks_schema import Document
from tests.disk.loops import mounts, out
from tests.disk.tree import REAL_PAYLOAD
from tests.engine import GIB, Told, kickstart
from tests.unit.secureboot.programs import Key, lists, make_key

STORE = Path("/usr/share/OVMF/OVMF_VARS_4M.ms.fd")
MENU = "boot/grub/grub.cfg"
RUNNER = ProcessRunner(lambda _: None)

pytestmark = [
    pytest.mark.disk,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root"),
    pytest.mark.skipif(not (REAL_PAYLOAD / "index.json").is_file(), reason="run 'make iso'"),
    pytest.mark.skipif(not STORE.is_file(), reason="there is no OVMF here"),
]


def made_plan(image: Path, storage: dict[str, Any]) -> InstallPlan:
    data = kickstart(storage=storage, boot={"mode": "dual"}, packages={"kernel": "cloud"})
    document, machine = api.image_target(Document(data=data), str(image), 3 * GIB)
    payload = load_payload_index(str(REAL_PAYLOAD))
    return api.prepare(document, machine, payload, seed="boot check")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    image = tmp_path_factory.mktemp("installed") / "photon.img"
    plan = made_plan(image, {"filesystem": "ext4", "swap": {"kind": "none"}})
    api.install_image(plan, emit=lambda _: None, cancelled=lambda: False)
    return image


@pytest.fixture
def image(installed: Path, tmp_path: Path) -> Path:
    out("cp", "--sparse=always", installed, tmp_path / "photon.img")
    return tmp_path / "photon.img"


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    loops = out("losetup", "--noheadings", "--list", "--output", "BACK-FILE")
    assert str(tmp_path) not in loops
    assert mounts(tmp_path) == []


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """An image, and where its ESP and its root are in it (bytes)."""

    image: Path
    esp: int
    root: int

    @contextmanager
    def on_esp(self, path: str) -> Iterator[Path]:
        """A file of the ESP, which is put back as it is then."""
        source, copy = f"{self.image}@@{self.esp}", self.image.parent / "copy"
        copy.unlink(missing_ok=True)
        out("mcopy", "-i", source, f"::/{path}", copy)
        yield copy
        out("mdel", "-i", source, f"::/{path}")
        if copy.exists():
            out("mcopy", "-i", source, copy, f"::/{path}")

    @contextmanager
    def mounted(self, *options: str) -> Iterator[Path]:
        """Its root."""
        folder = self.image.parent / "mounted"
        folder.mkdir(exist_ok=True)
        node = out("losetup", "--find", "--show", f"--offset={self.root}", self.image)
        try:
            out("mount", *options, node, folder)
            yield folder
        finally:
            subprocess.run(["umount", folder], check=False)
            out("losetup", "--detach", node)


def disk_of(image: Path) -> Disk:
    parts = read_table(image).partitions
    esp = next(each for each in parts if each.type_id.startswith("c12a7328"))
    return Disk(image=image, esp=esp.start, root=max(each.start for each in parts))


@pytest.fixture
def disk(image: Path) -> Disk:
    return disk_of(image)


def stores(folder: Path, *words: str) -> Path:
    """A variable store as the stock one, changed by virt-firmware's own tool."""
    path = folder / "vars.fd"
    tool = [shutil.which("virt-fw-vars") or str(Path(sys.executable).parent / "virt-fw-vars")]
    out(*tool, "--input", STORE, "--output", path, *words)
    return path


def failures(report: Report) -> list[str]:
    return [f"{each.what}: {each.text}" for each in report.failures]


def test_as_installed(image: Path) -> None:
    before = image.stat().st_mtime_ns
    for variables in (None, STORE):
        report = verify_disk(RUNNER, image, variables=variables)
        assert report.boots, report.text()
        assert report.enforced
        kinds = "\n".join(each.what for each in report.findings)
        for what in ("shimx64", "BOOTX64.EFI", "grubx64", "vmlinuz", "GRUB for BIOS", "menu"):
            assert what in kinds
    assert image.stat().st_mtime_ns == before, "it is only read"


def test_the_command(image: Path) -> None:
    command = ["python3", "-m", "installer", "verify", "--disk", str(image)]
    command[0] = sys.executable
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    with disk_of(image).on_esp("EFI/debian/grubx64.efi") as file:
        spoil(file)
    done = subprocess.run([*command, "--json"], check=False, capture_output=True, text=True)
    assert done.returncode == ExitCode.UNBOOTABLE
    found = json.loads(done.stdout)
    assert not found["boots"]
    assert any("changed after it was signed" in each["text"] for each in found["findings"])


def spoil(path: Path) -> None:
    """One byte of what is executed."""
    data = bytearray(path.read_bytes())
    section = next(each for each in parse_pe(bytes(data)).sections if each.name == ".text")
    data[section.offset + section.size // 2] ^= 1
    path.write_bytes(bytes(data))


CHAIN = [f"EFI/{each}x64.efi" for each in ("debian/shim", "debian/grub", "debian/mm", "BOOT/grub")]


@pytest.mark.parametrize("name", [*CHAIN, "EFI/BOOT/BOOTX64.EFI"])
def test_one_byte_changed_on_the_esp(disk: Disk, name: str) -> None:
    with disk.on_esp(name) as file:
        spoil(file)
    found = failures(verify_disk(RUNNER, disk.image))
    assert any(name in each and "changed after it was signed" in each for each in found)


def test_one_byte_changed_in_the_kernel(disk: Disk) -> None:
    with disk.mounted() as root:
        spoil(next(root.glob("boot/vmlinuz-*")))
    (found,) = failures(verify_disk(RUNNER, disk.image))
    assert "/vmlinuz-" in found
    assert "changed after it was signed" in found


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda root: next(root.glob("boot/initrd.img-*")).unlink(), "the initrd"),
        (lambda root: next(root.glob("boot/initrd.img-*")).write_bytes(b""), "is empty"),
        (lambda root: (root / MENU).unlink(), "grub.cfg does not exist"),
        (lambda root: replace_in(root / MENU, r"root=UUID=\w+", "root=UUID=0"), "root=UUID=0"),
        (lambda root: replace_in(root / "etc/fstab", r"UUID=\w+", "UUID=0"), "/etc/fstab"),
        (lambda root: spoil_bytes(root / "boot/grub/i386-pc/core.img"), "the core image"),
    ],
)  # fmt: skip
def test_what_is_wrong_on_the_root(
    disk: Disk, change: Callable[[Path], object], reason: str
) -> None:
    with disk.mounted() as root:
        change(root)
    assert any(reason in each for each in failures(verify_disk(RUNNER, disk.image)))


def test_an_initrd_that_no_memory_holds(disk: Disk) -> None:
    with disk.mounted() as root:
        os.truncate(next(root.glob("boot/initrd.img-*")), 100 * GIB)
    assert "too large" in verify_disk(RUNNER, disk.image).pcrs[9].why


def test_a_link_to_the_machine_that_looks(disk: Disk) -> None:
    with disk.mounted() as root:
        (root / "etc/fstab").unlink()
        (root / "etc/fstab").symlink_to("/nowhere")
        (root / "aa").symlink_to("/")
    report = verify_disk(RUNNER, disk.image)
    assert "/etc/fstab" not in report.text()


def test_a_root_that_is_damaged(disk: Disk) -> None:
    with disk.image.open("r+b") as file:
        file.seek(disk.root + 4096)
        file.write(os.urandom(3 * 4096))
    assert any("is damaged" in each for each in failures(verify_disk(RUNNER, disk.image)))


def replace_in(path: Path, pattern: str, text: str) -> None:
    path.write_text(re.sub(pattern, text, path.read_text("utf-8")), encoding="utf-8")


def spoil_bytes(path: Path) -> None:
    path.write_bytes(path.read_bytes()[::-1])


def test_loaders_in_dbx(disk: Disk, tmp_path: Path) -> None:
    for name, refused in (("debian/shim", 1), ("debian/grub", 2)):
        with disk.on_esp(f"EFI/{name}x64.efi") as file:
            known = parse_pe(file.read_bytes()).digest().hex()
        variables = stores(
            tmp_path, "--add-dbx-hash", "77fa9abd-0359-4d32-bd60-28f4e78f784b", known
        )
        found = failures(verify_disk(RUNNER, disk.image, variables=variables))
        assert sum("its digest is in dbx" in each for each in found) >= refused


def test_a_level_above_grubs_generation(image: Path, tmp_path: Path) -> None:
    variables = changed_store(tmp_path, SbatLevel=b"sbat,1,2035010100\ngrub,99\n")
    found = failures(verify_disk(RUNNER, image, variables=variables))
    assert found
    assert all("SBAT grub" in each for each in found)


def changed_store(folder: Path, **values: bytes) -> Path:
    from virt.firmware.efi import efivar  # noqa: PLC0415
    from virt.firmware.varstore.edk2 import Edk2VarStore  # noqa: PLC0415

    store, path = Edk2VarStore(str(STORE)), folder / "vars.fd"
    variables = store.get_varlist()
    for name, value in values.items():
        variables[name] = efivar.EfiVar(name, data=value)
    store.write_varstore(str(path), variables)
    return path


def test_the_owner_alone(disk: Disk, tmp_path: Path) -> None:
    owner = make_key(tmp_path, "owner")
    variables = changed_store(tmp_path, db=lists(owner.certificate))
    found = failures(verify_disk(RUNNER, disk.image, variables=variables))
    assert {each.split(":")[0].split("/")[-1] for each in found} == {"shimx64.efi", "BOOTX64.EFI"}
    assert all("trusted are only: owner" in each for each in found)
    for name in ("EFI/debian/shimx64.efi", "EFI/BOOT/BOOTX64.EFI"):
        sign_on(disk, name, owner)
    assert verify_disk(RUNNER, disk.image, variables=variables).boots
    assert verify_disk(RUNNER, disk.image, variables=STORE).boots, "Microsoft's is still there"


def sign_on(disk: Disk, name: str, owner: Key) -> None:
    with disk.on_esp(name) as file:
        file.write_bytes(owner.sign(file.read_bytes()))


def test_a_mounted_host(disk: Disk, tmp_path: Path) -> None:
    esp = tmp_path / "esp"
    esp.mkdir()
    out("mcopy", "-i", f"{disk.image}@@{disk.esp}", "-s", "::/EFI", esp)
    with disk.mounted("-o", "ro") as root:
        # The ESP's own filesystem is no device here; the host does not wait for it.
        report = verify_root(RUNNER, root, esps=(str(esp),), variables=STORE)
        assert report.boots, report.text()
        assert "vmlinuz" in report.text()
        spoil(esp / "EFI/debian/shimx64.efi")
        assert not verify_root(RUNNER, root, esps=(str(esp),), variables=STORE).boots
        node = out("losetup", "--read-only", "-f", "--show", f"--offset={disk.esp}", disk.image)
        try:
            assert verify_root(RUNNER, root, esps=(node,), variables=STORE).boots
        finally:
            out("losetup", "--detach", node)
        # None of those that the host lists is here.
        assert failures(verify_root(RUNNER, root, variables=STORE)) == ["the ESP: there is none"]
    with pytest.raises(CommandFailed, match="no host"):
        verify_root(RUNNER, tmp_path)


def test_no_disk_of_a_host(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(1 << 20))
    assert failures(verify_disk(RUNNER, file)) == ["the partition table: there is none"]
    with pytest.raises(CommandFailed):
        verify_disk(RUNNER, tmp_path / "missing")


def test_a_torn_table_is_restored_by_efi_firmware_alone(disk: Disk) -> None:
    with disk.image.open("r+b") as file:
        file.seek(512)
        file.write(bytes(512))
    report = verify_disk(RUNNER, disk.image)
    (found,) = (each for each in report.findings if each.what == "the partition table")
    assert "its first copy is damaged" in found.text


@pytest.mark.parametrize("seconds", [0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2])
def test_a_check_that_is_interrupted(image: Path, seconds: float) -> None:
    """Whenever it is, nothing stays attached, mounted or in /run."""
    folders = set(Path("/run").glob("photon-verify-*"))
    argv = [sys.executable, "-m", "installer", "verify", "--disk", str(image)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert str(image) not in out("losetup", "--list", "--output", "BACK-FILE")
    assert set(Path("/run").glob("photon-verify-*")) == folders


def test_a_disk_of_noise(disk: Disk) -> None:
    """The table is sound, all else is not: findings, never a traceback."""
    with disk.image.open("r+b") as file:
        for start in (disk.esp, disk.root):
            file.seek(start)
            file.write(os.urandom(1 << 20))
    report = verify_disk(RUNNER, disk.image)
    assert not report.boots
    assert report.text()


def test_subvolumes(tmp_path: Path) -> None:
    image = tmp_path / "btrfs.img"
    plan = made_plan(image, {"filesystem": "btrfs", "swap": {"kind": "none"}})
    api.install_image(plan, emit=lambda _: None, cancelled=lambda: False)
    report = verify_disk(RUNNER, image)
    assert report.boots, report.text()
    assert "vmlinuz" in report.text()
    assert "/etc/fstab" in report.text()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoilGrub:
    """Change one byte of GRUB on the ESP, as a faulty disk would."""

    volume: str
    weight: float = 0.1

    def describe(self) -> str:
        return "spoil GRUB"

    def check(self, context: Context) -> None:
        pass

    def run(self, context: Context) -> None:
        node, copy = context.node(self.volume), context.work / "spoilt"
        name = "::/EFI/debian/grubx64.efi"
        context.runner.run(["mcopy", "-i", node, name, str(copy)])
        spoil(copy)
        context.runner.run(["mcopy", "-o", "-i", node, str(copy), name])
        copy.unlink()


def test_at_the_end_of_an_installation(installed: Path) -> None:
    with disk_of(installed).mounted("-o", "ro") as root:
        record = root / "var/log/photon-installer/boot.json"
        assert record.stat().st_mode & 0o777 == 0o600
        found = json.loads(record.read_text("utf-8"))
    assert found["boots"]
    assert any("vmlinuz" in each["what"] for each in found["findings"])


def test_an_installation_that_would_not_boot_fails(tmp_path: Path) -> None:
    image = tmp_path / "bad.img"
    plan = made_plan(image, {"filesystem": "ext4", "swap": {"kind": "none"}})
    *phases, last = plan.phases
    where = next(i for i, each in enumerate(last.actions) if isinstance(each, VerifyBoot))
    check = last.actions[where]
    assert isinstance(check, VerifyBoot)
    spoilt = SpoilGrub(volume=check.esps[0].volume)
    actions = (*last.actions[:where], spoilt, *last.actions[where:])
    plan = replace(plan, phases=(*phases, replace(last, actions=actions)))
    told = Told()
    with pytest.raises(Unbootable, match="changed after it was signed") as caught:
        api.install_image(plan, emit=told, cancelled=lambda: False)
    assert caught.value.exit_code == ExitCode.UNBOOTABLE
    assert not image.exists(), "a failed installation leaves nothing"
    (event,) = told.of(BootChecked)
    assert not event.boots
    assert any(outcome == "bad" and hint for outcome, _, _, hint in event.findings)
    assert any(each.text.startswith("BAD") for each in told.of(Message))
