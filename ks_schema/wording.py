"""Plain words for what a JSON Schema validator finds."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ks_schema.syntax import child

_TYPES = {
    "object": "an object (keys with values)",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}
_KINDS = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
}
_YES_AND_NO = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_LONGEST_ECHO = 48
_MOST_UNKNOWN_KEYS = 10
# Letters and marks, to Python, that are drawn as nothing: Default_Ignorable_Code_Point of
# https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt, without those that
# str.isprintable() knows.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding of the validator.

    ``keyword`` of ``schema`` (with the value ``limit``) is not met by ``value``, which stands at
    ``pointer``; ``about_key`` means that the last key of the pointer itself is at fault.
    """

    pointer: str
    keyword: str
    limit: Any
    value: Any
    schema: Mapping[str, Any]
    about_key: bool = False

    @property
    def secret(self) -> bool:
        """No message may repeat the value."""
        return bool(self.schema.get("x-secret"))

    @property
    def looks_like(self) -> str:
        """What a valid value looks like, in words; "" when the schema does not say."""
        return str(self.schema.get("x-looks-like", ""))


class Said(NamedTuple):
    """A finding in words, with the place it is about."""

    pointer: str
    message: str
    hint: str = ""


def words_for(found: Finding) -> Iterable[Said]:
    """What to tell of the finding: mostly one thing, one for each key that is unknown."""
    tell = _TELLERS.get(found.keyword)
    if tell is None:
        return [Said(found.pointer, "this value is not allowed", found.looks_like)]
    return tell(found)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant; small letters and hyphens make no difference."""
    same = {each.lower().replace("-", "_"): each for each in known}
    close = difflib.get_close_matches(word.lower().replace("-", "_"), same, n=1, cutoff=0.65)
    return same[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question that names the nearest known word; "" when there is none."""
    guess = nearest(word, known)
    return f'did you mean "{guess}"?' if guess else ""


def quoted(value: object) -> str:
    """The value for a message: short, on one line, without control characters."""
    if value is None:
        return "null"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    text = str(value)
    shown = printable(text[:_LONGEST_ECHO]) + ("..." if len(text) > _LONGEST_ECHO else "")
    return f'"{shown}"' if '"' not in shown else f"'{shown}'"


def printable(text: str) -> str:
    """The text on one line: what a terminal would obey, or not show, is escaped as in JSON.

    Whatever comes from outside (a disk's label, a server's words, a program's output) could
    otherwise clear the screen, or write a line that looks like one of the installer's own. JSON
    means the same after it as before.
    """
    return text if _is_printable(text) else "".join(map(_escaped, text))


def json_line(data: object) -> str:
    """The data as JSON on one line, which can be shown in a terminal."""
    return printable(json.dumps(data, ensure_ascii=False))


def printable_lines(text: str) -> str:
    """The same for a text of several lines, which stay lines; tabs stay as well."""
    if _is_printable(text):
        return text
    return "".join(each if each in "\n\t" else _escaped(each) for each in text)


def _is_printable(text: str) -> bool:
    """Whether every character of it can be seen, and none changes how the others are shown."""
    return text.isprintable() and _UNSEEN.search(text) is None


def _escaped(character: str) -> str:
    if _is_printable(character):
        return character
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def kind_of(value: object) -> str:
    """The type of the value in the kickstart's own words."""
    return _TYPES[_KINDS.get(type(value), "object")]


def _unknown_keys(found: Finding) -> Iterator[Said]:
    if isinstance(found.limit, Mapping):
        yield from _more(found)
        return
    known = list(found.schema.get("properties", ()))
    allowed = "allowed here: " + ", ".join(known)
    unknown = [key for key in found.value if key not in known]
    if found.secret:
        # What stands here instead of a key may be the secret: {plain:secret} is a key in YAML.
        yield Said(found.pointer, "there is an unknown key in this object", allowed)
        return
    for key in unknown[:_MOST_UNKNOWN_KEYS]:
        instead = found.schema.get("x-instead", {}).get(key) or did_you_mean(key, known)
        hint = f"{instead} {allowed}" if instead.endswith("?") else instead or allowed
        yield Said(child(found.pointer, key), f"unknown key {quoted(key)} here", hint)
    if more := len(unknown[_MOST_UNKNOWN_KEYS:]):
        yield Said(found.pointer, f"and {more} more keys that are not known here", allowed)


def _more(found: Finding) -> Iterator[Said]:
    yield Said(found.pointer, "there are more faults in this than are shown")


def _missing_keys(found: Finding) -> Iterator[Said]:
    for key in found.limit:
        if key not in found.value:
            meaning = found.schema.get("properties", {}).get(key, {}).get("description", "")
            yield Said(found.pointer, f'the key "{key}" is missing', meaning.rstrip("."))


def _wrong_type(found: Finding) -> Iterator[Said]:
    wanted = [found.limit] if isinstance(found.limit, str) else list(found.limit)
    words = " or ".join(_TYPES[each] for each in wanted)
    hint = _type_hint(found, wanted)
    yield Said(found.pointer, f"this must be {words}, not {kind_of(found.value)}", hint)


def _type_hint(found: Finding, wanted: list[str]) -> str:
    choices = ", ".join(quoted_plain(each) for each in found.schema.get("enum", ()))
    match wanted:
        case ["boolean"]:
            word = str(found.value).lower()
            return f"write {_YES_AND_NO.get(word, 'true or false')}, without quotes"
        case ["string"] if choices:
            return f"allowed: {choices}"
        case ["string"] if isinstance(found.value, bool | int | float):
            return "in quotes"
        case ["array"] if isinstance(found.value, str | int | float):
            return "put it in brackets: [...]"
        case ["object"]:
            return _object_hint(found.schema)
        case _:
            is_number = isinstance(found.value, str) and found.value.isdecimal()
            return "without quotes" if is_number else found.looks_like


