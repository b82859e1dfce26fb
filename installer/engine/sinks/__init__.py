"""Where events go: the journal at once, everyone else behind a queue; composed in one place."""
