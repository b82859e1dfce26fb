"""The options before a key in authorized_keys, as ``sshauthopt_parse`` of OpenSSH reads them.

https://github.com/openssh/openssh-portable/blob/V_10_0/auth-options.c. One that it does not know,
or whose value it does not take, makes it pass over the whole line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from installer.config.addresses import network

# An option with its values, in small letters; one without a value has none.
Options = Mapping[str, tuple[str, ...]]

_FLAGS = frozenset({"restrict", "cert-authority"})
_SWITCHES = frozenset(
    {
        "port-forwarding", "agent-forwarding", "x11-forwarding", "touch-required",
        "verify-required", "pty", "user-rc",
    }
)  # fmt: skip
_ONCE = frozenset({"command", "principals", "from", "expiry-time", "tunnel"})
_OFTEN = frozenset({"environment", "permitopen", "permitlisten"})
# Up to the next comma outside quotes, in which \" is a quote.
_ONE = re.compile(r'([A-Za-z0-9-]*)(?:="((?:\\"|[^"])*)")?(?:,|$)')
_ENVIRONMENT = re.compile(r"[A-Za-z0-9_]+=.*", re.DOTALL)
_HOST = r"(?:\[[^\]]*\]|[^:/\[\]]*)"
_PORT = r"(?:\*|[1-9][0-9]{0,4})"
_FORMS = {
    "environment": _ENVIRONMENT,
    "permitopen": re.compile(f"{_HOST}:{_PORT}"),
    "permitlisten": re.compile(f"(?:{_HOST}:)?{_PORT}"),
    "tunnel": re.compile(r"any|[0-9]{1,9}", re.IGNORECASE),
}
_TIME = re.compile(r"([0-9]{8}(?:[0-9]{4}(?:[0-9]{2})?)?)(Z|UTC)?", re.IGNORECASE)
_TIME_FORMS = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
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
    elif name in _ONCE - {"tunnel"} and name in found:
        raise OptionsFault(f'"{name}" stands twice', "give it once")


def _require_form(name: str, value: str) -> None:
    form = _FORMS.get(name)
    if form and not form.fullmatch(value):
        raise OptionsFault(f'"{name}" has a value that sshd does not take')
    if name == "expiry-time" and _time(value) is None:
        raise OptionsFault('"expiry-time" is no time', 'like expiry-time="20271231"')
    if name == "from":
        _require_sources(value.split(","))


def _require_sources(sources: list[str]) -> None:
    """One entry that is not a network is enough for sshd to refuse every address."""
    if not any(each and not each.startswith("!") for each in sources):
        message = '"from" names nothing that may log in'
        raise OptionsFault(message, 'like from="192.0.2.0/24"')
    for each in sources:
        # An entry with blanks only matches nothing; the others still count.
        plain = each.strip().removeprefix("!")
        if not each or ("/" in plain and network(plain) is None):
            message = '"from" has an entry that is no address, network or pattern'
            raise OptionsFault(message, 'like from="192.0.2.0/24,2001:db8::/32"')


def _time(text: str) -> datetime | None:
    """The time meant, in UTC; without Z it is that of the host, which is not known: a day more."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    try:
        time = datetime.strptime(found[1], _TIME_FORMS[len(found[1])]).replace(tzinfo=UTC)
        return time if found[2] else time + timedelta(days=1)
    except (ValueError, OverflowError):
        return None
