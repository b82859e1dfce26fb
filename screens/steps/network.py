"""The network: DHCP everywhere, or one interface with fixed addresses; and who listens on it."""

from __future__ import annotations

from installer.machine.facts import NetworkInterface
from screens.forms import Choice, Form, Item, Note, Option, Text, Tone
from screens.steps.step import Step, View

_KINDS = (
    Option(value="dhcp", label="Automatic", detail=("DHCP on every wired interface",)),
    Option(value="static", label="Fixed addresses", detail=("on one interface",)),
)
_SSH = (
    Option(value="", label="On if an SSH key is set"),
    Option(value="enabled", label="Always on"),
)
_FIELDS = (
    ("address4", "IPv4 address", "like 192.0.2.5/24"),
    ("gateway4", "IPv4 gateway", "like 192.0.2.1"),
    ("address6", "IPv6 address", "like 2001:db8::5/64"),
    ("gateway6", "IPv6 gateway", "like 2001:db8::1"),
    ("nameservers", "DNS servers", "separated by spaces"),
    ("search_domains", "Search domains", "separated by spaces"),
)


def form(view: View) -> Form:
    """Ask how the host gets its addresses; the fields appear for fixed ones only."""
    draft = view.draft
    kind = Choice(id="network", label="Network", value=draft.network, options=_KINDS)
    time = Text(
        id="ntp_servers",
        label="Time servers",
        value=draft.ntp_servers,
        hint="Debian's pool if left empty",
        width=26,
    )
    ssh = Choice(id="ssh_server", label="SSH server", value=draft.ssh_server, options=_SSH)
    if draft.network != "static":
        return Form(items=(_intro(view), kind, time, ssh))
    interfaces = view.machine.interfaces if view.machine else ()
    if not interfaces:
        text = "No network interface was found. Select Automatic."
        return Form(items=(kind, Note(text=text, tone=Tone.PROBLEM)), start="network")
    interface = Choice(
        id="interface",
        label="Interface",
        value=draft.interface,
        options=tuple(_option(each) for each in interfaces),
    )
    fields: tuple[Item, ...] = tuple(
        Text(id=name, label=label, value=getattr(draft, name), hint=hint, width=26)
        for name, label, hint in _FIELDS
    )
    return Form(items=(kind, interface, *fields, time, ssh), start="network")


def _intro(view: View) -> Note:
    interfaces = view.machine.interfaces if view.machine else ()
    found = "; ".join(_text(each) for each in interfaces) or "none"
    return Note(text=f"Network configuration\nInterfaces: {found}")


def _option(interface: NetworkInterface) -> Option:
    return Option(value=interface.name, label=_text(interface))


def _text(interface: NetworkInterface) -> str:
    cable = "cable in" if interface.carrier else "no cable"
    return f"{interface.name} ({interface.mac}, {cable})"


STEP = Step(id="network", title="Network", form=form)
