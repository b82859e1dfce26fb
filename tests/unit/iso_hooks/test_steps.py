from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from iso_hooks.errors import BuildFailed
from iso_hooks.steps import BuildDir, Counter, Step, files_digest, run_step


def write(path: Path, calls: list[str], result: str = "v1") -> Callable[[Path], str]:
    def action(log: Path) -> str:
        log.write_text("working\n")
        path.write_text("made")
        calls.append("call")
        return result

    return action


def step(path: Path, calls: list[str], *, inputs: object = "a", result: str = "v1") -> Step:
    return Step(name="s", inputs=inputs, outputs=(path,), action=write(path, calls, result))


def test_a_step_runs_once_until_its_inputs_change(tmp_path: Path) -> None:
    build_dir, out, calls = (
        BuildDir(root=tmp_path / "b", edition="e"),
        tmp_path / "out",
        list[str](),
    )
    first = run_step(build_dir, step(out, calls), Counter(total=1))
    again = run_step(build_dir, step(out, calls), Counter(total=1))
    assert (first, len(calls)) == (again, 1)
    run_step(build_dir, step(out, calls, inputs="b"), Counter(total=1))
    assert len(calls) == 2


def test_a_missing_output_is_made_again(tmp_path: Path) -> None:
    build_dir, out, calls = (
        BuildDir(root=tmp_path / "b", edition="e"),
        tmp_path / "out",
        list[str](),
    )
    run_step(build_dir, step(out, calls), Counter(total=1))
    out.unlink()
    run_step(build_dir, step(out, calls), Counter(total=1))
    assert len(calls) == 2


def test_the_key_follows_the_result(tmp_path: Path) -> None:
    out, calls = tmp_path / "out", list[str]()
    one = run_step(BuildDir(root=tmp_path / "1", edition="e"), step(out, calls), Counter(total=1))
    two = run_step(
        BuildDir(root=tmp_path / "2", edition="e"), step(out, calls, result="v2"), Counter(total=1)
    )
    assert one != two


def test_a_failure_names_the_log_and_its_last_lines_and_is_tried_again(tmp_path: Path) -> None:
    def fail(log: Path) -> str:
        log.write_text("first\nthe reason\n")
        raise BuildFailed("program ended with 1")

    build_dir, out, calls = (
        BuildDir(root=tmp_path / "b", edition="e"),
        tmp_path / "out",
        list[str](),
    )
    out.write_text("old")
    broken = Step(name="s", inputs="a", outputs=(out,), action=fail)
    with pytest.raises(BuildFailed) as caught:
        run_step(build_dir, broken, Counter(total=1))
    assert str(tmp_path / "b/log/s.log") in caught.value.hint
    assert "the reason" in caught.value.hint
    run_step(build_dir, step(out, calls), Counter(total=1))
    assert len(calls) == 1


def test_a_step_that_makes_nothing_has_failed(tmp_path: Path) -> None:
    idle = Step(name="s", inputs="a", outputs=(tmp_path / "out",), action=lambda _: "")
    build_dir = BuildDir(root=tmp_path / "b", edition="e")
    with pytest.raises(BuildFailed, match="made no"):
        run_step(build_dir, idle, Counter(total=1))


def test_files_digest_sees_names_modes_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    digests = [files_digest(tmp_path)]
    (tmp_path / "a").chmod(0o755)
    digests.append(files_digest(tmp_path))
    (tmp_path / "a").write_text("y")
    digests.append(files_digest(tmp_path))
    (tmp_path / "a").rename(tmp_path / "b")
    digests.append(files_digest(tmp_path))
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "b.pyc").write_text("z")
    digests.append(files_digest(tmp_path))
    assert len(set(digests)) == 4
    assert digests[-1] == digests[-2]
