"""Where a host to be checked is found: mounted at a directory, on a disk, or in an image."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from installer.boot.esp import Esp, copied_files, esp_files
from installer.boot.layout import DEBIAN
from installer.boot.places import Places, UnseenError, inside, is_file, mounts_below, text_inside
from installer.boot.volumes import Volume, read_volumes
from installer.boot_check.next_start import (
    OTHER_FIRMWARE,
    disk_names,
    grub_names,
    stored_firmware,
    this_firmware,
)
from installer.boot_check.report import Report, full_report
from installer.errors import CommandFailed
from installer.machine.facts import ESP_TYPE
from installer.machine.probe.nodes import listed_devices
from installer.measured.predict import FirmwareState
from installer.secureboot.signature import SignatureVerifier
from installer.secureboot.trust import Trust, machine_trust, stock_trust, store_trust
from installer.secureboot.variables import EFIVARS
from installer.system.mounts import Mount, read_mounts
from installer.system.runner import Runner
from installer.verify.esp import Judge
from installer.verify.host import Subject
from installer.verify.nvram import machine_nvram
from installer.verify.table import DiskPartition, disk_table, torn_findings

_ESP_LIST = "etc/photon-boot/esps"
_FSTAB = "etc/fstab"
# In the host, and at the top of a filesystem that is only its /boot.
_BIOS_PLACES = (DEBIAN.bios_path, DEBIAN.bios_path.removeprefix(DEBIAN.boot))
_MOST_LISTED = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class _Workplace:
    """What a check works with; everything that it attaches is detached by ``undo``.

    ``undo_runner`` is deaf to a cancellation of the check.
    """

    runner: Runner
    undo_runner: Runner
    directory: Path
    undo: contextlib.ExitStack

    def places(self, volumes: tuple[Volume, ...], mounts: tuple[Mount, ...] = ()) -> Places:
        """How to look into these volumes."""
        return Places(
            runner=self.runner,
            undo_runner=self.undo_runner,
            work=self.directory,
            undo=self.undo,
            volumes=volumes,
            mounts=mounts,
        )

    def judge(self, trust: Trust) -> Judge:
        """Who judges by this trust."""
        verifier = SignatureVerifier(runner=self.runner, folder=self.directory / "signatures")
        verifier.require()
        return Judge(verifier=verifier, trust=trust)

    def esp(self, source: str, *, name: str, partition: str = "") -> Esp:
        """The ESP on a device node or in an image, read from there now."""
        place = Path(tempfile.mkdtemp(prefix="esp-", dir=self.directory))
        files = copied_files(self.runner, source, place)
        return Esp(name=name, partition=partition, files=files)


def verify_root(
    runner: Runner,
    root: Path,
    *,
    esps: tuple[str, ...] = (),
    variables: Path | None = None,
    undo_runner: Runner | None = None,
) -> Report:
    """Check a host that is mounted at a directory; ``/`` is the one that runs.

    ``esps`` are directories or device nodes, those that the host lists unless any are given;
    ``variables`` is a variable store to go by instead of this machine's firmware; ``undo_runner``
    detaches what was attached.

    :raises CommandFailed: it cannot be examined.
    :raises Cancelled: the user gave up.
    """
    if missing := next((each for each in esps if not Path(each).exists()), None):
        raise CommandFailed(
            f"{missing}: no such directory or device",
            "Give --esp the directory where the ESP is mounted, or its device like /dev/sda1.",
        )
    root = root.resolve()
    if not (root / "etc").is_dir():
        raise CommandFailed(f"{root}: no host is mounted there", "Mount it, or give --disk.")
    with _workplace(runner, undo_runner or runner) as work:
        volumes = read_volumes(runner, _block_devices(runner))
        mounts = mounts_below(root, read_mounts())
        places = work.places(volumes, mounts)
        found = tuple(_esps_of(work, root, places, esps))
        grub = root / DEBIAN.bios_path.lstrip("/")
        bios = _disks_below(runner, root, mounts) if (grub / "core.img").is_file() else ()
        running = root == Path("/") and EFIVARS.is_dir() and variables is None
        subject = Subject(
            places=places,
            root=root,
            esps=found,
            judge=work.judge(_trust(variables)) if found or not bios else None,
            bios=bios,
            bios_grub=grub,
            nvram=machine_nvram() if running else None,
        )
        return full_report(subject, lambda: _firmware(variables), lambda: grub_names(runner))


def verify_disk(
    runner: Runner,
    disk: Path,
    *,
    variables: Path | None = None,
    undo_runner: Runner | None = None,
) -> Report:
    """Check the host on a disk, or in a raw image of one, for reading alone.

    ``variables`` is a variable store to go by. Without one a disk is judged by this machine's
    firmware, and an image, which will start elsewhere, by what firmware comes with.
    ``undo_runner`` detaches what was attached.

    :raises CommandFailed: it cannot be examined.
    :raises Cancelled: the user gave up.
    """
    if not disk.exists():
        raise CommandFailed(f"{disk}: no such disk or image")
    if disk.is_dir():
        raise CommandFailed(f"{disk}: it is a directory", "Give it as --root.")
    table = disk_table(runner, disk)
    if not table.partitions:
        return Report(findings=table.findings)
    with _workplace(runner, undo_runner or runner) as work:
        volumes = tuple(_attached(work, disk, each) for each in table.partitions)
        places = work.places(volumes)
        tops = tuple(_tops(places))
        root = next((each for each in tops if _has(each, _FSTAB)), None)
        found = (inside(top, name) for top in tops for name in _BIOS_PLACES)
        grub = next((each for each in found if each and _has(each, "core.img")), None)
        esps = tuple(
            work.esp(
                f"{disk}@@{each.start}",
                name=f"ESP (partition {each.number})",
                partition=each.guid,
            )
            for each in table.partitions
            if each.type_id == ESP_TYPE
        )
        stock = variables is None and not disk.is_block_device()
        trust = stock_trust() if stock else _trust(variables)
        subject = Subject(
            places=places,
            root=root,
            esps=esps,
            judge=work.judge(trust) if esps or not grub else None,
            bios=(str(disk),) if grub else (),
            bios_grub=grub,
        )
        report = full_report(
            subject,
            lambda: OTHER_FIRMWARE if stock else _firmware(variables),
            lambda: disk_names(table.partitions),
        )
        findings = (*table.findings, *torn_findings(table, bios=grub is not None))
        return replace(report, findings=(*findings, *report.findings))


@contextlib.contextmanager
def _workplace(runner: Runner, undo_runner: Runner) -> Iterator[_Workplace]:
    try:
        directory = tempfile.TemporaryDirectory(prefix="photon-verify-", dir="/run")
    except OSError as error:
        raise CommandFailed(f"/run: {error.strerror}", "Run it again with sudo.") from error
    with directory as path, contextlib.ExitStack() as undo:
        yield _Workplace(runner=runner, undo_runner=undo_runner, directory=Path(path), undo=undo)


def _trust(variables: Path | None) -> Trust:
    if variables is not None:
        return store_trust(variables)
    return machine_trust() if EFIVARS.is_dir() else stock_trust()


def _firmware(variables: Path | None) -> FirmwareState:
    if variables is not None:
        return stored_firmware(variables)
    return this_firmware() if EFIVARS.is_dir() else OTHER_FIRMWARE


def _block_devices(runner: Runner) -> tuple[str, ...]:
    """Every block device that could have a filesystem on it."""
    listed = listed_devices(runner)
    return tuple(each["path"] for each in listed if each["type"] != "rom" and each["size"])


def _disks_below(runner: Runner, root: Path, mounts: tuple[Mount, ...]) -> tuple[str, ...]:
    """The disks that the filesystem with ``/boot`` is on."""
    nodes = {each.folder: each.node for each in mounts}
    node = nodes.get(root / DEBIAN.boot.lstrip("/")) or nodes.get(root)
    if node is None:
        return ()
    listed = listed_devices(runner, "--inverse", node)
    return tuple(dict.fromkeys(each["path"] for each in listed if each["type"] == "disk"))


def _esps_of(work: _Workplace, root: Path, places: Places, given: Iterable[str]) -> Iterator[Esp]:
    """The ESPs that were named, else those that the host lists, else the one it has mounted."""
    names = tuple(given)
    for name in names:
        if Path(name).is_dir():
            yield Esp(name=name, files=esp_files(Path(name)))
        else:
            volume = next((each for each in places.volumes if each.node == name), None)
            yield _esp_on(work, volume or Volume(node=name))
    if names:
        return
    listed = _listed_esps(root)
    for guid in listed:
        volume = places.partition(guid)
        if volume is None:
            yield Esp(name=f"ESP {guid}", partition=guid, files={}, present=False)
        else:
            yield _esp_on(work, volume)
    mounted = root / DEBIAN.esp_mount.lstrip("/")
    if not listed and (files := esp_files(mounted)):
        node = next((each.node for each in places.mounts if each.folder == mounted), "")
        guids = [each.partition for each in places.volumes if each.node == node]
        yield Esp(name=DEBIAN.esp_mount, partition="".join(guids), files=files)


def _esp_on(work: _Workplace, volume: Volume) -> Esp:
    """An ESP where it is mounted, else from its node: what is still to be written counts."""
    name = f"ESP {volume.node}"
    mounted = mounts_below(Path("/"), read_mounts())
    place = next((each.folder for each in mounted if each.node == volume.node), None)
    if place is not None:
        return Esp(name=name, partition=volume.partition, files=esp_files(place))
    return work.esp(volume.node, name=name, partition=volume.partition)


def _listed_esps(root: Path) -> tuple[str, ...]:
    try:
        lines = (text_inside(root, _ESP_LIST) or "").split()
    except OSError:
        return ()
    return tuple(each.lower() for each in lines[:_MOST_LISTED])


def _attached(work: _Workplace, disk: Path, entry: DiskPartition) -> Volume:
    """A partition as a volume: a loop device of its own, which can only be read.

    One that reaches out of the disk, as in an image that was cut off, is a volume without anything.
    """
    argv = ["losetup", "--read-only", "--find", "--show", f"--offset={entry.start}"]
    argv += [f"--sizelimit={entry.size}", f"--sector-size={entry.sector}", str(disk)]
    try:
        # Not to be interrupted: what has been attached must be known, to be detached.
        node = work.undo_runner.run(argv).strip()
    except CommandFailed:
        return Volume(node="", partition=entry.guid, partition_type=entry.type_id)
    work.undo.callback(work.undo_runner.run, ["losetup", "--detach", node])
    (volume,) = read_volumes(work.runner, [node])
    return replace(volume, partition=entry.guid, partition_type=entry.type_id)


def _tops(places: Places) -> Iterator[Path]:
    """The directories that may be a host's root: filesystems, and subvolumes at their top."""
    for volume in places.volumes:
        if not volume.uuid:
            continue
        try:
            top = places.find(volume.uuid, "/")
            below = sorted(top.iterdir()) if top else []
        except (UnseenError, OSError):
            continue
        if top is not None:
            yield top
            yield from (each for each in below if not each.is_symlink() and _has(each, _FSTAB))


def _has(top: Path, path: str) -> bool:
    """Whether a host has this file; a damaged filesystem has none."""
    try:
        place = inside(top, path)
    except OSError:
        return False
    return place is not None and is_file(place)
