"""The line mode: the same forms asked line by line, for a terminal that can do nothing else.

Every screen prints its id, its text and its fields with a number each; an answer is one line.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from typing import NoReturn, Self

from installer.secret import Secret
from screens.engine import Engine
from screens.forms import YES, Check, Choice, Command, Field, Form, Note, Row, SecretText, Text
from screens.line_mode.terminal import Terminal, items_of, numbered, summary
from screens.options import Options, Outcome
from screens.progress import ProgressState
from screens.question import Question
from screens.session import Follower, Session
from screens.steps import finish
from screens.steps.disk import disk_line
from screens.steps.recovery import written_down
from screens.takeover import TakeOver, headline
from screens.walk import questions
from screens.walk.flow import Walk
from screens.walk.install import Installation
from screens.worker import Job, Worker

_POLL_SECONDS = 0.1
_FOLLOW_SECONDS = 1.0
_UNDO_SECONDS = 45.0
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
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
    """Another console has taken the session over while an answer was awaited."""


class Interrupts:
    """Ctrl-C: it ends what is asked or waited for, and nothing else.

    Anywhere else it is kept until the next question: no step is left half done by it.
    """

    def __init__(self) -> None:
        self._open = False
        self._kept = False

    def came(self, _number: int, _frame: object) -> None:
        """The signal's handler."""
        if self._open:
            # One is enough: another would come while this one is being dealt with.
            self._open = False
            raise KeyboardInterrupt
        self._kept = True

    def allowed(self) -> Self:
        """Inside, Ctrl-C raises KeyboardInterrupt; so does one that came before."""
        return self

    def __enter__(self) -> None:
        if self._kept:
            self._kept = False
            raise KeyboardInterrupt
        self._open = True

    def __exit__(self, *_error: object) -> None:
        self._open = self._kept = False


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
        plain.undo()
        plain.session.release()
    return Outcome.QUIT


def _leave(_number: int, _frame: object) -> NoReturn:
    # A second signal must not stop what the first one has begun to undo.
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise _QuitError


