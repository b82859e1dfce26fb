"""From a document to the configuration, when nothing in it is wrong."""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

from installer.config.boot_data import (
    HAND_OVER,
    MENU,
    MOK,
    PIN,
    boot,
)
from installer.config.disks import disk_selector
from installer.config.keyboard import keyboard_from_text
from installer.config.model import (
    EndAction,
    Ethernet,
    Finish,
    InstallConfig,
    KernelFlavour,
    Packages,
    PackageSet,
    Root,
    Route,
    Script,
    ServiceState,
    SudoRule,
    User,
)
from installer.config.password import login_fault, password
from installer.config.rules import rule_problems
from installer.config.sound import Sound
from installer.config.storage_data import storage
from installer.errors import KickstartInvalid
from installer.secret import Secret
from installer.sizes import parse_duration
from installer.system.regular_file import open_regular
from ks_schema import Document, Problem, check
from ks_schema.checker import in_order
from ks_schema.language import definition, fits

_LONGEST_SECRET = 1024
_TYPED_BEFORE_THE_HOST = frozenset({MENU, MOK})
# What the schema calls a secret, where its key does not say it.
_FORMS = {"password": "secret"}
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
    return _config(document.data, secrets)


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
    return _config(parts, secrets)


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
    kind = pointer.rpartition("/")[2]
    if pointer in {PIN, MOK}:
        kind = "typed_secret"
    form = definition(_FORMS.get(kind, kind))["properties"]["plain"]
    if len(text) < form["minLength"]:
        return f"it is too short: at least {form['minLength']} characters"
    if len(text) > form["maxLength"]:
        return f"it is too long: at most {form['maxLength']} characters"
    if not fits(form["pattern"], text):
        return f"it is not {form['x-looks-like']}"
    return login_fault(text) if kind == "password" else ""


def _unreadable(
    document: Document, pointer: str, said: Data, error: OSError | ValueError
) -> Problem:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    name = pointer.rpartition("/")[2]
    if "plain" in said:
        return document.problem(f"{pointer}/plain", f"no {name}: {reason}", "choose another one")
    if name not in {"password", "menu_password"} or pointer == MOK:
        hint = "name a file that has it in its first line"
        return document.problem(pointer, f"no {name}: {reason}", hint)
    return document.problem(
        f"{pointer}/file", f"no password from this file: {reason}", "give the file its password"
    )


def _secrets(sound: Sound) -> Iterator[tuple[str, Data]]:
    """The pointer of every password and passphrase, with what is said of it."""
    accounts = [("/root", sound.value("root") or {})]
    accounts += [(pointer, user) for pointer, _key, user in sound.items("users")]
    for pointer, account in accounts:
        yield f"{pointer}/password", account.get("password", {})
    encryptions = [("/storage/encryption", sound.value("storage", "encryption") or {})]
    encryptions += [
        (f"{pointer}/encryption", volume["encryption"])
        for pointer, _key, volume in sound.items("storage", "encrypted")
    ]
    for pointer, encryption in encryptions:
        yield f"{pointer}/passphrase", encryption.get("passphrase", {})
    for pointer in (MENU, HAND_OVER, PIN, MOK):
        yield pointer, sound.value(*pointer.split("/")[1:]) or {}


def _config(data: Data, secrets: Mapping[str, Secret]) -> InstallConfig:
    said = {key: data[key] for key in ("hostname", "locale", "timezone") if key in data}
    if "keyboard" in data:
        said["keyboard"] = keyboard_from_text(data["keyboard"])
    users = enumerate(data.get("users", ()))
    return InstallConfig(
        **said,
        schema=data.get("$schema"),
        disks=tuple(disk_selector(name, disk) for name, disk in data["disks"].items()),
        storage=storage(data.get("storage", {}), secrets),
        boot=boot(data.get("boot", {}), secrets),
        packages=_packages(data.get("packages", {})),
        network=_network(data["network"]) if "network" in data else None,
        root=_root(data.get("root", {}), secrets.get("/root/password")),
        users=tuple(_user(user, secrets.get(f"/users/{index}/password")) for index, user in users),
        services=tuple(
            (unit, ServiceState(state)) for unit, state in data.get("services", {}).items()
        ),
        post_scripts=tuple(
            _script(number, script)
            for number, script in enumerate(data.get("scripts", {}).get("post", ()), start=1)
        ),
        finish=_finish(data.get("finish", {})),
    )


def _packages(data: Data) -> Packages:
    kernel = data.get("kernel", "auto")
    return Packages(
        set=PackageSet(data.get("set", "minimal")),
        kernel=None if kernel == "auto" else KernelFlavour(kernel),
    )


def _network(data: Data) -> tuple[Ethernet, ...]:
    return tuple(_ethernet(name, ethernet) for name, ethernet in data["ethernets"].items())


def _ethernet(name: str, data: Data) -> Ethernet:
    match = data.get("match", {})
    dns = data.get("nameservers", {})
    return Ethernet(
        name=name,
        match_mac=match["macaddress"].lower() if "macaddress" in match else None,
        match_name=match.get("name"),
        dhcp4=data.get("dhcp4", False),
        dhcp6=data.get("dhcp6", False),
        # As ipaddress writes them, so that no other text gets into networkd's files.
        addresses=tuple(str(ip_interface(each)) for each in data.get("addresses", ())),
        routes=tuple(_route(each) for each in data.get("routes", ())),
        nameservers=tuple(str(ip_address(each)) for each in dns.get("addresses", ())),
        search_domains=tuple(dns.get("search", ())),
        mtu=int(data["mtu"]) if "mtu" in data else None,
    )


def _route(data: Data) -> Route:
    to = data["to"]
    return Route(
        to=to if to == "default" else str(ip_network(to)), via=str(ip_address(data["via"]))
    )


def _root(data: Data, plain: Secret | None) -> Root:
    return Root(
        password=password(data.get("password", {}), plain),
        ssh_keys=_keys(data),
    )


def _user(data: Data, plain: Secret | None) -> User:
    said = {key: data[key] for key in ("name", "full_name", "shell") if key in data}
    return User(
        **said,
        uid=int(data["uid"]) if "uid" in data else None,
        groups=tuple(data.get("groups", ())),
        sudo=SudoRule(data.get("sudo", "none")),
        password=password(data.get("password", {}), plain),
        ssh_keys=_keys(data),
    )


def _keys(data: Data) -> tuple[str, ...]:
    return tuple(key.strip(" \t") for key in data.get("ssh_keys", ()))


def _script(number: int, data: Data) -> Script:
    said = {"timeout": parse_duration(data["timeout"])} if "timeout" in data else {}
    return Script(name=data.get("name", f"post-{number}"), lines=tuple(data["run"]), **said)


def _finish(data: Data) -> Finish:
    return Finish(
        on_success=EndAction(data.get("on_success", "reboot")),
        on_failure=EndAction(data.get("on_failure", "hold")),
    )
