"""The names of systemd units, which a kickstart may give without their type."""

from __future__ import annotations

from collections.abc import Collection, Mapping

TIMESYNCD = "systemd-timesyncd.service"


def unit_name(name: str) -> str:
    """The full name of a systemd unit: one without a type is a service."""
    return name if "." in name else f"{name}.service"


def switched_off(states: Mapping[str, str], units: Collection[str]) -> list[str]:
    """Those of ``units`` that ``services`` does not leave enabled, as it names them."""
    return [
        name for name, state in states.items() if unit_name(name) in units and state != "enabled"
    ]
