from pathlib import Path

import anyio
import msgspec
import pytest

from iotscan.data.credential_records import EVERY_ACCOUNT, CredentialRecord, Mark, Pair
from iotscan.model.device import Device, Service
from iotscan.model.facts import (
    Announcement,
    AnyFact,
    Challenge,
    Claim,
    DefaultLogin,
    HttpServer,
    SnmpAgent,
    TelnetServer,
)
from iotscan.model.identification import Identity, Trait
from iotscan.model.secret import Secret
from iotscan.model.tried import Tried
from iotscan.model.vocabulary import Confidence, Reason
from iotscan.observe.network.credentials.engine import MOST_MISSES, MOST_PAIRS, Examination
from iotscan.observe.network.credentials.products import records_for
from iotscan.observe.network.credentials.reaction import Reaction, Sign
from iotscan.observe.network.failures import DialError, PeerClosed, Refused, TimedOut
from iotscan.observe.network.probe import Door, Missed
from iotscan.store.ledger import Ledger, RehearsedLedger
from tests.observe.network.acme import record
from tests.observe.network.daemons import HOST, door


class Scripted:
    """A login that answers with what it is given, one after the other."""

    protocol = "http"
    sole_account = ""

    def __init__(self, *answers: Sign | Reaction | DialError) -> None:
        self.answers = list(answers)
        self.offered: list[str | None] = []

    async def offer(self, pair: Pair | None) -> Reaction:
        self.offered.append(pair.user if pair else None)
        answer = self.answers.pop(0)
        if isinstance(answer, DialError):
            raise answer
        return answer if isinstance(answer, Reaction) else Reaction(sign=answer)


DEVICE = Tried(address="10.0.0.1")
PAIRS = (("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"))


def examine(folder: Path, login: Scripted, *pairs: tuple[str, str], gap: float = 0.0) -> DefaultLogin | Missed:
    ledger = Ledger(folder / "ledger")
    examination = Examination(login, [record(*pairs)], device=DEVICE, ledger=ledger, gap=gap)  # type: ignore[arg-type]
    return anyio.run(examination.run)


R, A, C, U = Sign.REFUSED, Sign.ACCEPTED, Sign.CLOSED, Sign.UNCLEAR
BY_CONTRAST = Reaction(sign=A, by_contrast=True)


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((A,), "open"),
        ((R, A, R), "accepts_any"),
        ((R, Sign.UNGUARDED, R), "accepts_any"),
        ((R, R, A, R), "accepted"),
        ((R, C, A, C), "accepted"),
        ((R, R, A, PeerClosed("")), "accepted"),
        ((R, R, A, U), "accepted"),
        ((R, R, A, A, R), "accepts_any"),
        ((R, R, R), "rejected"),
        ((R, C, C), "rejected"),
        ((R, C, R), "rejected"),
        ((R, R, Sign.UNGUARDED, R), "accepted"),
        ((R, R, Sign.UNGUARDED, Sign.UNGUARDED, R), "accepts_any"),
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
        ((R, A, Sign.NO_LOGIN), Reason.UNREADABLE),
        ((R, R, A, A, A), Reason.UNREADABLE),
        ((R, R, BY_CONTRAST, U), Reason.UNREADABLE),
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
        ((R, R, TimedOut("")), Reason.LOCKED_OUT),
    ],
)
def test_whatever_is_unclear_is_no_verdict(
    tmp_path: Path, answers: tuple[Sign | Reaction | DialError, ...], reason: Reason
) -> None:
    login = Scripted(*answers)
    missed = examine(tmp_path, login, ("a", "1"))
    assert isinstance(missed, Missed)
    assert missed.reason is reason
    assert login.answers == []
    closed = not Ledger(tmp_path / "ledger").may_try(DEVICE, "somebody else")
    assert closed is (reason is Reason.LOCKED_OUT)


@pytest.mark.parametrize("last", [Sign.LOCKED, PeerClosed(""), Refused(""), TimedOut("")])
def test_a_sign_of_lockout_after_a_success_ends_it_for_the_device_too(tmp_path: Path, last: Sign | DialError) -> None:
    found = examine(tmp_path, Scripted(R, R, A, last), ("a", "1"))
    assert isinstance(found, DefaultLogin)
    assert found.outcome == "accepted"
    assert not Ledger(tmp_path / "ledger").may_try(DEVICE, "somebody else")


