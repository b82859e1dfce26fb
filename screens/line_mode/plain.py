"""The line mode: the same forms asked line by line, for a terminal that can do nothing else.

Every screen prints its id, its text and its fields with a number each; an answer is one line.
"""

from __future__ import annotations

import signal
import sys
import time
from functools import partial
from typing import NoReturn

from screens.engine import Engine
from screens.forms import Command, Field, Form, Row, SecretText
from screens.keys import Place
from screens.line_mode.fields import ask_value, show_form
from screens.line_mode.interrupts import Interrupts
from screens.line_mode.printed import Printed
from screens.line_mode.terminal import Terminal, items_of, numbered
from screens.options import Options, Outcome
from screens.question import Question
from screens.steps.finish import EndPage
from screens.takeover import headline
from screens.walk import questions
from screens.walk.conductor import Conductor
from screens.walk.effects import (
    Ask,
    Blocked,
    Changed,
    Check,
    Effect,
    Effects,
    Follow,
    Install,
    Leave,
    Notice,
    Save,
    Show,
)
from screens.walk.install import Installation
from screens.worker import Job, Worker

_POLL_SECONDS = 0.1
_FOLLOW_SECONDS = 1.0
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_INTERRUPTED = "\n! Interrupted: nothing was changed."
_HELP = (
    "Enter     the next screen",
    "a number  change that field, or do that",
    "a letter  before a colon: run that command",
    "b         the screen before; nothing is lost",
    "h         this help",
    "q         quit the installer (it asks first); Ctrl-C at a question takes that back",
)


class _QuitError(Exception):
    """The person leaves, or the line was cut."""

    def __init__(self, outcome: Outcome = Outcome.QUIT) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class _GivenAwayError(Exception):
    """Another console has the session since an answer was awaited."""


def run_plain(engine: Engine, options: Options, terminal: Terminal | None = None) -> Outcome:
    """Walk through the steps line by line until the person quits, reboots or powers off."""
    interrupts = Interrupts()
    if terminal is None:
        terminal = Terminal(source=sys.stdin, sink=sys.stdout)
        signal.signal(signal.SIGINT, interrupts.came)
        for number in _ENDING:
            signal.signal(number, _leave)
    plain = Plain(engine, options, terminal, interrupts)
    try:
        plain.walk_through()
    except EOFError:
        return Outcome.QUIT
    except _QuitError as left:
        return left.outcome
    finally:
        plain.close()


def _leave(_number: int, _frame: object) -> NoReturn:
    # A second signal must not stop what the first one has begun to undo.
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise _QuitError


