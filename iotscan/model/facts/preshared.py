"""Pre-shared keys in configurations, and how LwM2M clients get theirs: never the keys themselves."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.fact import Fact, Ownership


class ConfiguredPsk(msgspec.Struct, frozen=True, kw_only=True):
    """One pre-shared key in a configuration."""

    path: str
    line: int
    system: Literal["mosquitto", "stunnel", "ipsec", "swanctl", "wpa", "hostapd", "uci-wireless", "lwm2m"]
    length: int
    """Bytes of the key itself: of hex digits half as many."""
    is_word: bool
    """A word, with some digits perhaps: thought of, not drawn."""
    is_identity: bool
    """The same as the identity, name or SSID that it belongs to."""
    published: str = ""
    """The record of documented keys that has it."""


class ConfiguredPsks(Fact, frozen=True, kw_only=True, tag="configured-psks"):
    """The pre-shared keys in configurations of a root file system."""

    per: ClassVar[Ownership] = "image"

    psks: tuple[ConfiguredPsk, ...]


class Lwm2mClient(msgspec.Struct, frozen=True, kw_only=True):
    """An LwM2M client as it is started."""

    path: str
    line: int
    program: str
    server: str
    """Scheme, host and port, empty where the line does not say."""
    bootstraps: bool
    """It gets its servers from a bootstrap server."""
    security: Literal["none", "psk", "certificate", "unsaid"]
    key_sha256_prefix: str = ""
    """First 8 hex digits of the SHA-256 of the key on its line, only where nobody could guess it from them."""


class Lwm2mClients(Fact, frozen=True, kw_only=True, tag="lwm2m-clients"):
    """The LwM2M clients that a root file system starts."""

    per: ClassVar[Ownership] = "image"

    clients: tuple[Lwm2mClient, ...]
