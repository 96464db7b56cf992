"""Device, image and traffic put side by side: judged as a run is, by the checks themselves."""

from datetime import UTC, datetime

from iotscan.assess.judging import judge
from iotscan.assess.profile import Profile
from iotscan.assess.registry import load_checks
from iotscan.model.answer import Answer
from iotscan.model.device import Device, Image
from iotscan.model.facts import MqttBroker, PortSweep
from iotscan.model.observation import observe
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Scope
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Outcome, Vantage

HERE = Subject(device="dev-1", address="192.0.2.7", service="tcp/1883")
MOMENT = datetime(2026, 11, 27, tzinfo=UTC)


def broker(*, tls: bool) -> MqttBroker:
    return MqttBroker(tls=tls, anonymous=Answer.of(False), return_code=5)


def run_of(*observations, runs=None) -> Run:
    return Run(
        id="r",
        tool=Tool(version="0"),
        status="complete",
        command="join",
        started=MOMENT.isoformat(),
        as_of=MOMENT.isoformat(),
        targets=(),
        scope=Scope(include=()),
        scope_sha256="",
        profile=ProfileInfo(id="p", version="1"),
        devices=(Device(id="dev-1", addresses=("192.0.2.7",)),),
        images=(Image(id="img-1", source="g", format="tar", name="gateway"),),
        observations=observations,
        runs={"dev-1": "img-1"} if runs is None else runs,
    )


def seen(tls: bool, subject: Subject, vantage: Vantage):
    return observe(broker(tls=tls), subject, probe="t/1", vantage=vantage)


CONFIGURED = Subject(image="img-1", path="/etc/mosquitto/mosquitto.conf", line=3)


def judged(*observations, runs=None, ids=("mqtt-encryption", "vantage-agreement")) -> Run:
    pack = load_checks()
    checks = tuple(c for c in pack.checks if c.info.id in ids)
    sweep = observe(PortSweep(open=(1883,)), Subject(device="dev-1", address="192.0.2.7"), probe="t/1")
    return judge(run_of(*observations, sweep, runs=runs), checks, Profile(id="p", version="1", title="P"), as_of=MOMENT)


def agreement(run: Run):
    return [r for r in run.results if r.check == "vantage-agreement" and r.subject.device]


def test_an_image_that_says_tls_and_a_device_that_does_not_are_a_finding():
    run = judged(seen(True, CONFIGURED, Vantage.CONFIGURED), seen(False, HERE, Vantage.OBSERVED))
    (finding,) = agreement(run)
    assert (finding.outcome, finding.variant) == (Outcome.FAIL, "worse")
    assert "tcp/1883" in finding.observed
    assert "mosquitto.conf" in finding.observed


def test_the_other_way_round_is_told_and_costs_nothing():
    run = judged(seen(False, CONFIGURED, Vantage.CONFIGURED), seen(True, HERE, Vantage.OBSERVED))
    (finding,) = agreement(run)
    assert (finding.outcome, finding.variant, finding.severity) == (Outcome.FAIL, "better", "info")


def test_two_that_say_the_same_pass():
    run = judged(seen(False, CONFIGURED, Vantage.CONFIGURED), seen(False, HERE, Vantage.OBSERVED))
    (result,) = agreement(run)
    assert result.outcome is Outcome.PASS


def test_without_a_link_nothing_is_compared():
    run = judged(seen(True, CONFIGURED, Vantage.CONFIGURED), seen(False, HERE, Vantage.OBSERVED), runs={})
    (result,) = agreement(run)
    assert (result.outcome, result.reason) == (Outcome.NOT_ASSESSED, "needs_image")


def test_traffic_that_differs_from_what_is_answered_is_a_finding():
    run = judged(seen(True, HERE, Vantage.OBSERVED), seen(False, HERE, Vantage.IN_USE), runs={})
    (finding,) = agreement(run)
    assert (finding.outcome, finding.variant) == (Outcome.FAIL, "in-use")


def test_what_was_concluded_is_concluded_anew():
    run = judged(seen(True, CONFIGURED, Vantage.CONFIGURED), seen(False, HERE, Vantage.OBSERVED))
    checks = load_checks().checks
    again = judge(
        run,
        [c for c in checks if c.info.id in ("mqtt-encryption", "vantage-agreement")],
        Profile(id="p", version="1", title="P"),
        as_of=MOMENT,
    )
    assert again.results == run.results
    assert again.observations == run.observations


def test_a_device_is_graded_by_its_image_too():
    observations = (seen(False, CONFIGURED, Vantage.CONFIGURED), seen(True, HERE, Vantage.OBSERVED))
    alone = judged(*observations, runs={}, ids=("mqtt-encryption",))
    both = judged(*observations, ids=("mqtt-encryption",))
    assert alone.grades.devices["dev-1"].best == "A"
    assert both.grades.devices["dev-1"].best == "D"
