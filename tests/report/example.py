"""A hand-made run that has everything a report must tell. Nothing in it was scanned; addresses are of RFC 5737."""

from datetime import UTC, datetime

from msgspec.structs import replace

from iotscan.model.answer import Answer
from iotscan.model.device import Device, Image, Service
from iotscan.model.facts import (
    VERSIONS,
    AdbServer,
    Announcement,
    Certificate,
    CertificateChain,
    Claim,
    HttpServer,
    MqttBroker,
    OpenService,
    PortSweep,
    SnmpAgent,
    Suite,
    TelnetServer,
    TlsEndpoint,
)
from iotscan.model.observation import Attempt, observe
from iotscan.model.result import CheckInfo, Clause, Result, VariantInfo, fingerprint
from iotscan.model.run import Cost, Notice, ProfileInfo, Run, Tool, Verdict
from iotscan.model.scope import Scope
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Confidence, Element, Outcome, Reason, Severity, Vantage
from iotscan.model.waiver import AttestationUse, WaiverUse

from .grader import grade

EN = ("ETSI EN 303 645", "V3.1.3")


def _check(id: str, element: str, title: str, fix: str, variants: dict[str, tuple[str, str]], clause: str) -> CheckInfo:
    standard, edition = EN
    return CheckInfo(
        id=id,
        title=title,
        element=Element(element),
        variants={k: VariantInfo(severity=Severity(s), title=t) for k, (s, t) in variants.items()},
        confidence=Confidence.CERTAIN,
        clauses=(Clause(standard=standard, edition=edition, id=clause),),
        since="0.1",
        looks_at=f"Whether this holds: {title}.",
        matters="An attacker on the same network needs nothing else.",
        fix=fix,
        references=f"- {standard} {edition} {clause}",
    )


CHECKS = (
    _check(
        "adb-access",
        "hardware",
        "No debug bridge is open",
        "Switch ADB over TCP off in the production image. A debug build never ships.",
        {"open": ("critical", "A debug bridge gives a shell"), "keyed": ("high", "A debug bridge listens")},
        "5.6-4",
    ),
    _check(
        "telnet-service",
        "communication",
        "No telnet is offered",
        "Remove telnetd from the image and use SSH with keys. Until then, block port 23 for this device.",
        {"login": ("high", "Telnet asks for a login"), "shell": ("critical", "Telnet gives a shell")},
        "5.5-1",
    ),
    CheckInfo(
        id="tls-versions",
        title="Only TLS 1.2 and newer are accepted",
        element=Element.COMMUNICATION,
        variants={
            "ssl": VariantInfo(severity=Severity.CRITICAL, title="SSLv3 is accepted"),
            "tls-1.0-1.1": VariantInfo(severity=Severity.HIGH, title="TLS 1.0 or TLS 1.1 is accepted"),
        },
        confidence=Confidence.CERTAIN,
        aliases=("TLS-001", "TLS-002"),
        clauses=(
            Clause(standard="RFC 9325", edition="2022", id="3.1.1"),
            Clause(standard="ETSI EN 303 645", edition="V3.1.3", id="5.5-1"),
        ),
        since="0.1",
        effort="low",
        looks_at="The protocol versions a TLS server accepts, each asked\nwith a ClientHello of its own.",
        matters="SSLv3 is broken and TLS 1.0 and 1.1 rest on MD5 and SHA-1; RFC 8996 retired both.",
        fix="Set the lowest version to TLS 1.2 in the server's configuration (`ssl_protocols TLSv1.2 TLSv1.3;` in\n"
        "nginx). Where an old client needs TLS 1.0, put it on its own network.",
        references="- RFC 9325 section 3.1.1 (SSL and TLS protocol versions)\n- RFC 8996 (deprecating TLS 1.0 and 1.1)",
    ),
    _check(
        "forward-secrecy",
        "communication",
        "Every session has forward secrecy",
        "Offer ECDHE suites only.",
        {"mixed": ("medium", "Suites without forward secrecy are accepted")},
        "5.5-1",
    ),
    _check(
        "mqtt-anonymous",
        "communication",
        "The MQTT broker asks who you are",
        "Set `allow_anonymous false` and give each device its own account.",
        {"open": ("critical", "The MQTT broker lets anybody in")},
        "5.5-5",
    ),
    _check(
        "snmp-public",
        "communication",
        "SNMP is not readable by everybody",
        "Switch SNMP v1 and v2c off; use v3 with privacy where it is needed.",
        {"public": ("medium", "SNMP answers to the community public")},
        "5.6-1",
    ),
    _check(
        "default-login",
        "keys",
        "No documented default login is accepted",
        "Set a password of its own on every device before it leaves the factory. Change it on this one today.",
        {"accepted": ("critical", "A documented default login is accepted")},
        "5.1-1",
    ),
    _check(
        "certificate-lifetime",
        "keys",
        "Certificates are valid and short-lived",
        "Renew the certificate automatically.",
        {"expired": ("high", "The certificate has expired"), "long": ("low", "The certificate lives for decades")},
        "5.4-4",
    ),
    _check(
        "shared-keys",
        "keys",
        "No two devices share a private key",
        "Make the key on the device at first boot.",
        {"shared": ("high", "Devices share one private key")},
        "5.4-4",
    ),
    _check(
        "update-signature",
        "updates",
        "Updates are signed",
        "Sign the firmware and verify it on the device before it is written.",
        {"none": ("critical", "Firmware is offered without a signature")},
        "5.3-9",
    ),
    _check(
        "security-txt",
        "cloud",
        "Somebody can be told about a vulnerability",
        "Serve /.well-known/security.txt.",
        {"missing": ("info", "No security.txt is served")},
        "5.2-1",
    ),
    _check(
        "cloud-endpoints",
        "cloud",
        "The cloud is spoken to over TLS",
        "Use TLS with certificate validation to every backend.",
        {"plain": ("high", "The cloud is spoken to in the clear")},
        "5.8-1",
    ),
)
BY_ID = {c.id: c for c in CHECKS}


