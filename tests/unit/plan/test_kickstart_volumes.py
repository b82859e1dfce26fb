"""A volume that kickstarts are read from is erased only when somebody names it outright."""

from dataclasses import replace
from typing import Any

import pytest

from installer import api
from installer.errors import MachineUnfit
from installer.machine.facts import Disk, Machine
from ks_schema import Document
from tests.engine import kickstart, machine, payload, plan_for

STICK = machine("kickstart-stick")
BOTH = machine("kickstart-stick-and-disk")
PICKED = {"match": {}, "pick": "smallest"}


def disk_of(on: Machine, selector: dict[str, Any], name: str = "") -> str:
    document = Document(data=kickstart(disks={"default": selector}), name=name)
    return api.prepare(document, on, payload(), seed="0" * 32).disk.path


def refusal(on: Machine, selector: dict[str, Any], name: str = "") -> str:
    with pytest.raises(MachineUnfit) as caught:
        disk_of(on, selector, name)
    return str(caught.value)


@pytest.mark.parametrize("selector", [{"match": {}}, PICKED, {"match": {"serial": "U1"}}])
def test_a_description_never_means_it(selector: dict[str, Any]) -> None:
    text = refusal(STICK, selector)
    assert "it holds a volume for kickstarts (PHOTONKS)" in text
    assert '"device" or "serial"' in text


@pytest.mark.parametrize("selector", [{"match": {}}, PICKED])
def test_the_disk_beside_it_is_meant(selector: dict[str, Any]) -> None:
    assert disk_of(BOTH, selector) == "/dev/nvme0n1"


@pytest.mark.parametrize("selector", [{"device": "/dev/sda"}, {"serial": "U1"}])
def test_whoever_names_it_gets_it(selector: dict[str, Any]) -> None:
    assert disk_of(BOTH, selector) == "/dev/sda"


@pytest.mark.parametrize("label", ["PHOTONKS", "photonks", "OEMDRV", "CIDATA", "cidata"])
def test_every_label_that_is_looked_for_counts_on_partitions_and_whole_disks(label: str) -> None:
    stick = STICK.disks[0]
    part = replace(stick.partitions[0], label=label)
    whole = Disk(path="/dev/sda", size=364 << 10, filesystem="vfat", label=label)
    for disk in (replace(stick, partitions=(part,)), whole):
        on = replace(BOTH, disks=(BOTH.disks[0], disk))
        assert disk_of(on, PICKED) == "/dev/nvme0n1"


def test_the_volume_that_this_kickstart_was_read_from_counts_under_any_label() -> None:
    part = replace(STICK.disks[0].partitions[0], label="SITE")
    stick = replace(STICK.disks[0], partitions=(part,))
    on = replace(BOTH, disks=(BOTH.disks[0], stick))
    assert disk_of(on, PICKED) == "/dev/sda"
    assert disk_of(on, PICKED, "label:site:photon.json") == "/dev/nvme0n1"
    alone = replace(STICK, disks=(stick,))
    assert "the kickstart was read from it" in refusal(alone, PICKED, "label:SITE:photon.json")


def test_it_is_not_offered_where_another_disk_is_missing() -> None:
    assert "no disk can be used" in refusal(STICK, {"device": "/dev/nvme0n1"})


def test_an_old_medium_is_a_disk_like_any_other() -> None:
    plan = plan_for(kickstart(disks={"default": {"device": "/dev/sda"}}), machine("old-medium"))
    assert any('"PHOTON"' in line for line in plan.losses)
