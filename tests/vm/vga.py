"""The machine's screen in text mode, and its keyboard: what a person at the machine sees and types.

On BIOS, and with ``nomodeset``, the kernel's console stays in the text mode of the graphics card,
whose memory can be read from outside.
"""

from __future__ import annotations

import re
import unicodedata
from functools import partial
from pathlib import Path

from tests.vm.virtual_machine import VirtualMachine, VmError

_TEXT_MEMORY = 0xB8000
_TEXT_SIZE = 0x8000
_COLUMNS = 80
_TABS = 30
# What a key does in the US layout, by QEMU's name (QKeyCode), where that is not the character.
_KEYS = {
    " ": "spc", "\r": "ret", "\t": "tab", "\x1b": "esc", "\x7f": "backspace",
    "-": "minus", "=": "equal", "[": "bracket_left", "]": "bracket_right", ";": "semicolon",
    "'": "apostrophe", "`": "grave_accent", ",": "comma", ".": "dot", "/": "slash",
}  # fmt: skip
# What is printed on the keys of a German keyboard, by what a US one has there.
_GERMAN = {"z": "y", "y": "z", "ä": "'", "ö": ";", "ü": "[", "ß": "-", "-": "/", "#": "\\"}


class Vga:
    """A person at the machine, whose keyboard is a German one."""

    def __init__(self, vm: VirtualMachine, folder: Path) -> None:
        self._vm = vm
        self._dump = folder / "vga.bin"

    def text(self) -> str:
        """Everything in the card's text memory, a line for each on the screen and above it."""
        data = self._vm.memory(_TEXT_MEMORY, _TEXT_SIZE, self._dump)[::2]
        text = data.decode("cp437")
        rows = (text[at : at + _COLUMNS].rstrip() for at in range(0, len(text), _COLUMNS))
        return "\n".join(rows)

    def expect(self, pattern: str, *, timeout: float, count: int = 1) -> None:
        """Wait until ``pattern`` is on the screen, ``count`` times."""
        self._vm.wait_until(
            f"{pattern!r} on the screen ({count})",
            lambda: len(re.findall(pattern, self.text())) >= count,
            timeout=timeout,
        )
        self._vm.note(f"screen: {pattern}")

    def press(self, *names: str) -> None:
        """Press keys by QEMU's names, one after the other."""
        for name in names:
            self._vm.press(name)

    def type(self, text: str) -> None:
        """Press the keys that have these characters on a German keyboard."""
        for letter in unicodedata.normalize("NFC", text):
            low = letter.lower()
            key = _GERMAN.get(low, low)
            shift = ("shift",) if letter != low else ()
            self._vm.press(*shift, _KEYS.get(key, key))

    def go_to(self, label: str, *, key: str = "tab") -> None:
        """Move to the field with that label: it has a mark before it."""
        for _ in range(_TABS):
            shown = self.text()
            if f"> {label}" in shown:
                return
            self.press(key)
            self._vm.wait_until("another field", partial(self._differs, shown), timeout=30)
        raise VmError(f"no field {label!r} on the screen:\n{self.text()}")

    def _differs(self, shown: str) -> bool:
        return self.text() != shown
