"""``iotscan scan --backend`` against the cloud: what is asked, of whom, and what it comes to."""

from pathlib import Path

import pytest

from iotscan.model.run import Run
from iotscan.model.vocabulary import Element, Outcome
from iotscan.store.runs import decode_run
from tests.backend_lab.cloud import HOSTS, RESOLVER, Cloud

pytestmark = [pytest.mark.lan, pytest.mark.slow]
API, BROKER, COAP, WRONG = (f"{name}.acme.example" for name in ("api", "broker", "coap", "wrong"))


@pytest.fixture(scope="module")
def run(cloud: Cloud) -> Run:
    """All servers in one scan, the CA of theirs given."""
    words = [
        word for server in (f"{API}:443", BROKER, f"{COAP}:5683", f"{WRONG}:443") for word in ("--backend", server)
    ]
    ended = cloud.scan(
        *("scan", *words, "--scope", cloud.scope(API, BROKER, COAP, WRONG), "--yes", "--intrusive", "--no-progress"),
        *("--no-history", "--trust-store", cloud.folder / "ca.pem", "-f", "json"),
    )
    assert ended.returncode == 0, ended.stderr
    return decode_run(ended.stdout.encode(), "standard output")


def found(run: Run, host: str) -> dict[str, str]:
    """Check -> variant of what failed at a host."""
    return {r.check: r.variant for r in run.results if r.is_finding and r.subject.address == HOSTS[host]}


def outcome(run: Run, host: str, check: str) -> Outcome:
    return max(
        (r.outcome for r in run.results if r.check == check and r.subject.address == HOSTS[host]),
        key=lambda outcome: outcome.weight,
    )


def test_each_server_is_a_back_end_by_its_name(run: Run) -> None:
    named = {d.address: (d.role, d.label) for d in run.devices}
    assert named == {HOSTS[host]: ("backend", host) for host in (API, BROKER, COAP, WRONG)}
    assert [b.address for b in run.scope.backends] == [HOSTS[host] for host in (API, BROKER, COAP, WRONG)]


def test_all_that_is_found_counts_for_the_cloud(run: Run) -> None:
    assert {r.element for r in run.results} == {Element.CLOUD}
    assert run.grades is not None
    assert run.grades.network is not None
    assert run.grades.network.elements["cloud"].shown == "F"
    letters = {d.address: run.grades.devices[d.id].elements["cloud"].shown for d in run.devices}
    assert letters[HOSTS[API]] in ("A", "≤A")
    assert letters[HOSTS[BROKER]] == letters[HOSTS[WRONG]] == "F"


def test_a_sound_server_has_no_finding_and_passes(run: Run) -> None:
    assert found(run, API) == {"backend-dns": "unsigned"}  # which is information
    for check in ("certificate-trust", "certificate-name", "tls-versions", "forward-secrecy", "security-contact"):
        assert outcome(run, API, check) is Outcome.PASS, check


def test_a_certificate_of_its_own_and_a_broker_open_to_all_are_critical(run: Run) -> None:
    said = found(run, BROKER)
    assert said["certificate-trust"] == "server-self-signed"
    assert said["certificate-name"] == "internet"
    assert said["mqtt-anonymous-access"] == "anonymous"
    assert "mqtt-encryption" in said


def test_a_certificate_for_another_name_is_critical(run: Run) -> None:
    said = found(run, WRONG)
    assert (said.pop("certificate-name"), set(said)) == ("internet", {"backend-dns"})


def test_coap_without_security_is_told_though_one_port_was_granted(run: Run) -> None:
    assert found(run, COAP)["coap-encryption"] == "server-cleartext"


def test_no_port_is_asked_that_was_not_granted(run: Run, cloud: Cloud) -> None:
    (log,) = cloud.folder.glob(f"iotscan-out/{run.id}/audit.jsonl")
    sent = [line for line in log.read_text().splitlines() if '"send"' in line]
    ports = {(address, port) for address, port in (_place(line) for line in sent)}
    assert {port for address, port in ports if address == HOSTS[API]} == {443}
    assert {port for address, port in ports if address == HOSTS[COAP]} == {5683}
    assert {address for address, _ in ports} <= {RESOLVER, *(HOSTS[host] for host in (API, BROKER, COAP, WRONG))}


def _place(line: str) -> tuple[str, int]:
    import json

    sent = json.loads(line)["send"]
    return sent["to"], sent["port"]


def test_what_is_no_question_about_a_server_is_not_asked_of_one(run: Run) -> None:
    assert not [r for r in run.results if r.reason and r.reason.value in ("needs_image", "needs_traffic")]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--backend", API], "is asked only where a scope file permits it"),
        (["--backend", "updates.acme.example", "--scope", "scope.yaml", "--yes"], "is not permitted by scope.yaml"),
        (["--backend", f"{API}:https"], "is no server"),
        (["--backend", "nowhere.acme.example", "--scope", "scope.yaml"], "has no address"),
        (["--lab", "--backend", API], "--lab scans the practice network alone"),
    ],
)
def test_what_nobody_permits_is_one_line_and_nothing_is_sent(cloud: Cloud, words: list[str], told: str) -> None:
    cloud.scope(API, "nowhere.acme.example")
    ended = cloud.scan("scan", *words, "--no-progress")
    assert ended.returncode == 2
    assert told in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr


def test_an_address_that_is_out_of_scope_is_refused_whoever_permits_the_name(cloud: Cloud) -> None:
    scope = cloud.scope(API, out_of_scope=[{"ip": HOSTS[API], "reason": "the operator says no"}])
    ended = cloud.scan("scan", "--backend", API, "--scope", scope, "--yes")
    assert ended.returncode == 2
    assert "the operator says no" in ended.stderr


def test_a_server_that_does_not_answer_is_told_and_the_run_is_incomplete(cloud: Cloud) -> None:
    cloud.machine.run("ip", "address", "del", f"{HOSTS['updates.acme.example']}/24", "dev", "eth0", check=True)
    try:
        ended = cloud.scan(
            *("scan", "--backend", "updates.acme.example:443", "--scope", cloud.scope("updates.acme.example"), "--yes"),
            *("--no-progress", "--no-history"),
        )
    finally:
        cloud.machine.run("ip", "address", "add", f"{HOSTS['updates.acme.example']}/24", "dev", "eth0", check=True)
    assert ended.returncode == 3
    assert "back end updates.acme.example at 203.0.113.9, port 443 alone: it did not answer" in ended.stdout


def test_the_plan_shows_name_address_and_port(cloud: Cloud) -> None:
    scope: Path = cloud.scope(API, BROKER)
    ended = cloud.scan("plan", "--backend", f"{API}:443", "--backend", BROKER, "--scope", scope, "--resolve")
    assert ended.returncode == 0, ended.stderr
    assert f"back end       {API} at {HOSTS[API]}, port 443 alone" in ended.stdout
    assert f"back end       {BROKER} at {HOSTS[BROKER]}\n" in ended.stdout
    asked = cloud.scan("plan", "--backend", API, "--scope", scope)
    assert (asked.returncode, "add --resolve" in asked.stderr) == (2, True)
