"""A failure names the disk or the medium that is behind it, and says when that is gone."""

import errno
import os
from pathlib import Path

import pytest

from installer.actions.action import Action
from installer.engine import diagnosis
from installer.engine.diagnosis import acted_on, explained, failing_disks
from installer.errors import Cancelled, CommandFailed, InstallerError, PayloadBad
from installer.machine.facts import Disk, Firmware, FirmwareMode, Machine
from installer.plan.model import InstallPlan
from installer.system import kernel_log
from installer.system.kernel_log import DeviceError, KernelLog, device_error
from installer.system.medium import device_below, lost_device
from tests.engine import GIB, actions_of, kickstart, plan_for

BOTH = {"default": {"device": "/dev/vda"}, "b": {"device": "/dev/vdb"}}
DISKS = tuple(
    Disk(path=f"/dev/{name}", size=20 * GIB, serial=name.upper(), transport="virtio")
    for name in ("vda", "vdb")
)
WRITE_ERROR = (
    "3,512,1234567,-;I/O error, dev {}, sector 2048 op 0x1:(WRITE) flags 0x800 phys_seg 1 prio 2\n"
    " SUBSYSTEM=block\n DEVICE=+b254:0\n"
)
READ_ERROR = "3,513,1234568,-;I/O error, dev sr0, sector 64 op 0x0:(READ) flags 0x0 phys_seg 1\n"


