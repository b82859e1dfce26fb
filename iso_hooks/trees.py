"""Root trees: complete Debian systems made by mmdebstrap, with our files in them."""

from __future__ import annotations

import shutil
from pathlib import Path

from iso_hooks.errors import BuildFailed
from iso_hooks.recipe import LIVE, Recipe, Tree, tree_to_json
from iso_hooks.run import output_of, run
from iso_hooks.sources import find_mirrors, sources_text
from iso_hooks.steps import BuildDir, Step, digest_of, files_digest

HERE = Path(__file__).parent
_HOST = HERE / "host"
_LIVE = HERE / "live"


def tree_step(build_dir: BuildDir, recipe: Recipe, tree: Tree, base_key: str = "") -> Step:
    """The step that makes one tree in ``trees/NAME``, and ``trees/NAME.epoch`` beside it.

    ``base_key`` is the key of the tree that it is based on, "" when that one is not made.
    """
    target = build_dir.folder("trees") / tree.name
    return Step(
        name=f"tree-{tree.name}",
        title=f"tree {tree.name}",
        inputs=[
            tree_to_json(tree),
            mmdebstrap_command(
                tree, suite=recipe.suite, target=target, sources=_sources(build_dir, tree)
            ),
            [recipe.product, recipe.components, recipe.mirror, recipe.security_mirror],
            files_digest(*_hook_files(tree)),
            base_key,
        ],
        outputs=(target, epoch_file(build_dir, tree)),
        action=lambda log: _make_tree(build_dir, recipe, tree, log, with_base=bool(base_key)),
    )


def tree_path(build_dir: BuildDir, tree: Tree) -> Path:
    """Where the tree is."""
    return build_dir.root / "trees" / tree.name


def epoch_file(build_dir: BuildDir, tree: Tree) -> Path:
    """Holds the time of the newest file that the tree's packages brought, in seconds."""
    return build_dir.root / "trees" / f"{tree.name}.epoch"


def newest_epoch(build_dir: BuildDir, recipe: Recipe) -> int:
    """SOURCE_DATE_EPOCH: it depends on the versions of the packages and on nothing else."""
    return max(int(epoch_file(build_dir, tree).read_text()) for tree in recipe.trees)


def mmdebstrap_command(tree: Tree, *, suite: str, target: Path, sources: Path) -> list[str]:
    """mmdebstrap's arguments for a tree."""
    content = tree.content
    rules = [
        *(f"path-exclude={path}" for path in content.path_excludes),
        *(f"path-include={path}" for path in content.path_includes),
    ]
    hooks = _LIVE if tree.name == LIVE else _HOST
    return [
        "mmdebstrap",
        "--mode=root",
        "--format=directory",
        "--variant=apt",
        "--aptopt=Apt::Install-Recommends false",
        "--aptopt=Acquire::Languages none",
        *(f"--dpkgopt={rule}" for rule in rules),
        "--dpkgopt=force-unsafe-io",
        "--skip=download/empty",
        "--skip=essential/unlink",
        f"--include={','.join(content.packages)}",
        f'--setup-hook={HERE / "setup.sh"} "$1"',
        f'--customize-hook={hooks / "customize.sh"} "$1"',
        f'--customize-hook={HERE / "finish.sh"} "$1"',
        suite,
        str(target),
        str(sources),
    ]


def remove_tree(path: Path) -> None:
    """Delete a tree, unless something is mounted in it.

    :raises BuildFailed: something is mounted below it.
    """
    inside = [point for point in _mount_points() if point.is_relative_to(path.resolve())]
    if inside:
        raise BuildFailed(f"{inside[0]} is mounted", f"Unmount it; {path} is to be deleted.")
    if path.exists():
        shutil.rmtree(path)


def _hook_files(tree: Tree) -> tuple[Path, ...]:
    common = (HERE / "setup.sh", HERE / "finish.sh")
    if tree.name == LIVE:
        return (*common, _LIVE / "customize.sh")
    return (*common, _HOST)


def _sources(build_dir: BuildDir, tree: Tree) -> Path:
    return build_dir.folder("cache") / f"{tree.name}.sources"


def _make_tree(
    build_dir: BuildDir, recipe: Recipe, tree: Tree, log: Path, *, with_base: bool
) -> str:
    target = tree_path(build_dir, tree)
    remove_tree(target)
    sources = _sources(build_dir, tree)
    sources.write_text(sources_text(recipe, find_mirrors(recipe, log)), encoding="utf-8")
    run(
        mmdebstrap_command(tree, suite=recipe.suite, target=target, sources=sources),
        log=log,
        env={
            "PHOTON_PACKAGE_CACHE": str(build_dir.folder("cache/packages")),
            "PHOTON_EPOCH_FILE": str(epoch_file(build_dir, tree)),
            "PHOTON_PRODUCT": recipe.product,
            "PHOTON_SET": tree.set,
            "PHOTON_BASE": str(build_dir.root / "trees" / tree.base) if with_base else "",
            # The initrd is made once, when the tree is complete.
            "INITRD": "No",
        },
    )
    return digest_of(package_versions(target, log))


def package_versions(tree: Path, log: Path) -> list[dict[str, str]]:
    """The packages of a tree with their versions, sorted by name."""
    query = ["dpkg-query", f"--admindir={tree}/var/lib/dpkg", "--show"]
    printed = output_of([*query, "--showformat=${Package}\t${Version}\n"], log=log).decode()
    pairs = sorted(line.split("\t") for line in printed.splitlines())
    return [{"name": name, "version": version} for name, version in pairs]


def _mount_points() -> list[Path]:
    table = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    return [Path(line.split()[4]) for line in table.splitlines()]
