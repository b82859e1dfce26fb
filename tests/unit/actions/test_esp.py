"""What goes onto an ESP is read back, each by itself; what goes into the firmware as well."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from installer.actions.boot.esp import ESP_FILES, WriteEsp
from installer.actions.boot.esp_copy import copy_to_esp
from installer.actions.context import Context
from installer.errors import CommandFailed
from installer.system.runner import Input


@dataclass(slots=True)
class Volumes:
    """A runner whose mcopy knows folders in place of volumes; one loses what it is given."""

    folder: Path
    losing: str
    copied: list[str] = field(default_factory=list)

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: Input = None,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        watch: Callable[[int], None] | None = None,  # noqa: ARG002
    ) -> str:
        if argv[0] not in {"mcopy", "mren"}:
            return ""
        volume, source, target = self.folder / argv[2], argv[-2], argv[-1]
        there = volume / source.removeprefix("::/")
        if argv[0] == "mren":
            there.rename(there.with_name(target))
        elif target != "::/":
            shutil.copyfile(there, target)
        else:
            self.copied.append(argv[2])
            shutil.copytree(source, volume / "EFI")
            if argv[2] == self.losing:
                (volume / "EFI/BOOT/grubx64.efi").write_bytes(b"something else")
        return ""


def test_an_esp_that_loses_a_file_is_found(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for name in set(ESP_FILES.values()):
        (root / name.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (root / name.lstrip("/")).write_text(name)
    runner = Volumes(folder=tmp_path, losing="second")
    context = Context(
        runner=runner,
        emit=lambda _: None,
        target=root,
        work=tmp_path / "work",
        nodes={"partition/esp": "first", "partition/esp2": "second"},
    )
    WriteEsp(volume="partition/esp", grub_cfg="").run(context)
    with pytest.raises(CommandFailed, match=r"written: EFI/BOOT/grubx64\.efi\n"):
        WriteEsp(volume="partition/esp2", grub_cfg="").run(context)
    assert runner.copied == ["first", "second"]
    assert not list(context.work.iterdir())


def test_a_file_that_is_missing_is_no_empty_esp(tmp_path: Path) -> None:
    runner = Volumes(folder=tmp_path, losing="")
    context = Context(
        runner=runner,
        emit=lambda _: None,
        target=tmp_path,
        work=tmp_path / "work",
        nodes={"partition/esp": "first"},
    )
    with pytest.raises(FileNotFoundError):
        copy_to_esp(context, "partition/esp", {"EFI/BOOT/BOOTX64.EFI": tmp_path / "nowhere"})
    assert runner.copied == []


def test_an_environment_block_goes_with_the_menu(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for name in set(ESP_FILES.values()):
        (root / name.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (root / name.lstrip("/")).write_text(name)
    context = Context(
        runner=Volumes(folder=tmp_path, losing=""),
        emit=lambda _: None,
        target=root,
        work=tmp_path / "work",
        nodes={"partition/esp": "first"},
    )
    WriteEsp(volume="partition/esp", grub_cfg="menu", environment="block", label="Photon 7").run(
        context
    )
    written = tmp_path / "first/EFI/debian"
    assert (written / "grub.cfg").read_text() == "menu"
    assert (written / "grubenv").read_text() == "block"
    line = (written / "BOOTX64.CSV").read_bytes().decode("utf-16")
    assert line == "shimx64.efi,Photon 7,,This is the boot entry for Photon 7\r\n"
    for folder in ("EFI/debian", "EFI/BOOT"):
        assert (tmp_path / "first" / folder / "fbx64.efi").is_file()
