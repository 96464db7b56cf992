"""From what was said to the fact: every answer, or why there is none."""

from typing import Literal

from iotscan.model.answer import Answer
from iotscan.model.facts.tls import AlpnTreatment, ClientCertificateRequest, SuiteList, TlsEndpoint
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.certificate_requests import in_words
from iotscan.observe.network.probes.tls import exchanges, questions
from iotscan.observe.network.probes.tls.asking import Asking
from iotscan.observe.network.probes.tls.doubts import answers_signal, denied_though_known
from iotscan.observe.network.probes.tls.intolerances import intolerances
from iotscan.observe.network.probes.tls.kinds import CBC, CURVES, EPHEMERAL, PRIMES, SETTLED, STATIC, Wanted
from iotscan.observe.network.probes.tls.order import server_preference
from iotscan.observe.network.probes.tls.reply import Reply
from iotscan.observe.network.probes.tls.transcript import (
    AGAIN,
    ALPN,
    BOTH,
    EXTRAS,
    FALLBACK,
    HYBRID,
    PREFERENCE,
    WEAK_GROUPS,
    WEAK_SIGNATURE,
    Transcript,
    unanswered,
)
from iotscan.wire.tls import framing, sslv2
from iotscan.wire.tls.alerts import INAPPROPRIATE_FALLBACK, NO_APPLICATION_PROTOCOL
from iotscan.wire.tls.groups import GROUPS
from iotscan.wire.tls.signatures import WEAK as WEAK_SIGNATURES
from iotscan.wire.tls.signatures import scheme_name
from iotscan.wire.tls.suites import SUITES

_SSLV2_BROKEN, _SSLV2_WEAK = ("RC4", "RC2", "DES_64"), ("IDEA", "EDE3")


def conclude(asking: Asking, *, lists: tuple[SuiteList, ...], contradictions: tuple[str, ...]) -> TlsEndpoint:
    """All that the questions settled."""
    said = asking.said
    seen = exchanges.public_values(said)
    schemes = tuple(dict.fromkeys(said.schemes()))
    return TlsEndpoint(
        versions=_versions(said),
        selected=said.selected(),
        forward_secrecy=said.accepts(EPHEMERAL),
        without_forward_secrecy=_with_sslv2(said, STATIC, ("SSL",)),
        prefers_forward_secrecy=_prefers_forward_secrecy(said),
        plain_psk=said.accepts(SETTLED["plain_psk"]),
        psk_forward_secrecy=said.accepts(SETTLED["psk_forward_secrecy"]),
        broken_ciphers=_with_sslv2(said, SETTLED["broken_ciphers"], _SSLV2_BROKEN),
        weak_ciphers=_with_sslv2(said, SETTLED["weak_ciphers"], _SSLV2_WEAK),
        aead=said.accepts(SETTLED["aead"]),
        secure_renegotiation=_signal(said, framing.RENEGOTIATION_INFO, "renegotiation"),
        extended_master_secret=_signal(said, framing.EXTENDED_MASTER_SECRET, "extended master secret to negotiate"),
        compression=_compression(said),
        hellos=asking.hellos,
        prefers_newest=_prefers_newest(said),
        suite_lists=lists,
        server_preference=server_preference(said),
        cbc=said.accepts(CBC),
        encrypt_then_mac=_encrypt_then_mac(said),
        short_tag=said.accepts(SETTLED["short_tag"]),
        longer_tag=said.accepts(SETTLED["longer_tag"]),
        exchanges=exchanges.key_exchanges(said),
        weak_groups=_weak_groups(said),
        dh_bits=_dh_bits(said),
        hybrid_groups=_hybrids(said),
        reuses_shares=_reuses_shares(said, seen),
        shares_seen=len(seen),
        signatures=tuple(map(scheme_name, schemes)),
        weak_signature=_weak_signature(said),
        chooses_weak_signature=_chooses_weak_signature(said),
        truncated_hmac=_extension(said, framing.TRUNCATED_HMAC),
        heartbeat=_extension(said, framing.HEARTBEAT),
        session_tickets=_extension(said, framing.SESSION_TICKET),
        fallback_scsv=_fallback(said),
        unknown_alpn=_alpn(said),
        client_certificate=_client_certificate(said),
        certificate_request=_certificate_request(said),
        raw_public_key=_raw_public_key(said),
        psk_hint=_psk_hint(said),
        stapled=_stapled(said),
        intolerances=intolerances(said),
        contradictions=contradictions,
        cut=tuple(asking.cut),
    )


