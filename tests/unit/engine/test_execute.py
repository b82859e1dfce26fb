"""Plans carried out by a runner that pretends: order, failures, and what is left behind."""

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from installer.actions.context import Context
from installer.actions.host.payload import ExtractPayload
from installer.boot_check.report import Report
from installer.engine.execute import execute, started_event
from installer.engine.sinks import slow
from installer.engine.sinks.compose import event_sinks, open_journal
from installer.engine.sinks.lines import tee
from installer.engine.sinks.places import events_listener
from installer.errors import Cancelled, CommandFailed, ExitCode, InstallerError
from installer.events import (
    ActionStarted,
    Failed,
    Finished,
    Message,
    PhaseStarted,
    Progress,
    Started,
)
from installer.machine.facts import IMAGE_TRANSPORT, Disk, Firmware, FirmwareMode, Machine
from installer.payload.index import PayloadImage
from installer.plan.model import InstallPlan, Phase
from installer.system.kernel_log import DeviceError
from tests.engine import (
    GIB,
    HASH,
    KEY,
    Breaking,
    PretendRunner,
    Told,
    actions_of,
    full_kickstart,
    payload,
    plan_for,
    small_machine,
    with_break,
)

MIB = 1 << 20
OLD = b"old boot code".ljust(MIB)
IMAGE_BYTES = b"hsqs and so on"


