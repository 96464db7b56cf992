"""An RTSP server: whether it describes a stream to anybody, and what it asks for first."""

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact


class RtspChallenge(msgspec.Struct, frozen=True, kw_only=True):
    """One WWW-Authenticate challenge: lower-case scheme, realm, and of Digest the algorithm (``md5``, ``sha-256``)."""

    scheme: str
    realm: str = ""
    algorithm: str = ""


class RtspServer(Fact, frozen=True, kw_only=True, tag="rtsp-server"):
    """What DESCRIBE (RFC 2326 §10.2) tells somebody without credentials. No stream is ever set up or played."""

    tls: bool
    server: str = ""
    """The Server header."""
    methods: tuple[str, ...] = ()
    """What the Public header of OPTIONS lists; empty where there is none."""
    needs_login: Answer[bool]
    path: str = ""
    """Where that showed: the path of a stream that is open, else one for which a login is asked."""
    media: tuple[str, ...] = ()
    """Of an open stream, what its description lists: ``video H264``."""
    challenges: tuple[RtspChallenge, ...] = ()
    control: int = 0
    """The status for a path that nobody has; 0 where it was not asked."""
