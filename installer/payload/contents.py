"""What the files of a payload's tree allow a host to have, as the index says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from installer.payload.values import PATH, names, paths, sizes, some_names

UNIT = re.compile(r"[A-Za-z0-9:_.@\\-]{1,255}")
_KEYBOARD = re.compile("[A-Za-z0-9_()-]{1,64}")
_ZONE = re.compile("[A-Za-z0-9/_+-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeContents:
    """What else the index says of a tree; None is what an index does not say.

    ``masked`` are the units that the tree masks, ``bare_templates`` those that can be enabled with
    the name of an instance alone. ``programs`` are the paths of programs, in the
    directories ``program_directories``. ``keyboards`` and ``zones`` are as a kickstart has them.
    ``directories`` are bytes by path, with all that is below; a directory that is not listed holds
    too little to matter. ``links`` are places that link to a directory, with the directory.
    """

    masked: frozenset[str] = frozenset()
    bare_templates: frozenset[str] = frozenset()
    programs: frozenset[str] | None = None
    program_directories: frozenset[str] = frozenset()
    keyboards: frozenset[str] | None = None
    zones: frozenset[str] | None = None
    directories: Mapping[str, int] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)

    def lacks_program(self, path: str) -> bool:
        """Whether it is certain that there is no such program."""
        real = self.real_path(path)
        listed = str(PurePosixPath(real).parent) in self.program_directories
        return self.programs is not None and listed and real not in self.programs

    def real_path(self, path: str) -> str:
        """The path without links to directories: ``/usr/bin/sh`` for ``/bin/sh``."""
        for above in (PurePosixPath(path), *PurePosixPath(path).parents):
            if target := self.links.get(str(above)):
                return str(PurePosixPath(target, PurePosixPath(path).relative_to(above)))
        return path


def tree_contents(data: Mapping[str, Any]) -> TreeContents:
    """The contents that the index says of a tree.

    :raises ValueError: it says them in a form that is not an index's.
    """
    return TreeContents(
        masked=names(data, "masked", UNIT),
        bare_templates=names(data, "bare_templates", UNIT),
        programs=some_names(data, "programs", PATH),
        program_directories=names(data, "program_directories", PATH),
        keyboards=some_names(data, "keyboards", _KEYBOARD),
        zones=some_names(data, "zones", _ZONE),
        directories=sizes(data, "directories"),
        links=paths(data, "links"),
    )
