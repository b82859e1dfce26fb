"""The walk through the steps: what is known, where we are, what may come next. No renderer here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TypeVar

from installer.engine.saving import Volume, removable_volumes
from installer.errors import InstallerError
from installer.machine.facts import Disk, Machine
from screens.draft import draft as drafts
from screens.draft.draft import Draft
from screens.draft.history import History
from screens.draft.storage_entries import erased_along
from screens.editor.editor import Editor
from screens.engine import Engine, PlanView
from screens.forms import FieldProblem, Form, bounded
from screens.question import Question, tell
from screens.steps import disk
from screens.steps.step import Step, View
from screens.walk.console_keyboard import ConsoleKeyboard
from screens.walk.editing import giving_up, open_editor, with_custom_layout, without_custom_layout
from screens.walk.findings import Findings, findings
from screens.walk.likely import first_draft, with_likely
from screens.walk.pages import STEPS, label_of, review_problems, reviewed
from screens.worker import Job

_T = TypeVar("_T")


class Walk:
    """One person's way through the steps. Values change by :meth:`set` only."""

    def __init__(self, engine: Engine, *, seed: str, console: str = "", baud: int = 0) -> None:
        self.engine = engine
        self.seed = seed
        self.console = console
        self.draft = first_draft(console, baud)
        self.machine: Machine | None = None
        self.plan: PlanView | None = None
        self.error: InstallerError | None = None
        self.editor: Editor | None = None
        self._keyboard = ConsoleKeyboard(console)
        self._index = 0
        self._reached = 0
        # How often the machine was looked at; the draft whose editor is being opened.
        self._look = 0
        self._opening: Draft | None = None
        # What the last command asks, or that the editor could not be opened.
        self._question: Question | None = None
        self._unopened = False
        self._found: Findings = {}
        self._found_for: tuple[Draft | None, Machine | None] = (None, None)

    @property
    def step(self) -> Step:
        """The step that is shown."""
        return STEPS[self._index]

    @property
    def id(self) -> str:
        """What automation waits for in the header."""
        return self.editor.id if self.editor else self.step.id

    @property
    def title(self) -> str:
        """What people read there."""
        title = self.editor.title if self.editor else self.step.title
        return f"{self._index + 1}/{len(STEPS)}  {title}"

    @property
    def first(self) -> bool:
        """No step comes before this one."""
        return self._index == 0

    @property
    def last(self) -> bool:
        """The next thing is the installation itself."""
        return self._index == len(STEPS) - 1

    @property
    def wiped(self) -> tuple[Disk, ...]:
        """The disks that are erased and left empty."""
        disks = self.machine.disks if self.machine else ()
        return tuple(disk for disk in disks if disk.path in erased_along(self.draft))

    def form(self) -> Form:
        """The form of this step, or of the editor's page."""
        if self.editor:
            return self.editor.form()
        return bounded(self._form(), drafts.limits_of(self.draft))

    def set(self, field: str, value: str) -> None:
        """Take in what was typed or chosen."""
        if self.editor:
            self.editor.set(field, value)
            return
        if (field, value) == ("layout", "custom"):
            self.draft = with_custom_layout(self.draft, self.engine, self.machine) or self.draft
        else:
            self.draft = drafts.update(self.draft, field, value, self.machine)
        self.plan = None
        if self.machine is not None:
            self.error = None

    def problems(self) -> Findings:
        """What was wrong by the last check, by field; "" is for what belongs to no field."""
        return self.editor.problems() if self.editor else self._found

    @property
    def stale(self) -> bool:
        """Something has changed since the last check."""
        if self.editor:
            return self.editor.stale
        if self._opening:
            return True
        draft, machine = self._found_for
        return draft is not self.draft or machine is not self.machine

    def check(self) -> None:
        """Check here and now what has changed since the last time; a key does not wait for it."""
        while self.stale:
            self.check_job().finish()()

    def check_job(self) -> Job:
        """The check as work for a thread; what it finds is known when it is done."""
        if self.editor:
            return self.editor.check_job()
        draft, machine = self.draft, self.machine
        if self._opening and machine is not None:
            return self._opening_job(self._opening, machine)

        def keep(found: Findings) -> None:
            self._found, self._found_for = found, (draft, machine)

        return Job(
            title="Checking the answers",
            run=lambda: findings(draft, machine, self.engine, self.seed),
            done=keep,
            failed=lambda error: keep({"": FieldProblem(field="", message=str(error))}),
        )

    def missing(self) -> tuple[FieldProblem, ...]:
        """What keeps this step from being done, in the order of its fields."""
        if self.editor:
            return self.editor.missing()
        problems = self.problems()
        if self.last:
            return self._review_problems()
        ids = self._form().field_ids()
        here = (problems[name] for name in ids if name in problems)
        return tuple(each for each in here if not (each.shared and self._elsewhere()))

    def blocked(self, shown: Collection[str] = ()) -> str:
        """Why the next step cannot be shown; "" when it can.

        With what to do about it, except for the fields in ``shown``, which say so themselves.
        """
        if self.editor:
            return self.editor.blocked(shown)
        if missing := self.missing():
            first = missing[0]
            text = first.message if first.field in shown else str(first)
            label = label_of(self._form(), first.field).rstrip("?")
            return f"{label}: {text}" if label else text
        if self.awaits_work and self.job() is not None:
            return "still working"
        if self.step is disk.STEP and not (self.machine and self.draft.disk):
            return disk.NOTHING_TO_CHOOSE if self.machine else disk.NO_MACHINE
        if self.last and self.plan is None:
            return "no plan yet; go back and fix the problems listed"
        return ""

    def forward(self) -> bool:
        """Go to the next step if this one is done; from the editor back to its step."""
        self.check()
        if self.editor:
            if self.editor.forward():
                self.editor = None
            return True
        if self.last or self.blocked():
            return False
        self._index += 1
        self._reached = max(self._reached, self._index)
        return True

    def back(self) -> bool:
        """Go to the step before; nothing is lost."""
        if self.editor:
            if not self.editor.back():
                self.editor = None
            return True
        if self.first:
            return False
        self._index -= 1
        return True

    def command(self, name: str) -> None:
        """Do what a command of this form says. The next check completes it.

        What has to be asked first is then :meth:`take_question`.
        """
        self._question = None
        if self.editor:
            self._question = self.editor.command(name)
        elif name == "edit":
            self._question = self._open_editor()

    def leaving(self) -> Question | None:
        """What is asked before going back: a layout that cannot be installed is not kept."""
        editor = self.editor
        if editor is None or editor.id != "partitions" or not editor.blocked():
            return None
        return giving_up(editor.blocked())

    def give_up_edits(self) -> None:
        """Go back to a guided layout; the edits are forgotten."""
        self.editor = None
        self.draft = without_custom_layout(self.draft)

    def remove(self) -> None:
        """Remove what the last command asked about. The next check completes it."""
        if self.editor:
            self.editor.remove()

    def _open_editor(self) -> Question | None:
        if self.machine is None:
            return None
        if self.draft.ab:
            text = "! A/B root filesystems cannot be edited. Turn them off first."
            return tell("Not yet", text)
        self._opening = self.draft
        return None

    def _opening_job(self, draft: Draft, machine: Machine) -> Job:
        def opened() -> tuple[Draft, Editor | None]:
            return open_editor(draft, self.engine, machine, self.seed, self._keep_edits)

        def done(found: tuple[Draft, Editor | None]) -> None:
            if self._opening is not draft:
                return
            self._opening = None
            if self.draft is draft:
                self.draft, self.editor = found
                self.plan = self.error = None
                self._unopened = self.editor is None

        def failed(error: InstallerError) -> None:
            self._opening = None
            self._fail(error)

        return Job(title="Opening the editor", run=opened, done=done, failed=failed)

    def take_question(self) -> Question | None:
        """What the last command asks, now that its consequences are checked; once."""
        question, self._question = self._question, None
        unopened, self._unopened = self._unopened, False
        if question or not unopened:
            return question
        found = self.missing()
        return tell("Not yet", f"! {found[0]}" if found else "! No layout to edit yet.")

    def _keep_edits(self, history: History) -> None:
        self.draft = replace(self.draft, custom=history)
        self.plan = self.error = None

    def rescan(self) -> None:
        """Look at the machine again, before anything else is done."""
        self.machine = self.plan = self.error = self._opening = None
        self._look += 1

    def job(self) -> Job | None:
        """The work that this step waits for, if any."""
        if self.machine is None and self.error is None:
            return self._probe_job()
        if not self.first and (loading := self._keyboard_job()):
            return loading
        waiting = drafts.waiting_password(self.draft, self.step.id)
        if waiting is not None:
            return self._hash_job(waiting)
        if self.last and self.machine and self.plan is None and self.error is None:
            if self.stale:
                return self.check_job()
            return None if self._review_problems() else self._plan_job(self.machine)
        return None

    @property
    def awaits_work(self) -> bool:
        """This step cannot be shown before its :meth:`job` is done; others let theirs go on."""
        return not self.first and (self.last or self.machine is None or self.keyboard_awaited)

    def volumes(self) -> tuple[Volume, ...]:
        """Where something can be saved so that it survives a restart, and the installation."""
        if self.machine is None:
            return ()
        used = {self.draft.disk, *(each.path for each in self.wiped)}
        if self.plan:
            used.update(each.disk.path for each in self.plan.storage.disks)
        return removable_volumes(self.machine, used)

    def _probe_job(self) -> Job:
        look = self._look
        return self._job(
            "Detecting hardware",
            self.engine.probe,
            self._probed,
            wanted=lambda: look == self._look,
        )

    def _plan_job(self, machine: Machine) -> Job:
        draft, engine, seed = self.draft, self.engine, self.seed
        return self._job(
            "Preparing the plan",
            lambda: engine.plan(draft.document(), machine, seed),
            self._planned,
            wanted=lambda: draft is self.draft and machine is self.machine,
        )

    @property
    def keyboard_awaited(self) -> bool:
        """What is typed now would come from another layout than the chosen one."""
        return not self.first and self._keyboard.awaits(self.draft.keyboard)

    def _keyboard_job(self) -> Job | None:
        def changed() -> None:
            self.draft = drafts.without_secrets(self.draft)

        def failed() -> None:
            self._index = 0

        return self._keyboard.job(self.engine, self.draft.keyboard, changed=changed, failed=failed)

    def _hash_job(self, account: drafts.Account) -> Job:
        plain = getattr(self.draft, account.typed)

        def keep(hashed: str) -> None:
            if getattr(self.draft, account.typed) == plain:
                self.draft = drafts.keep_hash(self.draft, account, hashed)

        def unhashed(error: InstallerError) -> None:
            if getattr(self.draft, account.typed) == plain:
                self.draft = drafts.keep_hash(self.draft, account, "")
                self._fail(error)

        return Job(
            title="Hashing the password",
            run=lambda: self.engine.hash(plain, menu=account.menu),
            done=keep,
            failed=unhashed,
        )

    def _job(
        self,
        title: str,
        run: Callable[[], _T],
        done: Callable[[_T], None],
        *,
        wanted: Callable[[], bool],
    ) -> Job:
        """What comes back when it is not ``wanted`` any more is dropped: an answer has changed."""

        def keep(result: _T) -> None:
            if wanted():
                done(result)

        def failed(error: InstallerError) -> None:
            if wanted():
                self._fail(error)

        return Job(title=title, run=run, done=keep, failed=failed)

    def _probed(self, machine: Machine) -> None:
        self.machine = machine
        self.draft = with_likely(self.draft, machine, self.engine.refusal)

    def _planned(self, plan: PlanView) -> None:
        self.plan = plan

    def _fail(self, error: InstallerError) -> None:
        self.error = error

    def _form(self) -> Form:
        """The form of the step that is shown."""
        view = self._view()
        return self.step.form(reviewed(view, self._found) if self.last else view)

    def _view(self) -> View:
        return View(
            draft=self.draft,
            console=self.console,
            machine=self.machine,
            refusal=self.engine.refusal,
            plan=self.plan,
            error=self.error,
            problems=(),
            wiped=self.wiped,
            keyboard_note=self._keyboard.note,
        )

    def _review_problems(self) -> tuple[FieldProblem, ...]:
        return review_problems(self._view(), self._found)

    def _elsewhere(self) -> bool:
        """A later screen may be the one to change, and must stay within reach."""
        return self._index < self._reached or self.step is disk.STEP
