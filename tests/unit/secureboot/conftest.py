"""Keys are slow to make: each once for all tests here."""

from pathlib import Path

import pytest

from tests.unit.secureboot.programs import Key, make_key


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Key]:
    """The vendors of firmware and of shim, an owner, and one that nobody knows."""
    folder: Path = tmp_path_factory.mktemp("keys")
    made = {name: make_key(folder, name) for name in ("firmware", "vendor", "owner", "stranger")}
    made["ended"] = make_key(folder, "ended", ended=True)
    made["leaf"] = make_key(folder, "leaf", issuer=made["ended"])
    return made
