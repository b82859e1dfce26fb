"""What a command or an answer leads to, for both renderers: which question is asked when, what is
saved, installed and shown, and how the screens end.

A renderer gives the conductor what a person wants, and carries out the effects that come back.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from installer.secret import Secret
from screens.engine import Engine
from screens.keys import Place
from screens.options import Options, Outcome
from screens.question import About, Question
from screens.steps.disk import disk_line
from screens.steps.finish import EndPage, end_pages
from screens.steps.recovery import written_down
from screens.walk import questions
from screens.walk.consoles import Consoles
from screens.walk.effects import (
    Ask,
    Blocked,
    Changed,
    Check,
    Effects,
    Install,
    Leave,
    Notice,
    Save,
    Show,
    Then,
)
from screens.walk.flow import Walk
from screens.walk.install import Installation
from screens.worker import Worker

_UNDO_SECONDS = 45.0
_PLACES = {"partitions": Place.TABLE, "actions": Place.ACTIONS}


class Conductor:
    """One person's walk, from the first screen to the last one.

    ``picture`` draws what is shown once, where the renderer has the characters for it.
    """

    def __init__(
        self,
        engine: Engine,
        options: Options,
        picture: Callable[[Secret], tuple[str, ...]] | None = None,
    ) -> None:
        self.walk = Walk(engine, seed=options.seed, console=options.console, baud=options.baud)
        self.consoles = Consoles(options)
        self.installation: Installation | None = None
        # The screens after the installation; what has a next one is confirmed first.
        self.pages: tuple[EndPage, ...] = ()
        self._engine = engine
        self._log = options.log
        self._picture = picture
        self._leaving = False
        self._answers: dict[About, Callable[[str], Effects]] = {
            About.QUIT: lambda _text: (Leave(outcome=Outcome.QUIT),),
            About.CANCEL: lambda _text: self._cancel(),
            About.SAVE: lambda text: self._save_kickstart(text.strip()),
            About.SAVE_LOG: lambda text: self._save_log(text.strip()),
            About.ERASE: lambda _text: self.consoles.refusal() or self._install(),
            About.TAKE_OVER: lambda _text: self.consoles.taken(),
            About.WRITTEN_DOWN: lambda _text: self._show_pages(self.pages[1:]),
            About.REMOVE: lambda _text: self._edit(self.walk.remove),
            About.GIVE_UP_EDITS: lambda _text: self._edit(self.walk.give_up_edits),
        }

    @property
    def place(self) -> Place:
        """What kind of screen this console is at."""
        if self.consoles.following:
            return Place.FOLLOWING
        if self.pages:
            return Place.END
        if self.installation:
            return Place.PROGRESS
        return _PLACES.get(self.walk.id, Place.FORM)

    @property
    def installs(self) -> bool:
        """An installation runs now."""
        return self.installation is not None and not self.installation.over

    # What a person wants.

    def change(self, field: str, value: str) -> Effects:
        """Take in what was typed or chosen."""
        if refusal := self.consoles.refusal():
            return refusal
        self.walk.set(field, value)
        return (Changed(),)

    def next(self) -> Effects:
        """Go on to the next step, to the last question, or past what is shown once."""
        if len(self.pages) > 1:
            return (Ask(question=written_down()),)
        return () if self.installation else (Check(then=Then.GO_ON),)

    def back(self) -> Effects:
        """Go to the screen before; from the first one, ask whether to leave."""
        if self.installation:
            return self.quit()
        if question := self.walk.leaving():
            return (Ask(question=question),)
        return (Show(),) if self.walk.back() else self.quit()

    def quit(self) -> Effects:
        """Ask whether to leave, or whether to cancel the installation that runs."""
        if self.place is Place.PROGRESS:
            return (Ask(question=questions.really_cancel()),) if self.installs else ()
        if len(self.pages) > 1:
            return (Ask(question=written_down()),)
        outcome = self.installation.state.outcome if self.installation else None
        return (Ask(question=questions.really_quit(outcome)),)

    def command(self, name: str) -> Effects:
        """Do what a command of a form, or a row of a table, says."""
        match name:
            case "rescan":
                self.walk.rescan()
                return (Show(),)
            case "save":
                return (Ask(question=questions.save_kickstart(self.walk.volumes())),)
            case "save_log":
                return (Ask(question=questions.save_log(self.walk.volumes())),)
            case "review":
                return self._back_to_the_review()
            case "reboot" | "poweroff":
                return self.consoles.refusal() or (Leave(outcome=Outcome(name)),)
            case _:
                edit = partial(self.walk.command, name)
                return self.consoles.refusal() or self._edit(edit)

    def answer(self, question: Question, text: str = "") -> Effects:
        """Do what a question was about, now that it is confirmed."""
        answered = self._answers.get(question.about)
        return answered(text) if answered else ()

    # What happens meanwhile.

    def checked(self, then: Then) -> Effects:
        """Everything that has changed is checked."""
        question = self.walk.take_question()
        if self.consoles.following:
            return ()
        if then is Then.GO_ON:
            return self._go_on()
        return (Show(), *((Ask(question=question),) if question else ()))

    def ended(self) -> Effects:
        """The installation has ended: show how."""
        installation = self.installation
        if self._leaving or installation is None:
            return (Leave(outcome=Outcome.QUIT),)
        shown = installation.shown_once
        return self._show_pages(end_pages(installation.state, shown, self._log, self._picture))

    def leave(self) -> Effects:
        """A signal ends this program: an installation that runs is undone first."""
        self._leaving = True
        if self.installation and self.installs:
            self.installation.cancel()
            return ()
        return (Leave(outcome=Outcome.QUIT),)

    def close(self, worker: Worker) -> None:
        """Whatever ended the screens: undo an installation that runs, and free the session."""
        if self.installation and self.installs:
            self.installation.cancel()
            worker.wait(_UNDO_SECONDS)
        self.consoles.session.release()

    # What follows.

    def _edit(self, edit: Callable[[], None]) -> Effects:
        edit()
        return (Check(then=Then.SHOW),)

    def _go_on(self) -> Effects:
        walk = self.walk
        if reason := walk.blocked():
            fields = tuple(each.field for each in walk.missing())
            return (Blocked(reason=reason, fields=fields),)
        if walk.last and walk.plan:
            question = questions.erase_disk(walk.plan, walk.wiped)
            return self.consoles.refusal() or (Ask(question=question),)
        return (Check(then=Then.SHOW),) if walk.forward() else ()

    def _install(self) -> Effects:
        plan = self.walk.plan
        if plan is None:
            return ()
        self.installation = Installation(self._engine, plan)
        self.consoles.session.set_busy(busy=True)
        title = f"Installing Photon onto {disk_line(plan.disk)}"
        return (Install(title=title, installation=self.installation),)

    def _cancel(self) -> Effects:
        if self.installation is None:
            return ()
        self.installation.cancel()
        return (Notice(text="Cancelling: what can be undone is being undone..."),)

    def _show_pages(self, pages: tuple[EndPage, ...]) -> Effects:
        self.pages = pages
        # Nobody else can have the session while a key is shown that is nowhere else.
        self.consoles.session.set_busy(busy=len(pages) > 1)
        return (Show(),)

    def _back_to_the_review(self) -> Effects:
        self.installation, self.pages = None, ()
        self.consoles.session.set_busy(busy=False)
        # The machine may have changed by what failed.
        self.walk.rescan()
        return (Show(),)

    def _save_kickstart(self, place: str) -> Effects:
        write = partial(self._engine.save, self.walk.draft.document(), place)
        return (Save(place=place, write=write),)

    def _save_log(self, place: str) -> Effects:
        if self.installation is None:
            return ()
        text = "\n".join(self.installation.log) + "\n"
        return (Save(place=place, write=partial(self._engine.save_text, text, place)),)
