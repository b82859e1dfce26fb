"""Values of the payload index, each in the form that it must have: a server may send anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ks_schema.wording import quoted

PATH = re.compile("/[ -~]{1,1023}")
_LARGEST = 1 << 60

Data = Mapping[str, Any]


def text(data: Data, key: str, form: re.Pattern[str]) -> str:
    """A text of that form.

    :raises KeyError: there is none.
    :raises ValueError: it has another form.
    """
    found = data[key]
    if not isinstance(found, str) or not form.fullmatch(found):
        raise ValueError(f"{quoted(found)} cannot be the {key} of anything")
    return found


def number(data: Data, key: str) -> int:
    """A number of bytes.

    :raises KeyError: there is none.
    :raises ValueError: it cannot be one.
    """
    found = data[key]
    if type(found) is not int or not 0 <= found <= _LARGEST:
        raise ValueError(f"{quoted(found)} cannot be the {key} of anything")
    return found


def names(data: Data, key: str, form: re.Pattern[str]) -> frozenset[str]:
    """Names of that form; none when the index does not say.

    :raises ValueError: they are not a list, or one has another form.
    """
    return some_names(data, key, form) or frozenset()


def some_names(data: Data, key: str, form: re.Pattern[str]) -> frozenset[str] | None:
    """The same where it matters whether the index says it: None when it does not.

    :raises ValueError: they are not a list, or one has another form.
    """
    if key not in data:
        return None
    found = data[key]
    if not isinstance(found, list):
        raise ValueError(f"{quoted(found)} cannot be the {key} of anything")  # noqa: TRY004
    return frozenset(text({key: name}, key, form) for name in found)


def sizes(data: Data, key: str) -> dict[str, int]:
    """Bytes by path; none when the index does not say.

    :raises ValueError: it is something else.
    """
    return {path: number({key: size}, key) for path, size in _by_path(data, key).items()}


def paths(data: Data, key: str) -> dict[str, str]:
    """Paths by path; none when the index does not say.

    :raises ValueError: it is something else.
    """
    return {path: text({key: other}, key, PATH) for path, other in _by_path(data, key).items()}


def _by_path(data: Data, key: str) -> Data:
    found = data.get(key, {})
    if not isinstance(found, Mapping):
        raise ValueError(f"{quoted(found)} cannot be the {key} of anything")  # noqa: TRY004
    for path in found:
        text({key: path}, key, PATH)
    return found
