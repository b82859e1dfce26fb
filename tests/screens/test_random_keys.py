"""Whatever is typed, nothing breaks, and nothing is installed without the disk's name."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from screens.forms import Check, Choice, SecretText, Text
from screens.keys import EDITOR_KEYS, KEYS
from tests.screens.walker import MemoryEngine, Walker, machine

KEY = st.one_of(
    st.sampled_from([key for line in KEYS for key in line.keys]),
    st.sampled_from(["enter", "tab", "f10", "f10", "down", "up", " ", "esc", "left", "right"]),
    st.sampled_from(["f5", "ctrl a", "home", "end", "delete", "backspace", "insert", "meta x"]),
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]),
)
EDITOR_KEY = st.one_of(
    st.sampled_from(["enter", "down", "up", "tab", " ", "f10", "esc", "page down", "backspace"]),
    st.sampled_from([key for line in EDITOR_KEYS for key in line.keys]),
    st.sampled_from(list("cdegklmpsvwa18/")),
)
MACHINES = ("virtualbox", "two-sata-same-model", "no-disk", "24-disks", "tiny-disk", "3tib-bios")


CALM = settings(
    max_examples=25,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.mark.parametrize("name", MACHINES)
@CALM
@given(keys=st.lists(KEY, max_size=60))
def test_random_keys_never_raise(name: str, keys: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        walker = Walker(MemoryEngine(machine=machine(name)), Path(folder))
        for key in keys:
            walker.keys(key)
            note(f"{key!r}\n{walker.screen}")
            assert len(walker.lines) == 24
            if walker.ended:
                break
        walker.app.session.release()
        assert not walker.engine.installed


@pytest.mark.parametrize("name", ["two-empty-virtio", "windows-dual-boot", "3tib-bios"])
@CALM
@given(keys=st.lists(EDITOR_KEY, max_size=60))
def test_random_keys_in_the_editor_never_raise(name: str, keys: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        walker = Walker(MemoryEngine(machine=machine(name)), Path(folder)).go("disk").keys(" ")
        walker.go("storage").field("< Edit partitions... >").keys("enter")
        assert walker.id == "partitions"
        for key in keys:
            walker.keys(key)
            note(f"{key!r}\n{walker.screen}")
            assert len(walker.lines) == 24
            if walker.ended:
                break
        walker.app.session.release()
        assert not walker.engine.installed


@settings(max_examples=40, deadline=None, print_blob=True)
@given(text=st.text(max_size=40), step=st.integers(0, 8))
def test_any_text_in_any_field_is_taken_or_refused(text: str, step: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        walk = Walker(MemoryEngine(machine=machine("virtualbox")), Path(folder)).app.walk
        walk.set("network", "static")
        walk.set("swap", "file")
        walk.set("encryption", "yes")
        walk.set("containers", "beside")
        walk._index = step
        for field in walk.form().fields():
            if isinstance(field, Text | SecretText):
                walk.set(field.id, text)
            else:
                assert isinstance(field, Choice | Check)
        assert isinstance(walk.blocked(), str)
