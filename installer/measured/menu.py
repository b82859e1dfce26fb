"""GRUB as it starts the first entry of a menu, with what it measures on the way.

It measures each command (PCR 8) and each file that it reads (PCR 9). What the default entry of an
untouched menu does is followed word by word; what is not known for certain ends it with a reason.

https://www.gnu.org/software/grub/manual/grub/grub.html#Measured-Boot
https://git.savannah.gnu.org/cgit/grub.git/tree/grub-core/commands/tpm.c
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from installer.boot.grub.errors import LimitError, ScriptError, UncertainError
from installer.boot.grub.evaluator import Evaluator
from installer.boot.grub.scope import GrubFile, first_scope, located
from installer.boot.grub.strategies import BranchTaken
from installer.boot.layout import DEBIAN, HostLayout
from installer.measured.prediction import UnpredictableError

UNNUMBERED = "?"

_MOST_READ = 1 << 30  # bytes of all files together, each counted as often as it is read
_QUOTED = frozenset(" \t\n'\"\\")  # what GRUB puts in quotation marks, or a backslash before


@dataclass(frozen=True, slots=True, kw_only=True)
class GrubVolume:
    """A filesystem that GRUB reads: what it calls it ("hd0,gpt3"), its UUID, and its files.

    A ``device`` that begins with ``UNNUMBERED`` stands for one whose name is not known. ``read``
    gives the bytes of a file by its path from the top of the filesystem, None when there is none.
    """

    device: str
    read: Callable[[str], bytes | None]
    uuid: str = ""


@dataclass(slots=True, kw_only=True)
class GrubStart:
    """What GRUB has measured when it starts the kernel, and what it starts.

    ``files`` are digests; ``arguments`` is the kernel's command line, its path before it.
    """

    commands: list[str] = field(default_factory=list)
    files: list[bytes] = field(default_factory=list)
    kernel: bytes = b""
    arguments: str = ""
    initrd: bytes = b""


def start_menu(
    esp: GrubVolume,
    volumes: Sequence[GrubVolume],
    *,
    firmware_setup: bool,
    layout: HostLayout = DEBIAN,
) -> GrubStart:
    """What a signed GRUB does from its grub.cfg on the ESP on.

    ``firmware_setup`` is whether the firmware lets its setup be entered from the system.

    :raises UnpredictableError: that cannot be predicted.
    """
    prefix = f"({esp.device})/{layout.vendor}"
    scope = first_scope(esp.device, prefix, platform="efi")
    host = _Host(volumes=(esp, *volumes))
    strategy = BranchTaken(
        record=host.found.commands.append,
        is_file=host.is_file,
        started=lambda: bool(host.found.kernel),
    )
    evaluator = Evaluator(host=host, strategy=strategy, firmware_setup=firmware_setup)
    first = f"{prefix}/{layout.menu}"
    try:
        # It looks whether the file is there before it reads it, by opening it.
        host.script(located(first, scope), needed=True)
        evaluator.menu(first, scope)
    except LimitError as reason:
        raise UnpredictableError(f"the menu {reason}") from reason
    except UncertainError as reason:
        raise UnpredictableError(str(reason)) from reason
    if not host.found.kernel:
        raise UnpredictableError("the menu starts no kernel")
    return host.found


@dataclass(slots=True, kw_only=True)
class _Host:
    """What GRUB can read, and what it has measured of that."""

    volumes: tuple[GrubVolume, ...]
    found: GrubStart = field(default_factory=GrubStart)
    _read: int = 0

    def device(self, uuid: str, *, needed: bool) -> str:
        """The name of the device; there must be one."""
        del needed
        found = next((each for each in self.volumes if each.uuid.lower() == uuid.lower()), None)
        if found is None:
            raise UnpredictableError(f"GRUB would look for the filesystem {uuid}")
        return found.device

    def script(self, file: GrubFile, *, needed: bool) -> bytes:
        """A menu, measured."""
        del needed
        return self._measured(file)

    def broken(self, written: str, error: ScriptError) -> None:
        """There is nothing to follow.

        :raises UnpredictableError: always.
        """
        del written
        raise UnpredictableError(f"a menu cannot be read: {error}") from error

    def kernel(self, file: GrubFile, arguments: Sequence[str]) -> None:
        """A kernel is measured, and then its command line."""
        text = "".join([file.written, *arguments])
        if not text.isascii() or set(text) & _QUOTED:
            raise UnpredictableError("an argument of the kernel has blanks or quotation marks")
        self.found.kernel = self._measured(file)
        self.found.arguments = " ".join([file.written, *arguments])
        self.found.commands.append(self.found.arguments)

    def initrd(self, file: GrubFile) -> None:
        """An initrd is measured; the kernel measures it again."""
        self.found.initrd = self._measured(file)

    def is_file(self, test: str, file: GrubFile) -> bool:
        """Whether a file is there; to know whether it is empty, GRUB reads and measures it."""
        data = self._bytes(file)
        if data is None:
            return False
        if test == "-s" and not data:
            raise UnpredictableError(f"GRUB would look into {file.written}, which is empty")
        if test == "-s":
            self.found.files.append(hashlib.sha256(data).digest())
        return True

    def _measured(self, file: GrubFile) -> bytes:
        """A file that must be there, measured."""
        data = self._bytes(file)
        if data is None:
            raise UnpredictableError(f"GRUB would look for {file.written}, which cannot be seen")
        self.found.files.append(hashlib.sha256(data).digest())
        return data

    def _bytes(self, file: GrubFile) -> bytes | None:
        volume = next((each for each in self.volumes if each.device == file.device), None)
        data = volume.read(file.path) if volume else None
        self._read += len(data or b"")
        if self._read > _MOST_READ:
            raise LimitError("reads far too much")
        return data