def test_an_account_is_one_in_capitals_too(tmp_path: Path) -> None:
    login = Scripted(R, R, R, R)
    assert isinstance(examine(tmp_path, login, ("Admin", "1"), ("admin", "2"), ("ADMIN", "3")), Missed)
    assert login.offered[2:] == ["Admin", "admin"]


def test_no_more_than_three_pairs_and_then_it_does_not_say_rejected(tmp_path: Path) -> None:
    login = Scripted(R, R, R, R, R)
    missed = examine(tmp_path, login, *PAIRS)
    assert isinstance(missed, Missed)
    assert missed.reason is Reason.BUDGET
    assert len(login.offered) == 2 + MOST_PAIRS


def test_an_account_without_tries_left_is_passed_over(tmp_path: Path) -> None:
    for _ in range(3):
        Ledger(tmp_path / "ledger").note(DEVICE, "a")
    login = Scripted(R, R, A, R)
    found = examine(tmp_path, login, ("a", "1"), ("b", "2"))
    assert isinstance(found, DefaultLogin)
    assert found.account == "b"
    assert "a" not in login.offered


def test_no_stranger_is_sent_where_nothing_may_be_tried(tmp_path: Path) -> None:
    Ledger(tmp_path / "ledger").note(DEVICE, EVERY_ACCOUNT)
    login = Scripted(R)
    missed = examine(tmp_path, login, ("a", "1"))
    assert isinstance(missed, Missed)
    assert missed.reason is Reason.BUDGET
    assert login.offered == [None]


def test_tries_keep_their_distance_from_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.0
    ledger = Ledger(tmp_path / "ledger", clock=lambda: now)
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    monkeypatch.setattr("iotscan.observe.network.credentials.engine.anyio.sleep", sleep)
    login = Scripted(R, R, R)
    examination = Examination(login, [record(("a", "1"))], device=DEVICE, ledger=ledger, gap=2.0)  # type: ignore[arg-type]
    anyio.run(examination.run)
    assert slept == [2.0], "nothing has to pass before the first"
    examination = Examination(Scripted(R, R, R), [record(("b", "1"))], device=DEVICE, ledger=ledger, gap=2.0)  # type: ignore[arg-type]
    anyio.run(examination.run)
    assert slept == [2.0, 2.0, 2.0], "the next service of the device waits for the one before"


class Slow(Scripted):
    """A login whose answers take some seconds each."""

    def __init__(self, *takes: float) -> None:
        super().__init__(*[R] * len(takes))
        self.takes = list(takes)
        self.now = 0.0

    async def offer(self, pair: Pair | None) -> Reaction:
        self.now += self.takes.pop(0)
        return await super().offer(pair)


@pytest.mark.parametrize(
    ("takes", "is_locked"),
    [
        ((0.1, 0.1, 0.2, 3.0), True),
        ((0.1, 2.0, 2.4, 2.2), False),
        ((0.1, 0.1, 0.9, 1.9), False),
        ((0.1, 9.0, 9.0, 9.0), False),
        ((0.1, 0.5, 2.6, 0.1), True),
    ],
)
def test_a_refusal_that_comes_much_later_is_a_sign_of_a_lock_out(
    tmp_path: Path, takes: tuple[float, ...], is_locked: bool
) -> None:
    login = Slow(*takes)
    ledger = Ledger(tmp_path / "ledger")
    two = [record(("a", "1"), ("b", "2"))]
    examination = Examination(login, two, device=DEVICE, ledger=ledger, gap=0, clock=lambda: login.now)  # type: ignore[arg-type]
    found = anyio.run(examination.run)
    assert (isinstance(found, Missed) and found.reason is Reason.LOCKED_OUT) is is_locked
    assert ledger.may_try(DEVICE, "c") is not is_locked
    assert not is_locked or "refusal took" in found.detail  # type: ignore[union-attr]


