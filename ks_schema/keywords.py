"""Keywords of JSON Schema as the kickstart has them: exact, and with an end to their work.

The server of a kickstart decides what is in it. jsonschema compares every item of a list with
every other, and reports each of a hundred thousand faults; for a mebibyte of text that takes hours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from jsonschema.exceptions import ValidationError

from ks_schema.language import fits

# Of a list, or an object with keys of the user's own, no more faults are reported than these.
MOST_FAULTS = 100

Keyword = Callable[[Any, Any, Any, Any], Any]
_LIMITS = {
    "items": "maxItems",
    "additionalProperties": "maxProperties",
    "propertyNames": "maxProperties",
}


def bounded_keywords(standard: Mapping[str, Keyword]) -> dict[str, Keyword]:
    """What takes the place of jsonschema's own keywords."""
    bounded = {name: _bounded(standard[name], limit) for name, limit in _LIMITS.items()}
    return {**bounded, "pattern": _whole_pattern, "uniqueItems": _unique_scalars}


def is_integer(_checker: Any, value: object) -> bool:
    """A whole number. JSON Schema takes 1.0 as well, which the installer then would have to."""
    return isinstance(value, int) and not isinstance(value, bool)


def _bounded(standard: Keyword, limit: str) -> Keyword:
    """The keyword, unless there are too many parts to look at; of its faults only the first."""

    def look(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        about_parts = isinstance(value, Mapping) and isinstance(instance, list | dict)
        if about_parts and len(instance) > schema.get(limit, len(instance)):
            return  # which is a finding of its own
        faults = iter(standard(validator, value, instance, schema) or ())
        yield from islice(faults, MOST_FAULTS)
        if next(faults, None):
            # About the whole, so that nobody takes the parts that were not looked at for sound.
            yield ValidationError("more")

    return look


def _whole_pattern(
    _validator: Any, pattern: str, instance: object, schema: Any
) -> Iterator[ValidationError]:
    if not isinstance(instance, str) or len(instance) > schema.get("maxLength", len(instance)):
        return
    if not fits(pattern, instance):
        yield ValidationError("pattern")


def _unique_scalars(
    _validator: Any, wanted: bool, instance: object, schema: Any
) -> Iterator[ValidationError]:
    """No text or number twice; what else stands in such a list is of the wrong type anyway."""
    if not wanted or not isinstance(instance, list):
        return
    scalars = [each for each in instance if isinstance(each, str | int | float)]
    too_many = len(instance) > schema.get("maxItems", len(instance))
    if not too_many and len(set(scalars)) < len(scalars):
        yield ValidationError("uniqueItems")
