"""The boot menus, as text: the medium's (EFI and BIOS alike) and the network's."""

from __future__ import annotations

from dataclasses import dataclass

KICKSTART_PLACEHOLDER = "http://SERVER/photon.json"

# The server that gave the boot files also has the rest, in this folder, unless a site says else.
DEFAULT_URL = "http://$net_default_server/photon"

_SCREEN = "console=ttyS0,115200 console=tty0"
_SERIAL = "console=tty0 console=ttyS0,115200"
_QUIET = "quiet loglevel=4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the menu that starts the live system; ``id`` is stable, for automation."""

    id: str
    title: str
    key: str
    arguments: str


ENTRIES = (
    Entry(id="install", title="Install", key="i", arguments=_SCREEN),
    Entry(id="serial", title="Install over the serial line (ttyS0)", key="s", arguments=_SERIAL),
    Entry(
        id="kickstart",
        title="Install unattended (press e, put your kickstart's address in, Ctrl-x)",
        key="k",
        arguments=f"{_SERIAL} photon.ks={KICKSTART_PLACEHOLDER}",
    ),
    Entry(
        id="verify",
        title="Verify this medium",
        key="v",
        arguments=f"{_SCREEN} photon.verify",
    ),
)


def medium_menu(product: str) -> str:
    """The menu of the ISO."""
    entries = "".join(_entry(entry, "/photon", "") for entry in ENTRIES)
    return _HEAD.format(product=product) + entries + _DISK


def network_menu(product: str, url: str) -> str:
    """The menu of the netboot tree, whose files lie at ``url``; the first entry is for sites."""
    entries = "".join(
        _entry(entry, "$photon_files", "photon.medium=$photon_url ")
        for entry in ENTRIES
        if entry.id != "verify"
    )
    return _HEAD.format(product=product) + _network_settings(url) + entries + _DISK


def _entry(entry: Entry, files: str, medium: str) -> str:
    return f"""
menuentry "{entry.title}" --id {entry.id} --hotkey={entry.key} {{
\techo "Loading the installer ..."
\tlinux {files}/vmlinuz boot=photon {medium}{_QUIET} {entry.arguments} $photon_arguments
\tinitrd {files}/initrd
}}
"""


def _network_settings(url: str) -> str:
    """Files come by HTTP when the URL is one GRUB can speak, which is much faster than TFTP."""
    address = url.removeprefix("http://").split("/", 1)
    path = f"/{address[1]}".rstrip("/") if len(address) > 1 else ""
    return f"""
# Where the files of this directory are served. A site puts what every machine should get here, for
# example: set photon_arguments="photon.ks={KICKSTART_PLACEHOLDER}"
set photon_url="{url}"
set photon_files="(http,{address[0]}){path}"
set photon_arguments=""
"""


_HEAD = """# {product}: the boot menu.
# On EFI the firmware puts its console on the screen and, where it can, on the serial line.
if [ "$grub_platform" = pc ]; then
\tif serial --unit=0 --speed=115200; then
\t\tterminal_input console serial
\t\tterminal_output console serial
\tfi
fi
set default=install
set timeout=5
set timeout_style=menu
set pager=1
set menu_color_normal=light-gray/black
set menu_color_highlight=black/light-gray
"""

_DISK = """
menuentry "Boot from the first disk" --id disk --hotkey=d {
\tif [ "$grub_platform" = pc ]; then
\t\t# A stick that was booted from is the first disk itself.
\t\tif regexp '^hd0' "$root"; then set root=hd1; else set root=hd0; fi
\t\tchainloader +1
\t\tboot
\tfi
\t# The firmware goes on with the next of its boot entries.
\texit 1
}
"""
