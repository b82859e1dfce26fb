"""From a document to the configuration, when nothing in it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from installer.config.disks import disk_selector
from installer.config.model import (
    Boot,
    BootMode,
    EndAction,
    Ethernet,
    Finish,
    InstallConfig,
    KernelFlavour,
    Packages,
    PackageSet,
    Password,
    Root,
    RootFilesystem,
    Route,
    Script,
    ServiceState,
    Storage,
    SudoRule,
    Swap,
    SwapKind,
    User,
)
from installer.config.rules import rule_problems
from installer.config.sound import Sound
from installer.errors import KickstartInvalid
from installer.secret import Secret
from installer.sizes import parse_duration, parse_size
from ks_schema import Document, Problem, check
from ks_schema.checker import in_order

_LONGEST_SECRET = 1024

Data = Mapping[str, Any]


def read_secret_file(path: str) -> str:
    """The first line of the file: what ``{"file": path}`` stands for.

    :raises ValueError: there is no such line, or it cannot be a password; never with its text.
    """
    try:
        with Path(path).open(encoding="utf-8") as file:
            line = file.readline(_LONGEST_SECRET + 1)
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


def from_document(
    document: Document, *, read_secret: Callable[[str], str] = read_secret_file
) -> InstallConfig:
    """The configuration that the document describes.

    ``read_secret`` gives the text of a secret by the path of its file; it may raise OSError and
    ValueError.

    :raises KickstartInvalid: with every problem of schema, rules and secrets at once.
    """
    findings = check(document)
    sound = Sound(document, findings)
    findings += rule_problems(document, findings)
    secrets: dict[str, Secret] = {}
    for pointer, path in _secret_files(sound):
        try:
            secrets[pointer] = Secret(read_secret(path))
        except (OSError, ValueError) as error:
            findings += (_unreadable(document, pointer, error),)
    if findings:
        raise KickstartInvalid(in_order(findings))
    return _config(document.data, secrets)


def _unreadable(document: Document, pointer: str, error: OSError | ValueError) -> Problem:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return document.problem(
        f"{pointer}/file", f"no password from this file: {reason}", "give the file its password"
    )


def _secret_files(sound: Sound) -> Iterator[tuple[str, str]]:
    """The pointers of the passwords that stand in files, with the paths of the files."""
    accounts = [("/root", sound.value("root") or {})]
    accounts += [(pointer, user) for pointer, _key, user in sound.items("users")]
    for pointer, account in accounts:
        if path := account.get("password", {}).get("file"):
            yield f"{pointer}/password", path


def _config(data: Data, secrets: Mapping[str, Secret]) -> InstallConfig:
    said = {key: data[key] for key in ("hostname", "locale", "keyboard", "timezone") if key in data}
    users = enumerate(data.get("users", ()))
    return InstallConfig(
        **said,
        disks=tuple(disk_selector(name, disk) for name, disk in data["disks"].items()),
        storage=_storage(data.get("storage", {})),
        boot=_boot(data.get("boot", {})),
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


def _storage(data: Data) -> Storage:
    return Storage(
        disk=data.get("disk", "default"),
        wipe=tuple(data.get("wipe", ())),
        filesystem=RootFilesystem(data["filesystem"]) if "filesystem" in data else None,
        swap=_swap(data["swap"]) if "swap" in data else None,
    )


def _swap(data: Data) -> Swap:
    size = parse_size(data["size"]) if "size" in data else None
    return Swap(kind=SwapKind(data["kind"]), size=size)


def _boot(data: Data) -> Boot:
    return Boot(
        mode=BootMode(data["mode"]) if "mode" in data else None,
        secure_boot_required=data.get("secure_boot") == "required",
        kernel_arguments=tuple(data.get("kernel_arguments", ())),
        console=data.get("console"),
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
        addresses=tuple(data.get("addresses", ())),
        routes=tuple(Route(**route) for route in data.get("routes", ())),
        nameservers=tuple(dns.get("addresses", ())),
        search_domains=tuple(dns.get("search", ())),
        mtu=int(data["mtu"]) if "mtu" in data else None,
    )


def _password(data: Data, from_file: Secret | None) -> Password:
    if from_file is not None:
        return Password(plain=from_file)
    return Password(
        hashed=Secret(data["hash"]) if "hash" in data else None,
        plain=Secret(data["plain"]) if "plain" in data else None,
    )


def _root(data: Data, from_file: Secret | None) -> Root:
    return Root(
        password=_password(data.get("password", {}), from_file),
        ssh_keys=_keys(data),
    )


def _user(data: Data, from_file: Secret | None) -> User:
    said = {key: data[key] for key in ("name", "full_name", "shell") if key in data}
    return User(
        **said,
        uid=int(data["uid"]) if "uid" in data else None,
        groups=tuple(data.get("groups", ())),
        sudo=SudoRule(data.get("sudo", "none")),
        password=_password(data.get("password", {}), from_file),
        ssh_keys=_keys(data),
    )


def _keys(data: Data) -> tuple[str, ...]:
    return tuple(key.strip() for key in data.get("ssh_keys", ()))


def _script(number: int, data: Data) -> Script:
    said = {"timeout": parse_duration(data["timeout"])} if "timeout" in data else {}
    return Script(name=data.get("name", f"post-{number}"), lines=tuple(data["run"]), **said)


def _finish(data: Data) -> Finish:
    return Finish(
        on_success=EndAction(data.get("on_success", "reboot")),
        on_failure=EndAction(data.get("on_failure", "hold")),
    )
