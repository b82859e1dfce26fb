"""Fuzz: texts of kickstarts, what they say, answers of web servers, and kernel command lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from installer import api
from installer.config.read import asked_later
from installer.errors import MachineUnfit
from installer.machine.facts import Machine
from installer.sources.fetch import RetryPolicy
from installer.sources.kickstart import Surroundings, parse_kickstart, read_kickstart
from installer.sources.parameters import kernel_command_line, kernel_parameters, with_disk
from ks_schema import Document
from tests.engine import TESTS, machine, payload
from tests.unit.fuzz.frame import fuzz, samples
from tests.unit.fuzz.mutations import changed_bytes, changed_data
from tests.unit.sources.raw_server import OK, raw_server, sends

EXAMPLES = samples(TESTS.parent / "ks_schema/examples", "*.json")
KICKSTARTS = EXAMPLES + samples(TESTS / "plans", "*/kickstart.json")
DATA = [json.loads(each) for each in KICKSTARTS]
AS_YAML = [yaml.safe_dump(each, sort_keys=False).encode() for each in DATA]
MACHINES = [machine(name) for name in ("empty-virtio", "two-sata-md-lvm-luks", "windows-dual-boot")]
# Kickstarts with the machine that each can be planned for.
PLANNED = [
    (json.loads((folder / "kickstart.json").read_bytes()), machine(name))
    for folder in sorted((TESTS / "plans").iterdir())
    if (name := (folder / "machine").read_text("utf-8").strip()) != "image"
]


def looked_at(document: Document, machines: Sequence[Machine] = MACHINES) -> None:
    """As far as `plan` goes."""
    for problem in api.problems(document):
        assert str(problem).isprintable()
    config = api.configuration(document, asked_later)
    for each in machines:
        with suppress(MachineUnfit):
            plan = api.prepare_configured(config, document, each, payload(), seed="fuzz")
            assert plan.describe()
            assert json.dumps(plan.to_json())


def text_of(name: str) -> Any:
    return lambda data: looked_at(parse_kickstart(data, name=name))


def test_json() -> None:
    fuzz("json", lambda random: changed_bytes(random, KICKSTARTS), text_of("ks.json"))


def test_yaml() -> None:
    fuzz("yaml", lambda random: changed_bytes(random, AS_YAML), text_of("ks.yaml"))


def test_any_text() -> None:
    both = KICKSTARTS + AS_YAML
    fuzz("text", lambda random: changed_bytes(random, both), text_of("ks"))


def test_what_is_said() -> None:
    def make(random: Random) -> tuple[str, Machine]:
        data, on = random.choice(PLANNED)
        return json.dumps(changed_data(random, [data], DATA)), on

    def feed(made: tuple[str, Machine]) -> None:
        text, on = made
        looked_at(parse_kickstart(text, name="ks.json"), [on])

    fuzz("kickstart", make, feed)


ANSWERS = [
    OK + b"Content-Length: 14\r\nContent-Type: text/plain\r\n\r\n" + b'{"version": 1}',
    OK + b'Transfer-Encoding: chunked\r\n\r\n7\r\n{"versi\r\n7\r\non": 1}\r\n0\r\nX: y\r\n\r\n',
    b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b'\r\n{"version": 1}',
    b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/x?y#z\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.0 301 Moved\r\nURI: ks.json\r\n\r\n",
    b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x", Digest nonce="y"\r\n\r\n',
    b"HTTP/1.1 503 Busy\r\nRetry-After: 5\r\nConnection: keep-alive\r\n\r\n",
]


def test_answers_of_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    policy = RetryPolicy(waits=(0.0,), silence=1.0, one_try=2.0, sleep=lambda _: None)
    surroundings = Surroundings(retries=policy)

    def feed(answer: bytes) -> None:
        with raw_server(sends(answer)) as url:
            read_kickstart(f"{url}/ks", emit=lambda _: None, surroundings=surroundings)

    fuzz("server", lambda random: changed_bytes(random, ANSWERS), feed)


COMMAND_LINES = [
    b'BOOT_IMAGE=/vmlinuz boot=photon photon.ks="http://ops:pw@host/a b" photon.disk=/dev/sda\n',
    b"quiet ks=cdrom:/ks.json photon.events=/dev/ttyS1 photon.medium=http://h/photon -- 3\n",
    b"photon.ks=label:PHOTONKS:ks.json ip=dhcp console=ttyS0,115200",
]


def test_kernel_command_lines(tmp_path: Path) -> None:
    place = tmp_path / "cmdline"

    def feed(line: bytes) -> None:
        place.write_bytes(line)
        text = kernel_command_line(place)
        found = kernel_parameters(text)
        assert isinstance(api.default_payload(text), str)
        with_disk(Document(data={"disks": 5}), found.disk)

    def make(random: Random) -> bytes:
        return changed_bytes(random, COMMAND_LINES)

    fuzz("command line", make, feed)
