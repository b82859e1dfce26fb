"""``python -m screens``: the installer's screens on this terminal."""

import argparse
import sys

from installer.errors import ExitCode, InstallerError
from installer.signals import let_the_outcome_stand
from screens.main import run


def main() -> int:
    """Run the screens; the exit code is one of :class:`installer.errors.ExitCode`."""
    parser = argparse.ArgumentParser(prog="photon-installer tui")
    parser.add_argument("--console", metavar="TTY", help="the name of this console for others")
    parser.add_argument("--plain", action="store_true", help="lines instead of a full screen")
    arguments = parser.parse_args()
    try:
        return int(run(console=arguments.console, plain=arguments.plain))
    except InstallerError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    except KeyboardInterrupt:  # before the screens, or behind them
        return int(ExitCode.CANCELLED)


code = main()
let_the_outcome_stand()
sys.exit(code)
