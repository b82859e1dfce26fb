"""The package set and the kernel."""

from __future__ import annotations

from installer.machine.facts import Machine
from screens.forms import Choice, Form, Note, Option
from screens.steps.step import Step, View

_SETS = (
    Option(
        value="minimal",
        label="Minimal",
        detail=("Docker, containerd, systemd-networkd, nftables, OpenSSH",),
    ),
    Option(
        value="full",
        label="Full",
        detail=(
            "Minimal, and compose, buildx, podman, buildah, skopeo, kubectl, git,",
            "gcc, storage and debugging tools, manual pages, locales",
        ),
    ),
)


def form(view: View) -> Form:
    """Ask for the set and the kernel."""
    return Form(
        items=(
            Note(text="Select a package set. More can be added later with apt."),
            Choice(
                id="package_set",
                label="Package set",
                value=view.draft.package_set,
                options=_SETS,
            ),
            Choice(
                id="kernel",
                label="Kernel",
                value=view.draft.kernel,
                options=_kernels(view.machine),
            ),
        )
    )


def _kernels(machine: Machine | None) -> tuple[Option, ...]:
    virtual = machine is not None and machine.virtualization != "none"
    kind = "virtual" if virtual else "physical"
    return (
        Option(value="auto", label="Automatic", detail=(f"this machine is {kind}",)),
        Option(value="generic", label="Generic", detail=("supports all hardware",)),
        Option(value="cloud", label="Cloud", detail=("small, for virtual machines only",)),
    )


STEP = Step(id="packages", title="Packages and kernel", form=form)
