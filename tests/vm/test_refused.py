"""What must be refused before the first write: the message, the exit code, the untouched disk."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from installer.errors import ExitCode
from installer.sizes import GIB, MIB
from tests.vm.case import Case
from tests.vm.guest import end_of_installation
from tests.vm.http_server import HOST_SEEN_FROM_GUEST, HttpServer
from tests.vm.media import digest, from_medium, medium_with, used_disk, with_patches
from tests.vm.qemu import Firmware, VmConfig, VmDisk
from tests.vm.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.vm(seconds=30)]
CASE = Case(name="refused")
_TREES = "/photon/payload/root.squashfs"
NOBODY_LISTENS = f"http://{HOST_SEEN_FROM_GUEST}:9/kickstart.json"
# Each disk has something on it that would be missed: serial number and size.
DISKS = (("PHOTON0", 6 * GIB), ("TWIN", 6 * GIB), ("TWIN", 6 * GIB), ("SMALL", 256 * MIB))


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A kickstart (a file of the case, or a whole address) and what is said about it."""

    kickstart: str
    code: ExitCode
    said: tuple[str, ...]
    medium: str = "whole"


REFUSALS = {
    "unknown-key": Refusal(
        kickstart="unknown-key.json", code=ExitCode.KICKSTART,
        said=("unknown-key.json:3:", "/hostnmae", "hostname"),
    ),
    "bad-type": Refusal(
        kickstart="bad-type.json", code=ExitCode.KICKSTART,
        said=("bad-type.json:3:", "/hostname", "string|text"),
    ),
    "two-disks": Refusal(
        kickstart="two-disks.json", code=ExitCode.MACHINE, said=("TWIN", "/dev/vdb", "/dev/vdc"),
    ),
    "too-small": Refusal(
        kickstart="too-small.json", code=ExitCode.MACHINE, said=("/dev/vdd", "256 MiB", "small"),
    ),
    "unreachable": Refusal(
        kickstart=NOBODY_LISTENS, code=ExitCode.UNREACHABLE, said=(re.escape(NOBODY_LISTENS),),
    ),
    "missing-payload": Refusal(
        kickstart="good.json", code=ExitCode.PAYLOAD, said=(r"index\.json",), medium="no-index",
    ),
    "wrong-digest": Refusal(
        kickstart="good.json", code=ExitCode.PAYLOAD, said=(r"root\.squashfs", "digest"),
        medium="changed-image",
    ),
    "changed-installer": Refusal(
        kickstart="good.json", code=ExitCode.PAYLOAD, said=(r"installer\.squashfs is not the one",),
        medium="changed-installer",
    ),
    "changed-live": Refusal(
        kickstart="good.json", code=ExitCode.PAYLOAD, said=(r"root\.squashfs is not the one",),
        medium="changed-live",
    ),
    "changed-superblock": Refusal(
        kickstart="good.json", code=ExitCode.PAYLOAD, said=(r"root\.squashfs is not the one",),
        medium="changed-superblock",
    ),
}  # fmt: skip
IN_EVERY_RUN = ("unknown-key", "changed-live")


def _parameters() -> list[object]:
    return [
        pytest.param(name, id=name, marks=[pytest.mark.once] if name in IN_EVERY_RUN else [])
        for name in REFUSALS
    ]


@pytest.mark.parametrize("name", _parameters())
def test_refused(medium: Path, name: str) -> None:
    refusal = REFUSALS[name]
    disks = tuple(
        VmDisk(path=used_disk(CASE.work / f"disk{number}.img", size), serial=serial)
        for number, (serial, size) in enumerate(DISKS)
    )
    before = [digest(disk.path) for disk in disks]
    with HttpServer(CASE.source / "kickstarts") as server:
        address = refusal.kickstart
        address = address if "://" in address else server.url(address)
        config = VmConfig(
            name=CASE.name,
            firmware=Firmware.BIOS,
            disks=disks,
            cdrom=_medium(medium, refusal.medium),
            kernel=CASE.kernel(medium, f"photon.ks={address}"),
        )
        with VirtualMachine(config, label=name) as vm:
            code = end_of_installation(vm, timeout=240)
            vm.note(f"{name}: exit {code}")
            said = vm.last_lines(60)
    assert code == refusal.code, said
    flat = re.sub(r"\s+", " ", said)
    assert [part for part in refusal.said if not re.search(part, flat)] == [], said
    assert [digest(disk.path) for disk in disks] == before


def _medium(medium: Path, kind: str) -> Path:
    copy = CASE.work / f"{kind}.iso"
    match kind:
        case "no-index":
            return medium_with(medium, copy, {}, without=("/photon/payload/index.json",))
        case "changed-image":
            index = from_medium(medium, "/photon/payload/index.json", CASE.work / "index.json")
            image = json.loads(index.read_text("utf-8"))["images"][0]["file"]
            # Of a host's tree, which the live system does not read.
            return _changed(medium, copy, f"/photon/payload/{image}", lambda size: [size * 4 // 5])
        case "changed-live":
            # Everywhere but in the superblock and in the tables at the end.
            return _changed(medium, copy, _TREES, lambda size: range(MIB, size - 8 * MIB, MIB // 4))
        case "changed-superblock":
            return _changed(medium, copy, _TREES, lambda _: [8])
        case "changed-installer":
            # The time in its superblock, so that it can be mounted.
            return _changed(medium, copy, "/photon/installer.squashfs", lambda _: [8])
        case _:
            return medium


def _changed(medium: Path, copy: Path, inside: str, places: Callable[[int], Iterable[int]]) -> Path:
    """A copy of the medium in which some bytes of a file on it are others; ``places`` gets its
    size.
    """
    file = from_medium(medium, inside, CASE.work / "changed.squashfs")
    with file.open("rb") as stream:
        head = stream.read(4096)
    at = list(places(file.stat().st_size))
    file.unlink()
    return with_patches(medium, copy, inside=head, at=at)
