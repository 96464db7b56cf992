"""How a server wants to be asked: some fall silent at a long hello, at extensions, or at a name."""

import msgspec

from iotscan.wire.tls import groups, signatures
from iotscan.wire.tls.framing import stream_version
from iotscan.wire.tls.suites import OFFER_LIMIT

_FEW_CURVES = (groups.X25519, groups.SECP256R1, 24)
_CURVES = tuple(code for code in groups.USUAL if groups.GROUPS[code].kind == "curve")
_FEW_SIGNATURES = (0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0201, 0x0203)


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """The shape of a hello: ``limit`` suites at most; ``is_short`` keeps it under 256 bytes, where some servers' length
    field ends; ``is_bare`` leaves the extensions out; ``is_named`` sends the server name; without ``has_primes`` no
    DHE suite is offered: some servers have them and no prime, select one and break off (dovecot without ``ssl_dh``).
    """

    limit: int = OFFER_LIMIT
    is_short: bool = False
    is_bare: bool = False
    is_named: bool = True
    has_primes: bool = True

    def groups(self, version: str) -> tuple[int, ...]:
        """The groups that it offers. Named primes stay out of what is older than TLS 1.3: the server shows its own."""
        if self.is_short:
            return _FEW_CURVES
        return groups.USUAL if stream_version(version) == "TLSv1.3" else _CURVES

    @property
    def signatures(self) -> tuple[int, ...]:
        """The signature schemes that it offers."""
        return _FEW_SIGNATURES if self.is_short else signatures.USUAL


SHORT = Way(limit=36, is_short=True)
BARE = Way(limit=90, is_short=True, is_bare=True)
NAMELESS = Way(is_named=False)
WITHOUT_PRIMES = Way(has_primes=False)
