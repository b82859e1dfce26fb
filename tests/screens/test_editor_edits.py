"""Edits of parts: any sequence of them, on any machine, gives a layout or problems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from installer.config.boot import BootMode
from installer.machine.facts import Machine
from installer.plan.disks import unfit_reason
from installer.plan.layouts import as_custom_layout, layout
from installer.plan.storage.model import Layout
from screens.draft.disk_names import named_disks
from screens.draft.history import History, Storage
from screens.draft.storage_entries import revealed
from screens.editor import edit
from screens.editor.actions import Action, actions
from screens.editor.fixes import fixes
from screens.editor.outline import outlined
from screens.editor.rows import loose_problems, table
from screens.editor.scene import Scene
from screens.forms import YES, Check, Choice, SecretText, Text
from tests.screens.walker import MACHINES, SEED, machine

NAMES = tuple(sorted(path.stem for path in MACHINES.glob("*.json")))
TYPED = (
    "",
    "rest",
    "1 GiB",
    "25%",
    "512 MiB",
    "/",
    "/boot",
    "/srv",
    "data",
    "@x",
    "no such",
    "9 TiB",
)
GUIDED: tuple[dict[str, Any], ...] = (
    {},
    {"lvm": True, "swap": {"kind": "partition"}},
    {"encryption": {"passphrase": {"ask": True}}, "containers": {}},
    {"layout": "free_space", "filesystem": "ext4"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A machine whose disks all have names, and what a layout would be on it."""

    machine: Machine
    selectors: dict[str, dict[str, str]]

    def look(self, storage: Storage) -> Layout:
        document: dict[str, Any] = {
            "version": 1,
            "disks": self.selectors,
            "storage": revealed(storage),
        }
        found = layout(document, self.machine, seed=SEED)
        disks = dict(zip(self.selectors, self.machine.disks, strict=True))
        return outlined(found, document["storage"], disks, self.machine.memory)

    def scene(self, storage: Storage) -> Scene:
        fit = {
            name: disk
            for name, disk in zip(self.selectors, self.machine.disks, strict=True)
            if not unfit_reason(disk)
        }
        mode = BootMode(self.machine.firmware.mode.value)
        return Scene(storage=storage, disks=fit, layout=self.look(storage), mode=mode, tpm2=True)


def bench(name: str) -> Bench:
    described = machine(name)
    selectors = {each.name: {each.key: each.value} for each in named_disks((), described)}
    return Bench(machine=described, selectors=selectors)


def start(on: Bench, guided: dict[str, Any]) -> Storage | None:
    """The guided layout in parts, on the first disk that can be used."""
    fit = [
        name
        for name, disk in zip(on.selectors, on.machine.disks, strict=True)
        if not unfit_reason(disk)
    ]
    if not fit:
        return None
    said = {**guided, "disk": fit[0]}
    document = {"version": 1, "disks": on.selectors, "storage": said}
    return as_custom_layout(document, on.machine)


def typed_into(action: Action, scene: Scene, draw: Callable[[Any], Any]) -> Storage:
    """The storage after an action, whose question is answered at random."""
    storage = action.edit() if action.edit else scene.storage
    if action.task is None:
        return storage
    asked = action.task(scene)
    values = dict(asked.values)
    for item in asked.items(values):
        match item:
            case Choice():
                values[item.id] = draw(st.sampled_from([each.value for each in item.options]))
            case Check():
                values[item.id] = draw(st.sampled_from(["", YES]))
            case Text():
                values[item.id] = draw(st.sampled_from([values[item.id], *TYPED]))
            case SecretText() | _:
                pass
    assert asked.places(values)
    return scene.storage if asked.refuse(values) else asked.apply(storage, values)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None, print_blob=True,
          suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])  # fmt: skip
@given(data=st.data())
def test_any_edits_give_a_layout_or_problems(name: str, data: st.DataObject) -> None:
    on = bench(name)
    begun = start(on, data.draw(st.sampled_from(GUIDED)))
    if begun is None:
        return
    history = History(states=(begun,))
    passed = [history.now]
    for _ in range(data.draw(st.integers(1, 10))):
        scene = on.scene(history.now)
        assert scene.layout.plan is not None or scene.layout.problems
        rows = table(scene)
        loose_problems(scene, rows)
        row = data.draw(st.sampled_from(rows))
        possible = [each for each in actions(scene, row.id) if not each.command.refused]
        mends = fixes(scene)
        mend = bool(mends) and data.draw(st.booleans())
        if mend:
            after = mends[0].storage
        elif possible:
            action = data.draw(st.sampled_from(possible))
            note(f"{row.id} {action.command.id}")
            started = on.scene(action.edit()) if action.edit and action.task else scene
            after = typed_into(action, started, data.draw)
        else:
            continue
        history = history.add(after)
        passed.append(after)
        on.look(after)
    for state in reversed(passed):
        while history.now != state and history.can_undo:
            history = history.undo()
        assert history.now == state
    assert history.now == begun


