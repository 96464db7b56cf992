"""The interview of servers that no daemon here imitates: modelled answer by answer, without a socket."""

from collections.abc import Callable
from itertools import count

import anyio
import msgspec

from iotscan.model.facts.tls import DTLS_VERSIONS, VERSIONS, TlsEndpoint
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import Refused
from iotscan.observe.network.hellos import Said
from iotscan.observe.network.probes.tls.interview import Interview
from iotscan.wire.tls import framing
from iotscan.wire.tls.answer import ServerAnswer
from iotscan.wire.tls.flight import Flight, ServerKeyExchange
from iotscan.wire.tls.groups import HYBRIDS, X25519, X25519MLKEM768
from iotscan.wire.tls.hello import Offer, client_hello
from iotscan.wire.tls.sslv2 import KINDS
from iotscan.wire.tls.suites import SUITES

Say = Callable[[Offer], Said]
GOOD, STATIC, RC4, TRIPLE = 0xC02F, 0x002F, 0x0005, 0x000A
_FRESH = count(1)


def refusal(description: int = 40) -> Said:
    answer = ServerAnswer(kind="alert", level=2, description=description)
    return Said(flight=Flight(answer=answer, end="alert"), stop="whole", heard=7, start=b"\x15\x03\x03\x00\x02\x02\x28")


CLOSED, RESET, SILENT = Said(stop="closed"), Said(stop="reset"), Said(stop="silent")


def selection(offer: Offer, version: str, suite: int, **fields: object) -> Said:
    is_13 = version.endswith("v1.3")
    public = next(_FRESH).to_bytes(32, "big")
    extensions = (framing.RENEGOTIATION_INFO, framing.EXTENDED_MASTER_SECRET)
    answer = ServerAnswer(
        kind="server_hello",
        version=version,
        suite=suite,
        extensions=extensions,
        group=X25519 if is_13 else 0,
        share=public if is_13 else b"",
    )
    has_curve = SUITES[suite].uses_curves and not is_13
    exchange = ServerKeyExchange(kind="ec", group=X25519, bits=0, public=public, scheme=0x0804) if has_curve else None
    flight = Flight(answer=msgspec.structs.replace(answer, **fields), exchange=exchange, end="whole")
    return Said(flight=flight, stop="whole", heard=100, start=b"\x16\x03\x03")


def server(accepted: dict[str, tuple[int, ...]], *, refuses: Said | None = None) -> Say:
    """Accepts suites by version, in its own order, over x25519; falls back where supported_versions is not used."""

    def say(offer: Offer) -> Said:
        refused = refuses or refusal()
        if offer.version == "SSLv2":
            return refused
        listed = offer.versions if len(offer.versions) > 1 or offer.version.endswith("1.3") else ()
        order = [*VERSIONS, *DTLS_VERSIONS]
        may = [v for v in accepted if (v in listed if listed else order.index(v) <= order.index(offer.version))]
        if "TLSv1.3" not in accepted and listed:
            may = [v for v in accepted if v != "TLSv1.3" and order.index(v) <= order.index("TLSv1.2")]
        if not may:
            return refusal(70) if refuses is None else refused
        version = max(may, key=order.index)
        suite = next((code for code in accepted[version] if code in offer.suites), None)
        needs_group = suite is not None and (SUITES[suite].uses_curves or version.endswith("1.3"))
        if suite is None or (needs_group and X25519 not in offer.groups and not offer.is_bare):
            return refused
        return selection(offer, version, suite)

    return say


def hold(say: Say, *, ceiling: int = 16, name: str = "", versions: tuple[str, ...] = VERSIONS) -> Interview:
    async def ask(offer: Offer) -> Said:
        return say(offer)

    interview = Interview(ask, versions=versions, server_name=name, ceiling=ceiling)
    anyio.run(interview.hold)
    assert interview.hellos <= ceiling
    return interview


def fact(say: Say, *, ceiling: int = 16, name: str = "", versions: tuple[str, ...] = VERSIONS) -> TlsEndpoint:
    found = hold(say, ceiling=ceiling, name=name, versions=versions).endpoint()
    assert found is not None
    return found


def accepted(found: TlsEndpoint) -> set[str]:
    return {name for name, answer in found.versions.items() if answer.known}


USUAL = {"TLSv1.2": (GOOD, STATIC)}


def length(offer: Offer) -> int:
    return 0 if offer.version == "SSLv2" else len(client_hello(offer))


def test_rc4_in_tls_10_alone_is_found() -> None:
    found = fact(server({"TLSv1.2": (GOOD,), "TLSv1.1": (STATIC,), "TLSv1.0": (STATIC, RC4)}))
    assert found.broken_ciphers.known is True
    assert ("TLSv1.0", RC4) in {(suite.version, suite.code) for suite in found.selected}
    assert found.weak_ciphers.known is False


def test_triple_des_in_sslv3_alone_is_found() -> None:
    found = fact(server({"TLSv1.2": (GOOD,), "SSLv3": (TRIPLE,)}))
    assert (found.weak_ciphers.known, found.broken_ciphers.known) == (True, False)


