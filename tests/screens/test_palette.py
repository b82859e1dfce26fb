"""The colours can be read, as a text console shows them."""

from __future__ import annotations

import pytest

from screens.full_screen.palette import PALETTE

# The console's own sixteen, as Linux sets them.
VGA = {
    "black": (0, 0, 0),
    "dark blue": (0, 0, 170),
    "dark cyan": (0, 170, 170),
    "light gray": (170, 170, 170),
    "light red": (255, 85, 85),
    "light green": (85, 255, 85),
    "yellow": (255, 255, 85),
    "white": (255, 255, 255),
}


def luminance(name: str) -> float:
    """Of WCAG 2: https://www.w3.org/TR/WCAG21/#dfn-relative-luminance."""
    shares = [part / 255 for part in VGA[name]]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("name", "front", "back", "_mono"), PALETTE)
def test_contrast_is_that_of_level_aa(name: str, front: str, back: str, _mono: str) -> None:
    darker, lighter = sorted((luminance(front), luminance(back)))
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5, name