class Plain:
    """One person's walk in line mode."""

    def __init__(
        self, engine: Engine, options: Options, terminal: Terminal, interrupts: Interrupts
    ) -> None:
        self.walk = Walk(engine, seed=options.seed, console=options.console, baud=options.baud)
        self.session = Session(options.paths, options.console or "another terminal")
        self._options = options
        self._terminal = terminal
        self._interrupts = interrupts
        self._worker = Worker()
        self._installation: Installation | None = None
        terminal.idle = self._keep

    def walk_through(self) -> None:
        """One step after the other, for ever; leaving raises."""
        self._follow()
        while True:
            try:
                self._walk_on()
            except _GivenAwayError:
                self._follow()
            except KeyboardInterrupt:
                self._terminal.say("\n! Interrupted: nothing was changed.")

    def undo(self) -> None:
        """Whatever ended the walk, what an installation has mounted is taken back."""
        if self._installation and not self._installation.over:
            self._installation.cancel()
            self._worker.wait(_UNDO_SECONDS)

    def _walk_on(self) -> None:
        try:
            self._work()
        except KeyboardInterrupt:
            self._quit()
            return
        self.walk.check()
        self._show_step()
        try:
            answer = self._line("> ")
        except KeyboardInterrupt:
            self._terminal.say()
            self._quit()
        else:
            self._answer(answer.strip())

    def _line(self, prompt: str, *, secret: bool = False) -> str:
        with self._interrupts.allowed():
            return self._terminal.ask(prompt, secret=secret)

    def _keep(self) -> None:
        """Once a second while an answer is awaited: perhaps another console wants to go on."""
        had = self.session.held
        self.session.keep()
        if had and not self.session.held and self.session.owner():
            raise _GivenAwayError

    def _own(self) -> bool:
        """The first answer takes the session; without it nothing is answered here."""
        if self.session.take():
            return True
        self._terminal.say("! Another console has taken over.")
        self._follow()
        return False

    # The steps.

    def _show_step(self) -> None:
        walk, form = self.walk, self.walk.form()
        self._title(walk.id, walk.title)
        self._show_form(form)
        blocked = walk.blocked()
        following = f"Enter {form.next_label}" if not blocked else f"{form.next_label}: {blocked}"
        following = following if form.next_label else "enter a number"
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
            if isinstance(item, Row):
                self._terminal.show(f"  {number}. {item.text}")
                for line in (*([f"! {item.problem}"] if item.problem else []), *item.detail):
                    say(f"     {line}")
                continue
            say(f"  {number}. {summary(item)}")
            if not isinstance(item, Command) and item.id in self._shown_problems(item):
                say(f"     ! {self.walk.problems()[item.id]}")
        say()

    def _shown_problems(self, field: Field) -> tuple[str, ...]:
        """An empty field is not wrong yet; what is missing is said at the end."""
        typed = isinstance(field, Text | SecretText)
        empty = field.value in {"", Secret("")} if typed else True
        return () if empty or field.id not in self.walk.problems() else (field.id,)

    def _answer(self, answer: str) -> None:
        match answer.lower():
            case "" | "n":
                self._next()
            case "b":
                self._back()
            case "h" | "?":
                for line in _HELP:
                    self._terminal.say(line)
            case "q":
                self._quit()
            case _:
                self._pick(self.walk.form(), answer)

    def _back(self) -> None:
        if question := self.walk.leaving():
            self._ask(question)
        else:
            self.walk.back()

    def _pick(self, form: Form, answer: str) -> None:
        item = numbered(items_of(form), answer) or form.command_for(answer)
        if item is None:
            self._terminal.say(f"! {answer!r} is not a valid choice; h shows the help")
        elif isinstance(item, Command) and item.refused:
            self._terminal.say(f"! not now: {item.refused}")
        elif isinstance(item, Command | Row):
            self._command(item.id)
        else:
            self._change(item)

    def _change(self, field: Field) -> None:
        match field:
            case Choice():
                self._choose(field)
            case Check() if field.refused and not field.value:
                self._terminal.say(f"! not now: {field.refused}")
            case Check():
                self._set(field.id, "" if field.value else YES)
            case SecretText():
                self._set_text(field, self._line(f"{field.label}: ", secret=True))
            case Text():
                hint = f" ({field.hint})" if field.hint else ""
                self._terminal.say(f"Press Enter to keep, - to clear.{hint}")
                text = self._line(f"{field.label} [{field.value}]: ").strip()
                if text:
                    self._set_text(field, "" if text == "-" else text)
        self.walk.check()
        problem = self.walk.problems().get(field.id)
        if problem:
            self._terminal.say(f"! {problem}")

    def _set(self, field: str, value: str) -> None:
        if self._own():
            self.walk.set(field, value)

    def _set_text(self, field: Text | SecretText, text: str) -> None:
        if len(text) > field.limit:
            self._terminal.say(
                f"! At most {field.limit} characters fit here, and these are {len(text)}: "
                "nothing was changed."
            )
        else:
            self._set(field.id, text)

    def _choose(self, choice: Choice) -> None:
        say = self._terminal.say
        say(choice.label)
        for number, option in enumerate(choice.options, start=1):
            mark = "*" if option.value == choice.value else "-" if option.refused else " "
            refused = f"  ! unavailable: {option.refused}" if option.refused else ""
            say(f"  {number}. ({mark}) {option.label}{refused}")
            for line in option.detail:
                say(f"         {line}")
        answer = self._line("Number (Enter to keep): ").strip()
        picked = numbered(choice.options, answer)
        if picked is None:
            if answer:
                say(f"! {answer!r} is not a valid choice")
        elif picked.refused:
            say(f"! unavailable: {picked.refused}")
        else:
            self._set(choice.id, picked.value)

    def _next(self) -> None:
        self.walk.check()
        blocked = self.walk.blocked()
        if blocked:
            self._terminal.say(f"! {blocked}")
        elif question := self.walk.last_question(self._install):
            if self._own():
                self._ask(question)
        else:
            self.walk.forward()

    def _command(self, command: str) -> None:
        match command:
            case "rescan":
                self.walk.rescan()
            case "save":
                self._ask(questions.save_kickstart(self.walk.volumes(), self._save))
            case "save_log":
                self._ask(questions.save_log(self.walk.volumes(), self._save_log))
            case "review":
                self._installation = None
                self.walk.rescan()
            case "reboot" | "poweroff":
                raise _QuitError(Outcome(command))
            case _ if self._own():
                question = self.walk.command(command)
                self.walk.check()
                if asked := question or self.walk.take_question():
                    self._ask(asked)

    def _quit(self) -> None:
        def leave(_text: str) -> None:
            raise _QuitError

        outcome = self._installation.state.outcome if self._installation else None
        self._ask(questions.really_quit(outcome, leave))

    def _ask(self, question: Question) -> None:
        """Ask a dialog's question; Enter alone never does harm."""
        for line in question.lines:
            self._terminal.say(line)
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
            question.answer(text)

    def _save(self, place: str) -> None:
        self._run(self.walk.save_job(place, lambda wrong: self._saved(place, wrong)))

    def _save_log(self, place: str) -> None:
        if self._installation:
            self._run(self._installation.save_job(place, lambda wrong: self._saved(place, wrong)))

    def _saved(self, place: str, wrong: str) -> None:
        # A path is not broken: it may be copied from here.
        self._terminal.show(questions.saved_text(place, wrong))

    # Work that takes long.

    def _work(self) -> None:
        while job := self.walk.job():
            self._run(job)

    def _run(self, job: Job) -> None:
        self._terminal.say(f"{job.title}...")
        with self._interrupts.allowed():
            told = job.finish()
        told()

    def _install(self) -> None:
        plan = self.walk.plan
        if plan is None:
            return
        self._title("progress", "Installing")
        self._terminal.say(f"Installing Photon onto {disk_line(plan.disk)}. Ctrl-C cancels.")
        worker = self._worker
        self._installation = Installation(self.walk.engine, plan, wake=lambda: None)
        self.session.set_busy(busy=True)
        worker.start(self._installation.job())
        shown = _Shown(self._terminal.say)
        while not self._installation.over:
            try:
                worker.drain()
                self._installation.drain()
                shown.show(self._installation.state, self._installation.log)
                with self._interrupts.allowed():
                    time.sleep(_POLL_SECONDS)
            except KeyboardInterrupt:
                self._ask_cancel()
        shown.show(self._installation.state, self._installation.log)
        self._show_end(self._installation)

    def _ask_cancel(self) -> None:
        self._terminal.say()
        try:
            self._ask(questions.really_cancel(lambda _text: self._cancel()))
        except KeyboardInterrupt:
            self._terminal.say("\n! The installation goes on.")

    def _cancel(self) -> None:
        if self._installation:
            self._installation.cancel()

    def _show_end(self, installation: Installation) -> None:
        if installation.state.outcome is None:
            return
        shown, log = installation.shown_once, self._options.log
        *before, last = finish.end_pages(installation.state, shown, log)
        for page in before:
            self._show_key(page)
        self.session.set_busy(busy=False)
        while self._installation is not None:
            self._title(last.id, last.title)
            self._show_form(last.form)
            try:
                self._pick(last.form, self._line("Number: ").strip())
            except KeyboardInterrupt:
                self._terminal.say()
                self._quit()
            except _GivenAwayError:
                self._follow()

    def _show_key(self, page: finish.EndPage) -> None:
        """What is shown once stays until it is written down."""
        written: list[str] = []
        while not written:
            self._title(page.id, page.title)
            self._show_form(page.form)
            try:
                self._ask(written_down(written.append))
            except KeyboardInterrupt:
                self._terminal.say()

    def _follow(self) -> None:
        """Show what another console does until it is through, or lets this one go on."""
        follower, shown = Follower(self._options.paths), _Shown(self._terminal.say)
        takeover, told = TakeOver(self.session), ""
        while not takeover.attempt() and (owner := self.session.owner()):
            if told != headline(owner):
                told = headline(owner)
                self._title("following", "Progress")
                self._terminal.say(told if owner.busy else f"{told} Enter takes over.")
            follower.read()
            shown.show(follower.state, list(follower.state.log))
            try:
                with self._interrupts.allowed():
                    pressed = self._terminal.pressed(_FOLLOW_SECONDS)
                if pressed and not owner.busy and not takeover.asked:
                    self._ask(questions.take_over(owner, lambda _text: takeover.ask()))
            except KeyboardInterrupt:
                self._terminal.say()
                self._quit()


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
