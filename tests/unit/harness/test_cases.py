"""Names of cases, and that no test is skipped where ``--no-skips`` is given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.vm.case import case_name

PROJECT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("test", "name"),
    [
        ("tests/vm/test_minimal_efi.py::test_minimal_efi", "minimal-efi"),
        ("tests/vm/test_refused.py::test_refused[bad-type]", "refused[bad-type]"),
        ("tests/vm/test_killed.py::test_killed_in_the_middle", "killed in-the-middle"),
        ("tests/vm/test_a.py::test_b_c[d_e]", "a b-c[d_e]"),
    ],
)
def test_the_name_of_a_case(test: str, name: str) -> None:
    assert case_name(test) == name


@pytest.mark.parametrize(("option", "code"), [([], 0), (["--no-skips"], 1)])
def test_a_skipped_test_fails_the_run_that_allows_none(
    option: list[str], code: int, tmp_path: Path
) -> None:
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "conftest.py").write_text((PROJECT / "tests/conftest.py").read_text("utf-8"))
    (tests / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.skipif(True, reason='needs a frobnicator')\n"
        "def test_it(): pass\n"
        "@pytest.mark.xfail\n"
        "def test_that(): assert False\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *option, "tests"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout
    assert ("needs a frobnicator\nThis run allows no skipped test" in done.stdout) == bool(option)
