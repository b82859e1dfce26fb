"""The JSON Schema of the kickstart language, read from the file beside this module."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a kickstart, fresh for each caller.

    Annotations of its own, all without effect on what is valid:

    - ``x-looks-like`` says in words what a valid value looks like,
    - ``x-secret`` marks values that no message may repeat,
    - ``x-default`` names a default that the planner derives,
    - ``x-instead`` maps keys that other tools have to what is written here,
    - ``x-key`` is what the reference calls the free keys of an object.
    """
    text = resources.files("ks_schema").joinpath("kickstart.schema.json").read_text("utf-8")
    data: dict[str, Any] = json.loads(text)
    return data
