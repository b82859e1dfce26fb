"""The texts of a kickstart that stand for another value, each with the type that it becomes."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface, ip_network
from typing import Annotated

from installer.config.boot_certificate import is_pem
from installer.config.keyboard import Keyboard, keyboard_from_text
from installer.config.words import Codec
from installer.sizes import exact_size, parse_duration, parse_size


def _duration(seconds: float) -> str | float:
    return f"{int(seconds)} s" if seconds == int(seconds) else seconds


def _destination(text: str) -> str:
    return text if text == "default" else str(ip_network(text))


def _certificate(said: str | dict[str, str]) -> str:
    return said if isinstance(said, str) else said["pem"]


def _certificate_said(certificate: str) -> str | dict[str, str]:
    return {"pem": certificate} if is_pem(certificate) else certificate


Bytes = Annotated[int, Codec(parse_size, exact_size)]
Seconds = Annotated[float, Codec(parse_duration, _duration)]
WholeSeconds = Annotated[int, Codec(lambda said: int(parse_duration(said)), _duration)]
# As ipaddress writes them, so that no other text gets into the files of other programs.
Address = Annotated[str, Codec(lambda text: str(ip_address(text)))]
Interface = Annotated[str, Codec(lambda text: str(ip_interface(text)))]
Destination = Annotated[str, Codec(_destination)]
MacAddress = Annotated[str, Codec(str.lower)]
SshKey = Annotated[str, Codec(lambda text: text.strip(" \t"))]
KeyboardName = Annotated[Keyboard, Codec(keyboard_from_text)]
# The path of a PEM file, or the PEM text itself.
Certificate = Annotated[str, Codec(_certificate, _certificate_said)]
