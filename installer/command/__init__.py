"""The command line: one parser, one module for each command, one place for errors.

The parser imports no command: each is loaded when it is called, so that ``check`` and ``--help``
need neither the planner nor libparted.
"""
