"""The options before a key in authorized_keys, as ``sshauthopt_parse`` of OpenSSH reads them.

https://github.com/openssh/openssh-portable/blob/V_10_0/auth-options.c. One that it does not know,
or whose value it does not take, makes it pass over the whole line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from installer.config.addresses import network
from installer.config.host_names import host_names

# An option with its values, in small letters; one without a value has none.
Options = Mapping[str, tuple[str, ...]]

_FLAGS = frozenset({"restrict", "cert-authority"})
_SWITCHES = frozenset(
    {
        "port-forwarding", "agent-forwarding", "x11-forwarding", "touch-required",
        "verify-required", "pty", "user-rc",
    }
)  # fmt: skip
_ONCE = frozenset({"command", "principals", "from"})
_OFTEN = frozenset({"environment", "expiry-time", "permitopen", "permitlisten", "tunnel"})
# Up to the next comma outside quotes, in which \" is a quote.
_ONE = re.compile(r'([A-Za-z0-9-]*)(?:="((?:\\"|[^"])*)")?(?:,|$)')
_ENVIRONMENT = re.compile(r"[A-Za-z0-9_]+=.*", re.DOTALL)
# hpdelim: a slash ends the host as a colon does; it is shorter than NI_MAXHOST.
_PLACE = re.compile(r"(\[[^\]]*\]|(?!\[)[^:/]*)[:/](.*)", re.DOTALL)
_LONGEST_HOST = 1024
_LAST_PORT = 65535
_LAST_TUNNEL = (1 << 31) - 3
# What strtonum takes, which begins as strtoll does.
_NUMBER = re.compile(r"[ \t\n\v\f\r]*([+-]?)0*([0-9]{1,12})")
# strptime takes the 31st of any month, and leap seconds; mktime then counts on.
_TIME = re.compile(
    r"([0-9]{4})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"
    r"(?:([01][0-9]|2[0-3])([0-5][0-9])([0-5][0-9]|6[01])?)?(Z|UTC)?",
    re.IGNORECASE,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Host names are looked up only with UseDNS (sshd_config(5)); these are what addresses consist of.
_ADDRESS_PATTERN = re.compile(r"[0-9A-Fa-f.:*?]+")
_UNKNOWN = "there is an option that sshd does not know"
_MANUAL = 'man sshd has the list, under "AUTHORIZED_KEYS FILE FORMAT"'


class OptionsFault(Exception):
    """Why sshd does not take the options, and what to do; neither text repeats a value."""

    def __init__(self, message: str, hint: str = _MANUAL) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def read_options(text: str) -> Options:
    """The options in a word.

    :raises OptionsFault: sshd does not take them.
    """
    found: dict[str, tuple[str, ...]] = {}
    place = 0
    while place < len(text):
        one = _ONE.match(text, place)
        if one is None or one.end() == place:
            raise OptionsFault(_UNKNOWN)
        place = one.end()
        name, value = one[1].lower(), one[2]
        if name or value is not None:  # sshd passes over a comma too many
            _require_known(name, value, found)
            more = [] if value is None else [value.replace('\\"', '"')]
            found[name] = (*found.get(name, ()), *more)
    for name, values in found.items():
        for value in values:
            _require_form(name, value)
    if "principals" in found and "cert-authority" not in found:
        raise OptionsFault(
            'there is "principals" without "cert-authority"', "add it for certificates' keys"
        )
    return found


def is_open(options: Options, now: datetime | None) -> bool:
    """Whether a key with these options opens from any address at that time (UTC).

    Without a time, it has not expired.
    """
    expiry = [_time(each) for each in options.get("expiry-time", ())]
    if now is not None and any(each is not None and each <= now for each in expiry):
        return False
    # sshd compares each as it is, blanks included.
    return all(
        any(network(each) or _ADDRESS_PATTERN.fullmatch(each) for each in sources.split(","))
        and "!*" not in sources.split(",")
        for sources in options.get("from", ())
    )


def _require_known(name: str, value: str | None, found: Options) -> None:
    if value is None:
        if name not in _FLAGS and name.removeprefix("no-") not in _SWITCHES:
            if name in _ONCE | _OFTEN:
                raise OptionsFault(f'"{name}" is without a value', f'like {name}="..."')
            raise OptionsFault(_UNKNOWN)
    elif name not in _ONCE | _OFTEN:
        raise OptionsFault(_UNKNOWN)
    elif name in _ONCE and name in found:
        raise OptionsFault(f'"{name}" stands twice', "give it once")


def _require_form(name: str, value: str) -> None:
    if not _is_taken(name, value):
        raise OptionsFault(f'"{name}" has a value that sshd does not take')
    if name == "expiry-time" and _time(value) is None:
        raise OptionsFault('"expiry-time" is not a valid time', 'like expiry-time="20271231"')
    if name == "from":
        _require_sources(value.split(","))


def _is_taken(name: str, value: str) -> bool:
    match name:
        case "environment":
            return bool(_ENVIRONMENT.fullmatch(value))
        case "permitopen":
            return _is_place(value)
        case "permitlisten":
            return _is_place(value if ":" in value else f"*:{value}")
        case "tunnel":
            return value.lower() == "any" or 0 <= _number(value) <= _LAST_TUNNEL
    return True


def _is_place(text: str) -> bool:
    """Whether it is a host with a port, as ``handle_permit`` reads them."""
    found = _PLACE.fullmatch(text)
    if found is None or len(found[1].encode()) > _LONGEST_HOST:
        return False
    port = found[2]
    # a2port: a number, or else the name of a service that the host knows.
    return port == "*" or 0 < _number(port) <= _LAST_PORT or port in host_names().tcp_services


def _number(text: str) -> int:
    """The number that it is; -1 when it is none."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return -1
    number = int(found[2])
    return number if found[1] != "-" or number == 0 else -1


def _require_sources(sources: list[str]) -> None:
    """One entry that is not a network is enough for sshd to refuse every address."""
    if not any(each and not each.startswith("!") for each in sources):
        message = '"from" names nothing that may log in'
        raise OptionsFault(message, 'like from="192.0.2.0/24"')
    for each in sources:
        # An entry with blanks only matches nothing; the others still count.
        plain = each.strip().removeprefix("!")
        if not each or ("/" in plain and network(plain) is None):
            message = '"from" has an entry that is not an address, a network or a pattern'
            raise OptionsFault(message, 'like from="192.0.2.0/24,2001:db8::/32"')


def _time(text: str) -> datetime | None:
    """The time meant, in UTC; without Z it is that of the host, which is not known: a day more.

    Times up to 1970 are none to sshd.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    year, month, day, hours, minutes, seconds = (int(each or 0) for each in found.groups()[:6])
    rest = timedelta(days=day - 1, hours=hours, minutes=minutes, seconds=seconds)
    try:
        time = datetime(year, month, 1, tzinfo=UTC) + rest
        if time <= _EPOCH:
            return None
        return time if found[7] else time + timedelta(days=1)
    except ValueError:  # the year 0
        return None
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
