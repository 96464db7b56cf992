"""Who may update a device over the air, as it says itself; and servers from which devices take their updates."""

from typing import ClassVar, Literal

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership

OtaSystem = Literal["arduino", "shelly", "tasmota"]


class OtaInterface(Fact, frozen=True, kw_only=True, tag="ota-interface"):
    """An interface of a device through which firmware can be put on it, and whether that takes a password.

    ``said`` is where the device says so, in its own words: safe text. ``path`` is empty, and ``port`` 0, where it was
    announced and not asked.
    """

    per: ClassVar[Ownership] = "device"
    unlooked: ClassVar[str] = (
        "it has no web interface to ask, and announces none for updates; the ports of Arduino and ESPHome are not asked"
    )

    system: OtaSystem
    needs_password: Answer[bool]
    said: str
    tls: bool = False
    port: int = 0
    path: str = ""


class HawkbitServer(Fact, frozen=True, kw_only=True, tag="hawkbit-server"):
    """A server of hawkBit's interface for devices (Direct Device Integration).

    ``is_open`` when it looks up a device for somebody without any credentials. ``path`` is what was asked: a part of
    the interface that registers nobody.
    """

    tls: bool
    path: str
    is_open: bool
    said: str
    """The status, and hawkBit's own code where it gave one: safe text."""
