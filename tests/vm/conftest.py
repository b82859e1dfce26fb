"""What the VM tests share: the built medium, and one machine at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vm.virtual_machine import LOG_FOLDER, EmulatorStalledError, log

# Another medium than the one just built can be tested too.
MEDIUM = Path(os.environ.get("PHOTON_MEDIUM", "build/photon.iso")).resolve()
LARGEST_KEPT = 16 << 20


@pytest.fixture(scope="session")
def medium() -> Path:
    if not MEDIUM.exists():
        pytest.fail(f"{MEDIUM} is not there: run 'make iso'")
    return MEDIUM


@pytest.fixture(scope="session")
def build_folder(medium: Path) -> Path:
    """Where the medium was built: what it was made of is there."""
    return medium.parent


@pytest.fixture(autouse=True, scope="session")
def _alone() -> Iterator[None]:
    """Two sessions at once would only make each other miss their time limits."""
    LOG_FOLDER.mkdir(parents=True, exist_ok=True)
    with (LOG_FOLDER / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pytest.fail("another run of the VM tests is under way")
        yield


@pytest.fixture(autouse=True, scope="module")
def _disks_of_failures_only(request: pytest.FixtureRequest, _alone: None) -> Iterator[None]:
    """Once all of a case has passed, its logs stay, and its disks and media go."""
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed > failed:
        return
    name = request.path.stem.removeprefix("test_").replace("_", "-")
    for folder in LOG_FOLDER.glob(f"{name}*"):
        for path in folder.rglob("*"):
            if path.is_file() and path.stat().st_size > LARGEST_KEPT:
                path.unlink()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool:
    """Run a test once more, and say so, when QEMU's emulation lost a timer of the machine."""
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    try:
        pyfuncitem.obj(**arguments)
    except EmulatorStalledError as error:
        log.warning("once more, for the emulator stood still:\n%s", error)
        pyfuncitem.obj(**arguments)
    return True
