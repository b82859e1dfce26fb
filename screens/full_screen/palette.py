"""The colours: name, foreground, background, and what a terminal without colours shows.

Colour only repeats what a character says already: ``>`` is the focus, ``(*)`` the choice, ``!`` a
problem.
"""

from __future__ import annotations

PALETTE: tuple[tuple[str, str, str, str], ...] = (
    ("body", "light gray", "black", ""),
    ("header", "white", "dark blue", "standout"),
    ("footer", "white", "dark blue", "standout"),
    ("title", "white", "black", "bold"),
    ("dim", "dark cyan", "black", ""),
    ("label", "light gray", "black", ""),
    ("focus", "black", "dark cyan", "bold"),
    ("edit", "white", "black", ""),
    ("problem", "light red", "black", "bold"),
    ("warning", "yellow", "black", "bold"),
    ("good", "light green", "black", "bold"),
    ("dialog", "light gray", "black", ""),
    ("bar", "white", "black", "bold"),
)
