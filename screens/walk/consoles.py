"""The other consoles: whose turn it is, and how this console gets it."""

from __future__ import annotations

from screens.options import Options
from screens.session import Follower, Holder, Session
from screens.takeover import TakeOver
from screens.walk import questions
from screens.walk.effects import Ask, Blocked, Effects, Follow, Show


class Consoles:
    """Follows another console while that has the session."""

    def __init__(self, options: Options) -> None:
        self.session = Session(options.paths, options.console or "another terminal")
        self._paths = options.paths
        self._follower: Follower | None = None
        self._takeover = TakeOver(self.session)

    @property
    def following(self) -> bool:
        """Another console is shown, not this one's own screens."""
        return self._follower is not None

    def tick(self) -> Effects:
        """Once a second: look what the other consoles do."""
        self.session.keep()
        if self._takeover.attempt():
            return self._alone()
        if self.session.held:
            return ()
        if owner := self.session.owner():
            return (self._follow(owner),)
        return self._alone() if self.following else ()

    def refusal(self) -> Effects:
        """What keeps this console from answering; the first answer takes the session."""
        if self.session.take():
            return ()
        return (Blocked(reason="Another console has taken over."), *self.tick())

    def take_over(self) -> Effects:
        """Ask whether to go on here, unless the other console installs."""
        owner = self.session.owner()
        if owner is None or owner.busy or self._takeover.asked:
            return ()
        return (Ask(question=questions.take_over(owner)),)

    def taken(self) -> Effects:
        """Ask the other console to let this one go on."""
        self._takeover.ask()
        return self.tick()

    def _alone(self) -> Effects:
        self._follower = None
        return (Show(),)

    def _follow(self, owner: Holder) -> Follow:
        follower = self._follower = self._follower or Follower(self._paths)
        follower.read()
        return Follow(
            owner=owner,
            state=follower.state,
            log=tuple(follower.log),
            asked=self._takeover.asked,
        )
