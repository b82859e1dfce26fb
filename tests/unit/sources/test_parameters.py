"""What the kernel's command line says."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.config import from_document
from installer.errors import (
    InstallerError,
    KickstartRefused,
    KickstartUnparsable,
    KickstartUnreachable,
)
from installer.sources.kickstart import parse_kickstart, volume_label
from installer.sources.parameters import (
    KernelParameters,
    kernel_command_line,
    kernel_parameters,
    with_disk,
)
from ks_schema import Document
from ks_schema.reference import example


@pytest.mark.parametrize(
    ("cmdline", "expected"),
    [
        ("", KernelParameters()),
        ("quiet ks photon.ks= ks=", KernelParameters()),
        ("ks=http://h/a", KernelParameters(kickstart="http://h/a")),
        ("photon.ks=http://h/b ks=http://h/a", KernelParameters(kickstart="http://h/b")),
        ("ks=/a photon.ks= ks=/b", KernelParameters(kickstart="/b")),
        ("photon.ks=http://h/?a=b&c=d\n", KernelParameters(kickstart="http://h/?a=b&c=d")),
        ('photon.ks="label:MY VOL:ks.json" x', KernelParameters(kickstart="label:MY VOL:ks.json")),
        ('"photon.ks=label:MY VOL"', KernelParameters(kickstart="label:MY VOL")),
        ("ks=cdrom:/isolinux/ks.json", KernelParameters(kickstart="medium:isolinux/ks.json")),
        ("photon.disk=/dev/vda", KernelParameters(disk="/dev/vda")),
        (
            "photon.events=/dev/ttyS1 photon.medium=http://h/p",
            KernelParameters(events="/dev/ttyS1", medium="http://h/p"),
        ),
        ("photon.disk=/dev/vda -- photon.disk=/dev/vdb", KernelParameters(disk="/dev/vda")),
        ('a="b', KernelParameters()),
    ],
)
def test_kernel_parameters(cmdline: str, expected: KernelParameters) -> None:
    assert kernel_parameters(cmdline) == expected


def test_a_command_line_that_is_not_utf_8_is_read_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "cmdline"
    file.write_bytes(b"quiet label=gr\xfc\xdfe photon.disk=/dev/sda photon.ks=\xff\n")
    found = kernel_parameters(kernel_command_line(file))
    assert (found.disk, found.kickstart) == ("/dev/sda", "\ufffd")


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("label:PHOTONKS:photon.json", "PHOTONKS"),
        ("label:SITE:a/b.json", "SITE"),
        ("http://label:x/ks.json", ""),
        ("/srv/ks.json", ""),
        ("", ""),
    ],
)
def test_a_document_tells_the_volume_that_it_is_from(name: str, label: str) -> None:
    assert volume_label(name) == label


def test_the_disk_of_the_command_line_wins() -> None:
    document = parse_kickstart(example("short.json"), name="ks.json")
    changed = with_disk(document, "/dev/vdb")
    assert changed.data["disks"] == {"default": {"device": "/dev/vdb"}}
    assert document.data["disks"] == {"default": {"device": "/dev/sda"}}
    assert changed.positions is document.positions
    assert with_disk(document, None) is document
    without = Document(data={key: value for key, value in document.data.items() if key != "disks"})
    assert from_document(with_disk(without, "/dev/vdb")).disks[0].device == "/dev/vdb"


def test_the_disk_that_storage_names_is_the_one_that_is_set() -> None:
    data = {"storage": {"disk": "main"}, "disks": {"main": {"serial": "1"}, "b": {"serial": "2"}}}
    assert with_disk(Document(data=data), "/dev/vdb").data["disks"] == {
        "main": {"device": "/dev/vdb"},
        "b": {"serial": "2"},
    }
    for junk in ({"disks": 1, "storage": []}, {"disks": None}):
        assert with_disk(Document(data=junk), "/dev/vdb").data["disks"]


def test_every_failure_has_its_own_exit_code() -> None:
    kinds: list[type[InstallerError]] = [
        KickstartUnreachable,
        KickstartRefused,
        KickstartUnparsable,
    ]
    assert len({kind.exit_code for kind in kinds}) == 3