def test_no_account_misses_three_times_whatever_service_asks(tmp_path: Path) -> None:
    """One that locks after three is not locked by us."""
    wrong = 0
    for _ in range(5):
        login = Scripted(*[R] * 9)
        examine(tmp_path, login, ("a", "1"), ("a", "2"), ("b", "1"))
        wrong += login.offered.count("a")
    assert wrong == MOST_MISSES == 2


def test_an_account_that_lets_in_may_be_asked_at_three_services(tmp_path: Path) -> None:
    found = [examine(tmp_path, Scripted(R, R, A, R), ("a", "1")) for _ in range(4)]
    assert [isinstance(f, DefaultLogin) and f.outcome == "accepted" for f in found] == [True, True, True, False]


def test_a_rehearsal_offers_nothing_and_writes_nothing(tmp_path: Path) -> None:
    Ledger(tmp_path / "ledger").note(DEVICE, "b")
    Ledger(tmp_path / "ledger").note(DEVICE, "b")
    before = (tmp_path / "ledger").read_bytes()
    login = Scripted(R)
    ledger = RehearsedLedger(tmp_path / "ledger")
    examination = Examination(login, [record(*PAIRS)], device=DEVICE, ledger=ledger, gap=2.0)  # type: ignore[arg-type]
    planned = anyio.run(examination.rehearse)
    assert isinstance(planned, tuple)
    assert [c.pair.user for c in planned] == ["a", "c", "d"]
    locked = Examination(Scripted(Sign.LOCKED), [record()], device=DEVICE, ledger=ledger, gap=0)  # type: ignore[arg-type]
    assert isinstance(anyio.run(locked.rehearse), Missed)
    assert login.offered == [None]
    assert not ledger.may_try(DEVICE, "a"), "what is planned for one service counts for the next, as a lock-out does"
    assert (tmp_path / "ledger").read_bytes() == before


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


def of(vendor: str, *marks: Mark, text: str) -> CredentialRecord:
    match = dict.fromkeys(marks, (text,))
    return msgspec.structs.replace(record(), id=vendor, vendor=vendor, product="Switch", match=match)


def told(**traits: str) -> Identity:
    made = {name: Trait(value=value, confidence=Confidence.FIRM) for name, value in traits.items()}
    return Identity(**made)  # type: ignore[arg-type]  # vendor, product and model are traits


def behind(identity: Identity, *known: AnyFact, service: str = "tcp/23") -> Door:
    """A door to telnet of a device of which this is known."""
    device = Device(id="d", addresses=(HOST,), identity=identity)
    place = door(23, "telnet", tools={"device_at": lambda _: device})
    shown = tuple((service, fact) for fact in known)
    return type(place)(line=place.line, service=place.service, tools=place.tools, known=shown)


def test_what_the_rules_tell_leads_to_pairs_where_no_banner_does() -> None:
    several = [of("Acme", "product", text="acme switch*"), of("Other", "model", text="other switch")]
    known = told(vendor="Acme", product="Switch 2000")
    assert [r.id for r in records_for(behind(known), "telnet", several)] == ["Acme"]
    assert [r.id for r in records_for(behind(told(model="Other Switch 1")), "telnet", several)] == ["Other"]
    assert records_for(behind(Identity()), "telnet", several) == ()
    torn = msgspec.structs.replace(known, contradictions=("product: Switch by a, but Router by b",))
    assert records_for(behind(torn), "telnet", several) == ()
    spoken = [msgspec.structs.replace(r, protocols=("ssh",)) for r in several]
    assert records_for(behind(known), "telnet", spoken) == ()


def test_who_claims_to_be_of_two_makers_sees_fewer_tries() -> None:
    acme, other = (of(vendor, "banner", "model", text="Acme") for vendor in ("Acme", "Other"))
    both = [msgspec.structs.replace(r, pairs=(*r.pairs, Pair(user="b", password=Secret("x")))) for r in (acme, other)]
    shows = TelnetServer(banner="Acme", asks="login")
    claims = Announcement(claims=(Claim(what="model", value="Acme", how="mdns"),))
    assert [len(r.pairs) for r in records_for(behind(Identity(), shows), "telnet", both)] == [1, 1]
    assert [r.id for r in records_for(behind(told(vendor="ACME Ltd"), shows), "telnet", both)] == ["Acme"]
    assert records_for(behind(Identity(), claims, service=""), "telnet", both) == ()
