"""What a server asks of a client certificate, in words: off its first flight, or from the names OpenSSL gives."""

from collections.abc import Iterable

from iotscan.model.facts.tls import ClientCertificateRequest
from iotscan.model.text import safe_text
from iotscan.wire.distinguished_names import name_text, read_name, read_one_line
from iotscan.wire.tls.certificate_request import AUTHORITIES_LIMIT, CertificateRequest, type_name
from iotscan.wire.tls.signatures import scheme_name

_SCHEMES = 32
_UNREADABLE = "(a name that cannot be read)"


def in_words(request: CertificateRequest) -> ClientCertificateRequest:
    """A request of TLS up to 1.2."""
    return ClientCertificateRequest(
        certificate_types=tuple(map(type_name, request.types[:_SCHEMES])),
        signature_schemes=tuple(map(scheme_name, request.schemes[:_SCHEMES])),
        authorities=tuple(_name(der) for der in request.authorities),
        authorities_sent=request.count,
    )


def from_one_lines(lines: Iterable[str], count: int) -> ClientCertificateRequest:
    """A request of which only the authorities are known, each as OpenSSL's one-line text."""
    names = tuple(safe_text(name_text(read_one_line(line))) or _UNREADABLE for line in lines)
    return ClientCertificateRequest(authorities=names[:AUTHORITIES_LIMIT], authorities_sent=count)


def _name(der: bytes) -> str:
    parts = read_name(der)
    return safe_text(name_text(parts)) if parts else _UNREADABLE
