"""The ISO: one image that boots from a disc or a stick, on EFI with Secure Boot and on BIOS."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from iso_hooks.errors import BuildFailed
from iso_hooks.live import initrd_with_digests
from iso_hooks.menu import medium_menu
from iso_hooks.payload import ROOT_IMAGE
from iso_hooks.recipe import Recipe
from iso_hooks.run import output_of, run
from iso_hooks.steps import BuildDir, Step, digest_of, file_sha256, files_digest
from iso_hooks.trees import newest_epoch, tree_path

LABEL = "PHOTON"
HERE = Path(__file__).parent
_EFI_IMAGE_KIB = 6144
_VERITY = HERE / "verity.sh"
_HASHES = "root.verity"
_SOURCES = (HERE / "iso.py", HERE / "menu.py", _VERITY)

# What GRUB on BIOS brings in its own image; the rest of the modules lie on the medium.
_BIOS_MODULES = (
    "biosdisk", "iso9660", "part_gpt", "part_msdos", "fat", "normal", "configfile", "linux",
    "search", "search_fs_file", "search_label", "serial", "terminal", "test", "echo", "regexp",
    "chain", "boot", "halt", "reboot", "sleep", "ls", "minicmd",
)  # fmt: skip


def iso_step(build_dir: BuildDir, recipe: Recipe, keys: tuple[str, ...], output: Path) -> Step:
    """The step that puts everything on a medium."""
    return Step(
        name=f"{build_dir.edition}-iso",
        title=output.name,
        inputs=[keys, recipe.product, str(output), files_digest(*_SOURCES)],
        outputs=(output,),
        action=lambda log: _make_iso(build_dir, recipe, output, log),
    )


def copy_signed_boot_files(tree: Path, target: Path, *, grub: str) -> None:
    """Put shim, the signed GRUB of the given name and the key manager where firmware looks."""
    target.mkdir(parents=True, exist_ok=True)
    signed = tree / "usr/lib/grub/x86_64-efi-signed"
    shim = tree / "usr/lib/shim"
    shutil.copyfile(shim / "shimx64.efi.signed", target / "BOOTX64.EFI")
    shutil.copyfile(shim / "mmx64.efi.signed", target / "mmx64.efi")
    shutil.copyfile(signed / grub, target / "grubx64.efi")


def _make_iso(build_dir: BuildDir, recipe: Recipe, output: Path, log: Path) -> str:
    epoch = newest_epoch(build_dir, recipe)
    files = build_dir.own("work") / "iso"
    shutil.rmtree(files, ignore_errors=True)
    _stage(build_dir, recipe, files, log)
    _make_efi_image(files, epoch, log)
    _set_times(files, epoch)
    output.parent.mkdir(parents=True, exist_ok=True)
    unfinished = output.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    mbr = tree_path(build_dir, recipe.live) / "usr/lib/grub/i386-pc/boot_hybrid.img"
    environment = {"SOURCE_DATE_EPOCH": str(epoch)}
    run(xorriso_command(files, unfinished, mbr=mbr, epoch=epoch), log=log, env=environment)
    unfinished.replace(output)
    return file_sha256(output)


def xorriso_command(files: Path, output: Path, *, mbr: Path, epoch: int) -> list[str | Path]:
    """xorriso's arguments: El Torito for discs, and a GPT for sticks, on BIOS and EFI both."""
    moment = datetime.fromtimestamp(epoch, tz=UTC).strftime("%Y%m%d%H%M%S00")
    return [
        "xorriso", "-as", "mkisofs",
        "-quiet", "-rational-rock", "-joliet", "-volid", LABEL,
        f"--modification-date={moment}", "--set_all_file_dates", "set_to_mtime",
        "-gid", "0", "-uid", "0",
        "-partition_offset", "16",
        "--grub2-mbr", mbr,
        "--gpt_disk_guid", "modification-date",
        "-append_partition", "2", "0xef", files / "boot/grub/efi.img",
        "-appended_part_as_gpt",
        "-eltorito-boot", "boot/grub/bios.img",
        "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", "--grub2-boot-info",
        "-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::", "-no-emul-boot",
        "-exclude", files / "boot/grub/efi.img",
        "-o", output, files,
    ]  # fmt: skip


