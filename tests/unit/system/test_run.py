"""Real processes: what goes in, what comes out, and that nothing outlives its time."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.errors import Cancelled, CommandFailed
from installer.events import Message
from installer.secret import Secret
from installer.system.run import ProcessRunner
from tests.engine import Told


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def runner(told: Told) -> ProcessRunner:
    return ProcessRunner(told)


@pytest.fixture
def pid_file(tmp_path: Path) -> Iterator[Path]:
    """A file for the process ID of something that must not outlive the test."""
    path = tmp_path / "pid"
    yield path
    if path.exists() and path.read_text().strip():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(path.read_text()), signal.SIGKILL)


def alive(pid_file: Path) -> bool:
    """Whether the process still runs, a moment after it was told to end; a zombie does not."""
    for _ in range(100):
        try:
            status = Path("/proc", pid_file.read_text().strip(), "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
        if status.rpartition(")")[2].split()[0] == "Z":
            return False
        time.sleep(0.02)
    return True


def text(told: Told) -> str:
    return "\n".join(each.text for each in told.of(Message))


def test_output_comes_back_and_is_told(runner: ProcessRunner, told: Told) -> None:
    assert runner.run(["sh", "-c", "echo out; echo err >&2"]) == "out\n"
    assert text(told) == "$ sh -c 'echo out; echo err >&2'\nout\nerr"


def test_a_secret_goes_to_standard_input_and_nowhere_else(
    runner: ProcessRunner, told: Told
) -> None:
    assert runner.run(["sha256sum"], stdin=Secret("hush")).startswith("dc8331bc")
    assert "hush" not in text(told)


@pytest.mark.parametrize("data", ["line\n", b"line\n"])
def test_standard_input(runner: ProcessRunner, data: str | bytes) -> None:
    assert runner.run(["cat"], stdin=data) == "line\n"


def test_no_input_is_an_empty_input(runner: ProcessRunner) -> None:
    assert runner.run(["cat"]) == ""


def test_a_large_input_to_a_program_that_is_slow(runner: ProcessRunner) -> None:
    data = "x" * 300_000
    assert runner.run(["sh", "-c", "sleep 0.3; wc -c"], stdin=data).strip() == "300000"


def test_a_large_input_to_a_program_that_does_not_read(runner: ProcessRunner) -> None:
    assert runner.run(["true"], stdin="x" * 300_000) == ""


def test_the_environment_is_clean(runner: ProcessRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hush")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    names = {line.partition("=")[0] for line in runner.run(["env"]).splitlines()}
    assert names == {"PATH", "LANG", "HOME"}


def test_a_failure_says_what_and_the_last_lines(runner: ProcessRunner) -> None:
    with pytest.raises(CommandFailed) as caught:
        runner.run(["sh", "-c", "for i in $(seq 100); do echo line $i >&2; done; exit 7"])
    assert "exit code 7" in caught.value.message
    assert "line 100" in caught.value.hint
    assert "line 85\n" not in caught.value.hint
    assert "line 86\n" in caught.value.hint


def test_a_silent_failure(runner: ProcessRunner) -> None:
    with pytest.raises(CommandFailed) as caught:
        runner.run(["false"])
    assert caught.value.hint == "It printed nothing."


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGRTMIN + 3])
def test_a_signal_has_a_name(runner: ProcessRunner, number: int) -> None:
    with pytest.raises(CommandFailed, match="ended with signal"):
        runner.run(["sh", "-c", f"kill -{int(number)} $$"])


@pytest.mark.parametrize("name", ["no-such-program", "/etc/passwd"])
def test_a_program_that_cannot_start(runner: ProcessRunner, name: str) -> None:
    with pytest.raises(CommandFailed, match=name) as caught:
        runner.run([name])
    assert "package" in caught.value.hint


def test_output_that_is_no_text(runner: ProcessRunner) -> None:
    assert runner.run(["printf", r"\377x"]) == "\ufffdx"


def test_its_time_is_up(runner: ProcessRunner, pid_file: Path) -> None:
    start = time.monotonic()
    with pytest.raises(CommandFailed, match="still running when its time was up"):
        runner.run(["sh", "-c", f"echo $$ > {pid_file}; sleep 60"], timeout=0.3)
    assert time.monotonic() - start < 4
    assert not alive(pid_file)


def test_arguments_in_messages_are_escaped(runner: ProcessRunner) -> None:
    with pytest.raises(CommandFailed, match=r"\\u001b\[2J.*still running"):
        runner.run(["sh", "-c", "sleep 60", "\x1b[2J"], timeout=0.1)


def test_watch_sees_the_process(runner: ProcessRunner) -> None:
    seen: set[int] = set()
    own = runner.run(["sh", "-c", "echo $$; sleep 0.5"], watch=seen.add)
    assert seen == {int(own)}


def test_cancelling_ends_the_whole_group(told: Told, pid_file: Path) -> None:
    runner = ProcessRunner(told, pid_file.exists)
    with pytest.raises(Cancelled):
        runner.run(["sh", "-c", f"sleep 60 & echo $! > {pid_file}; wait"])
    assert not alive(pid_file)


def test_nothing_more_is_started_after_a_cancellation(told: Told, pid_file: Path) -> None:
    runner = ProcessRunner(told, lambda: True)
    with pytest.raises(Cancelled):
        runner.run(["touch", str(pid_file)])
    assert not pid_file.exists()


def test_a_failing_watch_ends_the_program(runner: ProcessRunner, pid_file: Path) -> None:
    def watch(_: int) -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled, match="enough"):
        runner.run(["sh", "-c", f"echo $$ > {pid_file}; sleep 60"], watch=watch)
    assert not alive(pid_file)


def test_a_child_left_behind_is_ended_and_not_waited_for(
    runner: ProcessRunner, pid_file: Path
) -> None:
    start = time.monotonic()
    assert runner.run(["sh", "-c", f"sleep 60 & echo $! > {pid_file}; echo done"]) == "done\n"
    assert time.monotonic() - start < 4
    assert not alive(pid_file)


def test_a_daemon_that_keeps_the_output_open_is_not_waited_for(
    runner: ProcessRunner, pid_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installer.system.run._PATIENCE_SECONDS", 0.2)
    start = time.monotonic()
    command = f"setsid sh -c 'echo $$ > {pid_file}; sleep 20' & echo done"
    assert runner.run(["sh", "-c", command]) == "done\n"
    assert time.monotonic() - start < 4


def test_a_stubborn_program_is_killed(
    runner: ProcessRunner, pid_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installer.system.run._PATIENCE_SECONDS", 0.2)
    command = f"trap '' TERM; echo $$ > {pid_file}; while :; do sleep 0.1; done"
    with pytest.raises(CommandFailed, match="time was up"):
        runner.run(["sh", "-c", command], timeout=0.3)
    assert not alive(pid_file)