def _versions(said: Transcript) -> dict[str, Answer[bool]]:
    names = (sslv2.VERSION, *said.versions) if said.versions[0] == "SSLv3" else said.versions
    return {name: _version(said, name) for name in names}


def _version(said: Transcript, name: str) -> Answer[bool]:
    contradiction = denied_though_known(said, name) if name in said.versions else ""
    return Answer.missing(Reason.UNREADABLE, contradiction) if contradiction else said.version(name)


def _with_sslv2(said: Transcript, wanted: Wanted, pieces: tuple[str, ...]) -> Answer[bool]:
    names = [suite.name for suite in said.selected() if suite.version == sslv2.VERSION]
    if any(piece in name for name in names for piece in pieces):
        return Answer.of(True)
    return said.accepts(wanted)


def _prefers_forward_secrecy(said: Transcript) -> Answer[bool]:
    ephemeral, static = said.accepts(EPHEMERAL), said.accepts(STATIC)
    for answer in (ephemeral, static):
        if not answer.is_answered:
            return answer
    if not (ephemeral.value and static.value):
        return ephemeral
    reply = said.about(PREFERENCE)
    if reply is None:
        return Answer.missing(Reason.NOT_OBSERVABLE, "the two kinds were accepted in different versions only")
    if not reply.is_selected:
        return Answer.missing(reply.reason or Reason.UNREADABLE, f"offered both kinds of suite: {reply.detail}")
    return Answer.of(EPHEMERAL(SUITES[reply.suite]))


def _prefers_newest(said: Transcript) -> Answer[bool]:
    newest = said.version(said.newest)
    reply = said.about(BOTH)
    if reply is not None and reply.version == said.newest:
        return Answer.of(True)
    if newest.known is False:
        return Answer.missing(Reason.NOT_OBSERVABLE, f"it has no {said.newest}")
    if newest.known is None:
        return newest
    if not said.best:
        return Answer.of(True)
    if reply is None or not reply.is_selected:
        return _open(reply, "not asked")
    return Answer.of(False)


def _before_13(said: Transcript, what: str) -> Answer[bool]:
    """Why there is no answer to what only the versions before TLS 1.3 have, where none of them is accepted."""
    gap = next((a for a in map(said.version, said.before) if not a.is_answered), None)
    return gap or Answer.missing(Reason.NOT_OBSERVABLE, f"TLS 1.3 has no {what}")


def _open(reply: Reply | None, otherwise: str) -> Answer[bool]:
    return unanswered([reply]) if reply is not None else Answer.missing(Reason.NOT_OBSERVABLE, otherwise)


def _signal(said: Transcript, kind: int, what: str) -> Answer[bool]:
    if not said.best:
        return _before_13(said, what)
    answered = answers_signal(said, said.best, kind)
    if said.way.is_bare:
        return _bare_signal(said, kind)
    if len(answered) > 1:
        return Answer.missing(Reason.UNREADABLE, "answered in one hello, and left out in another")
    return Answer.of(True in answered)


def _bare_signal(said: Transcript, kind: int) -> Answer[bool]:
    # Without extensions only renegotiation can be signalled: by a cipher suite, RFC 5746 section 3.3.
    if kind == framing.RENEGOTIATION_INFO:
        return Answer.of(any(kind in a.reply.extensions for a in said.selections(said.best)))
    return Answer.missing(Reason.NOT_OBSERVABLE, "it accepts no hello with extensions")


def _with_extras(said: Transcript) -> Reply | None:
    """The reply to a hello that offered every extension, in a version before TLS 1.3."""
    answered = [a.reply for a in said.asked if a.topic == EXTRAS]
    return next((reply for reply in answered if reply.is_selected), answered[-1] if answered else None)


def _extension(said: Transcript, kind: int) -> Answer[bool]:
    reply = _with_extras(said)
    if not said.best:
        return _before_13(said, "such extension")
    if said.best == "SSLv3":
        return Answer.of(False)
    if reply is None or not reply.is_selected:
        return _refused_with_extras(reply)
    return Answer.of(kind in reply.extensions)


def _refused_with_extras(reply: Reply | None) -> Answer[bool]:
    if reply is None or reply.kind == "open":
        return _open(reply, "not asked")
    return Answer.missing(Reason.NOT_OBSERVABLE, f"refused the hello that offered it beside others ({reply.detail})")


