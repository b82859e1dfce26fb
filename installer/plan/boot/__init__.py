"""How the host will start, as texts and actions."""