@pytest.fixture(autouse=True)
def there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with both disks and its medium, whatever this one has."""
    for disk in DISKS:
        size = tmp_path / "sys" / Path(disk.path).name / "size"
        size.parent.mkdir(parents=True)
        size.write_text("41943040\n")
    monkeypatch.setattr(diagnosis, "SYSFS", tmp_path / "sys")
    monkeypatch.setattr(diagnosis, "lost_device", lambda _: "")
    monkeypatch.setattr(diagnosis, "device_below", lambda _: "/dev/sr0")
    return tmp_path / "sys"


@pytest.fixture
def plan() -> InstallPlan:
    on = Machine(firmware=Firmware(mode=FirmwareMode.EFI), memory=GIB, disks=DISKS)
    return plan_for(kickstart(disks=BOTH, storage={"containers": {"disk": "b"}}), on)


@pytest.fixture
def kmsg(tmp_path: Path) -> Path:
    path = tmp_path / "kmsg"
    path.write_text("6,1,1,-;Linux version 6.12\n" + WRITE_ERROR.format("vda"))
    return path


def action(plan: InstallPlan, name: str, text: str = "") -> Action:
    return next(
        each for each in actions_of(plan) if type(each).__name__ == name and text in each.describe()
    )


def say(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (WRITE_ERROR.format("vda").splitlines()[0], ("vda", True)),
        (READ_ERROR.strip(), ("sr0", False)),
        ("3,1,1,-;blk_update_request: I/O error, dev sdb, sector 0 op 0x1:(WRITE)", ("sdb", True)),
        ("3,1,1,-;critical medium error, dev sda, sector 9 op 0x0:(READ)", ("sda", False)),
        ("3,1,1,-;critical target error, dev sda, sector 9 op 0x9:(WRITE_ZEROES)", ("sda", False)),
        ("3,1,1,-;Buffer I/O error on dev vda2, logical block 7, lost async page write",
         ("vda2", True)),
        ("3,1,1,-;Buffer I/O error on dev dm-0, logical block 7, async page read", ("dm-0", False)),
        ("6,1,1,-;vda: vda1 vda2", None),
        ("3,1,1,-;operation not supported error, dev vda, sector 0 op 0x3:(DISCARD)", None),
    ],
)  # fmt: skip
def test_what_the_kernel_says(line: str, found: tuple[str, bool] | None) -> None:
    error = device_error(line)
    assert (error and (error.device, error.write)) == found


def test_the_log_begins_when_it_is_opened(kmsg: Path) -> None:
    log = KernelLog(kmsg)
    assert log.errors() == ()
    say(kmsg, WRITE_ERROR.format("vdb"))
    assert [each.device for each in log.errors()] == ["vdb"]
    say(kmsg, READ_ERROR)
    assert [each.device for each in log.errors()] == ["vdb", "sr0"]
    log.close()
    assert KernelLog(kmsg.parent / "absent").errors() == ()


def test_a_disk_that_is_gone_is_named_as_gone(plan: InstallPlan, there: Path, kmsg: Path) -> None:
    (there / "vdb/size").write_text("0\n")
    error = explained(
        CommandFailed("mkfs.btrfs: ended with exit code 1", "It printed nothing."),
        action(plan, "MakeFilesystem"),
        plan,
        KernelLog(kmsg),
    )
    assert error.message.startswith("/dev/vdb (serial VDB, 20 GiB) is gone from the machine: could")
    assert "cable" in error.hint
    assert "mkfs.btrfs: ended with exit code 1" in error.hint, "what was known is kept"
    assert isinstance(error, CommandFailed)


def test_a_disk_without_a_node_is_gone(plan: InstallPlan, there: Path, kmsg: Path) -> None:
    (there / "vda/size").unlink()
    (there / "vda").rmdir()
    missing = not Path("/dev/vda").exists()
    error = explained(CommandFailed("x"), action(plan, "SyncRoot"), plan, KernelLog(kmsg))
    assert ("/dev/vda (serial VDA, 20 GiB) is gone" in error.message) == missing


def test_the_disk_that_the_kernel_blames_is_named(plan: InstallPlan, kmsg: Path) -> None:
    log = KernelLog(kmsg)
    say(kmsg, WRITE_ERROR.format("vda"))
    unsquashfs = CommandFailed(
        "unsquashfs: ended with exit code 1",
        "FATAL ERROR: write_file: failed to create /run/photon-installer/root/x",
    )
    error = explained(unsquashfs, action(plan, "ExtractPayload"), plan, log)
    assert error.message.startswith("/dev/vda (serial VDA, 20 GiB) gives I/O errors: could not ext")
    assert "Replace it" in error.hint
    assert "failed to create" in error.hint


@pytest.mark.parametrize(
    ("name", "text", "disk"),
    [
        ("WriteTable", "/dev/vdb", "/dev/vdb"),
        ("WriteTable", "/dev/vda", "/dev/vda"),
        ("MakeFilesystem", "partition/containers", "/dev/vdb"),
        ("MakeFilesystem", "partition/esp", "/dev/vda"),
        ("ExtractPayload", "", "/dev/vda"),
        ("WriteEsp", "", "/dev/vda"),
        ("SyncRoot", "", "/dev/vda"),
    ],
)
def test_without_the_kernels_word_the_plan_says_which_disk(
    plan: InstallPlan, kmsg: Path, name: str, text: str, disk: str
) -> None:
    step = action(plan, name, text)
    assert [each.path for each in acted_on(step, plan)] == [disk]
    printed = CommandFailed("program: ended with exit code 1", "write: Input/output error")
    error = explained(printed, step, plan, KernelLog(kmsg))
    assert error.message.startswith(f"{disk} (")
    assert "gives I/O errors" in error.message


def test_a_failure_that_has_nothing_to_do_with_a_device_stays_as_it_is(
    plan: InstallPlan, kmsg: Path
) -> None:
    read_only = "touch: cannot touch '/sys/x': Read-only file system"
    for error in (CommandFailed("a script ended with 1", read_only), Cancelled("enough")):
        assert explained(error, action(plan, "SyncRoot"), plan, KernelLog(kmsg)) is error


@pytest.mark.parametrize("kind", [CommandFailed, PayloadBad])
def test_a_medium_that_is_gone_is_not_to_be_written_again(
    plan: InstallPlan, kmsg: Path, monkeypatch: pytest.MonkeyPatch, kind: type[InstallerError]
) -> None:
    monkeypatch.setattr(diagnosis, "lost_device", lambda _: "no disc in /dev/sr0 any more")
    error = explained(
        kind("unsquashfs failed", ""), action(plan, "ExtractPayload"), plan, KernelLog(kmsg)
    )
    assert error.message.startswith("no disc in /dev/sr0 any more: could not extract")
    assert "Put the installation medium back" in error.hint
    assert type(error) is kind, "the exit code stays"


def test_a_medium_that_cannot_be_read_is_named(plan: InstallPlan, kmsg: Path) -> None:
    log = KernelLog(kmsg)
    say(kmsg, READ_ERROR)
    error = explained(CommandFailed("x"), action(plan, "ExtractPayload"), plan, log)
    assert error.message.startswith("/dev/sr0, the installation medium, gives I/O errors")


def test_partitions_count_as_their_disk_and_other_disks_do_not(
    plan: InstallPlan, kmsg: Path
) -> None:
    log = KernelLog(kmsg)
    for name in ("fd0", "vdaa", "vda1x"):
        say(kmsg, WRITE_ERROR.format(name))
    assert failing_disks(plan, log) == ()
    say(kmsg, "3,1,1,-;Buffer I/O error on dev vdb1, logical block 7, lost async page write\n")
    assert [each.path for each in failing_disks(plan, log, writes=True)] == ["/dev/vdb"]
    assert log.errors()[-1] == DeviceError(
        device="vdb1", write=True,
        text="Buffer I/O error on dev vdb1, logical block 7, lost async page write",
    )  # fmt: skip


MOUNTS = """\
22 1 0:21 / / rw,relatime - overlay overlay rw,lowerdir=/run/photon/installer
30 22 0:22 / /run rw,nosuid - tmpfs tmpfs rw
31 30 11:0 / /run/photon/medium ro - iso9660 /dev/sr0 ro
32 30 8:17 / /run/photon/a\\040b ro - vfat /dev/sdb1 ro
"""


@pytest.mark.parametrize(
    ("path", "device"),
    [
        ("/run/photon/medium/photon/payload", "/dev/sr0"),
        ("/run/photon/medium", "/dev/sr0"),
        ("/run/photon/medium2/x", ""),
        ("/run/photon/a b/x", "/dev/sdb1"),
        ("/srv", ""),
    ],
)
def test_the_device_below_a_path(tmp_path: Path, path: str, device: str) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert device_below(path, mounts) == device


def test_a_lost_device_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)

    def fail(number: int) -> None:
        def opened(*_: object) -> int:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "open", opened)

    for number, text in (
        (errno.ENOMEDIUM, "no disc in /dev/sr0 any more"),
        (errno.ENXIO, "/dev/sr0 is gone"),
        (errno.ENOENT, "/dev/sr0 is gone"),
        (errno.EACCES, ""),
    ):
        fail(number)
        assert lost_device("/run/photon/medium/photon/payload", mounts) == text
    assert lost_device("/srv", mounts) == ""


def test_the_log_is_the_kernels() -> None:
    assert Path("/dev/kmsg") == kernel_log.KMSG
