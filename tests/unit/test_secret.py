"""A secret does not come out by accident, by any of the usual ways."""

import copy
import json
import logging
import pickle
import pprint
import traceback
from dataclasses import asdict, dataclass, replace

import pytest

from installer.actions.host.accounts import SetPassword
from installer.config.accounts import Root
from installer.config.kickstart import InstallConfig
from installer.config.password import Password
from installer.plan.model import plain
from installer.secret import Secret

TEXT = "correct horse battery staple"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    secret: Secret
    name: str = "holder"


def test_it_can_be_revealed_and_compared() -> None:
    assert Secret(TEXT).reveal() == TEXT
    assert Secret(TEXT) == Secret(TEXT) != Secret("other")
    assert Secret(TEXT) != TEXT
    assert len({Secret(TEXT), Secret(TEXT)}) == 1


def test_printing_shows_a_mask() -> None:
    secret = Secret(TEXT)
    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret!r:>40}",
        "%s %r" % (secret, secret),  # noqa: UP031
        "{0} {0!r}".format(secret),  # noqa: UP032
        repr(Holder(secret=secret)),
        pprint.pformat({"a": [secret, Holder(secret=secret)]}),
        json.dumps({"a": secret}, default=str),
        str(plain(Holder(secret=secret))),
        str(plain(SetPassword(user="root", hashed=secret))),
        repr(InstallConfig(disks=(), root=Root(password=Password(plain=secret)))),
        repr(replace(Holder(secret=secret), name="other")),
    ]
    assert [text for text in shown if "correct" in text or "***" not in text] == []


def test_logging_shows_a_mask(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("tests").warning("%s %r", Secret(TEXT), [Secret(TEXT)])
    assert "***" in caplog.text
    assert "correct" not in caplog.text


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_cannot_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Secret(TEXT), protocol)


def test_asdict_json_and_copies_refuse_it() -> None:
    for way in (copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            way(Secret(TEXT))
    with pytest.raises(TypeError, match="cannot be pickled"):
        asdict(Holder(secret=Secret(TEXT)))
    with pytest.raises(TypeError):
        vars(Secret(TEXT))


def test_a_traceback_does_not_show_it() -> None:
    def fail(secret: Secret) -> None:
        raise ValueError(secret)

    with pytest.raises(ValueError, match=r"\*\*\*") as caught:
        fail(Secret(TEXT))
    lines = traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    assert "correct" not in "".join(lines)
