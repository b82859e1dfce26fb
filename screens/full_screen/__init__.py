"""The full-screen renderer: urwid."""
