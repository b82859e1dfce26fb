"""The boot check: whether an installed host will start, and if not, why not."""