def _device(id: str, host: int, mac: str, vendor: str, name: str, model: str, *services: tuple[int, str]) -> Device:
    claims = [("name", name, "mdns"), ("model", model, "ssdp description")]
    return Device(
        id=id,
        addresses=(f"192.0.2.{host}",),
        mac=mac,
        vendor=vendor,
        vendor_source="IEEE OUI 2026-11-01" if vendor else "",
        claims=tuple(Claim(what=w, value=v, how=h) for w, v, h in claims if v),
        services=tuple(
            Service(transport="udp" if p == "snmp" else "tcp", port=n, protocol=p, how="heard") for n, p in services
        ),
        found_by=("arp", "mdns") if name else ("arp",),
    )


DEVICES = (
    _device("dev-gw", 1, "00:00:5e:00:53:01", "Example Routers", "gw-edge", "Edge One", (80, "http"), (443, "https")),
    _device("dev-hub", 10, "00:00:5e:00:53:0a", "", "hub-1", "Hub 2.4", (1883, "mqtt"), (8443, "https")),
    _device(
        "dev-cam", 21, "00:00:5e:00:53:15", "Example Cameras", "cam-front", "CX-200",
        (23, "telnet"), (80, "http"), (443, "https"), (5555, "adb"), (8000, "unknown"),
    ),
    _device("dev-garden", 23, "00:00:5e:00:53:17", "Example Cameras", "", ""),
    _device("dev-printer", 31, "00:00:5e:00:53:1f", "Example Print", "printer-2", "LP 9", (80, "http"), (161, "snmp")),
    _device("dev-plug", 44, "02:00:5e:00:53:2c", "", "plug-7", "", (443, "https")),
)  # fmt: skip
_BY_DEVICE = {d.id: d for d in DEVICES}


def _on(device: str, service: str = "") -> Subject:
    return Subject(device=device, address=_BY_DEVICE[device].address, service=service)


def _result(check: str, subject: Subject, outcome: Outcome, variant: str = "", **fields: object) -> Result:
    info = BY_ID[check]
    known = _BY_DEVICE.get(subject.device)
    identity = known.mac if known else subject.image
    return Result(
        check=check,
        element=info.element,
        outcome=outcome,
        subject=subject,
        severity=info.variants[variant].severity if variant else info.severity,
        variant=variant,
        fingerprint=fingerprint(check, variant, identity, subject.service or subject.path),
        **fields,  # type: ignore[arg-type]
    )


def _fail(
    check: str, variant: str, subject: Subject, summary: str, observed: str, expected: str, **f: object
) -> Result:
    return _result(check, subject, Outcome.FAIL, variant, summary=summary, observed=observed, expected=expected, **f)


