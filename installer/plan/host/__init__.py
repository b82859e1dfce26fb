"""Who and what the host will be, as texts and actions."""
