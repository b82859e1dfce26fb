"""The partition editor in line mode: every edit by numbers and letters."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from screens.line_mode.plain import run_plain
from screens.line_mode.terminal import Terminal
from screens.options import Options
from screens.session import Paths
from tests.screens.walker import SEED, MemoryEngine, Walker, machine


@dataclass(kw_only=True)
class Typist(io.TextIOBase):
    """Types answers; one that begins with ``=`` is the number of the line with that text."""

    answers: list[str]
    sink: io.StringIO = field(default_factory=io.StringIO)

    def isatty(self) -> bool:
        return False

    def readline(self, _size: int | None = -1, /) -> str:  # type: ignore[override]
        if not self.answers:
            return ""
        answer = self.answers.pop(0)
        if not answer.startswith("="):
            return f"{answer}\n"
        shown = self.sink.getvalue().splitlines()
        pattern = re.compile(rf"^ +(\d+)\. (\(.\) )?(\S? +)?{re.escape(answer[1:])}(\b|\W|$)")
        found = [match.group(1) for line in shown if (match := pattern.match(line))]
        assert found, f"nothing is called {answer[1:]}:\n" + "\n".join(shown[-40:])
        return f"{found[-1]}\n"


def typed(folder: Path, *answers: str, name: str = "empty-virtio") -> tuple[str, MemoryEngine]:
    engine = MemoryEngine(machine=machine(name))
    typist = Typist(answers=list(answers))
    options = Options(seed=SEED, console="ttyS0", paths=Paths(folder=folder))
    run_plain(engine, options, Terminal(source=typist, sink=typist.sink))  # type: ignore[arg-type]
    return typist.sink.getvalue(), engine


TO_STORAGE = ("", "")
TO_REVIEW = ("", "", "", "", "", "1", "correct horse", "2", "correct horse", "")


def test_an_edit_by_numbers_gives_the_plan_of_the_full_screen(tmp_path: Path) -> None:
    path = tmp_path / "saved.json"
    text, engine = typed(
        tmp_path / "run", *TO_STORAGE, "=Edit partitions...",
        "=root", "e", "=Size", "5 GiB", "",
        "=free space", "c", "=Name", "srv", "=Size", "2 GiB", "=Filesystem", "=xfs",
        "=Mount point", "/srv", "", "",
        *TO_REVIEW, "=Save as kickstart", str(path),
    )  # fmt: skip
    assert "[partitions]" in text
    assert "new |A" in text
    assert f"Saved as {path}" in text, text
    saved = json.loads(path.read_text("utf-8"))
    assert saved["storage"]["partitions"]["srv"] == {"disk": "default", "size": "2 GiB"}
    walker = Walker(engine, tmp_path / "other", console="ttyS0").go("storage")
    walker.field("< Edit partitions... >").keys("enter", "down", "down", "enter", "e")
    walker.fill("Size", "5 GiB").keys("f10", *["down"] * 1, "enter", "c")
    walker.fill("Name", "srv").fill("Size", "2 GiB").field("(*) Nothing").keys("down", "down", " ")
    walker.fill("Mount point", "/srv").keys("f10", "f10").go("accounts")
    walker.fill("Root password", "x").keys("enter").type("x").go("review")
    assert engine.plan(saved, engine.machine, SEED) == walker.app.walk.plan


def test_refusals_fixes_and_undo(tmp_path: Path) -> None:
    text, _ = typed(
        tmp_path, *TO_STORAGE, "=Edit partitions...",
        "=esp", "d", "", "f", "u", "r", "x",
        "=root", "a", "m", "=Mount point", "nowhere", "", "b", "b",
        "=esp", "d", "b", "no", "b", "yes",
    )  # fmt: skip
    assert "! no new EFI system partition" in text
    assert "f: add an ESP" in text
    assert "! not now: it has a filesystem" in text
    assert "Forget the edits? Type yes:" in text
    assert text.rstrip().endswith(">")
    assert "Layout: Use the entire disk" in text.rpartition("[storage]")[2]


def test_what_cannot_be_edited_yet_is_said_and_nothing_is_asked(tmp_path: Path) -> None:
    text, _ = typed(tmp_path, *TO_STORAGE, "=A/B root filesystems", "=Edit partitions...", "")
    assert "! A/B root filesystems cannot be edited. Turn them off first." in text
    assert "Type yes" not in text
    assert "[boot]" in text


def test_arrays_and_passphrases(tmp_path: Path) -> None:
    passphrase = "correct horse battery"
    text, _ = typed(
        tmp_path, *TO_STORAGE[:1], "=Disk", "1", "", "=Edit partitions...",
        "=root", "d",
        "=vda", "c", "=Name", "one", "", "=vdb", "c", "=Name", "two", "",
        "=one", "a", "=Member two", "=Name", "pair", "",
        "=pair", "p", "=Passphrase", passphrase, "=Confirm", passphrase, "",
        "=luks-pair", "v", "=Name", "vg0", "",
        "=vg0", "c", "=Filesystem", "=ext4", "=Mount point", "/", "", "f",
        name="two-empty-virtio",
    )  # fmt: skip
    assert passphrase not in text
    last = text.rpartition("[partitions]")[2]
    # Nothing is refused; that the second disk has no ESP is only told of.
    assert "\nEnter Done" in last, last
    assert "no ESP on /dev/vdb" in last
    assert "/boot" in last
    assert "luks-pair on pair" in last