def _compression(said: Transcript) -> Answer[bool]:
    answers = [a.reply.flight.answer for a in said.selections()]
    if any(answer is not None and answer.compression == 1 for answer in answers):
        return Answer.of(True)
    if not said.best:
        gap = _before_13(said, "compression")
        return Answer.of(False) if gap.reason is Reason.NOT_OBSERVABLE and not _has_gap(said) else gap
    reply = _with_extras(said)
    if reply is None or not reply.is_selected:
        return _refused_with_extras(reply)
    return Answer.of(False)


def _has_gap(said: Transcript) -> bool:
    return any(not said.version(version).is_answered for version in said.before)


def _encrypt_then_mac(said: Transcript) -> Answer[bool]:
    chosen = [
        a
        for a in said.selections()
        if CBC(SUITES[a.reply.suite]) and framing.ENCRYPT_THEN_MAC in a.offer.extras and a.reply.version != "SSLv3"
    ]
    if not chosen:
        accepted = said.accepts(CBC)
        return (
            Answer.missing(Reason.NOT_OBSERVABLE, "no CBC suite was selected where it was offered")
            if accepted.is_answered
            else accepted
        )
    return Answer.of(all(framing.ENCRYPT_THEN_MAC in a.reply.extensions for a in chosen))


def _weak_groups(said: Transcript) -> Answer[bool]:
    if exchanges.uses_weak_curve(said):
        return Answer.of(True)
    if not said.best:
        return Answer.of(False) if not _has_gap(said) else _before_13(said, "weak group")
    replies = [a.reply for a in said.asked if a.topic == WEAK_GROUPS]
    if not replies:
        curves = said.accepts(CURVES)
        return curves if curves.known is not True else Answer.missing(Reason.NOT_OBSERVABLE, "not asked")
    for reply in replies:
        if reply.kind == "open":
            return unanswered([reply])
        # OpenSSL selects a suite and then gives up over the curve.
        if reply.is_selected and reply.flight.exchange is None and reply.flight.end != "alert":
            return Answer.missing(Reason.UNREADABLE, "it accepted, and did not send its key exchange")
    return Answer.of(False)


def _kind(group: str) -> Literal["curve", "prime", "hybrid", ""]:
    return next((g.kind for g in GROUPS.values() if g.name == group), "")


def _dh_bits(said: Transcript) -> Answer[int]:
    sizes = [e.bits for e in exchanges.key_exchanges(said) if e.group == "dh"]
    if sizes:
        return Answer.of(min(sizes))
    accepted = said.accepts(PRIMES)
    if accepted.known is False and not said.way.has_primes:
        return Answer.missing(Reason.NOT_OBSERVABLE, "it breaks off where it is offered a DHE suite")
    if accepted.known is False:
        return Answer.of(0)
    if accepted.known:
        return Answer.missing(Reason.UNREADABLE, "it selected a DHE suite and did not send its prime")
    return Answer.missing(accepted.reason or Reason.UNREADABLE, accepted.detail)


def _hybrids(said: Transcript) -> Answer[bool]:
    if any(_kind(e.group) == "hybrid" for e in exchanges.key_exchanges(said)):
        return Answer.of(True)
    newest = said.version(said.newest)
    if newest.known is not True:
        return newest
    reply = said.about(HYBRID)
    return Answer.of(False) if reply is not None and reply.kind == "refused" else _open(reply, "not asked")


def _reuses_shares(said: Transcript, seen: tuple[tuple[int, bytes], ...]) -> Answer[bool]:
    if len(set(seen)) < len(seen):
        return Answer.of(True)
    groups = [group for group, _ in seen]
    if len(seen) >= questions.SHARES_WANTED and len(set(groups)) < len(groups):
        return Answer.of(False)
    for topic in (AGAIN, ALPN):
        reply = said.about(topic)
        if reply is not None and reply.kind == "open":
            return unanswered([reply])
    return Answer.missing(Reason.NOT_OBSERVABLE, f"{len(seen)} public values came: a no takes three")


def _chooses_weak_signature(said: Transcript) -> Answer[bool]:
    usual = [
        a.reply.flight.exchange.scheme
        for a in said.selections()
        if a.topic != WEAK_SIGNATURE and a.reply.flight.exchange and a.reply.flight.exchange.scheme
    ]
    if usual:
        return Answer.of(any(scheme in WEAK_SIGNATURES for scheme in usual))
    return _no_signature(said)


def _no_signature(said: Transcript) -> Answer[bool]:
    version = said.version(said.before[-1])
    if not version.is_answered:
        return version
    return Answer.missing(Reason.NOT_OBSERVABLE, "no key exchange of TLS 1.2 with a signature was seen")