def _old_tls(device: str, service: str, **fields: object) -> Result:
    target = f"{_BY_DEVICE[device].address}:{service.partition('/')[2]}"
    return _fail(
        "tls-versions",
        "tls-1.0-1.1",
        _on(device, service),
        "TLSv1.0 and TLSv1.1 accepted",
        "TLSv1.0, TLSv1.1, TLSv1.2",
        "TLSv1.2 and TLSv1.3 only",
        reproduce=f"openssl s_client -connect {target} -tls1 -cipher ALL:@SECLEVEL=0",
        shows="Cipher is ",
        **fields,
    )


def _pass(check: str, device: str, service: str = "", summary: str = "as it should be") -> Result:
    return _result(check, _on(device, service), Outcome.PASS, summary=summary)


def _open(check: str, device: str, service: str, reason: Reason, remedy: str = "", detail: str = "") -> Result:
    return _result(
        check,
        _on(device, service),
        Outcome.NOT_ASSESSED,
        summary="not assessed",
        reason=reason,
        remedy=remedy,
        detail=detail,
    )


def _results() -> list[Result]:
    grant = "iotscan scan … --scope FILE --default-creds"
    found = [
        _fail(
            "default-login", "accepted", _on("dev-cam", "tcp/23"), "the documented login of CX-200 is accepted",
            "account admin accepted; a random user was refused before", "every documented login is refused",
            reproduce="telnet 192.0.2.21 23", shows="#",
        ),
        _fail(
            "mqtt-anonymous", "open", _on("dev-hub", "tcp/1883"), "CONNECT without credentials is accepted",
            "CONNACK return code 0", "CONNACK return code 4 or 5",
            reproduce="mosquitto_sub -h 192.0.2.10 -p 1883 -t '$SYS/broker/version' -C 1",
        ),
        _fail(
            "telnet-service", "login", _on("dev-cam", "tcp/23"), "telnet asks for a login",
            "banner \"BusyBox v1.12 (2014-03-11) login:\"", "no telnet",
            reproduce="telnet 192.0.2.21 23",
        ),
        _fail(
            "adb-access", "keyed", _on("dev-cam", "tcp/5555"), "ADB answers and asks for a key",
            "AUTH", "no answer", confidence=Confidence.FIRM, reproduce="adb connect 192.0.2.21:5555",
        ),
        _old_tls("dev-gw", "tcp/443", waiver="W-2026-014"),
        _old_tls("dev-hub", "tcp/8443"),
        _old_tls("dev-cam", "tcp/443"),
        _fail(
            "snmp-public", "public", _on("dev-printer", "udp/161"), "sysDescr is readable with the community public",
            "LP 9 print server", "no answer", reproduce="snmpget -v2c -c public 192.0.2.31 1.3.6.1.2.1.1.1.0",
        ),
        _fail(
            "forward-secrecy", "mixed", _on("dev-gw", "tcp/443"), "TLS_RSA_WITH_AES_128_CBC_SHA is accepted",
            "TLS_RSA_WITH_AES_128_CBC_SHA", "ECDHE suites only",
            reproduce="openssl s_client -connect 192.0.2.1:443 -tls1_2 -cipher kRSA",
        ),
        _fail(
            "certificate-lifetime", "long", _on("dev-plug", "tcp/443"), "valid for 20 years",
            "2020-01-01 to 2040-01-01", "at most 398 days", confidence=Confidence.TENTATIVE,
        ),
        _fail(
            "security-txt", "missing", _on("dev-gw", "tcp/80"), "no security.txt", "404", "200 with a Contact field",
        ),
    ]  # fmt: skip
    passed = [
        _pass("certificate-lifetime", "dev-gw", "tcp/443"),
        _pass("certificate-lifetime", "dev-hub", "tcp/8443"),
        _pass("certificate-lifetime", "dev-cam", "tcp/443"),
        _pass("forward-secrecy", "dev-hub", "tcp/8443"),
        _pass("forward-secrecy", "dev-cam", "tcp/443"),
        _pass("forward-secrecy", "dev-plug", "tcp/443"),
        _pass("tls-versions", "dev-plug", "tcp/443"),
        _pass("telnet-service", "dev-plug"),
        _pass("telnet-service", "dev-gw"),
        _pass("telnet-service", "dev-printer"),
        _pass("shared-keys", "dev-plug", "tcp/443"),
        _pass("adb-access", "dev-gw"),
        _result("mqtt-anonymous", _on("dev-plug"), Outcome.NOT_APPLICABLE, summary="no MQTT broker"),
    ]
    image = "iotscan image PATH --device {}"
    unsettled = [
        _open("default-login", "dev-gw", "tcp/80", Reason.CONSENT, grant),
        _open("default-login", "dev-hub", "tcp/8443", Reason.CONSENT, grant),
        _open("default-login", "dev-printer", "tcp/80", Reason.CONSENT, grant),
        _open("default-login", "dev-plug", "tcp/443", Reason.CONSENT, grant),
        *(_open("update-signature", d.id, "", Reason.NEEDS_IMAGE, image.format(d.label)) for d in DEVICES[:3]),
        *(_open("cloud-endpoints", d.id, "", Reason.NEEDS_TRAFFIC) for d in DEVICES[:3]),
        *(_open(c.id, "dev-garden", "", Reason.TIMEOUT, "", "no port answered") for c in CHECKS if c.severity.rank),
        _open("tls-versions", "dev-printer", "tcp/631", Reason.DEADLINE, "scan the printer alone"),
        _open("adb-access", "dev-hub", "", Reason.MISSING_PRIVILEGE),
        _result(
            "shared-keys", _on("dev-hub", "tcp/8443"), Outcome.ERROR, summary="the check raised",
            detail="KeyError: 'spki' in checks/keys/shared_keys.py line 41",
        ),
    ]  # fmt: skip
    return [*found, *passed, *unsettled]


