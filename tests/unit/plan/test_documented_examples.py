"""Every kickstart that the documentation shows can be installed: it is planned with real names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from installer.api import prepare_configured
from installer.config.boot import BootMode
from installer.config.disks import DiskMatch, DiskSelector
from installer.config.kickstart import InstallConfig
from installer.config.read import asked_later, from_document
from installer.config.recovery import with_drawn_secrets
from installer.config.write import hash_passwords
from installer.errors import MachineUnfit
from installer.machine.facts import Disk, Firmware, FirmwareMode, Machine, SecureBoot
from installer.plan.host.contents import contents_problems
from ks_schema import Document
from tests.engine import GIB, KEY, TESTS, payload

ROOT = TESTS.parent
_FENCED = re.compile(r"^```(json|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SIZE = 200 * GIB
SHORTENED_KEY = "ssh-ed25519 AAAA... ops@example"
NOT_HERE = re.compile("no partition table that could be kept|no tree for the set full")


def documented() -> Iterator[tuple[str, dict[str, Any]]]:
    """Where an example is, and what it says."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for number, (_, text) in enumerate(_FENCED.findall(page.read_text("utf-8")), start=1):
            # A page about one key shows that key alone.
            whole_text = f"{{{text}}}" if text.startswith('"') else text
            yield f"{page.name}-{number}", yaml.safe_load(whole_text)
    for path in sorted((ROOT / "ks_schema/examples").iterdir()):
        yield path.name, yaml.safe_load(path.read_text("utf-8"))
    for path in sorted((TESTS / "cases").rglob("*.json")):
        if path.parent.name != "kickstarts":  # those are for being refused
            yield str(path.relative_to(TESTS / "cases")), json.loads(path.read_text("utf-8"))


EXAMPLES = dict(documented())


def whole(data: dict[str, Any]) -> dict[str, Any]:
    """The example with what it leaves out: a disk, a way to log in, a whole key."""
    data = {"version": 1, "disks": {"default": {"device": "/dev/sda"}}, **data}
    if not {"root", "users"} & data.keys():
        data["root"] = {"ssh_keys": [KEY]}
    if data.get("boot", {}).get("loader") == "systemd_boot":
        # The tests of these cases make keys first.
        data["boot"].setdefault("owner_keys", {"enroll": False})
    found: dict[str, Any] = json.loads(json.dumps(data).replace(SHORTENED_KEY, KEY))
    return found


def fitting_disk(number: int, selector: DiskSelector) -> Disk:
    """A disk that a selector means, smaller than those before it."""
    asked = selector.match or DiskMatch()
    return Disk(
        path=selector.device or f"/dev/disk{number}",
        size=min(max(_SIZE - number * GIB, asked.size.min or 0), asked.size.max or _SIZE),
        serial=selector.serial or asked.serial or f"S{number}",
        wwn=asked.wwn or "",
        model=(asked.model or "").replace("*", "x"),
        transport=asked.transport or "sas",
        links=(asked.path.replace("*", "x"),) if asked.path else (),
        rotational=bool(asked.rotational),
        removable=bool(asked.removable),
    )


def fitting_machine(config: InstallConfig) -> Machine:
    """A machine with the disks and the firmware that a configuration is for."""
    keys = config.boot.owner_keys
    mode = FirmwareMode.BIOS if config.boot.mode is BootMode.BIOS else FirmwareMode.EFI
    state = SecureBoot.SETUP if keys and keys.enroll else SecureBoot.ENABLED
    return Machine(
        firmware=Firmware(mode=mode, secure_boot=state, tpm="2.0"),
        memory=8 * GIB,
        disks=tuple(fitting_disk(*each) for each in enumerate(config.disks)),
    )


def configured(name: str) -> tuple[Document, InstallConfig]:
    document = Document(data=whole(EXAMPLES[name]), name=name)
    read = from_document(document, ask=asked_later, read_secret=lambda _: "one-from-a-file")
    return document, with_drawn_secrets(hash_passwords(read))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_payload_has_what_an_example_asks_for(name: str) -> None:
    _, config = configured(name)
    trees = [tree for tree in payload().trees if tree.set is config.packages.set]
    assert trees
    for tree in trees:
        assert contents_problems(config, tree, payload()) == ()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_can_be_planned(name: str) -> None:
    document, config = configured(name)
    try:
        prepare_configured(config, document, fitting_machine(config), payload(), seed="0" * 32)
    except MachineUnfit as error:
        # What an example keeps of a disk is not on the disks here, and one has a kernel that is
        # not in the index.
        found = [each for each in error.problems if not NOT_HERE.search(each.message)]
        assert found == []
