"""How large a minimal host is by df, what it consists of, and how large the medium is.

Needs root and the built medium.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from stat import S_ISDIR

from benchmarks.disks import WORK, loop_device, mounted
from benchmarks.install import install, kickstart_data
from benchmarks.medium import medium, payload_folder
from benchmarks.results import Figure, Section, arguments, publish
from installer.machine.disk_table import read_table

MB = 10**6
GOAL_HOST = 300 * MB
GOAL_MEDIUM = 600 * MB
ROOT_NAME = "photon-root"
PARTS = 10
UNOWNED = "files of no package"


def main() -> None:
    """Measure, print, and write the section of the results."""
    options = arguments(__doc__).parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    default, _ = _host("btrfs")
    ext4, parts = _host("ext4")
    iso = medium().stat().st_size
    publish(
        Section(
            title="Size",
            how=(
                "Used room of the root filesystem by df, Docker daemon and CLI included, in MB "
                "(10^6 bytes); the ESP (512 MiB, fixed) is not in it. The parts are the packages "
                "with the most room on ext4."
            ),
            figures=[
                _limited("minimal, default layout (btrfs, zstd)", default, GOAL_HOST),
                Figure(what="minimal, ext4", measured=_mb(ext4)),
                _limited("the medium: both sets, both kernels", iso, GOAL_MEDIUM),
                *(Figure(what=f"part: {n}", measured=_mb(s)) for n, s in parts[:PARTS]),
            ],
            note=options.note,
        )
    )


def used_bytes(folder: Path) -> int:
    """What df calls used."""
    state = os.statvfs(folder)
    return (state.f_blocks - state.f_bfree) * state.f_frsize


def room_of_packages(root: Path) -> list[tuple[str, int]]:
    """Each package of a host and the room its files take, the largest first."""
    owners = {path: package for package, paths in _package_lists(root).items() for path in paths}
    room: Counter[str] = Counter()
    seen: set[int] = set()
    for path, inode, size in _files(root):
        if inode not in seen:
            seen.add(inode)
            room[owners.get(path, UNOWNED)] += size
    return room.most_common()


def _host(filesystem: str) -> tuple[int, list[tuple[str, int]]]:
    """Used bytes and the packages' room of a new host."""
    image = WORK / "disk.img"
    image.unlink(missing_ok=True)
    kickstart = WORK / "kickstart.json"
    kickstart.write_text(json.dumps(kickstart_data(filesystem)), encoding="utf-8")
    install(image, kickstart, payload_folder())
    table = read_table(image)
    root = next(each for each in table.partitions if each.name == ROOT_NAME)
    with loop_device(image, start=root.start) as device, mounted(device, "noatime") as folder:
        used, parts = used_bytes(folder), room_of_packages(folder)
    image.unlink()
    return used, parts


def _package_lists(root: Path) -> Mapping[str, Iterable[str]]:
    """The paths that dpkg lists for each package, as they are after links among folders."""
    real = {name: str(Path("/usr", name)) for name in ("bin", "lib", "lib64", "sbin")}
    lists: dict[str, list[str]] = {}
    for file in sorted((root / "var/lib/dpkg/info").glob("*.list")):
        package = file.stem.partition(":")[0]
        for line in file.read_text("utf-8").splitlines():
            first, _, rest = line.lstrip("/").partition("/")
            lists.setdefault(package, []).append(f"{real.get(first, f'/{first}')}/{rest}")
    return lists


def _files(root: Path) -> Iterator[tuple[str, int, int]]:
    """Path inside the host, inode and allocated bytes of everything that is not a folder."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            state = path.lstat()
            if not S_ISDIR(state.st_mode):
                yield f"/{path.relative_to(root)}", state.st_ino, state.st_blocks * 512


def _limited(what: str, size: int, goal: int) -> Figure:
    return Figure(what=what, measured=_mb(size), goal=_mb(goal), met=size <= goal)


def _mb(size: int) -> str:
    return f"{size / MB:.0f} MB"


if __name__ == "__main__":
    main()
