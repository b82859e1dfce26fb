"""What a command loads: a laptop has neither libparted nor root, and nobody waits for a check."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine import MACHINES, TESTS, kickstart

# Runs the command line with some modules out of reach, and says which ones it loaded.
CODE = """
import sys
for name in sys.argv.pop(1).split(","):
    sys.modules[name] = None  # its import raises ImportError
from installer.command.main import main
try:
    code = main(sys.argv[1:])
finally:
    print(*sorted(name for name, module in sys.modules.items() if module), file=sys.stderr)
sys.exit(code)
"""
TARGET = "parted,_ped,virt"


def run(without: str, *arguments: str) -> tuple[str, frozenset[str]]:
    done = subprocess.run(
        [sys.executable, "-c", CODE, without, *arguments],
        cwd=TESTS.parent, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, frozenset(done.stderr.split())


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "ks.json"
    path.write_text(json.dumps(kickstart()), encoding="utf-8")
    return str(path)


def test_check_loads_the_language_and_the_rules_alone(file: str) -> None:
    out, loaded = run("parted,_ped,virt,urwid,passlib", "check", file)
    assert out == f"{file}: valid\n"
    of_the_engine = {name for name in loaded if name.startswith("installer.")}
    for part in ("plan", "actions", "api", "engine.execute", "machine.probe", "boot", "verify",
                 "measured", "secureboot", "system.run"):  # fmt: skip
        found = {each for each in of_the_engine if f"{each}.".startswith(f"installer.{part}.")}
        assert not found, "check is for laptops and for servers that check many files"
    assert not loaded & {"http.client", "ssl", "screens"}


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["--version"]])
def test_help_loads_no_command(arguments: list[str]) -> None:
    _, loaded = run(f"{TARGET},urwid,yaml,jsonschema,passlib", *arguments)
    assert "installer.config" not in loaded


def test_a_plan_needs_neither_libparted_nor_firmware_tools(file: str) -> None:
    machine, payload = str(MACHINES / "empty-virtio.json"), str(TESTS / "payload")
    out, _ = run(TARGET, "plan", file, "--machine", machine, "--payload", payload)
    assert out.startswith("Install minimal-cloud")


def test_facts_need_neither_libparted_nor_firmware_tools() -> None:
    out, _ = run(TARGET, "facts", "--json")
    assert "firmware" in json.loads(out)


@pytest.mark.parametrize("call", ["install(None, emit=print)", "verify_boot(root='/')"])
def test_what_a_laptop_lacks_is_named_before_anything_is_written(call: str) -> None:
    code = (
        "import sys; sys.modules['parted'] = sys.modules['virt'] = None\n"
        "from installer import api\n"
        "from installer.errors import CommandFailed\n"
        f"try: api.{call}\n"
        "except CommandFailed as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=TESTS.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        "this needs the Python modules parted, virt\n  Install python3-parted "
        'python3-virt-firmware, or the Python package "photon-installer[target]".\n'
    )
