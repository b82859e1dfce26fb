"""Which package may import which, and who alone may use the modules with consequences."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
FOLDERS = frozenset({"ks_schema", "installer", "screens", "iso_hooks", "tests", "benchmarks"})
MAY_IMPORT = {
    "ks_schema": frozenset[str](),
    "installer": frozenset({"ks_schema"}),
    "screens": frozenset({"ks_schema", "installer"}),
    "iso_hooks": frozenset({"ks_schema", "installer"}),
}
# The one exception: the command that shows the screens, and what it answers them with.
SHOWS_SCREENS = ("installer/command/tui.py", "installer/command/screens_engine.py")
# module: the files of installer/, screens/ and ks_schema/ that may import it
ONLY_IN = {
    "subprocess": ("installer/system/run.py",),
    "urwid": ("screens/full_screen/",),
    "parted": ("installer/machine/parted_table.py",),
    "_ped": ("installer/machine/parted_table.py",),
    "virt": ("installer/secureboot/",),
    "cryptography": ("installer/secureboot/",),
}
# What the planner must not know: the clock, the environment, chance, other programs.
PURE = ("installer/plan/", "installer/config/")
IMPURE = frozenset({"time", "random", "subprocess", "socket", "urllib", "tempfile"})
# Functions of modules that it may import otherwise: a time can be compared, but not asked for.
IMPURE_NAMES = frozenset(
    {
        "now", "utcnow", "today", "time_ns", "monotonic", "perf_counter", "localtime", "gmtime",
        "getmtime", "getctime", "uuid1", "uuid4", "environ", "getenv", "urandom", "getpid",
    }
)  # fmt: skip
# The modules that loading others must not load, through whatever is between them.
DOING = ("installer.system.run", "installer.actions", "installer.engine.execute")
PARTED = "installer.machine.parted_table"
NEVER_REACHES = (
    ("installer.command.check", (*DOING, "installer.plan", "screens")),
    ("screens", (*DOING, "installer.api", PARTED)),
    ("installer.plan", ("installer.engine", "installer.system.run", PARTED)),
    *(
        (f"installer.{package}", ("installer.actions", "installer.plan", "installer.engine"))
        for package in (
            "config", "system", "machine", "sources", "payload", "secureboot", "boot", "verify",
            "measured", "boot_check",
        )
    ),
    ("installer.boot", ("installer.verify", "installer.measured", "installer.machine")),
    ("installer.verify", ("installer.measured",)),
    ("installer.measured", ("installer.verify",)),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One imported module, and where."""

    file: str
    line: int
    module: str
    checked_only: bool = False  # for the type checker alone
    late: bool = False  # inside a function

    @property
    def folder(self) -> str:
        return self.file.split("/", 1)[0]

    @property
    def top(self) -> str:
        return self.module.split(".", 1)[0]

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def _imports_of(path: Path) -> Iterator[Import]:
    file = path.relative_to(PROJECT).as_posix()
    tree = ast.parse(path.read_text("utf-8"), file)
    checked = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    late = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        names = [name.name for name in node.names]
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = [module, *(f"{module}.{name}" for name in names)]
        for name in names:
            yield Import(
                file=file,
                line=node.lineno,
                module=name,
                checked_only=id(node) in checked,
                late=id(node) in late,
            )


@pytest.fixture(scope="module")
def imports() -> tuple[Import, ...]:
    return tuple(
        found
        for folder in sorted(MAY_IMPORT)
        for path in sorted((PROJECT / folder).rglob("*.py"))
        for found in _imports_of(path)
    )


def test_arrows(imports: tuple[Import, ...]) -> None:
    wrong = [
        str(each)
        for each in imports
        if each.top in FOLDERS
        and each.top not in {each.folder, *MAY_IMPORT[each.folder]}
        and not (each.top == "screens" and each.file in SHOWS_SCREENS)
    ]
    assert wrong == [], "the rooms and their doors are in CONTRIBUTING.md"


@pytest.mark.parametrize(("module", "places"), ONLY_IN.items())
def test_modules_with_consequences(
    imports: tuple[Import, ...], module: str, places: tuple[str, ...]
) -> None:
    wrong = [
        str(each)
        for each in imports
        if each.top == module
        and each.folder != "iso_hooks"
        and not any(each.file == place or each.file.startswith(place) for place in places)
    ]
    assert wrong == []


def test_the_planner_is_pure(imports: tuple[Import, ...]) -> None:
    wrong = [str(each) for each in imports if each.file.startswith(PURE) and each.top in IMPURE]
    assert wrong == []


def _impure_uses(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of each use of the clock, of chance and of the environment in a source."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in IMPURE_NAMES:
            yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom):
            for each in node.names:
                if each.name in IMPURE_NAMES:
                    yield node.lineno, each.name


