"""All checks of captured traffic: silence is never a pass, and nothing that a capture can hold breaks one."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotscan.assess.check import Check
from iotscan.model.answer import Answer
from iotscan.model.facts import (
    AnyFact,
    CoapExchange,
    Exposure,
    Exposures,
    HttpExchange,
    Lwm2mContact,
    NameQuestion,
    Peer,
    ProtocolUse,
    Talk,
    TimeQuestion,
    TlsSession,
    TlsUse,
    Token,
    TokenUse,
    TrafficProfile,
    UpdateContact,
    UpdateUse,
)
from iotscan.model.result import Result
from iotscan.model.vocabulary import Outcome, Reason
from tests.checks.samples import Expected, Sample, Seen, check_files, judge, read_check

CHECKS = tuple(check for name in sorted(check_files()) if "traffic" in (check := read_check(name)).info.tags)
DEVICE = "192.0.2.10"
BEGAN = datetime(2026, 11, 20, 10, tzinfo=UTC)
LONG = TrafficProfile(first=BEGAN, last=BEGAN + timedelta(hours=3), frames=9000, minutes=180)
EMPTY: tuple[AnyFact, ...] = (LONG, TlsUse(), ProtocolUse(), Exposures(), UpdateUse())
BUSY = msgspec.structs.replace(
    LONG,
    talks=(
        Talk(
            peer=Peer(address="203.0.113.5", name="api.example", named_by="sni"),
            transport="tcp",
            port=443,
            count=500,
            protocol="tls",
            protection="encrypted",
            bytes_sent=90_000,
            bytes_received=90_000,
        ),
    ),
    encrypted_bytes=180_000,
)
GONE = Answer[int].missing(Reason.NOT_OBSERVABLE, "not seen")


def asked(check: Check, facts: tuple[AnyFact, ...]) -> tuple[Result, ...]:
    seen = tuple(Seen(on=DEVICE, fact=fact) for fact in facts)
    return judge(check, Sample(seen=seen, expect=Expected(outcome=Outcome.PASS)))


def outcomes(check: Check, facts: tuple[AnyFact, ...]) -> set[Outcome]:
    return {result.outcome for result in asked(check, facts)}


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.info.id)
def test_a_device_that_was_heard_and_said_nothing_passes_nothing(check: Check) -> None:
    assert outcomes(check, EMPTY) <= {Outcome.NOT_ASSESSED, Outcome.NOT_APPLICABLE}


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.info.id)
def test_a_device_that_nobody_heard_is_not_assessed(check: Check) -> None:
    (result,) = judge(check, Sample(devices=(DEVICE,), expect=Expected(outcome=Outcome.PASS)))
    assert (result.outcome, result.reason) == (Outcome.NOT_ASSESSED, Reason.NEEDS_TRAFFIC)


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.info.id)
def test_lists_that_were_cut_off_pass_nothing(check: Check) -> None:
    facts = (BUSY, *EMPTY[1:])
    cut = tuple(msgspec.structs.replace(fact, is_cut_off=True) for fact in facts)
    assert Outcome.PASS not in outcomes(check, cut)


WORD = st.text(max_size=12)
PEERS = st.builds(Peer, address=st.sampled_from(["203.0.113.5", "192.0.2.9", "fe80::1", ""]), name=WORD)
USE = {
    "role": st.sampled_from(["client", "server"]),
    "peer": PEERS,
    "transport": st.sampled_from(["tcp", "udp", ""]),
    "port": st.integers(0, 65535),
    "count": st.integers(0, 100),
}
TALKS = st.builds(
    Talk,
    **USE,
    protocol=st.sampled_from(["http", "dns", "tls", "unknown", "coap"]),
    protection=st.sampled_from(["encrypted", "cleartext", "unknown"]),
    bytes_sent=st.integers(0, 9),
    bytes_received=st.integers(0, 9),
)
LIVES = st.sampled_from([GONE, Answer[int].of(0), Answer[int].of(1 << 53)])
TOKENS = st.builds(
    Token,
    format=st.sampled_from(["jwt", "opaque"]),
    has_expiry=st.booleans(),
    is_encrypted=st.booleans(),
    is_unsigned=st.booleans(),
    lifetime=LIVES,
    guessed_key=WORD,
    digest=WORD,
)


def some(thing: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(thing, max_size=3).map(tuple)


FACTS = st.tuples(
    st.builds(
        TrafficProfile,
        first=st.just(BEGAN),
        last=st.just(BEGAN),
        minutes=st.integers(0, 60),
        talks=some(TALKS),
        encrypted_bytes=st.integers(0, 99),
        cleartext_bytes=st.integers(0, 99),
        unknown_bytes=st.integers(0, 99),
        is_cut_off=st.booleans(),
    ),
    st.builds(TlsUse, sessions=some(st.builds(TlsSession, **USE, server_name=WORD, version=WORD))),
    st.builds(
        ProtocolUse,
        http=some(st.builds(HttpExchange, **USE, host=WORD, path=WORD, method=WORD, content_type=WORD)),
        coap=some(st.builds(CoapExchange, **USE)),
        lwm2m=some(
            st.builds(
                Lwm2mContact,
                **USE,
                interface=st.sampled_from(["bootstrap", "register"]),
                security=st.sampled_from(["none", "psk", "dtls"]),
            )
        ),
        names=some(st.builds(NameQuestion, **USE, name=WORD, is_encrypted=st.booleans())),
        time=some(st.builds(TimeQuestion, **USE, authentication=st.sampled_from(["none", "nts"]))),
    ),
    st.builds(
        Exposures,
        exposures=some(
            st.builds(
                Exposure,
                **USE,
                kind=st.sampled_from(
                    ["password", "token", "session", "community", "private-key", "personal", "digest"]
                ),
                what=WORD,
                accepted=st.none() | st.booleans(),
            )
        ),
        tokens=some(st.builds(TokenUse, **USE, token=TOKENS, scheme=WORD, place=WORD)),
    ),
    st.builds(
        UpdateUse,
        contacts=some(
            st.builds(
                UpdateContact,
                **USE,
                kind=st.sampled_from(["poll", "manifest", "firmware", "package"]),
                system=st.sampled_from(["", "apt", "hawkbit"]),
                is_encrypted=st.booleans(),
                signature=st.sampled_from(["none", "present", "unknown"]),
                period=LIVES,
            )
        ),
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(facts=FACTS)
def test_nothing_breaks_one_and_what_was_exposed_is_never_passed_over(facts: tuple[AnyFact, ...]) -> None:
    said = {check.info.id: {r.outcome for r in asked(check, facts)} for check in CHECKS}
    assert all(Outcome.ERROR not in found for found in said.values()), said
    exposed = next(fact for fact in facts if isinstance(fact, Exposures))
    spoken = next(fact for fact in facts if isinstance(fact, ProtocolUse))
    if exposed.tokens:
        assert said["token-encryption"] == {Outcome.FAIL}
    # A session is a secret only where a login was seen.
    if any(e.role == "client" and e.kind not in ("token", "session") for e in exposed.exposures):
        assert said["cleartext-share"] == {Outcome.FAIL}
    if any(c.security == "none" and c.interface == "register" for c in spoken.lwm2m):
        assert said["lwm2m-registration"] == {Outcome.FAIL}


def test_one_is_no_many() -> None:
    """A single handshake, as what a finding rests on."""
    session = TlsSession(
        peer=Peer(address="203.0.113.5"), transport="udp", port=5684, kind="dtls", psk_identity="00:11:22:aa:bb:cc"
    )
    for count, words in ((1, "1 handshake"), (2, "2 handshakes")):
        use = TlsUse(sessions=(msgspec.structs.replace(session, count=count),))
        (found,) = asked(read_check("psk-identity"), (use,))
        assert found.observed.endswith(f", {words}")
