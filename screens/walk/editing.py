"""From a draft to the partition editor and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from installer.errors import InstallerError
from installer.machine.facts import Machine
from installer.plan.disks import unfit_reason
from installer.plan.storage.model import Layout
from screens.draft.boot_entries import boot_mode
from screens.draft.custom_layout import with_passphrase
from screens.draft.draft import NOTHING, Draft, disk_changed
from screens.draft.history import History, Storage
from screens.draft.storage_entries import revealed
from screens.editor.editor import Editor
from screens.editor.outline import outlined
from screens.engine import Engine
from screens.question import About, Question, lines
from screens.steps.firmware import has_tpm2


def with_custom_layout(draft: Draft, engine: Engine, machine: Machine | None) -> Draft | None:
    """The draft with its guided layout said in parts, or with the edits that began with the same.

    None when there is no layout: what is wrong with it is shown beside the fields.
    """
    if draft.edited is not None:
        return draft
    if machine is None or not draft.disk:
        return None
    try:
        said: Storage = engine.parts(draft.document_to_check(), machine)
    except InstallerError:
        return None
    if draft.passphrase != NOTHING:
        said = with_passphrase(said, draft.passphrase)
    history = None if disk_changed(draft) else draft.custom
    if history is None:
        history = History(states=(said,))
    elif history.beginning != said:
        history = history.begin(said)
    return replace(draft, layout="custom", custom=history, custom_disk=draft.disk_value)


def without_custom_layout(draft: Draft) -> Draft:
    """The draft with a guided layout again; the edits are forgotten."""
    return replace(draft, layout="whole_disk", custom=None, custom_disk="")


def open_editor(
    draft: Draft, engine: Engine, machine: Machine, seed: str, keep: Callable[[History], None]
) -> tuple[Draft, Editor | None]:
    """The draft with its layout in parts, and their editor; ``keep`` gets every edit.

    Without an editor, what is wrong with the layout is shown beside the fields.
    """
    draft = with_custom_layout(draft, engine, machine) or draft
    return draft, _editor_of(draft, engine, machine, seed, keep)


def _editor_of(
    draft: Draft, engine: Engine, machine: Machine, seed: str, keep: Callable[[History], None]
) -> Editor | None:
    if draft.edited is None:
        return None
    fit = [disk for disk in machine.disks if not unfit_reason(disk)]
    disks = {draft.name_of(disk.path): disk for disk in fit}

    def look(storage: Storage) -> Layout:
        document = _document(draft, storage)
        layout = engine.layout(document, machine, seed)
        return outlined(layout, document["storage"], disks, machine.memory)

    mode = boot_mode(draft, machine)
    tpm2 = has_tpm2(machine)
    return Editor(draft.edited, disks, mode, tpm2=tpm2, look=look, keep=keep)


def giving_up(problem: str) -> Question:
    """Whether to leave a layout that cannot be."""
    return Question(
        title="Back to a guided layout?",
        lines=lines(
            f"The partitions cannot be like this: {problem}.\n"
            "Go back to a guided layout, and forget the edits?"
        ),
        about=About.GIVE_UP_EDITS,
        confirm="Forget the edits",
        cancel="Go on editing",
    )


def _document(draft: Draft, storage: Storage) -> dict[str, Any]:
    """A document with these parts, in which every disk has its name."""
    disks = {each.name: {each.key: each.value} for each in draft.disks}
    disks["default"] = {draft.disk_key: draft.disk_value}
    said = {"version": 1, "disks": disks, "storage": revealed(storage)}
    return said | ({"boot": {"mode": draft.boot_mode}} if draft.boot_mode else {})
