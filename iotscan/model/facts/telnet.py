"""A telnet service and what it asks for."""

from typing import Literal

from iotscan.model.facts.fact import Fact


class TelnetServer(Fact, frozen=True, kw_only=True, tag="telnet-server"):
    """What a telnet service shows before anything is typed (RFC 854)."""

    banner: str
    asks: Literal["login", "password", "shell", "unknown"]
    """``shell`` when the last line is a prompt of an open shell, without any login."""
    confirmed: bool = False
    """The same prompt came again after an empty line: what stands there is no banner."""
