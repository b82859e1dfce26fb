"""The unattended run: whatever happens, it ends with a verdict."""

from pathlib import Path
from typing import Any

import pytest

from installer import api
from installer.command import unattended
from installer.config.disks import DiskSelector
from installer.config.kickstart import EndAction, Finish, InstallConfig
from installer.config.read import from_document
from installer.engine.sinks.compose import event_sinks
from installer.errors import CommandFailed, ExitCode, KickstartUnreachable
from installer.events import Emit, Failed, Message
from installer.machine.facts import Machine
from installer.sources.kickstart import Surroundings
from installer.sources.parameters import kernel_parameters
from ks_schema import Document
from tests.engine import Told, kickstart, machine, payload

FINISH = {"on_success": "poweroff", "on_failure": "halt"}


@pytest.fixture(autouse=True)
def probed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[DiskSelector, ...]]:
    """A machine with a payload, but no installation; which disks were waited for."""
    waited: list[tuple[DiskSelector, ...]] = []

    def probe(_: Emit, config: InstallConfig, source: str) -> Machine:
        del source
        waited.append(config.disks)
        return machine("empty-virtio")

    def read(*_: object, **__: object) -> Document:
        return Document(data=kickstart(finish=FINISH))

    monkeypatch.setattr(unattended, "read_kickstart", read)
    monkeypatch.setattr(unattended, "find_volume_kickstart", lambda **_: None)
    monkeypatch.setattr(api, "probe_machine", probe)
    monkeypatch.setattr(api, "payload_index", lambda **_: payload())
    monkeypatch.setattr(api, "execute_plan", lambda *_, **__: None)
    return waited


def run(told: Told, line: str = "photon.ks=http://x/ks.json") -> tuple[ExitCode, Finish] | None:
    return unattended._install(kernel_parameters(line), told, lambda: False, Surroundings())


def test_done() -> None:
    wanted = Finish(on_success=EndAction.POWEROFF, on_failure=EndAction.HALT)
    assert run(Told()) == (ExitCode.DONE, wanted)


def test_the_disks_that_the_kickstart_names_are_waited_for(
    probed: list[tuple[DiskSelector, ...]],
) -> None:
    run(Told())
    assert probed == [(DiskSelector(name="default", device="/dev/vda"),)]


@pytest.mark.parametrize(
    "bad", [{"hostname": "-"}, {"storage": {"encryption": {"passphrase": {"ask": True}}}}]
)
def test_what_nobody_can_do_is_refused_before_anything_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, probed: list[tuple[DiskSelector, ...]], bad: dict[str, Any]
) -> None:
    document = Document(data=kickstart(**bad))
    monkeypatch.setattr(unattended, "read_kickstart", lambda *_, **__: document)
    assert run(Told()) == (ExitCode.KICKSTART, Finish())
    assert probed == []


def test_the_kickstart_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[Document] = []

    def once(document: Document, **more: Any) -> InstallConfig:
        checked.append(document)
        return from_document(document, **more)

    monkeypatch.setattr(api, "from_document", once)
    run(Told())
    assert len(checked) == 1


def test_without_a_kickstart_a_person_is_asked() -> None:
    told = Told()
    assert run(told, "quiet") is None
    assert told.of(Failed) == []


def test_events_that_cannot_go_where_they_should(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    listeners = unattended._listeners(kernel_parameters("photon.events=/no/such/directory/x"))
    with event_sinks(tmp_path, listeners=listeners) as emit:
        emit(Message(level="info", text="all the same"))
    out = capsys.readouterr().out
    assert "warning: /no/such/directory/x" in out
    assert "all the same" in out


@pytest.mark.parametrize(
    ("error", "code"),
    [(KickstartUnreachable("away"), ExitCode.UNREACHABLE), (KeyError("slip"), ExitCode.BUG)],
)
def test_a_failure_and_a_bug_are_told_once(
    monkeypatch: pytest.MonkeyPatch, error: Exception, code: ExitCode
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(api, "execute_plan", fail)
    told = Told()
    wanted = Finish(on_success=EndAction.POWEROFF, on_failure=EndAction.HALT)
    assert run(told) == (code, wanted)
    assert [each.exit_code for each in told.of(Failed)] == [code]


def test_a_bug_shows_nothing_that_a_terminal_obeys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("x") from RuntimeError("\x1b[2J\x9b\u202e")

    monkeypatch.setattr(api, "execute_plan", fail)
    run(Told())
    shown = capsys.readouterr().err
    assert r"\u001b[2J\u009b\u202e" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("code", "line"), [(ExitCode.DONE, "done"), (ExitCode.PAYLOAD, "failed: exit 9")]
)
def test_the_verdict_is_printed_and_stands(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    code: ExitCode,
    line: str,
) -> None:
    for place in (tmp_path / "verdict", tmp_path / "no/such/folder"):
        monkeypatch.setattr(unattended, "VERDICT", place)
        unattended._give_verdict(code)
        assert capsys.readouterr().out == f"photon-installer: {line}\n"
    assert (tmp_path / "verdict").exists()


@pytest.mark.parametrize(
    ("finish", "expected"),
    [
        (FINISH, Finish(on_success=EndAction.POWEROFF, on_failure=EndAction.HALT)),
        ({"on_success": "explode"}, Finish()),
        ({"on_succes": "reboot"}, Finish()),
        (["reboot"], Finish()),
        (5, Finish()),
        (None, Finish()),
    ],
)
def test_the_end_that_even_a_bad_kickstart_asks_for(finish: Any, expected: Finish) -> None:
    assert unattended._finish(Document(data={"finish": finish})) == expected


def test_the_screen_gets_the_layout_of_the_kickstart(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    document = Document(data=kickstart(keyboard="de(nodeadkeys)"))
    monkeypatch.setattr(unattended, "read_kickstart", lambda *_, **__: document)
    monkeypatch.setattr(api, "load_keyboard", lambda each, _emit: loaded.append(str(each)))
    run(Told())
    assert loaded == ["de(nodeadkeys)"]


def test_a_screen_without_the_layout_keeps_nothing_from_being_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise CommandFailed("loadkeys: ended with exit code 1")

    monkeypatch.setattr(api, "load_keyboard", refuse)
    told = Told()
    outcome = run(told)
    assert outcome is not None
    assert outcome[0] is ExitCode.DONE
    warnings = [each.text for each in told.of(Message) if each.level == "warning"]
    assert any("keyboard layout" in text for text in warnings)
