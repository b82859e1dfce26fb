"""The payload: squashfs images of the trees, and the index that says what is in them."""

from __future__ import annotations

import filecmp
import json
import os
import stat
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from iso_hooks.contents import contents_data
from iso_hooks.names import locale_names
from iso_hooks.recipe import Compression, Recipe, Tree
from iso_hooks.run import run
from iso_hooks.steps import BuildDir, Step, file_sha256, files_digest
from iso_hooks.trees import newest_epoch, package_versions, tree_path

ROOT_IMAGE = "root.squashfs"

# Signed boot files for the medium and the network: on the ISO they lie beside the image.
_LEFT_OUT = ("live/usr/lib/grub/x86_64-efi-signed/*", "live/usr/lib/shim/*", "live/boot/*")

_WORTH_LINKING = 4096

# What decides what is in the image and in the index.
_CODE = tuple(Path(__file__).with_name(name) for name in ("payload.py", "contents.py", "names.py"))

_Likeness = tuple[int, int, tuple[int, int, int], tuple[tuple[str, bytes], ...]]


def payload_step(build_dir: BuildDir, recipe: Recipe, tree_keys: Sequence[str]) -> Step:
    """The step that packs all trees into one image and writes the index."""
    folder = build_dir.own("payload")
    image, index = folder / ROOT_IMAGE, folder / "index.json"

    def action(log: Path) -> str:
        link_duplicates([tree_path(build_dir, tree) for tree in recipe.trees])
        pack(
            [tree_path(build_dir, tree) for tree in recipe.trees],
            image,
            how=recipe.edition.squashfs,
            epoch=newest_epoch(build_dir, recipe),
            log=log,
        )
        data = index_data(build_dir, recipe, {tree.name: image for tree in recipe.hosts}, log)
        index.write_text(index_text(data), encoding="utf-8")
        return file_sha256(index)

    return Step(
        name=f"{build_dir.edition}-payload",
        title=f"payload ({len(recipe.trees)} trees in one image)",
        inputs=[list(tree_keys), str(recipe), _LEFT_OUT, files_digest(*_CODE)],
        outputs=(image, index),
        action=action,
    )


def pack(trees: Iterable[Path], image: Path, *, how: Compression, epoch: int, log: Path) -> None:
    """Pack trees into a squashfs, each as a folder of the image's root. Same bytes every time."""
    image.unlink(missing_ok=True)
    run(
        [
            "mksquashfs", *trees, image,
            "-keep-as-directory", "-progress", "-no-recovery",
            "-comp", how.compression, "-Xcompression-level", str(how.level),
            "-b", str(how.block_size),
            "-wildcards", "-e", *_LEFT_OUT,
        ],
        log=log,
        env={"SOURCE_DATE_EPOCH": str(epoch)},
    )  # fmt: skip


def link_duplicates(trees: Sequence[Path]) -> int:
    """Make equal files at the same path of different trees one file, packed only once; how many.

    Never within a tree: two files of a host stay two, whatever is in them.
    """
    known: dict[tuple[str, _Likeness], Path] = {}
    linked = 0
    for tree in trees:
        for path in sorted(tree.rglob("*")):
            likeness = _likeness(path)
            if likeness is None:
                continue
            first = known.setdefault((str(path.relative_to(tree)), likeness), path)
            if first.samefile(path) or not filecmp.cmp(first, path, shallow=False):
                continue
            # In one stroke, so that a tree is whole whenever this is interrupted.
            spare = tree.parent / ".link"
            spare.unlink(missing_ok=True)
            spare.hardlink_to(first)
            spare.replace(path)
            linked += 1
    return linked


def _likeness(path: Path) -> _Likeness | None:
    """What must be equal besides the content; None for what is no plain file or too small."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_size < _WORTH_LINKING:
        return None
    attributes = tuple(
        (name, os.getxattr(path, name, follow_symlinks=False))
        for name in sorted(os.listxattr(path, follow_symlinks=False))
    )
    owner = (status.st_mode, status.st_uid, status.st_gid)
    return (status.st_size, int(status.st_mtime), owner, attributes)


def index_data(
    build_dir: BuildDir, recipe: Recipe, images: dict[str, Path], log: Path
) -> dict[str, Any]:
    """The index of a payload; ``images`` says which image each tree is in."""
    created = datetime.fromtimestamp(newest_epoch(build_dir, recipe), tz=UTC)
    return {
        "format": 1,
        "edition": recipe.product,
        "suite": recipe.suite,
        "created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "images": [
            {"file": image.name, "size": image.stat().st_size, "sha256": file_sha256(image)}
            for image in dict.fromkeys(images.values())
        ],
        "trees": [
            _tree_data(build_dir, tree, images[tree.name], log)
            for tree in recipe.hosts
            if tree.name in images
        ],
        "locales": locale_names(tree_path(build_dir, recipe.live)),
    }


def index_text(data: dict[str, Any]) -> str:
    """The index as it is written; its digest is what the initrd carries."""
    return json.dumps(data, indent=1) + "\n"


def kernel_version(tree: Path) -> str:
    """The version of the tree's only kernel."""
    return next(path.name for path in sorted((tree / "usr/lib/modules").iterdir()))


def _tree_data(build_dir: BuildDir, tree: Tree, image: Path, log: Path) -> dict[str, Any]:
    path = tree_path(build_dir, tree)
    return {
        "name": tree.name,
        "set": tree.set,
        "kernel": tree.kernel,
        "image": image.name,
        "path": tree.name,
        "kernel_version": kernel_version(path),
        **contents_data(path),
        "packages": package_versions(path, log),
    }
