"""The reference of the kickstart language, generated from its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

from ks_schema.language import schema
from ks_schema.loader import MAX_BYTES
from ks_schema.syntax import MAX_VALUES
from ks_schema.wording import quoted_plain

Schema = Mapping[str, Any]

_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "object",
}

_INTRODUCTION = f"""\
# The kickstart

<!-- Made by `python -m ks_schema` from ks_schema/language.json: change it there. -->

A kickstart tells the installer everything it would otherwise ask. It is one JSON object, in UTF-8;
YAML is accepted with the same content (plain values of YAML 1.2: `no` is a text; no anchors, tags
or merge keys), and either may be compressed with gzip. It has at most {MAX_BYTES >> 20} MiB, and
{MAX_VALUES} values. The [JSON Schema](../ks_schema/kickstart.schema.json) says the same as this
page, so an editor can help while you write; `"$schema"` names its place. `photon-installer check
FILE` finds every mistake at once.

What is not said has a default, and the plan (`photon-installer plan FILE`) shows each default that
was taken. Only the version, the disk and one way to log in must be there. How disks are divided,
mirrored, encrypted and kept is explained in [storage.md](storage.md).

## The shortest that is of use
"""

_SOURCES = """\
## Where it comes from

Each of these can stand behind `photon.ks=` on the kernel's command line, and be given to
`photon-installer check`, `plan` and `install`:

| source | what is read |
|---|---|
| `http://host/path`, `https://host/path` | the answer of a web server |
| `medium:path` | a file on the boot medium |
| `label:LABEL:path` | a file on the volume with that label |
| `label:LABEL` | the first of `photon.json`, `photon.yaml` and `ks.json` on it |
| `label:` | the same, on the first volume labelled `PHOTONKS`, `OEMDRV` or `CIDATA` |
| `file:///path`, `/path` | a file |

A certificate must be good for one of the system's authorities. `user:password@` before the host
is sent to that server alone; in it, `/` is written `%2F`, `?` `%3F`, `#` `%23` and `@` `%40`. No
message shows an address up to its last `@`. A link-local address has its interface after `%25`:
`http://[fe80::1%25eth0]/ks`. On a volume labelled `CIDATA`, `user-data` will do when it is a
kickstart. On a machine booted without any of these, a labelled volume is still looked for.

A server that does not answer, breaks off or answers 5xx is asked again after 1, 2, 4, 8 and 15
seconds, and each wait is shown; so is a wait for a volume. 403, 404 and an untrusted certificate
end it at once. A try ends when the server sends nothing for 15 seconds, and after a minute (a
second more for every 64 KiB that have come), from the look-up of its name to the last byte; all
tries together end after three minutes. Redirections are followed to `http://` and `https://`, but
not from `https://` to `http://`. The payload of a medium that was booted over the network is read
by the same rules.

| kernel parameter | meaning |
|---|---|
| `photon.ks=SOURCE` (or `ks=SOURCE`) | install unattended with this kickstart |
| `photon.disk=/dev/...` | the disk to install onto, over what the kickstart says |
| `photon.events=PATH` | where the events go, as JSON lines: a file or a serial port |
| `photon.medium=URL` | where the medium's files are when the machine booted over the network |
| `photon.verify` | verify the medium, and install nothing |
| `ip=...` | the network of the installer itself, as the kernel knows it |

A value with spaces stands in double quotes; the last of several wins.

## When something is wrong

Every finding names the file, line and column, the place as a JSON pointer, what is wrong and what
is allowed: `ks.json:3:5: /storage/layout: "whole-disk" is not allowed (did you mean
"whole_disk"? allowed: whole_disk, free_space, custom)`. No message repeats a password. Nothing is
written to a disk before everything has been checked.

| exit code | what happened |
|---|---|
| 2 | not valid: it was read, but says something that cannot be |
| 6 | not reached: no such file, volume or host, or no answer in time |
| 7 | refused: the server answered and did not give it, or cannot be trusted |
| 8 | not parsed: neither JSON nor YAML |
"""

_SLOTS = """\
Slot a is installed, slot b starts as a copy of it. An upgrade that can be taken back, on the host:

    photon-slot copy                       # b is what a is now
    photon-slot run apt-get update
    photon-slot run apt-get -y upgrade     # in b; a runs on, unchanged
    photon-slot try b && systemctl reboot

