"""The machine around the disks: firmware, network, memory, hypervisor."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from installer.errors import CommandFailed
from installer.machine.facts import FirmwareMode, SecureBoot
from installer.machine.probe.firmware import probe_firmware, secure_boot
from installer.machine.probe.machine import memory_size, probe_machine
from installer.machine.probe.network import addresses_of, probe_interfaces
from installer.system.runner import Input

EFIVARS = "sys/firmware/efi/efivars"
GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"


class FakeRunner:
    """Answers by the program's name; a program without an answer ends with an error."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.answers = answers
        self.calls: list[tuple[str, ...]] = []

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: Input = None,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        watch: Callable[[int], None] | None = None,  # noqa: ARG002
    ) -> str:
        self.calls.append(tuple(argv))
        if argv[0] not in self.answers:
            raise CommandFailed(f"{argv[0]}: ended with exit code 1")
        return self.answers[argv[0]]


def write(root: Path, path: str, content: str | bytes) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(content.encode() if isinstance(content, str) else content)


def variable(root: Path, name: str, value: int) -> None:
    write(root, f"{EFIVARS}/{name}-{GLOBAL}", b"\x06\x00\x00\x00" + bytes([value]))


def test_no_efi_folder_is_bios(tmp_path: Path) -> None:
    firmware = probe_firmware(tmp_path)
    assert firmware.mode is FirmwareMode.BIOS
    assert firmware.secure_boot is SecureBoot.UNSUPPORTED


@pytest.mark.parametrize(
    ("setup_mode", "enforced", "expected"),
    [
        (0, 1, SecureBoot.ENABLED),
        (0, 0, SecureBoot.DISABLED),
        (1, 0, SecureBoot.SETUP),
        (None, None, SecureBoot.UNSUPPORTED),
        (1, None, SecureBoot.SETUP),
    ],
)
def test_secure_boot_is_read_behind_the_attributes(
    tmp_path: Path, setup_mode: int | None, enforced: int | None, expected: SecureBoot
) -> None:
    (tmp_path / EFIVARS).mkdir(parents=True)
    if setup_mode is not None:
        variable(tmp_path, "SetupMode", setup_mode)
    if enforced is not None:
        variable(tmp_path, "SecureBoot", enforced)
    firmware = probe_firmware(tmp_path)
    assert firmware.mode is FirmwareMode.EFI
    assert firmware.secure_boot is expected


def test_an_empty_variable_enforces_nothing() -> None:
    assert secure_boot(setup_mode=b"", enforced=b"") is SecureBoot.UNSUPPORTED


def test_memory_comes_in_bytes() -> None:
    assert memory_size("MemTotal:        2013364 kB\nMemFree: 1 kB\n") == 2013364 * 1024
    assert memory_size("") == 0


def test_addresses_leave_out_link_local_ones() -> None:
    links = [
        {
            "ifname": "enp1s0",
            "addr_info": [
                {"local": "10.0.2.15", "prefixlen": 24, "scope": "global"},
                {"local": "fe80::1", "prefixlen": 64, "scope": "link"},
            ],
        },
        {},  # `ip -json` prints empty objects for links that its filters left out
    ]
    assert addresses_of(links) == {"enp1s0": ("10.0.2.15/24",)}


@pytest.mark.parametrize("links", [None, 1, "x", {}, [None], [{"ifname": 1}]])
def test_whatever_else_ip_prints_is_no_address(links: object) -> None:
    assert addresses_of(links) == {}


@pytest.mark.parametrize("found", [None, 1, [None], [{"local": "x"}], [{"prefixlen": 1}]])
def test_an_address_that_is_none_is_left_out(found: object) -> None:
    assert addresses_of([{"ifname": "a", "addr_info": found}]) == {"a": ()}


def test_interfaces_are_those_with_a_device(tmp_path: Path) -> None:
    net = "sys/class/net"
    write(tmp_path, "sys/bus/virtio/drivers/virtio_net/bind", "")
    for name, kind in (("enp1s0", "1"), ("lo", "772"), ("docker0", "1"), ("ib0", "32")):
        write(tmp_path, f"{net}/{name}/type", kind + "\n")
        write(tmp_path, f"{net}/{name}/address", "52:54:00:12:34:56\n")
    write(tmp_path, f"{net}/enp1s0/carrier", "1\n")
    for name in ("enp1s0", "ib0"):
        write(tmp_path, f"{net}/{name}/device/vendor", "0x1af4\n")
    driver = tmp_path / "sys/bus/virtio/drivers/virtio_net"
    (tmp_path / net / "enp1s0/device/driver").symlink_to(driver)
    found = probe_interfaces(FakeRunner({}), tmp_path)
    assert [each.name for each in found] == ["enp1s0"]
    assert found[0].driver == "virtio_net"
    assert found[0].mac == "52:54:00:12:34:56"
    assert found[0].carrier
    assert found[0].addresses == ()


def test_the_whole_machine(tmp_path: Path) -> None:
    write(tmp_path, "sys/class/dmi/id/sys_vendor", "innotek GmbH\n")
    write(tmp_path, "sys/class/dmi/id/product_name", "VirtualBox\n")
    write(tmp_path, "proc/meminfo", "MemTotal: 1024 kB\n")
    write(tmp_path, "run/udev/control", "")
    runner = FakeRunner({"lsblk": '{"blockdevices": []}', "systemd-detect-virt": "oracle\n"})
    machine = probe_machine(runner, root=tmp_path)
    assert (machine.vendor, machine.product) == ("innotek GmbH", "VirtualBox")
    assert machine.virtualization == "oracle"
    assert machine.memory == 1 << 20
    assert machine.cpus >= 1
    # A udev that is still busy after its time does not end the installation.
    assert runner.calls[0][:2] == ("udevadm", "settle")
    assert runner.calls[0][:2] == runner.calls[1][:2] != runner.calls[2][:2]


def test_bare_metal_is_told_by_an_exit_code(tmp_path: Path) -> None:
    machine = probe_machine(FakeRunner({"lsblk": '{"blockdevices": []}'}), root=tmp_path)
    assert machine.virtualization == "none"
    assert machine.disks == ()


def test_without_lsblk_there_is_no_machine(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed):
        probe_machine(FakeRunner({}), root=tmp_path)
