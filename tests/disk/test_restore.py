"""Until the first filesystem is made a disk can be put back: each byte of it is compared."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from installer import api
from installer.actions.storage.filesystem import MakeFilesystem
from installer.errors import Cancelled, CommandFailed, ExitCode, InstallerError
from installer.events import ActionStarted, Failed, Message
from installer.machine.disk_table import read_table
from installer.machine.facts import Machine, Partition
from installer.machine.partition_table import TableEntry
from installer.payload.index import PayloadIndex, load_payload_index
from installer.plan.model import InstallPlan
from tests.disk.tree import make_payload
from tests.engine import Told, actions_of, full_kickstart, plan_for, small_machine, with_break
from tests.vm.media import digest

pytestmark = [
    pytest.mark.disk,
    pytest.mark.skipif(os.geteuid() != 0, reason="loop devices need root"),
]
MIB = 1 << 20
SIZE = 1200 * MIB
# One for each old partition of the disk, 200 MiB apart.
OLD = (
    ("mkfs.ext4", "-q", "-F"),
    ("mkfs.btrfs", "--quiet", "--force"),
    ("mkfs.vfat", "-F", "32"),
    ("mkswap",),
    (),
)
# What nothing here can make, by its signatures: both headers of LUKS2 and an LVM member, where the
# new root will begin (with EFI, and with both).
PLANTED = (
    (513 * MIB, b"LUKS\xba\xbe\x00\x02"),
    (513 * MIB + 0x4000, b"SKUL\xba\xbe\x00\x02"),
    (514 * MIB + 512, b"LABELONE" + bytes(16) + b"LVM2 001"),
)


@pytest.fixture(scope="module")
def payload(tmp_path_factory: pytest.TempPathFactory) -> PayloadIndex:
    return load_payload_index(str(make_payload(tmp_path_factory.mktemp("made"))))


@pytest.fixture(params=["gpt", "dos", "no table"])
def used(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    """A machine with one used disk; its partitions are loop devices at their offsets."""
    backing = tmp_path / "disk.img"
    backing.touch()
    os.truncate(backing, SIZE)
    with ExitStack() as stack:
        disk = _loop(stack, backing)
        partitions = _divide(stack, disk, request.param)
        with backing.open("r+b") as file:
            for offset, signature in PLANTED:
                file.seek(offset)
                file.write(signature)
        yield small_machine(str(disk), SIZE, partitions=partitions, table=request.param)


def _loop(stack: ExitStack, backing: Path, *options: str) -> Path:
    command = ["losetup", "--find", "--show", *options, str(backing)]
    device = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    stack.callback(subprocess.run, ["losetup", "--detach", device], check=True)
    return Path(device)


def _divide(stack: ExitStack, disk: Path, table: str) -> tuple[Partition, ...]:
    if table == "no table":
        subprocess.run(["mkfs.btrfs", "--quiet", "--force", disk], check=True)
        return ()
    count = 4 if table == "dos" else len(OLD)
    lines = "".join("size=200MiB\n" for _ in range(count))
    subprocess.run(
        ["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", disk],
        input=f"label: {table}\n{lines}", text=True, check=True,
    )  # fmt: skip
    partitions = []
    for entry, command in zip(read_table(disk).partitions, OLD, strict=False):
        offset, limit = f"--offset={entry.start}", f"--sizelimit={entry.size}"
        node = _loop(stack, disk, offset, limit)
        if command:
            subprocess.run([*command, node], check=True, capture_output=True)
        number, start, size = entry.number, entry.start, entry.size
        partitions.append(Partition(path=str(node), number=number, start=start, size=size))
    return tuple(partitions)


def content(folder: Path, disk: str) -> str:
    """A digest of the whole disk, taken from the file behind it."""
    with Path(disk).open("rb") as device:
        os.fsync(device.fileno())
    return digest(folder / "disk.img")


def first_format(plan: InstallPlan) -> int:
    return next(
        number
        for number, action in enumerate(actions_of(plan))
        if isinstance(action, MakeFilesystem)
    )


def failure(plan: InstallPlan, work: Path, error: type[BaseException], **more: object) -> Failed:
    told = Told()
    with pytest.raises(error):
        api.install(plan, emit=told, work=work, **more)  # type: ignore[arg-type]
    assert not [each for each in told.of(Message) if each.level == "error"]
    assert not list(work.glob("saved-*"))
    (failed,) = told.of(Failed)
    return failed


def test_a_failure_in_each_action_before_the_first_format(
    used: Machine, payload: PayloadIndex, tmp_path: Path
) -> None:
    plan = plan_for(full_kickstart(boot={"mode": "dual"}), used, payload)
    before = content(tmp_path, plan.disk.path)
    restored = []
    for number in range(first_format(plan)):
        for after in (False, True):
            broken = with_break(plan, number, CommandFailed("broken"), after=after)
            failed = failure(broken, tmp_path / "work", CommandFailed)
            assert content(tmp_path, plan.disk.path) == before, actions_of(plan)[number].describe()
            assert failed.restored == failed.written
            restored.append(failed.restored)
    # The verification and the saving write nothing; what follows does.
    assert restored == [False] * 5 + [True] * 7


KEPT = {
    "layout": "custom",
    "tables": {"default": {"keep": True, "delete": [2, 3, 4]}},
    "partitions": {
        "old": {"disk": "default", "existing": 1},
        "esp": {"disk": "default", "size": "64 MiB", "type": "esp"},
        "root": {"disk": "default"},
    },
    "filesystems": {
        "old": {"format": False, "mount": "/srv"},
        "root": {"kind": "ext4", "mount": "/"},
    },
}


def beside_the_old(used: Machine, payload: PayloadIndex) -> InstallPlan:
    """A plan that keeps the first partition, an ext4, and perhaps the fifth."""
    (disk,) = used.disks
    first = replace(
        disk.partitions[0], filesystem="ext4", uuid="3f1c2a44-0000-4000-8000-000000000001"
    )
    machine = replace(used, disks=(replace(disk, partitions=(first, *disk.partitions[1:])),))
    return plan_for(full_kickstart(boot={"mode": "efi"}, storage=KEPT), machine, payload)


@pytest.mark.parametrize("used", ["gpt", "dos"], indirect=True)
def test_a_failure_while_others_are_kept(
    used: Machine, payload: PayloadIndex, tmp_path: Path
) -> None:
    plan = beside_the_old(used, payload)
    before = content(tmp_path, plan.disk.path)
    for number in range(first_format(plan)):
        for after in (False, True):
            broken = with_break(plan, number, CommandFailed("broken"), after=after)
            failed = failure(broken, tmp_path / "work", CommandFailed)
            assert content(tmp_path, plan.disk.path) == before, actions_of(plan)[number].describe()
            assert failed.restored == failed.written


@pytest.mark.parametrize("used", ["gpt", "dos"], indirect=True)
def test_what_is_kept_survives_a_later_failure(
    used: Machine, payload: PayloadIndex, tmp_path: Path
) -> None:
    plan = beside_the_old(used, payload)
    old = read_table(plan.disk.path)
    first = bytes_of(plan.disk.path, old.partitions[0])
    broken = with_break(plan, first_format(plan), CommandFailed("broken"), after=True)
    failed = failure(broken, tmp_path / "work", CommandFailed)
    assert (failed.written, failed.restored) == (True, False)
    after = read_table(plan.disk.path)
    kept = [each for each in old.partitions if each.number not in {2, 3, 4}]
    assert [each for each in after.partitions if each in kept] == kept
    assert bytes_of(plan.disk.path, old.partitions[0]) == first


def bytes_of(disk: str, entry: TableEntry) -> str:
    """A digest of a partition's content."""
    with Path(disk).open("rb") as device:
        os.fsync(device.fileno())
        device.seek(entry.start)
        return hashlib.sha256(device.read(entry.size)).hexdigest()


