"""Why a menu is not followed to its end."""

from __future__ import annotations


class ScriptError(ValueError):
    """It is not a script; the text says why."""


class LimitError(Exception):
    """Nobody would write such a menu; the text, behind "the menu" or "it", says what it does."""


class UncertainError(Exception):
    """What GRUB would do is not known for certain; the text says why."""
