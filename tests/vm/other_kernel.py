"""Another kernel than the one that the payload has, as Debian's archive has it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.vm.guest import told
from tests.vm.media import labelled_volume
from tests.vm.qemu import VmDisk
from tests.vm.virtual_machine import VirtualMachine

SOURCES = Path("build/cache/minimal-cloud.sources")
_LABEL = "KERNEL"


def other_kernel(folder: Path) -> VmDisk:
    """A disk with the package of a cloud kernel, signed, that is not the payload's.

    It comes from the archives that the trees were made from, by an apt of its own.
    """
    packages = _downloaded(folder)
    return VmDisk(path=labelled_volume(folder / "kernel.img", _LABEL, packages, size=256 << 20))


def change_kernel(vm: VirtualMachine) -> str:
    """Install it on the host and purge the one that runs; the version of the purged one."""
    running = told(vm, "uname -r")
    told(vm, f"mount -o ro /dev/disk/by-label/{_LABEL} /mnt")
    quiet = "DEBIAN_FRONTEND=noninteractive"
    told(vm, f"{quiet} dpkg -i /mnt/*.deb", timeout=900)
    told(vm, f"{quiet} apt-get -y purge linux-image-{running}", timeout=300)
    return running


def _downloaded(folder: Path) -> Path:
    for name in ("lists/partial", "cache", "parts"):
        (folder / "apt" / name).mkdir(parents=True, exist_ok=True)
    (folder / "apt/parts/debian.sources").write_text(SOURCES.read_text("utf-8"), encoding="utf-8")
    (folder / "apt/status").touch()
    installed = {path.name.split("_")[0] for path in Path("build/cache/packages").glob("linux-*")}
    _apt(folder, "apt-get", "update")
    names = _apt(folder, "apt-cache", "pkgnames", "linux-image-6").split()
    others = sorted(
        each for each in names if each.endswith("+deb13-cloud-amd64") and each not in installed
    )
    assert others, "Debian's archive has one kernel only: there is none to change to"
    packages = folder / "packages"
    packages.mkdir(exist_ok=True)
    for old in packages.glob("*.deb"):
        old.unlink()
    _apt(folder, "apt-get", "download", others[-1], inside=packages)
    return packages


def _apt(folder: Path, *command: str, inside: Path | None = None) -> str:
    apt = (folder / "apt").resolve()
    options = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": apt / "parts",
        "Dir::State::lists": apt / "lists",
        "Dir::State::status": apt / "status",
        "Dir::Cache": apt / "cache",
        "APT::Sandbox::User": "root",
        "APT::Architecture": "amd64",
        "Acquire::Languages": "none",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    done = subprocess.run(
        [*command, *words], capture_output=True, text=True, check=True, timeout=300, cwd=inside
    )
    return done.stdout
