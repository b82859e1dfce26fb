"""The editor's pages, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from screens.draft.history import Storage
from screens.editor.scene import Scene
from screens.editor.task import Task
from screens.question import About, Question, lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The page with everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """What can be done with a row."""

    row: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A task, the scene that its edit starts from, and what has been typed."""

    row: str
    scene: Scene
    task: Task
    values: Mapping[str, Any]


Page = Table | Menu | Asking


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """A storage whose layout is not known yet, and what is done once it is."""

    storage: Storage
    then: Callable[[Scene], None]


def removing(lost: tuple[str, ...]) -> Question:
    """Whether what depends on something may be removed together with it."""
    return Question(
        title="Remove these too?",
        lines=lines(f"These will also be removed: {', '.join(lost)}."),
        about=About.REMOVE,
        confirm="Remove them",
    )
