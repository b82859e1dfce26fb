"""The paths of the menus: the installer's own, those of update-grub, and what can be wrong."""

import os
from pathlib import Path

import pytest

from installer.actions.boot.esp import WriteEsp
from installer.actions.host.files import WriteFile
from installer.boot.places import Places
from installer.boot.volumes import Volume
from installer.plan.boot.slots import SECOND_ROOT, slot_roots
from installer.plan.model import InstallPlan
from installer.plan.storage.model import StoragePlan
from installer.plan.storage.texts import boot_folder
from installer.verify.finding import Outcome
from installer.verify.menu import Menu, read_bios_menu, read_menu
from tests.engine import actions_of
from tests.renew_plans import PLANS, made_plan
from tests.unit.verify.hosts import ROOT, places_of, put

UPDATE_GRUB = (Path(__file__).parent / "update-grub.cfg").read_text("utf-8")
KERNEL = "boot/vmlinuz-6.12.117+deb13-cloud-amd64"
OLDER = "boot/vmlinuz-6.12.90+deb13-cloud-amd64"
ON_ESP = (
    f"search.fs_uuid {ROOT} root\nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n"
)
BUILT_IN = f"search.fs_uuid {ROOT} root\nset prefix=($root)'/boot/grub'\n"


def bad_texts(menu: Menu) -> list[str]:
    return [each.text for each in menu.findings if each.outcome is Outcome.BAD]


