"""The urwid application: one frame, in which the steps, the progress and the end are shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import urwid

from installer.errors import InstallerError
from screens import keys
from screens.engine import Engine
from screens.forms import Form, SecretText, Text
from screens.full_screen.following import following_keys, show_following
from screens.full_screen.mainloop import MainLoop
from screens.full_screen.widgets.dialog import Dialog
from screens.full_screen.widgets.form import FormView, Hooks
from screens.full_screen.widgets.frame import Frame, Working
from screens.full_screen.widgets.progress import ProgressView
from screens.keys import Act, Place
from screens.options import Options, Outcome
from screens.question import About, Question
from screens.walk import questions
from screens.walk.checks import Checks
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
    Then,
)
from screens.worker import Job, Worker

_TICK_SECONDS = 1.0
# What takes longer says so.
_SILENT_SECONDS = 0.1
# What can be asked where there is no room for a dialog: nothing depends on how it looks.
_ASKED_SHORT = frozenset({About.QUIT, About.CANCEL})


class App:
    """Ties the conductor, the worker and the widgets together. ``widget`` is the top one."""

    def __init__(self, engine: Engine, options: Options) -> None:
        picture = engine.picture if urwid.supports_unicode() else None
        self.conductor = Conductor(engine, options, picture)
        self.walk = self.conductor.walk
        self.session = self.conductor.consoles.session
        self.worker = Worker()
        self.outcome: Outcome | None = None
        self.widget = Frame(self._key, self._small_key)
        self._options = options
        self._busy: Job | None = None
        self._touched: set[str] = set()
        self._followed: ProgressView | None = None
        self._repaint_planned = False
        # Both belong to the main loop, once it runs.
        self._later: Callable[[float, Callable[[], None]], None] = lambda _seconds, _call: None
        self._clear: Callable[[], None] = lambda: None
        self.checks = Checks(self.walk, self.worker)
        self.show()

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
            self.conductor.close(self.worker)
        return self.outcome or Outcome.QUIT

    def leave(self) -> None:
        """Somebody else ends this program."""
        self._carry_out(self.conductor.leave())

    def tick(self) -> None:
        """Once a second: look what the other consoles do."""
        self._carry_out(self.conductor.consoles.tick())

    def _keep_ticking(self) -> None:
        self.tick()
        self._later(_TICK_SECONDS, self._keep_ticking)

    def _woken(self) -> None:
        if self.worker.drain():
            # What has come may be about the answers, too.
            self.checks.changed()
        self.refresh()

    # Effects.

    def _carry_out(self, effects: Effects) -> None:
        for effect in effects:
            self._effect(effect)

    def _effect(self, effect: Effect) -> None:  # noqa: C901  (one line for each)
        match effect:
            case Changed():
                self.checks.changed()
                self.refresh()
            case Show():
                self.show()
            case Ask(question=question):
                self._open(question)
            case Check(then=then):
                self._check(then)
            case Blocked(fields=fields):
                self._point_at(fields)
            case Notice(text=text):
                self.widget.keys(text)
            case Save():
                self._save(effect)
            case Install():
                self._install(effect)
            case Follow():
                self._follow(effect)
            case Leave(outcome=outcome):
                self.outcome = outcome
                raise urwid.ExitMainLoop

    def _open(self, question: Question) -> None:
        def answer(text: str) -> None:
            self._carry_out(self.conductor.answer(question, text))

        self.widget.open(Dialog(question, self.widget.close, answer))

    def _check(self, then: Then) -> None:
        """Until all is checked no key is taken: it may be for what comes."""

        def checked() -> None:
            self._tell("")
            self._carry_out(self.conductor.checked(then))

        self.checks.then(checked)
        if self.checks.awaited:
            self._later(_SILENT_SECONDS, self._say_checking)

    def _say_checking(self) -> None:
        if self.checks.awaited:
            self._tell("Checking...")

    def _tell(self, text: str) -> None:
        if isinstance(self.widget.view, FormView):
            self.widget.view.tell(text)

    def _point_at(self, fields: tuple[str, ...]) -> None:
        self._touched.update(fields)
        if fields and isinstance(self.widget.view, FormView):
            self.widget.view.go_to(fields[0])
        self.refresh()

    def _save(self, save: Save) -> None:
        def done(wrong: str) -> None:
            self._open(questions.saved(save.place, wrong))

        self.worker.start(save.job(done))

    def _install(self, install: Install) -> None:
        install.installation.wake = partial(self.worker.post, self._plan_repaint)
        self._show("progress", "Installing", ProgressView(install.title))
        self.widget.keys(keys.footer_line(Place.PROGRESS))
        self.worker.start(install.installation.job())

    def _follow(self, follow: Follow) -> None:
        view = self._followed
        if view is None or view is not self.widget.view:
            view = self._followed = ProgressView("")
            self._show("following", "Progress", view)
        show_following(view, follow)
        self.widget.keys(following_keys(follow))

    # What is shown.

    def show(self) -> None:
        """Show the step that the walk is at, or that it is being prepared, or how it ended."""
        if pages := self.conductor.pages:
            page = pages[0]
            view = FormView(page.form, self._hooks(), self._page_buttons(page.form))
            self._show(page.id, page.title, view)
            self.widget.keys(keys.footer_line(Place.END))
        else:
            self._show_step()

    def _show(self, name: str, title: str, view: urwid.Widget) -> None:
        self._touched.clear()
        console = self._options.console.removeprefix("/dev/")
        self.widget.show(view, f"Photon installer  [{name}]  {title}", console)

    def _show_step(self) -> None:
        self._start_work()
        walk = self.walk
        view: urwid.Widget
        if self._waiting():
            view = Working(f"{self._busy.title if self._busy else 'Working'}...")
        else:
            form = walk.form()
            view = FormView(form, self._hooks(), self._step_buttons(form))
        self._show(walk.id, walk.title, view)
        self.widget.keys(keys.footer_line(self.conductor.place))
        if isinstance(view, FormView):
            self.checks.begin()
            self._refresh_form(view)

    def refresh(self) -> None:
        """Bring what is shown in line with what is known."""
        match self.conductor.place:
            case Place.FOLLOWING | Place.END:
                return
            case Place.PROGRESS:
                self._refresh_progress()
            case _:
                self._refresh_step()

    def _refresh_step(self) -> None:
        self._start_work()
        view = self.widget.view
        if isinstance(view, Working) is not self._waiting():
            self._show_step()
        elif isinstance(view, FormView):
            self._refresh_form(view)

    def _refresh_form(self, view: FormView) -> None:
        problems = self.walk.problems()
        shown = {name: str(problems[name]) for name in self._touched if name in problems}
        view.refresh(self.walk.form(), shown, self.walk.blocked(shown))

    def _refresh_progress(self) -> None:
        installation, view = self.conductor.installation, self.widget.view
        if installation is None or not isinstance(view, ProgressView):
            return
        if installation.over:
            self._carry_out(self.conductor.ended())
        elif not self._repaint_planned:
            installation.drain()
            view.show(installation.state)

    def _plan_repaint(self) -> None:
        """Events come by the hundred; the screen follows at the pace that the line can take."""
        if not self._repaint_planned:
            self._repaint_planned = True
            self._later(self._options.interval, self._repaint)

    def _repaint(self) -> None:
        self._repaint_planned = False
        if self.conductor.place is Place.PROGRESS:
            self._refresh_progress()

    def _hooks(self) -> Hooks:
        return Hooks(change=self._change, leave=self._leave, command=self._command)

    def _step_buttons(self, form: Form) -> tuple[tuple[str, Callable[[], None]], ...]:
        back = () if self.walk.first else (("Back", self._back),)
        commands = ((each.label, partial(self._command, each.id)) for each in form.commands)
        following = ((form.next_label, self._next),) if form.next_label else ()
        return (
            *following, *back, *commands, ("Help", self._ask_help), ("Quit", self._quit)
        )  # fmt: skip

    def _page_buttons(self, form: Form) -> tuple[tuple[str, Callable[[], None]], ...]:
        return ((form.next_label, self._next),) if form.next_label else ()

    # Work that takes long.

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
            if self.walk.id != before and self.conductor.place is not Place.FOLLOWING:
                self._show_step()

        self._busy = job
        self.worker.start(Job(title=job.title, run=job.run, done=done, failed=failed))

    # What a person does.

    def _change(self, field: str, value: str) -> None:
        self._carry_out(self.conductor.change(field, value))

    def _leave(self, field: str) -> None:
        self._touched.add(field)
        self.refresh()

    def _command(self, command: str) -> None:
        self._carry_out(self.conductor.command(command))

    def _next(self) -> None:
        self._carry_out(self.conductor.next())

    def _back(self) -> None:
        self._carry_out(self.conductor.back())

    def _quit(self) -> None:
        self._carry_out(self.conductor.quit())

    def _ask_help(self) -> None:
        place = self.conductor.place
        fields = self.walk.form().fields() if place is Place.FORM else ()
        typing = any(isinstance(each, Text | SecretText) for each in fields)
        self._open(questions.help_on_keys(place, typing=typing))

    def _key(self, key: str) -> bool:
        """Do what the key means on every screen; False when it is the widgets' own business."""
        act = keys.act_of(key)
        if act is Act.REDRAW:
            self._clear()
        elif self.widget.dialog is not None:
            return False
        elif act is Act.HELP:
            self._ask_help()
        elif self.conductor.place is Place.FOLLOWING:
            if key == "enter":
                self._carry_out(self.conductor.consoles.take_over())
        else:
            return self._act(act, key)
        return True

    def _act(self, act: Act | None, key: str) -> bool:
        match act:
            case Act.BACK:
                self._back()
            case Act.QUIT:
                self._quit()
            case Act.NEXT if self._on_form():
                self._next()
            case _:
                return self._shortcut(key)
        return True

    def _shortcut(self, key: str) -> bool:
        """A letter does what a command of the form says it does."""
        if not self._on_form():
            return False
        command = self.walk.form().command_for(keys.shortcut(key))
        if command is None:
            return False
        self._command(command.id)
        return True

    def _on_form(self) -> bool:
        """A step is shown, and not the progress or the end."""
        return isinstance(self.widget.view, FormView) and self.conductor.installation is None

    def _small_key(self, key: str) -> None:
        """A terminal that is too small for a dialog asks whether to leave all the same."""
        asked, self.widget.asked = self.widget.asked, None
        if asked:
            if key in {"y", "Y"}:
                self._carry_out(self.conductor.answer(asked))
        elif keys.act_of(key) is Act.QUIT and self.conductor.place is not Place.FOLLOWING:
            asks = [each for each in self.conductor.quit() if isinstance(each, Ask)]
            short = (each.question for each in asks if each.question.about in _ASKED_SHORT)
            self.widget.asked = next(short, None)
