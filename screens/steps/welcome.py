"""The first screen: what this is, what it will do, and what it is typed on."""

from __future__ import annotations

from collections.abc import Iterator

from installer.machine.facts import Machine
from installer.sizes import format_size
from screens.draft.draft import without_secrets
from screens.forms import Form, Note, Text, Tone
from screens.steps.step import Step, View

_TEXT = """\
This installs Photon, a lightweight container host, onto this machine.

The next screens cover disks, boot loader, packages, network and accounts. Press Enter to accept \
a default.

Nothing is written to disk until you confirm on the Review screen. You can go back at any time \
without losing your answers."""


def form(view: View) -> Form:
    """Greet, and say on which machine and console we are."""
    machine = _machine_text(view.machine) if view.machine else "Detecting hardware..."
    where = f"Console: {view.console}" if view.console else "Console: this terminal"
    return Form(
        items=(
            Note(text="Welcome to Photon", tone=Tone.TITLE),
            Note(text=_TEXT),
            Note(text=f"{machine}\n{where}", tone=Tone.DIM),
            Text(
                id="keyboard",
                label="Keyboard layout",
                value=view.draft.keyboard,
                hint="like us, de or us(intl)",
                width=20,
            ),
            *_notes(view),
        ),
        next_label="Start",
    )


def _notes(view: View) -> Iterator[Note]:
    if view.keyboard_note:
        yield Note(text=view.keyboard_note, tone=Tone.WARNING)
    if view.draft != without_secrets(view.draft):
        text = "If you change the layout, enter your passwords again."
        yield Note(text=text, tone=Tone.DIM)


def _machine_text(machine: Machine) -> str:
    name = " ".join(part for part in (machine.vendor, machine.product) if part) or "this machine"
    kind = f"virtual ({machine.virtualization})" if machine.virtualization != "none" else "physical"
    cpus = "1 CPU" if machine.cpus == 1 else f"{machine.cpus} CPUs"
    return f"Machine: {name}, {kind}, {cpus}, {format_size(machine.memory)} memory"


STEP = Step(id="welcome", title="Welcome", form=form)
