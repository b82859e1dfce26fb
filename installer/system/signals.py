"""The signals that end a program, and what they may still do once its outcome stands."""

from __future__ import annotations

import signal

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def let_the_outcome_stand() -> None:
    """Ignore what would end the program: it is over, and only the interpreter has to end.

    That takes a moment, for which Python puts back the default actions of all signals but those
    that are ignored (``_PySignal_Fini``): one that came then would turn a success into a death.
    """
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
