"""Disks that are described instead of named."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from installer.config.disks import DiskMatch, DiskSelector, Pick, SizeRange, Transport
from installer.config.words import read
from installer.machine.facts import Disk, Machine
from installer.plan.disks import kickstart_reason, select_disk, unfit_reason
from installer.plan.matching import differences, match_text
from ks_schema import Document, Problem, check
from tests.engine import MACHINES, kickstart, machine, plan_for

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ALL = {path.stem: machine(path.stem) for path in sorted(MACHINES.glob("*.json"))}


def selected(on: Machine, match: dict[str, Any], pick: str = "") -> Disk | Problem:
    data = {"match": match} | ({"pick": pick} if pick else {})
    assert check(Document(data={"version": 1, "disks": {"default": data}})) == ()
    return select_disk(read(DiskSelector, {"name": "default", **data}, {}), on.disks)


def path(on: str, match: dict[str, Any], pick: str = "") -> str:
    found = selected(ALL[on], match, pick)
    assert isinstance(found, Disk), found
    return found.path


def refusal(on: str, match: dict[str, Any], pick: str = "") -> Problem:
    found = selected(ALL[on], match, pick)
    assert isinstance(found, Problem), found
    assert found.pointer == "/disks/default/match"
    return found


@pytest.mark.parametrize(
    "match",
    [
        {},
        {"serial": "WD-WCC7K5LD20RE"},
        {"wwn": "0x50014EE264BF38D2"},
        {"path": "/dev/sdb"},
        {"path": "/dev/disk/by-path/pci-0000:00:17.0-ata-2"},
        {"path": "/dev/disk/by-id/*LD20RE"},
        {"model": "WDC WD40*", "any_of": [{"serial": "x"}, {"path": "/dev/sd[b-z]"}]},
        {"any_of": [{"any_of": [{"serial": "WD-WCC7K5LD20RE"}]}]},
    ],
    ids=str,
)
def test_one_of_two_of_the_same_model(match: dict[str, Any]) -> None:
    if match:
        assert path("two-sata-same-model", match) == "/dev/sdb"
    else:
        refusal("two-sata-same-model", match)


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({"transport": "nvme"}, True),
        ({"transport": "sata"}, False),
        ({"rotational": False, "removable": False}, True),
        ({"rotational": True}, False),
        ({"removable": True}, False),
        ({"size": {"min": 1000204886016, "max": 1000204886016}}, True),
        ({"size": {"min": "1 TB"}}, True),
        ({"size": {"min": "1 TiB"}}, False),
        ({"size": {"max": "1 TB"}}, False),
        ({"model": "Samsung SSD 9?0 PRO 1TB"}, True),
        ({"model": "samsung*"}, False),
        ({"transport": "nvme", "any_of": [{"rotational": True}]}, False),
    ],
    ids=str,
)
def test_what_is_asked_for_must_be_true(match: dict[str, Any], fits: bool) -> None:
    assert isinstance(selected(ALL["empty-nvme"], match), Disk) == fits


def test_none_tells_why_of_every_disk() -> None:
    problem = refusal("usb-medium", {"transport": "nvme", "size": {"min": "1 TB"}})
    assert problem.message == ("no disk is as described (transport nvme, at least 931.3 GiB)")
    assert problem.hint == (
        "/dev/sda (INTEL SSDSC2KW256G8, serial BTLA7463078R256CGN, 238.5 GiB): "
        "its transport is sata, it has only 238.5 GiB; "
        "/dev/sdb (Ultra Fit, serial 4C530001240819112345, 28.9 GiB): "
        "the installer was started from it"
    )
    assert refusal("no-disk", {}).hint == "this machine has no disk"


def test_several_are_listed_with_what_they_are() -> None:
    problem = refusal("two-sata-same-model", {"transport": "sata"})
    assert problem.message.startswith("2 disks are as described (transport sata): /dev/sda (WDC")
    assert "3.6 TiB) sata, rotating, 0x50014ee264bf38d2" in problem.message
    assert '"pick"' in problem.hint


def test_the_medium_is_never_meant() -> None:
    assert path("usb-medium", {}) == "/dev/sda"
    assert path("usb-medium", {}, "smallest") == "/dev/sda"
    assert "started from it" in refusal("usb-medium", {"transport": "usb"}).hint


def test_picks() -> None:
    small, large = (
        replace(ALL["empty-nvme"].disks[0], path=name, size=size)
        for name, size in (("/dev/nvme1n1", 1 << 36), ("/dev/nvme2n1", 1 << 37))
    )
    both = replace(ALL["empty-nvme"], disks=(large, small))
    assert selected(both, {}, "smallest") == small
    assert selected(both, {"transport": "nvme"}, "largest") == large
    busy = replace(both, disks=(large, replace(small, in_use="mounted at /")))
    assert selected(busy, {}, "smallest") == large


def test_a_pick_does_not_choose_between_equals() -> None:
    problem = refusal("24-disks", {"transport": "sas"}, "largest")
    assert "disks are as described (transport sas) and the largest: " in problem.message
    assert '"pick"' not in problem.hint


def test_the_plan_says_which_disk_it_was() -> None:
    data = kickstart(
        disks={"default": {"match": {"any_of": [{"transport": "nvme"}, {"rotational": False}]}}}
    )
    plan = plan_for(data, ALL["empty-nvme"])
    assert plan.disk.path == "/dev/nvme0n1"
    assert plan.defaults[0] == (
        "disk /dev/nvme0n1: the one disk that is as described ((transport nvme) or (solid state))"
    )


SIZES = st.none() | st.integers(0, 1 << 43)
OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "serial": st.sampled_from(["ZA1017QK", "photon-0001", "nobody"]),
    "wwn": st.sampled_from(["0x50014ee2b9d4c1a7", "eui.002538b411b0c7d5"]),
    "model": st.sampled_from(["*", "WDC*", "ST8000*", "[", "?"]),
    "transport": st.sampled_from([Transport(each) for each in ("nvme", "sata", "sas", "usb")]),
    "size": st.builds(SizeRange, min=SIZES, max=SIZES),
    "rotational": st.booleans(),
    "removable": st.booleans(),
    "path": st.sampled_from(["/dev/sd*", "/dev/disk/by-id/*", "/dev/*"]),
}
MATCHES: st.SearchStrategy[DiskMatch] = st.recursive(
    st.builds(DiskMatch, **OPTIONAL) | st.builds(DiskMatch, **dict(list(OPTIONAL.items())[3:4])),
    lambda inner: st.builds(
        DiskMatch,
        transport=OPTIONAL["transport"] | st.none(),
        any_of=st.lists(inner, min_size=1, max_size=3).map(tuple),
    ),
    max_leaves=4,
)


@settings(CALM, max_examples=150)
@given(
    match=MATCHES,
    pick=st.sampled_from([None, "smallest", "largest"]),
    name=st.sampled_from(sorted(ALL)),
)
def test_a_choice_is_right_or_refused(match: DiskMatch, pick: str | None, name: str) -> None:
    disks = ALL[name].disks
    selector = DiskSelector(name="default", pick=Pick(pick) if pick else None, match=match)
    found = select_disk(selector, disks)
    fit = [
        disk
        for disk in disks
        if not (unfit_reason(disk) or kickstart_reason(disk) or differences(match, disk))
    ]
    assert match_text(match)
    match found:
        case Problem():
            assert len(fit) != 1
            assert found.message
            assert found.hint
        case Disk() if pick is None:
            assert fit == [found]
        case Disk():
            assert found in fit
            sizes = sorted(disk.size for disk in fit)
            assert found.size == (sizes[0] if pick == "smallest" else sizes[-1])
            assert sizes.count(found.size) == 1


def test_every_machine_has_a_disk_of_its_own_description() -> None:
    """Everything that is known of a disk, said of it, is true of it."""
    for each in ALL.values():
        for disk in each.disks:
            match = DiskMatch(
                serial=disk.serial, wwn=disk.wwn, model=disk.model.replace("[", "[[]"),
                transport=Transport(disk.transport), size=SizeRange(min=disk.size, max=disk.size),
                rotational=disk.rotational, removable=disk.removable, path=disk.path,
            )  # fmt: skip
            assert differences(match, disk) == (), json.dumps(each.to_json())
