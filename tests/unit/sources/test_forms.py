"""The forms of a source and the kernel's parameters: help, docs and the medium say the same."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from installer.command.parser import parser
from installer.errors import KickstartUnreachable
from installer.sources.forms import (
    FILE_NAMES,
    KICKSTART_LABELS,
    SOURCE_FORMS,
    Scheme,
    forms_text,
    scheme_of,
)
from installer.sources.kickstart import read_kickstart
from installer.sources.parameters import PARAMETERS, KernelParameters, kernel_parameters
from ks_schema.reference import reference

PROJECT = Path(__file__).resolve().parents[3]
README = (PROJECT / "README.md").read_text("utf-8")
LIVE = PROJECT / "iso_hooks/live"
GENERATOR = (LIVE / "files/etc/systemd/system-generators/photon-consoles").read_text("utf-8")


def table(heading: str) -> dict[str, str]:
    """The rows of a table of docs/kickstart.md."""
    text = reference().partition(f"| {heading} |")[2].partition("\n\n")[0]
    return dict(re.findall(r"^\| (`.*?) \| (.*) \|$", text, re.MULTILINE))


def test_each_scheme_has_one_form() -> None:
    schemes = [each.scheme for each in SOURCE_FORMS]
    assert sorted(filter(None, schemes)) == sorted(Scheme)
    assert schemes.count(None) == 1
    for each in SOURCE_FORMS:
        assert scheme_of(each.shown) is each.scheme


def test_the_page_has_every_form() -> None:
    shown = [form for row in table("source") for form in re.findall(r"`([^`]+)`", row)]
    assert {scheme_of(each) for each in shown} == {each.scheme for each in SOURCE_FORMS}
    rows = " ".join(table("source").values())
    assert re.findall(r"`([A-Z]+)`", rows) == list(KICKSTART_LABELS)
    assert re.findall(r"`(\w+\.\w+)`", rows) == list(FILE_NAMES)


def test_help_and_messages_have_every_form(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["check", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    with pytest.raises(KickstartUnreachable) as caught:
        read_kickstart("gopher://host/ks", emit=lambda _: None)
    for each in SOURCE_FORMS:
        assert each.shown in shown
    assert caught.value.hint == f"a kickstart is {forms_text()}"


@pytest.mark.parametrize(
    ("source", "scheme"),
    [("HTTP://h/x", Scheme.HTTP), ("label:", Scheme.LABEL), ("file", None), ("ftp://h/x", None)],
)
def test_the_scheme_of_a_source(source: str, scheme: Scheme | None) -> None:
    assert scheme_of(source) is scheme


def test_the_medium_looks_for_the_same_volumes() -> None:
    assert re.findall(r"^for label in (.*); do$", GENERATOR, re.MULTILINE) == [
        " ".join(KICKSTART_LABELS)
    ]


def test_the_page_has_every_parameter() -> None:
    shown = {
        " (or ".join(f"`{form}`" for form in each.forms) + (")" if each.aliases else ""):
        each.meaning
        for each in PARAMETERS
    }  # fmt: skip
    rows = table("kernel parameter")
    assert rows.pop("`ip=...`")
    assert rows == shown


def test_every_parameter_sets_a_field() -> None:
    assert sorted(each.field for each in PARAMETERS if each.field) == sorted(
        each.name for each in fields(KernelParameters)
    )
    for each in PARAMETERS:
        for name in (each.name, *each.aliases):
            found = kernel_parameters(f"{name}=x")
            assert not each.field or getattr(found, each.field) == "x"


def test_no_text_names_another_parameter() -> None:
    """Scripts of the medium, its menus, messages, docs: all of them know the table's alone."""
    places = [
        PROJECT / "ks_schema/language.json",
        PROJECT / "README.md",
        *(PROJECT / "docs").glob("*.md"),
        *(path for each in ("installer", "screens", "iso_hooks") for path in
          (PROJECT / each).rglob("*.py")),
        *(path for path in LIVE.rglob("*") if path.is_file()),
    ]  # fmt: skip
    text = "\n".join(path.read_text("utf-8") for path in places)
    named = set(re.findall(r"\bphoton\.(\w+)=", text)) | set(
        re.findall(r"\$\(parameter photon\.(\w+)\)", text)
    )
    named.discard("slot")  # of the host with A/B root filesystems, not of the medium
    assert {f"photon.{each}" for each in named} <= {each.name for each in PARAMETERS}
    assert "photon.verify)" in GENERATOR
    for each in PARAMETERS:
        assert each.name in text
    for each in PARAMETERS[:3]:
        assert each.name in README
