"""From the text of a kickstart to a document: JSON, or YAML with the same content."""

from __future__ import annotations

import re
import zlib
from contextlib import suppress

from ks_schema.document import Document
from ks_schema.problem import Problem
from ks_schema.syntax import Fault, Parsed, read_json

MAX_BYTES = 1 << 20
_GZIP = b"\x1f\x8b"
_SAVE_AS_UTF_8 = "save the file as UTF-8"
_GIVE_IT_UNPACKED = "give the file that is in it"
# How files begin that are put, or sent, in a kickstart's place: what each is, and what to do.
_OTHER_FILES = {
    b"PK\x03\x04": ("a zip archive", _GIVE_IT_UNPACKED),
    b"\xfd7zXZ\0": ("compressed with xz", _GIVE_IT_UNPACKED),
    b"\x28\xb5\x2f\xfd": ("compressed with zstd", _GIVE_IT_UNPACKED),
    b"BZh": ("compressed with bzip2", _GIVE_IT_UNPACKED),
    b"%PDF": ("a PDF document", "save it as plain text"),
    b"\xff\xfe": ("UTF-16 text", _SAVE_AS_UTF_8),
    b"\xfe\xff": ("UTF-16 text", _SAVE_AS_UTF_8),
}
# Not "<<", which is a merge key of YAML.
_MARKUP = re.compile(r"\s*<[!?/a-zA-Z]")


class SyntaxProblem(Exception):
    """The text is neither JSON nor YAML, or not one object; ``problem`` says where and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def load(text: str | bytes, *, name: str) -> Document:
    """The document in ``text``, with the line and column of every value.

    A text that begins with ``{`` is JSON, unless ``name`` ends in ``.yaml`` or ``.yml``; any other
    is YAML. Bytes are UTF-8, with or without a byte order mark, and may be compressed with gzip.

    :raises SyntaxProblem: it cannot be read; for any text, nothing else is raised.
    """
    try:
        parsed = _parse(_decoded(text), name)
    except Fault as fault:
        raise SyntaxProblem(_problem(fault, name)) from None
    if not isinstance(parsed.data, dict):
        raise SyntaxProblem(_problem(_not_an_object(parsed.data), name))
    return Document(data=parsed.data, name=name, positions=parsed.positions)


def _decoded(text: str | bytes) -> str:
    if isinstance(text, bytes) and text.startswith(_GZIP):
        text = _unpacked(text)
    if len(text) > MAX_BYTES:
        raise Fault("the text is larger than 1 MiB, which no kickstart is", 1, 1)
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    for beginning, (what, hint) in _OTHER_FILES.items():
        if text.startswith(beginning):
            raise Fault(f"this is {what}, not a kickstart", 1, 1, hint)
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        column = error.start - before.rfind(b"\n")
        message = f"the byte {error.object[error.start]:#04x} is not UTF-8 text"
        raise Fault(message, before.count(b"\n") + 1, column, _SAVE_AS_UTF_8) from None


def _unpacked(data: bytes) -> bytes:
    """What is in gzip data, of which no more is unpacked than a kickstart may have."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        found = unpacker.decompress(data, MAX_BYTES + 1)
    except zlib.error:
        found = None
    if found is None or not (unpacker.eof or len(found) > MAX_BYTES):
        raise Fault("this gzip data is cut off or damaged", 1, 1, "pack it again")
    return found


def _parse(text: str, name: str) -> Parsed:
    if _MARKUP.match(text):
        what = "XML" if text.lstrip().startswith("<?xml") else "a web page"
        raise Fault(f"this is {what}, not a kickstart", 1, 1, "is its address right?")
    looks_like_json = text.lstrip(" \t\r\n").startswith("{")
    called_yaml = name.partition("?")[0].endswith((".yaml", ".yml"))
    if looks_like_json and not called_yaml:
        return read_json(text)
    from ks_schema.yaml_syntax import read_yaml  # noqa: PLC0415 (few kickstarts need PyYAML)

    try:
        return read_yaml(text)
    except Fault as fault:
        if not looks_like_json:
            raise
        # JSON with tabs is no YAML, but it is a kickstart whatever its file is called.
        with suppress(Fault):
            return read_json(text)
        raise fault from None


def _not_an_object(data: object) -> Fault:
    if data is None:
        return Fault("the document is empty", 1, 1, 'the shortest kickstart begins {"version": 1')
    return Fault(
        "a kickstart is an object, keys with values, and this is not", 1, 1, 'like {"version": 1}'
    )


def _problem(fault: Fault, name: str) -> Problem:
    return Problem(
        pointer="",
        message=fault.message,
        hint=fault.hint,
        file=name,
        line=fault.line,
        column=fault.column,
    )
