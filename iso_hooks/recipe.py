"""The recipe: what the medium is made of, read from one small data file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from installer.sizes import parse_size
from iso_hooks.errors import BuildFailed

DEFAULT_RECIPE = Path(__file__).with_name("recipe.yaml")
LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageList:
    """Packages to install, and the paths that dpkg leaves out while it does."""

    packages: tuple[str, ...]
    path_excludes: tuple[str, ...] = ()
    path_includes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One complete root tree: ``set`` and ``kernel`` are the kickstart's words ("" for live).

    ``base`` is the tree of the set that this one's extends, with the same kernel ("" for none).
    """

    name: str
    set: str
    kernel: str
    content: PackageList
    base: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compression:
    """How squashfs images are packed; ``block_size`` is bytes."""

    compression: str
    level: int
    block_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A medium that can be built: its host trees (none named: all) and how it is packed."""

    name: str
    squashfs: Compression
    trees: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides what is on the medium. An empty mirror means this machine's.

    ``trees`` are those of the chosen ``edition``, which is the first of ``editions`` until
    :meth:`for_edition` chooses another.
    """

    product: str
    suite: str
    components: tuple[str, ...]
    mirror: str
    security_mirror: str
    trees: tuple[Tree, ...]
    edition: Edition
    editions: tuple[Edition, ...]

    @property
    def live(self) -> Tree:
        """The tree that the installer itself runs in."""
        return next(tree for tree in self.trees if tree.name == LIVE)

    @property
    def hosts(self) -> tuple[Tree, ...]:
        """The trees that can be installed."""
        return tuple(tree for tree in self.trees if tree.name != LIVE)

    def limited_to(self, names: tuple[str, ...]) -> Recipe:
        """The same recipe with only these of its host trees.

        :raises BuildFailed: there is no such tree.
        """
        known = tuple(tree.name for tree in self.hosts)
        unknown = [name for name in names if name not in known]
        if unknown:
            raise BuildFailed(
                f"no tree is called {', '.join(unknown)}", f"The recipe has {', '.join(known)}."
            )
        kept = tuple(tree for tree in self.trees if tree.name in (LIVE, *names))
        return replace(self, trees=kept)

    def for_edition(self, name: str) -> Recipe:
        """The recipe of one of its editions; with "" of the first.

        :raises BuildFailed: there is no such edition, or it names an unknown tree.
        """
        known = {edition.name: edition for edition in self.editions}
        if name and name not in known:
            raise BuildFailed(f"no edition is called {name}", f"The recipe has {', '.join(known)}.")
        edition = known[name] if name else self.editions[0]
        chosen = replace(self, edition=edition)
        return chosen.limited_to(edition.trees) if edition.trees else chosen


def load_recipe(path: Path = DEFAULT_RECIPE) -> Recipe:
    """The recipe in a file.

    :raises BuildFailed: it cannot be read, or says something that cannot be.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return recipe_from_data(data)
    except (OSError, yaml.YAMLError) as error:
        raise BuildFailed(f"{path}: the recipe cannot be read: {error}") from error
    except (LookupError, TypeError, ValueError) as error:
        raise BuildFailed(f"{path}: not a recipe: {error!r}") from error


def recipe_from_data(data: Mapping[str, Any]) -> Recipe:
    """The recipe as plain data says it.

    :raises KeyError, TypeError, ValueError: a key is missing, unknown or of the wrong kind.
    """
    fields = dict(data)
    kernels = fields.pop("kernels")
    sets = fields.pop("sets")
    live = dict(fields.pop("live"))
    editions = tuple(_edition(name, data) for name, data in fields.pop("editions").items())
    live_kernel = kernels[live.pop("kernel")]
    hosts = tuple(
        Tree(
            name=f"{name}-{kernel}",
            set=name,
            kernel=kernel,
            content=_with_packages(_package_list(sets, name), packages),
            base=f"{sets[name]['extends']}-{kernel}" if "extends" in sets[name] else "",
        )
        for name in sets
        for kernel, packages in kernels.items()
    )
    live_tree = Tree(
        name=LIVE, set="", kernel="", content=_with_packages(_as_list(live), live_kernel)
    )
    return Recipe(
        product=fields.pop("product"),
        suite=fields.pop("suite"),
        components=tuple(fields.pop("components", ("main",))),
        mirror=fields.pop("mirror", ""),
        security_mirror=fields.pop("security_mirror", ""),
        trees=(live_tree, *hosts),
        edition=editions[0],
        editions=editions,
        **fields,
    )


def _edition(name: str, data: Mapping[str, Any]) -> Edition:
    fields = dict(data)
    squashfs = dict(fields.pop("squashfs"))
    squashfs["block_size"] = parse_size(squashfs["block_size"])
    return Edition(
        name=name,
        squashfs=Compression(**squashfs),
        trees=tuple(fields.pop("trees", ())),
        **fields,
    )


def _package_list(sets: Mapping[str, Any], name: str) -> PackageList:
    """A set's list; one that extends another adds its packages and keeps its own path rules."""
    data = dict(sets[name])
    base = data.pop("extends", None)
    own = _as_list(data)
    return own if base is None else _with_packages(own, _package_list(sets, base).packages)


def _as_list(data: Mapping[str, Any]) -> PackageList:
    return PackageList(**{key: tuple(value) for key, value in data.items()})


def _with_packages(content: PackageList, more: tuple[str, ...] | list[str]) -> PackageList:
    return PackageList(
        packages=tuple(dict.fromkeys((*content.packages, *more))),
        path_excludes=content.path_excludes,
        path_includes=content.path_includes,
    )


def tree_to_json(tree: Tree) -> dict[str, Any]:
    """The tree as plain data, for the hash that decides whether it must be built again."""
    return asdict(tree)
