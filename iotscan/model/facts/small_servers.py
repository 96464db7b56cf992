"""Small servers over UDP: the time, names, and files to start from."""

from iotscan.model.facts.fact import Fact


class NtpServer(Fact, frozen=True, kw_only=True, tag="ntp-server"):
    """A server that told a client the time (RFC 5905)."""

    version: int
    stratum: int
    """1 for a source of time, 0 or 16 where it does not know it."""


class DnsServer(Fact, frozen=True, kw_only=True, tag="dns-server"):
    """A server of names that answered a question about itself over UDP (RFC 1035)."""

    recurses: bool
    """It says that it would ask others for us. It was not made to."""
    version: str = ""
    """What it calls itself in ``version.bind``: safe text, empty where it does not say."""


class TftpServer(Fact, frozen=True, kw_only=True, tag="tftp-server"):
    """A TFTP server that answered a request to read a file that nobody has (RFC 1350)."""

    said: str
    """Its words, behind the code of the error: safe text."""
