"""Makes the pages of the command while its wheel is built (a build hook of hatchling)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CommandPages(BuildHookInterface[Any]):
    """Adds the manual page and the completions to the wheel."""

    PLUGIN_NAME = "command-pages"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write them, and name them to the builder."""
        del version
        sys.path.insert(0, self.root)
        from iso_hooks.command_pages import command_pages, write_command_pages  # noqa: PLC0415

        self._made = tempfile.TemporaryDirectory()
        prefix = Path(self._made.name)
        write_command_pages(prefix)
        build_data["shared_data"] = {str(prefix / path): path for path in command_pages()}

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Take the files away."""
        del version, build_data, artifact_path
        self._made.cleanup()
