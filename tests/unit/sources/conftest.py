"""Fixtures of the kickstart's sources."""

from __future__ import annotations

import pytest

from tests.unit.sources.told import Told


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return Told()
