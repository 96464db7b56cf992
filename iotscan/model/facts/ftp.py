"""An FTP server as an image configures it."""

from typing import ClassVar, Literal

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership

FtpTls = Literal["none", "offered", "demanded"]


class FtpPolicy(Fact, frozen=True, kw_only=True, tag="ftp-policy"):
    """Who may log in to an FTP server of an image, and whether TLS protects that (RFC 959, RFC 4217)."""

    per: ClassVar[Ownership] = "image"

    anonymous: Answer[bool]
    """Lets in ``anonymous`` without a password."""
    anonymous_writes: Answer[bool]
    """Lets it store files, too."""
    tls: Answer[FtpTls]
    """``demanded`` where nobody logs in without it."""
