"""Fuzz: descriptions of machines, what lsblk, LVM and ip print, and the index of a payload."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from installer import api
from installer.actions.context import Context
from installer.actions.host.payload import ExtractPayload
from installer.errors import CommandFailed, MachineUnfit
from installer.machine.facts import Firmware, FirmwareMode, Machine, machine_from_json
from installer.machine.probe.disks import probe_disks
from installer.machine.probe.network import addresses_of
from installer.machine.text import machine_text
from installer.payload.index import load_payload_index
from ks_schema import Document
from ks_schema.syntax import json_data
from tests.engine import MACHINES, TESTS, PretendRunner, Told, kickstart, payload
from tests.unit.fuzz.frame import fuzz, samples
from tests.unit.fuzz.mutations import changed_bytes, changed_data

DESCRIPTIONS = samples(MACHINES, "*.json")
MACHINE_DATA = [json.loads(each) for each in DESCRIPTIONS]
LISTINGS = [json.loads(each) for each in samples(TESTS / "unit/machine/lsblk", "*.json")]
INDEX = (TESTS / "payload/index.json").read_bytes()
DOCUMENTS = [
    kickstart(disks={"default": {"match": {}, "pick": "largest"}}),
    kickstart(disks={"default": {"match": {}, "pick": "smallest"}}, storage={"lvm": True}),
    kickstart(
        disks={"default": {"match": {}, "pick": "largest"}}, storage={"layout": "free_space"}
    ),
    kickstart(disks={"default": {"device": "/dev/sda"}}, boot={"mode": "dual"}),
]


def planned(machine: Machine) -> None:
    assert all(line.isprintable() for line in machine_text(machine).splitlines())
    assert machine_from_json(machine.to_json()) == machine
    for data in DOCUMENTS:
        with suppress(MachineUnfit):
            assert api.prepare(Document(data=data), machine, payload(), seed="fuzz").describe()


def test_descriptions_of_machines() -> None:
    def feed(text: bytes) -> None:
        planned(machine_from_json(json_data(text)))

    def make(random: Random) -> bytes:
        if random.random() < 0.2:
            return changed_bytes(random, DESCRIPTIONS)
        return json.dumps(changed_data(random, MACHINE_DATA)).encode()

    fuzz("machine", make, feed, refusals=(ValueError,))


class Prints:
    """A runner whose programs print what they are given to print."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts

    def run(self, argv: Sequence[str], **_: Any) -> str:
        if argv[0] not in self.texts:
            raise CommandFailed(f"{argv[0]}: not here")
        return self.texts[argv[0]]


VOLUMES = [
    {"report": [{"pv": [{"pv_name": "/dev/sda3", "vg_name": "vg0", "vg_uuid": "a-b", "pv_uuid": "c",
                         "vg_missing_pv_count": "0", "pv_missing": ""}]}]},
]  # fmt: skip
BLKID = [b"DEVNAME=/dev/sda1\nUUID=1111-2222\nTYPE=vfat\nPARTLABEL=EFI\\ system\nLABEL=a\\x20b\n"]


def test_what_lsblk_prints(tmp_path: Path) -> None:
    def make(random: Random) -> tuple[str, str, str]:
        listing = json.dumps(changed_data(random, LISTINGS))
        if random.random() < 0.1:
            listing = changed_bytes(random, [listing.encode()]).decode(errors="replace")
        volumes = json.dumps(changed_data(random, VOLUMES))
        return listing, volumes, changed_bytes(random, BLKID).decode(errors="replace")

    def feed(printed: tuple[str, str, str]) -> None:
        listing, volumes, blkid = printed
        runner = Prints(lsblk=listing, pvs=volumes, vgs=volumes, lvm=volumes, blkid=blkid)
        found = probe_disks(runner, tmp_path)
        firmware = Firmware(mode=FirmwareMode.EFI)
        planned(
            Machine(
                firmware=firmware,
                memory=1 << 30,
                disks=found.disks,
                layers=found.layers,
                left_out=found.left_out,
            )
        )

    fuzz("lsblk", make, feed)


ADDRESSES = [
    [{"ifname": "eth0", "addr_info": [{"local": "192.0.2.5", "prefixlen": 24, "scope": "global"}]}]
]


def test_what_ip_prints() -> None:
    fuzz("ip", lambda random: changed_data(random, ADDRESSES), addresses_of)


def shortened(data: Any) -> Any:
    """The same with lists that are not so long that every change goes into one of them."""
    if isinstance(data, dict):
        return {key: shortened(each) for key, each in data.items()}
    return [shortened(each) for each in data[:4]] if isinstance(data, list) else data


def test_the_index_of_a_payload(tmp_path: Path) -> None:
    place = tmp_path / "index.json"
    data = [shortened(json.loads(INDEX))]
    texts = [json.dumps(each).encode() for each in data]
    machine = machine_from_json(json.loads(DESCRIPTIONS[0]))

    def make(random: Random) -> bytes:
        if random.random() < 0.2:
            return changed_bytes(random, texts)
        return json.dumps(changed_data(random, data)).encode()

    def feed(text: bytes) -> None:
        place.write_bytes(text)
        index = load_payload_index(str(tmp_path))
        assert index.edition.isprintable()
        for tree in index.trees:
            assert ".." not in tree.path.split("/")
            runner = PretendRunner()
            target = tmp_path / "root" / (tree.path or "target")
            context = Context(runner=runner, emit=Told(), target=target, work=tmp_path)
            ExtractPayload(
                source=index.source, name=tree.name, image=tree.image, path=tree.path, size=1
            ).run(context)
            assert runner.commands[0][-1] in {tree.path, f"{index.source}/{tree.image.file}"}
        for wanted in DOCUMENTS:
            with suppress(MachineUnfit):
                assert api.prepare(Document(data=wanted), machine, index, seed="fuzz").describe()

    fuzz("index", make, feed)
