"""The facade: what is saved, what an image is, what is left of a work folder."""

import json
from pathlib import Path
from typing import Any

import pytest

from installer import api
from installer.config.keyboard import Keyboard
from installer.errors import CommandFailed, KickstartInvalid, MachineUnfit, PayloadBad
from installer.machine.facts import IMAGE_TRANSPORT
from ks_schema import Document
from ks_schema.document import Position
from tests.engine import GIB, TESTS, kickstart, payload


def test_a_saved_kickstart_has_hashes_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "ks.json"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o666)
    api.save_kickstart(kickstart(root={"password": {"plain": "correct horse"}}), str(path))
    text = path.read_text("utf-8")
    assert "correct" not in text
    assert json.loads(text)["root"]["password"]["hash"].startswith("$y$")
    assert path.stat().st_mode & 0o777 == 0o600
    assert api.check(json.loads(text)) == ()


def test_it_is_not_saved_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious", encoding="utf-8")
    (tmp_path / "ks.json").symlink_to("precious")
    for name in ("ks.json", "no/such/folder.json"):
        with pytest.raises(CommandFailed, match=name):
            api.save_kickstart(kickstart(), str(tmp_path / name))
    assert (tmp_path / "precious").read_text("utf-8") == "precious"


def test_a_draft_that_is_not_sound_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(KickstartInvalid):
        api.save_kickstart(kickstart(hostname="-"), str(tmp_path / "ks.json"))
    assert not (tmp_path / "ks.json").exists()


@pytest.mark.parametrize(
    "disks", [None, {"default": {"device": "/dev/sda"}}, {"default": {"serial": "S1"}}]
)
def test_an_image_stands_for_whatever_disk_is_named(
    disks: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    data = kickstart(disks=disks)
    if disks is None:
        del data["disks"]
    document, machine = api.image_target(Document(data=data), "x.img", 8 * GIB)
    plan = api.prepare(document, machine, payload(), seed="s")
    assert (plan.disk.path, plan.disk.transport) == (str(tmp_path / "x.img"), IMAGE_TRANSPORT)
    assert document.data["disks"] == (disks or {"default": {"device": "/dev/vda"}})


def test_problems_of_the_machine_have_a_place() -> None:
    positions = {"": Position(1, 1)}
    document = Document(data=kickstart(), name="ks.json", positions=positions)
    _, machine = api.image_target(document, "x.img", GIB // 2)
    with pytest.raises(MachineUnfit, match=r"ks.json:1:1: /storage: .* too small"):
        api.prepare(document, machine, payload(), seed="s")


def test_where_the_payload_is() -> None:
    assert api.default_payload("quiet") == api.MEDIUM_PAYLOAD
    url = "photon.medium=http://192.0.2.1:8000/photon/"
    assert api.default_payload(f"quiet {url}") == "http://192.0.2.1:8000/photon/payload"


@pytest.mark.parametrize("text", ["", "0" * 64 + "  index.json\n"])
def test_an_index_that_nothing_vouches_for(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "digest").write_text(text, encoding="utf-8")
    monkeypatch.setattr(api, "_INDEX_DIGEST", tmp_path / "digest")
    monkeypatch.setattr(api, "MEDIUM_PAYLOAD", str(TESTS / "payload"))
    with pytest.raises(PayloadBad, match="not the index"):
        api.payload_index()


def test_removing_a_work_folder_never_goes_deep(tmp_path: Path) -> None:
    """What is left in it may be a root that could not be unmounted."""
    for name in ("done", "busy"):
        (tmp_path / name / "root" / "tree").mkdir(parents=True)
        (tmp_path / name / "install.log").touch()
    (tmp_path / "busy/root/tree/dev").mkdir()
    (tmp_path / "busy/root/tree/dev/null").touch()
    (tmp_path / "early").mkdir()
    (tmp_path / "done/uki").mkdir()
    for name in ("done", "busy", "early"):
        api.remove_work(tmp_path / name)
    assert [each.name for each in tmp_path.iterdir()] == ["busy"]
    assert (tmp_path / "busy/root/tree/dev/null").exists()


def test_only_the_live_system_gives_its_screen_another_layout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader, given = tmp_path / "load-keyboard", tmp_path / "given"
    monkeypatch.setattr(api, "_LOAD_KEYBOARD", loader)
    api.load_keyboard(Keyboard(layout="de", variant="nodeadkeys"), lambda _: None)
    loader.write_text(f"#!/bin/sh\ncat >{given}\n", encoding="utf-8")
    loader.chmod(0o755)
    api.load_keyboard(Keyboard(layout="de", variant="nodeadkeys"), lambda _: None)
    assert 'XKBLAYOUT="de"\nXKBVARIANT="nodeadkeys"\n' in given.read_text("utf-8")
