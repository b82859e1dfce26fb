"""Write the expected plans anew: ``python -m tests.renew_plans``; then read the diff.

A folder of ``tests/plans`` has a kickstart, the name of a machine of ``tests/machines`` (or
``image``), and in ``plan.txt`` what the installer says to it: the plan and every file that the
plan writes, or the refusal.
"""

from __future__ import annotations

from pathlib import Path

from installer import api
from installer.actions.host.files import WriteFile
from installer.errors import InstallerError
from installer.plan.model import InstallPlan
from installer.sources.kickstart import read_kickstart
from ks_schema import Document
from tests.engine import GIB, TESTS, actions_of, machine, payload

PLANS = TESTS / "plans"
SEED = "golden"


def plan_text(folder: Path) -> str:
    """What the installer says to the kickstart in ``folder``."""
    try:
        plan = made_plan(folder)
    except InstallerError as error:
        return f"refused with exit code {int(error.exit_code)}:\n{error}\n"
    files = [action for action in actions_of(plan) if isinstance(action, WriteFile)]
    return plan.describe() + "".join(f"\n--- {each.path}\n{each.text}" for each in files)


def made_plan(folder: Path) -> InstallPlan:
    """The plan itself."""
    name = (folder / "machine").read_text("utf-8").strip()
    read = read_kickstart(str(folder / "kickstart.json"), emit=lambda _: None)
    # The place of a problem is not the same on every computer; its file name is.
    document = Document(data=read.data, name="kickstart.json", positions=read.positions)
    if name == "image":
        document, on = api.image_target(document, "/srv/photon.img", 8 * GIB)
    else:
        on = machine(name)
    return api.prepare(document, on, payload(), seed=SEED)


def main() -> None:
    """Renew every expected plan."""
    for folder in sorted(PLANS.iterdir()):
        (folder / "plan.txt").write_text(plan_text(folder), encoding="utf-8")
        print(folder.name)


if __name__ == "__main__":
    main()
