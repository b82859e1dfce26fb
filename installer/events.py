"""What the engine tells while it works: the only way progress leaves it.

Each event is one JSON line for whoever follows from outside (a file, a pipe, a serial port).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from math import isfinite
from typing import Any, get_args, get_origin, get_type_hints

# The files that events are kept in: lines for people, and JSON lines.
LOG_NAME, EVENTS_NAME = "install.log", "events.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhasePlanned:
    """A phase of the plan: its share of the whole work (the weights of all phases add up to 1)."""

    id: str
    title: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The installation begins; nothing has been written yet."""

    disk: str
    phases: tuple[PhasePlanned, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseStarted:
    """A phase begins."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionStarted:
    """An action begins; ``description`` is its line of the plan."""

    phase: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the whole installation is: ``fraction`` from 0 to 1, never falling."""

    fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A line for the log: a command and what it printed, a note, a warning."""

    level: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BootChecked:
    """What the boot check found: a tuple of outcome, what it is about, text and hint for each.

    The outcome is ``good``, ``bad``, ``note`` or ``unseen``. ``trust`` says whose certificates
    counted ("": nobody's, a BIOS asks for none), ``enforced`` whether Secure Boot refuses the
    others.
    """

    boots: bool
    trust: str
    enforced: bool
    findings: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The host is installed; ``seconds`` maps each phase to the time it took."""

    seconds: Mapping[str, float]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The installation ended without a host.

    ``written`` says whether anything had been written to a disk by then, ``restored`` that all of
    it has been put back, byte for byte.
    """

    exit_code: int
    message: str
    hint: str
    written: bool
    restored: bool = False


Event = (
    Started | PhaseStarted | ActionStarted | Progress | Message | BootChecked | Finished | Failed
)
Emit = Callable[[Event], None]

_NAMES: dict[type[Event], str] = {
    Started: "started",
    PhaseStarted: "phase_started",
    ActionStarted: "action_started",
    Progress: "progress",
    Message: "message",
    BootChecked: "boot_checked",
    Finished: "finished",
    Failed: "failed",
}
_TYPES = {name: kind for kind, name in _NAMES.items()}


def event_to_json(event: Event) -> dict[str, Any]:
    """The event as plain data; ``event`` names its kind."""
    return {"event": _NAMES[type(event)], **asdict(event)}


def event_from_json(data: object) -> Event:
    """The event that :func:`event_to_json` wrote; unknown members (a time) are passed over.

    :raises ValueError: there is no such event, or a member of it is missing or of another type.
    """
    name = data.get("event") if isinstance(data, Mapping) else None
    kind = _TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(f"no event is called {name!r}")
    try:
        event: Event = _read(kind, data)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"the event {name} is not whole: {error}") from error
    return event


def _read(kind: Any, data: object) -> Any:
    """A value of a type that the classes above use, from plain data."""
    if is_dataclass(kind):
        members, make = _of(Mapping, data), _of(type, kind)
        return make(**{each: _read(of, members[each]) for each, of in get_type_hints(kind).items()})
    parts = get_args(kind)
    if get_origin(kind) is tuple:
        items = _of(list, data)
        each = parts[:1] * len(items) if parts[-1] is ... else parts
        return tuple(_read(of, item) for of, item in zip(each, items, strict=True))
    if parts:
        return {_of(str, key): _read(parts[1], item) for key, item in _of(Mapping, data).items()}
    if kind is float:
        return _finite(float(_of((int, float), data)))
    return _of(kind, data)


def _of(kind: Any, data: object) -> Any:
    if not isinstance(data, kind):
        raise TypeError(f"{type(data).__name__} is not what belongs there")
    return data


def _finite(number: float) -> float:
    if not isfinite(number):
        raise ValueError("a number is not finite")
    return number


def event_text(event: Event) -> str:  # noqa: C901  (one case for each kind of event)
    """The event as a line for people; "" for one that only moves the progress bar."""
    match event:
        case Started():
            return f"Installing onto {event.disk}"
        case PhaseStarted():
            return f"== {event.title}"
        case ActionStarted():
            return f"   {event.description}"
        case Message():
            prefix = "" if event.level in {"debug", "info"} else f"{event.level}: "
            return f"     {prefix}{event.text}"
        case BootChecked():
            return (
                f"     The boot check says that it {'boots' if event.boots else 'would not boot'}."
            )
        case Finished():
            return f"Installed in {sum(event.seconds.values()):.0f} s"
        case Failed():
            hint = f"\n  {event.hint}" if event.hint else ""
            return f"{event.message}{hint}\n{_disk_state(event)}"
        case Progress():
            return ""


def _disk_state(event: Failed) -> str:
    if event.restored:
        return "The disk is as it was."
    return "The disk was written to." if event.written else "Nothing was written."