def intolerant(bears: Callable[[Offer], bool], otherwise: Said, say: Say | None = None) -> Say:
    usual = say or server(USUAL)
    return lambda offer: usual(offer) if bears(offer) else otherwise


def test_silence_at_a_long_hello() -> None:
    found = fact(intolerant(lambda offer: length(offer) < 256, SILENT))
    assert accepted(found) == {"TLSv1.2"}
    assert found.versions["TLSv1.0"].known is False
    assert (found.forward_secrecy.known, found.without_forward_secrecy.known) == (True, True)
    assert found.intolerances == ("accepts no hello of 256 bytes or more",)
    for name in ("session_tickets", "truncated_hmac", "stapled"):
        assert not getattr(found, name).is_answered


def test_a_reset_at_any_extension() -> None:
    found = fact(intolerant(lambda offer: offer.is_bare or offer.version == "SSLv3", RESET))
    assert accepted(found) == {"TLSv1.2"}
    assert found.without_forward_secrecy.known is True
    assert found.extended_master_secret.reason is Reason.NOT_OBSERVABLE
    assert found.intolerances == ("accepts no hello with extensions",)


def test_a_refusal_of_the_unknown_extensions_alone() -> None:
    found = fact(intolerant(lambda offer: framing.HEARTBEAT not in offer.extras, RESET))
    assert accepted(found) == {"TLSv1.2"}
    assert found.heartbeat.reason is Reason.NOT_OBSERVABLE
    assert (found.broken_ciphers.known, found.without_forward_secrecy.known) == (False, True)
    assert len(found.intolerances) == 1


def test_one_that_knows_tls_13_alone_and_resets_at_anything_else() -> None:
    say = server({"TLSv1.3": (0x1301,)})
    found = fact(intolerant(lambda offer: offer.version == "TLSv1.3", RESET, say))
    assert accepted(found) == {"TLSv1.3"}
    assert found.versions["TLSv1.2"].known is False
    assert (found.forward_secrecy.known, found.broken_ciphers.known) == (True, False)


def test_a_reset_at_suites_that_it_does_not_know_is_no_refusal() -> None:
    """It resets at RC4 wherever it stands: then nothing says whether it would have taken the others."""
    found = fact(intolerant(lambda offer: RC4 not in offer.suites or GOOD in offer.suites[:3], RESET))
    assert found.forward_secrecy.known is True
    assert found.broken_ciphers.known is None
    assert "accepts" in found.broken_ciphers.detail


def test_a_name_that_is_refused() -> None:
    found = fact(intolerant(lambda offer: not offer.server_name, refusal(112)), name="device.example")
    assert accepted(found) == {"TLSv1.2"}
    assert found.intolerances == ("accepts no hello with this server name",)


def test_one_guest_at_a_time() -> None:
    """Every second connection is refused, for the one before has hardly gone."""
    usual, turn = server(USUAL), count()
    busy = Said(stop="failed", error=Refused("port 443 is closed"))
    found = fact(lambda offer: busy if next(turn) % 2 else usual(offer))
    assert accepted(found) == {"TLSv1.2"}
    assert found.broken_ciphers.known is False


def test_a_refused_suite_that_is_selected_later_is_a_contradiction() -> None:
    """What was proved stays; what only that refusal said is open."""
    usual, cbc = server({"TLSv1.2": (GOOD,)}), 0xC013

    def say(offer: Offer) -> Said:
        return selection(offer, "TLSv1.2", cbc) if offer.alpn else usual(offer)

    found = fact(say)
    assert found.cbc.known is True
    (text,) = found.contradictions
    assert "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA in TLSv1.2: selected, and refused (handshake_failure)" in text
    assert found.broken_ciphers.reason is Reason.UNREADABLE
    assert fact(usual).broken_ciphers.known is False


def test_a_version_that_is_known_and_refused_is_a_contradiction() -> None:
    """RFC 8446 section 4.1.3: its random says that it has TLS 1.3."""
    usual = server({"TLSv1.2": (GOOD,)})
    hint = bytes(24) + b"DOWNGRD\x01"

    def say(offer: Offer) -> Said:
        if offer.version == "TLSv1.3":
            return refusal()
        said = usual(offer)
        answer = said.flight.answer
        if answer is None or not answer.is_hello:
            return said
        flight = msgspec.structs.replace(said.flight, answer=msgspec.structs.replace(answer, random=hint))
        return msgspec.structs.replace(said, flight=flight)

    found = fact(say)
    assert found.versions["TLSv1.3"].reason is Reason.UNREADABLE
    assert any("TLSv1.3: refused, though" in text for text in found.contradictions)


def test_an_extension_that_comes_and_goes_is_a_contradiction() -> None:
    usual, turn = server(USUAL), count()

    def say(offer: Offer) -> Said:
        said = usual(offer)
        answer = said.flight.answer
        if answer is None or not answer.is_hello or next(turn) % 2:
            return said
        flight = msgspec.structs.replace(said.flight, answer=msgspec.structs.replace(answer, extensions=()))
        return msgspec.structs.replace(said, flight=flight)

    found = fact(say)
    assert not found.secure_renegotiation.is_answered
    assert any("renegotiation_info" in text for text in found.contradictions)


