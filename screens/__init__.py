"""The screens: how a person is asked for what a kickstart says.

The entry is :func:`screens.main.run`; importing this package alone loads nothing else.
"""
