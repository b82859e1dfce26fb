"""urwid's main loop around the screens: the keys of the terminal, timers, signals."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import urwid

from installer.system.signals import ENDING
from screens.full_screen.keyboard import Keyboard
from screens.full_screen.palette import PALETTE
from screens.full_screen.widgets.frame import Frame

# A check in its thread lets a key wait no longer than this.
_SWITCH_SECONDS = 0.001
_RESIZED = "window resize"
_ENDING = (*ENDING, signal.SIGQUIT)


class MainLoop:
    """The loop over a frame on this terminal, or on ``screen``.

    ``waiting`` says that keys have to wait: what they are for is still being worked out.
    """

    def __init__(
        self,
        frame: Frame,
        waiting: Callable[[], bool],
        screen: urwid.BaseScreen | None = None,
    ) -> None:
        self._frame = frame
        self._waiting = waiting
        self._keyboard = Keyboard(self, self.later)
        screen = screen or urwid.display.raw.Screen(bracketed_paste_mode=True)
        self._loop: Any = urwid.MainLoop(frame, PALETTE, screen=screen, handle_mouse=False)

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call it after some seconds."""
        self._loop.set_alarm_in(seconds, lambda _loop, _data: call())

    def clear(self) -> None:
        """Draw everything again."""
        self._loop.screen.clear()

    def waker(self, woken: Callable[[], None]) -> Callable[[], None]:
        """What any thread may call to have ``woken`` called in the loop."""

        def read(_data: bytes) -> bool:
            woken()
            self._keyboard.go_on()
            return True

        pipe = self._loop.watch_pipe(read)

        def wake() -> None:
            os.write(pipe, b"x")

        return wake

    def run(self, used: Callable[[], None], leave: Callable[[], None]) -> None:
        """Run until something raises ``urwid.ExitMainLoop``.

        ``used`` is called with every key, ``leave`` when a signal ends the program.
        """

        def take(found: list[str], _raw: list[int]) -> list[str]:
            used()
            self._keyboard.take(key for key in found if key != _RESIZED)
            return [key for key in found if key == _RESIZED]

        self._loop.input_filter = take
        # Ctrl-C, Ctrl-Z and Ctrl-S are keys like others: nothing is left half done by them.
        self._loop.screen.tty_signal_keys(*["undefined"] * 5)
        for number in _ENDING:
            signal.signal(number, lambda _number, _frame: leave())
        sys.setswitchinterval(_SWITCH_SECONDS)
        self._loop.run()

    def waiting(self) -> bool:
        """Keys have to wait."""
        return self._waiting()

    def insert(self, text: str) -> bool:
        """Take in a text at once; False when there is no field to type in now."""
        return self._frame.insert(text)

    def press(self, key: str) -> None:
        """Do what one key means."""
        self._loop.process_input([key])

    def refuse_paste(self) -> None:
        """Say that there is no field for what was pasted."""
        self._frame.refuse_paste()
