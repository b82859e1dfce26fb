"""What commands and answers lead to, without a renderer."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from installer.events import Event
from screens import session as sessions
from screens.keys import Place
from screens.options import Options, Outcome
from screens.question import About, Question
from screens.session import Paths, Session
from screens.walk.conductor import Conductor
from screens.walk.effects import (
    Ask,
    Blocked,
    Changed,
    Check,
    Effects,
    Follow,
    Install,
    Leave,
    Notice,
    Save,
    Show,
    Then,
)
from tests.screens.test_progress import BEGIN, END
from tests.screens.walker import SEED, MemoryEngine, machine

SCRIPT: tuple[Event, ...] = (*BEGIN, END)


def conductor(folder: Path, *, console: str = "tty1", script: tuple[Event, ...] = ()) -> Conductor:
    engine = MemoryEngine(machine=machine("virtualbox"), script=script)
    return Conductor(engine, Options(seed=SEED, console=console, paths=Paths(folder=folder)))


def settled(at: Conductor, effects: Effects) -> Effects:
    """What is left once all work is done and all is checked, as a renderer without keys does it."""
    match effects:
        case (Check(then=then),):
            at.walk.check()
            return settled(at, at.checked(then))
        case _:
            while job := at.walk.job():
                job.finish()()
            at.walk.check()
            return effects


def reviewed(at: Conductor) -> Conductor:
    """At the last step, with everything that it needs."""
    for field in ("root_password", "root_password_again"):
        assert at.change(field, "correct horse") == (Changed(),)
    settled(at, (Show(),))
    while not at.walk.last:
        assert settled(at, at.next()) == (Show(),)
    return at


def asked(effects: Effects, about: About) -> Question:
    (ask,) = effects
    assert isinstance(ask, Ask)
    assert ask.question.about is about
    return ask.question


def installing(at: Conductor) -> Install:
    question = asked(settled(reviewed(at), at.next()), About.ERASE)
    (install,) = at.answer(question, "sda")
    assert isinstance(install, Install)
    return install


def place(at: Conductor) -> Place:
    return at.place


def installed(at: Conductor) -> Conductor:
    installing(at).installation.job().finish()()
    assert at.ended() == (Show(),)
    return at


def test_next_goes_on_once_everything_is_checked(tmp_path: Path) -> None:
    at = conductor(tmp_path)
    settled(at, (Show(),))
    assert at.next() == (Check(then=Then.GO_ON),)
    assert at.walk.id == "welcome"
    assert at.checked(Then.GO_ON) == (Check(then=Then.SHOW),)
    assert at.walk.id == "disk"


def test_next_is_blocked_by_what_is_wrong(tmp_path: Path) -> None:
    at = conductor(tmp_path)
    settled(at, (Show(),))
    while at.walk.id != "host":
        settled(at, at.next())
    at.change("hostname", "-bad-")
    (blocked,) = settled(at, at.next())
    assert isinstance(blocked, Blocked)
    assert blocked.fields == ("hostname",)
    assert blocked.reason.startswith("Host name: ")


def test_back_from_the_first_screen_asks_whether_to_leave(tmp_path: Path) -> None:
    at = conductor(tmp_path)
    question = asked(at.back(), About.QUIT)
    assert at.answer(question) == (Leave(outcome=Outcome.QUIT),)


def test_saving_names_the_place_and_writes_the_answers(tmp_path: Path) -> None:
    at = reviewed(conductor(tmp_path))
    question = asked(at.command("save"), About.SAVE)
    (save,) = at.answer(question, f"  {tmp_path}/saved.json ")
    assert isinstance(save, Save)
    assert save.place == f"{tmp_path}/saved.json"
    found: list[str] = []
    save.job(found.append).finish()()
    assert found == [""]
    assert (tmp_path / "saved.json").exists()


def test_quitting_an_installation_cancels_it(tmp_path: Path) -> None:
    at = conductor(tmp_path)
    installation = installing(at).installation
    assert at.place is Place.PROGRESS
    assert at.next() == ()
    asked(at.back(), About.CANCEL)
    question = asked(at.quit(), About.CANCEL)
    (notice,) = at.answer(question)
    assert isinstance(notice, Notice)
    installation.job().finish()()
    assert at.quit() == (), "it is over, and its end is shown next"


def test_the_end_offers_what_is_left(tmp_path: Path) -> None:
    at = installed(conductor(tmp_path, script=SCRIPT))
    assert place(at) is Place.END
    assert [page.id for page in at.pages] == ["done"]
    asked(at.back(), About.QUIT)
    asked(at.command("save_log"), About.SAVE_LOG)
    assert at.command("poweroff") == (Leave(outcome=Outcome.POWEROFF),)
    assert at.command("review") == (Show(),)
    assert place(at) is Place.FORM
    assert at.walk.id == "review"
    assert at.walk.machine is None


def test_a_signal_undoes_first_and_then_leaves(tmp_path: Path) -> None:
    at = conductor(tmp_path, script=SCRIPT)
    install = installing(at)
    assert at.leave() == ()
    install.installation.job().finish()()
    assert at.ended() == (Leave(outcome=Outcome.QUIT),)
    assert conductor(tmp_path / "other").leave() == (Leave(outcome=Outcome.QUIT),)


def test_answers_need_the_session(tmp_path: Path) -> None:
    at, other = conductor(tmp_path), Session(Paths(folder=tmp_path), "ttyS0")
    assert other.take()
    blocked, follow = at.change("hostname", "edge")
    assert isinstance(blocked, Blocked)
    assert isinstance(follow, Follow)
    assert follow.owner.name == "ttyS0"
    assert at.walk.draft.hostname == "photon"
    assert at.place is Place.FOLLOWING
    assert at.checked(Then.SHOW) == (), "what was asked before is not shown over it"
    question = asked(at.consoles.take_over(), About.TAKE_OVER)
    (waiting,) = at.answer(question)
    assert isinstance(waiting, Follow)
    assert waiting.asked
    other.keep()
    assert at.consoles.tick() == (Show(),)
    assert at.change("hostname", "edge") == (Changed(),)


def idle_and_then_used_elsewhere(at: Conductor, folder: Path) -> Session:
    """The session that another console has got, as nobody has typed here for so long."""
    time.sleep(0.01)
    at.consoles.session.keep()
    other = Session(Paths(folder=folder), "ttyS0")
    assert other.take()
    return other


def test_the_last_answer_needs_the_session_again_after_a_long_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another console may install by then, onto the same disk."""
    at = conductor(tmp_path)
    question = asked(settled(reviewed(at), at.next()), About.ERASE)
    monkeypatch.setattr(sessions, "IDLE_SECONDS", 0.0)
    other = idle_and_then_used_elsewhere(at, tmp_path)
    assert [type(each) for each in at.answer(question, "sda")] == [Blocked, Follow]
    assert at.installation is None
    other.release()
    assert at.consoles.tick() == (Show(),)
    assert [type(each) for each in at.answer(question, "sda")] == [Install]
    assert at.consoles.session.held


def test_a_reboot_does_not_interrupt_another_console(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = installed(conductor(tmp_path, script=SCRIPT))
    monkeypatch.setattr(sessions, "IDLE_SECONDS", 0.0)
    other = idle_and_then_used_elsewhere(at, tmp_path)
    assert [type(each) for each in at.command("reboot")] == [Blocked, Follow]
    other.release()
    assert at.consoles.tick() == (Show(),)
    assert at.command("reboot") == (Leave(outcome=Outcome.REBOOT),)
