"""The urwid application: one frame, in which the steps, the progress and the end are shown."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import urwid

from installer.events import Failed, Finished
from screens import keys
from screens.engine import Engine
from screens.flow import STEPS, Walk
from screens.forms import Command, Form
from screens.install import Installation
from screens.keys import Act
from screens.palette import PALETTE
from screens.session import Follower, Paths, Session
from screens.steps import finish
from screens.steps.disk import disk_line, short_name
from screens.widgets.dialog import Dialog, Question
from screens.widgets.form import FormView, Hooks
from screens.widgets.progress import ProgressView
from screens.widgets.rows import TextRow
from screens.worker import Job, Worker

COLUMNS, ROWS = 80, 24
SAVE_PATH = "/root/photon.json"
LOG_PATH = "/root/photon-install.log"


class Outcome(StrEnum):
    """Why the screens ended."""

    QUIT = "quit"
    REBOOT = "reboot"
    POWEROFF = "poweroff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the screens run. ``interval`` is the least time between two repaints of the progress,
    in seconds; ``log`` is the file that the engine writes."""

    seed: str
    console: str = ""
    baud: int = 0
    interval: float = 0.3
    paths: Paths = field(default_factory=Paths)
    log: str = "/run/photon-installer/install.log"


class App:
    """Ties the walk, the worker and the widgets together. ``widget`` is the top one."""

    def __init__(self, engine: Engine, options: Options) -> None:
        self.walk = Walk(engine, seed=options.seed, console=options.console, baud=options.baud)
        self.worker = Worker()
        self.outcome: Outcome | None = None
        self.installation: Installation | None = None
        self.session = Session(options.paths, options.console or "another terminal")
        self._options = options
        self._follower: Follower | None = None
        self._busy: Job | None = None
        self._touched: set[str] = set()
        self._alarm: Callable[[float, Callable[[], None]], None] = lambda _seconds, _call: None
        self._repaint_planned = False
        self._dialog: Dialog | None = None
        self._view: urwid.Widget = TextRow("", "body")
        self._progress = ProgressView("")
        self._header = TextRow("", "header")
        self._footer = TextRow(f" {keys.footer_line()}", "footer")
        self._body = urwid.WidgetPlaceholder(urwid.SolidFill(" "))
        padded = urwid.Padding(self._body, left=1, right=1)
        frame = urwid.Frame(
            urwid.AttrMap(padded, "body"), header=self._header, footer=self._footer
        )
        self._frame = frame
        self.widget = Root(frame, self._key)
        self.show_step()

    # --- the loop ---------------------------------------------------------------------------

    def run(self, screen: urwid.BaseScreen | None = None) -> Outcome:
        """Show the screens until the person quits, or asks to reboot or power off."""
        loop = urwid.MainLoop(self.widget, PALETTE, screen=screen, handle_mouse=False)
        pipe = loop.watch_pipe(self._woken)
        self.worker.notify = lambda: _poke(pipe)
        self._alarm = lambda seconds, call: _call_later(loop, seconds, call)
        self._clear = loop.screen.clear

        def tick() -> None:
            self.tick()
            self._alarm(1.0, tick)

        self._start_work()
        self._alarm(1.0, tick)
        try:
            loop.run()
        finally:
            self.session.release()
        return self.outcome or Outcome.QUIT

    def tick(self) -> None:
        """Once a second: look what the other consoles do."""
        if self.session.held or self.installation:
            return
        owner = self.session.owner()
        if not owner:
            if self._follower:
                self._follower = None
                self.show_step()
            return
        if self._follower is None:
            self._follower = Follower(self._options.paths)
            self._progress = ProgressView(f"This machine is being installed from {owner}.")
            self._show("following", "Progress", self._progress)
        self._follower.read()
        self._progress.show(self._follower.state)

    def _woken(self, _data: bytes) -> bool:
        self.worker.drain()
        self.refresh()
        return True

    def _stop(self, outcome: Outcome) -> None:
        self.outcome = outcome
        raise urwid.ExitMainLoop

    # --- the steps --------------------------------------------------------------------------

    def show_step(self) -> None:
        """Show the step that the walk is at, or that it is being prepared."""
        self._start_work()
        step, walk = self.walk.step, self.walk
        place = f"{walk.number}/{len(STEPS)}  {step.title}"
        if self._waiting():
            title = self._busy.title if self._busy else "Working"
            self._show(step.id, place, Working(f"{title}..."), number=True)
            return
        view = FormView(walk.form(), self._hooks(), self._buttons(walk.form()))
        self._show(step.id, place, view, number=True)
        self.refresh()

    def refresh(self) -> None:
        """Bring what is shown in line with what is known."""
        if self.installation:
            self._refresh_progress()
            return
        if self._follower:
            return
        self._start_work()
        if isinstance(self._view, Working) or self._waiting():
            if isinstance(self._view, Working) != self._waiting():
                self.show_step()
            return
        if isinstance(self._view, FormView):
            problems = self.walk.problems()
            shown = {name: str(problems[name]) for name in self._touched if name in problems}
            self._view.refresh(self.walk.form(), shown, self.walk.blocked())

    def _waiting(self) -> bool:
        """The step cannot be shown before the work that runs is done."""
        walk = self.walk
        return self._busy is not None and not walk.first and (walk.last or walk.machine is None)

    def _start_work(self) -> None:
        job = self.walk.job()
        if job is None or self._busy is not None:
            return
        self._busy = job

        def done(result: object) -> None:
            self._busy = None
            job.done(result)
            self._start_work()

        def failed(error: Exception) -> None:
            self._busy = None
            job.failed(error)  # type: ignore[arg-type]
            self._start_work()

        self.worker.start(Job(title=job.title, run=job.run, done=done, failed=failed))

    def _hooks(self) -> Hooks:
        return Hooks(change=self._change, leave=self._leave, command=self._command)

    def _buttons(self, form: Form) -> tuple[tuple[str, Callable[[], None]], ...]:
        back = () if self.walk.first else (("Back", self._back),)
        return (
            (form.next_label, self._next),
            *back,
            ("Help", self._help),
            ("Quit", self._ask_quit),
        )

    def _change(self, field_id: str, value: str) -> None:
        self.walk.set(field_id, value)
        self.refresh()

    def _leave(self, field_id: str) -> None:
        self._touched.add(field_id)
        self.refresh()

    def _next(self) -> None:
        if self.walk.blocked():
            self._point_at_problem()
        elif self.walk.last:
            self._confirm_install()
        elif not self.session.take():
            self.tick()
        elif self.walk.forward():
            self.show_step()

    def _point_at_problem(self) -> None:
        missing = self.walk.missing()
        self._touched.update(problem.field for problem in missing)
        if missing and isinstance(self._view, FormView):
            self._view.go_to(missing[0].field)
        self.refresh()

    def _back(self) -> None:
        if self.walk.back():
            self.show_step()
        else:
            self._ask_quit()

    def _command(self, command: str) -> None:
        match command:
            case "rescan" | "retry":
                self.walk.rescan()
                self.show_step()
            case "save":
                self._ask_save()
            case _:
                self._finish_command(command)

    # --- dialogs ----------------------------------------------------------------------------

    def ask(self, question: Question) -> None:
        """Put a question over the screen."""
        self._dialog = Dialog(question, self._close_dialog)
        width = min(72, COLUMNS - 6)
        self._body.original_widget = urwid.Overlay(
            self._dialog, self._view, "center", width, "middle", self._dialog.height
        )

    def _close_dialog(self) -> None:
        self._dialog = None
        self._body.original_widget = self._view

    def _tell(self, title: str, text: str) -> None:
        self.ask(Question(title=title, lines=tuple(_wrapped(text)), cancel="Close"))

    def _help(self) -> None:
        self.ask(Question(title="Keys", lines=keys.help_lines(), cancel="Close"))

    def _ask_quit(self) -> None:
        lines = (
            "Quit the installer? What you typed will be lost.",
            "Nothing has been written to any disk by it.",
        )
        if self.installation:
            lines = ("Quit the installer?", "It starts again from the beginning.")
        self.ask(
            Question(
                title="Quit",
                lines=lines,
                confirm="Quit",
                cancel="Stay",
                answer=lambda _text: self._stop(Outcome.QUIT),
            )
        )

    def _ask_save(self) -> None:
        def answer(text: str) -> None:
            path = Path(text)
            self.worker.start(self.walk.save_job(path, lambda wrong: self._saved(path, wrong)))

        self._ask_path(
            "Save as kickstart",
            "It repeats this installation. It holds password hashes; only root can read it.",
            SAVE_PATH,
            answer,
        )

    def _ask_path(
        self, title: str, line: str, path: str, answer: Callable[[str], None]
    ) -> None:
        self.ask(
            Question(
                title=title,
                lines=tuple(_wrapped(line)),
                confirm="Save",
                label="File",
                text=path,
                answer=answer,
                refuse=lambda text: "" if text.startswith("/") else "type a path from / on",
            )
        )

    def _saved(self, path: Path, wrong: str) -> None:
        if wrong:
            self._tell("Not saved", f"! {path} was not saved: {wrong}")
        else:
            self._tell("Saved", f"Saved as {path}")

    # --- installing -------------------------------------------------------------------------

    def _confirm_install(self) -> None:
        plan = self.walk.plan
        if plan is None:
            return
        name = short_name(plan.disk)

        def refuse(text: str) -> str:
            return "" if text.strip() == name else f"type {name} to go on, or choose Cancel"

        self.ask(
            Question(
                title="Erase the disk?",
                lines=(
                    "Everything on this disk will be lost:",
                    f"  {disk_line(plan.disk)}",
                    f"  serial {plan.disk.serial or 'unknown'}",
                    "",
                    f"Type {name} to confirm.",
                ),
                confirm="Erase and install",
                label="Disk to erase",
                answer=lambda _text: self._install(),
                refuse=refuse,
            )
        )

    def _install(self) -> None:
        plan = self.walk.plan
        if plan is None:
            return
        self.installation = Installation(
            self.walk.engine,
            plan,
            publish=self.session.publish,
            wake=lambda: self.worker.post(self._plan_repaint),
        )
        self._progress = ProgressView(f"Installing Photon onto {disk_line(plan.disk)}")
        self._show("progress", "Installing", self._progress)
        self._footer.set_text(" Esc Cancel the installation  F1 Help")
        self.worker.start(self.installation.job())

    def _plan_repaint(self) -> None:
        """Events come by the hundred; the screen follows at the pace that the line can take."""
        if self._repaint_planned:
            return
        self._repaint_planned = True
        self._alarm(self._options.interval, self._repaint)

    def _repaint(self) -> None:
        self._repaint_planned = False
        self._refresh_progress()

    def _refresh_progress(self) -> None:
        installation = self.installation
        if installation is None or not isinstance(self._view, ProgressView):
            return
        if installation.over:
            self._show_end(installation)
        elif not self._repaint_planned:
            installation.drain()
            self._progress.show(installation.state)

    def _show_end(self, installation: Installation) -> None:
        self._close_dialog()
        self._footer.set_text(f" {keys.footer_line()}")
        match installation.state.outcome:
            case Finished() as outcome:
                self._show_form("done", "Done", finish.done_form(outcome))
            case Failed() as outcome:
                form = finish.failed_form(outcome, self._options.log)
                self._show_form("failed", "Failed", form)
            case None:
                pass

    def _show_form(self, screen_id: str, title: str, form: Form) -> None:
        self._show(screen_id, title, FormView(form, self._hooks(), ()))

    def _finish_command(self, command: str) -> None:
        match command:
            case "reboot":
                self._stop(Outcome.REBOOT)
            case "poweroff":
                self._stop(Outcome.POWEROFF)
            case "review":
                # The machine may have changed by what failed.
                self.installation = None
                self.walk.rescan()
                self.show_step()
            case "save_log":
                self._ask_path("Save the log", "", LOG_PATH, self._save_log)

    def _save_log(self, text: str) -> None:
        path = Path(text)
        lines = self.installation.log if self.installation else []
        try:
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        except OSError as error:
            self._saved(path, error.strerror or str(error))
        else:
            self._saved(path, "")

    def _ask_cancel(self) -> None:
        installation = self.installation
        if installation is None or installation.over:
            return
        self.ask(
            Question(
                title="Cancel the installation?",
                lines=("The disk will not boot, and what was on it is lost.",),
                confirm="Cancel the installation",
                cancel="Go on installing",
                answer=lambda _text: installation.cancel(),
            )
        )

    # --- frame and keys ---------------------------------------------------------------------

    def _show(self, screen_id: str, title: str, view: urwid.Widget, *, number: bool = False) -> None:
        del number
        console = self._options.console.rpartition("/")[2]
        left = f" Photon installer  [{screen_id}]  {title}"
        self._header.set_text(f"{left:<{COLUMNS - 10}}{console:>8}")
        self._touched.clear()
        self._view = view
        self._dialog = None
        self._body.original_widget = view

    def _key(self, size: tuple[int, int], key: str) -> str | None:
        act = keys.act_of(key)
        if self._dialog is not None:
            return self._frame.keypress(size, key)  # type: ignore[no-any-return]
        if act is Act.REDRAW:
            self._clear()
            return None
        if isinstance(self._view, ProgressView):
            return self._progress_key(act)
        if act is not None and self._act(act):
            return None
        rest: str | None = self._frame.keypress(size, key)
        return rest

    def _clear(self) -> None:
        """Draw everything again; replaced by the terminal's own once the loop runs."""

    def _act(self, act: Act) -> bool:
        """Do what the key means everywhere; False for those that the form understands."""
        match act:
            case Act.HELP:
                self._help()
            case Act.QUIT:
                self._ask_quit()
            case Act.BACK:
                self._leave_screen()
            case Act.NEXT if isinstance(self._view, FormView) and not self.installation:
                self._next()
            case _:
                return False
        return True

    def _leave_screen(self) -> None:
        if self.installation:
            self._ask_quit()
        else:
            self._back()

    def _progress_key(self, act: Act | None) -> None:
        if act is Act.HELP:
            self._help()
        elif act in {Act.BACK, Act.QUIT} and self.installation:
            self._ask_cancel()


