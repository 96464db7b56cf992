"""What is said of a certificate's dates by a clock that the capture itself bears out, contradicts, or leaves open."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

import msgspec
import pytest

from iotscan.model.answer import Answer
from iotscan.model.facts import (
    Certificate,
    Exposures,
    HttpExchange,
    ServerProof,
    TimeQuestion,
    TlsSession,
    TlsUse,
    Token,
    TokenUse,
)
from iotscan.model.facts.tls_use import Fault
from iotscan.observe.traffic import clock as clock_module
from iotscan.observe.traffic.clock import Clock
from iotscan.observe.traffic.conversation import Told
from iotscan.observe.traffic.ledger import Ledger
from tests.observe.traffic.talking import SECOND, START, conversation, hear
from tests.observe.traffic.test_ledger import fact

THEN = datetime.fromtimestamp(START / SECOND, UTC)
DAY = 86_400 * SECOND
YEAR = 365 * DAY


def proof(
    begins: float, ends: float, *faults: Fault, is_public: bool = False, name: str = "cloud.example"
) -> ServerProof:
    """One that begins and ends so many days from the moment of the capture."""
    leaf = Certificate(
        subject=f"CN={name}",
        issuer="CN=CA",
        serial="01",
        not_before=THEN + timedelta(days=begins),
        not_after=THEN + timedelta(days=ends),
        key_type="ec",
        key_bits=256,
        signature_hash="sha256",
        sha256=name,
        spki_sha256=name,
        names=(name,),
    )
    detail = "; ".join(f"{each} in words" for each in faults)
    return ServerProof(certificates=(leaf,), publicly_trusted=Answer[bool].of(is_public), faults=faults, detail=detail)


EARLY = proof(30, 365, "not-yet-valid")
LATE = proof(-400, -5, "expired")
LONG_AGO = proof(-800, -400, "expired")
GOOD = proof(-30, 335)


def test_without_a_witness_only_an_end_of_long_ago_counts() -> None:
    clock = Clock()
    assert clock.judged(LONG_AGO, START) == LONG_AGO
    assert clock.judged(GOOD, START) == GOOD
    for doubtful in (EARLY, LATE):
        judged = clock.judged(doubtful, START)
        assert (judged.faults, judged.detail) == ((), "")
        assert "nothing in the capture bears it out" in judged.open_dates


def test_what_is_wrong_besides_stays() -> None:
    judged = Clock().judged(proof(30, 365, "not-yet-valid", "wrong-name"), START)
    assert (judged.faults, judged.detail) == (("wrong-name",), "wrong-name in words")


@pytest.mark.parametrize("shown", [EARLY, LATE, LONG_AGO, GOOD])
def test_a_clock_that_is_borne_out_counts(shown: ServerProof) -> None:
    clock = Clock()
    clock.hear(START + 60 * SECOND, START + 61 * SECOND, "a time server")
    assert clock.judged(shown, START) == shown


@pytest.mark.parametrize(("shown", "off"), [(EARLY, YEAR), (LATE, -YEAR), (LONG_AGO, -2 * YEAR), (GOOD, 2 * YEAR)])
def test_a_clock_that_is_contradicted_does_not(shown: ServerProof, off: int) -> None:
    clock = Clock()
    clock.hear(START + 60 * SECOND, START + off, "a time server")
    judged = clock.judged(shown, START)
    assert judged.faults == ()
    assert "a time server contradicts it" in judged.open_dates


def test_an_end_counts_where_the_true_time_is_later_still() -> None:
    clock = Clock()
    clock.hear(START, START + YEAR, "a time server")
    assert clock.judged(LATE, START) == LATE


def test_what_was_told_weeks_away_is_of_another_clock() -> None:
    clock = Clock()
    clock.hear(START + 20 * DAY, START + 20 * DAY, "a time server")
    assert clock.judged(EARLY, START).open_dates


def test_no_public_authority_issues_for_later() -> None:
    clock, shown = Clock(), proof(900, 990, "not-yet-valid", is_public=True)
    clock.show(START, shown)
    assert "of a public authority, contradicts it" in clock.judged(shown, START).open_dates
    assert clock.judged(EARLY, START).open_dates


def test_a_public_certificate_that_began_after_an_end_proves_it() -> None:
    clock = Clock()
    clock.show(START, proof(-3, 87, is_public=True, name="other.example"))
    assert clock.judged(LATE, START) == LATE
    assert clock.judged(proof(100, 400, "not-yet-valid"), START).faults == ("not-yet-valid",)
    assert clock.judged(EARLY, START).open_dates  # within 87 days of now that clock may be anywhere
    private = Clock()
    private.show(START, proof(-3, 87, name="other.example"))
    assert private.judged(LATE, START).open_dates


def test_the_word_of_more_counts() -> None:
    clock = Clock()
    clock.hear(START, START + YEAR, "one")
    clock.hear(START, START, "another")
    assert clock.judged(EARLY, START).open_dates
    clock.hear(START, START, "a third")
    assert clock.judged(EARLY, START) == EARLY


def test_nothing_was_captured_later_than_now() -> None:
    at = int((datetime.now(UTC) + timedelta(days=400)).timestamp()) * SECOND
    leaf = LONG_AGO.certificates[0]
    ends = datetime.now(UTC) + timedelta(days=300)
    shown = msgspec.structs.replace(LONG_AGO, certificates=(msgspec.structs.replace(leaf, not_after=ends),))
    assert "the clock of this machine" in Clock().judged(shown, at).open_dates


def _said_by(server: str, item: HttpExchange | TimeQuestion, clock: int) -> ServerProof:
    """What is told of an early certificate where a server told the time."""
    ledger = Ledger()
    hear(ledger, conversation("192.168.1.5", "203.0.113.80"), TlsSession(version="TLSv1.2", proof=EARLY))
    talk = conversation("192.168.1.5", server)
    ledger.told(Told(talk, START, item, clock=clock))
    ledger.ended(talk)
    (session,) = fact(ledger, "192.168.1.5", TlsUse).sessions
    assert session.proof is not None
    return session.proof


def test_the_ledger_hears_time_servers_and_dates_from_beyond() -> None:
    assert _said_by("192.168.1.1", TimeQuestion(), START).faults
    assert _said_by("203.0.113.9", HttpExchange(), START).faults
    assert _said_by("192.168.1.1", HttpExchange(), START).open_dates  # a device that may never have set its own
    assert "203.0.113.9 contradicts it" in _said_by("203.0.113.9", HttpExchange(), START + YEAR).open_dates
    assert _said_by("203.0.113.9", HttpExchange(), 0).open_dates


def test_the_rest_of_a_tokens_life_is_told_by_a_clock_that_is_borne_out() -> None:
    ledger = Ledger()
    token = Token(format="jwt", has_expiry=True, lifetime=Answer[int].of(10**8), is_life_open=True)
    hear(ledger, conversation("192.168.1.5", "203.0.113.80", port=80), TokenUse(token=token, scheme="Bearer"))
    assert not fact(ledger, "192.168.1.5", Exposures).tokens[0].token.lifetime.is_answered
    told = conversation("192.168.1.5", "203.0.113.9")
    ledger.told(Told(told, START, TimeQuestion(), clock=START))
    assert fact(ledger, "192.168.1.5", Exposures).tokens[0].token.lifetime.value == 10**8


def test_who_is_heard_later_is_asked_as_well() -> None:
    clock = Clock()
    at = int(THEN.timestamp()) * SECOND
    assert not clock.is_borne_out(at)
    clock.hear(at, at, "the time server")
    assert clock.is_borne_out(at)


def _steps(run: Callable[[], object]) -> int:
    """How many instructions of the clock's module are run."""
    count = 0

    def step(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        if frame.f_code.co_filename != clock_module.__file__:
            return None
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        run()
    finally:
        sys.settrace(before)
    return count


def _crowd(days: int) -> Clock:
    """A clock that 64 others told of on each of so many days."""
    clock = Clock()
    for day in range(days):
        for each in range(64):
            at = START + (day - days // 2) * DAY
            clock.hear(at, at, f"server {each} of day {day}")
    clock.judged(GOOD, START)
    return clock


def test_hostile_handshakes_cost_the_same_each_whoever_told_the_time() -> None:
    """Counted, not timed: twice the handshakes take twice the steps, and fifteen days of witnesses no more than one."""

    def steps(clock: Clock, handshakes: int) -> int:
        return _steps(lambda: [clock.judged(LONG_AGO, START + number) for number in range(handshakes)])

    few, many = _crowd(1), _crowd(15)
    once = steps(few, 20)
    assert once > 20 * 64  # it is counted
    assert steps(few, 40) <= 2.1 * once
    assert steps(many, 20) <= 1.1 * once
