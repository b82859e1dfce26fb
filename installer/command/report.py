"""How ``check`` prints what it found, for programs: JSON, SARIF, annotations of a workflow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from installer import __version__
from installer.command.parser import PROGRAM
from installer.errors import InstallerError
from installer.sources.forms import scheme_of
from ks_schema import Problem
from ks_schema.wording import json_line

Faults = Sequence[InstallerError]

# https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
_SARIF_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def report_json(faults: Faults) -> str:
    """The faults as one object: what is said of the first, and the problems of all."""
    if not faults:
        return json_line({"problems": []})
    whole = faults[0].to_json()
    whole["message"] = "\n".join(fault.message for fault in faults)
    whole["problems"] = [problem.to_json() for problem in _problems(faults)]
    return json_line(whole)


def report_sarif(faults: Faults) -> str:
    """The faults as a SARIF log. What could not be read at all is a notification of the run."""
    unread = [fault for fault in faults if not fault.problems]
    run: dict[str, Any] = {
        "tool": {"driver": {"name": PROGRAM, "version": __version__, "rules": _rules(faults)}},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not unread,
                "exitCode": int(faults[0].exit_code) if faults else 0,
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": str(fault)}} for fault in unread
                ],
            }
        ],
        "results": [_result(fault, problem) for fault in faults for problem in fault.problems],
    }
    return json_line({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def report_github(faults: Faults) -> str:
    """The faults as workflow commands of GitHub, which shows each at its line of the change."""
    lines = [_annotation(_text(problem), problem) for problem in _problems(faults)]
    lines += [_annotation(str(fault)) for fault in faults if not fault.problems]
    return "\n".join(lines)


REPORTS: dict[str, Callable[[Faults], str]] = {
    "json": report_json,
    "sarif": report_sarif,
    "github": report_github,
}


def _problems(faults: Iterable[InstallerError]) -> Iterator[Problem]:
    return (problem for fault in faults for problem in fault.problems)


def _text(problem: Problem) -> str:
    where = f"{problem.pointer}: " if problem.pointer else ""
    return f"{where}{problem.message}" + (f" ({problem.hint})" if problem.hint else "")


def _rules(faults: Faults) -> list[dict[str, Any]]:
    kinds = {type(fault).__name__: type(fault) for fault in faults if fault.problems}
    return [
        {"id": name, "shortDescription": {"text": (kind.__doc__ or "").partition(";")[0]}}
        for name, kind in sorted(kinds.items())
    ]


def _result(fault: InstallerError, problem: Problem) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(problem.file)}}
    if problem.line:
        physical["region"] = {"startLine": problem.line, "startColumn": problem.column}
    location: dict[str, Any] = {"physicalLocation": physical}
    if problem.pointer:
        location["logicalLocations"] = [{"fullyQualifiedName": problem.pointer, "kind": "value"}]
    return {
        "ruleId": type(fault).__name__,
        "level": "error",
        "message": {"text": _text(problem)},
        "locations": [location],
    }


def _uri(name: str) -> str:
    """The name of a document as a URI reference (RFC 3986); a path stays relative."""
    if scheme_of(name):
        return quote(name, safe="/:?#[]@!$&'()*+,;=%")
    if Path(name).is_absolute():
        return f"file://{quote(name)}"
    # A colon in the first part of a relative reference would end a scheme.
    return quote(name)


def _annotation(text: str, problem: Problem | None = None) -> str:
    """https://docs.github.com/actions/reference/workflow-commands-for-github-actions"""
    places: dict[str, str | int] = {"title": PROGRAM}
    if problem is not None:
        places = {"file": problem.file, "line": problem.line, "col": problem.column, **places}
    said = ",".join(f"{key}={_value(str(value))}" for key, value in places.items() if value)
    return f"::error {said}::{_escaped(text)}"


def _value(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
