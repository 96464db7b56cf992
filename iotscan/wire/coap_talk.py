"""CoAP as both sides speak it, read by a listener: requests and answers (RFC 7252, RFC 8323, RFC 8613)."""

from typing import Final

import msgspec

from iotscan.model.text import safe_text
from iotscan.wire import coap, coap_options
from iotscan.wire.coap_options import Option
from iotscan.wire.secret_forms.opaque import masked

METHODS: Final = {1: "GET", 2: "POST", 3: "PUT", 4: "DELETE", 5: "FETCH", 6: "PATCH", 7: "iPATCH"}
_URI_HOST, _LOCATION_PATH, _URI_QUERY, _OSCORE, _ACCEPT, _BLOCK1, _SIZE2 = 3, 8, 15, 9, 17, 27, 28
_FORMATS: Final = {
    0: "text/plain",
    40: "application/link-format",
    41: "application/xml",
    42: "application/octet-stream",
    47: "application/exi",
    50: "application/json",
    60: "application/cbor",
    110: "application/senml+json",
    112: "application/senml+cbor",
    11542: "application/vnd.oma.lwm2m+tlv",
    11543: "application/vnd.oma.lwm2m+json",
    11544: "application/vnd.oma.lwm2m+cbor",
}
"""IANA, CoAP Content-Formats."""
_SHOWN: Final = 200


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    """One message. ``kind`` is empty over TCP, where there is none."""

    kind: str
    code: int
    message_id: int
    token: bytes
    options: tuple[Option, ...]
    payload: bytes

    @property
    def method(self) -> str:
        """That of a request; empty for anything else."""
        return METHODS.get(self.code, "")

    @property
    def is_answer(self) -> bool:
        """Of class 2, 4 or 5."""
        return self.code >> 5 in (2, 4, 5)

    @property
    def path(self) -> str:
        """``/rd/1``, safe text."""
        return _path(self.values(coap_options.URI_PATH))

    @property
    def location(self) -> str:
        """Where an answer says that something was made."""
        return _path(self.values(_LOCATION_PATH))

    @property
    def queries(self) -> tuple[tuple[str, str], ...]:
        """Names and values, raw text."""
        texts = (value.decode("utf-8", "replace").partition("=") for value in self.values(_URI_QUERY))
        return tuple((name, value) for name, _, value in texts)

    @property
    def is_protected(self) -> bool:
        """An OSCORE option stands in it."""
        return any(number == _OSCORE for number, _ in self.options)

    @property
    def host(self) -> str:
        """Whom it is for, by name; safe text."""
        return safe_text(next(iter(self.values(_URI_HOST)), b""), _SHOWN).lower()

    @property
    def format(self) -> str:
        """What the payload is; a number where it has no name here."""
        number = coap_options.number_of(self.options, coap_options.CONTENT_FORMAT)
        return "" if number is None else _FORMATS.get(number, str(number))

    def block(self, *, of_answer: bool) -> tuple[int, bool] | None:
        """Number and *more to come* of a block (RFC 7959 section 2.2); None for what is whole."""
        value = coap_options.number_of(self.options, coap_options.BLOCK2 if of_answer else _BLOCK1)
        return None if value is None else (value >> 4, bool(value & 8))

    @property
    def whole_size(self) -> int | None:
        """How long an answer says that the whole is."""
        return coap_options.number_of(self.options, _SIZE2)

    def values(self, number: int) -> tuple[bytes, ...]:
        """All values of an option."""
        return tuple(value for each, value in self.options if each == number)


def read_talk(datagram: bytes) -> Talk | None:
    """The message that a datagram is; None where it is no CoAP, or cut short. Never raises."""
    head = coap.read_message(datagram)
    if head is None or head.code >> 5 in (1, 6, 7):
        return None
    size = datagram[0] & 15
    rest = coap_options.read(datagram[4 + size :])
    if rest is None or len(datagram) < 4 + size or (head.code == coap.EMPTY and size):
        return None
    if not _is_known(head.code):
        return None
    return Talk(
        kind=head.kind,
        code=head.code,
        message_id=head.message_id,
        token=datagram[4 : 4 + size],
        options=rest[0],
        payload=rest[1],
    )


def _is_known(code: int) -> bool:
    return code == 0 or code in METHODS or code >> 5 in (2, 4, 5)


def _path(segments: tuple[bytes, ...]) -> str:
    shown = masked("/" + "/".join(s[:2048].decode("utf-8", "backslashreplace") for s in segments))
    return safe_text(shown, _SHOWN)
