from __future__ import annotations

from iso_hooks.recipe import load_recipe
from iso_hooks.sources import Mirrors, mirrors_of_targets, sources_text


def test_mirrors_are_those_of_the_release_not_of_backports_or_strangers() -> None:
    lines = [
        "Debian Backports|Debian Backports|http://a.example/debian/",
        "Somebody|Debian|http://stranger.example/",
        "Debian|Debian|http://a.example/debian/",
        "Debian|Debian|http://b.example/debian/",
        "Debian|Debian-Security|http://a.example/debian-security/",
    ]
    assert mirrors_of_targets(lines) == Mirrors(
        main="http://a.example/debian", security="http://a.example/debian-security"
    )


def test_nothing_found_is_empty() -> None:
    assert mirrors_of_targets([]) == Mirrors(main="", security="")


def test_sources_have_updates_and_security_and_are_signed() -> None:
    text = sources_text(load_recipe(), Mirrors(main="http://m", security="http://s"))
    assert "URIs: http://m\nSuites: trixie trixie-updates\n" in text
    assert "URIs: http://s\nSuites: trixie-security\n" in text
    assert text.count("Signed-By: /usr/share/keyrings/") == 2
