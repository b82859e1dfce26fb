"""Which archives the trees are made from: the recipe's, or those of this machine's own apt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from iso_hooks.errors import BuildFailed
from iso_hooks.recipe import Recipe
from iso_hooks.run import output_of

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_FORMAT = "$(ORIGIN)|$(LABEL)|$(REPO_URI)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrors:
    """The two archives that Debian's stable release lives in."""

    main: str
    security: str


def find_mirrors(recipe: Recipe, log: Path) -> Mirrors:
    """The recipe's mirrors, or those that apt of this machine uses.

    :raises BuildFailed: this machine's apt knows none.
    """
    if recipe.mirror and recipe.security_mirror:
        return Mirrors(main=recipe.mirror, security=recipe.security_mirror)
    printed = output_of(["apt-get", "indextargets", "--format", _FORMAT], log=log).decode()
    found = mirrors_of_targets(printed.splitlines())
    main, security = recipe.mirror or found.main, recipe.security_mirror or found.security
    if main and security:
        return Mirrors(main=main, security=security)
    raise BuildFailed(
        "this machine's apt knows no Debian mirror",
        "Run 'apt-get update', or give mirror and security_mirror in the recipe.",
    )


def mirrors_of_targets(lines: Iterable[str]) -> Mirrors:
    """The first Debian and Debian-Security archive among apt's index targets ("" for none)."""
    found = {"Debian": "", "Debian-Security": ""}
    for line in lines:
        origin, label, uri = line.split("|", 2)
        if origin == "Debian" and label in found and not found[label]:
            found[label] = uri.rstrip("/")
    return Mirrors(main=found["Debian"], security=found["Debian-Security"])


def sources_text(recipe: Recipe, mirrors: Mirrors) -> str:
    """apt's sources for the trees: the release, its updates and its security fixes, signed."""
    suite = recipe.suite
    return "\n".join(
        (
            _stanza(recipe, mirrors.main, f"{suite} {suite}-updates"),
            _stanza(recipe, mirrors.security, f"{suite}-security"),
        )
    )


def _stanza(recipe: Recipe, uri: str, suites: str) -> str:
    return (
        f"Types: deb\nURIs: {uri}\nSuites: {suites}\n"
        f"Components: {' '.join(recipe.components)}\nSigned-By: {KEYRING}\n"
    )
