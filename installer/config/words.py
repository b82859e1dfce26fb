"""One converter between a kickstart's document and the dataclasses of the configuration.

A field is the key of its name, and its type says the rest: a dataclass is an object, a tuple a
list, an enum its text, ``X | None`` a key that may be missing. What else there is to know is an
annotation: ``Annotated[int, Codec(...)]`` and the other marks below.

A value that is the default of its field is not written, unless the field is marked ``ALWAYS``.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum, StrEnum
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from installer.config.password import Password, password, password_data
from installer.secret import Secret
from ks_schema.syntax import child

Data = Mapping[str, Any]
# The texts of secrets by the pointers of the objects that stand for them.
Secrets = Mapping[str, Secret]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Codec:
    """How a value is read from what the document says, and written again."""

    read: Callable[[Any], Any]
    write: Callable[[Any], Any] = str


@dataclass(frozen=True, slots=True)
class Spread:
    """A value that several keys of an object say together."""

    keys: tuple[str, ...]
    read: Callable[[Data], Any]
    write: Callable[[Any], Data]


@dataclass(frozen=True, slots=True)
class Key:
    """The key of a field that cannot have its name."""

    name: str


class Mark(Enum):
    """Marks without values of their own."""

    NAMED = "an object: the first field of each item is its key"
    PAIRS = "an object: each item is a key and its value"
    INLINE = "its fields are keys of the object that holds it"
    ALWAYS = "written even when it is the default"
    DRAWN = "no key: it is drawn after the document was read"


NAMED, PAIRS, INLINE, ALWAYS, DRAWN = Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a type hint says: the type without None, what is in a tuple, and the marks."""

    kind: Any
    item: Shape | None = None
    codec: Codec | None = None
    spread: Spread | None = None
    marks: frozenset[Mark] = frozenset()

    @property
    def is_object(self) -> bool:
        """Whether the document has an object for it, with a key for each field."""
        return is_dataclass(self.kind) and self.codec is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a dataclass, with the key that says it and what it is when nothing does."""

    name: str
    key: str
    shape: Shape
    default: Any


def read(kind: type[T], data: Data, secrets: Secrets, pointer: str = "") -> T:
    """The dataclass ``kind`` that a checked object says; ``pointer`` is the object's place."""
    return kind(**_read_fields(kind, data, secrets, pointer))


def written(value: Any) -> dict[str, Any]:
    """The object that gives this dataclass; passphrases are to be asked for.

    :raises ValueError: there is a plain password; it has to be hashed first.
    """
    data: dict[str, Any] = {}
    for field in fields_of(value.__class__):
        found = getattr(value, field.name)
        if Mark.DRAWN in field.shape.marks or found is None:
            continue
        if found == field.default and Mark.ALWAYS not in field.shape.marks:
            continue
        if field.shape.spread:
            data.update(field.shape.spread.write(found))
        elif Mark.INLINE in field.shape.marks:
            data.update(written(found))
        else:
            data[field.key] = _written(field.shape, found)
    return data


