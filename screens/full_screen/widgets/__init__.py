"""urwid widgets that the screens are made of; they know forms, not kickstarts."""
