"""What is kept and said of how long the tests take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import speed, times
from tests.vm.deadline import Deadline


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_each_part_and_case_is_kept_with_the_machines_speed() -> None:
    times.record("parts", "unit", seconds=75.04, outcome="passed")
    times.record("parts", "vm", seconds=700, outcome="failed")
    times.record("cases", "stack", seconds=330, outcome="passed", stalls=1)
    kept = json.loads(times.FILE.read_text("utf-8"))
    assert kept["parts"]["unit"] == {"seconds": 75.0, "outcome": "passed"}
    assert kept["cases"]["stack"]["stalls"] == 1
    assert 0 < kept["machine"]["speed"] < 100
    assert {"processor", "cpus", "memory_mib"} < kept["machine"].keys()


def test_the_report_says_what_failed_and_what_ran_twice() -> None:
    times.record("parts", "vm", seconds=700, outcome="failed")
    times.record("cases", "stack", seconds=330, outcome="passed", stalls=1)
    times.record("cases", "bios", seconds=150, outcome="passed")
    lines = [" ".join(line.split()) for line in times.report().splitlines()]
    assert {"vm 700 FAILED", "together 700", "bios 150", "stack 330"} < set(lines)
    assert lines[-1].endswith("the emulator stood still: stack (1)")


def test_the_times_of_a_part_add_up_until_the_reset_and_a_case_has_its_last() -> None:
    for seconds in (60, 1):
        times.record("parts", "iso", seconds=seconds, outcome="passed")
        times.record("cases", "uki", seconds=seconds, outcome="passed")
    said = " ".join(times.report().split())
    assert "together 61 uki 1 " in said
    times.reset()
    assert "iso" not in times.report()


def test_work_takes_at_least_as_long_as_on_the_reference_machine() -> None:
    assert 1 <= speed.slowness() <= 10


def test_a_deadline_of_the_future_has_not_passed_and_measures_nothing() -> None:
    deadline = Deadline(100, measure=lambda: pytest.fail("measured"))
    assert not deadline.passed()
    assert 99 < deadline.remaining <= 100


def test_a_deadline_passes_only_if_the_machine_is_as_fast_as_thought() -> None:
    assert Deadline(0, measure=lambda: 1).passed()
    assert Deadline(0, slowness=3, measure=lambda: 9).passed()  # no seconds stay none
    late = Deadline(1e-9, measure=lambda: 1e10)  # ten seconds on this machine
    assert not late.passed()
    assert 9 < late.remaining <= late.limit == 10


def test_a_deadline_is_never_shortened() -> None:
    deadline = Deadline(1e-9, slowness=1e10, measure=lambda: 1)
    assert not deadline.passed()
    assert deadline.limit == 10
