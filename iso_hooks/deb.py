"""The Debian package of the command, from the same tree, for an apt repository of one's own."""

from __future__ import annotations

import gzip
import re
import shutil
import tempfile
import tomllib
from pathlib import Path

from installer import __version__
from installer.command.parser import PROGRAM
from iso_hooks.command_pages import write_command_pages
from iso_hooks.live import CODE, PACKAGES, copy_plain
from iso_hooks.run import run

_PROJECT = Path(__file__).resolve().parents[1]
_COMMAND = Path("usr/bin", PROGRAM)
# Debian's names of the Python packages; what is not here has python3- before its name.
_NAMES = {"pyyaml": "python3-yaml", "pyparted": "python3-parted"}
# What only `install`, `image` and `verify` of a host call.
# The time of every file, so that the same tree gives the same package (2000-01-01).
_EPOCH = "946684800"
_PROGRAMS = ("cryptsetup-bin", "dosfstools", "fdisk", "lvm2", "mdadm", "mtools", "openssl")
_CONTROL = """\
Package: {name}
Version: {version}
Architecture: all
Maintainer: The {name} developers <{name}@localhost>
Section: admin
Priority: optional
Depends: python3 (>= 3.11), {depends}
Recommends: {recommends}
Description: {summary}
 Checks and plans kickstarts on any machine; installs, and verifies whether a
 host would boot, where the recommended packages are there.
"""
_COMPILE = "#!/bin/sh\nset -e\npy3compile -p {name} /{code}\n"
_CLEAN = "#!/bin/sh\nset -e\npy3clean -p {name}\n"


def build_deb(output: Path, log: Path) -> Path:
    """Write the package into a directory; its path.

    :raises BuildFailed: dpkg-deb fails.
    """
    output.mkdir(parents=True, exist_ok=True)
    package = output / f"{PROGRAM}_{__version__}_all.deb"
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name, "tree")
        _fill(tree)
        run(
            ["dpkg-deb", "--root-owner-group", "--build", tree, package],
            log=log,
            env={"SOURCE_DATE_EPOCH": _EPOCH},
        )
    return package


def control() -> str:
    """The control file; what is needed is what pyproject.toml says."""
    project = tomllib.loads((_PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    target = [_debian(each) for each in project["optional-dependencies"]["target"]]
    return _CONTROL.format(
        name=PROGRAM,
        version=__version__,
        summary=project["description"],
        depends=", ".join(_debian(each) for each in project["dependencies"]),
        recommends=", ".join((*target, *_PROGRAMS)),
    )


def _debian(requirement: str) -> str:
    """``urwid>=2.6.16,<6`` in Debian's words; the upper bound is for the Python package alone."""
    found = re.match(r"([a-z-]+)>=([0-9.]+)", requirement)
    if found is None:
        raise ValueError(f"{requirement} has no lower bound")
    return f"{_NAMES.get(found[1], f'python3-{found[1]}')} (>= {found[2]})"


def _fill(tree: Path) -> None:
    for package in PACKAGES:
        copy_plain(_PROJECT / package, tree / CODE / package)
    copy_plain(_PROJECT / "iso_hooks/live/files" / _COMMAND.parent, tree / _COMMAND.parent)
    write_command_pages(tree / "usr")
    # Debian's zsh looks for completions of packages there.
    (tree / "usr/share/zsh/site-functions").rename(tree / "usr/share/zsh/vendor-completions")
    _pack(tree / "usr/share/man/man1" / f"{PROGRAM}.1")
    documents = tree / "usr/share/doc" / PROGRAM
    documents.mkdir(parents=True)
    shutil.copy(_PROJECT / "LICENSE", documents / "copyright")
    shutil.copy(_PROJECT / "CHANGELOG.md", documents / "changelog")
    _pack(documents / "changelog")
    scripts = {"postinst": _COMPILE, "prerm": _CLEAN}
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(control(), encoding="utf-8")
    for script, text in scripts.items():
        path = tree / "DEBIAN" / script
        path.write_text(text.format(name=PROGRAM, code=CODE), encoding="utf-8")
        path.chmod(0o755)


def _pack(path: Path) -> None:
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    path.unlink()
