"""Reads the facts of the machine from the running kernel, once."""
