"""From the name of a source to the document that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from installer.errors import KickstartRefused, KickstartUnparsable, KickstartUnreachable
from installer.events import Emit, Message
from installer.sources.fetch import Download, FetchFailed, RetryPolicy, fetch, without_credentials
from installer.sources.forms import (
    CLOUD_FILE_NAME,
    CLOUD_LABEL,
    FILE_NAMES,
    KICKSTART_LABELS,
    Scheme,
    forms_text,
    scheme_of,
)
from installer.sources.volumes import BY_LABEL, labelled_volume, mounted
from installer.system.regular_file import open_regular
from installer.system.runner import Runner
from ks_schema import Document, SyntaxProblem, load
from ks_schema.loader import MAX_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where sources are looked for; a test has its own.

    ``pipes``: a path may be a pipe, as a shell gives one, and a person can end the wait for it.
    """

    medium: Path = Path("/run/photon/medium")
    by_label: Path = BY_LABEL
    runner: Runner | None = None
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    pipes: bool = False


def read_kickstart(
    source: str, *, emit: Emit, surroundings: Surroundings = Surroundings()
) -> Document:
    """The document at ``source``; :mod:`installer.sources.forms` has the forms that it can have.

    Waits for servers and volumes that are not there yet, and emits a message for each wait.

    :raises KickstartUnreachable: nothing is there, or nothing answers.
    :raises KickstartRefused: the server answered and did not give it.
    :raises KickstartUnparsable: it is neither JSON nor YAML.
    """
    shown = without_credentials(source)
    rest = source.partition(":")[2]
    match scheme_of(source):
        case Scheme.HTTP | Scheme.HTTPS:
            return _from_server(source, emit, surroundings.retries)
        case Scheme.FILE:
            return _from_path(_file_url_path(source, shown), shown, shown, surroundings)
        case Scheme.MEDIUM:
            return _from_folder(surroundings.medium, "medium", rest)
        case Scheme.LABEL:
            return _from_label(rest, emit, surroundings)
        case None if "://" in source:
            hint = f"a kickstart is {forms_text()}"
            raise KickstartUnreachable(f"{shown}: a kickstart cannot be read from there", hint)
        case None:
            return _from_path(Path(source), shown, source, surroundings)


def find_volume_kickstart(
    *, emit: Emit, surroundings: Surroundings = Surroundings()
) -> Document | None:
    """The kickstart of the first volume labelled PHOTONKS, OEMDRV or CIDATA that has one.

    :raises KickstartUnparsable: there is one, but it is neither JSON nor YAML.
    """
    for label in KICKSTART_LABELS:
        device = labelled_volume(label, surroundings.by_label)
        if device is None:
            continue
        try:
            return _from_volume(label, device, "", emit, surroundings)
        except KickstartUnreachable as error:
            emit(Message(level="info", text=error.message))
    return None


def volume_label(name: str) -> str:
    """The label of the volume that a document of that name was read from; "" if it was none."""
    rest = name.partition(":")[2]
    return rest.partition(":")[0] if scheme_of(name) is Scheme.LABEL else ""


def parse_kickstart(data: str | bytes, *, name: str) -> Document:
    """The document in ``data``; ``name`` is what messages call it.

    :raises KickstartUnparsable: it is neither JSON nor YAML.
    """
    try:
        return load(data, name=name)
    except SyntaxProblem as error:
        raise KickstartUnparsable(error.problem) from None


def _from_server(url: str, emit: Emit, retries: RetryPolicy) -> Document:
    def take(download: Download) -> tuple[bytes, str]:
        return b"".join(download), download.came_from

    try:
        data, came_from = fetch(url, take, limit=MAX_BYTES + 1, policy=retries, emit=emit)
    except FetchFailed as failure:
        kind = KickstartRefused if failure.refused else KickstartUnreachable
        raise kind(failure.message, failure.hint) from None
    name = without_credentials(url)
    try:
        return parse_kickstart(data, name=name)
    except KickstartUnparsable as error:
        if came_from == name:
            raise
        hints = (error.hint, f"what was read came from {came_from}")
        (problem,) = error.problems
        raise KickstartUnparsable(problem, hint="; ".join(filter(None, hints))) from None


