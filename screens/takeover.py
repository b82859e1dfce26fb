"""What another console says of the one that has the session, and how it gets it."""

from __future__ import annotations

import time

from screens.session import PATIENCE, Holder, Session


class TakeOver:
    """One console's request for the session of another one."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._until = 0.0

    @property
    def asked(self) -> bool:
        """The session is asked for, and not here yet."""
        return self._until > 0

    def ask(self) -> None:
        """Ask for the session."""
        self._session.request()
        self._until = time.monotonic() + 2 * PATIENCE

    def attempt(self) -> bool:
        """Take what was asked for; True once it is here.

        A program that does not let go of it is ended: nothing is lost by that but its answers.
        """
        if not self.asked:
            return False
        if self._session.take():
            self._until = 0.0
            return True
        holder = self._session.owner()
        if holder is not None and holder.busy:
            self._session.withdraw()
            self._until = 0.0
        elif time.monotonic() > self._until:
            self._session.end_owner()
        return False


def headline(holder: Holder) -> str:
    """Who has the session."""
    doing = "installed" if holder.busy else "set up"
    return f"This machine is being {doing} from {holder.name}."


def idle_text(holder: Holder) -> str:
    """How long nobody has typed there; "" while an installation runs."""
    if holder.busy:
        return ""
    minutes = int(holder.idle // 60)
    ago = "less than a minute" if minutes < 1 else f"{minutes} minute{'s' * (minutes > 1)}"
    return f"The last key was pressed there {ago} ago."
