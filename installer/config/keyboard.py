"""A keyboard layout with its variant, in the notation of XKB: ``de``, ``us(intl)``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyboard:
    """A layout of xkeyboard-config(7), and a variant of it ("" for the layout as it is)."""

    layout: str = "us"
    variant: str = ""

    def __str__(self) -> str:
        return f"{self.layout}({self.variant})" if self.variant else self.layout


def keyboard_from_text(text: str) -> Keyboard:
    """The keyboard that ``text`` names, which the schema has found to be of the right form."""
    layout, _, variant = text.removesuffix(")").partition("(")
    return Keyboard(layout=layout, variant=variant)
