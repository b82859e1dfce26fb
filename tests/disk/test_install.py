"""Whole installations onto image files and loop disks; failures in each step of them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from installer import api
from installer.actions.storage.disk import CreateImage
from installer.actions.storage.filesystem import MakeFilesystem
from installer.errors import Cancelled, CommandFailed, ExitCode, PayloadBad
from installer.events import ActionStarted, Failed, Finished, Message
from installer.machine.disk_table import read_table
from installer.machine.facts import Machine
from installer.payload.index import PayloadIndex, load_payload_index
from installer.plan.model import InstallPlan
from ks_schema import Document
from tests.disk.loops import out, real_context
from tests.disk.tree import BUILT, REAL_PAYLOAD, make_payload
from tests.engine import (
    GIB,
    HASH,
    KEY,
    Told,
    actions_of,
    full_kickstart,
    plan_for,
    small_machine,
    with_break,
)

PROJECT = Path(__file__).parents[2]
MIB = 1 << 20

pytestmark = [
    pytest.mark.disk,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root"),
]


def state() -> tuple[list[str], list[str], list[str]]:
    """What must be the same before and after: mounts, loop devices, work folders.

    Only those that a test here can have made: other work on this machine has its own.
    """
    mounts = sorted(line.split()[1] for line in Path("/proc/mounts").read_text().splitlines())
    loops = _out("losetup", "--noheadings", "--list", "--output", "NAME,BACK-FILE").splitlines()
    return (
        [mount for mount in mounts if "/photon-installer" in mount or "/pytest-" in mount],
        sorted(loop for loop in loops if "/pytest-" in loop),
        sorted(str(path) for path in Path("/run").glob("photon-*")),
    )


def _out(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    before = state()
    yield
    assert state() == before


@pytest.fixture(scope="module")
def payload(tmp_path_factory: pytest.TempPathFactory) -> PayloadIndex:
    return load_payload_index(str(make_payload(tmp_path_factory.mktemp("made"))))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return tmp_path / "photon.img"


@pytest.fixture(params=[512, 4096])
def loop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    """A machine whose one disk is a loop device."""
    backing = tmp_path / "disk.img"
    backing.touch()
    os.truncate(backing, 2 * GIB)
    size = f"--sector-size={request.param}"
    device = _out("losetup", "--find", "--show", size, backing).strip()
    yield small_machine(device, 2 * GIB, logical_sector=request.param)
    subprocess.run(["losetup", "--detach", device], check=True)


def image_plan(image: Path, payload: PayloadIndex, **more: object) -> InstallPlan:
    document = Document(data=full_kickstart(**more))
    document, machine = api.image_target(document, str(image), 2 * GIB)
    return api.prepare(document, machine, payload, seed="disk")


def install(plan: InstallPlan, told: Told, **more: object) -> None:
    api.install_image(plan, emit=told, **{"cancelled": lambda: False, **more})  # type: ignore[arg-type]


class Mounted:
    """The root partition of an installed disk, mounted to be looked at."""

    def __init__(self, disk: Path, folder: Path) -> None:
        self.root = folder
        root = read_table(disk).partitions[-1]
        self.loop = _out(
            "losetup",
            "--find",
            "--show",
            f"--offset={root.start}",
            f"--sizelimit={root.size}",
            disk,
        ).strip()

    def __enter__(self) -> Path:
        subprocess.run(["mount", "-o", "ro", self.loop, self.root], check=True)
        return self.root

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", self.root], check=True)
        subprocess.run(["losetup", "--detach", self.loop], check=True)


@pytest.mark.parametrize("filesystem", ["ext4", "btrfs"])
def test_an_image(image: Path, payload: PayloadIndex, filesystem: str, tmp_path: Path) -> None:
    swap = "file" if filesystem == "ext4" else "partition"
    told = Told()
    storage = {"filesystem": filesystem, "swap": {"kind": swap, "size": "16 MiB"}}
    plan = image_plan(image, payload, storage=storage)
    install(plan, told)
    assert isinstance(told.events[-1], Finished)
    table = read_table(image)
    names = ["photon-bios-boot", "photon-esp", "photon-swap", "photon-root"]
    wanted = [name for name in names if name != "photon-swap" or swap == "partition"]
    assert [part.name for part in table.partitions] == wanted
    esp = next(part for part in table.partitions if part.name == "photon-esp")
    listing = _out("mdir", "-/", "-b", "-i", f"{image}@@{esp.start}", "::/EFI")
    for name in ("BOOT/BOOTX64.EFI", "debian/grub.cfg", "debian/shimx64.efi"):
        assert name in listing
    boot = image.read_bytes()[:512] if image.stat().st_size < MIB else _first(image, 512)
    assert boot[:10] == (BUILT / "usr/lib/grub/i386-pc/boot.img").read_bytes()[:10]
    assert boot[510:] == b"\x55\xaa"
    (tmp_path / "root").mkdir()
    with Mounted(image, tmp_path / "root") as root:
        look_at(root)
    if filesystem == "ext4":
        root_part = table.partitions[-1]
        _out("e2fsck", "-fn", f"{image}?offset={root_part.start}")


def _first(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def look_at(root: Path) -> None:
    """What a host must have that was made from the full kickstart."""
    passwd = (root / "etc/passwd").read_text("utf-8")
    assert "ops:x:1000:1000:Operations:/home/ops:/bin/bash" in passwd
    assert "watcher:x:1500:1500:" in passwd
    group = (root / "etc/group").read_text("utf-8").splitlines()
    members = {line.split(":")[0]: line.split(":")[3] for line in group}
    assert members["docker"] == members["watcher"] == members["site"] == "ops"
    shadow = dict(line.split(":")[:2] for line in (root / "etc/shadow").read_text().splitlines())
    assert (shadow["root"], shadow["ops"], shadow["watcher"]) == (HASH, HASH, "!*")
    keys = root / "home/ops/.ssh/authorized_keys"
    assert keys.read_text("utf-8") == KEY + "\n"
    for path in (keys, keys.parent, keys.parent.parent):
        assert path.stat().st_uid == path.stat().st_gid == 1000
    assert (root / "etc/site").read_text("utf-8") == "here\n"
    assert (root / "etc/machine-id").read_text("utf-8") == ""
    wants = root / "etc/systemd/system/multi-user.target.wants"
    assert {"docker.service", "ssh.service"} <= {each.name for each in wants.iterdir()}
    assert (root / "etc/systemd/system/fstrim.timer").readlink() == Path("/dev/null")
    for name in ("dev", "proc", "sys"):
        assert list((root / name).iterdir()) == []
    log = root / "var/log/photon-installer"
    assert {"kickstart.json", "plan.txt", "install.log", "events.jsonl"} <= set(os.listdir(log))  # noqa: PTH208
    for path in log.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
        if path.name != "kickstart.json":
            assert HASH not in path.read_text("utf-8"), path
    saved = json.loads((log / "kickstart.json").read_text("utf-8"))
    assert api.check(saved) == ()


def test_a_loop_disk(loop: Machine, payload: PayloadIndex, tmp_path: Path) -> None:
    data = full_kickstart(boot={"mode": "efi"})
    plan = plan_for(data, loop, payload)
    # No firmware here keeps entries for a disk that is going away.
    plan = without_boot_entry(plan)
    told = Told()
    (tmp_path / "work").mkdir()
    api.install(plan, emit=told, work=tmp_path / "work")
    assert isinstance(told.events[-1], Finished)
    table = read_table(plan.disk.path)
    assert [part.name for part in table.partitions] == ["photon-esp", "photon-root"]
    assert table.sector == loop.disks[0].logical_sector
    # The same once more, over what is there now.
    api.install(plan, emit=told, work=tmp_path / "work")


def without_boot_entry(plan: InstallPlan) -> InstallPlan:
    *others, last = plan.phases
    actions = tuple(each for each in last.actions if type(each).__name__ != "WriteBootEntry")
    return replace(plan, phases=(*others, replace(last, actions=actions)))


def test_a_failure_in_each_action_of_an_image(image: Path, payload: PayloadIndex) -> None:
    before = state()
    plan = image_plan(image, payload)
    # Those that write a file into the new root fail alike: the first and the last stand for all.
    kinds = [type(action).__name__ for action in actions_of(plan)]
    numbers = [
        number
        for number, kind in enumerate(kinds)
        if kind != "WriteFile"
        or kind not in {*kinds[:number]}
        or kind not in {*kinds[number + 1 :]}
    ]
    for number in numbers:
        told = Told()
        with pytest.raises(CommandFailed, match="broken"):
            install(with_break(plan, number, CommandFailed("broken"), after=True), told)
        assert isinstance(told.events[-1], Failed)
        assert not [each for each in told.of(Message) if each.level == "error"], kinds[number]
        assert not image.exists(), kinds[number]
        assert state() == before, kinds[number]


def test_a_failure_takes_the_table_off_a_disk(
    loop: Machine, payload: PayloadIndex, tmp_path: Path
) -> None:
    plan = without_boot_entry(plan_for(full_kickstart(boot={"mode": "efi"}), loop, payload))
    (tmp_path / "work").mkdir()
    last = len(actions_of(plan)) - 1
    formatting = next(
        number
        for number, action in enumerate(actions_of(plan))
        if isinstance(action, MakeFilesystem)
    )
    for number in (formatting, last // 2, last):
        told = Told()
        broken = with_break(plan, number, CommandFailed("broken"), after=True)
        with pytest.raises(CommandFailed, match="broken"):
            api.install(broken, emit=told, work=tmp_path / "work")
        failed = told.events[-1]
        assert isinstance(failed, Failed)
        assert failed.written
        assert not failed.restored
        assert read_table(plan.disk.path).kind == ""
        first = _first(Path(plan.disk.path), 512)
        assert (first[:440], first[510:]) == (bytes(440), bytes(2))


@pytest.mark.parametrize("action", ["extract", "run the script", "write everything"])
def test_cancelled(image: Path, payload: PayloadIndex, action: str) -> None:
    told = Told()
    scripts = {"post": [{"run": ["sleep 30"]}]}
    plan = image_plan(image, payload, scripts=scripts if "script" in action else {"post": []})
    if "script" not in action:
        plan = with_break(plan, _number(plan, action), Cancelled("enough"), after=True)

    def cancelled() -> bool:
        started = told.of(ActionStarted)
        return bool(started) and started[-1].description.startswith(action)

    with pytest.raises(Cancelled):
        install(plan, told, cancelled=cancelled)
    failed = told.events[-1]
    assert isinstance(failed, Failed)
    assert failed.exit_code == ExitCode.CANCELLED
    assert not [each for each in told.of(Message) if each.level == "error"]
    assert not image.exists()


def _number(plan: InstallPlan, start: str) -> int:
    described = [action.describe() for action in actions_of(plan)]
    return next(number for number, text in enumerate(described) if text.startswith(start))


def test_a_daemon_that_a_script_leaves_behind(image: Path, payload: PayloadIndex) -> None:
    """It would keep the new root busy, and ``/dev`` of this system mounted below it."""
    told = Told()
    lines = ["setsid sleep 300 > /dev/null 2>&1 < /dev/null &", "echo started"]
    install(image_plan(image, payload, scripts={"post": [{"run": lines}]}), told)
    assert isinstance(told.events[-1], Finished)


def test_a_script_that_fails_and_one_that_takes_too_long(
    image: Path, payload: PayloadIndex
) -> None:
    for lines, words in (["echo so sorry", "exit 3"], "so sorry"), (["sleep 30"], "time was up"):
        told = Told()
        scripts = {"post": [{"run": lines, "timeout": "1 s"}]}
        with pytest.raises(CommandFailed) as caught:
            install(image_plan(image, payload, scripts=scripts), told)
        assert words in str(caught.value)
        assert not image.exists()


def test_an_image_where_there_is_no_room(tmp_path: Path) -> None:
    told = Told()
    with real_context(tmp_path) as context:
        context.emit = told
        out("mount", "-t", "tmpfs", "-o", "size=8M", "tmpfs", tmp_path)
        context.on_undo("unmount", lambda: out("umount", tmp_path))
        CreateImage(path=str(tmp_path / "x.img"), size=GIB).run(context)
        with pytest.raises(OSError, match="No space"):
            (tmp_path / "x.img").write_bytes(bytes(16 << 20))
        context.compensate()
        assert not (tmp_path / "x.img").exists()
    (error,) = [each.text for each in told.of(Message) if each.level == "error"]
    assert error.startswith(f"{tmp_path} was full")


def test_an_image_that_is_there_is_left_alone(image: Path, payload: PayloadIndex) -> None:
    image.write_bytes(b"precious" * 1000)
    told = Told()
    with pytest.raises(CommandFailed, match="exists already"):
        install(image_plan(image, payload), told)
    assert image.read_bytes() == b"precious" * 1000
    failed = told.events[-1]
    assert isinstance(failed, Failed)
    assert not failed.written


@pytest.mark.parametrize("damage", ["missing", "truncated", "changed"])
def test_a_refused_payload_leaves_the_disk_as_it_was(
    loop: Machine, payload: PayloadIndex, tmp_path: Path, damage: str
) -> None:
    disk = Path(loop.disks[0].path)
    with disk.open("r+b") as file:
        file.write(os.urandom(MIB))
    before = _first(disk, 4 * MIB)
    source = tmp_path / "payload"
    source.mkdir()
    data = (Path(payload.source) / "root.squashfs").read_bytes()
    if damage != "missing":
        content = data[:-1] if damage == "truncated" else data[:-9] + b"X" + data[-8:]
        (source / "root.squashfs").write_bytes(content)
    told = Told()
    index = replace(payload, source=str(source))
    plan = plan_for(full_kickstart(boot={"mode": "efi"}), loop, index)
    with pytest.raises(PayloadBad):
        api.install(plan, emit=told, work=tmp_path / "work")
    assert _first(disk, 4 * MIB) == before
    (failed,) = told.of(Failed)
    assert (failed.exit_code, failed.written) == (ExitCode.PAYLOAD, False)


def test_the_command_line_and_a_listener_that_leaves(
    image: Path, payload: PayloadIndex, tmp_path: Path
) -> None:
    """``image … --events PIPE`` gives an image although the reader goes away after a line."""
    (tmp_path / "ks.json").write_text(json.dumps(full_kickstart()), encoding="utf-8")
    pipe = tmp_path / "events"
    os.mkfifo(pipe)
    command = ["image", str(tmp_path / "ks.json"), str(image), "--size", "2 GiB"]
    options = ["--payload", payload.source, "--events", str(pipe)]
    with subprocess.Popen(
        [sys.executable, "-m", "installer", *command, *options],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        with pipe.open(encoding="utf-8") as lines:
            assert json.loads(lines.readline())["event"] == "started"
        out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    assert "Installed in" in out
    assert image.exists()


def test_the_real_payload(image: Path, tmp_path: Path) -> None:
    """The built medium's own tree, as far as it has been built."""
    if not (REAL_PAYLOAD / "index.json").is_file():
        pytest.skip(f"{REAL_PAYLOAD} is not there: run 'make iso'")
    payload = load_payload_index(str(REAL_PAYLOAD))
    if not any(tree.name == "minimal-cloud" for tree in payload.trees):
        pytest.skip(f"{REAL_PAYLOAD} has no minimal-cloud")
    told = Told()
    data = full_kickstart(scripts={"post": [{"run": ["apt-get check", "echo here > /etc/site"]}]})
    document, machine = api.image_target(Document(data=data), str(image), 4 * GIB)
    install(api.prepare(document, machine, payload, seed="disk"), told)
    assert isinstance(told.events[-1], Finished)
    print(dict(told.events[-1].seconds))
    (tmp_path / "root").mkdir()
    with Mounted(image, tmp_path / "root") as root:
        assert (root / "usr/sbin/dockerd").stat().st_size > MIB
        assert "ops:x:1000" in (root / "etc/passwd").read_text("utf-8")
        assert (root / "boot/grub/i386-pc/core.img").stat().st_size > 20_000
