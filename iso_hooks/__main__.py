"""The command line: ``python -m iso_hooks build-iso``, ``netboot``, ``deb`` and ``names``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from installer.config.host_names import FILE
from iso_hooks.build import build_iso, build_netboot
from iso_hooks.errors import BuildFailed
from iso_hooks.menu import DEFAULT_URL
from iso_hooks.names import names_data, names_text
from iso_hooks.recipe import DEFAULT_RECIPE, load_recipe
from iso_hooks.steps import BuildDir


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except BuildFailed as error:
        sys.stderr.write(f"\n{error}\n")
        return 4
    except KeyboardInterrupt:
        sys.stderr.write("\nGiven up; what is finished is kept.\n")
        return 5
    return 0


def _run(options: argparse.Namespace) -> None:
    if options.command == "names":
        _write_names(options.host, options.live)
        return
    if options.command == "deb":
        _write_deb(options.output)
        return
    if os.geteuid() != 0:
        raise BuildFailed("building a medium needs root", "Run it again with sudo.")
    recipe = load_recipe(options.recipe).for_edition(options.edition)
    if options.trees:
        recipe = recipe.limited_to(tuple(options.trees.split(",")))
    build_dir = BuildDir(root=options.build.resolve(), edition=recipe.edition.name)
    if options.command == "netboot":
        build_netboot(
            build_dir, recipe, options.output.resolve(), options.url, refresh=options.refresh
        )
    else:
        output = options.output or options.build / f"photon-{recipe.edition.name}.iso"
        build_iso(build_dir, recipe, output.resolve(), refresh=options.refresh)


def _write_names(host: Path, live: Path) -> None:
    """Renew the names that come along with the program; the diff shows what Debian changed."""
    with resources.as_file(resources.files("installer.config").joinpath(FILE)) as file:
        file.write_text(names_text(names_data(host, live)), encoding="utf-8")


def _write_deb(output: Path) -> None:
    from iso_hooks.deb import build_deb  # noqa: PLC0415  (what makes its pages is not everywhere)

    output.mkdir(parents=True, exist_ok=True)
    sys.stdout.write(f"{build_deb(output, output / 'deb.log')}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m iso_hooks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    iso = commands.add_parser("build-iso", help="make the installation medium")
    iso.add_argument("--output", type=Path, help="default: photon-EDITION.iso in BUILD")
    netboot = commands.add_parser("netboot", help="make the tree for TFTP and HTTP servers")
    netboot.add_argument(
        "--output", type=Path, required=True, help="a directory, whose files are replaced"
    )
    netboot.add_argument(
        "--url",
        default=DEFAULT_URL,
        help="where the directory will be served by HTTP (default: /photon of the TFTP server)",
    )
    deb = commands.add_parser("deb", help="make the Debian package of the command")
    deb.add_argument("--output", type=Path, default=Path("build"), help="a directory")
    names = commands.add_parser("names", help="renew the names that the program knows by itself")
    names.add_argument("--host", type=Path, required=True, help="a host's tree, as it was built")
    names.add_argument("--live", type=Path, required=True, help="the tree of the live system")
    for command in (iso, netboot):
        command.add_argument("--recipe", type=Path, default=DEFAULT_RECIPE)
        command.add_argument(
            "--edition", default="", help="one of the recipe's editions (default: the first)"
        )
        command.add_argument("--build", type=Path, default=Path("build"), help="work directory")
        command.add_argument(
            "--trees", default="", help="only these, like minimal-cloud,full-cloud"
        )
        command.add_argument(
            "--refresh", action="store_true", help="make the trees again, with newer packages"
        )
    return parser


if __name__ == "__main__":
    sys.exit(main())