def secrets_said(kind: Any, data: object, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """The place of each secret in a document that may be at fault, with what is said there."""
    if not isinstance(data, Mapping):
        return
    for field in fields_of(kind):
        shape = field.shape
        if Mark.INLINE in shape.marks:
            yield from secrets_said(shape.kind, data, pointer)
        elif field.key in data and Mark.DRAWN not in shape.marks:
            yield from _secrets_in(shape, data[field.key], child(pointer, field.key))


@cache
def fields_of(kind: Any) -> tuple[Field, ...]:
    """The fields of a dataclass of the configuration."""
    hints = get_type_hints(kind, include_extras=True)
    found = []
    for each in fields(kind):
        default = each.default
        if each.default_factory is not MISSING:
            default = each.default_factory()
        names = [mark.name for mark in _metadata(hints[each.name]) if isinstance(mark, Key)]
        key = names[0] if names else each.name
        shape = _shape(hints[each.name])
        found.append(Field(name=each.name, key=key, shape=shape, default=default))
    return tuple(found)


def _metadata(hint: Any) -> tuple[Any, ...]:
    return get_args(hint)[1:] if get_origin(hint) is Annotated else ()


def _shape(hint: Any) -> Shape:
    marks = list(_metadata(hint))
    while marks or get_origin(hint) in {Annotated, Union, types.UnionType}:
        if get_origin(hint) is Annotated:
            marks += [mark for mark in _metadata(hint) if mark not in marks]
            hint = get_args(hint)[0]
        elif get_origin(hint) in {Union, types.UnionType}:
            (hint,) = (each for each in get_args(hint) if each is not types.NoneType)
        else:
            break
    item = _shape(get_args(hint)[0]) if get_origin(hint) is tuple else None
    if Mark.PAIRS in marks:
        item = _shape(get_args(get_args(hint)[0])[1])
    return Shape(
        kind=get_origin(hint) or hint,
        item=item,
        codec=next((mark for mark in marks if isinstance(mark, Codec)), None),
        spread=next((mark for mark in marks if isinstance(mark, Spread)), None),
        marks=frozenset(mark for mark in marks if isinstance(mark, Mark)),
    )


def _read_fields(kind: type, data: Data, secrets: Secrets, pointer: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields_of(kind):
        shape = field.shape
        if Mark.DRAWN in shape.marks:
            continue
        if shape.spread:
            if any(key in data for key in shape.spread.keys):
                found[field.name] = shape.spread.read(data)
        elif Mark.INLINE in shape.marks:
            found[field.name] = read(shape.kind, data, secrets, pointer)
        elif field.key in data:
            place = child(pointer, field.key)
            found[field.name] = _value(shape, data[field.key], secrets, place)
    return found


def _value(shape: Shape, said: Any, secrets: Secrets, pointer: str) -> Any:
    if shape.codec:
        return shape.codec.read(said)
    if shape.item:
        return tuple(_items(shape, shape.item, said, secrets, pointer))
    if shape.kind is Secret:
        return secrets.get(pointer)
    if shape.kind is Password:
        return password(said, secrets.get(pointer))
    if shape.is_object:
        return read(shape.kind, said, secrets, pointer)
    return shape.kind(said) if issubclass(shape.kind, StrEnum) else said


def _items(shape: Shape, item: Shape, said: Any, secrets: Secrets, pointer: str) -> Iterator[Any]:
    if Mark.NAMED in shape.marks:
        name = fields_of(item.kind)[0].name
        for key, each in said.items():
            rest = _read_fields(item.kind, each, secrets, child(pointer, key))
            yield item.kind(**{name: key}, **rest)
    elif Mark.PAIRS in shape.marks:
        for key, each in said.items():
            yield key, _value(item, each, secrets, child(pointer, key))
    else:
        for index, each in enumerate(said):
            yield _value(item, each, secrets, child(pointer, index))


def _written(shape: Shape, value: Any) -> Any:
    if shape.codec:
        return shape.codec.write(value)
    if shape.item:
        return _written_items(shape, shape.item, value)
    match value:
        case Secret():
            return {"ask": True}
        case Password():
            return password_data(value)
        case StrEnum():
            return value.value
    return written(value) if shape.is_object else value


def _written_items(shape: Shape, item: Shape, value: tuple[Any, ...]) -> Any:
    if Mark.NAMED in shape.marks:
        name = fields_of(item.kind)[0].name
        return {getattr(each, name): _without(written(each), name) for each in value}
    if Mark.PAIRS in shape.marks:
        return {key: _written(item, each) for key, each in value}
    return [_written(item, each) for each in value]


def _without(data: Data, key: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != key}


def _secrets_in(shape: Shape, said: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    item = shape.item
    if shape.kind in {Secret, Password}:
        yield pointer, said
    elif item is None:
        if shape.is_object:
            yield from secrets_said(shape.kind, said, pointer)
    elif isinstance(said, Mapping):
        for key, each in said.items():
            yield from _secrets_in(item, each, child(pointer, key))
    elif isinstance(said, list | tuple):
        for index, each in enumerate(said):
            yield from _secrets_in(item, each, child(pointer, index))