def _file_url_path(url: str, shown: str) -> Path:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
        raise KickstartUnreachable(f"{shown}: this names no file of this machine", "file:///path")
    return Path(unquote(parts.path))


def _from_path(path: Path, shown: str, name: str, surroundings: Surroundings) -> Document:
    """The document in a file; ``shown`` is what it is called when it cannot be read."""
    open_it = _open_any if surroundings.pipes else open_regular
    return parse_kickstart(_file(partial(open_it, path), shown), name=name)


def _open_any(path: str | Path) -> BinaryIO:
    return Path(path).open("rb")


def _file(open_it: Callable[[], BinaryIO], shown: str) -> bytes:
    try:
        with open_it() as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "no such file"
        hint = "is the path right? the address of a server begins with http:// or https://"
        raise KickstartUnreachable(f"{shown}: {reason}", hint) from None


def _from_label(rest: str, emit: Emit, surroundings: Surroundings) -> Document:
    label, _, path = rest.partition(":")
    labels = (label,) if label else KICKSTART_LABELS
    found = _awaited(
        lambda: _first_volume(labels, surroundings.by_label), labels, emit, surroundings.retries
    )
    if found is None:
        message = f"no volume is labelled {' or '.join(labels)}"
        raise KickstartUnreachable(message, "is the stick, disk or CD plugged in?")
    return _from_volume(*found, path, emit, surroundings)


def _first_volume(labels: Iterable[str], by_label: Path) -> tuple[str, Path] | None:
    for label in labels:
        if device := labelled_volume(label, by_label):
            return label, device
    return None


def _awaited(
    look: Callable[[], tuple[str, Path] | None],
    labels: Iterable[str],
    emit: Emit,
    retries: RetryPolicy,
) -> tuple[str, Path] | None:
    """What ``look`` finds, now or after one of the waits: a USB disk takes seconds to appear."""
    for wait in retries.waits:
        if found := look():
            return found
        text = f"no volume is labelled {' or '.join(labels)} yet; looking again in {wait:g} s"
        emit(Message(level="warning", text=text))
        retries.wait(wait)
    return look()


def _from_volume(
    label: str, device: Path, path: str, emit: Emit, surroundings: Surroundings
) -> Document:
    # A kickstart from anywhere else needs no program.
    from installer.system.run import ProcessRunner  # noqa: PLC0415

    runner = surroundings.runner or ProcessRunner(emit)
    with mounted(device, runner) as folder:
        return _from_folder(folder, f"label:{label}", path, cloud=label.upper() == CLOUD_LABEL)


def _from_folder(folder: Path, shown: str, path: str, *, cloud: bool = False) -> Document:
    relative = path.lstrip("/")
    if ".." in Path(relative).parts:
        place = without_credentials(f"{shown}:{path}")
        raise KickstartUnreachable(f"{place}: the path leaves the volume")
    if relative:
        return parse_kickstart(_file_of(folder, shown, relative), name=f"{shown}:{relative}")
    for name in FILE_NAMES:
        if (folder / name).is_file():
            return parse_kickstart(_file_of(folder, shown, name), name=f"{shown}:{name}")
    if cloud and (document := _cloud_document(folder, shown)):
        return document
    names = ", ".join((*FILE_NAMES, CLOUD_FILE_NAME) if cloud else FILE_NAMES)
    raise KickstartUnreachable(f"{shown} has no kickstart", f"it is called one of {names}")


def _file_of(folder: Path, shown: str, name: str) -> bytes:
    # Where the volume happens to be mounted does not help the user.
    return _file(partial(open_regular, folder / name), without_credentials(f"{shown}:{name}"))


def _cloud_document(folder: Path, shown: str) -> Document | None:
    """The ``user-data`` of a cloud-init volume when it is in our dialect: it says its version."""
    if not (folder / CLOUD_FILE_NAME).is_file():
        return None
    data = _file_of(folder, shown, CLOUD_FILE_NAME)
    try:
        document = parse_kickstart(data, name=f"{shown}:{CLOUD_FILE_NAME}")
    except KickstartUnparsable:
        return None
    return document if "version" in document.data else None
