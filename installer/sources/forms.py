"""The forms of a kickstart's source: one row of a table each. Parser, help and docs follow it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# The labels of volumes that have a kickstart, in the order in which they are tried: ours, Red Hat's
# driver disk, cloud-init's NoCloud. On the last one the kickstart may be called as there.
CLOUD_LABEL = "CIDATA"
KICKSTART_LABELS = ("PHOTONKS", "OEMDRV", CLOUD_LABEL)
# The names that are tried, in this order, where a source names no file.
FILE_NAMES = ("photon.json", "photon.yaml", "ks.json")
CLOUD_FILE_NAME = "user-data"


class Scheme(StrEnum):
    """What stands before the first colon of a source."""

    FILE = "file"
    HTTP = "http"
    HTTPS = "https"
    MEDIUM = "medium"
    LABEL = "label"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceForm:
    """A form: ``shown`` in help and messages, ``scheme`` None where a source has none."""

    scheme: Scheme | None
    shown: str


SOURCE_FORMS = (
    SourceForm(scheme=None, shown="a path"),
    SourceForm(scheme=Scheme.FILE, shown="file://"),
    SourceForm(scheme=Scheme.HTTP, shown="http://"),
    SourceForm(scheme=Scheme.HTTPS, shown="https://"),
    SourceForm(scheme=Scheme.MEDIUM, shown="medium:PATH"),
    SourceForm(scheme=Scheme.LABEL, shown="label:LABEL[:PATH]"),
)


def forms_text() -> str:
    """All forms, for people: ``a path, file://, ... or label:LABEL[:PATH]``."""
    *others, last = (each.shown for each in SOURCE_FORMS)
    return f"{', '.join(others)} or {last}"


def scheme_of(source: str) -> Scheme | None:
    """The scheme of a source; None for a path, and for an address of another kind."""
    name, colon, _ = source.partition(":")
    known = {each.value: each for each in Scheme}
    return known.get(name.lower()) if colon else None
