"""``python -m installer``: the command line."""

import sys

try:
    from installer.command.main import main
    from installer.system.signals import let_the_outcome_stand

    code = main()
    let_the_outcome_stand()
except KeyboardInterrupt:
    # Before the command line listens for signals: the modules are still being loaded.
    print("Interrupted; nothing was written.", file=sys.stderr)
    code = 5
sys.exit(code)
