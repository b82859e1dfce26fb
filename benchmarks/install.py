"""Whole installations into an image file against plain unpacking and against mmdebstrap.

Needs root, the built medium and the tree minimal-cloud in build/trees.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.disks import DISK_SIZE, WORK, flush, new_filesystem, read_through, run
from benchmarks.medium import payload_folder
from benchmarks.results import Figure, Section, arguments, publish
from installer.payload.index import PayloadTree, load_payload_index
from iso_hooks.recipe import load_recipe
from iso_hooks.trees import mmdebstrap_command, package_versions

TREE = "minimal-cloud"
BUILD = Path("build").resolve()
GOAL_PLAIN = 1.3
GOAL_MMDEBSTRAP = 0.10
INSTALLER, PLAIN, MMDEBSTRAP = "installer", "mkfs, unsquashfs, sync", "mmdebstrap"

Contestant = Callable[[Path], None]
Seconds = Mapping[str, tuple[float, ...]]


def main() -> None:
    """Measure, print, and write the section of the results."""
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--filesystem", action="append", choices=("btrfs", "ext4"))
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    payload = payload_folder()
    figures: list[Figure] = []
    for filesystem in options.filesystem or ("btrfs", "ext4"):
        seconds = race(contestants(payload, filesystem), rounds=options.rounds)
        figures += figures_of(seconds, filesystem)
    publish(
        Section(
            title="Installation",
            how=(
                f"Seconds, median of {options.rounds} rounds in which each took its turn, into a "
                f"new image file on this machine's disk, on it at the end of each turn (fsync). "
                f"The installer's turn is its whole process: planning, GPT, filesystems, digest of "
                f"the whole payload, extraction of {TREE}, configuration, boot loader, sync. "
                f"Payload and packages were in memory or on the disk beforehand; mmdebstrap makes "
                f"no initrd and no boot loader."
            ),
            figures=figures,
            note=options.note,
        )
    )


def race(contestants: Mapping[str, Contestant], *, rounds: int) -> Seconds:
    """Let each have its turn in each round; the seconds of every turn."""
    image = WORK / "disk.img"
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name, turn in contestants.items():
            image.unlink(missing_ok=True)
            run(["sync"])  # nobody waits for what the one before has left
            start = time.monotonic()
            turn(image)
            flush(image)
            seconds[name].append(time.monotonic() - start)
            print(f"round {number + 1}: {name} {seconds[name][-1]:.1f} s", file=sys.stderr)
    image.unlink(missing_ok=True)
    return {name: tuple(each) for name, each in seconds.items()}


def figures_of(seconds: Seconds, filesystem: str) -> list[Figure]:
    """The seconds and the ratios of the same round's turns."""
    rows = [
        Figure(
            what=f"{filesystem}: {name}",
            measured=f"{median(each):.1f} s ({min(each):.1f} to {max(each):.1f})",
        )
        for name, each in seconds.items()
    ]
    for other, goal, digits in ((PLAIN, GOAL_PLAIN, 2), (MMDEBSTRAP, GOAL_MMDEBSTRAP, 3)):
        ratios = [a / b for a, b in zip(seconds[INSTALLER], seconds[other], strict=True)]
        rows.append(
            Figure(
                what=f"{filesystem}: {INSTALLER} to {other}",
                measured=f"{median(ratios):.{digits}f}",
                goal=f"at most {goal:.2f}",
                met=median(ratios) <= goal,
            )
        )
    return rows


def contestants(payload: Path, filesystem: str) -> dict[str, Contestant]:
    """Three ways to the same tree on a new disk."""
    index = load_payload_index(str(payload))
    tree = next(each for each in index.trees if each.name == TREE)
    kickstart = WORK / "kickstart.json"
    kickstart.write_text(json.dumps(kickstart_data(filesystem)), encoding="utf-8")
    packages = _package_files()
    read_through(payload / tree.image.file)
    return {
        INSTALLER: lambda image: install(image, kickstart, payload),
        PLAIN: lambda image: _unpack(image, filesystem, payload, tree),
        MMDEBSTRAP: lambda image: _mmdebstrap(image, filesystem, packages),
    }


def kickstart_data(filesystem: str) -> dict[str, object]:
    """A minimal host that starts on any firmware's usual way."""
    return {
        "version": 1,
        "storage": {"filesystem": filesystem},
        "boot": {"mode": "efi"},
        "packages": {"set": "minimal", "kernel": "cloud"},
        "users": [{"name": "ops", "password": {"plain": "correct horse"}, "sudo": "password"}],
    }


def install(image: Path, kickstart: Path, payload: Path) -> None:
    """The contestant: the command that people use."""
    command: list[str | Path] = [sys.executable, "-m", "installer", "image", kickstart, image]
    run([*command, "--size", str(DISK_SIZE), "--payload", payload])


def _unpack(image: Path, filesystem: str, payload: Path, tree: PayloadTree) -> None:
    squashfs = payload / tree.image.file
    with new_filesystem(image, filesystem) as folder:
        run(
            ["unsquashfs", "-quiet", "-no-progress", "-force", "-dest", folder, squashfs, tree.path]
        )


def _mmdebstrap(image: Path, filesystem: str, packages: list[Path]) -> None:
    tree = next(each for each in load_recipe().hosts if each.name == TREE)
    sources = BUILD / "cache" / f"{TREE}.sources"
    with (
        new_filesystem(image, filesystem) as folder,
        TemporaryDirectory(prefix="photon-benchmark-") as links,
    ):
        for package in packages:
            (Path(links) / package.name).symlink_to(package)
        command = mmdebstrap_command(
            tree, suite=load_recipe().suite, target=folder / "root", sources=sources
        )
        ours = ("--setup-hook=", "--customize-hook=")
        command = [word for word in command if not word.startswith(ours)]
        archives = '"$1/var/cache/apt/archives"'
        command.insert(
            1, f"--setup-hook=mkdir -p {archives} && cp --dereference {links}/* {archives}"
        )
        run(command, env={"INITRD": "No"})


def _package_files() -> list[Path]:
    """The packages of the tree as they were downloaded when it was built."""
    installed = package_versions(BUILD / "trees" / TREE, WORK / "packages.log")
    folder = BUILD / "cache/packages"
    found = [
        path
        for each in installed
        for path in folder.glob(f"{each['name']}_{each['version'].replace(':', '%3a')}_*.deb")
    ]
    if len(found) != len(installed):
        raise FileNotFoundError(f"{folder} has {len(found)} of {len(installed)} packages of {TREE}")
    return found


if __name__ == "__main__":
    main()