Slot b then has three starts to reach its end without a failed unit, each within 15 minutes; with
that it is the good one. A panic of the kernel, a root that does not come, or a kernel that cannot
be loaded is a restart, and after the last one slot a starts again. `photon-slot status` tells which
one runs. What is outside /data, such as accounts, belongs to one slot until it is copied.
"""


def reference() -> str:
    """The whole page, as docs/kickstart.md has it."""
    root = schema()
    parts = [
        _INTRODUCTION,
        _fenced("json", example("short.json")),
        "The same in YAML:\n",
        _fenced("yaml", example("short.yaml")),
        _SOURCES,
        "## The keys\n",
        _table(root, root),
        *(_section(root, name) for name in _objects(root)),
        "## Everything said\n",
        _fenced("json", example("full.json")),
        "## A custom layout\n",
        _fenced("json", example("custom.json")),
        "## A/B root filesystems\n",
        _SLOTS,
        _fenced("json", example("ab.json")),
    ]
    return "\n".join(parts)


def example(name: str) -> str:
    """The text of one of the examples in ``ks_schema/examples``."""
    return resources.files("ks_schema").joinpath("examples", name).read_text("utf-8")


def _objects(root: Schema) -> Iterator[str]:
    """The definitions that describe objects, as a reader going through the keys meets them."""
    seen: dict[str, None] = {}
    waiting = list(root["properties"].values())
    while waiting:
        value = waiting.pop(0)
        name = _target(value)
        if name and name not in seen and "title" in root["$defs"][name]:
            seen[name] = None
            # Its own objects follow it directly.
            waiting[:0] = root["$defs"][name]["properties"].values()
        waiting[:0] = [
            value[key] for key in ("items", "additionalProperties") if _nested(value, key)
        ]
    return iter(seen)


def _nested(value: Schema, key: str) -> bool:
    return isinstance(value.get(key), Mapping)


def _section(root: Schema, name: str) -> str:
    definition = root["$defs"][name]
    text = definition.get("description", "")
    lines = [f"### {definition['title']}\n"]
    if text:
        lines.append(f"{text}\n")
    return "\n".join([*lines, _table(root, definition)])


def _table(root: Schema, definition: Schema) -> str:
    required = definition.get("required", ())
    rows = ["| key | type | default | meaning | example |", "|---|---|---|---|---|"]
    for key, raw in definition["properties"].items():
        value = _resolved(root, raw)
        cells = (
            f"`{key}`",
            _type(root, raw),
            "must be said" if key in required else _default(value),
            _meaning(value),
            f"`{json.dumps(value['examples'][0], ensure_ascii=False)}`",
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _resolved(root: Schema, value: Schema) -> dict[str, Any]:
    """The value's schema with what it refers to; its own words win."""
    target = _target(value)
    return {**(root["$defs"][target] if target else {}), **value}


def _target(value: Schema) -> str:
    return str(value.get("$ref", "")).rpartition("/")[2]


def _type(root: Schema, value: Schema) -> str:
    resolved = _resolved(root, value)
    target = _target(value)
    if target and "title" in resolved:
        or_text = "text or " if "string" in resolved["type"] else ""
        return f"{or_text}object: [{resolved['title']}]({_anchor(resolved['title'])})"
    match resolved["type"]:
        case "array":
            return f"list of {_type(root, resolved['items'])}"
        case "object" if "x-key" in resolved:
            each = _type(root, resolved["additionalProperties"])
            return f"object: {resolved['x-key']} to {each.removeprefix('object: ')}"
        case str(kind):
            return _TYPES[kind]
        case kinds:
            return " or ".join(_TYPES[kind] for kind in kinds)


def _anchor(title: str) -> str:
    return "#" + title.lower().replace(" ", "-")


def _default(value: Schema) -> str:
    if "default" in value:
        default = value["default"]
        return "none" if default in ([], {}, "") else f"`{_as_written(default)}`"
    return str(value.get("x-default", ""))


def _meaning(value: Schema) -> str:
    text = str(value["description"])
    if "enum" in value:
        text += " One of " + ", ".join(f"`{_as_written(each)}`" for each in value["enum"]) + "."
    if looks_like := value.get("x-looks-like") or value.get("items", {}).get("x-looks-like"):
        text += f" Form: {looks_like}."
    if "minimum" in value and "maximum" in value and "x-looks-like" not in value:
        text += f" From {value['minimum']} to {value['maximum']}."
    return text


def _as_written(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict | list) else quoted_plain(value)


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}```\n"