_YES, _NO = Answer[bool].of(True), Answer[bool].of(False)


def _observations() -> tuple:
    cam, gateway = _on("dev-cam", "tcp/23"), _on("dev-gw", "tcp/443")
    tls = TlsEndpoint(
        versions=dict(
            zip(VERSIONS, (_NO, _YES, _YES, _YES, Answer[bool].missing(Reason.TIMEOUT, "silent")), strict=True)
        ),
        selected=(Suite(version="TLSv1.2", code=0x002F, name="TLS_RSA_WITH_AES_128_CBC_SHA"),),
        forward_secrecy=_YES,
        without_forward_secrecy=_YES,
        prefers_forward_secrecy=_NO,
        plain_psk=_NO,
        psk_forward_secrecy=_NO,
        broken_ciphers=_NO,
        weak_ciphers=_NO,
        aead=_YES,
        secure_renegotiation=_YES,
        extended_master_secret=_YES,
        compression=_NO,
        hellos=11,
    )
    leaf = Certificate(
        subject="CN=gw-edge", issuer="CN=gw-edge", serial="01", not_before=datetime(2026, 1, 1, tzinfo=UTC),
        not_after=datetime(2027, 1, 1, tzinfo=UTC), key_type="rsa", key_bits=2048, signature_hash="sha256",
        sha256="a" * 64, spki_sha256="b" * 64, is_self_issued=True,
    )  # fmt: skip
    chain = CertificateChain(
        certificates=(leaf,), trusted=_NO, trust_detail="self-signed", ocsp_stapled=_NO, engine="hello"
    )
    facts = (
        (TelnetServer(banner="BusyBox v1.12 (2014-03-11) login:", asks="login"), cam),
        (OpenService(protocol="telnet", how="negotiation", banner="login:"), cam),
        (AdbServer(needs_key=True), _on("dev-cam", "tcp/5555")),
        (tls, gateway),
        (chain, gateway),
        (HttpServer(tls=False, status=200, title="Edge One", server="nginx"), _on("dev-gw", "tcp/80")),
        (MqttBroker(tls=False, anonymous=_YES, return_code=0), _on("dev-hub", "tcp/1883")),
        (SnmpAgent(version="2c", description="LP 9 print server"), _on("dev-printer", "udp/161")),
        (PortSweep(open=(23, 80, 443, 5555, 8000), closed=(22,), filtered=(21,)), _on("dev-cam")),
        (Announcement(claims=(Claim(what="name", value="hub-1", how="mdns"),)), _on("dev-hub")),
    )
    at = "2026-11-22T18:01:07Z"
    return tuple(observe(fact, subject, probe="example/1", at=at) for fact, subject in facts)


