"""What the menus of a host start, wherever they lead, and what is missing of that."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from installer.boot.grub.errors import LimitError, ScriptError
from installer.boot.grub.evaluator import ENCODING, Evaluator
from installer.boot.grub.scope import GrubFile, first_scope, located
from installer.boot.grub.strategies import EveryBranch
from installer.boot.layout import DEBIAN, HostLayout
from installer.boot.places import Places, UnseenError, is_file
from installer.verify.finding import Finding, bad, good, unseen

_MENU = "the menu"
_MOST_BYTES = 1 << 20
# What a kernel line says that must exist: the root, a place to resume from, what is unlocked.
UUID_ARGUMENT = re.compile(
    r"(?:(?:root|resume)=UUID=|rd\.luks\.(?:uuid|name)=(?:luks-)?)([0-9a-fA-F-]+)"
)
_UUID = "uuid:"
_ESP = "esp"
_UPDATE = "Run update-grub in the host."


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """A kernel that an entry starts: its path as the menu has it, and where that is."""

    path: str
    place: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """What the menus lead to."""

    kernels: tuple[Kernel, ...] = ()
    findings: tuple[Finding, ...] = ()


def read_menu(start: str, where: str, places: Places, layout: HostLayout = DEBIAN) -> Menu:
    """Follow the menus from the text ``start`` of the ESP's, which is in ``where``."""
    scope = first_scope(_ESP, f"({_ESP})/{layout.vendor}", platform="efi")

    def follow(evaluator: Evaluator) -> str:
        evaluator.menu_text(start.encode(*ENCODING), where, scope)
        return where

    return _followed(places, follow)


def read_bios_menu(start: str, places: Places, layout: HostLayout = DEBIAN) -> Menu:
    """Follow the menus from the text ``start`` that is built into GRUB for BIOS.

    That finds the filesystem and the directory of the first menu.
    """
    scope = first_scope("", "", platform="pc")

    def follow(evaluator: Evaluator) -> str:
        evaluator.script(start.encode(*ENCODING), layout.bios_start, scope)
        first = located(f"{scope.variables['prefix']}/{layout.menu}", scope)
        if not first.device:
            return ""
        path = first.path if first.device == scope.variables["root"] else first.written
        evaluator.menu(path, scope)
        return path

    return _followed(places, follow)


def _followed(places: Places, follow: Callable[[Evaluator], str]) -> Menu:
    """What comes of following menus; ``follow`` gives the first of them, "" if it is not known."""
    host, strategy = _Host(places=places), EveryBranch()
    where = ""
    try:
        where = follow(Evaluator(host=host, strategy=strategy))
    except LimitError as reason:
        host.bad(f"it {reason}")
    if not where and not host.findings:
        return Menu(findings=(unseen(_MENU, "where GRUB for BIOS finds it is not known"),))
    return host.menu(where, strategy.entries_met)


@dataclass(slots=True, kw_only=True)
class _Host:
    """The filesystems of a host as its menus see them, and what was found missing."""

    places: Places
    kernels: dict[Path, Kernel] = field(default_factory=dict)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)

    def menu(self, where: str, entries: int) -> Menu:
        """Everything that was met, and what is missing in all of it."""
        if not self.kernels and not self.findings:
            self.bad(f"it starts no kernel, wherever it leads ({where})")
        found = list(self.findings.values())
        if self.kernels and not any(each.outcome == "bad" for each in found):
            kernels = f"{len(self.kernels)} kernel{'s' if len(self.kernels) > 1 else ''}"
            found.append(good(_MENU, f"{entries} entries, {kernels}; every path and UUID is there"))
        return Menu(kernels=tuple(self.kernels.values()), findings=tuple(found))

    def bad(self, text: str) -> None:
        """Something that keeps an entry from starting."""
        self.findings[_MENU, text] = bad(_MENU, text, _UPDATE)

    def device(self, uuid: str, *, needed: bool) -> str:
        """The filesystem with this UUID, which there should be."""
        if self.places.volume(uuid) is None:
            if not needed:
                return ""
            self._missing(f"it looks for the filesystem {uuid or 'without a UUID'}")
        return _UUID + uuid

    def script(self, file: GrubFile, *, needed: bool) -> bytes | None:
        """A menu, as far as anybody would write it."""
        place = self._file(file, "configfile") if needed else self._if_there(file)
        if place is None:
            return None
        try:
            with place.open("rb") as opened:
                return opened.read(_MOST_BYTES)
        except OSError as error:
            self.bad(f"{file.written} cannot be read: {error.strerror}")
            return None

    def broken(self, written: str, error: ScriptError) -> None:
        """A menu that GRUB does not take either."""
        self.bad(f"{written} cannot be read: {error}")

    def kernel(self, file: GrubFile, arguments: Sequence[str]) -> None:
        """Every kernel must be there, and what its command line names."""
        place = self._file(file, "the kernel")
        if place is not None:
            self.kernels.setdefault(place, Kernel(path=file.written, place=place))
        for argument in arguments:
            match = UUID_ARGUMENT.match(argument)
            if match and self.places.volume(match.group(1)) is None:
                self._missing(f"{argument} (for {file.written})")
            elif not match and argument.startswith("root="):
                self._unseen(
                    f"{argument} (for {file.written}) is not a UUID, and cannot be checked"
                )

    def initrd(self, file: GrubFile) -> None:
        """Every initrd must be there, and not be empty."""
        place = self._file(file, "the initrd")
        try:
            if place is not None and place.stat().st_size == 0:
                self.bad(f"the initrd {file.written} is empty")
        except OSError as error:
            self.bad(f"the initrd {file.written} cannot be read: {error.strerror}")

    def _unseen(self, text: str) -> None:
        self.findings[_MENU, text] = unseen(_MENU, text)

    def _missing(self, what: str) -> None:
        """A UUID that no volume has: perhaps because it cannot be seen from here."""
        if self.places.hidden:
            self._unseen(f"{what}, which cannot be examined: {self.places.hidden}")
        else:
            self.bad(f"{what}, which does not exist")

    def _if_there(self, file: GrubFile) -> Path | None:
        """What is read only where it is: GRUB goes on without it."""
        try:
            place = self.places.find(file.device.removeprefix(_UUID), file.path)
        except (UnseenError, OSError):
            return None
        return place if place is not None and is_file(place) else None

    def _file(self, file: GrubFile, what: str) -> Path | None:
        if not file.device.startswith(_UUID):
            where = "the ESP" if file.device == _ESP else file.device or "no device"
            self._unseen(f"{what} {file.written} is on {where}, which is not followed")
            return None
        uuid = file.device.removeprefix(_UUID)
        if self.places.volume(uuid) is None:
            return None  # that it does not exist has been said where it was looked for
        try:
            place = self.places.find(uuid, file.path)
        except UnseenError as reason:
            self._unseen(f"{what} {file.path} cannot be examined: {reason}")
            return None
        except OSError as error:
            self.bad(f"{what} {file.path} cannot be read: {error.strerror}")
            return None
        if place is None or not is_file(place):
            self.bad(f"{what} {file.path} does not exist on the filesystem {uuid}")
            return None
        return place
