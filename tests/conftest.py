"""What all tests share: with ``--no-skips`` (as ``make`` runs them) a skipped test has failed."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-skips",
        action="store_true",
        help="fail tests that would be skipped; only those that need root are skipped for others",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail what is skipped, and say why it would be."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.config.getoption("--no-skips"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if os.geteuid() == 0 or "root" not in reason:
            report.outcome = "failed"
            report.longrepr = (
                f"{reason}\nThis run allows no skipped test. 'make setup' installs what tests need."
            )
    return report
