"""One handshake of TLS, DTLS or QUIC as the wire shows it, whatever carried it: messages go in, a session comes out.

Only the beginning is in the clear: up to TLS 1.2 until both sides change keys, from 1.3 on the two hellos. What is
not seen is not made up: an empty field means that the message that holds it was not seen.
"""

from typing import Any, Final, Literal

from iotscan.model.facts import Certificate, ServerProof, TlsSession
from iotscan.model.facts.tls_use import Ending
from iotscan.model.text import safe_text
from iotscan.observe.traffic.conversation import Conversation
from iotscan.observe.traffic.ends import is_address
from iotscan.observe.traffic.proving import Prove
from iotscan.wire.certificates import read_damaged
from iotscan.wire.host_names import host_name
from iotscan.wire.tls import framing
from iotscan.wire.tls.alerts import alert_name
from iotscan.wire.tls.client_hello import CLIENT_KEY_EXCHANGE, ClientHello, is_grease, read_client_hello
from iotscan.wire.tls.fingerprints import ja3, ja4
from iotscan.wire.tls.flight import Flight, FlightParser
from iotscan.wire.tls.framing import Malformed, Reader, stream_version
from iotscan.wire.tls.groups import group_name
from iotscan.wire.tls.signatures import scheme_name
from iotscan.wire.tls.sslv2 import KINDS as SSL2_KINDS
from iotscan.wire.tls.suites import SUITES, suite_name

Kind = Literal["tls", "dtls", "quic"]
_NEW_SESSION_TICKET: Final = 4
_PRE_SHARED_KEY: Final = 41
_PSK_MODES: Final = {0: "psk_ke", 1: "psk_dhe_ke"}
_FATAL: Final = 2
_ABOUT_CERTIFICATES: Final = frozenset((42, 43, 44, 45, 46, 48, 51))
"""bad, unsupported, revoked, expired, unknown, unknown_ca; decrypt_error for a signature: RFC 5246 section 7.2.2."""
_ALERTS: Final = {
    42: "bad_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    48: "unknown_ca",
}
_ALERT_LENGTH: Final = 2
_SIGNALS: Final = frozenset((0x00FF, 0x5600))
"""Code points that stand among the suites and are none: RFC 5746 section 3.3, RFC 7507."""
_MOST: Final = 160
"""Suites, extensions, groups … of one hello that are kept: real ones have half as many."""
_MOST_NAMES: Final = 16


