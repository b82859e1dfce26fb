"""The line mode: the same forms asked line by line, for a terminal that can do nothing else.

Every screen prints its id, its text and its fields with a number each; an answer is one line.
"""

from __future__ import annotations

import signal
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TextIO, TypeVar

from installer.events import Failed, Finished
from installer.secret import Secret
from screens import questions
from screens.engine import Engine
from screens.flow import STEPS, Walk
from screens.forms import Choice, Command, Field, Form, Note, SecretText, Text
from screens.install import Installation
from screens.options import Options, Outcome
from screens.progress import ProgressState
from screens.questions import Question
from screens.session import Follower, Session
from screens.steps import finish
from screens.steps.disk import disk_line
from screens.worker import Job, Worker

_T = TypeVar("_T")

_POLL_SECONDS = 0.1
_FOLLOW_SECONDS = 1.0
_UNDO_SECONDS = 45.0
_HELP = (
    "Enter     the next screen",
    "a number  change that field, or do that",
    "b         the screen before; nothing is lost",
    "h         this help",
    "q         quit the installer (it asks first)",
)


class _QuitError(Exception):
    """The person leaves, or the line was cut."""

    def __init__(self, outcome: Outcome = Outcome.QUIT) -> None:
        super().__init__(outcome)
        self.outcome = outcome


