"""What a GRUB script sees: variables, the entries of its menu, and files by their paths."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from installer.boot.grub.script import Statement

_ON_DEVICE = re.compile(r"\(([^)]*)\)(.*)", re.DOTALL)
_FEATURES = (
    *("chainloader_bpb", "ntldr", "platform_search_hint", "default_font_path", "200_final"),
    *("all_video_module", "menuentry_id", "menuentry_options", "nativedisk_cmd", "timeout_style"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrubFile:
    """A file as a menu names it (``written``): on which of GRUB's devices, and its path there."""

    written: str
    device: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of a menu, or another menu in it."""

    title: str
    name: str
    body: tuple[Statement, ...]
    is_menu: bool


@dataclass(slots=True, kw_only=True)
class Scope:
    """What a script sees: variables, which of them go on to the next menu, and its entries.

    ``loaded`` are the variables whose values only the boot loader knows.
    """

    variables: dict[str, str]
    exported: set[str] = field(default_factory=set)
    loaded: set[str] = field(default_factory=set)
    entries: list[Entry] = field(default_factory=list)

    def set(self, name: str, value: str) -> None:
        """Give a variable a value, as GRUB does: the root device is kept without parentheses."""
        if name == "root" and value.startswith("(") and value.endswith(")"):
            value = value[1:-1]
        self.variables[name] = value

    def next(self) -> Scope:
        """What the next menu sees."""
        kept = {name: self.variables.get(name, "") for name in self.exported}
        loaded = self.loaded & self.exported
        return Scope(variables=kept, exported=set(self.exported), loaded=loaded)

    def copy(self) -> Scope:
        """The same without the entries, for an entry that is one of several."""
        return Scope(
            variables=dict(self.variables), exported=set(self.exported), loaded=set(self.loaded)
        )


def first_scope(root: str, prefix: str, *, platform: str) -> Scope:
    """What a menu sees that GRUB reads first; all of that goes on to others."""
    processor = {"efi": "x86_64", "pc": "i386"}
    variables = {
        "grub_platform": platform,
        "grub_cpu": processor[platform],
        **{f"feature_{each}": "y" for each in _FEATURES},
        "root": root,
        "prefix": prefix,
    }
    return Scope(variables=variables, exported=set(variables))


def located(path: str, scope: Scope) -> GrubFile:
    """Where a path of a menu leads."""
    match = _ON_DEVICE.fullmatch(path)
    device, inside = match.groups() if match else (scope.variables.get("root", ""), path)
    return GrubFile(written=path, device=device, path=inside)
