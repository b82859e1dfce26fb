"""From a document to the configuration, when nothing in it is wrong."""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from installer.config.kickstart import InstallConfig
from installer.config.password import login_fault
from installer.config.rules import rule_problems
from installer.config.sound import Sound
from installer.config.words import read, secrets_said
from installer.errors import KickstartInvalid
from installer.secret import Secret
from installer.system.regular_file import open_regular
from ks_schema import Document, Problem, check
from ks_schema.checker import in_order
from ks_schema.language import fits, part_at

_LONGEST_SECRET = 1024
_MOK = "/boot/machine_owner_key/password"
_TYPED_BEFORE_THE_HOST = frozenset({"/boot/menu_password", _MOK})
_ACCOUNTS = ("/root/", "/users/")
_STORAGE_KEYS = ("version", "disks", "storage")

Data = Mapping[str, Any]


def read_secret_file(path: str) -> str:
    """The first line of the file: what ``{"file": path}`` stands for.

    :raises ValueError: there is no such line, or it cannot be a password; never with its text.
    """
    try:
        with open_regular(path) as file:
            line = file.readline(4 * _LONGEST_SECRET + 1).decode("utf-8")
    except OSError as error:
        raise ValueError(f"the file cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError("the file is not UTF-8 text") from None
    text = line.rstrip("\r\n")
    if not text:
        raise ValueError("the first line of the file is empty")
    if len(text) > _LONGEST_SECRET or not text.isprintable():
        raise ValueError("the first line of the file is too long, or no plain text")
    return text


def asked_later(_pointer: str) -> str:
    """An answer for whoever only wants to know whether all else is right."""
    return "asked-for-when-it-is-installed"


def from_document(
    document: Document,
    *,
    read_secret: Callable[[str], str] = read_secret_file,
    ask: Callable[[str], str] | None = None,
    now: datetime | None = None,
) -> InstallConfig:
    """The configuration that the document describes.

    ``read_secret`` gives the text of a secret by the path of its file; it may raise OSError and
    ValueError. ``ask`` gets a passphrase by the place (JSON pointer) that it is for; None when
    there is nobody to ask. ``now`` is the time (UTC) for which keys that expire are judged; without
    it, none has expired.

    :raises KickstartInvalid: with every problem of schema, rules and secrets at once.
    """
    findings = check(document)
    sound = Sound(document, findings)
    findings += rule_problems(document, findings, now)
    secrets: dict[str, Secret] = {}
    for pointer, said in _secrets(sound):
        try:
            if text := _secret_text(said, pointer, read_secret, ask):
                secrets[pointer] = Secret(text)
        except (OSError, ValueError) as error:
            findings += (_unreadable(document, pointer, said, error),)
    if findings:
        raise KickstartInvalid(in_order(findings))
    return read(InstallConfig, document.data, secrets)


def kickstart_problems(document: Document, *, now: datetime) -> tuple[Problem, ...]:
    """Everything that is wrong with a kickstart, as far as can be told without the machine."""
    try:
        from_document(document, ask=asked_later, now=now)
    except KickstartInvalid as error:
        return error.problems
    return ()


def storage_from_document(
    document: Document, *, ask: Callable[[str], str] | None = None
) -> InstallConfig:
    """The configuration of disks, storage and the boot mode alone; nothing else is looked at.

    :raises KickstartInvalid: with every problem of those.
    """
    parts = {key: document.data[key] for key in _STORAGE_KEYS if key in document.data}
    if mode := Sound(document, ()).value("boot", "mode"):
        parts["boot"] = {"mode": mode}
    part = replace(document, data=parts)
    findings = check(part)
    sound = Sound(part, findings)
    findings += tuple(
        each
        for each in rule_problems(part, findings)
        if each.pointer.startswith(tuple(f"/{key}" for key in (*_STORAGE_KEYS, "boot")))
    )
    secrets: dict[str, Secret] = {}
    for pointer, said in _secrets(sound):
        with contextlib.suppress(OSError, ValueError):
            # What is only thought about yet needs no passphrase to be right.
            if text := _secret_text(said, pointer, lambda _path: "in a file", ask):
                secrets[pointer] = Secret(text)
    if findings:
        raise KickstartInvalid(in_order(findings))
    return read(InstallConfig, parts, secrets)


def _secret_text(
    said: Data, pointer: str, read_secret: Callable[[str], str], ask: Callable[[str], str] | None
) -> str:
    """The text of a secret; "" for a hash, and for what is locked or not there."""
    match said:
        case {"file": str(path)}:
            text = read_secret(path)
        case {"ask": True}:
            if ask is None:
                raise ValueError("it is to be asked for, and nobody is here to answer")
            text = ask(pointer)
        case _:
            text = str(said.get("plain", ""))
    if pointer in _TYPED_BEFORE_THE_HOST and not text.isascii():
        raise ValueError("it cannot be typed on a US keyboard, the one known where it is asked for")
    # A keyboard types ü as one character; some editors save it as a u and two dots.
    text = unicodedata.normalize("NFC", text)
    if text and (fault := _fault_of(text, pointer)):
        raise ValueError(fault)
    return text


def _fault_of(text: str, pointer: str) -> str:
    """Why a secret from elsewhere could not stand in the kickstart as it is; "" when it could."""
    form = part_at(pointer)["properties"]["plain"]
    if len(text) < form["minLength"]:
        return f"it is too short: at least {form['minLength']} characters"
    if len(text) > form["maxLength"]:
        return f"it is too long: at most {form['maxLength']} characters"
    if not fits(form["pattern"], text):
        return f"it is not {form['x-looks-like']}"
    return login_fault(text) if pointer.startswith(_ACCOUNTS) else ""


def _unreadable(
    document: Document, pointer: str, said: Data, error: OSError | ValueError
) -> Problem:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    name = pointer.rpartition("/")[2]
    if "plain" in said:
        return document.problem(f"{pointer}/plain", f"no {name}: {reason}", "choose another one")
    if name not in {"password", "menu_password"} or pointer == _MOK:
        hint = "name a file that has it in its first line"
        return document.problem(pointer, f"no {name}: {reason}", hint)
    return document.problem(
        f"{pointer}/file", f"no password from this file: {reason}", "give the file its password"
    )


def _secrets(sound: Sound) -> Iterator[tuple[str, Any]]:
    """The pointer of every password and passphrase, with what is said of it."""
    for pointer, said in secrets_said(InstallConfig, sound.document.data):
        if sound.is_sound(pointer):
            yield pointer, said
