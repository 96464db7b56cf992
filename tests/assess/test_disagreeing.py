"""Device, image and traffic put side by side: judged as a run is, by the checks themselves."""

import base64
from datetime import UTC, datetime

import pytest

from iotscan.assess.disagreeing import compare_vantages
from iotscan.assess.images_run import link_images
from iotscan.assess.judging import judge
from iotscan.assess.keyring import spki_digest
from iotscan.assess.profile import Profile
from iotscan.assess.registry import load_checks
from iotscan.model.answer import Answer
from iotscan.model.device import Device, Image
from iotscan.model.facts import (
    Account,
    Accounts,
    Certificate,
    Claim,
    DefaultLogin,
    DeviceIdentities,
    DeviceIdentity,
    Exposure,
    Exposures,
    HostKey,
    KeyFile,
    LoginGuards,
    LoginService,
    MqttBroker,
    OperatingSystem,
    PortSweep,
    PrivateKeys,
    SshServer,
    TlsSession,
    TlsUse,
    VantageComparison,
)
from iotscan.model.facts.traffic import Peer
from iotscan.model.observation import observe
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Scope
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Outcome, Reason, Vantage

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


def conflicts(*observations, device: Device | None = None) -> list[tuple[str, str]]:
    """Kind of each disagreement, and the place on the device, where the image is what the device runs."""
    device = device or Device(id="dev-1", addresses=("192.0.2.7",))
    image = Image(id="img-1", source="g", format="tar", name="gateway")
    linked = link_images((device,), (image,), observations, {"dev-1": "img-1"})
    looked = observe(PortSweep(open=(22,)), Subject(device="dev-1"), probe="t/1", vantage=Vantage.OBSERVED)
    (found,) = compare_vantages((device,), (image,), linked, (*observations, looked), (), ())
    assert isinstance(found.fact, VantageComparison)
    return [(d.conflict, d.other_place) for d in found.fact.disagreements]


def of_image(fact):
    return observe(fact, Subject(image="img-1", path="/etc"), probe="t/1", vantage=Vantage.CONFIGURED)


def on_ssh(fact):
    return observe(fact, Subject(device="dev-1", service="tcp/22"), probe="t/1")


@pytest.mark.parametrize(
    ("login", "accounts", "is_conflict"),
    [
        ("accepted", [("root", "locked", None)], True),
        ("accepted", [("root", "sha512", False)], True),
        ("accepted", [("nobody", "locked", None)], True),
        ("accepted", [("root", "sha512", True)], False),
        # Whether the hash is of that password was not tried.
        ("accepted", [("root", "yescrypt", None)], False),
        ("rejected", [("root", "locked", None)], False),
        ("accepts_any", [("root", "locked", None)], False),
    ],
)
def test_a_published_password_that_the_image_does_not_have(login, accounts, is_conflict):
    listed = Accounts(
        accounts=tuple(
            Account(
                path="/etc/shadow",
                line=1,
                name=name,
                scheme=scheme,
                default_password=Answer.missing(Reason.NOT_OBSERVABLE) if known is None else Answer.of(known),
            )
            for name, scheme, known in accounts
        )
    )
    found = conflicts(of_image(listed), on_ssh(DefaultLogin(protocol="ssh", outcome=login, account="root")))
    assert found == ([("configured", "tcp/22")] if is_conflict else [])


@pytest.mark.parametrize(
    ("path", "digest", "is_told"),
    [
        ("/etc/ssh/ssh_host_rsa_key", "other", True),
        ("/etc/ssh/ssh_host_rsa_key", "own", False),
        ("/etc/ssl/device.key", "other", False),
    ],
)
def test_a_host_key_of_the_image_that_the_device_does_not_show_is_told(path, digest, is_told):
    spki = base64.b64encode(b"spki").decode()
    shown = spki_digest(spki) if digest == "own" else "00"
    key = KeyFile(path=path, format="openssh", encrypted=False, mode=0o600, public_sha256=shown)
    server = SshServer(
        protocol="2.0",
        software="OpenSSH_9.2p1",
        host_keys=Answer.of((HostKey(algorithm="ssh-rsa", bits=3072, sha256="aa", spki=spki),)),
    )
    found = conflicts(of_image(PrivateKeys(keys=(key,), files_searched=1)), on_ssh(server))
    assert found == ([("mended", "tcp/22")] if is_told else [])


def in_traffic(fact):
    return observe(fact, Subject(device="dev-1"), probe="traffic/1", vantage=Vantage.IN_USE)


def account(name: str, scheme: str = "sha512") -> Account:
    return Account(path="/etc/shadow", line=1, name=name, scheme=scheme, default_password=Answer.of(False))


TELNETD = LoginService(name="telnetd", path="/etc/inittab", takes_passwords=True, tries=0)


