"""A run judged from what it holds; the same twice, byte for byte."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec

from iotscan.assess.gate import GateSettings
from iotscan.assess.judging import judge
from iotscan.assess.profile import Profile
from iotscan.assess.terms import Terms
from iotscan.model.device import Image
from iotscan.model.facts import PortSweep, TelnetServer
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Scope
from iotscan.model.vocabulary import AttemptStatus, Outcome
from iotscan.sdk import AsOf, Policy, Returned, bad, good
from tests.assess.making import TELNET, at, check, device, seen, sweep, tried


def broken(telnet: TelnetServer, as_of: AsOf, policy: Policy) -> Returned:
    if policy.values.get("tolerate"):
        return good("tolerated")
    return bad("open", f"open on {as_of.date()}", observed="x", expected="y")


def fine(telnet: TelnetServer) -> Returned:
    return good("shut")


CHECKS = (check(fine, id="a"), check(broken, id="b", aliases=("B-1",)))
PROFILE = Profile(id="p", version="1", title="P")
HIGH, NEVER = (Terms(gate=GateSettings(fail_on=word)) for word in ("high", "none"))
AS_OF = datetime(2026, 11, 22, tzinfo=UTC)


def run(*observations, **more) -> Run:
    given = {"devices": (device(),), "observations": observations, **more}
    return Run(
        id="r",
        tool=Tool(version="0"),
        status="complete",
        command="scan",
        started="",
        as_of="",
        targets=(),
        scope=Scope(include=()),
        scope_sha256="",
        profile=ProfileInfo(id="", version=""),
        **given,
    )


HEARD = run(seen(TELNET, at("tcp/23")), sweep([23]))


def test_a_run_is_filled():
    judged = judge(HEARD, CHECKS, PROFILE, as_of=AS_OF, terms=HIGH)
    assert [(r.check, r.outcome) for r in judged.results] == [("a", Outcome.PASS), ("b", Outcome.FAIL)]
    assert judged.grades.network
    assert judged.grades.network.shown == "D"
    assert [c.id for c in judged.checks] == ["a", "b"]
    assert judged.verdict
    assert (judged.verdict.exit_code, judged.verdict.fail_on) == (1, "high")
    assert judged.profile.sha256 == PROFILE.sha256
    assert judged.as_of == "2026-11-22T00:00:00+00:00"


def test_judging_again_gives_the_same_bytes():
    once = judge(HEARD, CHECKS, PROFILE, as_of=AS_OF, terms=HIGH)
    again = judge(
        once,
        CHECKS[::-1],
        PROFILE,
        as_of=datetime.fromisoformat(once.as_of),
        terms=HIGH,
    )
    assert msgspec.json.encode(again) == msgspec.json.encode(once)
    read_back = msgspec.json.decode(msgspec.json.encode(once), type=Run)
    third = judge(read_back, CHECKS, PROFILE, as_of=AS_OF, terms=HIGH)
    assert msgspec.json.encode(third) == msgspec.json.encode(once)


def test_order_in_the_run_does_not_matter_for_what_is_judged():
    other = msgspec.structs.replace(HEARD, observations=HEARD.observations[::-1])
    first, second = (judge(r, CHECKS, PROFILE, as_of=AS_OF) for r in (HEARD, other))
    assert (first.results, first.grades, first.verdict) == (second.results, second.grades, second.verdict)


def test_the_date_is_in_utc():
    later = datetime(2026, 11, 22, 23, 30, tzinfo=timezone(-timedelta(hours=2)))
    assert judge(HEARD, CHECKS, PROFILE, as_of=later).results[1].summary == "open on 2026-11-23"
    naive = datetime(2026, 11, 22)  # noqa: DTZ001
    assert judge(HEARD, CHECKS, PROFILE, as_of=naive).as_of == "2026-11-22T00:00:00+00:00"


def test_the_profile_tells_values_and_threshold():
    profile = msgspec.structs.replace(
        PROFILE, values=({"B-1": {"tolerate": True}},), gate=GateSettings(fail_on="medium")
    )
    judged = judge(HEARD, CHECKS, profile, as_of=AS_OF)
    assert [r.outcome for r in judged.results] == [Outcome.PASS, Outcome.PASS]
    assert judged.verdict
    assert (judged.verdict.fail_on, judged.verdict.gate) == ("medium", "pass")
    strict = judge(
        HEARD,
        CHECKS,
        msgspec.structs.replace(profile, values=()),
        as_of=AS_OF,
        terms=NEVER,
    )
    assert strict.verdict
    assert strict.verdict.exit_code == 0


def test_required_checks_by_alias():
    profile = msgspec.structs.replace(PROFILE, required=("B-1",))
    missed = tried("telnet-server", AttemptStatus.TIMED_OUT, "tcp/23")
    judged = judge(run(sweep([23]), attempts=(missed,)), CHECKS, profile, as_of=AS_OF)
    assert judged.verdict
    assert judged.verdict.exit_code == 3


def test_silence_is_no_answer():
    silent = run(seen(PortSweep(filtered=(23, 80)), at()))
    for nobody in (run(), run(devices=()), silent):
        judged = judge(nobody, CHECKS, PROFILE, as_of=AS_OF)
        assert judged.verdict
        assert (judged.verdict.complete, judged.verdict.exit_code) == (False, 3)
    image = Image(id="gw", source="x", format="tar")
    for command, why in (("image", "nothing could be assessed"), ("scan", "no target answered")):
        # An image that joined a scan speaks for no device of the network.
        alone = msgspec.structs.replace(run(devices=(), images=(image,)), command=command)
        judged = judge(alone, CHECKS, PROFILE, as_of=AS_OF)
        assert judged.verdict
        assert judged.verdict.reasons == (why,)
        assert judged.verdict.exit_code == 3


def test_a_run_without_a_device_of_its_own_says_nothing():
    """Observations of nobody, as in a file that was edited by hand."""
    judged = judge(run(seen(TELNET, at("tcp/23")), sweep([23]), devices=()), CHECKS, PROFILE, as_of=AS_OF, terms=HIGH)
    assert judged.verdict
    assert (judged.verdict.exit_code, judged.verdict.complete) == (3, False)


def test_a_run_that_has_not_ended_is_incomplete():
    shut = run(seen(TELNET, at("tcp/23")), sweep([23]))
    for status in ("running", "interrupted"):
        stored = msgspec.structs.replace(shut, status=status)
        judged = judge(stored, CHECKS[:1], PROFILE, as_of=AS_OF, terms=HIGH)
        assert judged.verdict
        assert judged.verdict.exit_code == 3, status


def test_what_is_said_of_nobody_is_no_answer():
    """Attempts that found nothing, and observations that are bound to no device of the run."""
    gone = tried("telnet-server", AttemptStatus.ABSENT, "tcp/23")
    stranger = seen(TELNET, at("tcp/23", name="d9"))
    judged = judge(run(stranger, attempts=(gone,)), CHECKS, PROFILE, as_of=AS_OF, terms=HIGH)
    assert judged.verdict
    assert (judged.verdict.exit_code, judged.verdict.reasons[0]) == (3, "no target answered")


def test_an_inventory_of_what_opens_nothing_is_one() -> None:
    closed = msgspec.structs.replace(run(), command="discover")
    assert judge(closed, (), PROFILE, as_of=AS_OF, terms=NEVER).verdict.exit_code == 0
    nobody = msgspec.structs.replace(closed, devices=())
    assert judge(nobody, (), PROFILE, as_of=AS_OF, terms=NEVER).verdict.exit_code == 3