class Plain:
    """One person's walk in line mode. Each turn shows where the conductor is, and reads a line."""

    def __init__(
        self, engine: Engine, options: Options, terminal: Terminal, interrupts: Interrupts
    ) -> None:
        self._conductor = Conductor(engine, options)
        self._walk = self._conductor.walk
        self._terminal = terminal
        self._interrupts = interrupts
        self._worker = Worker()
        self._printed = Printed(terminal.say)
        terminal.idle = self._keep

    def walk_through(self) -> NoReturn:
        """One turn after the other, without end; leaving raises."""
        self._conductor.consoles.tick()
        while True:
            try:
                self._turn()
            except _GivenAwayError:
                continue
            except KeyboardInterrupt:
                self._terminal.say(_INTERRUPTED)

    def close(self) -> None:
        """Whatever ended the walk."""
        self._conductor.close(self._worker)

    def _turn(self) -> None:
        conductor = self._conductor
        match conductor.place:
            case Place.FOLLOWING:
                self._follow()
            case Place.PROGRESS if conductor.installation:
                self._progress(conductor.installation)
            case Place.END:
                self._page(conductor.pages[0])
            case _:
                self._step()

    def _line(self, prompt: str, *, secret: bool = False) -> str:
        with self._interrupts.allowed():
            line = self._terminal.ask(prompt, secret=secret)
        self._conductor.consoles.session.used()
        return line

    def _keep(self) -> None:
        """Once a second while an answer is awaited: perhaps another console is used now."""
        consoles = self._conductor.consoles
        if consoles.following:
            return
        consoles.tick()
        if consoles.following:
            raise _GivenAwayError

    # Effects.

    def _carry_out(self, effects: Effects) -> None:
        for effect in effects:
            self._effect(effect)

    def _effect(self, effect: Effect) -> None:  # noqa: C901  (one line for each)
        match effect:
            case Changed() | Show() | Follow():
                pass  # the next turn shows it
            case Ask(question=question):
                self._ask(question)
            case Check(then=then):
                self._walk.check()
                self._carry_out(self._conductor.checked(then))
            case Blocked(reason=reason):
                self._terminal.say(f"! {reason}")
            case Notice(text=text):
                self._terminal.say(text)
            case Save():
                self._save(effect)
            case Install():
                self._install(effect)
            case Leave(outcome=outcome):
                raise _QuitError(outcome)

    def _ask(self, question: Question) -> None:
        """Ask a dialog's question; Enter alone never does harm."""
        for line in question.lines:
            self._terminal.say(line)
        if not question.confirm:
            return
        if question.label:
            default = f" [{question.text}]" if question.text else " (Enter cancels)"
            text = self._line(f"{question.label}{default}: ").strip() or question.text
        else:
            text = self._line(f"{question.confirm}? Type yes: ").strip()
            text = "" if text.lower() != "yes" else text
        if not text:
            return
        refused = question.refuse(text)
        if refused:
            self._terminal.say(f"! {refused}")
        else:
            self._carry_out(self._conductor.answer(question, text))

    def _save(self, save: Save) -> None:
        def done(wrong: str) -> None:
            # A path is not broken: it may be copied from here.
            self._terminal.show(questions.saved_text(save.place, wrong))

        self._run(save.job(done))

    def _install(self, install: Install) -> None:
        self._title("progress", "Installing")
        self._terminal.say(f"{install.title}. Ctrl-C cancels.")
        self._printed = Printed(self._terminal.say)
        self._worker.start(install.installation.job())

    # The steps.

    def _step(self) -> None:
        try:
            self._work()
        except KeyboardInterrupt:
            self._carry_out(self._conductor.quit())
            return
        self._walk.check()
        self._show_step()
        try:
            answer = self._line("> ")
        except KeyboardInterrupt:
            self._terminal.say()
            self._carry_out(self._conductor.quit())
        else:
            self._answer(answer.strip())

    def _work(self) -> None:
        while job := self._walk.job():
            self._run(job)

    def _run(self, job: Job) -> None:
        self._terminal.say(f"{job.title}...")
        with self._interrupts.allowed():
            finish = job.finish()
        finish()

    def _show_step(self) -> None:
        walk, form = self._walk, self._walk.form()
        self._title(walk.id, walk.title)
        show_form(self._terminal, form, walk.problems())
        blocked = walk.blocked()
        following = f"Enter {form.next_label}" if not blocked else f"{form.next_label}: {blocked}"
        following = following if form.next_label else "enter a number"
        back = "" if walk.first else "  b Back"
        self._terminal.say(f"{following}\n(number) Change{back}  h Help  q Quit")

    def _title(self, name: str, title: str) -> None:
        self._terminal.say(f"\n== Photon installer  [{name}]  {title} ==")

    def _answer(self, answer: str) -> None:
        match answer.lower():
            case "" | "n":
                self._carry_out(self._conductor.next())
            case "b":
                self._carry_out(self._conductor.back())
            case "h" | "?":
                for line in _HELP:
                    self._terminal.say(line)
            case "q":
                self._carry_out(self._conductor.quit())
            case _:
                self._pick(self._walk.form(), answer)

    def _pick(self, form: Form, answer: str) -> None:
        item = numbered(items_of(form), answer) or form.command_for(answer)
        if item is None:
            self._terminal.say(f"! {answer!r} is not a valid choice; h shows the help")
        elif isinstance(item, Command) and item.refused:
            self._terminal.say(f"! not now: {item.refused}")
        elif isinstance(item, Command | Row):
            self._carry_out(self._conductor.command(item.id))
        else:
            self._change(item)

    def _change(self, field: Field) -> None:
        read = partial(self._line, secret=isinstance(field, SecretText))
        value = ask_value(field, self._terminal, read)
        if value is not None:
            self._carry_out(self._conductor.change(field.id, value))
        self._walk.check()
        if problem := self._walk.problems().get(field.id):
            self._terminal.say(f"! {problem}")

    # The installation, and what comes after it.

    def _progress(self, installation: Installation) -> None:
        try:
            self._worker.drain()
            installation.drain()
            self._printed.show(installation.state, installation.log)
            if installation.over:
                self._carry_out(self._conductor.ended())
                return
            with self._interrupts.allowed():
                time.sleep(_POLL_SECONDS)
        except KeyboardInterrupt:
            self._terminal.say()
            self._carry_out_or(self._conductor.quit(), "\n! The installation goes on.")

    def _page(self, page: EndPage) -> None:
        self._title(page.id, page.title)
        show_form(self._terminal, page.form, {})
        if page.form.next_label:
            # What is shown once stays until it is written down.
            self._carry_out_or(self._conductor.next(), "")
            return
        try:
            answer = self._line("Number: ")
        except KeyboardInterrupt:
            self._terminal.say()
            self._carry_out(self._conductor.quit())
        else:
            self._pick(page.form, answer.strip())

    def _carry_out_or(self, effects: Effects, interrupted: str) -> None:
        """Carry the effects out; Ctrl-C at a question of theirs takes that back."""
        try:
            self._carry_out(effects)
        except KeyboardInterrupt:
            self._terminal.say(interrupted)

    # Another console.

    def _follow(self) -> None:
        """Show what another console does until it is through, or lets this one go on."""
        printed, said = Printed(self._terminal.say), ""
        while follow := self._following():
            owner = follow.owner
            if said != headline(owner):
                said = headline(owner)
                self._title("following", "Progress")
                self._terminal.say(said if owner.busy else f"{said} Enter takes over.")
            printed.show(follow.state, follow.log)
            try:
                with self._interrupts.allowed():
                    pressed = self._terminal.pressed(_FOLLOW_SECONDS)
            except KeyboardInterrupt:
                self._terminal.say()
                self._carry_out_or(self._conductor.quit(), _INTERRUPTED)
            else:
                asked = self._conductor.consoles.take_over() if pressed else ()
                self._carry_out_or(asked, _INTERRUPTED)

    def _following(self) -> Follow | None:
        effects = self._conductor.consoles.tick()
        return next((each for each in effects if isinstance(each, Follow)), None)