def test_the_planner_asks_no_clock() -> None:
    wrong = [
        f"{folder}{path.name}:{line} uses {name}"
        for folder in PURE
        for path in sorted((PROJECT / folder).rglob("*.py"))
        for line, name in _impure_uses(path.read_text("utf-8"))
    ]
    assert wrong == [], "let the caller give it, as installer/api.py gives the time"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from datetime import datetime\nx: datetime = datetime(2027, 1, 1)", []),
        ("now = 1\nprint(now)", []),
        ("import datetime\nx = datetime.datetime.now(datetime.UTC)", [(2, "now")]),
        ("from datetime import date\nclock = date.today", [(2, "today")]),
        ("from uuid import uuid4 as any_uuid", [(1, "uuid4")]),
        ("import os\nx = os.environ.get('TZ')", [(2, "environ")]),
    ],
)
def test_what_counts_as_a_clock(source: str, found: list[tuple[int, str]]) -> None:
    assert list(_impure_uses(source)) == found


def test_nothing_is_star_imported_or_relative() -> None:
    wrong = [
        f"{path.relative_to(PROJECT)}:{node.lineno}"
        for folder in FOLDERS
        for path in (PROJECT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        and (node.level > 0 or any(name.name == "*" for name in node.names))
    ]
    assert wrong == []


def test_no_modules_import_each_other(imports: tuple[Import, ...]) -> None:
    """Also not inside of functions; what only the type checker imports does not count."""
    assert list(_cycles(_arrows(imports))) == []


def test_no_packages_import_each_other(imports: tuple[Import, ...]) -> None:
    arrows: dict[str, set[str]] = {}
    for module, others in _arrows(imports).items():
        arrows.setdefault(_package(module), set()).update(map(_package, others))
    for package, others in arrows.items():
        others.discard(package)
    assert list(_cycles(arrows)) == []


@pytest.mark.parametrize(("modules", "never"), NEVER_REACHES)
def test_what_a_module_never_loads(
    imports: tuple[Import, ...], modules: str, never: tuple[str, ...]
) -> None:
    """Whatever is between them; what a function imports when it runs does not count."""
    arrows = _arrows(each for each in imports if not each.late)
    chains = [
        " -> ".join(chain)
        for module in sorted(arrows)
        if _is_in(module, modules)
        for chain in _chains(arrows, module)
        if any(_is_in(chain[-1], each) for each in never)
    ]
    assert chains == []


def test_the_rules_name_modules(imports: tuple[Import, ...]) -> None:
    known = set(_arrows(imports))
    named = {name for modules, never in NEVER_REACHES for name in (modules, *never)}
    assert named <= known
    assert {_module(PROJECT / place) for places in ONLY_IN.values() for place in places} <= known


def _arrows(imports: Iterable[Import]) -> dict[str, set[str]]:
    """Each module of the project with those that it imports."""
    found = tuple(imports)
    modules = {_module(PROJECT / each.file) for each in found} | {
        _module(path) for folder in MAY_IMPORT for path in (PROJECT / folder).rglob("*.py")
    }
    arrows: dict[str, set[str]] = {name: set() for name in modules}
    for each in found:
        name = _module(PROJECT / each.file)
        if each.module in modules and each.module != name and not each.checked_only:
            arrows[name].add(each.module)
    return arrows


def _package(module: str) -> str:
    """The directory of a module; those at the top of ``installer`` and ``screens`` stand alone."""
    if (PROJECT / module.replace(".", "/")).is_dir() or module.count(".") < 2:
        return module
    return module.rpartition(".")[0]


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _chains(arrows: dict[str, set[str]], start: str) -> Iterator[tuple[str, ...]]:
    """The shortest way to each module that ``start`` reaches."""
    ways: dict[str, tuple[str, ...]] = {start: (start,)}
    waiting = deque([start])
    while waiting:
        module = waiting.popleft()
        yield ways[module]
        for other in sorted(arrows[module] - set(ways)):
            ways[other] = (*ways[module], other)
            waiting.append(other)


def _module(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _cycles(arrows: dict[str, set[str]]) -> Iterator[tuple[str, ...]]:
    """What is left when everything that reaches nothing, or that nothing reaches, is taken away."""
    left = {name: set(others) for name, others in arrows.items()}
    while True:
        reached = {other for others in left.values() for other in others}
        ends = {name for name in left if not left[name] or name not in reached}
        if not ends:
            break
        left = {name: left[name] - ends for name in left if name not in ends}
    if left:
        yield tuple(sorted(left))


def test_what_counts_as_a_cycle() -> None:
    assert list(_cycles({"a": {"b"}, "b": {"c"}, "c": set()})) == []
    assert list(_cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}})) == [("b", "c")]
