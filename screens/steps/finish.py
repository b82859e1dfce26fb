"""The last screens: the host is installed, or why it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from installer.config.recovery import ShownOnce
from installer.errors import ExitCode
from installer.events import BootChecked, Failed, Finished
from installer.secret import Secret
from screens.forms import Command, Form, Note, Tone
from screens.progress import ProgressState
from screens.steps.recovery import recovery_form

REBOOT = Command(id="reboot", label="Reboot")
POWEROFF = Command(id="poweroff", label="Power off")
REVIEW = Command(id="review", label="Back to the review")
SAVE_LOG = Command(id="save_log", label="Save the log")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPage:
    """A screen after the installation. What has a next one is confirmed first."""

    id: str
    title: str
    form: Form


def end_pages(
    state: ProgressState,
    shown: tuple[ShownOnce, ...],
    log: str,
    picture: Callable[[Secret], tuple[str, ...]] | None = None,
) -> tuple[EndPage, ...]:
    """The screens after the installation: each drawn secret, perhaps with its picture, the end.

    There is none while it runs.
    """
    outcome = state.outcome
    if outcome is None:
        return ()
    if isinstance(outcome, Failed):
        name, title = ("cancelled", "Cancelled") if cancelled(outcome) else ("failed", "Failed")
        return (EndPage(id=name, title=title, form=failed_form(outcome, log)),)
    pages = (
        EndPage(
            id="recovery",
            title=each.title,
            form=recovery_form(each, picture(each.secret) if picture else ()),
        )
        for each in shown
    )
    return (*pages, EndPage(id="done", title="Done", form=done_form(outcome, state)))


def done_form(outcome: Finished, state: ProgressState) -> Form:
    """The host is installed: that it will start, how long each phase took, and what is next."""
    titles = {phase.id: phase.title for phase in state.phases}
    rows = [(titles.get(name, name), seconds) for name, seconds in outcome.seconds.items()]
    rows.append(("Total", sum(outcome.seconds.values())))
    width = max(len(title) for title, _ in rows)
    times = [f"  {title:<{width}} {seconds:>7.1f} s" for title, seconds in rows]
    return Form(
        items=(
            Note(text="Photon is installed.", tone=Tone.GOOD),
            *((Note(text=boot_text(state.boot)),) if state.boot else ()),
            Note(text="\n".join(times)),
            Note(
                text="Remove the installation medium, then reboot into the new host.\n"
                "After reboot, the log is in /var/log/photon-installer/."
            ),
            REBOOT,
            POWEROFF,
            SAVE_LOG,
        ),
        start=REBOOT.id,
        next_label="",
    )


def boot_text(boot: BootChecked) -> str:
    """What the boot check found, in a sentence or two."""
    if not boot.trust:
        text = "Checked: it will boot."
    elif boot.enforced:
        text = "Checked: it will boot under Secure Boot."
    else:
        text = "Checked: it will boot; Secure Boot is off."
    refused = [what for outcome, what, *_ in boot.findings if outcome == "bad"]
    if refused:
        text += f"\nUnder Secure Boot it would not: {', '.join(refused)}."
    return text


def cancelled(outcome: Failed) -> bool:
    """Nothing went wrong: somebody ended it."""
    return outcome.exit_code == ExitCode.CANCELLED


def failed_form(outcome: Failed, log: str) -> Form:
    """What went wrong, what it means for the disk, and what can be done now."""
    if outcome.restored:
        written = "The disk was restored to what it was before."
    elif outcome.written:
        # Beside other systems not everything on the disk was to be lost.
        written = (
            "The disk was changed. The data listed in the review is lost,\n"
            "and the system will not boot."
        )
    else:
        written = "Nothing was written to any disk."
    hint = (Note(text=outcome.hint),) if outcome.hint else ()
    what: tuple[Note, ...] = (
        Note(text="Photon is not installed.", tone=Tone.PROBLEM),
        Note(text=f"! {outcome.message}", tone=Tone.PROBLEM),
    )
    if cancelled(outcome):
        what = (Note(text="Photon is not installed.", tone=Tone.TITLE), Note(text=outcome.message))
    return Form(
        items=(
            *what,
            *hint,
            Note(text=f"{written}\nThe log: {log}"),
            REVIEW,
            SAVE_LOG,
            REBOOT,
            POWEROFF,
        ),
        start=REVIEW.id,
        next_label="",
    )
