"""The real command line against real daemons: what it finds is true, all of it, and it touches nothing else."""

import sys
from collections import Counter

import msgspec
import pytest

from iotscan.assess.registry import load_checks
from iotscan.model.audit import Entry
from iotscan.model.device import Device
from iotscan.model.facts import DefaultLogin
from iotscan.model.result import Result
from iotscan.model.run import Run
from iotscan.model.vocabulary import Confidence, Outcome, Reason, Severity
from iotscan.model.ways import PASSIVE, way_of
from iotscan.store.audit import NAME as AUDIT
from iotscan.store.audit_verify import verify
from iotscan.store.runs import decode_run
from tests.authorised import write_scope
from tests.lan.devices import Setup, axis_record
from tests.lan.network import NETWORK, OUTSIDE, poll
from tests.lan.responders import GHOST
from tests.lan.scanning import Finished, Scanner
from tests.lan.truth import LanDevice, LanTruth

pytestmark = [pytest.mark.lan, pytest.mark.slow]

JSON = ("-f", "json", "--no-progress")
SOME = "10.77.0.10-23"
CAMERA = "10.77.0.11"
LIAR = "10.77.0.23"
TWICE = {"10.77.0.10", "10.77.0.30", "10.77.0.15", "10.77.0.31"}
"""Machines with two addresses."""
MUTE = "10.77.0.24"
KEYED = ("10.77.0.26", "10.77.0.27")
"""The network without the machine that drops everything and without empty addresses: quickly scanned."""


LISTEN = """
import socket, sys
host, port, wanted = sys.argv[1:]
heard = b""
with socket.create_connection((host, int(port)), 10) as caller:
    while wanted.encode() not in heard:
        heard += caller.recv(4096) or sys.exit(repr(heard))
"""


@pytest.fixture(scope="session")
def plain(scanner: Scanner) -> Finished:
    """A scan as anybody would begin one."""
    return scanner("scan", NETWORK, *JSON)


