"""The questions of the editor: what is not changed stays, on the kickstart's own example."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from installer.config.boot import BootMode
from installer.machine.facts import Disk, Machine, Partition
from installer.plan.layouts import layout
from installer.plan.storage.model import Layout
from installer.secret import Secret
from screens.draft.history import Storage
from screens.draft.storage_entries import revealed
from screens.editor.actions import Action, actions
from screens.editor.filesystem_fields import KEEP, filesystem_data, filesystem_values
from screens.editor.rows import table
from screens.editor.scene import Scene
from screens.editor.stack_tasks import array, encryption, group
from screens.editor.tasks import logical_volume
from screens.forms import YES, Check, Form
from tests.screens.conftest import Walk
from tests.screens.test_editor_edits import bench, stacked
from tests.screens.walker import SEED, machine

EXAMPLE = Path(__file__).parents[2] / "ks_schema" / "examples" / "custom.json"
GIB = 1 << 30


def disk(name: str, **facts: Any) -> Disk:
    return Disk(path=f"/dev/{name}", size=2048 * GIB, serial=f"SERIAL-{name}", **facts)


def three_disks() -> Machine:
    there = [
        Partition(path=f"/dev/c{number}", number=number, start=start * GIB, size=size * GIB,
                  filesystem="ext4", minimum=GIB, uuid=f"uuid-{number}")
        for number, start, size in ((1, 1, 1), (2, 2, 300), (3, 400, 100))
    ]  # fmt: skip
    disks = (disk("a"), disk("b"), disk("c", table="gpt", partitions=tuple(there)))
    return replace(machine("empty-virtio"), disks=disks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """The kickstart's own example of a custom layout, on a machine that it fits."""

    storage: Storage
    machine: Machine

    def look(self, storage: Storage) -> Layout:
        disks = {each.path[-1]: {"serial": each.serial} for each in self.machine.disks}
        document = {"version": 1, "disks": disks, "storage": revealed(storage)}
        return layout(document, self.machine, seed=SEED)

    def scene(self) -> Scene:
        disks = {each.path[-1]: each for each in self.machine.disks}
        found = self.look(self.storage)
        return Scene(storage=self.storage, disks=disks, layout=found, mode=BootMode.EFI, tpm2=True)


@pytest.fixture
def example() -> Example:
    storage = json.loads(EXAMPLE.read_text("utf-8"))["storage"]
    encrypted = storage["encrypted"]["secret"]["encryption"]
    encrypted["passphrase"] = Secret(encrypted["passphrase"]["plain"])
    return Example(storage=storage, machine=three_disks())


def all_actions(scene: Scene) -> Iterator[tuple[str, Action]]:
    for row in table(scene):
        for action in actions(scene, row.id):
            yield row.id, action


def test_the_example_is_shown_whole(example: Example) -> None:
    scene = example.scene()
    assert scene.layout.problems == ()
    shown = {each.id for each in table(scene)}
    for name in ("esp-a", "old-data", "fast", "boot", "system", "secret", "vg0~1root"):
        assert f"/volumes/{name}" in shown
    assert "/volumes/vg0~1root/subvolumes/@var~1log" in shown
    assert "/existing/c/3" in shown
    assert not any(each.problem for each in table(scene))


def test_a_question_that_is_only_confirmed_changes_nothing(example: Example) -> None:
    scene = example.scene()
    asked = 0
    for row, action in all_actions(scene):
        if action.task is None or action.edit or action.command.id not in {"edit", "filesystem"}:
            continue
        if action.command.refused:
            continue
        task = action.task(scene)
        assert task.refuse(task.values) is None, row
        after = task.apply(example.storage, task.values)
        assert example.look(after) == scene.layout, (row, action.command.id)
        asked += 1
    assert asked > 20


def test_every_action_has_a_key_of_its_own(example: Example) -> None:
    scene = example.scene()
    for row in table(scene):
        commands = [each.command for each in actions(scene, row.id)]
        assert commands, row
        keys = [each.key for each in commands if each.key]
        assert len(keys) == len(set(keys)), row
        assert not {*keys} & {"b", "h", "n", "q"}
        assert Form(items=tuple(commands)).command_for(keys[0]) == commands[0]


