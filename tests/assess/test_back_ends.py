"""What is found of a back end counts for the cloud, by the policy for servers, and nothing of a device is asked."""

from iotscan.assess.assessing import assess
from iotscan.assess.check import Fleet, Policy
from iotscan.assess.evidence import Evidence
from iotscan.assess.grading import grade
from iotscan.model.facts import Accounts, TelnetServer, TlsUse
from iotscan.model.vocabulary import AttemptStatus, Element, Outcome, Reason, Severity
from iotscan.sdk import Returned, bad, good
from tests.assess.making import AS_OF, TELNET, ask, at, check, device, seen, sweep, tried

SERVER = device("b1", "203.0.113.5", role="backend")
GATEWAY = device("d1", "192.0.2.1")


def shut(telnet: TelnetServer) -> Returned:
    return good("shut")


def ajar(telnet: TelnetServer, policy: Policy) -> Returned:
    return bad("open", f"open by the policy {policy.kind}", observed="open", expected="shut")


def on(name: str, address: str) -> tuple[object, ...]:
    return (seen(TELNET, at("tcp/23", name, address)), sweep([23], subject=at("", name, address)))


BOTH = (*on("b1", "203.0.113.5"), *on("d1", "192.0.2.1"))


def test_a_result_counts_for_the_cloud_and_is_judged_as_of_a_server() -> None:
    results = {r.subject.device: r for r in ask(ajar, *BOTH, devices=[SERVER, GATEWAY])}
    assert (results["b1"].element, results["d1"].element) == (Element.CLOUD, Element.COMMUNICATION)
    assert [results[d].summary[-7:].strip() for d in ("b1", "d1")] == ["server", "gateway"]


def test_what_is_not_assessed_counts_for_the_cloud_too() -> None:
    gap = tried("telnet-server", AttemptStatus.TIMED_OUT, "tcp/23", Reason.TIMEOUT, subject=at("tcp/23", "b1"))
    (result,) = ask(shut, gap, devices=[SERVER])
    assert (result.outcome, result.element) == (Outcome.NOT_ASSESSED, Element.CLOUD)


def test_a_check_that_breaks_counts_for_the_cloud_too() -> None:
    def broken(telnet: TelnetServer) -> Returned:
        raise ValueError

    (result,) = ask(broken, *on("b1", "203.0.113.5"), devices=[SERVER])
    assert (result.outcome, result.element) == (Outcome.ERROR, Element.CLOUD)


def test_what_only_an_image_a_capture_or_a_person_shows_is_no_question_about_a_server() -> None:
    def of_an_image(accounts: Accounts) -> Returned:
        return good("fine")

    def of_traffic(clients: TlsUse) -> Returned:
        return good("fine")

    for question in (of_an_image, of_traffic):
        server, gateway = ask(question, *BOTH, devices=[SERVER, GATEWAY])
        assert (server.subject.device, server.outcome) == ("b1", Outcome.NOT_APPLICABLE)
        assert gateway.outcome is Outcome.NOT_ASSESSED


def test_a_severity_that_only_servers_have_does_not_widen_the_grade_of_a_device() -> None:
    variants = {"open": ("low", "Open"), "server-open": ("critical", "Open on a back end")}
    gaps = [
        tried("telnet-server", AttemptStatus.TIMED_OUT, "tcp/23", Reason.TIMEOUT, subject=at("tcp/23", name))
        for name in ("b1", "d1")
    ]
    server, gateway = ask(check(shut, variants=variants), *gaps, devices=[SERVER, GATEWAY])
    assert (server.severity, gateway.severity) == (Severity.CRITICAL, Severity.LOW)


def told_apart(fleet: Fleet[TelnetServer]) -> Returned:
    owners = {s.subject.owner for s in fleet}
    return good(f"{len(owners)} compared")


def test_devices_are_compared_with_devices() -> None:
    results = {r.subject.device: r for r in ask(told_apart, *BOTH, devices=[SERVER, GATEWAY])}
    assert (results["d1"].outcome, results["d1"].summary) == (Outcome.PASS, "1 compared")
    assert results["b1"].outcome is Outcome.NOT_APPLICABLE


def test_what_a_device_shares_with_a_server_is_told_of_both() -> None:
    def shared(fleet: Fleet[TelnetServer]) -> Returned:
        owners = {s.subject.owner for s in fleet}
        return (
            [bad("open", "the same", observed="a", expected="b", about=s.subject) for s in fleet]
            if len(owners) > 1
            else good("alone")
        )

    results = {r.subject.device: r for r in ask(shared, *BOTH, devices=[SERVER, GATEWAY])}
    assert {r.outcome for r in results.values()} == {Outcome.FAIL}
    assert results["b1"].element is Element.CLOUD


def test_the_cloud_of_the_network_gets_its_letter_from_the_back_end() -> None:
    checks = [check(ajar, id=f"doors-{n}") for n in range(4)]
    stated = list(BOTH)
    evidence = Evidence([SERVER, GATEWAY], [], stated, [], AS_OF)  # type: ignore[arg-type]
    grades = grade(assess(evidence, checks), [SERVER, GATEWAY], [])
    assert grades.devices["b1"].elements["cloud"].shown == "F"
    assert {e: g.shown for e, g in grades.devices["b1"].elements.items() if e != "cloud"} == dict.fromkeys(
        ("hardware", "updates", "communication", "keys"), "–"
    )
    assert grades.network is not None
    assert grades.network.elements["cloud"].shown == "F"