def _stage(build_dir: BuildDir, recipe: Recipe, files: Path, log: Path) -> None:
    tree = tree_path(build_dir, recipe.live)
    payload, live = build_dir.own("payload"), build_dir.own("live")
    _place(payload / "index.json", files / "photon/payload/index.json")
    _place(payload / ROOT_IMAGE, files / "photon/payload" / ROOT_IMAGE)
    _place(live / "vmlinuz", files / "photon/vmlinuz")
    _place(live / "installer.squashfs", files / "photon/installer.squashfs")
    verity = _hash_tree(tree, payload / ROOT_IMAGE, build_dir.own("work") / _HASHES, log)
    _place(build_dir.own("work") / _HASHES, files / "photon" / _HASHES)
    initrd = initrd_with_digests(
        build_dir, payload / "index.json", live / "installer.squashfs", verity=verity
    )
    (files / "photon/initrd").write_bytes(initrd)
    copy_signed_boot_files(tree, files / "EFI/BOOT", grub="gcdx64.efi.signed")
    menu = medium_menu(recipe.product)
    _write(files / "boot/grub/grub.cfg", menu)
    _write(files / "EFI/debian/grub.cfg", "configfile /boot/grub/grub.cfg\n")
    # Debian's signed GRUB takes the medium that has this file for its root.
    _write(files / ".disk/info", f"{recipe.product} ({recipe.suite})\n")
    modules = files / "boot/grub/i386-pc"
    modules.mkdir(parents=True)
    # Copied, since files of the tree must keep their times.
    source = tree / "usr/lib/grub/i386-pc"
    for module in (*source.glob("*.mod"), *source.glob("*.lst")):
        shutil.copyfile(module, modules / module.name)
    core: list[str | Path] = [
        "chroot", tree, "grub-mkimage", "--format=i386-pc-eltorito", "--prefix=/boot/grub",
        *_BIOS_MODULES,
    ]  # fmt: skip
    (files / "boot/grub/bios.img").write_bytes(output_of(core, log=log))


def _hash_tree(tree: Path, image: Path, hashes: Path, log: Path) -> str:
    """Make the tree of hashes of an image; what the initrd has to know: its blocks, the root hash.

    A digest of the image would be read for longer than the whole start takes.
    """
    work = hashes.parent / "verity"
    shutil.rmtree(work, ignore_errors=True)
    _place(image, work / image.name)
    command: list[str | Path] = ["unshare", "--mount", _VERITY, tree, work / image.name]
    root_hash = output_of([*command, work / hashes.name], log=log).decode().strip()
    if len(root_hash) != 64:
        raise BuildFailed("veritysetup printed no root hash", f"Look into {log}.")
    (work / hashes.name).chmod(0o644)
    (work / hashes.name).replace(hashes)
    return f"{image.stat().st_size // 4096} {root_hash}\n"


def _make_efi_image(files: Path, epoch: int, log: Path) -> None:
    """The FAT image that EFI firmware starts from; its GRUB finds the medium by /.disk/info."""
    image = files / "boot/grub/efi.img"
    environment = {"SOURCE_DATE_EPOCH": str(epoch), "MTOOLS_SKIP_CHECK": "1"}
    _set_times(files / "EFI", epoch)
    run(
        [
            "mkfs.vfat", "--invariant", "-i", digest_of(epoch)[:8], "-n", "PHOTONEFI",
            "-C", image, str(_EFI_IMAGE_KIB),
        ],
        log=log,
    )  # fmt: skip
    run(["mcopy", "-s", "-m", "-i", image, files / "EFI", "::"], log=log, env=environment)


def _place(source: Path, target: Path) -> None:
    """A file in the staging folder: linked, since the payload is large."""
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(source, target)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _set_times(folder: Path, epoch: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (epoch, epoch), follow_symlinks=False)
