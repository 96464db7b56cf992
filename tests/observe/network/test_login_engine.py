from pathlib import Path

import anyio
import pytest

from iotscan.data.credential_records import EVERY_ACCOUNT, Pair
from iotscan.model.device import Service
from iotscan.model.facts import Announcement, Challenge, Claim, DefaultLogin, HttpServer, SnmpAgent, TelnetServer
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.credentials.engine import MOST_PAIRS, Examination
from iotscan.observe.network.credentials.products import records_for
from iotscan.observe.network.credentials.reaction import Reaction, Sign
from iotscan.observe.network.failures import DialError, PeerClosed, Refused, TimedOut
from iotscan.observe.network.probe import Missed
from iotscan.store.ledger import Ledger
from tests.observe.network.acme import record
from tests.observe.network.daemons import door


class Scripted:
    """A login that answers with what it is given, one after the other."""

    protocol = "http"

    def __init__(self, *answers: Sign | DialError) -> None:
        self.answers = list(answers)
        self.offered: list[str | None] = []

    async def offer(self, pair: Pair | None) -> Reaction:
        self.offered.append(pair.user if pair else None)
        answer = self.answers.pop(0)
        if isinstance(answer, DialError):
            raise answer
        return Reaction(sign=answer)


PAIRS = (("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"))


def examine(folder: Path, login: Scripted, *pairs: tuple[str, str], gap: float = 0.0) -> DefaultLogin | Missed:
    ledger = Ledger(folder / "ledger")
    examination = Examination(login, [record(*pairs)], device="10.0.0.1", ledger=ledger, gap=gap)  # type: ignore[arg-type]
    return anyio.run(examination.run)


R, A, C, U = Sign.REFUSED, Sign.ACCEPTED, Sign.CLOSED, Sign.UNCLEAR


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((A,), "open"),
        ((R, A), "accepts_any"),
        ((R, Sign.UNGUARDED), "accepts_any"),
        ((R, R, A, R), "accepted"),
        ((R, C, A, C), "accepted"),
        ((R, R, A, PeerClosed("")), "accepted"),
        ((R, R, A, A), "accepts_any"),
        ((R, R, R), "rejected"),
        ((R, C, C), "rejected"),
        ((R, C, R), "rejected"),
        ((R, R, Sign.UNGUARDED), "accepts_any"),
    ],
)
def test_outcomes(tmp_path: Path, answers: tuple[Sign | DialError, ...], outcome: str) -> None:
    found = examine(tmp_path, Scripted(*answers), ("a", "1"))
    assert isinstance(found, DefaultLogin)
    assert found.outcome == outcome


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ((U,), Reason.UNREADABLE),
        ((C,), Reason.UNREADABLE),
        ((Sign.UNSUITED,), Reason.NOT_OBSERVABLE),
        ((Sign.NO_LOGIN,), Reason.NOT_OBSERVABLE),
        ((Sign.LOCKED,), Reason.LOCKED_OUT),
        ((R, U), Reason.UNREADABLE),
        ((R, Sign.LOCKED), Reason.LOCKED_OUT),
        ((R, R, U), Reason.UNREADABLE),
        ((R, R, C), Reason.UNREADABLE),
        ((R, R, Sign.LOCKED), Reason.LOCKED_OUT),
        ((TimedOut(""),), Reason.TIMEOUT),
        ((Refused(""),), Reason.UNREACHABLE),
        ((PeerClosed(""),), Reason.UNREADABLE),
        ((R, TimedOut("")), Reason.TIMEOUT),
        ((R, Refused("")), Reason.LOCKED_OUT),
        ((R, R, PeerClosed("")), Reason.LOCKED_OUT),
    ],
)
def test_whatever_is_unclear_is_no_verdict(
    tmp_path: Path, answers: tuple[Sign | DialError, ...], reason: Reason
) -> None:
    login = Scripted(*answers)
    missed = examine(tmp_path, login, ("a", "1"))
    assert isinstance(missed, Missed)
    assert missed.reason is reason
    assert login.answers == []
    closed = not Ledger(tmp_path / "ledger").may_try("10.0.0.1", "somebody else")
    assert closed is (reason is Reason.LOCKED_OUT)


def test_no_more_than_three_pairs_and_then_it_does_not_say_rejected(tmp_path: Path) -> None:
    login = Scripted(R, R, R, R, R)
    missed = examine(tmp_path, login, *PAIRS)
    assert isinstance(missed, Missed)
    assert missed.reason is Reason.BUDGET
    assert len(login.offered) == 2 + MOST_PAIRS


def test_an_account_without_tries_left_is_passed_over(tmp_path: Path) -> None:
    for _ in range(3):
        Ledger(tmp_path / "ledger").note("10.0.0.1", "a")
    login = Scripted(R, R, A, R)
    found = examine(tmp_path, login, ("a", "1"), ("b", "2"))
    assert isinstance(found, DefaultLogin)
    assert found.account == "b"
    assert "a" not in login.offered


def test_no_stranger_is_sent_where_nothing_may_be_tried(tmp_path: Path) -> None:
    Ledger(tmp_path / "ledger").note("10.0.0.1", EVERY_ACCOUNT)
    login = Scripted(R)
    missed = examine(tmp_path, login, ("a", "1"))
    assert isinstance(missed, Missed)
    assert missed.reason is Reason.BUDGET
    assert login.offered == [None]


def test_the_gap_comes_before_every_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[object] = []
    login = Scripted(R, R, R)
    offer, sleep = login.offer, anyio.sleep

    async def noted(pair: Pair | None) -> Reaction:
        order.append("bare" if pair is None else "try")
        return await offer(pair)

    async def slept(seconds: float) -> None:
        order.append(seconds)
        await sleep(0)

    login.offer = noted  # type: ignore[method-assign]
    monkeypatch.setattr("iotscan.observe.network.credentials.engine.anyio.sleep", slept)
    examine(tmp_path, login, ("a", "1"), gap=2.0)
    assert order == ["bare", 2.0, "try", 2.0, "try"]


def test_a_product_is_told_from_its_own_service_first() -> None:
    acme = record()
    other = type(acme)(
        id="other",
        vendor="O",
        product="P",
        protocols=("http",),
        match={"realm": ("Other",)},
        pairs=acme.pairs,
        source="s",
    )
    own = HttpServer(tls=False, status=401, challenges=(Challenge(scheme="basic", realm="Other box"),))
    elsewhere = TelnetServer(banner="Acme login:", asks="login")
    place = door(80, "http")
    known = (("tcp/80", own), ("tcp/23", elsewhere))
    place = type(place)(line=place.line, service=place.service, known=known)
    assert [r.id for r in records_for(place, "http", [acme, other])] == ["other"]
    telnet = type(place)(line=place.line, service=Service(transport="tcp", port=2323, protocol="telnet"), known=known)
    assert [r.id for r in records_for(telnet, "telnet", [acme, other])] == ["acme-cam"]


@pytest.mark.parametrize(
    "fact",
    [
        SnmpAgent(version="2c", description="ACME cam 100 fw 1.2"),
        Announcement(
            claims=(Claim(what="manufacturer", value="Acme", how="ssdp"), Claim(what="model", value="X", how="ssdp"))
        ),
    ],
)
def test_what_a_device_announces_tells_its_product(fact: SnmpAgent | Announcement) -> None:
    place = door(80, "http")
    place = type(place)(line=place.line, service=place.service, known=(("", fact),))
    assert [r.id for r in records_for(place, "http", [record()])] == ["acme-cam"]
