"""The other consoles, on the full screen: whose turn it is, and how this console gets it."""

from __future__ import annotations

from collections.abc import Callable

from screens import keys
from screens.full_screen.widgets.frame import Frame
from screens.full_screen.widgets.progress import ProgressView
from screens.keys import Place
from screens.options import Options
from screens.question import Question
from screens.session import Follower, Holder, Session
from screens.takeover import TakeOver, headline, idle_text
from screens.walk import questions

_BUSY = "The installer is in use on another console.  F1 Help"


class Consoles:
    """Shows what another console does, while that has the session.

    ``ask`` opens a question; ``resume`` shows what this console was at.
    """

    def __init__(
        self,
        options: Options,
        frame: Frame,
        ask: Callable[[Question], None],
        resume: Callable[[], None],
    ) -> None:
        self.session = Session(options.paths, options.console or "another terminal")
        self._paths = options.paths
        self._console = options.console.removeprefix("/dev/")
        self._frame = frame
        self._ask = ask
        self._resume = resume
        self._follower: Follower | None = None
        self._takeover = TakeOver(self.session)

    @property
    def following(self) -> bool:
        """Another console is shown, not this one's own screens."""
        return self._follower is not None

    def tick(self) -> None:
        """Once a second: look what the other consoles do."""
        self.session.keep()
        if self._takeover.attempt():
            self._alone()
        elif not self.session.held:
            owner = self.session.owner()
            if owner:
                self._follow(owner)
            elif self.following:
                self._alone()

    def own(self) -> bool:
        """The first answer takes the session; without it nothing is answered here."""
        if self.session.take():
            return True
        self.tick()
        return False

    def press(self, key: str) -> None:
        """What a key does while another console is shown."""
        owner = self.session.owner()
        if key == "enter" and owner and not owner.busy and not self._takeover.asked:
            self._ask(questions.take_over(owner, lambda _text: self._take_over()))

    def _take_over(self) -> None:
        self._takeover.ask()
        self.tick()

    def _alone(self) -> None:
        self._follower = None
        self._resume()

    def _follow(self, owner: Holder) -> None:
        view = self._frame.view
        if self._follower is None or not isinstance(view, ProgressView):
            self._follower = Follower(self._paths)
            view = ProgressView(headline(owner))
            self._frame.show(view, "Photon installer  [following]  Progress", self._console)
        self._follower.read()
        view.title, view.note = headline(owner), idle_text(owner)
        view.show(self._follower.state)
        waiting = f"Waiting for {owner.name} to let go..."
        text = _BUSY if owner.busy else keys.footer_line(Place.FOLLOWING)
        self._frame.keys(waiting if self._takeover.asked else text)