class Handshake:
    """What both sides said in one handshake. Never raises, whatever they say; ``at`` is when its hello was said."""

    def __init__(self, kind: Kind, at: int, *, opening: str = "") -> None:
        self.kind, self.at, self.opening = kind, at, opening
        self.hello: ClientHello | None = None
        self._server = FlightParser()
        self._is_retried = False
        self._retry_group = 0
        self._identity = b""
        self._client_chain: tuple[bytes, ...] = ()
        self._has_ticket = self._agrees_on_key = False
        self._changed = {True: False, False: False}
        self._refusal: tuple[bool, int] | None = None
        self.has_client_data = False

    @property
    def flight(self) -> Flight:
        """What the server said."""
        return self._server.flight

    @property
    def version(self) -> str:
        """What the server chose; empty while it has not."""
        answer = self.flight.answer
        return answer.version if answer is not None and answer.is_hello else ""

    @property
    def is_modern(self) -> bool:
        """True from (D)TLS 1.3 on, which encrypts all but the hellos."""
        return stream_version(self.version) == "TLSv1.3"

    @property
    def has_begun(self) -> bool:
        """A hello of either side was read."""
        return self.hello is not None or bool(self.version)

    def is_changed(self, *, of_client: bool) -> bool:
        """Whether a side has said that it encrypts from now on."""
        return self._changed[of_client]

    @property
    def is_refused(self) -> bool:
        """A fatal alert ended it."""
        return self._refusal is not None

    @property
    def encrypts(self) -> bool:
        """False for the suites without encryption (NULL), which only protect what is said from changes."""
        answer = self.flight.answer
        suite = SUITES.get(answer.suite) if answer is not None and answer.is_hello else None
        return suite is None or suite.kind != "null"

    def client_message(self, kind: int, body: bytes) -> None:
        """A handshake message of the client, in the clear."""
        try:
            if kind == framing.CLIENT_HELLO:
                self._hello(read_client_hello(body, is_dtls=self.kind == "dtls"))
            elif kind == CLIENT_KEY_EXCHANGE:
                self._agrees_on_key = True
                self._key_exchange(body)
            elif kind == framing.CERTIFICATE:
                self._client_chain = _chain(body)
        except Malformed:
            return

    def ssl2_hello(self, hello: ClientHello) -> None:
        """The client's hello in the form of SSL 2.0."""
        self._hello(hello)

    def server_message(self, kind: int, body: bytes) -> None:
        """A handshake message of the server, in the clear."""
        if kind == _NEW_SESSION_TICKET:
            self._has_ticket = True
            return
        answer = self.flight.answer
        if kind == framing.SERVER_HELLO and answer is not None and answer.kind == "hello_retry":
            self._is_retried, self._retry_group = True, answer.group
            self._server = FlightParser()
        self._server.message(kind, body)

    def server_flight(self, flight: Flight) -> None:
        """All that a server of SSL 2.0 said."""
        self._server.flight = flight

    def changes(self, *, of_client: bool) -> None:
        """A side changes to the new keys."""
        self._changed[of_client] = True

    def alert(self, body: bytes, *, of_client: bool) -> None:
        """An alert in the clear: its two bytes."""
        if len(body) == _ALERT_LENGTH and body[0] == _FATAL and self._refusal is None:
            self._refusal = of_client, body[1]

    def _hello(self, hello: ClientHello) -> None:
        # A second one answers a HelloRetryRequest or a HelloVerifyRequest: what is offered stands in both.
        self.hello = self.hello or hello

    def _key_exchange(self, body: bytes) -> None:
        answer = self.flight.answer
        suite = SUITES.get(answer.suite) if answer is not None else None
        if suite is not None and suite.is_psk:
            self._identity = Reader(body).vector(2).rest()

    def session(self, prove: Prove) -> TlsSession:
        """What is known so far. ``prove`` judges the certificates, where there are any."""
        answer = self.flight.answer
        chosen = answer if answer is not None and answer.is_hello else None
        offered = self._offered() if self.hello is not None else {}
        return TlsSession(
            kind=self.kind,
            opening=self.opening,
            version=self.version,
            suite=_suite(chosen.suite) if chosen else "",
            group=self._group(),
            chosen_alpn=chosen.alpn if chosen else "",
            is_resumed=self._is_resumed(),
            psk_identity=self._psk_identity(),
            psk_hint=self._hint(),
            proof=self._proof(prove),
            client_certificate=self._client_certificate(),
            asks_client_certificate=self.flight.asks_certificate,
            ending=self._ending(),
            alert=_alert_name(self._refusal[1]) if self._refusal else "",
            **offered,
        )

    def _offered(self) -> dict[str, Any]:
        hello = self.hello
        assert hello is not None
        suites = [code for code in hello.suites if not is_grease(code) and code not in _SIGNALS][:_MOST]
        return {
            "server_name": self.server_name,
            "has_encrypted_hello": hello.has_encrypted_hello,
            "alpn": tuple(safe_text(name, 64) for name in hello.alpn[:_MOST_NAMES] if not _is_noise(name)),
            "ja3": "" if hello.is_ssl2_form else ja3(hello),
            "ja4": "" if hello.is_ssl2_form else ja4(hello, self.kind),
            "offered_versions": hello.offered_versions[:_MOST_NAMES],
            "offered_suites": tuple(_suite(code) for code in suites),
            "offered_groups": tuple(group_name(code) for code in hello.groups[:_MOST] if not is_grease(code)),
            "offered_signatures": tuple(scheme_name(code) for code in hello.signatures[:_MOST] if not is_grease(code)),
            "has_psk_modes": tuple(_PSK_MODES[code] for code in hello.psk_modes[:_MOST_NAMES] if code in _PSK_MODES),
            "sends_early_data": hello.sends_early_data,
        }

    @property
    def server_name(self) -> str:
        """What the client calls the server, made safe; empty where it does not say."""
        return safe_text(self.hello.server_name, 255).lower() if self.hello is not None else ""

    def name(self, conversation: Conversation) -> None:
        """Say in a conversation what the client calls the server; some put its address there, which is no name."""
        if host_name(self.server_name):
            conversation.server_name, conversation.named_by = self.server_name, "sni"
        elif is_address(self.server_name, conversation.server.address):
            conversation.named_by = "address"

    def _group(self) -> str:
        flight = self.flight
        if flight.exchange is not None and flight.exchange.group:
            return group_name(flight.exchange.group)
        if flight.exchange is not None and flight.exchange.kind == "dh":
            return "dh"
        answer = flight.answer
        return group_name(answer.group) if answer is not None and answer.group and answer.kind == "server_hello" else ""

    def _is_resumed(self) -> bool:
        flight = self.flight
        if self.is_modern:
            answer = flight.answer
            takes = answer is not None and _PRE_SHARED_KEY in answer.extensions
            # Without its hello nobody knows whether the key is one of a session, or was shared before.
            return takes and self.hello is not None and not self._external()
        # Without a ServerHelloDone before the server changes keys there was no full handshake.
        is_short = self._changed[False] and bool(self.version) and flight.end == "" and not flight.certificates
        # Who names no session, or agrees on a key anew, resumes nothing: the rest of the handshake was lost.
        return is_short and self.hello is not None and bool(self.hello.session_id) and not self._agrees_on_key

    def _external(self) -> bytes:
        identities = self.hello.identities if self.hello is not None else ()
        return next((one.identity for one in identities if one.is_external), b"")

    def _psk_identity(self) -> str:
        return safe_text(self._identity or self._external())

    def _hint(self) -> str:
        exchange = self.flight.exchange
        return safe_text(exchange.hint) if exchange is not None else ""

    def _proof(self, prove: Prove) -> ServerProof | None:
        flight = self.flight
        if not flight.certificates or (flight.answer is not None and flight.answer.certificate_type):
            return None
        return prove(flight.certificates, flight.staple, self.server_name, self.at)

    def _client_certificate(self) -> Certificate | None:
        read = read_damaged(self._client_chain[0]) if self._client_chain else None
        return read if isinstance(read, Certificate) else None

    def _ending(self) -> Ending:
        if self._refusal is not None:
            of_client, what = self._refusal
            if not of_client:
                return "refused-by-server"
            return "refused-by-client" if what in _ABOUT_CERTIFICATES else "unfinished"
        if self.has_client_data:
            return "application-data"
        return "finished" if self._changed[True] and self._changed[False] else "unfinished"


def _suite(code: int) -> str:
    """Its name; those of SSL 2.0 have three bytes, and those of TLS in its form begin with 0."""
    return SSL2_KINDS.get(code, "") or suite_name(code)


def _alert_name(code: int) -> str:
    return _ALERTS.get(code) or alert_name(code)


def _is_noise(name: bytes) -> bool:
    """GREASE among application protocols: two equal bytes ?A ?A."""
    return len(name) == 2 and is_grease(int.from_bytes(name, "big"))


def _chain(body: bytes) -> tuple[bytes, ...]:
    """The client's own certificate and those behind it, up to TLS 1.2. Raises Malformed."""
    entries = Reader(body).vector(3)
    chain: list[bytes] = []
    while not entries.is_empty and len(chain) < 4:
        chain.append(entries.vector(3).rest())
    return tuple(chain)
