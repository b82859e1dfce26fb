"""What the schema says of a document, all at once and in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ks_schema.document import Document
from ks_schema.language import schema
from ks_schema.problem import Problem
from ks_schema.syntax import child
from ks_schema.wording import Finding, Said, words_for

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

# Of a value with such a fault nothing else is told: the rest follows from it.
_SETTLING = frozenset({"type", "minLength", "maxLength", "maxItems"})


def check(document: Document) -> tuple[Problem, ...]:
    """Every way in which the document is not what the schema asks for, in the order of its lines.

    No message repeats a password, a key or a script.
    """
    errors = _validator().iter_errors(_plain(document.data))
    findings = [_finding(error) for error in errors]
    settled = {found.pointer for found in findings if found.keyword in _SETTLING}
    said = (
        each
        for found in findings
        if found.keyword in _SETTLING or found.pointer not in settled
        for each in words_for(found)
    )
    return in_order(_problem(document, each) for each in dict.fromkeys(said))


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems as a reader of the document meets them; without lines, as they were found."""
    return tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))


def _problem(document: Document, said: Said) -> Problem:
    return document.problem(said.pointer, said.message, said.hint)


@cache
def _validator() -> Validator:
    # Imported here: jsonschema takes longer to import than all else the first screen needs.
    from jsonschema import Draft202012Validator, validators  # noqa: PLC0415

    from ks_schema.keywords import bounded_keywords, is_integer  # noqa: PLC0415

    extend: Callable[..., Callable[..., Validator]] = validators.extend
    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", is_integer)
    keywords = bounded_keywords(Draft202012Validator.VALIDATORS)
    return extend(Draft202012Validator, keywords, type_checker=types)(schema())


def _finding(error: ValidationError) -> Finding:
    pointer = ""
    for part in error.absolute_path:
        pointer = child(pointer, part)
    own_schema = error.schema if isinstance(error.schema, Mapping) else {}
    about_key = "propertyNames" in list(error.absolute_schema_path)[-2:-1]
    return Finding(
        pointer=child(pointer, str(error.instance)) if about_key else pointer,
        keyword=str(error.validator),
        limit=error.validator_value,
        value=error.instance,
        schema=own_schema,
        about_key=about_key,
    )


def _plain(value: Any) -> Any:
    """The value in the types that jsonschema knows for objects and lists."""
    match value:
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case _:
            return value