def _object_hint(schema: Mapping[str, Any]) -> str:
    keys = ", ".join(schema.get("properties", ()))
    if schema.get("maxProperties") == 1:
        return f"an object with exactly one of {keys}"
    if "oneOf" in schema:
        return f"an object with exactly one of {', '.join(_choices(schema['oneOf']))}"
    return f"its keys are {keys}" if keys else ""


def _not_allowed(found: Finding) -> Iterator[Said]:
    allowed = "allowed: " + ", ".join(quoted_plain(each) for each in found.limit)
    if found.secret:
        yield Said(found.pointer, "this value is not allowed", allowed)
        return
    guess = did_you_mean(found.value, found.limit) if isinstance(found.value, str) else ""
    hint = f"{guess} {allowed}".strip()
    yield Said(found.pointer, f"{quoted(found.value)} is not allowed here", hint)


def quoted_plain(value: object) -> str:
    """The value as it is written in a list of allowed ones."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pattern(found: Finding) -> Iterator[Said]:
    if found.about_key:
        message = f"{quoted(found.value)} is not a valid name"
    elif found.secret:
        message = "this text is not of the right form"
    else:
        message = f"{quoted(found.value)} is not of the right form"
    yield Said(found.pointer, message, found.looks_like)


def _too_few_keys(found: Finding) -> Iterator[Said]:
    keys = ", ".join(found.schema.get("properties", ()))
    if not keys:
        yield Said(found.pointer, "this must not be empty")
    elif found.schema.get("maxProperties") == 1:
        yield Said(found.pointer, f"exactly one of these keys must be here: {keys}")
    else:
        yield Said(found.pointer, f"at least one of these keys must be here: {keys}")


def _too_many_keys(found: Finding) -> Iterator[Said]:
    known = found.schema.get("properties", {})
    if not known:
        yield Said(found.pointer, f"this has too many keys: at most {found.limit}")
        return
    said = [key for key in found.value if key in known]
    if len(said) > found.limit:
        message = f"only one of {' and '.join(said)} can be here"
        yield Said(found.pointer, message, f"exactly one of {', '.join(known)}")


def _not_one_of(found: Finding) -> Iterator[Said]:
    choices = _choices(found.limit)
    said = [key for key in choices if key in found.value]
    if said:
        hint = f"exactly one of {', '.join(choices)}"
        yield Said(found.pointer, f"only one of {' and '.join(said)} can be here", hint)
    elif not set(found.value) - set(found.schema.get("properties", ())):
        # An unknown key, which is told of anyway, is likely to be one of them misspelt.
        message = f"exactly one of these keys must be here: {', '.join(choices)}"
        yield Said(found.pointer, message)


def _choices(alternatives: Iterable[Mapping[str, Any]]) -> list[str]:
    """The keys of a ``oneOf`` whose members each require one."""
    return [key for each in alternatives for key in each["required"]]


def _missing_company(found: Finding) -> Iterator[Said]:
    for key, needed in found.limit.items():
        missing = [each for each in needed if each not in found.value]
        if key in found.value and missing:
            message = f"{quoted(key)} is only valid with {quoted(missing[0])}"
            yield Said(child(found.pointer, key), message, "remove it")


def _length(found: Finding) -> Iterator[Said]:
    if found.keyword == "minLength":
        short = f"this is too short: at least {found.limit} characters"
        message = short if found.value else "this text must not be empty"
        yield Said(found.pointer, message, found.looks_like)
        return
    unit = "items" if found.keyword == "maxItems" else "characters"
    yield Said(found.pointer, f"this is too long: at most {found.limit} {unit}", found.looks_like)


def _too_few_items(found: Finding) -> Iterator[Said]:
    yield Said(found.pointer, "this list must not be empty")


def _range(found: Finding) -> Iterator[Said]:
    words = {
        "minimum": "is too small: at least",
        "exclusiveMinimum": "is too small: more than",
        "maximum": "is too large: at most",
    }
    yield Said(found.pointer, f"{quoted_plain(found.value)} {words[found.keyword]} {found.limit}")


def _not_unique(found: Finding) -> Iterator[Said]:
    seen: dict[object, int] = {}
    for number, item in enumerate(found.value, start=1):
        if not isinstance(item, str | int | float):
            continue  # it is of the wrong type, which is a finding of its own
        first = seen.setdefault(item, number)
        if first != number:
            message = f"this is the same as item {first} of the list"
            yield Said(child(found.pointer, number - 1), message, "take one away")


_TELLERS: Mapping[str, Callable[[Finding], Iterable[Said]]] = {
    "additionalProperties": _unknown_keys,
    "items": _more,
    "propertyNames": _more,
    "required": _missing_keys,
    "oneOf": _not_one_of,
    "dependentRequired": _missing_company,
    "type": _wrong_type,
    "enum": _not_allowed,
    "pattern": _pattern,
    "minProperties": _too_few_keys,
    "maxProperties": _too_many_keys,
    "minLength": _length,
    "maxLength": _length,
    "maxItems": _length,
    "minItems": _too_few_items,
    "minimum": _range,
    "exclusiveMinimum": _range,
    "maximum": _range,
    "uniqueItems": _not_unique,
}
