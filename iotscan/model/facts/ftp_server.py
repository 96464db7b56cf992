"""An FTP server at the door."""

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact


class FtpServer(Fact, frozen=True, kw_only=True, tag="ftp-server"):
    """What an FTP server says before a login, and of ``anonymous`` where that may be tried (RFC 959, RFC 4217)."""

    tls: bool
    """TLS from the first byte on (port 990)."""
    greeting: str
    offers_tls: Answer[bool]
    """It agrees to AUTH TLS."""
    tls_reply: str = ""
    """What it answered to AUTH TLS where it does not."""
    clear_logins: Answer[bool]
    """It takes a user name without TLS, so that a password would follow in the clear."""
    anonymous: Answer[bool]
    """It lets ``anonymous`` in."""