def _weak_signature(said: Transcript) -> Answer[bool]:
    if any(scheme in WEAK_SIGNATURES for scheme in said.schemes()):
        return Answer.of(True)
    reply = said.about(WEAK_SIGNATURE)
    if reply is None:
        return _no_signature(said)
    if reply.is_selected and not (reply.flight.exchange and reply.flight.exchange.scheme):
        return Answer.missing(Reason.UNREADABLE, "it accepted, and did not send its key exchange")
    # A server that signs with SHA-256 all the same does not look at what is offered.
    return unanswered([reply]) if reply.kind == "open" else Answer.of(False)


def _fallback(said: Transcript) -> Answer[bool]:
    reply = said.about(FALLBACK)
    if reply is None:
        return Answer.missing(Reason.NOT_OBSERVABLE, "it has one version: there is nothing to fall back from")
    if reply.alert == INAPPROPRIATE_FALLBACK:
        return Answer.of(True)
    if reply.is_selected:
        return Answer.of(False)
    return Answer.missing(reply.reason or Reason.UNREADABLE, reply.detail)


def _alpn(said: Transcript) -> Answer[AlpnTreatment]:
    reply = said.about(ALPN)
    if reply is None or (reply.kind != "selected" and reply.alert != NO_APPLICATION_PROTOCOL):
        why = unanswered([reply]) if reply is not None else _open(None, "no hello with extensions is accepted")
        return Answer[AlpnTreatment].missing(why.reason or Reason.UNREADABLE, why.detail)
    if reply.alert == NO_APPLICATION_PROTOCOL:
        return Answer[AlpnTreatment].of("refused")
    if reply.version == said.newest:
        return Answer[AlpnTreatment].missing(Reason.NOT_OBSERVABLE, "TLS 1.3 encrypts what it selected")
    name = reply.flight.answer.alpn if reply.flight.answer else ""
    if name not in ("", questions.NO_PROTOCOL):
        detail = f"selected the application protocol {name}, which was not offered"
        return Answer[AlpnTreatment].missing(Reason.UNREADABLE, detail)
    return Answer[AlpnTreatment].of("accepted" if name else "ignored")


def _client_certificate(said: Transcript) -> Answer[bool]:
    flights = [a.reply.flight for version in said.before for a in said.selections(version)]
    if any(flight.asks_certificate for flight in flights):
        return Answer.of(True)
    if any(flight.end == "whole" for flight in flights):
        return Answer.of(False)
    return _unfinished(said, "request for a certificate in the clear")


def _certificate_request(said: Transcript) -> ClientCertificateRequest | None:
    flights = (a.reply.flight for version in reversed(said.before) for a in said.selections(version))
    return next((in_words(flight.request) for flight in flights if flight.request is not None), None)


def _unfinished(said: Transcript, what: str) -> Answer[bool]:
    if not said.best:
        return _before_13(said, what)
    return Answer.missing(Reason.UNREADABLE, "its first flight did not come to an end")


def _raw_public_key(said: Transcript) -> Answer[bool]:
    answers = [a.reply.flight.answer for a in said.selections()]
    if any(answer is not None and answer.certificate_type == 2 for answer in answers):
        return Answer.of(True)
    reply = _with_extras(said)
    if not said.best:
        return _before_13(said, "certificate type in the clear")
    if reply is None or not reply.is_selected:
        return _refused_with_extras(reply)
    if not SUITES[reply.suite].needs_certificate:
        return Answer.missing(Reason.NOT_OBSERVABLE, "it selected a suite without a certificate")
    return Answer.of(False)


def _psk_hint(said: Transcript) -> str:
    hints = (a.reply.flight.exchange.hint for a in said.selections() if a.reply.flight.exchange)
    return safe_text(next((hint for hint in hints if hint), b""), 255)


def _stapled(said: Transcript) -> Answer[bool]:
    reply = _with_extras(said)
    if not said.best:
        return _before_13(said, "staple in the clear")
    if reply is None or not reply.is_selected:
        return _refused_with_extras(reply)
    if reply.flight.staple:
        return Answer.of(True)
    if not SUITES[reply.suite].needs_certificate:
        return Answer.missing(Reason.NOT_OBSERVABLE, "it selected a suite without a certificate")
    return Answer.of(False) if reply.flight.end == "whole" else _unfinished(said, "staple in the clear")