def unseen(menu: Menu) -> list[str]:
    return [each.text for each in menu.findings if each.outcome is Outcome.UNSEEN]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A host with two kernels, and the menu that update-grub wrote."""
    put(tmp_path, KERNEL, OLDER)
    put(tmp_path, *(each.replace("vmlinuz", "initrd.img") for each in (KERNEL, OLDER)))
    put(tmp_path, "boot/grub/grub.cfg", data=UPDATE_GRUB.encode())
    return tmp_path


def read(root: Path, start: str = ON_ESP, *, more: tuple[Volume, ...] = ()) -> Menu:
    return read_menu(start, "EFI/debian/grub.cfg", places_of({ROOT: root}, more=more))


def test_what_update_grub_writes(root: Path) -> None:
    found = read(root)
    assert bad_texts(found) == []
    assert {each.place for each in found.kernels} == {root / KERNEL, root / OLDER}
    assert "2 kernels" in found.findings[0].text


def test_a_kernel_that_only_the_submenu_starts(root: Path) -> None:
    (root / OLDER).unlink()
    (text,) = bad_texts(read(root))
    assert OLDER in text
    assert ROOT in text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda root: (root / "boot/grub/grub.cfg").unlink(), "does not exist"),
        (lambda root: (root / KERNEL).unlink(), "the kernel"),
        (lambda root: (root / KERNEL.replace("vmlinuz", "initrd.img")).unlink(), "the initrd"),
        (lambda root: put(root, KERNEL.replace("vmlinuz", "initrd.img"), data=b""), "is empty"),
        (lambda root: put(root, "boot/grub/grub.cfg", data=b"if"), "cannot be read"),
        (lambda root: put(root, "boot/grub/grub.cfg", data=b""), "starts no kernel"),
        (lambda root: put(root, "boot/grub/grub.cfg", data=bytes(range(256))), ""),
    ],
)
def test_what_is_wrong(root: Path, change: object, reason: str) -> None:
    assert callable(change)
    change(root)
    assert any(reason in each for each in bad_texts(read(root)))


def test_uuids_that_nothing_has(root: Path) -> None:
    other = "0" * 8 + ROOT[8:]
    assert "looks for the filesystem" in bad_texts(read(root, ON_ESP.replace(ROOT, other)))[0]
    changed = UPDATE_GRUB.replace(f"root=UUID={ROOT}", f"root=UUID={other}")
    put(root, "boot/grub/grub.cfg", data=changed.encode())
    assert any(f"root=UUID={other}" in each for each in bad_texts(read(root)))


def test_what_lies_inside_something_cannot_be_looked_at(root: Path) -> None:
    hidden = (Volume(node="/dev/sda3", uuid="x", kind="crypto_LUKS"),)
    other = "0" * 8 + ROOT[8:]
    changed = UPDATE_GRUB.replace(f"root=UUID={ROOT}", f"root=UUID={other}")
    put(root, "boot/grub/grub.cfg", data=changed.encode())
    found = read(root, more=hidden)
    assert bad_texts(found) == []
    assert any("/dev/sda3 is encrypted" in each for each in unseen(found))
    assert len(found.kernels) == 2


def test_a_root_without_a_uuid(root: Path) -> None:
    changed = UPDATE_GRUB.replace(f"root=UUID={ROOT}", "root=/dev/mapper/vg-root")
    put(root, "boot/grub/grub.cfg", data=changed.encode())
    found = read(root)
    assert bad_texts(found) == []
    assert any("root=/dev/mapper/vg-root" in each for each in unseen(found))


def test_menus_that_lead_to_themselves(root: Path) -> None:
    put(root, "boot/grub/grub.cfg", data=b"set x=$x.\nexport x\nconfigfile $prefix/grub.cfg\n")
    assert any("starts no kernel" in each for each in bad_texts(read(root)))


def test_another_device_is_not_followed(root: Path) -> None:
    found = read(root, "linux (hd1,gpt2)/vmlinuz\nconfigfile (memdisk)/grub.cfg\n")
    assert len(unseen(found)) == 2


def test_links_never_lead_out_of_the_filesystem(root: Path) -> None:
    (root / KERNEL).unlink()
    (root / KERNEL).symlink_to("/etc/passwd")
    assert any("the kernel" in each for each in bad_texts(read(root)))
    (root / KERNEL).unlink()
    (root / KERNEL).symlink_to(Path(OLDER).name)
    assert bad_texts(read(root)) == []


def test_the_menu_that_a_bios_reads(root: Path) -> None:
    found = read_bios_menu(BUILT_IN, places_of({ROOT: root}))
    assert bad_texts(found) == []
    assert len(found.kernels) == 2


def test_the_menu_of_a_bios_has_its_prefix(root: Path) -> None:
    put(root, "boot/grub/more.cfg", data=f"linux /{KERNEL}\n".encode())
    put(root, "boot/grub/grub.cfg", data=b"configfile $prefix/more.cfg\n")
    found = read_bios_menu(BUILT_IN, places_of({ROOT: root}))
    assert bad_texts(found) == []
    assert [each.place for each in found.kernels] == [root / KERNEL]


def test_where_a_bios_has_its_menu_may_be_unknown(root: Path) -> None:
    found = read_bios_menu("set prefix=/boot/grub\n", places_of({ROOT: root}))
    assert unseen(found) == ["where GRUB for BIOS finds it is not known"]
    hidden = (Volume(node="/dev/sda3", uuid="x", kind="crypto_LUKS"),)
    found = read_bios_menu(BUILT_IN.replace(ROOT, "1234"), places_of({ROOT: root}, more=hidden))
    assert bad_texts(found) == []
    assert "/dev/sda3 is encrypted" in unseen(found)[0]


def test_functions_and_parts_of_a_menu_are_followed(root: Path) -> None:
    menu = f"function start {{\n linux /{KERNEL}\n}}\nmenuentry a {{ start }}\n"
    put(root, "boot/grub/grub.cfg", data=f"{menu}source $prefix/custom.cfg\n".encode())
    assert len(read(root).kernels) == 1
    put(root, "boot/grub/custom.cfg", data=b"menuentry b { linux /boot/gone }\n")
    (text,) = bad_texts(read(root))
    assert "/boot/gone" in text


def test_a_name_that_is_not_utf8(root: Path) -> None:
    name = b"boot/vmlinuz-\xff"
    (root / os.fsdecode(name)).write_bytes(b"something")
    put(root, "boot/grub/grub.cfg", data=b"linux /" + name + b"\nlinux /boot/\xfe\n")
    found = read(root)
    assert len(found.kernels) == 1
    (text,) = bad_texts(found)
    assert "/boot/\\udcfe does not exist" in text


PLANNED = [
    "ab-efi",
    "subvolumes",
    "usr-apart",
    "lvm",
    "mirror-efi",
    "encrypted",
    "shortest",
    "xfs-root",
]


@pytest.mark.parametrize("name", PLANNED)
def test_the_installers_own_menus(name: str, tmp_path: Path) -> None:
    plan = made_plan(PLANS / name)
    places, folders = laid_out(plan, tmp_path)
    starts = [each.grub_cfg for each in actions_of(plan) if isinstance(each, WriteEsp)]
    for start in starts:
        found = read_menu(start, "EFI/debian/grub.cfg", places)
        assert bad_texts(found) == []
        assert unseen(found) == []
        assert len(found.kernels) == len(folders)
    next(iter(folders.values())).joinpath(f"initrd.img-{plan.tree.kernel_version}").unlink()
    assert all(bad_texts(read_menu(each, "EFI/debian/grub.cfg", places)) for each in starts)


def laid_out(plan: InstallPlan, folder: Path) -> tuple[Places, dict[str, Path]]:
    """The filesystems of a plan, with its menus and a kernel on each that has a /boot."""
    storage, version = plan.storage, plan.tree.kernel_version
    filesystems = {each.uuid: folder / each.uuid for each in storage.filesystems}
    for each in filesystems.values():
        each.mkdir()
    boots = boot_folders(storage, filesystems)
    files = {each.path: each.text for each in actions_of(plan) if isinstance(each, WriteFile)}
    for prefix, place in boots.items():
        put(place, f"vmlinuz-{version}", f"initrd.img-{version}")
        text = files.get(f"{prefix}/boot/grub/grub.cfg") or files["/boot/grub/grub.cfg"]
        put(place, "grub/grub.cfg", data=text.encode())
    luks = tuple(
        Volume(node=f"/dev/luks{number}", uuid=each.uuid, kind="crypto_LUKS")
        for number, each in enumerate(storage.encrypted)
    )
    return places_of(filesystems, more=luks), boots


def boot_folders(storage: StoragePlan, filesystems: dict[str, Path]) -> dict[str, Path]:
    """Where /boot is, by what is in front of the paths that the plan writes there."""
    if any(each.volume == "partition/root-b" for each in storage.filesystems):
        first, second = slot_roots(storage)
        return {
            "": filesystems[first.uuid] / "boot",
            SECOND_ROOT: filesystems[second.uuid] / "boot",
        }
    return {"": filesystems[storage.boot.uuid] / boot_folder(storage).lstrip("/")}
