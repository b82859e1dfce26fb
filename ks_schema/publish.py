"""The JSON Schema for editors and other validators, made from the language's own (language.json).

It accepts the same documents. Annotations that only this program knows are left out, each key has
a title, and a value of several types is an ``anyOf``: that is what Ajv wants in its strict mode
(https://ajv.js.org/strict-mode.html).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ks_schema.language import schema

FILE = "kickstart.schema.json"
_ID = "urn:x-photon-installer:kickstart:1"
# Keywords that say something about a value of one type alone.
_OF_A_TYPE = {
    "string": ("pattern", "minLength", "maxLength"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    "object": ("properties", "required", "additionalProperties", "propertyNames"),
}
# Words of a key that a title writes in another way.
_WORDS = {
    "ab": "A/B", "db": "db", "dhcp4": "DHCPv4", "dhcp6": "DHCPv6", "lvm": "LVM",
    "macaddress": "MAC address", "mtu": "MTU", "pcrs": "PCRs", "pem": "PEM", "pin": "PIN",
    "ssh": "SSH", "tpm2": "TPM2", "uid": "UID", "wwn": "WWN",
}  # fmt: skip


def published() -> dict[str, Any]:
    """The schema as it is given away."""
    whole = schema()
    return {"$schema": whole.pop("$schema"), "$id": _ID, **_plain(whole)}


def published_text() -> str:
    """The text of :data:`FILE`."""
    return json.dumps(published(), indent=2, ensure_ascii=False) + "\n"


def title_of(key: str) -> str:
    """The title of a key: ``ssh_keys`` is "SSH keys"."""
    first, *more = key.strip("$").split("_")
    words = [_WORDS.get(first, first.capitalize()), *(_WORDS.get(word, word) for word in more)]
    return " ".join(words)


def _plain(part: Any) -> Any:
    match part:
        case {"type": list(), **_rest}:
            return _plain(_alternatives(part))
        case {"required": list() as names} if "properties" not in part:
            # One of several things that an object may have to have; each is described beside them.
            return {**part, "properties": dict.fromkeys(names, True)}
        case Mapping():
            return {
                key: _properties(value) if key == "properties" else _plain(value)
                for key, value in part.items()
                if not key.startswith("x-")
            }
        case list():
            return [_plain(each) for each in part]
    return part


def _properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {key: {"title": title_of(key), **_plain(value)} for key, value in properties.items()}


def _alternatives(part: Mapping[str, Any]) -> dict[str, Any]:
    """The same with one schema for each type of the value."""
    apart = {key for kind in part["type"] for key in _OF_A_TYPE[kind]} | {"type"}
    kinds = [
        {"type": kind, **{key: part[key] for key in _OF_A_TYPE[kind] if key in part}}
        for kind in part["type"]
    ]
    return {**{key: value for key, value in part.items() if key not in apart}, "anyOf": kinds}
