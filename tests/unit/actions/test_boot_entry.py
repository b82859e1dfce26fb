"""The firmware's boot entries: whose they are, and the place of a new one among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from installer.actions.boot.boot_entry import WriteBootEntry
from installer.actions.boot.boot_order import entry_table
from installer.actions.boot.esp import LOADER
from installer.actions.context import Context
from installer.config.boot import BootOrder
from installer.events import Event
from installer.system.runner import Input

OLD, NEW, OTHER = (f"3f1c2a44-0000-4000-8000-00000000000{digit}" for digit in "123")
# As efibootmgr 17 and 18 print it.
PRINTED = f"""\
BootCurrent: 0003
Timeout: 0 seconds
BootOrder: 0003,0000,0004,0001
Boot0000* UEFI PXEv4\tPciRoot(0x0)/Pci(0x3,0x0)/MAC(525400123456,1)/IPv4(0.0.0.0,0,0)
      dp: 02 01 0c 00 d0 41 03 0a
Boot0001* Photon\tHD(1,GPT,{OLD.upper()},0x800,0x100000)/File({LOADER})
Boot0002  Photon (second disk)\tHD(1,GPT,{OTHER},0x800,0x100000)/{LOADER}
Boot0003* UEFI QEMU DVD-ROM\tPciRoot(0x0)/Pci(0x1f,0x2)/Sata(0,65535,0)
Boot0004* UEFI HTTPv6\tPciRoot(0x0)/Pci(0x3,0x0)/MAC(525400123456,1)/IPv6([::]:<->[::]:,0,0)/Uri()
"""


def test_the_table_that_efibootmgr_prints() -> None:
    table = entry_table(PRINTED)
    assert table.order == ("0003", "0000", "0004", "0001")
    assert [each.number for each in table.entries] == ["0000", "0001", "0002", "0003", "0004"]
    assert [each.number for each in table.entries if each.network] == ["0000", "0004"]
    assert [each.number for each in table.entries if not each.active] == ["0002"]
    photon, second = table.entries[1:3]
    assert (photon.label, photon.partition, photon.loader) == ("Photon", OLD, LOADER)
    assert (second.label, second.partition, second.loader) == (
        "Photon (second disk)",
        OTHER,
        LOADER,
    )
    assert table.entries[3].partition == ""


def test_a_label_may_have_any_character() -> None:
    label = "a\u2028b\x85c"
    (entry,) = entry_table(f"Boot0001* {label}\tHD(1,GPT,{OLD},0x800,0x1)/{LOADER}\n").entries
    assert (entry.partition, entry.loader) == (OLD, LOADER)


def test_firmware_without_entries() -> None:
    table = entry_table("BootCurrent: 0001\nNo BootOrder is set; firmware will attempt recovery\n")
    assert (table.entries, table.order) == ((), ())


@dataclass(slots=True)
class Firmware:
    """Boot entries behind an efibootmgr; ``stubborn`` firmware has its own idea of the order."""

    lines: dict[str, str]
    order: list[str]
    present: tuple[str, ...] = (NEW, OTHER)
    stubborn: bool = False
    forgetful: bool = False
    events: list[Event] = field(default_factory=list)

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: Input = None,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        watch: Callable[[int], None] | None = None,  # noqa: ARG002
    ) -> str:
        match list(argv):
            case ["lsblk", *_]:
                return "\n" + "\n".join(self.present) + "\n"
            case ["efibootmgr", "-v"]:
                return self.text()
            case ["efibootmgr", "--quiet", "-b", number, "-B"]:
                del self.lines[number]
                self.order = [each for each in self.order if each != number]
            case ["efibootmgr", "--quiet", "--create-only", *_, label, "--loader", loader]:
                if not self.forgetful:
                    number = next(f"{n:04X}" for n in range(99) if f"{n:04X}" not in self.lines)
                    self.lines[number] = f"{label}\tHD(1,GPT,{NEW},0x800,0x100000)/{loader}"
            case ["efibootmgr", "--quiet", "--bootorder", order]:
                if not self.stubborn:
                    self.order = order.split(",")
            case other:
                raise AssertionError(other)
        return ""

    def text(self) -> str:
        entries = (f"Boot{number}* {line}\n" for number, line in sorted(self.lines.items()))
        return f"BootOrder: {','.join(self.order)}\n" + "".join(entries)


def machine(fault: str = "") -> Firmware:
    """A DVD first, the network, an entry of an installation that is gone, another system."""
    return Firmware(
        lines={
            "0000": "DVD\tPciRoot(0x0)/Sata(0,65535,0)",
            "0001": "PXE\tPciRoot(0x0)/MAC(525400123456,1)/IPv4(0.0.0.0)",
            "0002": f"Photon\tHD(1,GPT,{OLD},0x800,0x100000)/{LOADER}",
            "0004": f"Other\tHD(1,GPT,{OTHER},0x800,0x100000)/{LOADER}",
        },
        order=["0000", "0002", "0004", "0001"],
        stubborn=fault == "stubborn",
        forgetful=fault == "forgetful",
    )


def write(firmware: Firmware, folder: Path, order: BootOrder = BootOrder.FIRST) -> None:
    context = Context(
        runner=firmware,
        emit=firmware.events.append,
        target=folder,
        work=folder,
        nodes={"disk/default": "/dev/sda"},
    )
    WriteBootEntry(
        disk="disk/default", partition=1, partition_guid=NEW, label="Photon", order=order
    ).run(context)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (BootOrder.FIRST, ["0002", "0000", "0004", "0001"]),
        (BootOrder.AFTER_PRESENT, ["0000", "0002", "0004", "0001"]),
        (BootOrder.LEAVE, ["0000", "0004", "0001"]),
        (BootOrder.NETWORK_FIRST, ["0001", "0002", "0000", "0004"]),
    ],
)
def test_the_place_of_the_new_entry(order: BootOrder, expected: list[str], tmp_path: Path) -> None:
    firmware = machine()
    write(firmware, tmp_path, order)
    assert firmware.order == expected
    assert NEW in firmware.lines["0002"]
    assert "0004" in firmware.lines
    assert firmware.events == []


@pytest.mark.parametrize("order", BootOrder)
def test_writing_it_again_changes_nothing(order: BootOrder, tmp_path: Path) -> None:
    firmware = machine()
    write(firmware, tmp_path, order)
    once = (dict(firmware.lines), list(firmware.order))
    write(firmware, tmp_path, order)
    assert (firmware.lines, firmware.order) == once


def test_the_only_entry_of_a_machine(tmp_path: Path) -> None:
    for order in (BootOrder.FIRST, BootOrder.AFTER_PRESENT, BootOrder.NETWORK_FIRST):
        firmware = Firmware(lines={}, order=[])
        write(firmware, tmp_path, order)
        assert firmware.order == ["0000"]


@pytest.mark.parametrize(
    ("fault", "text"),
    [("stubborn", "the order of its boot entries"), ("forgetful", "did not keep the boot entry")],
)
def test_firmware_that_does_not_obey_is_told(fault: str, text: str, tmp_path: Path) -> None:
    firmware = machine(fault)
    write(firmware, tmp_path)
    (warning,) = firmware.events
    assert text in str(warning)


def test_the_plan_says_the_place() -> None:
    action = WriteBootEntry(
        disk="d", partition=1, partition_guid=NEW, label="Photon", order=BootOrder.NETWORK_FIRST
    )
    assert "behind those for the network" in action.describe()
