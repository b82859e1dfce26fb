"""What actions share while a plan is executed: the doors to the outside and the undo stack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from installer.actions.new_root import NewRoot
from installer.errors import CommandFailed
from installer.events import Emit, Message
from installer.measured.prediction import Prediction
from installer.secret import Secret
from installer.system.runner import Runner

RUN_DIRECTORY = Path("/run/photon-installer")

Step = tuple[str, Callable[[], object]]


@dataclass(slots=True, kw_only=True)
class Context:
    """The executor's side of a plan.

    ``nodes`` maps the plan's references (``disk``, ``disk/2``) to device nodes; ``target`` is
    where the new host's root is mounted; ``work`` holds what need not survive the installation;
    ``advance`` tells how far the running action is, from 0 to 1, and raises Cancelled when the user
    gave up; an action that waits asks ``cancelled``. ``written`` is set by the first action that
    writes to a disk. ``altered`` are the disks that are not as they were; what they
    were is in the files ``saved`` until the first filesystem is made (``formatted``).
    ``kept`` are files of the host that is replaced, by their paths; they are in memory alone.
    ``expected_pcrs`` is what the boot check has told of the next start.
    ``undo_runner`` runs what takes things back: it is deaf to the user's cancellation, which would
    otherwise end an unmount that takes its time.
    """

    runner: Runner
    emit: Emit
    target: Path
    work: Path
    advance: Callable[[float], None] = lambda _: None
    cancelled: Callable[[], bool] = lambda: False
    nodes: dict[str, str] = field(default_factory=dict)
    written: bool = False
    formatted: bool = False
    altered: set[str] = field(default_factory=set)
    saved: list[Path] = field(default_factory=list)
    kept: dict[str, Secret] = field(default_factory=dict)
    expected_pcrs: dict[int, Prediction] = field(default_factory=dict)
    undo_runner: Runner | None = None
    _undo: list[Step] = field(default_factory=list)
    _compensations: list[Step] = field(default_factory=list)

    def node(self, reference: str) -> str:
        """The device node, or file, behind a reference of the plan."""
        return self.nodes[reference]

    def alter(self, disk: str) -> None:
        """Remember that the disk is about to be written to."""
        self.written = True
        self.altered.add(disk)

    def begin_format(self) -> None:
        """From here on the disks cannot become again what they were: let go of what was saved."""
        self.formatted = True
        for path in self.saved:
            path.unlink(missing_ok=True)
        self.saved.clear()

    def on_undo(self, description: str, undo: Callable[[], object]) -> None:
        """Remember how to take back what was just mounted, attached or opened."""
        self._undo.append((description, undo))

    def on_failure(self, description: str, compensate: Callable[[], object]) -> None:
        """Remember what to do, after everything is undone, if the installation fails."""
        self._compensations.append((description, compensate))

    def unwind(self, depth: int = 0) -> None:
        """Take back everything done since the stack had ``depth`` entries, newest first.

        A step that fails is reported and does not keep the others from being taken back.

        :raises CommandFailed: something could not be taken back.
        """
        self._take_back(self._undo, depth)

    def compensate(self) -> None:
        """Do what :meth:`on_failure` asked for, newest first.

        :raises CommandFailed: some of it did not work.
        """
        self._take_back(self._compensations, 0)

    def _take_back(self, steps: list[Step], depth: int) -> None:
        failures: list[str] = []
        usual, self.runner = self.runner, self.undo_runner or self.runner
        while len(steps) > depth:
            description, step = steps.pop()
            try:
                step()
            except Exception as error:  # noqa: BLE001  (whatever it is, the others must have their turn)
                failures.append(description)
                self.emit(Message(level="error", text=f"{description}: {error}"))
        self.runner = usual
        if failures:
            raise CommandFailed(f"could not {', '.join(failures)}", "The log has the reasons.")

    @property
    def depth(self) -> int:
        """How many entries the undo stack has."""
        return len(self._undo)

    @property
    def root(self) -> NewRoot:
        """The door to the new host's files."""
        return NewRoot(self.target)
