"""The editor's pages: the table, what can be done with a row of it, and the question for an edit.

It is as free of renderers as the walk: both ask it for a form and give it what was typed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from installer.config.boot import BootMode
from installer.errors import InstallerError
from installer.machine.facts import Disk
from installer.plan.storage.bootable import boot_warnings
from installer.plan.storage.model import Layout
from installer.secret import Secret
from ks_schema.language import longest
from screens.draft.custom_layout import asked_for
from screens.draft.history import History, Storage
from screens.editor import edit
from screens.editor.actions import Action, actions
from screens.editor.fixes import Fix, fixes
from screens.editor.pages import Asking, Awaited, Menu, Page, Table, removing
from screens.editor.rows import HEAD, loose_problems, table
from screens.editor.scene import Scene
from screens.editor.task import refusals
from screens.forms import Command, FieldProblem, Form, Item, Note, SecretText, Tone, bounded
from screens.question import Question
from screens.steps.disk import disk_details
from screens.worker import Job

# What is to be done here, where the hint is for those who write kickstarts.
_HERE = {"nothing is mounted at /": "open a row and press m to mount it there"}
UNDO, REDO, RESET, FIX = "undo", "redo", "reset", "fix:"


class Editor:
    """One editing of a layout. ``keep`` gets every new history."""

    def __init__(
        self,
        history: History,
        disks: Mapping[str, Disk],
        mode: BootMode,
        *,
        tpm2: bool,
        look: Callable[[Storage], Layout],
        keep: Callable[[History], None],
    ) -> None:
        self.history = history
        self._disks = disks
        self._mode = mode
        self._tpm2 = tpm2
        self._look = look
        self._keep = keep
        self._page: Page = Table()
        # The row that was opened last, and its place for when it is there no longer.
        self._row, self._place = "", 0
        self._scene = self._look_at(history.now)
        self._awaited: Awaited | None = None
        # What is left when the removal that was asked about is confirmed.
        self._removal: Storage | None = None
        self._checked: tuple[Page | None, tuple[FieldProblem, ...]] = (None, ())

    @property
    def id(self) -> str:
        """What automation waits for in the header."""
        match self._page:
            case Table():
                return "partitions"
            case Menu():
                return "actions"
            case Asking():
                return "edit"

    @property
    def title(self) -> str:
        """What people read there."""
        match self._page:
            case Table():
                return "Partitions"
            case Menu():
                return "Actions"
            case Asking():
                return self._page.task.title

    def form(self) -> Form:
        """The form of this page."""
        match self._page:
            case Table():
                return self._table_form()
            case Menu():
                return self._menu_form(self._page)
            case Asking():
                asked = Form(
                    items=self._page.task.items(self._page.values),
                    start=next((each.id for each in self._fields(self._page)), ""),
                    next_label="Apply",
                )
                return bounded(asked, self._limits(self._page))

    def set(self, field: str, value: str) -> None:
        """Take in what was typed or chosen."""
        if not isinstance(self._page, Asking):
            return
        secret = any(
            isinstance(each, SecretText) and each.id == field for each in self._fields(self._page)
        )
        typed = Secret(value) if secret else value
        self._page = replace(self._page, values={**self._page.values, field: typed})

    def problems(self) -> Mapping[str, FieldProblem]:
        """What was wrong with what was typed by the last check, by field."""
        page, found = self._checked
        asking = isinstance(self._page, Asking)
        return {each.field: each for each in found} if asking or page is self._page else {}

    @property
    def stale(self) -> bool:
        """Something was typed or edited since the last check."""
        asked = isinstance(self._page, Asking) and self._checked[0] is not self._page
        return asked or self._awaited is not None

    def check_job(self) -> Job:
        """The check as work for a thread; what it finds is known when it is done."""
        page = self._page
        if self._awaited:
            return self._awaited_job(self._awaited)

        def keep(found: tuple[FieldProblem, ...]) -> None:
            self._checked = (page, found)

        return Job(
            title="Checking the edit",
            run=lambda: self._refusals(page) if isinstance(page, Asking) else (),
            done=keep,
            failed=lambda error: keep((FieldProblem(field="", message=str(error)),)),
        )

    def _awaited_job(self, awaited: Awaited) -> Job:
        """Where everything would be after an edit. An answer to an earlier question is dropped."""
        page = self._page

        def seen(scene: Scene) -> None:
            if self._awaited is awaited:
                self._awaited = None
                awaited.then(scene)

        def failed(error: InstallerError) -> None:
            if self._awaited is awaited:
                self._awaited = None
                self._checked = (page, (FieldProblem(field="", message=str(error)),))

        return Job(
            title="Working out the layout",
            run=lambda: self._look_at(awaited.storage),
            done=seen,
            failed=failed,
        )

    def missing(self) -> tuple[FieldProblem, ...]:
        """What keeps this page from being done."""
        found = self.problems()
        return tuple(found.values())

    def blocked(self, shown: Collection[str] = ()) -> str:
        """Why this page cannot be done; "" when it can."""
        if isinstance(self._page, Asking):
            missing = self.missing()
            if not missing:
                return ""
            labels = {each.id: each.label for each in self._fields(self._page)}
            first = missing[0]
            text = first.message if first.field in shown else str(first)
            label = labels.get(first.field, "")
            return f"{label}: {text}" if label else text
        if isinstance(self._page, Menu):
            return ""
        # What is wrong with the boot mode is mended on its own screen.
        found = (each for each in self._scene.layout.problems if each.pointer != "/boot/mode")
        unknown = (str(each) for each in self.problems().values())
        problems = (*unknown, *self._unasked(), *(each.message for each in found))
        return problems[0] if problems else ""

    def forward(self) -> bool:
        """Make the edit, which the next check completes; True when the editing itself is done."""
        if self.blocked():
            return False
        match self._page:
            case Asking(scene=scene, task=task, values=values):
                self._take(task.apply(scene.storage, values))
                return False
            case Menu():
                return False
            case Table():
                return True

    def back(self) -> bool:
        """To the page before; False on the first one."""
        if isinstance(self._page, Table):
            return False
        self._page = Menu(row=self._page.row) if isinstance(self._page, Asking) else Table()
        return True

    def command(self, name: str) -> Question | None:
        """Do what a command says, or ask first."""
        match self._page:
            case Table():
                self._table_command(name)
                return None
            case Menu(row=row):
                found = (each for each in self._actions(row) if each.command.id == name)
                action = next(found, None)
                return self._act(row, action) if action and not action.command.refused else None
            case Asking():
                return None

    def _table_form(self) -> Form:
        rows = table(self._scene)
        mends = tuple(
            Command(id=f"{FIX}{number}", label=each.label, key="f" if number == 0 else "")
            for number, each in enumerate(self._fixes())
        )
        # Where one key mends it, the hint for those who write kickstarts is not needed.
        shown = []
        for each in loose_problems(self._scene, rows):
            hint = _HERE.get(each.message, each.hint)
            shown.append(each.message if mends or not hint else f"{each.message} - {hint}")
        text = "\n".join(f"! {each}" for each in (*shown, *self._unasked()))
        loose = (Note(text=text, tone=Tone.PROBLEM),) if text else ()
        ids = [each.id for each in rows]
        near = ids[self._place : self._place + 1] or ids[-1:] or [""]
        start = self._row if self._row in ids else near[0]
        first: tuple[Item, ...] = (*loose, *mends, *self._warnings())
        return Form(
            items=(*first, Note(text=HEAD, tone=Tone.DIM), *rows),
            commands=self._history_commands(),
            start=start,
            next_label="Done",
        )

    def _warnings(self) -> tuple[Note, ...]:
        """What can be done like this, and may not be meant."""
        plan = self._scene.layout.plan
        found = boot_warnings(plan, self._mode) if plan and not self.blocked() else ()
        return tuple(Note(text=f"! {each}", tone=Tone.WARNING) for each in found)

    def _history_commands(self) -> tuple[Command, ...]:
        history = self.history
        nothing = "nothing was changed"
        return (
            Command(id=UNDO, label="Undo", key="u", refused="" if history.can_undo else nothing),
            Command(
                id=REDO, label="Redo", key="r",
                refused="" if history.can_redo else "nothing to redo",
            ),
            Command(
                id=RESET, label="Reset", key="x",
                refused="" if history.now != history.beginning else nothing,
            ),
        )  # fmt: skip

    def _menu_form(self, page: Menu) -> Form:
        row = next((each for each in table(self._scene) if each.id == page.row), None)
        disk = self._disks.get(page.row.removeprefix("/disks/"))
        model = (f"{disk.model or 'unknown model'}, {disk_details(disk)}",) if disk else ()
        text = (row.text, *model, *row.detail) if row else ()
        found = (*([row.problem] if row and row.problem else []), *self.problems().values())
        wrong = tuple(Note(text=f"! {each}", tone=Tone.PROBLEM) for each in found)
        commands = tuple(each.command for each in self._actions(page.row))
        head = (Note(text=HEAD[2:], tone=Tone.DIM), Note(text="\n".join(text)))
        start = next((each.id for each in commands if not each.refused), "")
        return Form(items=(*head, *wrong, *commands), start=start, next_label="")

    def _table_command(self, name: str) -> None:
        match name:
            case "undo":
                self._move(self.history.undo())
            case "redo":
                self._move(self.history.redo())
            case "reset":
                self._move(self.history.reset())
            case _ if name.startswith(FIX):
                offered = dict(enumerate(self._fixes()))
                if fix := offered.get(int(name.removeprefix(FIX))):
                    self._take(fix.storage)
            case _ if name.startswith("/"):
                ids = [each.id for each in table(self._scene)]
                self._row, self._place = name, ids.index(name) if name in ids else 0
                self._page = Menu(row=name)

    def _act(self, row: str, action: Action) -> Question | None:
        storage = action.edit() if action.edit else self.history.now
        if make := action.task:

            def begin(scene: Scene) -> None:
                task = make(scene)
                self._page = Asking(row=row, scene=scene, task=task, values=task.values)

            if storage == self.history.now:
                begin(self._scene)
            else:
                self._awaited = Awaited(storage=storage, then=begin)
            return None
        lost = edit.lost_with(self.history.now, storage)
        if len(lost) > 1:
            self._removal = storage
            return removing(lost)
        self._take(storage)
        return None

    def remove(self) -> None:
        """Remove what the last command asked about; the next check completes it."""
        if self._removal is not None:
            self._take(self._removal)
            self._removal = None

    def _take(self, storage: Storage) -> None:
        self._move(self.history.add(storage))

    def _move(self, history: History) -> None:
        """Go to another state, once it is known what that looks like."""

        def arrive(scene: Scene) -> None:
            self.history, self._scene = history, scene
            self._page = Table()
            self._keep(history)

        self._awaited = Awaited(storage=history.now, then=arrive)

    def _look_at(self, storage: Storage) -> Scene:
        return Scene(
            storage=storage,
            disks=self._disks,
            layout=self._look(storage),
            mode=self._mode,
            tpm2=self._tpm2,
        )

    def _refusals(self, page: Asking) -> tuple[FieldProblem, ...]:
        if refused := page.task.refuse(page.values):
            return (refused,)
        after = self._look(page.task.apply(page.scene.storage, page.values))
        places = page.task.places(page.values)
        ids = tuple(each.id for each in self._fields(page))
        return refusals(page.scene.layout, after, places, ids)

    def _fields(self, page: Asking) -> tuple[Any, ...]:
        return Form(items=page.task.items(page.values)).fields()

    def _limits(self, page: Asking) -> dict[str, int]:
        """The most characters that the schema allows in each field of a task."""
        places = [place.split("/")[1:] for place in page.task.places(page.values)]
        fields = [field.id for field in self._fields(page)]
        bounds = ((name, longest((*place, name))) for name in fields for place in places)
        return {name: bound for name, bound in bounds if bound is not None}

    def _actions(self, row: str) -> tuple[Action, ...]:
        return actions(self._scene, row)

    def _fixes(self) -> tuple[Fix, ...]:
        return fixes(self._scene)

    def _unasked(self) -> tuple[str, ...]:
        return tuple(
            f"the passphrase of {name} is not typed yet: open {name}, then e"
            for name in asked_for(self.history.now)
        )