def example_run() -> Run:
    """Six devices, findings of every severity, gaps of several reasons, an error of ours, a waiver."""
    results = _results()
    return Run(
        id="01JDA7Q2W3",
        tool=Tool(version="0.1.0"),
        status="complete",
        command="scan",
        started="2026-11-22T18:00:00Z",
        finished="2026-11-22T18:03:41Z",
        as_of="2026-11-22T18:00:00Z",
        targets=("192.0.2.0/26",),
        scope=Scope(include=("192.0.2.0/26",), authority="command line"),
        scope_sha256="0f343b0931126a20f133d67c2b018a3b8ee23c1f0bd2e1d5a2d6e5d1d2a0c0de",
        profile=ProfileInfo(id="home", version="2026.11", required=("telnet-service",)),
        checks=CHECKS,
        devices=DEVICES,
        attempts=(
            Attempt(subject=_on("dev-cam", "tcp/23"), need="telnet-server", status=AttemptStatus.OBSERVED, seconds=0.4),
            Attempt(
                subject=_on("dev-garden"), need="port-sweep", status=AttemptStatus.TIMED_OUT, reason=Reason.TIMEOUT
            ),
            Attempt(
                subject=_on("dev-cam", "tcp/8000"), need="http-server", status=AttemptStatus.BROKEN,
                reason=Reason.PROBE_ERROR, detail="IndexError in the chunked decoder", probe="http/1",
            ),
        ),
        observations=_observations(),
        results=tuple(results),
        grades=grade(results, [d.id for d in DEVICES], []),
        verdict=Verdict(
            complete=False,
            gate="fail",
            fail_on="high",
            exit_code=1,
            summary="2 critical and 4 high findings at or above high, 1 waived",
            reasons=("telnet-service is required and was not assessed on 192.0.2.23: no answer in time",),
            warnings=("waiver W-2025-090 expired 12 days ago (owner j.doe)",),
        ),
        notices=(Notice(about="raw frames", text="no helper is installed: the ARP sweep used the neighbour table"),),
        costs={
            d.id: Cost(attempts=1024, connections=4 * len(d.services), datagrams=2, bytes_sent=3100, seconds=6.25)
            for d in DEVICES
        },
        waivers=(
            WaiverUse(
                id="W-2026-014", check="tls-versions", target="device gw-edge, service tcp/443", decision="accepted",
                reason="the old thermostats speak nothing newer; they go in January", owner="j.doe",
                expires="2027-02-20", state="applied", ticket="SEC-4312",
                findings=tuple(r.fingerprint for r in results if r.waiver == "W-2026-014"),
            ),
            WaiverUse(
                id="W-2025-090", check="telnet-service", target="asset cam-garden", decision="vendor_fix_pending",
                reason="firmware 2.1 shuts it", owner="j.doe", expires="2026-11-10", state="expired",
                notes=("expired 12 days ago (owner j.doe)",),
            ),
        ),
        attestations=(
            AttestationUse(
                id="A-2026-001", check="key-custody", target="asset gw-edge", holds=True, by="head of product security",
                reference="DOC-17 page 4", expires="2027-10-01", state="not_asked",
                notes=("the profile leaves its check out",),
            ),
        ),
    )  # fmt: skip


def interrupted_run() -> Run:
    """The same run cut short before it was judged."""
    return replace(example_run(), status="interrupted", finished="", verdict=None)


def empty_run() -> Run:
    """A scan that nobody answered."""
    return replace(
        example_run(),
        devices=(),
        attempts=(),
        observations=(),
        results=(),
        grades=grade([], [], []),
        costs={},
        notices=(),
        verdict=Verdict(
            complete=False,
            gate="pass",
            fail_on="high",
            exit_code=3,
            summary="gate holds; incomplete: no target answered",
            reasons=("no target answered",),
        ),
    )


def image_run() -> Run:
    """A gateway image, judged from its configuration alone."""
    image = Image(id="img-1", source="out/rootfs.tar", format="tar", name="gateway", files=1204)

    def at(path: str, line: int = 0) -> Subject:
        return Subject(image="img-1", path=path, line=line)

    results = [
        _fail(
            "tls-versions", "tls-1.0-1.1", at("etc/nginx/nginx.conf", 14), "TLSv1 is enabled",
            "ssl_protocols TLSv1 TLSv1.2;", "TLSv1.2 and TLSv1.3 only",
            vantage=Vantage.CONFIGURED, reproduce="grep -n ssl_protocols etc/nginx/nginx.conf",
        ),
        _result("update-signature", at("etc/opkg.conf"), Outcome.PASS, vantage=Vantage.CONFIGURED),
        _result("adb-access", at(""), Outcome.NOT_ASSESSED, reason=Reason.NEEDS_NETWORK),
    ]  # fmt: skip
    return replace(
        example_run(),
        command="image",
        targets=("out/rootfs.tar",),
        devices=(),
        images=(image,),
        attempts=(),
        observations=(),
        results=tuple(results),
        grades=grade(results, [], ["img-1"]),
        notices=(),
        costs={},
        waivers=(),
        attestations=(),
        verdict=Verdict(complete=True, gate="fail", fail_on="high", exit_code=1, summary="1 high finding"),
    )
