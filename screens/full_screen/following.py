"""Another console, on the full screen: what it does, and how to take over."""

from __future__ import annotations

from screens import keys
from screens.full_screen.widgets.progress import ProgressView
from screens.keys import Place
from screens.takeover import headline, idle_text
from screens.walk.effects import Follow

_BUSY = "The installer is in use on another console.  F1 Help"


def show_following(view: ProgressView, follow: Follow) -> None:
    """Bring the view in line with what the other console does."""
    view.title, view.note = headline(follow.owner), idle_text(follow.owner)
    view.show(follow.state)


def following_keys(follow: Follow) -> str:
    """The bottom line meanwhile."""
    if follow.asked:
        return f"Waiting for {follow.owner.name} to let go..."
    return _BUSY if follow.owner.busy else keys.footer_line(Place.FOLLOWING)
