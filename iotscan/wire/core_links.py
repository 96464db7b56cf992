"""What a constrained device offers: CoAP's ``/.well-known/core``, asked of all at once (RFC 7252 §8, RFC 6690)."""

from collections.abc import Iterator
from typing import Final

from iotscan.model.facts import Claim
from iotscan.model.text import safe_text
from iotscan.wire import coap_options, link_format

GROUP, GROUP6, PORT = "224.0.1.187", "ff02::fd", 5683
LINKS_LIMIT: Final = 16
"""Resources told of one device."""
_SIZE_LIMIT = 8192
_VERSION, _NON_CONFIRMABLE = 1, 1
_GET, _CONTENT = 0x01, 0x45
_PATH: Final = ((coap_options.URI_PATH, b".well-known"), (coap_options.URI_PATH, b"core"))


def request(message_id: int, token: bytes) -> bytes:
    """A non-confirmable GET of ``/.well-known/core``: the only kind a group may be asked (RFC 7252 §8.1)."""
    head = bytes([_VERSION << 6 | _NON_CONFIRMABLE << 4 | len(token), _GET]) + message_id.to_bytes(2, "big") + token
    return head + coap_options.write(_PATH)


def read_links(datagram: bytes, token: bytes) -> tuple[Claim, ...] | None:
    """The resources of an answer to :func:`request`; None for anything else. Never raises.

    An answer that is no list of links, a refusal say, has none.
    """
    if len(datagram) < 4 + len(token) or datagram[0] >> 6 != _VERSION or datagram[0] & 15 != len(token):
        return None
    if datagram[4 : 4 + len(token)] != token or not 0x40 <= datagram[1] < 0xC0:
        return None
    payload = _link_format(datagram[4 + len(token) : _SIZE_LIMIT]) if datagram[1] == _CONTENT else b""
    return tuple(dict.fromkeys(_claims(payload)))[:LINKS_LIMIT]


def _link_format(rest: bytes) -> bytes:
    """The payload behind the options, where these say that it is a list of links."""
    read = coap_options.read(rest)
    if read is None or coap_options.number_of(read[0], coap_options.CONTENT_FORMAT) != coap_options.LINK_FORMAT:
        return b""
    return read[1]


def _claims(payload: bytes) -> Iterator[Claim]:
    """Each resource with its type."""
    for link in link_format.read_links(payload):
        kind = link.attributes.get("rt", b"")
        shown = safe_text(link.target + (b" (" + kind + b")" if kind else b""))
        yield Claim(what="resource", value=shown, how="coap /.well-known/core")