class Working(urwid.Filler[TextRow]):
    """Shown while a step waits for work that takes long."""

    _selectable = True

    def __init__(self, text: str) -> None:
        super().__init__(TextRow(f"  {text}", "title"), "top", top=1)

    def selectable(self) -> bool:
        """It swallows keys, so that none is lost to a screen that is not there yet."""
        return True

    def keypress(self, size: tuple[int, int], key: str) -> str | None:  # noqa: ARG002
        """No key does anything here."""
        return key


class Root(urwid.WidgetWrap[urwid.Frame]):
    """The whole screen; says so when it is too small instead of drawing half of it."""

    def __init__(
        self, frame: urwid.Frame, handle: Callable[[tuple[int, int], str], str | None]
    ) -> None:
        super().__init__(frame)
        self._handle = handle

    def keypress(self, size: tuple[int, int], key: str) -> str | None:
        """Keys wait until there is room to see what they do."""
        return None if _too_small(size) else self._handle(size, key)

    def render(self, size: tuple[int, int], focus: bool = False) -> urwid.Canvas:
        """Draw the frame if it fits."""
        if not _too_small(size):
            return super().render(size, focus)
        text = f"This terminal has {size[0]}x{size[1]}; the installer needs {COLUMNS}x{ROWS}. "
        message = urwid.Text(text + "Make it larger.")
        return urwid.CompositeCanvas(urwid.Filler(message, "top").render(size, focus))


def _too_small(size: tuple[int, int]) -> bool:
    return size[0] < COLUMNS or size[1] < ROWS


def _wrapped(text: str) -> list[str]:
    import textwrap

    return [line for part in text.splitlines() for line in textwrap.wrap(part, 64)]


def _poke(pipe: int) -> None:
    os.write(pipe, b"x")


def _call_later(loop: urwid.MainLoop, seconds: float, call: Callable[[], None]) -> None:
    loop.set_alarm_in(seconds, lambda _loop, _data: call())
