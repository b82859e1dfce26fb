"""``python -m installer``: the command line."""

import sys

from installer.cli import main

sys.exit(main())
