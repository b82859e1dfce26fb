"""Filesystems, mounts and sizes on loop devices, with the real programs."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.actions.context import Context
from installer.actions.storage.encryption import AddRecoveryKey
from installer.actions.storage.filesystem import (
    MakeFilesystem,
    MakeSubvolumes,
    MakeSwapFile,
    MountFilesystem,
)
from installer.actions.storage.resize import ResizeFilesystem
from installer.config.recovery import new_recovery_key
from installer.errors import CommandFailed
from installer.filesystems import FILESYSTEMS
from installer.secret import Secret
from tests.disk.loops import MIB, attach, mounts, out, real_context

pytestmark = [
    pytest.mark.disk,
    pytest.mark.skipif(os.geteuid() != 0, reason="loop devices need root"),
]
UUID = "01234567-89ab-4def-8123-456789abcdef"
OPTIONS = {
    "ext4": ("-O", "^has_journal"),
    "xfs": ("-m", "reflink=0"),
    "btrfs": ("--nodesize", "32768"),
}


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    with real_context(tmp_path) as made:
        yield made


@pytest.fixture
def volume(context: Context, tmp_path: Path) -> str:
    """The reference of a volume."""
    context.nodes["partition/root"] = attach(context, tmp_path / "volume.img", 1024 * MIB)
    return "partition/root"


def make(context: Context, volume: str, kind: str, options: tuple[str, ...] = ()) -> None:
    MakeFilesystem(volume=volume, kind=kind, uuid=UUID, label="photon-root", options=options).run(
        context
    )


def mount(context: Context, volume: str, kind: str, path: str = "/", options: str = "rw") -> None:
    MountFilesystem(volume=volume, kind=kind, path=path, options=options).run(context)


@pytest.mark.parametrize("kind", OPTIONS)
def test_a_filesystem_is_what_was_planned(context: Context, volume: str, kind: str) -> None:
    make(context, volume, kind, OPTIONS[kind])
    node = context.node(volume)
    tags = {"TYPE": kind, "UUID": UUID, "LABEL": "photon-root"}
    for tag, value in tags.items():
        assert out("blkid", "--probe", "--output=value", f"--match-tag={tag}", node) == value
    mount(context, volume, kind)
    match kind:
        case "ext4":
            assert "has_journal" not in out("dumpe2fs", "-h", node)
        case "xfs":
            assert "reflink=0" in out("xfs_info", context.target)
        case "btrfs":
            superblock = out("btrfs", "inspect-internal", "dump-super", node)
            assert "nodesize\t\t32768" in superblock


@pytest.mark.parametrize("kind", [each.name for each in FILESYSTEMS if each.holds_root])
def test_a_swap_file_that_the_kernel_takes(context: Context, volume: str, kind: str) -> None:
    make(context, volume, kind)
    mount(context, volume, kind)
    MakeSwapFile(path="/swapfile", size=64 * MIB, kind=kind, uuid=UUID).run(context)
    place = context.target / "swapfile"
    assert place.stat().st_mode & 0o777 == 0o600
    subprocess.run(["swapon", place], check=True)
    subprocess.run(["swapoff", place], check=True)


def test_subvolumes_and_a_tree_of_mounts(context: Context, volume: str, tmp_path: Path) -> None:
    """Subvolumes at / and /var, another filesystem at /boot, one more below /var."""
    depth = context.depth
    make(context, volume, "btrfs")
    names = ("@", "@var", "@/srv", "folder/deep")
    MakeSubvolumes(volume=volume, names=names).run(context)
    assert mounts(tmp_path) == []
    mount(context, volume, "btrfs", "/", "subvol=@")
    mount(context, volume, "btrfs", "/var", "subvol=@var,nodev")
    for name, kind, path in (("boot", "ext4", "/boot"), ("tmp", "xfs", "/var/tmp")):
        reference = f"partition/{name}"
        context.nodes[reference] = attach(context, tmp_path / name, 400 * MIB)
        make(context, reference, kind)
        mount(context, reference, kind, path)
    root = context.target
    assert mounts(tmp_path) == [str(root / name) for name in (".", "var", "boot", "var/tmp")]
    assert (root / "var/tmp").stat().st_mode & 0o7777 == 0o1777
    assert (root / "boot").stat().st_mode & 0o7777 == 0o755
    context.unwind(depth)
    mount(context, volume, "btrfs", "/", "subvolid=5")
    listed = out("btrfs", "subvolume", "list", root)
    assert {line.rsplit(" path ", 1)[1] for line in listed.splitlines()} == set(names)


def filled(context: Context, volume: str, kind: str) -> dict[str, str]:
    """Digests of the files that the filesystem now has."""
    mount(context, volume, kind)
    folder = context.target / "data"
    for number in range(40):
        (folder / str(number % 5)).mkdir(parents=True, exist_ok=True)
        (folder / str(number % 5) / f"{number}").write_bytes(os.urandom(2 * MIB + number))
    return digests(folder)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(("kind", "size"), [("ext4", 300), ("btrfs", 400)])
def test_a_smaller_filesystem_has_the_same_files(
    context: Context, volume: str, tmp_path: Path, kind: str, size: int
) -> None:
    make(context, volume, kind)
    depth = context.depth
    before = filled(context, volume, kind)
    context.unwind(depth)
    node = context.node(volume)
    ResizeFilesystem(volume=node, kind=kind, size=size * MIB, grow=False).run(context)
    # What lies behind its new end is not its any more.
    with Path(node).open("r+b") as device:
        device.seek(size * MIB)
        device.write(b"x" * (1024 - size) * MIB)
    mount(context, volume, kind)
    assert os.statvfs(context.target).f_blocks * os.statvfs(context.target).f_frsize <= size * MIB
    assert digests(context.target / "data") == before
    context.unwind(depth)
    ResizeFilesystem(volume=volume, kind=kind, size=None, grow=True).run(context)
    mount(context, volume, kind)
    assert os.statvfs(context.target).f_blocks * os.statvfs(context.target).f_frsize > 900 * MIB
    assert digests(context.target / "data") == before


@pytest.mark.skipif(shutil.which("ntfsresize") is None, reason="needs ntfs-3g's programs")
def test_an_ntfs_is_shrunk_and_grown(context: Context, volume: str) -> None:
    node = context.node(volume)
    out("mkntfs", "--quick", "--quiet", "--force", node)
    data = os.urandom(3 * MIB)
    source = context.target.parent / "data"
    source.write_bytes(data)
    out("ntfscp", node, source, "data")
    for size in (200 * MIB, None):
        ResizeFilesystem(volume=node, kind="ntfs", size=size, grow=size is None).run(context)
        info = out("ntfsresize", "--info", "--force", "--no-progress-bar", node)
        found = int(info.split("Current volume size: ")[1].split()[0])
        assert (found <= size) if size else (found > 1000 * MIB)
        # The mark that Windows shall look at it once more stays; it can be read all the same.
        read = subprocess.run(["ntfscat", "--force", node, "data"], check=True, capture_output=True)
        assert read.stdout == data


@pytest.mark.skipif(shutil.which("cryptsetup") is None, reason="needs cryptsetup")
def test_a_recovery_key_opens_the_volume(context: Context, tmp_path: Path) -> None:
    """Making and looking need no device mapper; what EncryptVolume opens does."""
    volume = tmp_path / "volume.img"
    volume.touch()
    os.truncate(volume, 64 * MIB)
    context.nodes["partition/root"] = str(volume)
    passphrase, key = Secret("correct horse, ü"), new_recovery_key()
    cheap = ["--pbkdf=pbkdf2", "--pbkdf-force-iterations=1000"]
    context.runner.run(
        ["cryptsetup", "luksFormat", "--batch-mode", *cheap, "--key-file=-", str(volume)],
        stdin=passphrase,
    )
    AddRecoveryKey(volume="partition/root", passphrase=passphrase, recovery_key=key).run(context)
    test = ["cryptsetup", "open", "--test-passphrase", "--key-file=-", str(volume)]
    for each in (passphrase, key):
        context.runner.run(test, stdin=each)
    with pytest.raises(CommandFailed):
        context.runner.run(test, stdin="another")
    assert "systemd-recovery" in out("cryptsetup", "luksDump", volume)
