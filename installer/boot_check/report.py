"""What the boot check says of a host as a whole."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from installer.boot_check.next_start import predictions_of
from installer.measured.predict import FirmwareState
from installer.measured.prediction import Predictions, predictions_json, predictions_text
from installer.verify.finding import Finding, Outcome
from installer.verify.host import Subject, findings_of

_WIDTH = 80
_INDENT = " " * 6
_WORDS = {Outcome.GOOD: "ok", Outcome.BAD: "BAD", Outcome.NOTE: "note", Outcome.UNSEEN: "?"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that was found.

    ``trust`` says whose certificates counted ("" where nothing is started by EFI), ``enforced``
    whether that firmware refuses what they do not vouch for; ``pcrs`` what the TPM's registers will
    hold after the next start.
    """

    findings: tuple[Finding, ...]
    trust: str = ""
    enforced: bool = False
    pcrs: Predictions = field(default_factory=dict)

    @property
    def boots(self) -> bool:
        """Whether the host would start."""
        return not self.failures

    @property
    def failures(self) -> tuple[Finding, ...]:
        """What keeps the host from starting."""
        return tuple(
            each
            for each in self.findings
            if each.outcome is Outcome.BAD and (self.enforced or not each.secure_boot)
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "boots": self.boots,
            "trust": self.trust,
            "enforced": self.enforced,
            "findings": [
                {**asdict(each), "outcome": str(each.outcome), "good": each.good}
                for each in self.findings
            ],
            "pcrs": predictions_json(self.pcrs),
        }

    def text(self) -> str:
        """A table of at most 80 columns, and the result below it."""
        lines = [line for each in self.findings for line in self._lines(each)]
        lines += ["", *textwrap.wrap(self._result(), _WIDTH)]
        if self.pcrs:
            lines += ["", "After the next start the TPM will hold (SHA-256):"]
            lines += predictions_text(self.pcrs).splitlines()
        return "\n".join(lines)

    def line(self, finding: Finding) -> str:
        """A finding in one line."""
        hint = f" {finding.hint}" if finding.hint else ""
        # A path in a menu may have ends of lines in it, which could look like a finding.
        return " ".join(f"{self._word(finding)} {finding.what}: {finding.text}.{hint}".split())

    def _lines(self, finding: Finding) -> list[str]:
        start = f"{self._word(finding):<5} "
        text = f"{finding.what}: {finding.text}"
        lines = textwrap.wrap(
            text, _WIDTH, initial_indent=start, subsequent_indent=_INDENT, break_on_hyphens=False
        )
        hint = textwrap.wrap(
            finding.hint, _WIDTH, initial_indent=f"{_INDENT}-> ", subsequent_indent=f"{_INDENT}   "
        )
        return [*lines, *hint]

    def _word(self, finding: Finding) -> str:
        """How it stands in a word: what would be refused under Secure Boot alone is no failure."""
        if finding.outcome is Outcome.BAD:
            return "BAD" if finding in self.failures else "SB"
        return _WORDS[finding.outcome]

    def _result(self) -> str:
        if not self.boots:
            count = len(self.failures)
            return f"It would not boot: {count} thing{'s' if count > 1 else ''} marked BAD."
        outcomes = {each.outcome for each in self.findings}
        boots = "As far as can be seen, it boots" if Outcome.UNSEEN in outcomes else "It boots"
        if not self.trust:
            return f"{boots}."
        if self.enforced:
            return f"{boots} under Secure Boot ({self.trust})."
        if Outcome.BAD in outcomes:
            return (
                f"{boots}, as Secure Boot is off ({self.trust}); what is marked SB would be "
                "refused under Secure Boot."
            )
        return f"{boots}; Secure Boot is off, and would not refuse it ({self.trust})."


def check_host(subject: Subject) -> Report:
    """What the boot check says of a host."""
    trust = subject.judge.trust if subject.judge else None
    return Report(
        findings=findings_of(subject),
        trust=trust.source if trust else "",
        enforced=bool(trust and trust.enforced),
    )


def full_report(
    subject: Subject,
    firmware: Callable[[], FirmwareState],
    names: Callable[[], dict[str, str]],
) -> Report:
    """The same with what the next start will measure; see :func:`predictions_of`."""
    pcrs = predictions_of(subject, firmware, names)
    return replace(check_host(subject), pcrs=pcrs)
