"""RESULTS.md: each benchmark rewrites its own section of it and leaves the others alone."""

from __future__ import annotations

import argparse
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from installer.machine.probe.machine import memory_size
from installer.sizes import format_size

RESULTS = Path(__file__).with_name("RESULTS.md")
_HEAD = """\
# Results

Written by the scripts beside this file; README.md says how to repeat them.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured thing. ``met`` is None where there is no goal."""

    what: str
    measured: str
    goal: str = ""
    met: bool | None = None

    @property
    def row(self) -> str:
        """Its line of the table."""
        verdict = {None: "", True: "met", False: "missed"}[self.met]
        return f"| {self.what} | {self.measured} | {self.goal} | {verdict} |"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A benchmark's part of the results. ``how`` is one paragraph, ``note`` explains a figure."""

    title: str
    how: str
    figures: Sequence[Figure]
    note: str = ""

    def text(self, machine: str) -> str:
        """The section as Markdown."""
        table = ["| | measured | goal | |", "|---|---|---|---|", *(f.row for f in self.figures)]
        parts = [f"## {self.title}", self.how, "\n".join(table), self.note, f"Machine: {machine}."]
        return "\n\n".join(part for part in parts if part) + "\n"


def publish(section: Section) -> None:
    """Put the section into RESULTS.md, in the place of its last version, and print it."""
    text = section.text(machine_text())
    old = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else _HEAD
    RESULTS.write_text(with_section(old, section.title, text), encoding="utf-8")
    print(text)


def with_section(document: str, title: str, text: str) -> str:
    """The document with a section replaced by ``text``, or added at its end."""
    head, *sections = re.split(r"(?m)^(?=## )", document)
    place = [section.partition("\n")[0] for section in sections]
    if f"## {title}" in place:
        sections[place.index(f"## {title}")] = text
    else:
        sections.append(text)
    return "\n\n".join(part.strip("\n") for part in (head, *sections)) + "\n"


def machine_text() -> str:
    """The machine that measures, and the day."""
    cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"^model name\s*: (.*)$", cpuinfo, re.MULTILINE)
    memory = memory_size(Path("/proc/meminfo").read_text(encoding="utf-8"))
    today = datetime.now(UTC).date().isoformat()
    return (
        f"{model[1] if model else platform.machine()}, {len(os.sched_getaffinity(0))} CPUs, "
        f"{format_size(memory)} memory, Linux {platform.release()}, {today}"
    )


def arguments(description: str | None, *, rounds: int | None = None) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--note", default="", help="text below the table: why a goal is missed")
    if rounds is not None:
        parser.add_argument("--rounds", type=int, default=rounds, help="default: %(default)s")
    return parser