def _leave(_number: int, _frame: object) -> NoReturn:
    raise _QuitError


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Where lines come from and go to."""

    source: TextIO
    sink: TextIO

    def say(self, text: str = "") -> None:
        """Print a line."""
        print(text, file=self.sink, flush=True)

    def ask(self, prompt: str, *, secret: bool = False) -> str:
        """Print the prompt and read a line; a secret is not echoed."""
        print(prompt, end="", file=self.sink, flush=True)
        with _no_echo(self.source) if secret else _as_it_is():
            line = self.source.readline()
        if secret:
            self.say()
        if not line:
            raise _QuitError
        return line.rstrip("\r\n")


def run_plain(engine: Engine, options: Options, terminal: Terminal | None = None) -> Outcome:
    """Walk through the steps line by line until the person quits, reboots or powers off."""
    if terminal is None:
        terminal = Terminal(source=sys.stdin, sink=sys.stdout)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _leave)
    plain = Plain(engine, options, terminal)
    try:
        plain.walk_through()
    except _QuitError as left:
        return left.outcome
    finally:
        plain.undo()
        plain.session.release()
    return Outcome.QUIT


class Plain:
    """One person's walk in line mode."""

    def __init__(self, engine: Engine, options: Options, terminal: Terminal) -> None:
        self.walk = Walk(engine, seed=options.seed, console=options.console, baud=options.baud)
        self.session = Session(options.paths, options.console or "another terminal")
        self._options = options
        self._terminal = terminal
        self._worker = Worker()
        self._installation: Installation | None = None

    def walk_through(self) -> None:
        """One step after the other, for ever; leaving raises."""
        self._follow()
        while True:
            self._work()
            self._show_step()
            self._answer(self._terminal.ask("> ").strip())

    def undo(self) -> None:
        """Whatever ended the walk, what an installation has mounted is taken back."""
        if self._installation and not self._installation.over:
            self._installation.cancel()
            self._worker.wait(_UNDO_SECONDS)

    # The steps.

    def _show_step(self) -> None:
        walk, form = self.walk, self.walk.form()
        self._title(walk.step.id, f"{walk.number}/{len(STEPS)}  {walk.step.title}")
        self._show_form(form)
        blocked = walk.blocked()
        following = f"Enter {form.next_label}" if not blocked else f"{form.next_label}: {blocked}"
        back = "" if walk.first else "  b Back"
        self._terminal.say(f"{following}\n(number) Change{back}  h Help  q Quit")

    def _title(self, name: str, title: str) -> None:
        self._terminal.say(f"\n== Photon installer  [{name}]  {title} ==")

    def _show_form(self, form: Form) -> None:
        say = self._terminal.say
        number = 0
        for item in (*form.items, *form.commands):
            if isinstance(item, Note):
                say(item.text)
                continue
            number += 1
            say(f"  {number}. {_summary(item)}")
            if not isinstance(item, Command) and item.id in self._shown_problems(item):
                say(f"     ! {self.walk.problems()[item.id]}")
        say()

    def _shown_problems(self, field: Field) -> tuple[str, ...]:
        """An empty field is not wrong yet; what is missing is said at the end."""
        empty = field.value in {"", Secret("")} if not isinstance(field, Choice) else True
        return () if empty or field.id not in self.walk.problems() else (field.id,)

    def _answer(self, answer: str) -> None:
        match answer.lower():
            case "" | "n":
                self._next()
            case "b":
                self.walk.back()
            case "h" | "?":
                for line in _HELP:
                    self._terminal.say(line)
            case "q":
                self._quit()
            case _:
                self._pick(self.walk.form(), answer)

    def _pick(self, form: Form, answer: str) -> None:
        item = _numbered(_items(form), answer)
        if item is None:
            self._terminal.say(f"! {answer!r} is none of the numbers above; h shows the help")
        elif isinstance(item, Command):
            self._command(item.id)
        else:
            self._change(item)

    def _change(self, field: Field) -> None:
        match field:
            case Choice():
                self._choose(field)
            case SecretText():
                self.walk.set(field.id, self._terminal.ask(f"{field.label}: ", secret=True))
            case Text():
                hint = f" ({field.hint})" if field.hint else ""
                self._terminal.say(f"Enter keeps it, - empties it.{hint}")
                text = self._terminal.ask(f"{field.label} [{field.value}]: ").strip()
                if text:
                    self.walk.set(field.id, "" if text == "-" else text)
        problem = self.walk.problems().get(field.id)
        if problem:
            self._terminal.say(f"! {problem}")

    def _choose(self, choice: Choice) -> None:
        say = self._terminal.say
        say(choice.label)
        for number, option in enumerate(choice.options, start=1):
            mark = "*" if option.value == choice.value else "-" if option.refused else " "
            refused = f"  ! cannot be used: {option.refused}" if option.refused else ""
            say(f"  {number}. ({mark}) {option.label}{refused}")
            for line in option.detail:
                say(f"         {line}")
        answer = self._terminal.ask("Number (Enter keeps it): ").strip()
        picked = _numbered(choice.options, answer)
        if picked is None:
            if answer:
                say(f"! {answer!r} is none of the numbers above")
        elif picked.refused:
            say(f"! cannot be used: {picked.refused}")
        else:
            self.walk.set(choice.id, picked.value)

    def _next(self) -> None:
        blocked = self.walk.blocked()
        if blocked:
            self._terminal.say(f"! {blocked}")
        elif self.walk.last and self.walk.plan:
            self._ask(questions.erase_disk(self.walk.plan, lambda _text: self._install()))
        elif self.session.take():
            self.walk.forward()
        else:
            self._follow()

    def _command(self, command: str) -> None:
        match command:
            case "rescan":
                self.walk.rescan()
            case "save":
                self._ask(questions.save_kickstart(self._save))
            case "save_log":
                self._ask(questions.save_log(self._save_log))
            case "review":
                self._installation = None
                self.walk.rescan()
            case "reboot" | "poweroff":
                raise _QuitError(Outcome(command))

    def _quit(self) -> None:
        def leave(_text: str) -> None:
            raise _QuitError

        self._ask(questions.really_quit(answer=leave))

    def _ask(self, question: Question) -> None:
        """Ask a dialog's question; Enter alone never does harm."""
        for line in question.lines:
            self._terminal.say(line)
        if question.label:
            default = f" [{question.text}]" if question.text else " (Enter cancels)"
            text = self._terminal.ask(f"{question.label}{default}: ").strip() or question.text
        else:
            text = self._terminal.ask(f"Type yes to {question.confirm.lower()}: ").strip()
            text = "" if text.lower() != "yes" else text
        if not text:
            return
        refused = question.refuse(text)
        if refused:
            self._terminal.say(f"! {refused}")
        else:
            question.answer(text)

    def _save(self, path: str) -> None:
        self._run(self.walk.save_job(Path(path), lambda wrong: self._saved(path, wrong)))

    def _save_log(self, path: str) -> None:
        if self._installation:
            job = self._installation.save_job(Path(path), lambda wrong: self._saved(path, wrong))
            self._run(job)

    def _saved(self, path: str, wrong: str) -> None:
        self._terminal.say(f"! Not saved: {wrong}" if wrong else f"Saved as {path}")

    # Work that takes long.

    def _work(self) -> None:
        while job := self.walk.job():
            self._run(job)

    def _run(self, job: Job) -> None:
        self._terminal.say(f"{job.title}...")
        job.finish()()

    def _install(self) -> None:
        plan = self.walk.plan
        if plan is None:
            return
        self._title("progress", "Installing")
        self._terminal.say(f"Installing Photon onto {disk_line(plan.disk)}. Ctrl-C cancels.")
        worker = self._worker
        self._installation = Installation(self.walk.engine, plan, wake=lambda: None)
        worker.start(self._installation.job())
        shown = _Shown(self._terminal.say)
        while not self._installation.over:
            try:
                worker.drain()
                self._installation.drain()
                shown.show(self._installation.state, self._installation.log)
                time.sleep(_POLL_SECONDS)
            except KeyboardInterrupt:
                self._ask(questions.really_cancel(lambda _text: self._cancel()))
        shown.show(self._installation.state, self._installation.log)
        self._show_end(self._installation)

    def _cancel(self) -> None:
        if self._installation:
            self._installation.cancel()

    def _show_end(self, installation: Installation) -> None:
        match installation.state.outcome:
            case Finished() as outcome:
                name, form = "done", finish.done_form(outcome)
            case Failed() as outcome:
                name, form = "failed", finish.failed_form(outcome, self._options.log)
            case _:
                return
        while self._installation is not None:
            self._title(name, name.capitalize())
            self._show_form(form)
            self._pick(form, self._terminal.ask("Number: ").strip())

    def _follow(self) -> None:
        """Show what another console does until it is through."""
        follower, shown = Follower(self._options.paths), _Shown(self._terminal.say)
        told = False
        while owner := self.session.owner():
            if not told:
                self._title("following", "Progress")
                self._terminal.say(f"This machine is being installed from {owner}.")
                told = True
            follower.read()
            shown.show(follower.state, list(follower.state.log))
            time.sleep(_FOLLOW_SECONDS)