@pytest.mark.parametrize(
    "made",
    [
        {"kind": "btrfs", "format": False, "subvolumes": {"docker": {"mount": "/var/lib/docker"}}},
        {"kind": "xfs", "mount": "/srv", "make_options": ["-i"], "binds": {"a": "/mnt/a"}},
        {"format": False, "mount": "/srv", "label": "data"},
        {"kind": "swap"},
    ],
)
def test_a_filesystem_keeps_what_is_not_asked_for(made: dict[str, Any]) -> None:
    assert filesystem_data(filesystem_values(made), made) == made


def test_another_kind_of_filesystem_loses_what_does_not_go_with_it() -> None:
    made = {"kind": "btrfs", "subvolumes": {"@": {"mount": "/"}}, "make_options": ["-O", "x"]}
    said = {**filesystem_values(made), "kind": "ext4", "mount": "/", "options": "noatime, ro"}
    expected = {"kind": "ext4", "mount": "/", "options": ["noatime", "ro"]}
    assert filesystem_data(said, made) == expected
    assert filesystem_data({**said, "kind": ""}, made) is None
    kept = {"format": False, "mount": "/", "options": ["noatime", "ro"]}
    assert filesystem_data({**said, "kind": KEEP}, made) == kept


def test_members_and_spares_are_chosen_from_what_is_free() -> None:
    on = bench("two-empty-virtio")
    storage: Storage = {
        **stacked(),
        "partitions": {
            **stacked()["partitions"],
            "third": {"disk": "disk-1", "size": "1 GiB"},
        },
    }
    task = array(on.scene(storage), "boot")
    checks = [each.id for each in task.items(task.values) if isinstance(each, Check)]
    assert checks == ["member:boot-1", "member:boot-2", "member:third", "spare:third"]
    after = task.apply(storage, {**task.values, "spare:third": YES})
    assert after["arrays"]["boot"] == {
        "level": 1, "members": ["boot-1", "boot-2"], "spares": ["third"]
    }  # fmt: skip
    refused = task.refuse({key: value for key, value in task.values.items() if ":" not in key})
    assert refused is not None
    assert refused.message == "RAID 1 needs 2 members"
    for level, fewest, hint in (("5", 3, "choose more of them"), ("6", 4, "make more partitions")):
        refused = task.refuse({**task.values, "level": level})
        assert refused is not None
        assert refused.field == "member:third"
        assert str(refused).startswith(f"RAID {level} needs {fewest} members - {hint}")


def test_a_group_needs_a_member() -> None:
    task = group(bench("two-empty-virtio").scene(stacked()), "photon")
    refused = task.refuse({"name": "photon"})
    assert refused is not None
    assert refused.message == "It has no member"


def test_a_group_is_no_member_of_itself() -> None:
    on = bench("two-empty-virtio")
    storage = stacked()
    volumes = {**storage["volume_groups"]["photon"]["volumes"], "free": {"size": "1 GiB"}}
    photon = {**storage["volume_groups"]["photon"], "volumes": volumes}
    storage = {**storage, "volume_groups": {"photon": photon}}
    task = group(on.scene(storage), "photon")
    assert [each.id for each in task.items(task.values) if isinstance(each, Check)] == [
        "member:luks-system"
    ]


def test_names_are_checked() -> None:
    scene = bench("two-empty-virtio").scene(stacked())
    for name in ("", "Upper", "1st", "system", "disk-1", "a" * 29, "x/y"):
        for task in (array(scene, first="x"), encryption(scene, volume="esp-1")):
            refused = task.refuse({**task.values, "name": name})
            assert refused is not None, name
            assert refused.field == "name"
    task = logical_volume(scene, "photon")
    refused = task.refuse({**task.values, "name": "root"})
    assert refused is not None


@pytest.mark.parametrize("mount", ["/boot/efi", "/efi"])
def test_the_esp_of_another_system_is_not_mounted_where_this_host_looks_for_its_own(
    walk: Walk, mount: str
) -> None:
    """It is told beside the field, and the edit is not made."""
    walker = walk("windows-dual-boot").go("disk").keys(" ").go("storage")
    walker.field("< Edit partitions... >").keys("enter", "enter", "k", "down", "enter", "m")
    walker.fill("Mount point", mount).keys("f10")
    assert walker.id == "edit"
    text = " ".join(walker.screen.partition("> Mount point")[2].split())
    assert f"! what is mounted at {mount} is not the ESP that the boot loader goes to" in text
    walker.fill("Mount point", "/srv/esp").keys("f10")
    assert walker.id == "partitions"
