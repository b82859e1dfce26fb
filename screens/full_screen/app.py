"""The urwid application: one frame, in which the steps, the progress and the end are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import urwid

from installer.errors import InstallerError
from screens import keys
from screens.engine import Engine
from screens.forms import Form, SecretText, Text
from screens.full_screen.consoles import Consoles
from screens.full_screen.mainloop import MainLoop
from screens.full_screen.widgets.dialog import Dialog
from screens.full_screen.widgets.form import FormView, Hooks
from screens.full_screen.widgets.frame import Frame, Working
from screens.full_screen.widgets.progress import ProgressView
from screens.keys import Act, Place
from screens.options import Options, Outcome
from screens.question import Question
from screens.steps import finish
from screens.steps.disk import disk_line
from screens.steps.recovery import written_down
from screens.walk import questions
from screens.walk.checks import Checks
from screens.walk.flow import Walk
from screens.walk.install import Installation
from screens.worker import Job, Worker

_TICK_SECONDS = 1.0
_UNDO_SECONDS = 45.0
# What takes longer says so.
_SILENT_SECONDS = 0.1


class App:
    """Ties the walk, the worker and the widgets together. ``widget`` is the top one."""

    def __init__(self, engine: Engine, options: Options) -> None:
        self.walk = Walk(engine, seed=options.seed, console=options.console, baud=options.baud)
        self.worker = Worker()
        self.outcome: Outcome | None = None
        self.installation: Installation | None = None
        self.widget = Frame(self._key, self._small_key)
        self._consoles = Consoles(options, self.widget, self._ask, self._resume)
        self.session = self._consoles.session
        self._options = options
        self._busy: Job | None = None
        self._touched: set[str] = set()
        self._repaint_planned = False
        self._leaving = False
        self._pages: tuple[finish.EndPage, ...] = ()
        # Both belong to the main loop, once it runs.
        self._later: Callable[[float, Callable[[], None]], None] = lambda _seconds, _call: None
        self._clear: Callable[[], None] = lambda: None
        self.checks = Checks(self.walk, self.worker)
        self.show_step()

    def run(self, screen: urwid.BaseScreen | None = None) -> Outcome:
        """Show the screens until the person quits, or asks to reboot or power off."""
        loop = MainLoop(self.widget, lambda: self.checks.awaited, screen)
        self.worker.notify = loop.waker(self._woken)
        self._later, self._clear = loop.later, loop.clear
        self.checks.run_on(loop.later)
        self.worker.notify()
        self._keep_ticking()
        try:
            loop.run(self.session.used, lambda: self.worker.post(self.leave))
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

    def tick(self) -> None:
        """Once a second: look what the other consoles do."""
        self._consoles.tick()

    def _resume(self) -> None:
        """Show what this console was at before it followed another one."""
        if self._pages:
            self._show_page()
        else:
            self.show_step()

    def _keep_ticking(self) -> None:
        self.tick()
        self._later(_TICK_SECONDS, self._keep_ticking)

    def _woken(self) -> None:
        if self.worker.drain():
            # What has come may be about the answers, too.
            self.checks.changed()
        self.refresh()

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
        self.widget.keys(keys.footer_line(self._place()))
        if isinstance(view, FormView):
            self.checks.begin()
            self._refresh_form(view)

    def refresh(self) -> None:
        """Bring what is shown in line with what is known."""
        if self._consoles.following:
            return
        if self.installation:
            self._refresh_progress()
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

    def _when_checked(self, call: Callable[[], None]) -> None:
        """Call it once all is checked. Until then no key is taken: it may be for what comes."""

        def checked() -> None:
            if isinstance(self.widget.view, FormView):
                self.widget.view.tell("")
            if not self._consoles.following:
                call()

        self.checks.then(checked)
        if self.checks.awaited:
            self._later(_SILENT_SECONDS, self._say_checking)

    def _say_checking(self) -> None:
        if self.checks.awaited and isinstance(self.widget.view, FormView):
            self.widget.view.tell("Checking...")

    def _waiting(self) -> bool:
        """The step cannot be shown before the work that runs is done."""
        return self._busy is not None and self.walk.awaits_work

    def _start_work(self) -> None:
        job = self.walk.job()
        if job is None or self._busy is not None:
            return

        def done(result: object) -> None:
            self._busy = None
            job.done(result)

        def failed(error: InstallerError) -> None:
            self._busy = None
            before = self.walk.id
            job.failed(error)
            if self.walk.id != before:
                self.show_step()

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
        if self._consoles.own():
            self.walk.set(field, value)
            self.checks.changed()
            self.refresh()

    def _leave(self, field: str) -> None:
        self._touched.add(field)
        self.refresh()

    def _next(self) -> None:
        self._when_checked(self._go_on)

    def _go_on(self) -> None:
        if self.walk.blocked():
            self._point_at_problem()
        elif question := self.walk.last_question(self._install):
            if self._consoles.own():
                self._ask(question)
        elif self.walk.forward():
            self._when_checked(self.show_step)

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
                self._ask(questions.save_kickstart(self.walk.volumes(), self._save))
            case "save_log":
                self._ask(questions.save_log(self.walk.volumes(), self._save_log))
            case "review":
                # The machine may have changed by what failed.
                self.installation, self._pages = None, ()
                self.session.set_busy(busy=False)
                self.walk.rescan()
                self.show_step()
            case "reboot" | "poweroff":
                self._stop(Outcome(command))
            case _ if self._consoles.own():
                question = self.walk.command(command)
                self._when_checked(partial(self._commanded, question))

    def _commanded(self, question: Question | None) -> None:
        self.show_step()
        if asked := question or self.walk.take_question():
            self._ask(asked)

    # Dialogs.

    def _ask(self, question: Question) -> None:
        def answer(text: str) -> None:
            editing = self.walk.editor is not None
            question.answer(text)
            if editing:
                self._when_checked(self.show_step)

        self.widget.open(Dialog(replace(question, answer=answer), self.widget.close))

    def _place(self) -> Place:
        """What kind of screen this is."""
        if self._consoles.following:
            return Place.FOLLOWING
        if isinstance(self.widget.view, ProgressView):
            return Place.PROGRESS
        if self._pages:
            return Place.END
        return {"partitions": Place.TABLE, "actions": Place.ACTIONS}.get(self.walk.id, Place.FORM)

    def _ask_help(self) -> None:
        place = self._place()
        fields = self.walk.form().fields() if place is Place.FORM else ()
        typing = any(isinstance(each, Text | SecretText) for each in fields)
        self._ask(questions.help_on_keys(place, typing=typing))

    def _ask_quit(self) -> None:
        if len(self._pages) > 1:
            self._ask_written()
        else:
            self._ask(self._quit_question())

    def _quit_question(self) -> Question:
        outcome = self.installation.state.outcome if self.installation else None
        return questions.really_quit(outcome, lambda _text: self._stop(Outcome.QUIT))

    def _small_key(self, key: str) -> None:
        """A terminal that is too small for a dialog asks whether to leave all the same."""
        asked, self.widget.asked = self.widget.asked, None
        if asked:
            if key in {"y", "Y"}:
                asked.answer("")
        elif keys.act_of(key) is Act.QUIT:
            self.widget.asked = self._small_question()

    def _small_question(self) -> Question | None:
        installation = self.installation
        if installation and not installation.over:
            return questions.really_cancel(lambda _text: self._cancel(installation))
        return None if self._consoles.following or len(self._pages) > 1 else self._quit_question()

    def _save(self, place: str) -> None:
        self.worker.start(self.walk.save_job(place, partial(self._saved, place)))

    def _save_log(self, place: str) -> None:
        if self.installation:
            self.worker.start(self.installation.save_job(place, partial(self._saved, place)))

    def _saved(self, place: str, wrong: str) -> None:
        self._ask(questions.saved(place, wrong))

    # The installation.

    def _install(self) -> None:
        plan = self.walk.plan
        if plan is None:
            return
        wake = partial(self.worker.post, self._plan_repaint)
        self.installation = Installation(self.walk.engine, plan, wake=wake)
        self.session.set_busy(busy=True)
        view = ProgressView(f"Installing Photon onto {disk_line(plan.disk)}")
        self._show("progress", "Installing", view)
        self.widget.keys(keys.footer_line(Place.PROGRESS))
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
        # Nobody else can have the session while a key is shown that is nowhere else.
        self.session.set_busy(busy=len(self._pages) > 1)
        label = page.form.next_label
        buttons = ((label, self._ask_written),) if label else ()
        self._show(page.id, page.title, FormView(page.form, self._hooks(), buttons))
        self.widget.keys(keys.footer_line(Place.END))

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
        elif self.widget.dialog is not None:
            return False
        elif act is Act.HELP:
            self._ask_help()
        elif self._consoles.following:
            self._consoles.press(key)
        else:
            return self._act(act, key)
        return True

    def _act(self, act: Act | None, key: str) -> bool:
        match act:
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
        if not isinstance(self.widget.view, FormView) or self.installation:
            return False
        command = self.walk.form().command_for(keys.shortcut(key))
        if command is None:
            return False
        self._command(command.id)
        return True
