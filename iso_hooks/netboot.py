"""The folder for TFTP and HTTP servers: one squashfs per tree, signed boot files, a menu."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from iso_hooks.errors import BuildFailed
from iso_hooks.live import initrd_with_digests
from iso_hooks.menu import network_menu
from iso_hooks.payload import index_data, index_text, pack
from iso_hooks.recipe import Recipe, Tree
from iso_hooks.steps import BuildDir, Step, file_sha256
from iso_hooks.trees import newest_epoch, tree_path

_MARK = ".photon-netboot"


def netboot_images_step(build_dir: BuildDir, recipe: Recipe, tree: Tree, tree_key: str) -> Step:
    """The step that packs one tree into an image of its own."""
    image = _image(build_dir, tree)

    def action(log: Path) -> str:
        epoch = newest_epoch(build_dir, recipe)
        pack([tree_path(build_dir, tree)], image, how=recipe.edition.squashfs, epoch=epoch, log=log)
        return file_sha256(image)

    return Step(
        name=f"{build_dir.edition}-netboot-{tree.name}",
        title=f"netboot image of {tree.name}",
        inputs=[tree_key, str(recipe.edition.squashfs)],
        outputs=(image,),
        action=action,
    )


def write_netboot_tree(build_dir: BuildDir, recipe: Recipe, output: Path, url: str) -> None:
    """Lay out the folder; a former one is replaced.

    :raises BuildFailed: the folder has other things in it.
    """
    _empty(output)
    tree = tree_path(build_dir, recipe.live)
    log = build_dir.log(f"{build_dir.edition}-netboot")
    log.write_bytes(b"")
    images = {host.name: _image(build_dir, host) for host in recipe.hosts}
    payload = output / "payload"
    payload.mkdir()
    index = payload / "index.json"
    index.write_text(index_text(index_data(build_dir, recipe, images, log)), encoding="utf-8")
    for image in images.values():
        _place(image, payload / image.name)
    live_image, installer = output / "live.squashfs", output / "installer.squashfs"
    _place(_image(build_dir, recipe.live), live_image)
    _place(build_dir.own("live") / "installer.squashfs", installer)
    _place(build_dir.own("live") / "vmlinuz", output / "vmlinuz")
    (output / "initrd").write_bytes(initrd_with_digests(build_dir, index, live_image, installer))
    shutil.copyfile(tree / "usr/lib/shim/shimx64.efi.signed", output / "shimx64.efi")
    shutil.copyfile(tree / "usr/lib/shim/mmx64.efi.signed", output / "mmx64.efi")
    signed = tree / "usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed"
    shutil.copyfile(signed, output / "grubx64.efi")
    (output / "grub").mkdir()
    menu = network_menu(recipe.product, url)
    (output / "grub/grub.cfg").write_text(menu, encoding="utf-8")


def _image(build_dir: BuildDir, tree: Tree) -> Path:
    return build_dir.own("netboot") / f"{tree.name}.squashfs"


def _empty(output: Path) -> None:
    """An empty folder of ours; one that this did not make is left alone."""
    if output.exists() and any(output.iterdir()) and not (output / _MARK).exists():
        raise BuildFailed(f"{output} is not empty", "Name a new directory, or one made by netboot.")
    if output.exists():
        shutil.rmtree(output)
    output.mkdir(parents=True)
    (output / _MARK).touch()


def _place(source: Path, target: Path) -> None:
    """Linked where it can be, since images are large; copied otherwise."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
