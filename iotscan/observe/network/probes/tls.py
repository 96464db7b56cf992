"""What a TLS server accepts, asked with about ten hellos of our own. No handshake is finished.

Five hellos ask the versions, each with every suite we know; the others ask groups of suites in the
newest version up to TLS 1.2, and only what the answers before left open.
"""

from operator import attrgetter

from iotscan.model.answer import Answer
from iotscan.model.facts.tls import VERSIONS, TlsEndpoint
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import HAVE_TLS, Door, Heard, Missed, Probe, missed
from iotscan.observe.network.probes.tls_interview import Interview, Wanted
from iotscan.wire.tls.suites import SUITES, offer

_ORDER = ("TLSv1.2", "TLSv1.3", "TLSv1.1", "TLSv1.0", "SSLv3")
"""The likeliest first, so that a refusal later on is one by a server that answers."""
_NEED = "tls-endpoint"


EPHEMERAL: Wanted = attrgetter("has_forward_secrecy")
STATIC: Wanted = attrgetter("lacks_forward_secrecy")
PLAIN_PSK: Wanted = attrgetter("is_plain_psk")
EPHEMERAL_PSK: Wanted = attrgetter("is_ephemeral_psk")
BROKEN: Wanted = attrgetter("is_broken")
WEAK: Wanted = attrgetter("is_weak")
AEAD: Wanted = attrgetter("is_aead")


async def ask(door: Door) -> Heard:
    """Interview one service. Never raises a DialError: what could not be asked is an answer that is missing."""
    interview = Interview(door)
    await _ask_versions(interview)
    if not interview.selected():
        return Heard(missed=(_nothing(interview),))
    if interview.version("TLSv1.3").known:
        await interview.ask("TLSv1.3", offer("TLSv1.3", BROKEN))
    await interview.settle(EPHEMERAL)
    await interview.settle(STATIC)
    await interview.settle(BROKEN, WEAK)
    await interview.settle(PLAIN_PSK, EPHEMERAL_PSK)
    await interview.settle(AEAD)
    await _ask_preference(interview)
    await _ask_compression(interview)
    await interview.confirm()
    return Heard(facts=(_conclude(interview),), excerpt=_excerpt(interview))


async def _ask_versions(interview: Interview) -> None:
    for version in _ORDER:
        # A server that fell back to an older version has answered for that one, too.
        if not interview.version(version).is_answered:
            await interview.ask(version, offer(version))
        if not interview.selected() and _is_other_protocol(interview):
            return


def _is_other_protocol(interview: Interview) -> bool:
    replies = [asked.reply for asked in interview.asked]
    return len(replies) > 1 and all(r.speaks_other for r in replies)


def _nothing(interview: Interview) -> Missed:
    """Why there is no fact: no hello was answered with a ServerHello."""
    replies = [asked.reply for asked in interview.asked]
    if any(reply.speaks_tls for reply in replies):
        said = ", ".join(dict.fromkeys(reply.detail for reply in replies if reply.speaks_tls))
        detail = f"speaks TLS, but selected nothing: {said}"
        return Missed(need=_NEED, status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)
    if _is_other_protocol(interview):
        return Missed(need=_NEED, status=AttemptStatus.ABSENT, detail=replies[0].detail)
    if interview.error is not None:
        return missed(TlsEndpoint, interview.error)
    if any(reply.reason is Reason.TIMEOUT for reply in replies):
        detail = "accepted the connection and answered no hello"
        return Missed(need=_NEED, status=AttemptStatus.TIMED_OUT, reason=Reason.TIMEOUT, detail=detail)
    detail = "closed every connection without a word of TLS"
    return Missed(need=_NEED, status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)


async def _ask_preference(interview: Interview) -> None:
    """Offer the suite it selected with forward secrecy, then the one without: which will it be?

    In this order a server that follows its clients is not blamed for what it would never do to a real one.
    """
    ephemeral = interview.first(interview.best, EPHEMERAL)
    static = interview.first(interview.best, STATIC)
    if ephemeral is not None and static is not None:
        await interview.ask(interview.best, (ephemeral.suite, static.suite), topic="preference")


def _prefers(interview: Interview) -> Answer[bool]:
    ephemeral, static = interview.accepts(EPHEMERAL), interview.accepts(STATIC)
    for answer in (ephemeral, static):
        if not answer.is_answered:
            return answer
    if not (ephemeral.value and static.value):
        return ephemeral
    reply = interview.about("preference")
    if reply is None:
        return Answer.missing(Reason.NOT_OBSERVABLE, "the two kinds were accepted in different versions only")
    if reply.kind != "selected":
        return Answer.missing(reply.reason or Reason.UNREADABLE, f"offered both kinds of suite: {reply.detail}")
    return Answer.of(EPHEMERAL(SUITES[reply.suite]))


async def _ask_compression(interview: Interview) -> None:
    if best := interview.best:
        await interview.ask(best, offer(best), topic="compression", compression=True)


def _compresses(interview: Interview) -> Answer[bool]:
    reply = interview.about("compression")
    if reply is None or reply.kind == "refused":
        # TLS 1.3 has none, and who will not talk where DEFLATE is offered does not select it.
        return _up_to_12(interview, Answer.of(False))
    if reply.answer is None or reply.kind != "selected":
        return Answer.missing(reply.reason or Reason.UNREADABLE, reply.detail)
    return Answer.of(reply.answer.compression == 1)


def _up_to_12(interview: Interview, answer: Answer[bool]) -> Answer[bool]:
    """``answer``, unless there may be an older version than TLS 1.3 that did not answer."""
    if interview.best:
        return answer
    return next((a for a in map(interview.version, VERSIONS[:-1]) if not a.is_answered), answer)


def _signals(interview: Interview, what: str) -> Answer[bool]:
    reply = interview.first(interview.best) if interview.best else None
    if reply is None or reply.answer is None:
        return Answer.missing(Reason.NOT_OBSERVABLE, f"TLS 1.3 has no {what}")
    if what == "renegotiation":
        return Answer.of(reply.answer.has_secure_renegotiation)
    return Answer.of(reply.answer.has_extended_master_secret)


def _conclude(interview: Interview) -> TlsEndpoint:
    return TlsEndpoint(
        versions={version: interview.version(version) for version in VERSIONS},
        selected=interview.selected(),
        forward_secrecy=interview.accepts(EPHEMERAL),
        without_forward_secrecy=interview.accepts(STATIC),
        prefers_forward_secrecy=_prefers(interview),
        plain_psk=interview.accepts(PLAIN_PSK),
        psk_forward_secrecy=interview.accepts(EPHEMERAL_PSK),
        broken_ciphers=interview.accepts(BROKEN),
        weak_ciphers=interview.accepts(WEAK),
        aead=interview.accepts(AEAD),
        secure_renegotiation=_signals(interview, "renegotiation"),
        extended_master_secret=_signals(interview, "extended master secret to negotiate"),
        compression=_compresses(interview),
        hellos=interview.hellos,
    )


def _excerpt(interview: Interview) -> str:
    return safe_text("; ".join(f"{suite.version} {suite.name}" for suite in interview.selected()))


PROBE = Probe(name="tls", version=1, speaks=HAVE_TLS, gives=(TlsEndpoint,), ask=ask, stage=1)
