"""What the kernel's command line says to the installer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ks_schema import Document

# Words are parted by spaces; double quotes keep spaces in a word, as in the kernel's next_arg():
# https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/lib/cmdline.c
_WORD = re.compile(r'(?:"[^"]*"?|[^\s"])+')


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of the medium: ``value`` is its form for people, "" for one that has none.

    ``aliases`` count where ``name`` is not given. ``field`` is what it sets in
    :class:`KernelParameters`; "" for one that the scripts of the medium alone read.
    """

    name: str
    meaning: str
    value: str = ""
    aliases: tuple[str, ...] = ()
    field: str = ""

    @property
    def forms(self) -> tuple[str, ...]:
        """How it is written, by each of its names."""
        value = f"={self.value}" if self.value else ""
        return tuple(f"{name}{value}" for name in (self.name, *self.aliases))


PARAMETERS = (
    Parameter(
        name="photon.ks",
        aliases=("ks",),
        value="SOURCE",
        field="kickstart",
        meaning="install unattended with this kickstart",
    ),
    Parameter(
        name="photon.disk",
        value="/dev/...",
        field="disk",
        meaning="the disk to install onto, over what the kickstart says",
    ),
    Parameter(
        name="photon.events",
        value="PATH",
        field="events",
        meaning="where the events go, as JSON lines: a file or a serial port",
    ),
    Parameter(
        name="photon.medium",
        value="URL",
        field="medium",
        meaning="where the medium's files are when the machine booted over the network",
    ),
    Parameter(name="photon.verify", meaning="verify the medium, and install nothing"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelParameters:
    """The installer's own parameters; None where the command line does not say.

    ``kickstart`` is a source for ``read_kickstart``, ``disk`` a path below ``/dev``, ``events`` the
    file or device that gets the events, ``medium`` the address of the medium over the network.
    """

    kickstart: str | None = None
    disk: str | None = None
    events: str | None = None
    medium: str | None = None


def kernel_command_line(path: Path = Path("/proc/cmdline")) -> str:
    """What the machine was started with; bytes that are not UTF-8 come as U+FFFD.

    A boot loader passes on whatever was typed, in whatever encoding.
    """
    return path.read_text(encoding="utf-8", errors="replace")


def kernel_parameters(cmdline: str) -> KernelParameters:
    """The parameters in the text of ``/proc/cmdline``.

    An empty value counts as none, the last of several wins, and ``photon.ks=`` beats ``ks=``.
    """
    said = {name: value for name, value in _pairs(cmdline) if value}
    found = {
        each.field: next((said[name] for name in (each.name, *each.aliases) if name in said), None)
        for each in PARAMETERS
        if each.field
    }
    parameters = KernelParameters(**found)
    return replace(parameters, kickstart=_source(parameters.kickstart))


def with_disk(document: Document, device: str | None) -> Document:
    """The document with ``device`` as its disk ``default``, whatever it said; None changes nothing.

    ``storage.disk`` keeps naming the disk to install onto, so the disk of that name is the one set.
    """
    if device is None:
        return document
    data = dict(document.data)
    storage, disks = data.get("storage"), data.get("disks")
    name = storage.get("disk", "default") if isinstance(storage, dict) else "default"
    others = disks if isinstance(disks, dict) else {}
    data["disks"] = {**others, str(name): {"device": device}}
    return replace(document, data=data)


def _pairs(cmdline: str) -> Iterator[tuple[str, str]]:
    for match in _WORD.finditer(cmdline):
        word = match[0]
        if word == "--":
            return  # the rest is for init
        name, _, value = word.removeprefix('"').partition("=")
        yield name, value.removeprefix('"').removesuffix('"')


def _source(text: str | None) -> str | None:
    """The source; other installers' name for a file on the medium is understood."""
    if text is not None and text.startswith("cdrom:"):
        return "medium:" + text.removeprefix("cdrom:").lstrip("/")
    return text
