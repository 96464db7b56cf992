"""What the DNS says of back ends, asked of a real name server: CAA, signatures, TLSA."""

import pytest

from iotscan.model.facts import NameRecords
from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome, Reason
from iotscan.store.runs import decode_run
from tests.backend_lab.cloud import HOSTS, RESOLVER, Cloud

pytestmark = [pytest.mark.lan, pytest.mark.slow]
ASKED = ("api.acme.example", "wrong.acme.example", "iot.signed.example", "old.signed.example", "open.signed.example")


def scan(cloud: Cloud, *words: str, hosts: tuple[str, ...] = ASKED) -> Run:
    servers = [word for host in hosts for word in ("--backend", f"{host}:443")]
    ended = cloud.scan(
        *("scan", *servers, "--scope", cloud.scope(*hosts), "--yes", "--no-progress", "--no-history", "-f", "json"),
        *("--check", "backend-dns", *words),
    )
    assert ended.returncode in (0, 3), ended.stderr
    return decode_run(ended.stdout.encode(), "standard output")


@pytest.fixture(scope="module")
def run(cloud: Cloud) -> Run:
    return scan(cloud)


def said(run: Run, host: str) -> set[str]:
    """Variants of what failed, and the outcomes of the rest."""
    here = [r for r in run.results if r.check == "backend-dns" and r.subject.address == HOSTS[host]]
    return {r.variant or r.outcome.value for r in here}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("api.acme.example", {"unsigned", "pass"}),
        ("wrong.acme.example", {"unsigned", "tlsa-unsigned", "tlsa-mismatch"}),
        ("iot.signed.example", {"no-caa"}),
        ("old.signed.example", {"no-caa", "tlsa-mismatch"}),
        ("open.signed.example", {"no-caa"}),
    ],
)
def test_each_name_is_told_as_its_zone_says(run: Run, host: str, expected: set[str]) -> None:
    assert said(run, host) == expected


def test_what_was_read(run: Run) -> None:
    facts = {o.fact.name: o.fact for o in run.observations if isinstance(o.fact, NameRecords)}
    api, iot = facts["api.acme.example"], facts["iot.signed.example"]
    assert [(r.tag, r.value) for r in api.caa.value] == [
        ("iodef", "mailto:security@acme.example"),
        ("issue", "ca.acme.example"),
    ]
    assert (api.caa_at, api.resolver, api.is_signed.value) == ("acme.example", RESOLVER, False)
    assert (iot.is_signed.value, iot.is_delegated.value, iot.is_validated.value) == (True, True, False)
    assert [(r.port, r.usage, r.selector, r.matching) for r in iot.tlsa.value] == [(443, 3, 1, 1)]


def test_what_was_asked_is_in_the_audit_log(run: Run, cloud: Cloud) -> None:
    log = (cloud.folder / "iotscan-out" / run.id / "audit.jsonl").read_text().splitlines()
    sent = [line for line in log if f'"to":"{RESOLVER}"' in line]
    assert sent
    assert all('"port":53' in line and '"probe":"name-records/1"' in line for line in sent)


def test_the_lines_to_reproduce_it_show_it(run: Run, cloud: Cloud) -> None:
    results = [r for r in run.results if r.reproduce]
    assert {r.variant for r in results} == {"no-caa", "tlsa-mismatch"}
    for result in results:
        shown = cloud.scanner.run("sh", "-c", result.reproduce, own_files=True)
        assert result.shows in shown.stdout, (result.reproduce, shown.stderr)


def test_a_resolver_that_does_not_answer_leaves_it_open(cloud: Cloud) -> None:
    run = scan(cloud, "--resolver", "203.0.113.77", hosts=("api.acme.example",))
    (result,) = run.results
    assert (result.outcome, result.reason) == (Outcome.NOT_ASSESSED, Reason.TIMEOUT)


def test_a_resolver_that_refuses_leaves_it_open(cloud: Cloud) -> None:
    run = scan(cloud, "--resolver", HOSTS["coap.acme.example"], hosts=("api.acme.example",))
    (result,) = run.results
    assert result.outcome is Outcome.NOT_ASSESSED


def test_a_resolver_that_the_scope_file_forbids_is_not_asked(cloud: Cloud) -> None:
    scope = cloud.scope("api.acme.example", out_of_scope=[{"ip": RESOLVER, "reason": "not ours"}])
    ended = cloud.scan(
        *("scan", "--backend", "api.acme.example:443", "--scope", scope, "--yes", "--no-progress", "--no-history"),
        *("--check", "backend-dns", "-f", "json"),
    )
    (result,) = decode_run(ended.stdout.encode(), "standard output").results
    assert (result.outcome, result.reason) == (Outcome.NOT_ASSESSED, Reason.OUT_OF_SCOPE)


def test_a_server_given_by_its_address_has_no_name_to_ask_for(cloud: Cloud) -> None:
    address = HOSTS["api.acme.example"]
    ended = cloud.scan(
        *("scan", "--backend", f"{address}:443", "--scope", cloud.scope(address), "--yes", "--no-progress"),
        *("--check", "backend-dns", "--no-history", "-f", "json"),
    )
    (result,) = decode_run(ended.stdout.encode(), "standard output").results
    assert result.outcome is Outcome.NOT_APPLICABLE