@pytest.mark.parametrize("command", ["wipefs --all", "sfdisk", "losetup"])
def test_a_program_that_is_killed(
    used: Machine,
    payload: PayloadIndex,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    """It has done its work, or a part of it, and ends with an error all the same."""
    from installer.system.run import ProcessRunner  # noqa: PLC0415

    run = ProcessRunner.run
    broken: list[str] = []

    def breaking(self: ProcessRunner, argv: list[str], **more: object) -> str:
        output = run(self, argv, **more)  # type: ignore[arg-type]
        if not broken and " ".join(argv).startswith(command) and "--dump" not in argv:
            broken.append(command)
            raise CommandFailed(f"{command}: killed")
        return output

    plan = plan_for(full_kickstart(boot={"mode": "efi"}), used, payload)
    before = content(tmp_path, plan.disk.path)
    monkeypatch.setattr(ProcessRunner, "run", breaking)
    told = Told()
    with pytest.raises(CommandFailed, match="killed"):
        api.install(plan, emit=told, work=tmp_path / "work")
    (failed,) = told.of(Failed)
    assert (broken, failed.restored) == ([command], True)
    assert content(tmp_path, plan.disk.path) == before
    if command == "losetup":
        # It was attached, and nobody got to know its name.
        _detach_leftovers(plan.disk.path, used)


def _detach_leftovers(disk: str, used: Machine) -> None:
    listed = subprocess.run(
        ["losetup", "--noheadings", "--list", "--output", "NAME,BACK-FILE"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    known = {each.path for each in used.disks[0].partitions}
    # "(deleted)" stands behind the name of a file that is gone.
    for name, backing in (line.split(maxsplit=1) for line in listed.splitlines()):
        if backing == disk and name not in known:
            subprocess.run(["losetup", "--detach", name], check=True)


@pytest.mark.parametrize("start", ["wipe", "write a GPT", "attach"])
def test_cancelled_or_stopped(
    used: Machine, payload: PayloadIndex, tmp_path: Path, start: str
) -> None:
    plan = plan_for(full_kickstart(boot={"mode": "efi"}), used, payload)
    before = content(tmp_path, plan.disk.path)
    number = next(
        number
        for number, action in enumerate(actions_of(plan))
        if action.describe().startswith(start)
    )
    stopped = with_break(plan, number, KeyboardInterrupt(), after=True)
    failed = failure(stopped, tmp_path / "work", KeyboardInterrupt)
    assert (failed.exit_code, failed.restored) == (ExitCode.CANCELLED, True)
    assert content(tmp_path, plan.disk.path) == before

    told = Told()

    def cancelled() -> bool:
        # What a signal sets: it is seen when the next action is about to begin.
        return len(told.of(ActionStarted)) > number

    with pytest.raises(Cancelled):
        api.install(plan, emit=told, cancelled=cancelled, work=tmp_path / "work")
    assert told.of(Failed)[0].written == told.of(Failed)[0].restored
    assert content(tmp_path, plan.disk.path) == before


def test_from_the_first_format_on_the_disk_is_plainly_empty(
    used: Machine, payload: PayloadIndex, tmp_path: Path
) -> None:
    plan = plan_for(full_kickstart(boot={"mode": "efi"}), used, payload)
    before = content(tmp_path, plan.disk.path)
    broken = with_break(plan, first_format(plan), CommandFailed("broken"), after=True)
    failed = failure(broken, tmp_path / "work", InstallerError)
    assert (failed.written, failed.restored) == (True, False)
    assert read_table(plan.disk.path).kind == ""
    assert content(tmp_path, plan.disk.path) != before
