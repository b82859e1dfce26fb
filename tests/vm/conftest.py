"""What the VM tests share: the built medium, their time, and disks of failed cases only."""

from __future__ import annotations

import fcntl
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import times
from tests.vm.case import case_name
from tests.vm.media import built_edition, built_medium
from tests.vm.qemu import VmConfig
from tests.vm.virtual_machine import LOG_FOLDER, EmulatorStalledError, log

LARGEST_KEPT = 16 << 20
_LOCK = pytest.StashKey[object]()
_STALLED = "stalled"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Some cases install what only the standard edition has."""
    if item.get_closest_marker("standard") and built_edition() != "standard":
        pytest.skip("it needs the standard edition: add EDITION=standard to make's command line")


@pytest.fixture(scope="session")
def medium() -> Path:
    path = built_medium()
    if not path.exists():
        pytest.fail(f"{path} is not there: run 'make medium'")
    return path


@pytest.fixture(scope="session")
def build_folder(medium: Path) -> Path:
    """Where the medium was built: what it was made of is there."""
    return medium.parent


@pytest.fixture(scope="module")
def installed() -> list[VmConfig]:
    """The machines that the tests of a file have installed so far.

    A test of `make test` puts its machine here; starting it may be left to a test of its own.
    """
    return []


def pytest_configure(config: pytest.Config) -> None:
    """Two runs at once would only make each other miss their time limits."""
    if hasattr(config, "workerinput"):  # a part of a run, which has the lock
        return
    LOG_FOLDER.mkdir(parents=True, exist_ok=True)
    lock = (LOG_FOLDER / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pytest.exit("another run of the VM tests is under way", returncode=1)
    config.stash[_LOCK] = lock
    config.pluginmanager.register(_Times(config))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest cases first, so that the last to end is a short one: see ``vm(seconds=...)``."""
    seconds: Counter[Path] = Counter()
    for item in items:
        for mark in item.iter_markers("vm"):
            seconds[item.path] = max(seconds[item.path], mark.kwargs["seconds"])
    items.sort(key=lambda item: -seconds[item.path])


class _Times:
    """Says and keeps how long each case took."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._outcome: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up set-up, call and teardown; after the last of them the case is over."""
        name = case_name(report.nodeid)
        self._seconds[name] += report.duration
        if report.outcome != "passed" or name not in self._outcome:
            self._outcome[name] = report.outcome
        if report.when != "teardown":
            return
        seconds, outcome = self._seconds[name], self._outcome[name]
        stalls = sum(1 for key, _ in report.user_properties if key == _STALLED)
        times.record("cases", name, seconds=seconds, outcome=outcome, stalls=stalls)
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            notes = report.caplog.splitlines() if self._parallel() else []
            for line in (*notes, f"{name}: {outcome} in {seconds:.0f} s"):
                terminal.write_line(line)

    def _parallel(self) -> bool:
        """Whether what the tests log is not shown while they run."""
        return bool(self._config.getoption("numprocesses", None))


@pytest.fixture(autouse=True, scope="module")
def _disks_of_failures_only(request: pytest.FixtureRequest) -> Iterator[None]:
    """Once all of a case has passed, its logs stay, and its disks and media go."""
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed > failed:
        return
    name = request.path.stem.removeprefix("test_").replace("_", "-")
    for path in (LOG_FOLDER / name).rglob("*"):
        if path.is_file() and path.stat().st_size > LARGEST_KEPT:
            path.unlink()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool:
    """Run a test again, and count that, when QEMU's emulation lost a timer of the machine."""
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    try:
        pyfuncitem.obj(**arguments)
    except EmulatorStalledError as error:
        pyfuncitem.user_properties.append((_STALLED, str(error)))
        log.warning("again, because the emulator stood still:\n%s", error)
        pyfuncitem.obj(**arguments)
    return True
