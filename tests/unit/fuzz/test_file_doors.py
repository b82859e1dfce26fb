"""Fuzz: files that a kickstart names, that boot a host, or that another console has written."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from installer import api
from installer.config.boot_certificate import certificate_fault
from installer.config.read import asked_later
from installer.errors import InstallerError
from installer.events import (
    ActionStarted,
    BootChecked,
    Event,
    Failed,
    Finished,
    Message,
    PhasePlanned,
    PhaseStarted,
    Progress,
    Started,
    event_to_json,
)
from installer.measured.prediction import UnpredictableError
from installer.measured.shim import predict_owner, shim_state
from installer.measured.stub import predict_handover
from installer.payload.index import load_payload_index
from installer.secureboot.chain import first_policy, judge, shim_policy
from installer.secureboot.entries import parse_entry
from installer.secureboot.lists import parse_lists
from installer.secureboot.owner import copy_certificate
from installer.secureboot.pe import parse_pe
from installer.secureboot.sbat import built_in_level, parse_sbat, sbat_date
from installer.secureboot.signature import signatures_of
from installer.sources.fetch import RetryPolicy
from installer.system.run import ProcessRunner
from installer.verify.menu import read_bios_menu
from ks_schema import Document
from screens.line_mode.terminal import Terminal
from screens.progress import bar
from screens.session import Follower, Paths, _holder
from tests.engine import TESTS, kickstart
from tests.unit.fuzz.frame import fuzz
from tests.unit.fuzz.mutations import changed_bytes, changed_data
from tests.unit.fuzz.test_boot_doors import TABLES, entry, with_harmed_table
from tests.unit.secureboot.programs import lists, program, shim_sections, signature_verifier, trust
from tests.unit.sources.raw_server import OK, raw_server, sends
from tests.unit.verify.hosts import ROOT, places_of
from tests.unit.verify.whole_host import MENU, ON_ESP, Keys

QUICK = RetryPolicy(waits=(0.0,), silence=1.0, one_try=2.0, sleep=lambda _: None)


def test_secrets_in_files(tmp_path: Path) -> None:
    place = tmp_path / "secret"
    where = {"file": str(place)}
    documents = [
        kickstart(root={"password": where}),
        kickstart(storage={"encryption": {"passphrase": where}}),
        kickstart(boot={"menu_password": where}),
    ]

    def feed(data: bytes) -> None:
        place.write_bytes(data)
        for each in documents:
            refusal = ""
            try:
                api.configuration(Document(data=each), asked_later)
            except InstallerError as error:
                refusal = str(error)
            # What is found is about the file: nothing of its text is repeated.
            line = data.decode("utf-8", "replace").split("\n")[0].strip()
            assert len(line) < 12 or line not in refusal

    samples = [b"correct horse battery\nsecond line\n", "grüße und küsse\r\n".encode()]
    fuzz("secrets", lambda random: changed_bytes(random, samples), feed)


def test_certificates_in_texts(keys: Keys) -> None:
    texts = [keys[name].certificate.read_bytes() for name in ("owner", "leaf")]

    def feed(data: bytes) -> None:
        certificate_fault(data.decode("utf-8", "replace"))

    fuzz("certificates", lambda random: changed_bytes(random, texts), feed)


def test_certificates_in_files(keys: Keys, tmp_path: Path) -> None:
    place, target = tmp_path / "certificate", tmp_path / "copy.pem"
    whole = [keys["owner"].certificate.read_bytes(), keys["owner"].der]
    runner = ProcessRunner(lambda _: None)

    def feed(data: bytes) -> None:
        place.write_bytes(data)
        copy_certificate(runner, str(place), target)

    fuzz("certificate files", lambda random: changed_bytes(random, whole), feed)


def test_programs_that_boot(keys: Keys, tmp_path: Path) -> None:
    shim = keys["firmware"].sign(program(b"shim", **shim_sections(vendor=keys["vendor"].der)))
    stub = program(b"stub", sdmagic=b"#### LoaderInfo: systemd-stub 257.13-1 ####", cmdline=b"ro")
    verifier = signature_verifier(tmp_path)
    firmware = trust(db=keys["firmware"].listed)

    def feed(data: bytes) -> None:
        for policy in (first_policy(firmware, data), shim_policy(firmware, data)):
            if policy is not None:
                assert judge(verifier, policy, data).text.isprintable()
        with suppress(UnpredictableError):
            predict_owner(shim_state(data, {}))
        image = parse_pe(data)
        for each in signatures_of(image):
            each.matches(image)
            each.certificates()
        with suppress(UnpredictableError):
            predict_handover(image)
        built_in_level(image.section(".sbatlevel"))
        parse_sbat(image.section(".sbat"))

    samples = [shim, keys["owner"].sign(stub), stub]
    fuzz("programs", lambda random: changed_bytes(random, samples), feed, refusals=(ValueError,))


def test_signature_lists_and_boot_entries(keys: Keys) -> None:
    samples = [
        lists(keys["firmware"].certificate, keys["owner"].certificate, digests=(bytes(32),)),
        entry(),
        b"sbat,1,2024010900\nshim,4\n",
    ]

    def feed(data: bytes) -> None:
        parse_entry("0000", data)
        sbat_date(data.decode("ascii", "replace"))
        for each in parse_lists(data).certificates:
            assert each.name.isprintable()

    fuzz("lists", lambda random: changed_bytes(random, samples), feed, refusals=(ValueError,))


def test_grub_menus(tmp_path: Path) -> None:
    menu = tmp_path / "boot/grub/grub.cfg"
    menu.parent.mkdir(parents=True)
    places = places_of({ROOT: tmp_path})
    samples = [
        MENU.encode(),
        b'if [ x$a = xb -a -f $prefix/x ]; then set default="${saved}"; else true; fi\n',
        b"function f { linux /boot/v root=$1 }\nsubmenu 'a' { menuentry b --id c { f 1; } }\n",
        b"source /boot/grub/grub.cfg\nload_env -f (hd0,gpt1)/x\nfor i in 1 2; do echo $i; done\n",
    ]

    def feed(data: bytes) -> None:
        menu.write_bytes(data)
        for start in (ON_ESP, data.decode("utf-8", "replace")):
            assert read_bios_menu(start, places).findings

    fuzz("GRUB menus", lambda random: changed_bytes(random, samples), feed)


EVENTS: tuple[Event, ...] = (
    Started(disk="/dev/sda", phases=(PhasePlanned(id="a", title="A", weight=0.5),)),
    PhaseStarted(id="a", title="A"),
    ActionStarted(phase="a", description="write"),
    Progress(fraction=0.5),
    Message(level="info", text="a\nb"),
    BootChecked(boots=True, trust="", enforced=False, findings=(("good", "a", "b", "c"),)),
    Finished(seconds={"a": 1.5}, next="reboot"),
    Failed(exit_code=4, message="m", hint="h", written=True),
)


def test_events_of_another_console(tmp_path: Path) -> None:
    paths = Paths(folder=tmp_path)
    data = [event_to_json(each) for each in EVENTS]
    whole = b"".join(json.dumps(each).encode() + b"\n" for each in data)

    def make(random: Random) -> bytes:
        if random.random() < 0.2:
            return changed_bytes(random, [whole])
        changed = [changed_data(random, [each]) for each in data]
        return b"".join(json.dumps(each).encode() + b"\n" for each in changed)

    def feed(text: bytes) -> None:
        paths.events.write_bytes(text)
        follower = Follower(paths)
        follower.read()
        bar(follower.state.fraction, 20)

    fuzz("events", make, feed)


def test_holders_of_the_session() -> None:
    samples = [b'["ttyS0", 1234, false, 77]'.ljust(200), b""]

    def feed(text: bytes) -> None:
        assert _holder(text).name

    fuzz("session", lambda random: changed_bytes(random, samples), feed)


def test_what_is_typed() -> None:
    samples = ["ja\n\u00fc \x1b[200~paste\nmore\x1b[201~\n3\n".encode()]

    def feed(data: bytes) -> None:
        source = io.TextIOWrapper(io.BytesIO(data), "utf-8", "surrogateescape")
        terminal = Terminal(source, io.StringIO())
        with suppress(EOFError):
            for _ in range(1000):
                terminal.ask("? ").encode()

    fuzz("typed", lambda random: changed_bytes(random, samples), feed)


def test_a_server_with_a_payload() -> None:
    index = (TESTS / "payload/index.json").read_bytes()[:2000]
    answers = [
        OK + f"Content-Length: {len(index)}\r\n\r\n".encode() + index,
        OK + b"Content-Encoding: gzip\r\n\r\n" + index,
        b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-9/10\r\n\r\n" + index,
        b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
    ]

    def feed(answer: bytes) -> None:
        with raw_server(sends(answer)) as url, suppress(InstallerError):
            load_payload_index(url, policy=QUICK)

    fuzz("payload server", lambda random: changed_bytes(random, answers), feed)


# libparted may end the whole program: so each table is read in a process of its own.
_READ_TABLE = """
import sys
from installer.machine.disk_table import read_table
from installer.errors import CommandFailed
for line in sys.stdin:
    try:
        read_table(line.strip())
    except CommandFailed:
        pass
    print("read", flush=True)
"""


@pytest.mark.parametrize("label", TABLES)
def test_the_table_that_libparted_reads(label: str, tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    image.touch()
    os.truncate(image, 4 << 20)
    subprocess.run(["sfdisk", "--quiet", str(image)], input=TABLES[label].encode(), check=True)
    whole = image.read_bytes()
    with subprocess.Popen(
        [sys.executable, "-c", _READ_TABLE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=TESTS.parent,
        text=True,
    ) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None

        def feed(data: bytes) -> None:
            image.write_bytes(data)
            print(image, file=reader.stdin, flush=True)
            assert reader.stdout is not None
            answer = reader.stdout.readline()
            assert answer == "read\n", f"libparted ended the program: {reader.wait(10)}"

        fuzz(f"libparted, {label}", lambda random: with_harmed_table(whole, random), feed)
        reader.stdin.close()
