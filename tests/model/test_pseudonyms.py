"""Private data as pseudonyms: the same everywhere, keyed, complete, and nothing else changed."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.answer import Answer
from iotscan.model.capture import Capture
from iotscan.model.device import Device
from iotscan.model.facts import (
    Account,
    Accounts,
    AnyFact,
    Artefact,
    Backend,
    Backends,
    CaaRecord,
    Certificate,
    CertificateChain,
    Claim,
    Exposure,
    Exposures,
    Extensions,
    HostCertificate,
    HostKey,
    MalformedCertificate,
    MqttTenant,
    NameRecords,
    OtherTalk,
    ProtocolUse,
    RevocationAnswer,
    RevocationStatus,
    SnmpAgent,
    SshServer,
    TlsSession,
    TlsUse,
    Token,
    TokenUse,
    UpdateServer,
    WirelessNetwork,
    WirelessNetworks,
)
from iotscan.model.observation import observe
from iotscan.model.pseudonyms import ADVICE, Pseudonyms, pseudonymise
from iotscan.model.run import Notice, Run
from iotscan.model.scope import BackEnd, Grants
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Reason
from iotscan.model.waiver import WaiverUse
from tests.report.example import example_run, image_run

KEY = b"k" * 32
PUBLIC = "8.8.4.4"


def told(run: Run, key: bytes = KEY) -> Run:
    return pseudonymise(run, Pseudonyms(key))


def as_text(run: Run) -> str:
    return msgspec.json.encode(run).decode()


def saying(text: str) -> Run:
    """The example with a sentence in its first result."""
    run = example_run()
    first, *others = run.results
    return msgspec.structs.replace(run, results=(msgspec.structs.replace(first, observed=text), *others))


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("seen at 8c:aa:b5:12:34:56 today", "12:34:56"),
        ("seen at 8C-AA-B5-12-34-56 today", "12-34-56"),
        ("mail anna@corp.example now", "anna@corp"),
        ("at http://8.8.8.8/x", "8.8.8.8"),
        ("at [2a00:1450:4001:830::200e]:443", "2a00:1450"),
        ("link fe80::8eaa:b5ff:fe12:3456", "b5ff:fe12"),
        ("link fe80::8eaa:b5ff:fe12:3456%eth0 answers", "b5ff:fe12"),
        ("curl https://[fe80::8eaa:b5ff:fe12:3456%25eth0]:443/x", "b5ff:fe12"),
        ("id 123e4567-e89b-12d3-a456-426614174000", "e89b"),
        ("in /home/anna/build/rootfs", "anna"),
        ("ssid=AnnasWifi", "AnnasWifi"),
        ("cam-front answers", "cam-front"),
        ("CAM-FRONT answers", "CAM-FRONT"),
    ],
)
def test_what_is_private_goes(text: str, private: str) -> None:
    observed = told(saying(text)).results[0].observed
    assert private not in observed
    assert observed != ""


@pytest.mark.parametrize(
    "text",
    [
        "192.168.1.7 and 10.0.0.1 and fd00::1",
        "lighttpd/1.4.55.2, OpenSSH_9.2p1",
        "chacha20-poly1305@openssh.com",
        "certificate " + "ab" * 32,
        "TLS_RSA_WITH_AES_128_CBC_SHA at 12:30:45",
        "/root/x and /home/admin/y",
    ],
)
def test_what_is_evidence_stays(text: str) -> None:
    assert told(saying(text)).results[0].observed == text


def test_a_device_is_known_by_nothing() -> None:
    claims = tuple(
        Claim(what=what, value=value, how="mdns")
        for what, value in (
            ("name", "Anna's lamp"),
            ("serial", "SN-77120"),
            ("hostname", "lamp-anna"),
            ("full-name", "lamp.bea.example"),
            ("client-id", "00:03:00:01:8c:aa:b5:77:88:99"),
            ("model", "L 9"),
        )
    )
    one = Device(id="dev-public", addresses=(PUBLIC,), mac="8c:aa:b5:12:34:56", claims=claims)
    another = Device(id="dev-second", addresses=(PUBLIC,), mac="8c:aa:b5:12:34:56", rivals=("8c:aa:b5:12:34:57",))
    device = msgspec.structs.replace(one, merged=("dev-second says so",), sightings=(one, another))
    fact = SnmpAgent(version="2c", description="Linux lamp-anna 5.10.0 armv7l")
    seen = observe(fact, Subject(device=device.id, address=PUBLIC, service="udp/161"), probe="snmp/1")
    run = msgspec.structs.replace(example_run(), devices=(device,), observations=(seen,), results=(), targets=(PUBLIC,))
    said = as_text(told(run))
    for private in ("Anna", "SN-77120", "lamp-anna", "bea", "77:88", PUBLIC, "12:34:5", "dev-public", "dev-second"):
        assert private not in said
    assert "8c:aa:b5:#" in said, "the vendor stays"
    assert "L 9" in said


def test_servers_that_manifests_name_go() -> None:
    named = Artefact(
        path="/m.json",
        role="manifest",
        format="json",
        signature="none",
        elsewhere=("https://fw.customer.example:8443",),
    )
    fact = UpdateServer(tls=True, artefacts=(named,))
    seen = observe(fact, Subject(device="dev-1", address=PUBLIC, service="tcp/443"), probe="update/1")
    said = as_text(told(msgspec.structs.replace(example_run(), observations=(seen,), results=())))
    assert "customer" not in said


def test_where_a_certificate_points_goes_and_for_whom_its_authority_may_sign() -> None:
    day, digest = datetime(2026, 1, 1, tzinfo=UTC), "ab" * 32
    uses = Extensions(
        version=3,
        signature_algorithm="Ed25519",
        permitted=("dns:.plant-a.example", "ip:10.0.0.0/8", "email:mail-b.example"),
        excluded=("uri:web-c.example",),
        issuer_urls=("http://aia-d.example/ca.cer",),
        delta_crl_urls=("http://delta-e.example/d.crl",),
    )
    authority = Certificate(
        subject="CN=Issuing",
        issuer="CN=Root",
        serial="1",
        not_before=day,
        not_after=day,
        key_type="ec",
        key_bits=256,
        signature_hash="sha256",
        sha256=digest,
        spki_sha256=digest,
        is_ca=True,
        crl_urls=("ldap://dc-f.example/CN=x",),
        ocsp_urls=("http://ocsp-g.example:8080/",),
        extensions=uses,
    )
    open_ = Answer[bool].missing(Reason.NOT_ASKED)
    chain = CertificateChain(certificates=(authority,), trusted=open_, ocsp_stapled=open_, engine="hello")
    status = RevocationStatus(
        answers=(
            RevocationAnswer(position=0, source="crl", where="http://crl-h.example/a.crl", problem="no readable CRL"),
        ),
        unfetched=("http://crl-i.example/b.crl",),
        unfetched_because="crl-i.example is not in scope",
    )
    said = as_text(told(observed(chain, status)))
    for private in ("plant-a", "mail-b", "web-c", "aia-d", "delta-e", "dc-f", "ocsp-g", "crl-h", "crl-i"):
        assert private not in said
    assert "10.0.0.0/8" in said
    assert "no readable CRL" in said


def test_the_host_names_of_an_ssh_certificate_go() -> None:
    certificate = HostCertificate(
        algorithm="ssh-ed25519-cert-v01@openssh.com",
        sha256="ab" * 32,
        authority="ssh-ed25519",
        authority_sha256="cd" * 32,
        is_signed=True,
        principals=("gw-anna.customer.example", "192.168.1.7"),
    )
    keys = Answer[tuple[HostKey, ...]].missing(Reason.NOT_ASKED)
    server = SshServer(protocol="2.0", software="OpenSSH_9.2p1", host_keys=keys, host_certificates=(certificate,))
    said = as_text(told(observed(server)))
    assert "customer" not in said
    assert "192.168.1.7" in said
    assert "ssh-ed25519-cert-v01@openssh.com" in said


def observed(*facts: AnyFact) -> Run:
    where = Subject(device="dev-1", address=PUBLIC, service="tcp/443")
    seen = tuple(observe(fact, where, probe="p/1") for fact in facts)
    return msgspec.structs.replace(example_run(), observations=seen, results=())


def test_who_a_certificate_is_for_goes_and_how_it_is_made_stays() -> None:
    day, digest = datetime(2026, 1, 1, tzinfo=UTC), "ab" * 32
    uses = Extensions(
        version=3,
        signature_algorithm="1.2.3.4",
        unknown_critical=("1.9.8.7",),
        serial_number="SN-0815",
        uris=("urn:dev:mac:0024befffe804ff1",),
    )
    leaf = Certificate(
        subject="2.5.4.5=SN-0815,CN=secret-cam",
        issuer="CN=secret-cam",
        serial="1",
        not_before=day,
        not_after=day,
        key_type="ec",
        key_bits=256,
        signature_hash="sha256",
        sha256=digest,
        spki_sha256=digest,
        is_ca=True,
        extensions=uses,
    )
    broken = MalformedCertificate(position=1, why="no date", read=("subject O=X,CN=other-cam",))
    open_ = Answer[bool].missing(Reason.NOT_ASKED)
    chain = CertificateChain(
        certificates=(leaf,), malformed=(broken,), trusted=open_, ocsp_stapled=open_, engine="hello"
    )
    run = example_run()
    seen = observe(chain, Subject(device=run.devices[0].id, service="tcp/443"), probe="x/1")
    text = as_text(told(msgspec.structs.replace(run, observations=(*run.observations, seen))))
    for private in ("SN-0815", "secret-cam", "0024befffe804ff1", "other-cam"):
        assert private not in text
    for evidence in ("1.2.3.4", "1.9.8.7", "no date"):
        assert evidence in text


def test_people_and_accounts_of_an_image() -> None:
    account = Account(path="etc/passwd", line=1, name="anna", scheme="md5", default_password=Answer.of(False))
    seen = observe(Accounts(accounts=(account,)), Subject(image="img-1"), probe="accounts/1")
    waiver = WaiverUse(
        id="W1",
        check="x",
        target="x",
        decision="accept",
        reason="anna said so",
        owner="Bea Cole",
        expires="2027-01-01",
        state="applied",
    )
    said = as_text(told(msgspec.structs.replace(image_run(), observations=(seen,), waivers=(waiver,))))
    assert "anna" not in said
    assert "Bea Cole" not in said


def test_of_traffic_servers_users_and_the_file_go_and_what_was_said_stays() -> None:
    told_of = [
        *("HTTP Basic password of anna.cole", "psk of bea in the body of /api/wifi", "MQTT password of user carla"),
        *("access_token in the answer of /token", "telnet password of root", "SMTP password of somebody"),
    ]
    exposures = Exposures(exposures=tuple(Exposure(kind="password", what=what) for what in told_of))
    uses = ProtocolUse(other=(OtherTalk(protocol="ftp", words=("user dora", "RETR /a")),))
    token = Token(issuer="https://login.coles.example/x", lifetime=Answer.of(1))
    tokens = Exposures(tokens=(TokenUse(token=token),))
    capture = Capture(source="coles/at-home.pcap", format="pcap", sha256="ab" * 32)
    run = msgspec.structs.replace(
        observed(exposures, uses, tokens),
        command="traffic",
        targets=("coles/at-home.pcap",),
        captures=(capture, Capture(source="br0", format="live")),
        notices=(Notice(about="traffic", text="coles/at-home.pcap: 3 frames could not be read"),),
    )
    text = as_text(told(run))
    for private in ("anna", "bea", "carla", "dora", "coles", "at-home"):
        assert private not in text
    for said in ("in the body of /api/wifi", "access_token in the answer of /token", "telnet password of root",
                 "SMTP password of somebody", "RETR /a", "br0", "3 frames could not be read"):  # fmt: skip
        assert said in text


def test_of_an_image_its_folder_its_servers_and_networks_go_and_what_it_is_called_stays() -> None:
    servers = Backends(
        backends=(Backend(host="mqtt.coles.example", kind="broker", path="/etc/app.conf"),), files_searched=1, pins=()
    )
    networks = WirelessNetworks(
        networks=(
            WirelessNetwork(path="/etc/wpa.conf", line=1, system="wpa_supplicant", role="joins", name="Coles at home",
                            protections=("wpa2-psk",)),
        )
    )  # fmt: skip
    run = image_run()
    image = msgspec.structs.replace(run.images[0], id="img-1", source="clients/coles/gateway.img", name="img")
    seen = tuple(observe(fact, Subject(image="img-1"), probe="p/1") for fact in (servers, networks))
    inside = msgspec.structs.replace(run, images=(image,), observations=seen, targets=(image.source,))
    plain = msgspec.structs.replace(inside, images=(msgspec.structs.replace(image, source="img"),), targets=("img",))
    for each in (inside, plain):
        # Also where it was put together with what was seen on the network.
        result = told(msgspec.structs.replace(each, command="join"))
        assert "mqtt.coles" not in as_text(result)
        assert "Coles at home" not in as_text(result)
        assert result.images[0].id == "img-1"
        assert {r.subject.image for r in result.results} == {"img-1"}
    assert told(inside).images[0].source.endswith("/gateway.img")
    assert "coles" not in as_text(told(inside))
    assert told(plain).images[0].source == "img"


def test_an_address_of_the_link_is_no_public_one() -> None:
    said = told(saying("from fe80::8eaa:b5ff:fe12:3456 to 2a00:1450:4001:830::200e")).results[0].observed
    assert said.startswith("from private-ip-")
    assert " to public-ip-" in said


def test_fingerprints_ids_outcomes_and_grades_stay() -> None:
    for run in (example_run(), image_run()):
        after = told(run)
        for field in ("check", "outcome", "severity", "fingerprint", "observations", "variant", "reason"):
            assert [getattr(r, field) for r in after.results] == [getattr(r, field) for r in run.results]
        for kept, new in ((run.grades.devices, after.grades.devices), (run.grades.images, after.grades.images)):
            assert [(o, b.best, b.worst, b.caps) for o, b in new.items()] == [
                (o, b.best, b.worst, b.caps) for o, b in kept.items()
            ]
        assert after.checks == run.checks
        assert after.scope_sha256 == run.scope_sha256


def test_a_command_under_pseudonyms_says_so() -> None:
    run = example_run()
    first, *others = run.results
    first = msgspec.structs.replace(first, reproduce="ssh cam-front")
    after = told(msgspec.structs.replace(run, results=(first, *others)))
    assert after.results[0].reproduce.endswith(ADVICE)
    assert [r.reproduce for r in after.results[1:]] == [r.reproduce for r in others]


def test_pseudonyms_need_the_key_and_are_stable() -> None:
    run = example_run()
    assert told(run) == told(run)
    assert as_text(told(run)) != as_text(told(run, b"x" * 32))
    names = Pseudonyms(KEY)
    once = pseudonymise(run, names)
    assert pseudonymise(once, names) == once
    assert pseudonymise(run, Pseudonyms(KEY, names.known)) == once


def test_two_values_never_share_a_pseudonym() -> None:
    names = Pseudonyms(KEY)
    macs = [f"8c:aa:b5:{i >> 16 & 255:02x}:{i >> 8 & 255:02x}:{i & 255:02x}" for i in range(6000)]
    assert len({names.of("mac", mac) for mac in macs}) == len(macs)


@pytest.mark.parametrize("word", ["critical", "pass", "http", "fail", "tls", "device", "complete", "communication"])
def test_a_device_cannot_rename_our_words(word: str) -> None:
    run = example_run()
    first, *others = run.devices
    claims = (Claim(what="name", value=word, how="mdns"),)
    after = told(msgspec.structs.replace(run, devices=(msgspec.structs.replace(first, claims=claims), *others)))
    assert msgspec.json.decode(msgspec.json.encode(after), type=Run) == after
    assert after.grades.devices.keys() == run.grades.devices.keys()
    assert after.verdict == run.verdict or after.verdict.exit_code == run.verdict.exit_code
    assert [r.check for r in after.results] == [r.check for r in run.results]


@given(st.text(max_size=60))
def test_any_text_gives_a_run_that_reads_back(text: str) -> None:
    after = told(saying(text.encode("utf-8", "replace").decode()))
    assert msgspec.json.decode(msgspec.json.encode(after), type=Run) == after


def test_the_names_of_back_ends_go_also_of_those_that_did_not_answer() -> None:
    records = NameRecords(
        name="api.customer.example",
        resolver=PUBLIC,
        caa=Answer.of((CaaRecord(tag="issue", value="ca.example"),)),
        caa_at="customer.example",
        is_signed=Answer.of(False),
        is_delegated=Answer.of(False),
        is_validated=Answer.of(False),
        tlsa=Answer.of(()),
    )
    tenant = MqttTenant(
        accepted=Answer.of(True),
        return_code=0,
        version="3.1.1",
        filters=("devices/anna-7/#",),
        granted=Answer.of(True),
    )
    subject = Subject(device="dev-1", address=PUBLIC)
    seen = tuple(observe(fact, subject, probe="t/1") for fact in (records, tenant))
    silent = BackEnd(word="mqtt.client.example:8883", name="mqtt.client.example", address=PUBLIC, port=8883)
    run = example_run()
    scope = msgspec.structs.replace(run.scope, backends=(silent,), grants=Grants(backends=(silent.word,)))
    notices = (Notice(about="discovery", text="back end mqtt.client.example, port 8883 alone: it did not answer"),)
    changed = msgspec.structs.replace(
        run, observations=seen, results=(), scope=scope, notices=notices, targets=(silent.word,)
    )
    said = as_text(told(changed))
    for private in ("customer", "mqtt.client", "anna-7", PUBLIC):
        assert private not in said, private
    assert "ca.example" in said


def test_what_a_handshake_says_of_its_key_goes() -> None:
    session = TlsSession(psk_identity="meter-0a1b2c3d", psk_hint="tenant-4711", suite="TLS_PSK_WITH_AES_128_CCM_8")
    seen = observe(TlsUse(sessions=(session,)), Subject(device="dev-cam"), probe="traffic/1")
    text = repr(told(msgspec.structs.replace(example_run(), observations=(seen,))).observations)
    assert "meter-0a1b2c3d" not in text
    assert "tenant-4711" not in text
    assert "TLS_PSK_WITH_AES_128_CCM_8" in text
