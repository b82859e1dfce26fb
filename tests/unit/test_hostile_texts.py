"""What a disk, a firmware or a program says reaches a terminal with nothing in it to obey."""

import io
import json
import unicodedata
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from installer.boot_check.report import Report
from installer.engine.sinks.lines import json_lines, log_lines
from installer.events import Message
from installer.machine.facts import (
    BootEntry,
    Disk,
    Firmware,
    FirmwareMode,
    Layer,
    LayerKind,
    LeftOut,
    Machine,
    NetworkInterface,
    Partition,
    machine_from_json,
)
from installer.machine.text import machine_text
from installer.system.run import ProcessRunner
from installer.verify.finding import bad
from ks_schema.wording import printable, printable_lines, quoted
from tests.engine import Told, kickstart, plan_for

HOSTILE = "x\n  nothing is lost\x1b[8m\x9b2J\u202e\u200b\u3164\U000e0001"
SHOWN = r"x\n  nothing is lost\u001b[8m\u009b2J\u202e\u200b\u3164\udb40\udc01"


def is_plain(text: str) -> bool:
    """Whether a terminal shows the text as it is; line breaks are the program's own."""
    return not any(
        unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp"} for each in text if each != "\n"
    )


def test_printable() -> None:
    assert printable(HOSTILE) == SHOWN
    assert printable("Größe, 磁盘 é") == "Größe, 磁盘 é"
    assert printable_lines("a\tb\n\r") == "a\tb\n\\r"
    assert printable("\udc80") == r"\udc80"
    assert is_plain(quoted(HOSTILE))


def hostile_machine() -> Machine:
    """A machine on which every text that something else has written is hostile."""
    partition = Partition(
        path="/dev/vda1", number=1, start=1 << 20, size=1 << 30, type_guid=HOSTILE, name=HOSTILE,
        filesystem=HOSTILE, label=HOSTILE, uuid=HOSTILE, mounted=(), operating_system=HOSTILE,
    )  # fmt: skip
    disk = Disk(
        path="/dev/vda", size=20 << 30, model=HOSTILE, serial=HOSTILE, wwn=HOSTILE,
        transport=HOSTILE, links=(HOSTILE,), table=HOSTILE, filesystem=HOSTILE,
        partitions=(partition,),
    )  # fmt: skip
    layer = Layer(
        kind=LayerKind.LVM, name=HOSTILE, uuid=HOSTILE, parents=("/dev/vda1",), devices=(HOSTILE,)
    )
    firmware = Firmware(
        mode=FirmwareMode.EFI, keys=(HOSTILE,), sbat_level=HOSTILE, tpm=HOSTILE,
        entries=(BootEntry(number="0001", label=HOSTILE, loader=HOSTILE),),
    )  # fmt: skip
    return Machine(
        firmware=firmware, memory=1 << 31, vendor=HOSTILE, product=HOSTILE, disks=(disk,),
        layers=(layer,), left_out=(LeftOut(path="/dev/sr0", reason=HOSTILE),),
        interfaces=(NetworkInterface(name=HOSTILE, mac=HOSTILE, driver=HOSTILE),),
    )  # fmt: skip


def texts_in(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case tuple():
            return [text for each in value for text in texts_in(each)]
    if is_dataclass(value):
        return [text for each in fields(value) for text in texts_in(getattr(value, each.name))]
    return []


def test_every_text_of_every_fact_is_escaped() -> None:
    machine = hostile_machine()
    texts = texts_in(machine)
    assert texts.count(SHOWN) > 20
    assert all(map(is_plain, texts))
    assert machine_from_json(machine.to_json()) == machine
    assert replace(machine.disks[0], model="\x07").model == r"\u0007"


def test_facts_and_plan_have_no_line_of_a_disk() -> None:
    machine = hostile_machine()
    assert is_plain(machine_text(machine))
    assert is_plain(printable(json.dumps(machine.to_json(), ensure_ascii=False)))
    data = {**kickstart(), "disks": {"default": {"match": {}, "pick": "largest"}}}
    text = plan_for(data, machine).describe()
    assert is_plain(text)
    assert "\n  nothing is lost" not in text
    assert SHOWN in text


def test_json_has_everything_as_an_escape_and_loses_nothing() -> None:
    data = {"text": HOSTILE, "ä": ["\x9b", "磁盘"]}
    text = printable(json.dumps(data, ensure_ascii=False))
    assert json.loads(text) == data
    assert is_plain(text)
    assert "磁盘" in text


def test_what_a_program_prints_is_escaped_in_log_event_and_error() -> None:
    told = Told()
    script = "printf 'one\\ttwo\\n\\033[2J\\302\\2332J\\r\\n'"
    given = ProcessRunner(told).run(["sh", "-c", script])
    assert "\x1b[2J" in given, "whoever parses it gets it as it is"
    (said,) = (each.text for each in told.of(Message) if not each.text.startswith("$"))
    assert said == "one\ttwo\n\\u001b[2J\\u009b2J"
    with pytest.raises(Exception, match=r"\\u001b\[2J"):
        ProcessRunner(told).run(["sh", "-c", f"{script}; exit 1"])
    log, lines = io.StringIO(), io.StringIO()
    for each in told.of(Message):
        log_lines(log)(each)
        json_lines(lines)(each)
    assert is_plain(log.getvalue().replace("\t", ""))
    assert is_plain(lines.getvalue())


def test_the_boot_check_repeats_no_control_character_of_the_disk() -> None:
    report = Report(findings=(bad(HOSTILE, HOSTILE, HOSTILE),))
    assert is_plain(report.text())
    assert "\n" not in report.line(report.findings[0])
