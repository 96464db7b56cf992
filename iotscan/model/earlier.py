"""What an earlier run saw of a device that this run meets again: the ground of trust on first use."""

import msgspec


class EarlierCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate that the same service showed in an earlier run."""

    device: str
    """The id of the device in this run."""
    address: str
    """Where the service is in this run."""
    service: str
    """``tcp/443``."""
    opening: str = ""
    """The protocol in which the service began in the clear, as in :attr:`CertificateChain.opening`."""
    told_by: str
    """What shows the device to be the same: ``mac``, ``serial``, ``uuid``, ``ssh``, ``tls``; ``address`` proves
    nothing."""
    run: str
    """The earlier run, and the time (UTC, ISO 8601) at which it looked."""
    seen: str
    sha256: str
    spki_sha256: str
    subject: str
    issuer: str
    is_self_issued: bool = False
    since_run: str = ""
    """The first run, of those that each knew the one before it, that saw this key here, and when."""
    since: str = ""
