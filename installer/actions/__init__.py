"""The steps of a plan: each a frozen dataclass that describes, checks and runs itself."""
