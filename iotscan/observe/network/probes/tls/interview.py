"""One TLS or DTLS server, interviewed hello by hello. No handshake is finished, and no transport is known here."""

from iotscan.model.facts.tls import VERSIONS, SuiteList, TlsEndpoint
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Missed
from iotscan.observe.network.hellos import Ask
from iotscan.observe.network.probe import missed
from iotscan.observe.network.probes.tls import openings, questions
from iotscan.observe.network.probes.tls.asking import Asking
from iotscan.observe.network.probes.tls.complete import complete
from iotscan.observe.network.probes.tls.conclusions import conclude
from iotscan.observe.network.probes.tls.doubts import confirm, contradictions
from iotscan.observe.network.probes.tls.exchanges import certificates, staple
from iotscan.observe.network.probes.tls.transcript import is_13

NEED = "tls-endpoint"


class Interview:
    """The questions to one server, in the order of what hangs on them.

    ``ask`` sends one hello, ``versions`` (oldest first) are those of its family: ``VERSIONS`` over a stream,
    ``DTLS_VERSIONS`` over datagrams. At most ``ceiling`` hellos are sent; ``is_complete`` asks for every suite and
    group. :meth:`hold` first, then :meth:`endpoint`, or :meth:`nothing` where that is None.
    """

    def __init__(
        self,
        ask: Ask,
        *,
        versions: tuple[str, ...] = VERSIONS,
        server_name: str = "",
        ceiling: int,
        is_complete: bool = False,
    ) -> None:
        self._asking = Asking(ask, versions=versions, server_name=server_name, ceiling=ceiling, is_complete=is_complete)
        self._lists: tuple[SuiteList, ...] = ()
        self._contradictions: tuple[str, ...] = ()

    @property
    def hellos(self) -> int:
        """How many were sent."""
        return self._asking.hellos

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """The chain that came in the clear, DER, leaf first; empty where none did (TLS 1.3 encrypts it)."""
        return certificates(self._asking.said)

    @property
    def staple(self) -> bytes:
        """The OCSP response that came stapled to that chain; empty where none did."""
        return staple(self._asking.said)

    @property
    def excerpt(self) -> str:
        """What was selected, in one line."""
        return safe_text("; ".join(f"{suite.version} {suite.name}" for suite in self._asking.said.selected()))

    async def hold(self) -> None:
        """Ask. Never raises a DialError: what could not be asked is an answer that is missing."""
        asking = self._asking
        await openings.ask_versions(asking)
        if not asking.said.accepted:
            return
        for version in sorted(asking.said.accepted, key=is_13):
            await questions.ask_kinds(asking, version)
        await openings.ask_sslv2(asking)
        await openings.ask_extensions(asking)
        await questions.ask_preference(asking)
        await questions.ask_weak_curves(asking)
        await questions.ask_weak_signature(asking)
        await questions.ask_unsigned_primes(asking)
        await questions.ask_fallback(asking)
        await questions.ask_alpn(asking)
        await questions.ask_again(asking)
        await questions.ask_hybrids(asking)
        if asking.is_complete:
            self._lists = await complete(asking)
        await confirm(asking)
        self._contradictions = contradictions(asking)

    def endpoint(self) -> TlsEndpoint | None:
        """What the answers prove; None where no hello was answered with a ServerHello."""
        if not self._asking.said.accepted:
            return None
        return conclude(self._asking, contradictions=self._contradictions, lists=self._lists)

    def nothing(self, need: str = NEED) -> Missed:
        """Why there is no fact."""
        error, replies = self._asking.error, [asked.reply for asked in self._asking.said.asked]
        said = dict.fromkeys(reply.detail for reply in replies if reply.speaks_tls)
        if said:
            detail = f"speaks TLS, but selected nothing: {', '.join(said)}"
            return Missed(need=need, status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)
        if any(reply.speaks_other for reply in replies) and error is None:
            return Missed(need=need, status=AttemptStatus.ABSENT, detail=replies[0].detail)
        if error is not None:
            return missed(need, error)
        if any(reply.reason is Reason.TIMEOUT for reply in replies):
            detail = "accepted the connection and answered no hello"
            return Missed(need=need, status=AttemptStatus.TIMED_OUT, reason=Reason.TIMEOUT, detail=detail)
        detail = "closed every connection without a word of TLS"
        return Missed(need=need, status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)