@pytest.mark.parametrize(
    ("name", "guided"),
    [
        *((name, guided) for name in ("virtualbox", "two-empty-virtio") for guided in GUIDED[:3]),
        *(("windows-dual-boot", guided) for guided in GUIDED),
    ],
)
def test_the_custom_layout_gives_the_plan_of_the_guided_layout(
    name: str, guided: dict[str, Any]
) -> None:
    on = bench(name)
    said = start(on, guided)
    assert said is not None
    document = {"version": 1, "disks": on.selectors,
                "storage": {**guided, "disk": next(iter(on.selectors))}}  # fmt: skip
    by_kickstart = layout(document, on.machine, seed=SEED)
    assert by_kickstart.problems == ()
    assert on.look(said) == by_kickstart


def test_undo_redo_and_reset() -> None:
    begun: Storage = {"layout": "custom"}
    history = History(states=(begun,))
    one = edit.put(begun, "partitions", "root", {"disk": "disk-1"})
    history = history.add(one).add(one)
    assert len(history.states) == 2
    assert history.undo().now == begun
    assert history.undo().undo().now == begun
    assert history.undo().redo().now == one
    assert history.reset().now == begun
    assert history.reset().undo().now == one
    assert not history.undo().add(edit.wipe(begun, "disk-1")).can_redo
    other: Storage = {"layout": "custom", "wipe": ["disk-1"]}
    again = history.begin(other)
    assert again.beginning == other
    assert again.undo().now == one
    assert again.add(begun).reset().now == other
    assert again.undo().undo().add(other).beginning == begun


def stacked() -> Storage:
    """A mirror below LUKS below LVM."""
    storage = start(bench("two-empty-virtio"), {
        "mirror": ["disk-2"], "lvm": True, "encryption": {"passphrase": {"ask": True}},
    })  # fmt: skip
    assert storage is not None
    return storage


def test_what_lies_on_something_goes_with_it() -> None:
    storage = stacked()
    after = edit.remove(storage, "system-1")
    assert "system" not in after["arrays"]
    assert not {"encrypted", "volume_groups"} & after.keys()
    assert set(after["filesystems"]) == {"boot"}
    lost = edit.lost_with(storage, after)
    assert lost == ("system-1", "system", "luks-system", "photon/root", "volume group photon")


def test_a_member_that_is_not_needed_goes_alone() -> None:
    storage = stacked()
    three = edit.put_partition(storage, "spare", {"disk": "disk-1", "size": "1 GiB"})
    array = {**three["arrays"]["boot"], "members": ["boot-1", "boot-2", "spare"]}
    after = edit.remove(edit.put(three, "arrays", "boot", array), "spare")
    assert after == storage


def test_existing_partitions_are_deleted_and_brought_back() -> None:
    on = bench("windows-dual-boot")
    storage = start(on, {"layout": "free_space"})
    assert storage is not None
    deleted = edit.delete_existing(storage, "disk-1", 5)
    assert deleted["tables"] == {"disk-1": {"keep": True, "delete": [5]}}
    plan = on.look(deleted).plan
    assert plan is not None
    assert [each.number for each in plan.disks[0].deleted] == [5]
    assert edit.restore_existing(deleted, "disk-1", 5) == storage


def test_encrypting_moves_the_filesystem_onto_it() -> None:
    storage = start(bench("virtualbox"), {})
    assert storage is not None
    after = edit.encrypt(storage, "root", "luks-root", {"passphrase": {"ask": True}})
    assert after["filesystems"]["luks-root"]["mount"] == "/"
    assert "root" not in after["filesystems"]


def test_clearing_a_disk_leaves_it_alone_and_wiping_empties_it() -> None:
    storage = stacked()
    cleared = edit.clear(storage, "disk-2")
    assert not any(each["disk"] == "disk-2" for each in cleared["partitions"].values())
    wiped = edit.wipe(storage, "disk-2")
    assert wiped["wipe"] == ["disk-2"]
    used = edit.put_partition(wiped, "data", {"disk": "disk-2"})
    assert "wipe" not in used
