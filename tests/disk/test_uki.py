"""photon-uki in the tree that the medium has: real images, signed, put on ESPs, and taken away.

The tree itself is never written to: an overlay lies over it. A small program stands for a kernel,
and ext4 for the ESPs' FAT, which the kernel of a build machine may lack.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from installer.actions.boot.owner_keys import PrepareOwnerKeys
from installer.actions.boot.uki import STUB, UKIFY, MakeUki, signed_uki
from installer.actions.context import Context
from installer.config.boot import Boot, OwnerKeys, SigningKey
from installer.plan.boot.loader import BootPlace
from installer.plan.boot.uki import LEAST_ESP, uki_files
from installer.system.run import ProcessRunner
from tests.unit.host.programs import efi_program, holds, make_key

TREE = Path(__file__).parents[2] / "build" / "trees" / "minimal-cloud"
MIB = 1 << 20
BOOT = Boot(kernel_arguments=("quiet",), owner_keys=OwnerKeys())
PLACE = BootPlace(uuid="boot", folder="/boot", root_uuid="root")
COUNTED = "LoaderBootCountPath-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
IMAGES = "EFI/Linux"
LOADERS = ("EFI/systemd/systemd-bootx64.efi", "EFI/BOOT/BOOTX64.EFI")

pytestmark = [
    pytest.mark.disk,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root"),
]


@dataclass(slots=True)
class Host:
    """A new root, the keys of its owner outside of it, and what takes back its mounts."""

    root: Path
    folder: Path
    key: SigningKey
    undo: list[tuple[str, ...]] = field(default_factory=list)
    esps: dict[str, Path] = field(default_factory=dict)

    def mount(self, *arguments: str | Path) -> None:
        run("mount", *arguments)
        self.undo.append(("umount", "--recursive", str(arguments[-1])))

    def kernel(self, version: str, initrd: bytes = b"initrd") -> None:
        """As a kernel's package and dracut leave one."""
        (self.root / f"boot/vmlinuz-{version}").write_bytes(efi_program(version.encode()))
        (self.root / f"boot/initrd.img-{version}").write_bytes(initrd)

    def drop_kernel(self, version: str) -> None:
        for name in (f"vmlinuz-{version}", f"initrd.img-{version}"):
            (self.root / "boot" / name).unlink()

    def attach_esp(self, name: str, size: int = 16 * MIB) -> Path:
        """A filesystem that the host finds by its partition's GUID, seen from outside as well."""
        image, place = self.folder / f"{name}.img", self.folder / name
        with image.open("wb") as file:
            file.truncate(size)
        run("mkfs.ext4", "-q", "-m", "0", image)
        loop = run("losetup", "--find", "--show", image)
        self.undo.append(("losetup", "--detach", loop))
        place.mkdir()
        self.mount(loop, place)
        (place / "lost+found").rmdir()
        run("cp", "--archive", loop, self.root / loop.lstrip("/"))
        link = self.root / "dev/disk/by-partuuid" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(loop)
        self.esps[name] = place
        (self.root / "etc/photon-boot/esps").write_text("".join(f"{each}\n" for each in self.esps))
        return place

    def give_key(self) -> None:
        shutil.copy(self.key.key, self.root / "etc/photon-boot/db.key")

    def tool(self, *arguments: str, fails: bool = False) -> str:
        """Run photon-uki; what it says."""
        command = ["chroot", str(self.root), "photon-uki", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, said
        return said

    def images(self, esp: str) -> list[str]:
        return sorted(path.name for path in (self.esps[esp] / IMAGES).iterdir())

    def count_start(self, image: str) -> None:
        """As the loader leaves word of an image that it has started, and counted."""
        variable = self.root / "sys/firmware/efi/efivars" / COUNTED
        variable.parent.mkdir(parents=True)
        path = f"\\EFI\\Linux\\{image}\0"
        variable.write_bytes(bytes([6, 0, 0, 0]) + path.encode("utf-16-le"))

    def is_signed(self, path: Path) -> bool:
        return holds(Path(self.key.certificate), path)


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """The tree with photon-uki, and with a kernel that is small."""
    if not (TREE / UKIFY.lstrip("/")).exists():
        pytest.skip(f"{TREE} has no ukify")
    certificate, key = make_key(tmp_path, "db")
    made = Host(
        root=tmp_path / "root",
        folder=tmp_path,
        key=SigningKey(certificate=str(certificate), key=str(key)),
    )
    layers = [tmp_path / name for name in ("root", "upper", "overlay")]
    for each in layers:
        each.mkdir()
    options = f"lowerdir={TREE},upperdir={layers[1]},workdir={layers[2]}"
    made.mount("-t", "overlay", "-o", options, "overlay", made.root)
    try:
        for path in made.root.glob("boot/*-amd64"):
            path.unlink()
        made.kernel("6.1-amd64")
        (made.root / "etc/photon-boot").mkdir()
        shutil.copy(certificate, made.root / "etc/photon-boot/db.pem")
        context = Context(
            runner=ProcessRunner(lambda _: None),
            emit=lambda _: None,
            target=made.root,
            work=tmp_path / "work",
        )
        for action in uki_files(BOOT, PLACE):
            action.run(context)
        yield made
    finally:
        while made.undo:
            run(*made.undo.pop())


@pytest.fixture
def started(host: Host) -> Host:
    """A host that runs, with devices of its own, two ESPs, and a key to sign with."""
    host.mount("-t", "proc", "proc", host.root / "proc")
    host.mount("-t", "tmpfs", "tmpfs", host.root / "dev")
    for name in ("null", "zero", "random", "urandom", "full"):
        run("cp", "--archive", f"/dev/{name}", host.root / "dev" / name)
    (host.root / "dev/fd").symlink_to("/proc/self/fd")
    host.give_key()
    host.attach_esp("first")
    host.attach_esp("second")
    return host


def test_the_installer_makes_a_signed_image(host: Host, tmp_path: Path) -> None:
    """With the kernel and the initrd that the medium has."""
    version = next(TREE.glob("boot/vmlinuz-*")).name.removeprefix("vmlinuz-")
    for name in ("vmlinuz", "initrd.img"):
        shutil.copy(TREE / f"boot/{name}-{version}", host.root / "boot")
    context = Context(
        runner=ProcessRunner(lambda _: None),
        emit=lambda _: None,
        target=host.root,
        work=tmp_path / "work",
    )
    PrepareOwnerKeys(db=host.key, made=(), host="edge-01").check(context)
    MakeUki(kernel_version=version, db=host.key).run(context)
    image = signed_uki(context, version)
    assert host.is_signed(image)
    assert 2 * image.stat().st_size < LEAST_ESP
    shutil.copy(image, host.root / "tmp/image.efi")
    command = ("chroot", host.root, "ukify", "--json=short", "inspect", "/tmp/image.efi")
    sections = json.loads(run(*command))
    command_line = (host.root / "etc/kernel/cmdline").read_text().strip()
    assert command_line.startswith("root=UUID=root ro ")
    assert command_line.endswith(" quiet")
    assert sections[".cmdline"]["text"].strip() == command_line
    assert sections[".uname"]["text"] == version
    assert "systemd-stub" in sections[".sbat"]["text"]
    private = host.root / "etc/photon-boot/pcr.key"
    assert private.stat().st_mode & 0o777 == 0o600
    assert sections[".pcrpkey"]["text"] == (host.root / "etc/photon-boot/pcr.pem").read_text()
    # One for each phase of a start; only PCR 11 has nothing of the machine in it.
    signatures = json.loads(sections[".pcrsig"]["text"])
    assert [each["pcrs"] for each in signatures["sha256"]] == [[11]] * 4
    context.unwind()
    assert not image.exists()
    assert not list(host.root.glob("var/tmp/*"))


def test_what_was_installed_needs_nothing_made_anew(started: Host) -> None:
    """The image that the installer has put there is known to be of what is there."""
    started.tool("build", "6.1-amd64", "/var/tmp/image.efi")
    for esp in started.esps.values():
        (esp / IMAGES).mkdir(parents=True)
        shutil.copy(started.root / "var/tmp/image.efi", esp / IMAGES / "photon-6.1-amd64+3.efi")
    assert "ukify" not in started.tool("sync")
    assert not list(started.root.glob("var/lib/photon-boot/uki/*.efi*"))


def test_every_esp_has_the_loader_and_an_image_of_every_kernel(started: Host) -> None:
    started.kernel("6.2+deb13-amd64")
    started.tool("sync")
    for name, esp in started.esps.items():
        assert started.images(name) == ["photon-6.1-amd64+3.efi", "photon-6.2+deb13-amd64+3.efi"]
        files = [*(esp / IMAGES).iterdir(), *(esp / loader for loader in LOADERS)]
        assert all(map(started.is_signed, files))
    before = [path.stat().st_mtime_ns for esp in started.esps.values() for path in esp.rglob("*")]
    assert started.tool("sync") == ""
    after = [path.stat().st_mtime_ns for esp in started.esps.values() for path in esp.rglob("*")]
    assert before == after


def test_a_kernel_without_its_initrd_waits_for_it(started: Host) -> None:
    started.kernel("6.2-amd64", initrd=b"")
    started.tool("sync")
    assert started.images("first") == ["photon-6.1-amd64+3.efi"]


def test_a_new_initrd_or_command_line_makes_a_new_image(started: Host) -> None:
    started.tool("sync")
    good = started.esps["first"] / IMAGES / "photon-6.1-amd64.efi"
    good.with_name("photon-6.1-amd64+3.efi").rename(good)
    old = good.read_bytes()
    started.kernel("6.1-amd64", initrd=b"another")
    started.tool("sync")
    assert started.images("first") == ["photon-6.1-amd64+3.efi"]
    new = good.with_name("photon-6.1-amd64+3.efi").read_bytes()
    assert new != old
    (started.root / "etc/kernel/cmdline").write_text("root=UUID=other\n")
    started.tool("sync")
    assert good.with_name("photon-6.1-amd64+3.efi").read_bytes() not in {old, new}


def test_a_host_of_its_own_gets_a_key_of_its_own(started: Host) -> None:
    """What an image of a disk has is the same in each that is made of it."""
    started.tool("sync")
    public = started.root / "etc/photon-boot/pcr.pem"
    old, image = public.read_text(), started.esps["first"] / IMAGES / "photon-6.1-amd64+3.efi"
    assert old.encode() in image.read_bytes()
    (started.root / "etc/photon-boot/pcr.key").unlink()
    started.tool("sync")
    assert public.read_text() != old
    assert public.read_bytes() in image.read_bytes()


def test_the_image_of_a_removed_kernel_goes_but_never_the_last(started: Host) -> None:
    started.kernel("6.2-amd64")
    started.tool("sync")
    started.drop_kernel("6.1-amd64")
    assert "removed" in started.tool("sync")
    assert started.images("second") == ["photon-6.2-amd64+3.efi"]
    started.drop_kernel("6.2-amd64")
    started.tool("sync")
    assert started.images("second") == ["photon-6.2-amd64+3.efi"]


def test_the_image_of_the_running_kernel_goes_as_its_modules_do(started: Host) -> None:
    running = os.uname().release
    started.kernel(running)
    started.tool("sync")
    started.drop_kernel(running)
    started.tool("sync")
    assert started.images("first") == ["photon-6.1-amd64+3.efi"]


def test_where_there_is_no_room_nothing_is_lost(started: Host) -> None:
    started.tool("sync")
    started.kernel("6.2-amd64", initrd=os.urandom(20 * MIB))
    said = started.tool("sync", fails=True)
    assert "no room for" in said
    assert "21 MiB are needed" in said
    assert started.images("first") == ["photon-6.1-amd64+3.efi"]
    # What could not be put there is tried again, once there is room.
    started.kernel("6.2-amd64")
    started.tool("sync")
    assert len(started.images("first")) == 2


def test_an_esp_that_is_new_gets_everything_from_the_others(started: Host) -> None:
    started.tool("sync")
    third = started.attach_esp("third")
    assert "ukify" not in started.tool("sync")
    assert started.images("third") == ["photon-6.1-amd64+3.efi"]
    assert all(started.is_signed(third / loader) for loader in LOADERS)


def test_an_esp_that_is_gone_does_not_keep_the_others_from_an_upgrade(started: Host) -> None:
    (started.root / "dev/disk/by-partuuid/second").unlink()
    assert "the ESP second is not there" in started.tool("sync")
    assert started.images("first") == ["photon-6.1-amd64+3.efi"]
    (started.root / "dev/disk/by-partuuid/first").unlink()
    assert "none of the ESPs" in started.tool("sync", fails=True)


@pytest.mark.parametrize("name", LOADERS)
def test_a_loader_that_others_have_replaced_comes_back(started: Host, name: str) -> None:
    started.tool("sync")
    place = started.esps["second"] / name
    shutil.copy(started.root / "usr/lib/shim/shimx64.efi.signed", place)
    started.tool("sync")
    assert started.is_signed(place)


def test_without_the_key_what_starts_stays_and_the_owner_is_told(started: Host) -> None:
    started.tool("sync")
    (started.root / "etc/photon-boot/db.key").unlink()
    started.kernel("6.2-amd64")
    waiting = "/var/lib/photon-boot/uki/photon-6.2-amd64.efi"
    for _ in range(2):
        said = started.tool("sync")
        assert "Linux 6.2-amd64 does not start yet" in said
        assert f"Sign {waiting}" in said
        assert started.images("first") == ["photon-6.1-amd64+3.efi"]
    image = started.root / waiting.lstrip("/")
    assert "is not signed" in started.tool("put", waiting, fails=True)
    signed = started.root / "tmp/photon-6.2-amd64.efi"
    keys = ("--key", started.key.key, "--cert", started.key.certificate)
    run("sbsign", *keys, "--output", signed, image)
    started.tool("put", "/tmp/photon-6.2-amd64.efi")
    assert started.images("second") == ["photon-6.1-amd64+3.efi", "photon-6.2-amd64+3.efi"]
    assert not image.exists()
    assert started.tool("sync") == ""


def test_a_loader_signed_elsewhere_is_put_on_both_paths(started: Host) -> None:
    (started.root / "etc/photon-boot/db.key").unlink()
    said = started.tool("sync")
    assert "the systemd-boot on" in said
    keys = ("--key", started.key.key, "--cert", started.key.certificate)
    source = started.root / "usr/lib/systemd/boot/efi/systemd-bootx64.efi"
    run("sbsign", *keys, "--output", started.root / "tmp/systemd-bootx64.efi", source)
    started.tool("put", "/tmp/systemd-bootx64.efi")
    assert all(started.is_signed(started.esps["second"] / loader) for loader in LOADERS)
    assert "the systemd-boot on" not in started.tool("sync")


def test_a_start_that_went_well_ends_the_trial(started: Host) -> None:
    started.kernel("6.2+deb13-amd64")
    started.tool("sync")
    # The loader has counted one start, on the ESP that it was started from.
    images = started.esps["first"] / IMAGES
    counted = "photon-6.2+deb13-amd64+2-1.efi"
    (images / "photon-6.2+deb13-amd64+3.efi").rename(images / counted)
    started.count_start(counted)
    for _ in range(2):
        started.tool("good")
        for name in started.esps:
            assert started.images(name) == ["photon-6.1-amd64+3.efi", "photon-6.2+deb13-amd64.efi"]
    assert started.tool("sync") == ""


def test_an_image_that_came_since_the_start_is_still_to_be_tried(started: Host) -> None:
    started.tool("sync")
    started.count_start("photon-6.1-amd64+2-1.efi")
    started.tool("good")
    assert started.images("first") == ["photon-6.1-amd64+3.efi"]


def test_a_loader_that_does_not_say_what_it_started(started: Host) -> None:
    started.tool("sync")
    started.count_start("")
    assert "which image" in started.tool("good", fails=True)
    assert started.images("first") == ["photon-6.1-amd64+3.efi"]


def test_only_the_files_that_it_knows_are_put(started: Host) -> None:
    assert "put which file" in started.tool("put", fails=True)
    keys = ("--key", started.key.key, "--cert", started.key.certificate)
    source = started.root / STUB.lstrip("/")
    run("sbsign", *keys, "--output", started.root / "tmp/other.efi", source)
    assert "neither" in started.tool("put", "/tmp/other.efi", fails=True)
    assert "photon-uki sync" in started.tool(fails=True)