class _Shown:
    """Prints what is new of a progress: the log line by line, the bar by steps of five."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._count = 0
        self._percent = 0

    def show(self, state: ProgressState, log: list[str]) -> None:
        """Print what has come since the last time."""
        for line in log[self._count :]:
            self._say(f"  {line}")
        self._count = max(self._count, len(log))
        percent = int(state.fraction * 20) * 5
        if percent > self._percent:
            self._percent = percent
            self._say(f"{percent} %")


def _items(form: Form) -> tuple[Field | Command, ...]:
    return tuple(item for item in (*form.items, *form.commands) if not isinstance(item, Note))


def _numbered(items: tuple[_T, ...], answer: str) -> _T | None:
    """The item whose number (from 1) was typed."""
    if not (answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(items)):
        return None
    return items[int(answer) - 1]


def _summary(item: Field | Command) -> str:
    match item:
        case Command():
            return item.label
        case Choice():
            labels = (option.label for option in item.options if option.value == item.value)
            return f"{item.label}: {next(labels, 'none yet')}"
        case SecretText():
            typed = item.kept or item.value != Secret("")
            return f"{item.label}: {'set' if typed else 'not set'}"
        case Text():
            return f"{item.label}: {item.value}"


@contextmanager
def _no_echo(source: TextIO) -> Iterator[None]:
    """Nothing that is typed is shown; what is no terminal has no echo."""
    if not source.isatty():
        yield
        return
    descriptor = source.fileno()
    before = termios.tcgetattr(descriptor)
    silent = termios.tcgetattr(descriptor)
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield
