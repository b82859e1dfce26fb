"""What ``check`` prints for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import validators

from installer.command.main import main
from installer.command.parser import PROGRAM
from installer.command.report import report_github, report_sarif
from installer.errors import ExitCode, KickstartInvalid, KickstartUnreachable
from ks_schema import Problem
from tests.engine import TESTS, kickstart

SARIF_SCHEMA = (
    TESTS.parent
    / "build/node/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"
)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a good kickstart, a bad one and one that is not JSON; it is the current."""
    monkeypatch.chdir(tmp_path)
    Path("good.json").write_text(json.dumps(kickstart()), encoding="utf-8")
    Path("bad one.json").write_text(json.dumps(kickstart(hostnam="x"), indent=1), encoding="utf-8")
    Path("broken.json").write_text('{"version": 1,,}', encoding="utf-8")
    return tmp_path


def sarif(*faults: Any) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(report_sarif(faults))["runs"][0]
    return run


@pytest.mark.usefixtures("files")
def test_several_files_and_the_code_of_the_first_at_fault(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "good.json", "broken.json", "bad one.json"]) == ExitCode.UNPARSABLE
    out, err = capsys.readouterr()
    assert out == "good.json: valid\n"
    assert err.startswith("broken.json:1:15: ")
    assert "\nbad one.json:" in err
    assert main(["check", "good.json", "bad one.json"]) == ExitCode.KICKSTART


@pytest.mark.usefixtures("files")
def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json", "good.json", "good.json"]) == ExitCode.DONE
    assert json.loads(capsys.readouterr().out) == {"problems": []}
    assert main(["check", "--format", "json", "broken.json", "bad one.json"]) == 8
    found = json.loads(capsys.readouterr().out)
    assert (found["error"], found["exit_code"]) == ("KickstartUnparsable", 8)
    assert [each["file"] for each in found["problems"]] == ["broken.json", "bad one.json"]
    assert all(each["line"] for each in found["problems"])


@pytest.mark.usefixtures("files")
def test_sarif(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--format", "sarif", "good.json"]) == ExitCode.DONE
    run = json.loads(capsys.readouterr().out)["runs"][0]
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    assert main(["check", "--format", "sarif", "bad one.json", "broken.json"]) == 2
    run = json.loads(capsys.readouterr().out)["runs"][0]
    assert run["invocations"][0] == {
        "executionSuccessful": True, "exitCode": 2, "toolExecutionNotifications": [],
    }  # fmt: skip
    bad, broken = run["results"]
    place = bad["locations"][0]
    assert place["physicalLocation"]["artifactLocation"] == {"uri": "bad%20one.json"}
    assert place["physicalLocation"]["region"]["startLine"] > 1
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "/hostnam"
    assert [each["ruleId"] for each in (bad, broken)] == ["KickstartInvalid", "KickstartUnparsable"]
    rules = [each["id"] for each in run["tool"]["driver"]["rules"]]
    assert rules == ["KickstartInvalid", "KickstartUnparsable"]


def test_what_could_not_be_read_is_a_notification() -> None:
    run = sarif(KickstartUnreachable("/no/such: no such file", "is the path right?"))
    (invocation,) = run["invocations"]
    assert (run["results"], invocation["executionSuccessful"], invocation["exitCode"]) == (
        [], False, 6,
    )  # fmt: skip
    assert "no such file" in invocation["toolExecutionNotifications"][0]["message"]["text"]


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("a b.json", "a%20b.json"),
        ("/etc/ks.json", "file:///etc/ks.json"),
        ("sub/a:b.json", "sub/a%3Ab.json"),
        ("https://host:8443/ks?a=1", "https://host:8443/ks?a=1"),
        ("label:PHOTONKS:ks.json", "label:PHOTONKS:ks.json"),
    ],
)
def test_the_uri_of_a_document(name: str, uri: str) -> None:
    problem = Problem(pointer="/x", message="m", file=name, line=1, column=1)
    (result,) = sarif(KickstartInvalid((problem,)))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_github() -> None:
    problem = Problem(
        pointer="/a", message="50% of\nit", hint="less", file="a,b:c.json", line=2, column=3
    )
    faults = (KickstartInvalid((problem,)), KickstartUnreachable("/x: gone", "look"))
    assert report_github(faults).split("\n") == [
        f"::error file=a%2Cb%3Ac.json,line=2,col=3,title={PROGRAM}::/a: 50%25 of%0Ait (less)",
        f"::error title={PROGRAM}::/x: gone%0A  look",
    ]
    assert report_github(()) == ""


@pytest.mark.usefixtures("files")
def test_sarif_by_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    schema = json.loads(SARIF_SCHEMA.read_text("utf-8"))
    validator = validators.validator_for(schema)(schema)
    for names in (["good.json"], ["bad one.json", "broken.json", "/no/such/file"], ["/dev/null"]):
        main(["check", "--format", "sarif", *names])
        found = list(validator.iter_errors(json.loads(capsys.readouterr().out)))
        assert found == []
    assert list(validator.iter_errors({"version": "2.1.0", "runs": [{"results": []}]}))
