"""What console-setup makes of a keyboard: whether a console can have it, and what can be typed."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from installer.config.keyboard import keyboard_from_text
from iso_hooks.errors import BuildFailed
from iso_hooks.run import output_of

_COMPILER = "usr/bin/ckbcomp"
_XKB = "usr/share/X11/xkb"
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_UNSHIFTED = re.compile(r"^keycode +\d+ = +\+?U\+([0-9a-f]{4}) ", re.MULTILINE)


def letters_of(tree: Path, keyboard: str) -> str | None:
    """The letters from a to z that are typed without Shift; None when no keymap can be made."""
    found = keyboard_from_text(keyboard)
    compiler, files = str(tree / _COMPILER), f"-I{tree / _XKB}"
    command = ["perl", compiler, files, "-model", "pc105", found.layout, found.variant]
    try:
        with tempfile.NamedTemporaryFile() as log:
            keymap = output_of(command, log=Path(log.name)).decode()
    except BuildFailed:
        return None
    typed = {chr(int(code, 16)) for code in _UNSHIFTED.findall(keymap)}
    return "".join(letter for letter in _ALPHABET if letter in typed)