@pytest.mark.parametrize(
    ("login", "accounts", "services", "is_conflict"),
    [
        ({}, [account("root")], [TELNETD], True),
        ({}, [account("root"), account("service", "locked")], [TELNETD], True),
        ({}, [account("service")], [TELNETD], False),
        ({}, [account("service", "yescrypt"), account("service", "locked")], [TELNETD], False),
        # Which accounts a server asks that the image does not start, and one that it has no list of, nobody knows.
        ({}, [account("root")], [], False),
        ({}, [], [TELNETD], False),
        ({"accepted": None}, [account("root")], [TELNETD], False),
        ({"accepted": False}, [account("root")], [TELNETD], False),
        ({"role": "client"}, [account("root")], [TELNETD], False),
        ({"protocol": "ftp"}, [account("root")], [TELNETD], False),
        ({"account": ""}, [account("root")], [TELNETD], False),
        ({"account": "*"}, [account("root")], [TELNETD], False),
    ],
)
def test_who_logs_in_by_telnet_has_an_account_in_the_image(login, accounts, services, is_conflict):
    seen = {"role": "server", "protocol": "telnet", "accepted": True, "account": "service", "port": 23, **login}
    exposed = in_traffic(Exposures(exposures=(Exposure(kind="password", **seen),)))
    listed = of_image(Accounts(accounts=tuple(accounts)))
    guards = of_image(LoginGuards(start=Answer.of("sysvinit"), services=tuple(services)))
    assert conflicts(listed, guards, exposed) == ([("configured", "tcp/23")] if is_conflict else [])


def key_at(path: str, digest: str) -> KeyFile:
    return KeyFile(path=path, format="pkcs8", encrypted=not digest, mode=0o600, public_sha256=digest)


def client(kept: str, key: str, *, is_claim: bool = False) -> DeviceIdentity:
    path = "/etc/mosquitto/conf.d/bridge.conf"
    return DeviceIdentity(path=path, line=1, client="mosquitto bridge", kept=kept, key=key, is_claim=is_claim)


DEVICE_KEY = "/etc/ssl/device.key"


@pytest.mark.parametrize(
    ("keys", "clients", "shown", "more", "expected"),
    [
        # The image has a key, and the device one of its own.
        ([("own", DEVICE_KEY)], [("file", DEVICE_KEY)], "other", {}, "mended"),
        ([("own", DEVICE_KEY)], [("file", DEVICE_KEY)], "own", {}, ""),
        ([("own", DEVICE_KEY), ("", "/etc/ssl/hidden.key")], [("file", DEVICE_KEY)], "other", {}, ""),
        # The image says that the key comes from elsewhere, and the device shows one of the image.
        ([("own", DEVICE_KEY)], [("absent", "/data/device.key")], "own", {}, "configured"),
        ([("own", DEVICE_KEY)], [("hardware", "pkcs11:")], "own", {}, "configured"),
        ([("own", DEVICE_KEY)], [("absent", "/data/device.key"), ("file", DEVICE_KEY)], "own", {}, ""),
        ([("own", DEVICE_KEY)], [("absent", "/data/device.key")], "other", {}, ""),
        # No client is configured with a certificate; the server refused it; the device is the server.
        ([("own", DEVICE_KEY)], [], "own", {}, ""),
        ([("own", DEVICE_KEY)], [("file", DEVICE_KEY)], "other", {"ending": "refused-by-server"}, ""),
        ([("own", DEVICE_KEY)], [("file", DEVICE_KEY)], "other", {"role": "server"}, ""),
    ],
)
def test_a_client_shows_the_certificate_that_its_image_configures(keys, clients, shown, more, expected):
    certificate = Certificate(
        subject="CN=d", issuer="CN=ca", serial="1", not_before=MOMENT, not_after=MOMENT, key_type="ec", key_bits=256,
        signature_hash="sha256", sha256="c", spki_sha256=shown,
    )  # fmt: skip
    peer = Peer(address="203.0.113.5", name="mqtt.example.com")
    session = TlsSession(
        **{"role": "client", "peer": peer, "client_certificate": certificate, "ending": "application-data"} | more
    )
    found = conflicts(
        of_image(PrivateKeys(keys=tuple(key_at(path, digest) for digest, path in keys), files_searched=1)),
        of_image(DeviceIdentities(identities=tuple(client(*each) for each in clients))),
        in_traffic(TlsUse(sessions=(session,))),
    )
    assert [conflict for conflict, _ in found] == ([expected] if expected else [])
    assert all("mqtt.example.com" in place for _, place in found)


def test_what_an_image_of_another_version_configures_otherwise_is_explained():
    claim = Claim(what="firmware", value="Acme OS 2.1.0", how="http")
    device = Device(id="dev-1", addresses=("192.0.2.7",), claims=(claim,))
    system = of_image(OperatingSystem(path="/etc/os-release", id="acme", version="2.0.0", name="Acme OS"))
    locked = Account(path="/etc/shadow", line=1, name="root", scheme="locked", default_password=Answer.of(False))
    evidence = (
        of_image(Accounts(accounts=(locked,))),
        on_ssh(DefaultLogin(protocol="ssh", outcome="accepted", account="root")),
    )
    assert conflicts(*evidence, system, device=device) == [("explained", "tcp/22"), ("version", "http")]
    assert conflicts(*evidence, device=device) == [("configured", "tcp/22")]
