"""The engine: what is asked for, what the machine is, the plan, and its execution."""

__version__ = "0.1.0"
