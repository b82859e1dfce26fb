"""The urwid application: one frame, in which the steps, the progress and the end are shown."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import urwid

from installer.errors import InstallerError
from screens import keys, questions
from screens.engine import Engine
from screens.flow import Walk
from screens.forms import Form
from screens.install import Installation
from screens.keys import Act
from screens.options import Options, Outcome
from screens.palette import PALETTE
from screens.questions import Question
from screens.recovery import written_down
from screens.session import Follower, Session
from screens.steps import finish
from screens.steps.disk import disk_line
from screens.widgets.dialog import Dialog
from screens.widgets.form import FormView, Hooks
from screens.widgets.frame import Frame, Working
from screens.widgets.progress import ProgressView
from screens.worker import Job, Worker

_TICK_SECONDS = 1.0
_UNDO_SECONDS = 45.0


class App:
    """Ties the walk, the worker and the widgets together. ``widget`` is the top one."""

    def __init__(self, engine: Engine, options: Options) -> None:
        self.walk = Walk(engine, seed=options.seed, console=options.console, baud=options.baud)
        self.worker = Worker()
        self.outcome: Outcome | None = None
        self.installation: Installation | None = None
        self.session = Session(options.paths, options.console or "another terminal")
        self.widget = Frame(self._key)
        self._options = options
        self._follower: Follower | None = None
        self._busy: Job | None = None
        self._touched: set[str] = set()
        self._repaint_planned = False
        self._leaving = False
        self._pages: tuple[finish.EndPage, ...] = ()
        # Both belong to the main loop, once it runs.
        self._later: Callable[[float, Callable[[], None]], None] = lambda _seconds, _call: None
        self._clear: Callable[[], None] = lambda: None
        self.show_step()

    def run(self, screen: urwid.BaseScreen | None = None) -> Outcome:
        """Show the screens until the person quits, or asks to reboot or power off."""
        loop: Any = urwid.MainLoop(self.widget, PALETTE, screen=screen, handle_mouse=False)
        pipe = loop.watch_pipe(self._woken)
        self.worker.notify = lambda: _poke(pipe)
        self._later = lambda seconds, call: _call_later(loop, seconds, call)
        self._clear = loop.screen.clear
        # Ctrl-C, Ctrl-Z and Ctrl-S are keys like others: nothing is left half done by them.
        loop.screen.tty_signal_keys(*["undefined"] * 5)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda _number, _frame: self.worker.post(self.leave))
        self.worker.notify()
        self._tick_for_ever()
        try:
            loop.run()
        finally:
            self._undo()
            self.session.release()
        return self.outcome or Outcome.QUIT

    def leave(self) -> None:
        """Somebody else ends this program: an installation that runs is undone first."""
        self._leaving = True
        if self.installation and not self.installation.over:
            self.installation.cancel()
        else:
            self._stop(Outcome.QUIT)

    def _undo(self) -> None:
        """Whatever ended the loop, what an installation has mounted is taken back."""
        if self.installation and not self.installation.over:
            self.installation.cancel()
            self.worker.wait(_UNDO_SECONDS)

    # The consoles.

    def tick(self) -> None:
        """Once a second: look what the other consoles do."""
        if self.session.held:
            return
        owner = self.session.owner()
        if owner:
            self._follow(owner)
        elif self._follower:
            self._follower = None
            self.show_step()

    def _follow(self, owner: str) -> None:
        view = self.widget.view
        if self._follower is None or not isinstance(view, ProgressView):
            self._follower = Follower(self._options.paths)
            view = ProgressView(f"This machine is being installed from {owner}.")
            self._show("following", "Progress", view)
            self.widget.keys("This console takes over when the other one has left.")
        self._follower.read()
        view.show(self._follower.state)

    def _tick_for_ever(self) -> None:
        self.tick()
        self._later(_TICK_SECONDS, self._tick_for_ever)

    def _woken(self, _data: bytes) -> bool:
        self.worker.drain()
        self.refresh()
        return True

    def _stop(self, outcome: Outcome) -> None:
        self.outcome = outcome
        raise urwid.ExitMainLoop

    # The steps.

    def show_step(self) -> None:
        """Show the step that the walk is at, or that it is being prepared."""
        self._start_work()
        walk = self.walk
        view: urwid.Widget
        if self._waiting():
            view = Working(f"{self._busy.title if self._busy else 'Working'}...")
        else:
            form = walk.form()
            view = FormView(form, self._hooks(), self._buttons(form))
        self._show(walk.id, walk.title, view)
        self.widget.keys(keys.footer_line(editing=walk.id == "partitions"))
        if isinstance(view, FormView):
            self._refresh_form(view)

    def refresh(self) -> None:
        """Bring what is shown in line with what is known."""
        if self.installation:
            self._refresh_progress()
            return
        if self._follower:
            return
        self._start_work()
        view = self.widget.view
        if isinstance(view, Working) is not self._waiting():
            self.show_step()
        elif isinstance(view, FormView):
            self._refresh_form(view)

    def _refresh_form(self, view: FormView) -> None:
        problems = self.walk.problems()
        shown = {name: str(problems[name]) for name in self._touched if name in problems}
        view.refresh(self.walk.form(), shown, self.walk.blocked(told=shown))

    def _waiting(self) -> bool:
        """The step cannot be shown before the work that runs is done."""
        walk = self.walk
        return self._busy is not None and not walk.first and (walk.last or walk.machine is None)

    def _start_work(self) -> None:
        job = self.walk.job()
        if job is None or self._busy is not None:
            return

        def done(result: object) -> None:
            self._busy = None
            job.done(result)

        def failed(error: InstallerError) -> None:
            self._busy = None
            job.failed(error)

        self._busy = job
        self.worker.start(Job(title=job.title, run=job.run, done=done, failed=failed))

    def _hooks(self) -> Hooks:
        return Hooks(change=self._change, leave=self._leave, command=self._command)

    def _buttons(self, form: Form) -> tuple[tuple[str, Callable[[], None]], ...]:
        back = () if self.walk.first else (("Back", self._back),)
        commands = ((each.label, partial(self._command, each.id)) for each in form.commands)
        following = ((form.next_label, self._next),) if form.next_label else ()
        return (
            *following, *back, *commands, ("Help", self._ask_help), ("Quit", self._ask_quit)
        )  # fmt: skip

    def _change(self, field: str, value: str) -> None:
        self.walk.set(field, value)
        self.refresh()

    def _leave(self, field: str) -> None:
        self._touched.add(field)
        self.refresh()

    def _next(self) -> None:
        if self.walk.blocked():
            self._point_at_problem()
        elif question := self.walk.last_question(self._install):
            self._ask(question)
        elif not self.session.take():
            self.tick()
        elif self.walk.forward():
            self.show_step()

    def _point_at_problem(self) -> None:
        missing = self.walk.missing()
        self._touched.update(problem.field for problem in missing)
        if missing and isinstance(self.widget.view, FormView):
            self.widget.view.go_to(missing[0].field)
        self.refresh()

    def _back(self) -> None:
        if question := self.walk.leaving():
            self._ask(question)
        elif self.walk.back():
            self.show_step()
        else:
            self._ask_quit()

    def _command(self, command: str) -> None:
        match command:
            case "rescan":
                self.walk.rescan()
                self.show_step()
            case "save":
                self._ask(questions.save_kickstart(self._save))
            case "save_log":
                self._ask(questions.save_log(self._save_log))
            case "review":
                # The machine may have changed by what failed.
                self.installation, self._pages = None, ()
                self.walk.rescan()
                self.show_step()
            case "reboot" | "poweroff":
                self._stop(Outcome(command))
            case _:
                question = self.walk.command(command)
                self.show_step()
                if question:
                    self._ask(question)

    # Dialogs.

    def _ask(self, question: Question) -> None:
        def answer(text: str) -> None:
            editing = self.walk.editor is not None
            question.answer(text)
            if editing:
                self.show_step()

        self.widget.open(Dialog(replace(question, answer=answer), self.widget.close))

    def _ask_help(self) -> None:
        self._ask(questions.help_on_keys(editing=self.walk.editor is not None))

    def _ask_quit(self) -> None:
        if len(self._pages) > 1:
            self._ask_written()
            return
        self._ask(questions.really_quit(lambda _text: self._stop(Outcome.QUIT)))

    def _save(self, path: str) -> None:
        self.worker.start(self.walk.save_job(Path(path), partial(self._saved, path)))

    def _save_log(self, path: str) -> None:
        if self.installation:
            self.worker.start(self.installation.save_job(Path(path), partial(self._saved, path)))

    def _saved(self, path: str, wrong: str) -> None:
        text = f"! Not saved: {wrong}" if wrong else f"Saved as {path}"
        self._ask(questions.tell("Not saved" if wrong else "Saved", text))

    # The installation.

    def _install(self) -> None:
        plan = self.walk.plan
        if plan is None:
            return
        wake = partial(self.worker.post, self._plan_repaint)
        self.installation = Installation(self.walk.engine, plan, wake=wake)
        view = ProgressView(f"Installing Photon onto {disk_line(plan.disk)}")
        self._show("progress", "Installing", view)
        self.widget.keys("Esc Cancel the installation  F1 Help")
        self.worker.start(self.installation.job())

    def _plan_repaint(self) -> None:
        """Events come by the hundred; the screen follows at the pace that the line can take."""
        if not self._repaint_planned:
            self._repaint_planned = True
            self._later(self._options.interval, self._repaint)

    def _repaint(self) -> None:
        self._repaint_planned = False
        self._refresh_progress()

    def _refresh_progress(self) -> None:
        installation, view = self.installation, self.widget.view
        if installation is None or not isinstance(view, ProgressView):
            return
        if installation.over:
            self._show_end(installation)
        elif not self._repaint_planned:
            installation.drain()
            view.show(installation.state)

    def _show_end(self, installation: Installation) -> None:
        if self._leaving:
            self._stop(Outcome.QUIT)
        if installation.state.outcome is None:
            return
        shown, log = installation.shown_once, self._options.log
        picture = self.walk.engine.picture if urwid.supports_unicode() else None
        self._pages = finish.end_pages(installation.state, shown, log, picture)
        self._show_page()

    def _show_page(self) -> None:
        page = self._pages[0]
        label = page.form.next_label
        buttons = ((label, self._ask_written),) if label else ()
        self._show(page.id, page.title, FormView(page.form, self._hooks(), buttons))
        self.widget.keys(keys.footer_line(ended=True))

    def _ask_written(self) -> None:
        self._ask(written_down(lambda _text: self._written()))

    def _written(self) -> None:
        self._pages = self._pages[1:]
        self._show_page()

    def _ask_cancel(self) -> None:
        installation = self.installation
        if installation and not installation.over:
            self._ask(questions.really_cancel(lambda _text: self._cancel(installation)))

    def _cancel(self, installation: Installation) -> None:
        installation.cancel()
        self.widget.keys("Cancelling: what can be undone is being undone...")

    # Keys.

    def _show(self, name: str, title: str, view: urwid.Widget) -> None:
        self._touched.clear()
        console = self._options.console.removeprefix("/dev/")
        self.widget.show(view, f"Photon installer  [{name}]  {title}", console)

    def _key(self, key: str) -> bool:
        """Do what the key means on every screen; False when it is the widgets' own business."""
        act = keys.act_of(key)
        if act is Act.REDRAW:
            self._clear()
            return True
        if self.widget.dialog is not None:
            return False
        match act:
            case Act.HELP:
                self._ask_help()
            case Act.BACK | Act.QUIT if isinstance(self.widget.view, ProgressView):
                self._ask_cancel()
            case Act.BACK if self.installation is None:
                self._back()
            case Act.BACK | Act.QUIT:
                self._ask_quit()
            case Act.NEXT if isinstance(self.widget.view, FormView) and self.installation is None:
                self._next()
            case _:
                return self._shortcut(key)
        return True

    def _shortcut(self, key: str) -> bool:
        """A letter does what a command of the form says it does."""
        if not isinstance(self.widget.view, FormView) or self.installation or self._follower:
            return False
        command = self.walk.form().command_for(keys.shortcut(key))
        if command is None:
            return False
        self._command(command.id)
        return True


def _poke(pipe: int) -> None:
    os.write(pipe, b"x")


def _call_later(loop: Any, seconds: float, call: Callable[[], None]) -> None:
    loop.set_alarm_in(seconds, lambda _loop, _data: call())
