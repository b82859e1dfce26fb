"""A line that is typed or pasted into: its text and the cursor. No renderer here."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Longer than any value that a person types; what the schema bounds is bounded by that.
LONGEST = 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# What a terminal puts around a paste, when a program before this one has asked for it.
_BRACKETS = re.compile(r"\x1b\[20[01]~")
_WORD_END = re.compile(r"\S*\s*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedLine:
    """A text of at most ``limit`` characters. ``left_out`` counts those that had no room."""

    text: str
    place: int
    limit: int = LONGEST
    left_out: int = 0

    def insert(self, text: str) -> TypedLine:
        """The line with ``text`` at the cursor, without control characters, as far as it fits."""
        added = one_line(text)
        room = max(self.limit - len(self.text), 0)
        taken = added[:room]
        whole = self.text[: self.place] + taken + self.text[self.place :]
        return self._at(whole, self.place + len(taken), len(added) - len(taken))

    def press(self, key: str) -> TypedLine | None:  # noqa: C901, PLR0911  (one line a key)
        """The line after ``key`` (urwid's name for it); None when the key means nothing here."""
        before, behind = self.text[: self.place], self.text[self.place :]
        match key:
            case "left" if before:
                return self._at(self.text, self.place - 1)
            case "right" if behind:
                return self._at(self.text, self.place + 1)
            case "home" | "ctrl a":
                return self._at(self.text, 0)
            case "end" | "ctrl e":
                return self._at(self.text, len(self.text))
            case "backspace" if before:
                return self._at(before[:-1] + behind, self.place - 1)
            case "delete" if behind:
                return self._at(before + behind[1:], self.place)
            case "ctrl u":
                return self._at(behind, 0)
            case "ctrl k":
                return self._at(before, self.place)
            case "ctrl w":
                kept = _WORD_END.sub("", before)
                return self._at(kept + behind, len(kept))
            case _ if is_character(key):
                return self.insert(key)
            case _:
                return None

    def _at(self, text: str, place: int, left_out: int = 0) -> TypedLine:
        return TypedLine(text=text, place=place, limit=self.limit, left_out=left_out)


def is_character(key: str) -> bool:
    """Whether a key (urwid's name) is a character that is typed, rather than one like F1."""
    return len(key) == 1 and not _CONTROL.match(key)


def one_line(text: str) -> str:
    """What a field takes of a paste: tabs are spaces, other control characters are left out.

    A key that was copied from a narrow window is whole again without its line breaks.
    """
    return _CONTROL.sub("", _BRACKETS.sub("", text).strip("\r\n").replace("\t", " "))