def test_a_share_that_comes_twice() -> None:
    usual = server({"TLSv1.2": (GOOD, 0xC030)})

    def say(offer: Offer) -> Said:
        said = usual(offer)
        exchange = said.flight.exchange
        if exchange is None:
            return said
        same = msgspec.structs.replace(exchange, public=b"\x07" * 32)
        return msgspec.structs.replace(said, flight=msgspec.structs.replace(said.flight, exchange=same))

    found = fact(say)
    assert found.reuses_shares.known is True
    assert fact(usual).reuses_shares.known is False


def test_a_hybrid_group_is_asked_for() -> None:
    usual = server({"TLSv1.3": (0x1301,), "TLSv1.2": (GOOD,)})

    def say(offer: Offer) -> Said:
        if offer.groups == HYBRIDS:
            return selection(offer, "TLSv1.3", 0x1301, kind="hello_retry", group=X25519MLKEM768, share=b"")
        return usual(offer)

    found = fact(say)
    assert found.hybrid_groups.known is True
    assert "X25519MLKEM768" in {exchange.group for exchange in found.exchanges}


def test_sslv2_is_a_version_with_suites_of_its_own() -> None:
    usual = server(USUAL)
    kinds = tuple(KINDS)[:1]

    def say(offer: Offer) -> Said:
        if offer.version != "SSLv2":
            return usual(offer)
        answer = ServerAnswer(kind="server_hello", version="SSLv2", suite=kinds[0], kinds=kinds)
        return Said(flight=Flight(answer=answer, end="whole"), stop="whole", heard=40, start=b"\x80")

    found = fact(say)
    assert accepted(found) == {"SSLv2", "TLSv1.2"}
    assert (found.broken_ciphers.known, found.weak_ciphers.known) == (True, False)
    assert "SSL_CK_RC4_128_WITH_MD5" in {suite.name for suite in found.selected}


def test_what_was_never_offered_is_open() -> None:
    usual = server(USUAL)
    for fields in (
        {"compression": 1},
        {"suite": 0x1301},
        {"version": "DTLSv1.2"},
        {"group": 0x6399},
    ):

        def say(offer: Offer, fields: dict[str, object] = fields) -> Said:
            said = usual(offer)
            answer = said.flight.answer
            if answer is None or not answer.is_hello or offer.compression:
                return said
            flight = msgspec.structs.replace(said.flight, answer=msgspec.structs.replace(answer, **fields))
            return msgspec.structs.replace(said, flight=flight)

        found = fact(say)
        assert found.versions["TLSv1.2"].known is True
        assert found.without_forward_secrecy.reason is Reason.UNREADABLE


def test_the_ceiling_cuts_the_lightest_questions() -> None:
    say = server({"TLSv1.3": (0x1301,), "TLSv1.2": (GOOD, 0xC030), "TLSv1.1": (STATIC,), "TLSv1.0": (STATIC,)})
    whole = fact(say, ceiling=40)
    assert whole.cut == ()
    cut = fact(say, ceiling=8)
    assert cut.hellos == 8
    assert "hybrid groups" in cut.cut
    assert cut.hybrid_groups.reason is Reason.BUDGET
    assert accepted(cut) == accepted(whole)
    for ceiling in range(1, 25):
        known, part = msgspec.structs.asdict(whole), msgspec.structs.asdict(fact(say, ceiling=ceiling))
        for name in ("forward_secrecy", "without_forward_secrecy", "broken_ciphers", "weak_ciphers", "cbc", "dh_bits"):
            assert part[name].known in (None, known[name].known)


def test_refusals_by_closing_are_confirmed_by_a_hello_that_was_kept_back() -> None:
    say = server(USUAL, refuses=CLOSED)
    for ceiling in range(2, 20):
        found = fact(say, ceiling=ceiling)
        assert found.versions["TLSv1.2"].known is True
        assert found.broken_ciphers.known is (None if ceiling < 9 else False)


def test_dtls_is_asked_in_its_own_versions() -> None:
    found = fact(server({"DTLSv1.2": (GOOD, 0xC0A8)}), versions=DTLS_VERSIONS)
    assert set(found.versions) == set(DTLS_VERSIONS)
    assert accepted(found) == {"DTLSv1.2"}
    assert found.is_dtls
    assert (found.plain_psk.known, found.short_tag.known, found.broken_ciphers.known) == (True, True, False)


def test_nothing_but_alerts_is_no_fact() -> None:
    interview = hold(lambda offer: refusal())
    assert interview.endpoint() is None
    assert interview.nothing().status is AttemptStatus.UNREADABLE


def test_nothing_but_silence_ends_soon() -> None:
    interview = hold(lambda offer: SILENT)
    assert interview.endpoint() is None
    assert interview.nothing().status is AttemptStatus.TIMED_OUT
    assert interview.hellos == 3
