"""A host that photon-boot takes care of: a folder, and ESPs that are ext4 on loop devices."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from installer.actions.boot.esp import ESP_FILES
from tests.unit.host.programs import efi_program, make_key

FILES = Path(__file__).resolve().parents[3] / "iso_hooks/host/files"
SCRIPT = FILES / "usr/sbin/photon-boot"
GRUB_INSTALL = FILES / "usr/sbin/grub-install"
LIBRARY = FILES / "usr/lib/photon-boot"
HOOK = FILES / "etc/kernel/postinst.d/zz-photon-boot"
TOOLS = ("sbsign", "sbverify", "sbattach", "openssl", "mkfs.ext4", "losetup")
PARTITIONS = ("11111111-2222-4333-8444-555555555555", "66666666-7777-4888-9999-aaaaaaaaaaaa")
LABEL = "Photon edge"


def able() -> bool:
    """Whether this machine lets the script mount something of its own."""
    if os.geteuid() != 0 or not all(map(shutil.which, TOOLS)):
        return False
    return subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A root folder, and the nodes of its ESPs."""

    root: Path
    nodes: tuple[str, ...]

    def sync(self, *, code: int = 0) -> str:
        """Run the script; what it says to people."""
        done = subprocess.run(
            [str(SCRIPT), "sync"],
            env={
                "PATH": os.environ["PATH"],
                "PHOTON_BOOT_ROOT": str(self.root),
                "PHOTON_BOOT_LIB": str(LIBRARY),
            },
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert done.stdout == ""
        return done.stderr

    def esp(self, number: int = 0) -> dict[str, bytes]:
        """The files of an ESP by their paths."""
        place = self.root.parent / "look"
        place.mkdir(exist_ok=True)
        subprocess.run(["mount", "-o", "ro", self.nodes[number], str(place)], check=True)
        try:
            files = [each for each in place.rglob("*") if each.is_file()]
            return {str(each.relative_to(place)): each.read_bytes() for each in files}
        finally:
            subprocess.run(["umount", str(place)], check=True)

    def put(self, name: str, data: bytes, number: int = 0) -> None:
        """Write a file to an ESP, as grub-install would."""
        place = self.root.parent / "look"
        place.mkdir(exist_ok=True)
        subprocess.run(["mount", self.nodes[number], str(place)], check=True)
        try:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(data)
        finally:
            subprocess.run(["umount", str(place)], check=True)

    def package(self, version: str, vendor: Path) -> None:
        """Install boot loaders of a version, signed by a vendor (its ``.key`` and ``.pem``)."""
        for path in set(ESP_FILES.values()):
            place = self.root / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(efi_program(f"{path} {version}".encode()))
            subprocess.run(
                [
                    *("sbsign", "--key", f"{vendor}.key", "--cert", f"{vendor}.pem"),
                    *("--output", str(place), str(place)),
                ],
                check=True, capture_output=True,
            )  # fmt: skip

    def packaged(self, name: str) -> bytes:
        """What the packages have for a file of the ESP."""
        return (self.root / ESP_FILES[name].lstrip("/")).read_bytes()

    def own(self, *, private: bool = True) -> Path:
        """Give the host the owner's key, or the certificate alone; the certificate."""
        folder = self.root / "etc/photon-boot"
        certificate, key = make_key(folder, "db")
        if not private:
            key.rename(self.root.parent / "db.key")
        return certificate


@contextmanager
def attached_host(folder: Path, *, size: int = 16 << 20) -> Iterator[Host]:
    """A host with two empty ESPs; ``size`` is what each of them has, in bytes."""
    root, nodes = folder / "root", list[str]()
    links = root / "dev/disk/by-partuuid"
    links.mkdir(parents=True)
    try:
        for partition in PARTITIONS:
            image = folder / partition
            image.touch()
            os.truncate(image, size)
            subprocess.run(["mkfs.ext4", "-q", "-O", "^has_journal", str(image)], check=True)
            attach = ["losetup", "--find", "--show", str(image)]
            made = subprocess.run(attach, check=True, capture_output=True, text=True)
            nodes.append(made.stdout.strip())
            (links / partition).symlink_to(nodes[-1])
        for name in ("etc/photon-boot", "boot", "run"):
            (root / name).mkdir(parents=True)
        (root / "etc/photon-boot/esps").write_text("".join(f"{each}\n" for each in PARTITIONS))
        (root / "etc/photon-boot/label").write_text(f"{LABEL}\n")
        yield Host(root=root, nodes=tuple(nodes))
    finally:
        for node in nodes:
            subprocess.run(["losetup", "--detach", node], check=True)
        assert str(folder) not in Path("/proc/mounts").read_text()
