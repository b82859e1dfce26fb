"""How a signal reaches a command that has something to take back."""

from __future__ import annotations

import threading

INTERRUPTED = "Interrupted; nothing was written."

# Set by a signal; what runs then ends in order.
STOP = threading.Event()
# Set once there may be something to take back; before that a signal ends the program at once.
IN_ORDER = threading.Event()