@pytest.fixture(autouse=True)
def owners(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files keep the owner they are made with, so that no test here needs root.

    What the programs would have written is not there, so nobody reads it back.
    """
    monkeypatch.setattr(os, "chown", lambda *_: None)
    monkeypatch.setattr(os, "fchown", lambda *_: None)
    monkeypatch.setattr("installer.actions.storage.disk.verify_table", lambda *_, **__: None)
    monkeypatch.setattr("installer.actions.boot.boot_entry.EFIVARS", Path("/"))
    monkeypatch.setattr(
        "installer.actions.boot.verify_boot._report", lambda *_: Report(findings=())
    )


@dataclass(slots=True)
class Stage:
    """A place to install: a payload, a disk (a file), a runner, everything that was told."""

    folder: Path
    disk: Path
    runner: PretendRunner
    told: Told = field(default_factory=Told)

    def plan(self, *, image: bool = False) -> InstallPlan:
        index = payload()
        picture = PayloadImage(
            file="root.squashfs", size=len(IMAGE_BYTES), sha256=_sha256(IMAGE_BYTES)
        )
        trees = tuple(replace(tree, image=picture) for tree in index.trees)
        index = replace(index, source=str(self.folder / "payload"), trees=trees)
        if not image:
            self.disk.write_bytes(OLD)
            os.truncate(self.disk, 8 * GIB)
            return plan_for(full_kickstart(), small_machine(str(self.disk)), index)
        disk = Disk(path=str(self.disk), size=8 * GIB, transport=IMAGE_TRANSPORT, serial="PHOTON0")
        machine = Machine(firmware=Firmware(mode=FirmwareMode.EFI), memory=GIB, disks=(disk,))
        return plan_for(full_kickstart(), machine, index)

    def execute(self, plan: InstallPlan, **more: object) -> None:
        execute(plan, self.runner, self.told, work=self.folder / "work", **more)  # type: ignore[arg-type]

    def is_tidy(self) -> bool:
        """Nothing is mounted or attached, and no second copy of anything lies about."""
        work = self.folder / "work"
        left = (
            [each.name for each in work.iterdir() if each.name != "root"] if work.exists() else []
        )
        return not (self.runner.mounts or self.runner.loops or left)

    def failed(self) -> Failed:
        """The one event that ends a failed installation: the very last."""
        assert len(self.told.of(Failed)) == 1
        last = self.told.events[-1]
        assert isinstance(last, Failed)
        assert self.told.of(Finished) == []
        return last

    def beginning(self, size: int = 512) -> bytes:
        with self.disk.open("rb") as file:
            return file.read(size)

    def table_is_gone(self) -> bool:
        return self.beginning() == bytes(512)

    def is_as_it_was(self) -> bool:
        return self.beginning(MIB) == OLD and self.disk.stat().st_size == 8 * GIB

    def is_plain(self, failed: Failed) -> bool:
        """The disk is what the event says: as it was, or without anything that could start."""
        formatted = any(each[0].startswith("mkfs") for each in self.runner.commands)
        assert failed.restored == (failed.written and not formatted)
        return self.table_is_gone() if formatted else self.is_as_it_was()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    (tmp_path / "payload").mkdir()
    (tmp_path / "payload" / "root.squashfs").write_bytes(IMAGE_BYTES)
    (tmp_path / "work").mkdir()
    runner = PretendRunner(esp=tmp_path / "esp-of-the-disk")
    return Stage(folder=tmp_path, disk=tmp_path / "disk", runner=runner)


def numbers(tmp_path_factory: pytest.TempPathFactory, *, image: bool) -> range:
    folder = tmp_path_factory.mktemp("plan")
    return range(len(actions_of(Stage(folder, folder / "disk", PretendRunner()).plan(image=image))))


def test_success(stage: Stage) -> None:
    plan = stage.plan()
    stage.execute(plan)
    assert stage.is_tidy()
    assert isinstance(stage.told.events[0], Started)
    last = stage.told.events[-1]
    assert isinstance(last, Finished)
    assert (last.next, list(last.seconds)) == ("poweroff", [phase.id for phase in plan.phases])
    assert not stage.table_is_gone()


def test_the_order_is_that_of_the_plan(stage: Stage) -> None:
    plan = stage.plan()
    stage.execute(plan)
    told = [each.title for each in stage.told.of(PhaseStarted)]
    assert told == [phase.title for phase in plan.phases]
    assert [each.description for each in stage.told.of(ActionStarted)] == [
        action.describe() for action in actions_of(plan)
    ]


def test_what_makes_the_disk_start_comes_last(stage: Stage) -> None:
    stage.execute(stage.plan())
    programs = [command[0] for command in stage.runner.commands]
    sync = next(
        i for i, each in enumerate(stage.runner.commands) if each[:2] == ("sync", "--file-system")
    )
    assert "mcopy" not in programs[:sync]
    assert "efibootmgr" not in programs[: programs.index("mcopy")]
    assert "unsquashfs" not in programs[sync:]


def test_progress_never_falls_and_ends_at_one(stage: Stage) -> None:
    stage.execute(stage.plan())
    fractions = [each.fraction for each in stage.told.of(Progress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert all(0 <= each <= 1 for each in fractions)


def test_the_weights_add_up(stage: Stage) -> None:
    assert sum(each.weight for each in started_event(stage.plan()).phases) == pytest.approx(
        1, abs=1e-3
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """An action that only writes down what happens to it."""

    name: str
    book: list[str]
    refuse: bool = False
    weight: float = 1.0

    def describe(self) -> str:
        return self.name

    def check(self, context: Context) -> None:
        del context
        self.book.append(f"check {self.name}")
        if self.refuse:
            raise CommandFailed("will not work")

    def run(self, context: Context) -> None:
        del context
        self.book.append(f"run {self.name}")


def simple(plan: InstallPlan, *actions: Checking) -> InstallPlan:
    phases = tuple(Phase(id=each.name, title=each.name, actions=(each,)) for each in actions)
    return replace(plan, phases=phases)


def test_everything_is_checked_before_anything_runs(stage: Stage) -> None:
    book: list[str] = []
    a, b = Checking(name="a", book=book), Checking(name="b", book=book)
    stage.execute(simple(stage.plan(), a, b))
    assert book == ["check a", "check b", "run a", "run b"]


def test_a_refused_check_writes_nothing(stage: Stage) -> None:
    book: list[str] = []
    plan = simple(
        stage.plan(), Checking(name="a", book=book), Checking(name="b", book=book, refuse=True)
    )
    with pytest.raises(CommandFailed, match="will not work"):
        stage.execute(plan)
    assert book == ["check a", "check b"]
    assert not stage.failed().written
    assert stage.is_as_it_was()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("image", [False, True])
def test_a_failure_anywhere_is_taken_back(
    tmp_path_factory: pytest.TempPathFactory, image: bool, after: bool
) -> None:
    for number in numbers(tmp_path_factory, image=image):
        folder = tmp_path_factory.mktemp("stage")
        (folder / "payload").mkdir()
        (folder / "payload" / "root.squashfs").write_bytes(IMAGE_BYTES)
        stage = Stage(folder, folder / "disk", PretendRunner(esp=folder / "esp"))
        plan = with_break(stage.plan(image=image), number, CommandFailed("broken"), after=after)
        with pytest.raises(CommandFailed, match="broken"):
            stage.execute(plan)
        where = f"action {number}: {actions_of(plan)[number].describe()}"
        assert stage.is_tidy(), where
        failed = stage.failed()
        assert failed.exit_code == ExitCode.COMMAND
        if image:
            assert not stage.disk.exists(), where
        else:
            wiped = ("wipefs", "--all") in {each[:2] for each in stage.runner.commands}
            assert failed.written == wiped, where
            assert stage.is_plain(failed), where


def test_a_failure_of_any_command_is_taken_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    number = 0
    while True:
        folder = tmp_path_factory.mktemp("stage")
        (folder / "payload").mkdir()
        (folder / "payload" / "root.squashfs").write_bytes(IMAGE_BYTES)
        runner = PretendRunner(fail_at=number, esp=folder / "esp")
        stage = Stage(folder, folder / "disk", runner)
        plan = stage.plan()
        try:
            stage.execute(plan)
        except CommandFailed:
            command = runner.commands[number]
            if command[0] not in {"umount", "losetup"}:  # it is those that take things back
                assert stage.is_tidy(), command
            assert stage.failed().written == ("--no-act" not in command), command
            assert stage.is_plain(stage.failed()), command
        if number >= len(runner.commands):
            break
        number += 1
    assert number > 40


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(28, "No space left on device"), ExitCode.COMMAND),
        (Cancelled("enough"), ExitCode.CANCELLED),
    ],
)
def test_what_kind_of_failure_it_was(stage: Stage, error: BaseException, code: ExitCode) -> None:
    plan = stage.plan()
    with pytest.raises(InstallerError) as caught:
        stage.execute(with_break(plan, len(actions_of(plan)) - 3, error))
    assert caught.value.exit_code == code
    assert stage.failed().exit_code == code
    assert stage.is_tidy()


@pytest.mark.parametrize(
    ("error", "code"),
    [(KeyError("bug"), ExitCode.BUG), (KeyboardInterrupt(), ExitCode.CANCELLED)],
)
def test_a_bug_leaves_the_machine_as_tidy(
    stage: Stage, error: BaseException, code: ExitCode
) -> None:
    plan = stage.plan()
    with pytest.raises(type(error)):
        stage.execute(with_break(plan, len(actions_of(plan)) - 3, error, after=True))
    assert stage.failed().exit_code == code
    assert stage.is_tidy()
    assert stage.table_is_gone()


def test_cancelling_between_any_two_actions(tmp_path_factory: pytest.TempPathFactory) -> None:
    for limit in (0, 1, 4, 9, 15, 22, 30):
        folder = tmp_path_factory.mktemp("stage")
        (folder / "payload").mkdir()
        (folder / "payload" / "root.squashfs").write_bytes(IMAGE_BYTES)
        stage = Stage(folder, folder / "disk", PretendRunner(esp=folder / "esp"))
        with pytest.raises(Cancelled):
            stage.execute(
                stage.plan(),
                cancelled=lambda: len(stage.told.of(ActionStarted)) >= limit,  # noqa: B023
            )
        assert stage.failed().exit_code == ExitCode.CANCELLED
        assert stage.is_tidy()
        assert len(stage.told.of(ActionStarted)) == limit


def test_cancelling_behind_the_last_action_changes_nothing(stage: Stage) -> None:
    plan = stage.plan()
    last = actions_of(plan)[-1]

    def cancelled() -> bool:
        started = stage.told.of(ActionStarted)
        return bool(started) and started[-1].description == last.describe()

    stage.execute(plan, cancelled=cancelled)
    assert stage.told.of(Finished)
    assert not stage.told.of(Failed)


def test_cancelling_within_an_action_that_runs_no_program(stage: Stage) -> None:
    """Reading an image over a slow line takes minutes."""
    with pytest.raises(Cancelled):
        stage.execute(stage.plan(), cancelled=lambda: bool(stage.told.of(ActionStarted)))
    assert len(stage.told.of(ActionStarted)) == 1
    assert stage.runner.commands == []


def test_an_undo_that_fails_is_told_and_fails_the_installation(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_: PretendRunner, __: list[str]) -> str:
        raise CommandFailed("umount: target is busy")

    monkeypatch.setattr(PretendRunner, "_umount", busy)
    plan = stage.plan()
    with pytest.raises(CommandFailed):
        stage.execute(plan)
    assert any("target is busy" in each.text for each in stage.told.of(Message))
    assert stage.runner.loops == set()
    assert stage.table_is_gone()


def test_a_listener_that_dies_changes_nothing(stage: Stage) -> None:
    seen = 0

    def dying(_: object) -> None:
        nonlocal seen
        seen += 1
        if seen > 20:
            raise BrokenPipeError

    execute(stage.plan(), stage.runner, tee(dying, stage.told), work=stage.folder / "work")
    assert seen == 21
    assert stage.is_tidy()
    assert isinstance(stage.told.events[-1], Finished)


def test_a_pipe_that_nobody_reads_changes_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow, "_LINE_SECONDS", 0.2)
    pipe, journal = stage.folder / "pipe", stage.folder / "journal"
    os.mkfifo(pipe)
    listeners = [events_listener(str(pipe))]
    with pipe_that_is_full(pipe), event_sinks(journal, stage.told, listeners) as sink:
        execute(stage.plan(), stage.runner, sink, work=stage.folder / "work")
        assert isinstance(stage.told.events[-1], Finished)
    assert stage.is_tidy()
    events = (journal / "events.jsonl").read_text("utf-8").splitlines()
    report = json.loads(events[-1])
    assert report["text"].startswith(f"{pipe} dropped {len(events) - 1} events: they are not read")


@contextlib.contextmanager
def pipe_that_is_full(pipe: Path) -> Iterator[None]:
    """A pipe with a reader that reads nothing, and no room for anything more."""
    end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    start = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    try:
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(start, bytes(4096))
        yield
    finally:
        os.close(start)
        os.close(end)


def test_no_secret_comes_out(stage: Stage) -> None:
    plan = stage.plan()
    with open_journal(stage.folder / "work") as journal:
        execute(plan, stage.runner, tee(journal, stage.told), work=stage.folder / "work")
    work = stage.folder / "work"
    texts = [
        plan.describe(),
        json.dumps(plan.to_json()),
        repr(plan),
        (work / "install.log").read_text("utf-8"),
        (work / "events.jsonl").read_text("utf-8"),
        " ".join(" ".join(command) for command in stage.runner.commands),
    ]
    assert [text for text in texts if HASH in text or HASH[20:40] in text] == []
    # The one program that has to know, and the file that only root can read.
    assert [each for each in stage.runner.inputs if HASH in each] == [
        f"root:{HASH}\n",
        f"ops:{HASH}\n",
    ]
    (target,) = (work / "root").iterdir()
    holders = [path for path in target.rglob("*") if path.is_file() and HASH in _text(path)]
    assert [path.name for path in holders] == ["kickstart.json"]
    assert holders[0].stat().st_mode & 0o777 == 0o600


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace")


def test_what_is_written(stage: Stage) -> None:
    stage.execute(stage.plan())
    (target,) = (stage.folder / "work" / "root").iterdir()
    keys = target / "home/ops/.ssh/authorized_keys"
    assert keys.read_text("utf-8") == KEY + "\n"
    assert (keys.stat().st_mode & 0o777, keys.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert (target / "etc/sudoers.d/50-ops").stat().st_mode & 0o777 == 0o440
    assert (target / "etc/hostname").read_text("utf-8") == "edge-01.example.net\n"
    assert (target / "etc/localtime").readlink() == Path("/usr/share/zoneinfo/Europe/Berlin")
    assert (target / "boot/grub/grub.cfg").stat().st_mode & 0o777 == 0o600
    assert not (target / "var/tmp/photon-installer-script").exists()
    log = target / "var/log/photon-installer"
    assert {"kickstart.json", "plan.txt"} <= {each.name for each in log.iterdir()}
    saved = json.loads((log / "kickstart.json").read_text("utf-8"))
    assert saved["users"][0]["password"] == {"hash": HASH}
    assert stage.beginning(4) == (target / "boot/grub/i386-pc/boot.img").read_bytes()[:4]


def test_breaking_is_an_action(stage: Stage) -> None:
    """The double keeps to the protocol, which mypy checks here."""
    action = actions_of(stage.plan())[0]
    assert Breaking(action=action, error=OSError()).describe().startswith("break: ")


class FailingDisk:
    """The kernel's log where the disk of the stage did not keep what was written to it."""

    def errors(self) -> tuple[DeviceError, ...]:
        return (DeviceError(device="disk", write=True, text="I/O error, dev disk"),)

    def close(self) -> None:
        pass


def test_a_write_that_failed_unnoticed_ends_the_installation_before_the_disk_starts(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installer.engine.execute.KernelLog", FailingDisk)
    with pytest.raises(CommandFailed, match="did not write everything"):
        stage.execute(stage.plan())
    failed = stage.failed()
    assert str(stage.disk) in failed.message
    assert not any(each[0] == "mcopy" for each in stage.runner.commands)
    assert stage.is_plain(failed)


def test_an_error_of_the_system_names_the_disk_and_not_a_directory_in_memory(stage: Stage) -> None:
    plan = stage.plan()
    steps = actions_of(plan)
    index = next(i for i, each in enumerate(steps) if isinstance(each, ExtractPayload))
    place = str(stage.folder / "work/root/usr")
    broken = with_break(plan, index, OSError(errno.EIO, os.strerror(errno.EIO), place))
    with pytest.raises(CommandFailed):
        stage.execute(broken)
    assert stage.failed().message.startswith(f"{stage.disk} (")
    assert "gives I/O errors" in stage.failed().message
