"""The password of the boot menu: who may edit an entry, use the command line, start other things.

GRUB asks as soon as ``superusers`` is set, whether it knows their password or not; so each of the
menus sets that first, and only then reads the hash, which lies beside the root's grub.cfg. Entries
that start the host as it is are ``--unrestricted``
(https://www.gnu.org/software/grub/manual/grub/grub.html#Security).
"""

from __future__ import annotations

from installer.actions.action import Action
from installer.actions.boot.menu_password import WriteMenuPassword
from installer.actions.host.files import WriteFile
from installer.config.boot import Boot

_LOCK = """\
set superusers="root"
export superusers
"""
_READ = """\
if [ -s $prefix/password.cfg ]; then
  source $prefix/password.cfg
fi
"""
# Debian's 10_linux has no setting for its entries; but it gives each of them the words of this
# variable, as all the others do. Those of the host's own kernels shall start without the password.
# What lies in a submenu is read when that is opened, long after the last of these three.
_FREE = 'menuentry_id_option="--unrestricted --id"\n'
_LOCKED = 'menuentry_id_option="--id"\n'
# A script in /etc/grub.d that says what is behind its second line.
PRINT_SCRIPT = '#!/bin/sh\nexec tail -n +3 "$0"\n'


def lock_text(boot: Boot) -> str:
    """The first words of a menu that has a password; "" for one without."""
    return _LOCK if boot.menu_password else ""


def unlock_text(boot: Boot) -> str:
    """What lets the password be known, once ``prefix`` is the folder that it lies in."""
    return _READ if boot.menu_password else ""


def password_actions(boot: Boot) -> tuple[Action, ...]:
    """The hash, and what makes each later update-grub write a menu that asks for it."""
    if boot.menu_password is None or boot.menu_password.hashed is None:
        return ()
    scripts = {
        "/etc/grub.d/01_photon_password": _LOCK + _READ + _FREE,
        "/etc/grub.d/11_photon_password": _LOCKED,
        "/etc/grub.d/99_photon_password": _FREE,
    }
    return (
        WriteMenuPassword(hashed=boot.menu_password.hashed),
        *(
            WriteFile(path=path, text=PRINT_SCRIPT + text, mode=0o755)
            for path, text in scripts.items()
        ),
    )