@pytest.fixture(scope="session")
def granted(scanner: Scanner, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A scan that may try default logins: by a scope file, its option and a confirmation."""
    scope = write_scope(tmp_path_factory.mktemp("scope") / "scope.yaml", NETWORK)
    return scanner("scan", NETWORK, "--scope", str(scope), "--default-creds", "--yes", *JSON)


@pytest.fixture(scope="session", params=["plain", "granted"])
def scan(request: pytest.FixtureRequest) -> Finished:
    """Each of both, for what has to hold of any scan."""
    finished = request.getfixturevalue(request.param)
    assert isinstance(finished, Finished)
    return finished


# The LAN itself, by other people's clients


@pytest.mark.parametrize(
    ("host", "command", "shown"),
    [
        ("gateway", "curl -s -o /dev/null -w %{{redirect_url}} http://{0}/", "https://10.77.0.10/"),
        ("gateway", "curl -sk https://{0}/.well-known/security.txt", "Contact: "),
        ("gateway", "openssl s_client -connect {0}:443 -tls1_1 -cipher ALL:@SECLEVEL=0", "Cipher is (NONE)"),
        ("gateway", "openssl s_client -connect {0}:443 -tls1_2 -cipher kRSA", "Cipher is (NONE)"),
        ("legacy", "openssl s_client -connect {0}:443 -tls1 -cipher AES128-SHA:@SECLEVEL=0", "Cipher is AES128-SHA"),
        ("legacy", "openssl s_client -connect {0}:443 -tls1_2 -cipher ECDHE", "Cipher is (NONE)"),
        ("legacy", "curl -s http://{0}/firmware/manifest.json", "/firmware/firmware.bin"),
        ("legacy", "curl -s -o /dev/null -w %{{http_code}} -u root:wrong http://{0}/", "401"),
        ("open-broker", "mosquitto_sub -h {0} -t x -d -E -W 3", "CONNACK (0)"),
        ("broker", "mosquitto_sub -h {0} -p 8883 --insecure --cafile {1}/ca.pem -t x -d -E -W 3", "CONNACK (5)"),
        ("ssh-twin-a", "ssh-keyscan -t ed25519 {0}", "ssh-ed25519 "),
        ("sensor", "snmpget -v2c -c public {0} 1.3.6.1.2.1.1.1.0", "Acme Sensor Hub 2.1"),
        ("sensor", "snmpget -v2c -c private -t 0.2 -r 0 {0} 1.3.6.1.2.1.1.1.0", "Timeout"),
        ("media", "curl -s http://{0}:49152/description.xml", "Living room speaker"),
        ("mute", "curl -s -m 1 -w %{{exitcode}} http://{0}/", "28"),
    ],
)
def test_the_lan_is_what_the_truth_says(lan: Setup, host: str, command: str, shown: str) -> None:
    done = lan.ask(*command.format(lan.device(host).address, lan.folder).split())
    assert shown in done.stdout + done.stderr


@pytest.mark.parametrize(("host", "prompt"), [("shell", "# "), ("telnet", "login: ")])
def test_telnet_shows_its_prompt(lan: Setup, host: str, prompt: str) -> None:
    said = lan.ask(sys.executable, "-I", "-c", LISTEN, lan.device(host).address, "23", prompt)
    assert said.returncode == 0, said.stderr


def test_the_documented_login_is_the_one_that_opens(lan: Setup) -> None:
    pair = axis_record().pairs[0]
    url = f"http://{lan.device('legacy').address}/"
    assert "Live view" in lan.ask("curl", "-s", "-u", f"{pair.user}:{pair.password.reveal()}", url).stdout


# What is there


def test_every_machine_is_found_once_and_nothing_besides(scan: Finished, truth: LanTruth) -> None:
    assert {frozenset(d.addresses) for d in scan.run.devices} == {frozenset(d.addresses) for d in truth.devices}
    assert len(scan.run.devices) == len(truth.devices)
    assert scan.run.status == "complete"


def test_a_name_without_a_machine_is_no_device_and_told(scan: Finished) -> None:
    (told,) = (n.text for n in scan.run.notices if GHOST in n.text)
    assert told == f"announced in the name of {GHOST}, but nobody there answers: not listed as devices"


def test_services_are_those_of_the_truth(scan: Finished, truth: LanTruth) -> None:
    for device, true in pairs(scan.run, truth):
        assert {s.name: s.protocol for s in device.services} == true.services, true.host


def test_names_models_and_vendors_are_those_of_the_truth(scan: Finished, truth: LanTruth) -> None:
    for device, true in pairs(scan.run, truth):
        assert {c.value for c in device.claims if c.what == "name"} == set(true.names), true.host
        assert {c.value for c in device.claims if c.what == "model"} == set(true.models), true.host
        assert (device.mac, device.vendor) == (true.mac, true.vendor), true.host
    made_up = device_at(scan.run, "10.77.0.20")
    assert "locally administered" in made_up.vendor_source


def test_devices_are_told_by_what_they_say_and_by_nothing_else(scan: Finished, truth: LanTruth) -> None:
    told = {d.address: device.identity for device, d in pairs(scan.run, truth)}
    kinds = {"10.77.0.10": "gateway", "10.77.0.11": "camera", "10.77.0.14": "plug", "10.77.0.22": "media"}
    assert {a: i.kind.value for a, i in told.items() if i.kind} == kinds
    known = {a: i.vendor.value for a, i in told.items() if i.vendor and i.vendor.confidence is not Confidence.TENTATIVE}
    assert known == {"10.77.0.11": "Axis", "10.77.0.22": "Acme Audio"}
    programs = {p.title for p in told["10.77.0.16"].software}
    assert [t.split()[0] for t in programs] == ["Dropbear"]
    assert [r.about for r in told["10.77.0.20"].remarks] == ["randomised-mac"]


def test_a_machine_that_drops_everything_is_found_by_its_neighbours_and_not_judged(scan: Finished) -> None:
    mute = device_at(scan.run, MUTE)
    results = results_of(scan.run, mute)
    assert set(asked_for(mute).found_by) == {"answers ARP", "neighbour table"}
    of_servers = {c.info.id for c in load_checks().checks if c.anchor.fact.of_back_ends}
    assert {r.check for r in results if r.outcome is not Outcome.NOT_ASSESSED} <= of_servers
    results = [r for r in results if r.outcome is Outcome.NOT_ASSESSED]
    # The last two are our user's choice, whoever is there: grants, and a profile that allows industrial ports.
    reasons = {Reason.TIMEOUT, Reason.NEEDS_IMAGE, Reason.NEEDS_TRAFFIC, Reason.CONSENT, Reason.NOT_ALLOWED}
    assert {r.reason for r in results} == reasons


def test_two_addresses_of_one_interface_share_no_key_with_each_other(scan: Finished) -> None:
    for address in ("10.77.0.10", "10.77.0.15"):
        device = device_at(scan.run, address)
        assert len(device.merged) == 1
        assert not [r for r in results_of(scan.run, device) if r.is_finding and r.check.endswith("key-uniqueness")]


# What is wrong with it


def test_findings_are_those_of_the_truth_and_no_others(scan: Finished, truth: LanTruth) -> None:
    is_granted = scan.run.scope.grants.default_creds
    for device, true in pairs(scan.run, truth):
        wanted = {(a, f.check, f.variant, f.service) for f in true.findings for a in true.addresses if f.service}
        wanted |= {("", f.check, f.variant, "") for f in true.findings if not f.service}
        if is_granted:
            wanted |= {(true.address, f.check, f.variant, f.service) for f in true.with_default_creds}
        claimed = {
            (r.subject.address if r.subject.service else "", r.check, r.variant, r.subject.service)
            for r in results_of(scan.run, device)
            if r.is_finding
        }
        assert claimed == wanted, f"{true.host}: false {claimed - wanted}, missed {wanted - claimed}"


def test_what_is_well_is_said_to_be_well(scan: Finished, truth: LanTruth) -> None:
    for device, true in pairs(scan.run, truth):
        passed = {where(r) for r in results_of(scan.run, device) if r.outcome is Outcome.PASS}
        assert set(true.passes) <= passed, true.host


def test_open_questions_are_those_of_the_truth(scan: Finished, truth: LanTruth) -> None:
    for device, true in pairs(scan.run, truth):
        for question in true.not_assessed:
            if question.check == "*" or (question.reason == Reason.CONSENT and scan.run.scope.grants.default_creds):
                continue
            answers = [
                r
                for r in results_of(scan.run, device)
                if r.check == question.check and r.subject.service in ("", question.service)
            ]
            assert [(r.outcome, r.reason) for r in answers] == [(Outcome.NOT_ASSESSED, question.reason)], true.host


def test_nothing_is_left_open_that_the_daemons_would_have_answered(scan: Finished) -> None:
    involuntary = [r for r in scan.run.results if r.reason and r.reason.is_involuntary]
    # What stands behind a pre-shared key only its holders can ask.
    behind_keys = [r for r in involuntary if r.subject.address in KEYED and "the TLS handshake failed" in r.summary]
    # Where logins are tried, too, the camera's 40 conversations end before the last and least likely questions.
    spent = [r for r in involuntary if r.reason is Reason.BUDGET]
    last = {(CAMERA, "hawkbit-access"), (CAMERA, "ota-authentication")}
    assert {(r.subject.address, r.check) for r in spent} <= (last if scan.run.scope.grants.default_creds else set())
    # What describes itself elsewhere is not read: it may be a gateway or none.
    elsewhere = [r for r in involuntary if (r.subject.address, r.check) == (LIAR, "upnp-port-mapping")]
    assert len(elsewhere) == 1
    late = [r for r in involuntary if r.reason is Reason.TIMEOUT and r.subject.device in with_two_addresses(scan.run)]
    explained = (*behind_keys, *spent, *elsewhere, *late)
    others = {(r.subject.address, where(r), r.summary) for r in involuntary if r not in explained}
    assert {address for address, _, _ in others} == {MUTE}, others
    assert not [r for r in scan.run.results if r.outcome is Outcome.ERROR]


def test_grades_follow(scan: Finished, truth: LanTruth) -> None:
    for device, true in pairs(scan.run, truth):
        if true.grade:
            assert scan.run.grades.devices[device.id].shown == true.grade, true.host
    assert scan.run.grades.network is not None
    assert scan.run.grades.network.shown == "F"
    assert scan.exit_code == 0


def test_default_login_is_proved_named_and_kept_secret(granted: Finished) -> None:
    logins = [o.fact for o in granted.run.observations if o.subject.address == "10.77.0.11"]
    accepted = [f for f in logins if isinstance(f, DefaultLogin)]
    assert {(f.outcome, f.record, f.account) for f in accepted} == {("accepted", "axis-2100", "root")}
    password = axis_record().pairs[0].password.reveal()
    written = [
        granted.out,
        granted.err,
        *(p.read_text(errors="replace") for p in granted.folder.rglob("*") if p.is_file()),
    ]
    for text in written:
        assert f"root:{password}" not in text
        assert "cm9vdDpwYXNz" not in text


# What it touched


def test_nothing_went_anywhere_else(scan: Finished) -> None:
    assert scan.run.devices
    assert (scan.traffic.left, scan.traffic.heard_outside) == (0, 0)


def test_the_counters_would_have_told(lan: Setup) -> None:
    lan.forget_traffic()
    lan.ask("curl", "-s", "-m", "3", f"http://{OUTSIDE}/description.xml")
    assert lan.traffic().left > 0
    assert lan.traffic().heard_outside > 0


def test_the_cost_that_is_told_is_what_the_machines_saw(scan: Finished, truth: LanTruth) -> None:
    for device, true in pairs(scan.run, truth):
        # To a mute machine the kernel calls again by itself.
        if true.host != "mute":
            cost = scan.run.costs[device.id]
            assert scan.traffic.calls[true.host] == cost.attempts + cost.connections, true.host


def test_the_audit_log_holds_what_the_machines_saw(scan: Finished, truth: LanTruth) -> None:
    (folder,) = (p for p in scan.folder.glob("iotscan-out/*") if p.is_dir())
    assert verify(folder, root=scan.run.audit_root).is_whole
    calls: Counter[str] = Counter()
    for line in (folder / AUDIT).read_bytes().splitlines():
        send = msgspec.json.decode(line, type=Entry).send
        if send and send.kind in ("knock", "connect"):
            calls[send.to] += 1
    for device, true in pairs(scan.run, truth):
        if true.host != "mute":
            assert scan.traffic.calls[true.host] == sum(calls[a] for a in device.addresses), true.host


def test_no_machine_was_asked_more_than_the_pace_allows(scan: Finished) -> None:
    allowed = scan.run.scope.pace.connections
    for device in scan.run.devices:
        assert scan.run.costs[device.id].connections <= allowed * len(device.addresses)


# The other commands, and a scan that is cut off


def test_discover_names_the_same_machines_and_services(scanner: Scanner, truth: LanTruth) -> None:
    inventory = scanner("discover", SOME, "--timeout", "1", *JSON)
    for device, true in pairs(inventory.run, truth):
        assert {s.name: s.protocol for s in device.services} == true.services, true.host
        assert {c.value for c in device.claims if c.what == "name"} == set(true.names), true.host
        assert {c.value for c in device.claims if c.what == "model"} == set(true.models), true.host
    there = {a for t in truth.devices for a in t.addresses if 10 <= int(a.rpartition(".")[2]) <= 23}
    assert {a for d in inventory.run.devices for a in d.addresses} == there
    assert (inventory.exit_code, inventory.run.command, inventory.run.results) == (0, "discover", ())


def test_a_stored_run_is_judged_as_it_was(scanner: Scanner, plain: Finished) -> None:
    before = plain.run_file.read_bytes()
    assert decode_run(before, "the file") == plain.run
    again = scanner("assess", "latest", *JSON[:2], within=plain.folder)
    assert (again.run.results, again.run.grades) == (plain.run.results, plain.run.grades)
    assert again.exit_code == plain.exit_code
    assert plain.run_file.read_bytes() == before


@pytest.mark.parametrize(("threshold", "code"), [("critical", 1), ("high", 1), ("none", 0)])
def test_the_gate_agrees_with_the_scan(scanner: Scanner, plain: Finished, threshold: str, code: int) -> None:
    gate = scanner("gate", "latest", "--fail-on", threshold, within=plain.folder)
    assert gate.exit_code == code, gate.err
    if threshold != "none":
        failing = [r for r in plain.run.results if r.is_finding and r.severity.rank >= Severity(threshold).rank]
        assert f"gate fails: {len(failing)} findings at {threshold} or above" in gate.out


def test_a_killed_scan_goes_on_and_ends_the_same(lan: Setup, scanner: Scanner, plain: Finished) -> None:
    folder = scanner.kill_in_the_middle("scan", NETWORK, "--timeout", "1", *JSON, entries=60)
    scanning = lan.machines["scanner"]
    poll("the helpers of a killed scan end", lambda: not scanning.residents())
    resumed = scanner("scan", "--resume", folder.name, *JSON, within=folder.parents[1])
    assert resumed.run.status == "complete"
    assert judgements(resumed.run) == judgements(plain.run)
    assert [asked_for(d) for d in resumed.run.devices] == [asked_for(d) for d in plain.run.devices]
    assert (resumed.traffic.left, resumed.traffic.heard_outside) == (0, 0)
    assert not scanning.residents()


def asked_for(device: Device) -> Device:
    """A device without what is chance: what was heard unasked, and how much of its greeting telnet had said by then."""
    found_by = tuple(words for words in device.found_by if way_of(words) != PASSIVE)
    system = device.identity.system
    if system is not None:
        clues = tuple(clue for clue in system.clues if not clue.where.startswith("telnet banner"))
        identity = msgspec.structs.replace(device.identity, system=msgspec.structs.replace(system, clues=clues))
        device = msgspec.structs.replace(device, identity=identity)
    return msgspec.structs.replace(device, found_by=found_by)


def device_at(run: Run, address: str) -> Device:
    (device,) = (d for d in run.devices if address in d.addresses)
    return device


def pairs(run: Run, truth: LanTruth) -> list[tuple[Device, LanDevice]]:
    """Each device that was found with what is true of it."""
    known = {address: true for true in truth.devices for address in true.addresses}
    return [(device, known[device.address]) for device in run.devices]


def results_of(run: Run, device: Device) -> list[Result]:
    return [r for r in run.results if r.subject.device == device.id]


def where(result: Result) -> str:
    return f"{result.check} {result.subject.service}".strip()


def judgements(run: Run) -> set[tuple[str, Outcome, str, Reason | None]]:
    two = with_two_addresses(run)
    unsure = [r for r in run.results if r.subject.device in two and _is_by_silence(r)]
    return {(r.fingerprint, r.outcome, where(r), r.reason) for r in run.results if r not in unsure}


def _is_by_silence(result: Result) -> bool:
    return result.outcome is Outcome.NOT_APPLICABLE or result.reason is Reason.TIMEOUT


def with_two_addresses(run: Run) -> set[str]:
    """Devices whose refusals may come too late: a kernel refuses a few UDP ports at once, then one a second to one
    asker, whichever of its addresses was asked. What speaks no TLS over TCP is then left open: it may do so over UDP.
    """
    return {d.id for d in run.devices if TWICE & set(d.addresses)}
