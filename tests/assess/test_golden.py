"""A policy from a golden device: it passes, what differs fails, and what cannot be golden is refused."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.assess.golden import NotGolden, golden_profile, one_subject
from iotscan.assess.judging import judge
from iotscan.assess.profile import Profile, load_profile, select
from iotscan.assess.profile.effective import Change
from iotscan.assess.profile.writing import write_profile
from iotscan.assess.registry import load_checks
from iotscan.model.answer import Answer
from iotscan.model.device import Device
from iotscan.model.facts import (
    Certificate,
    CertificateChain,
    Claim,
    OpenService,
    PortSweep,
    SshServer,
    TelnetServer,
)
from iotscan.model.observation import Observation
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Scope
from iotscan.model.vocabulary import Reason
from tests.assess.making import at, device, seen

PACK = load_checks()
AS_OF = datetime(2026, 11, 22, tzinfo=UTC)
LEAF = Certificate(
    subject="CN=cam",
    issuer="CN=ACME Device CA,O=ACME",
    serial="01",
    not_before=datetime(2026, 6, 1, tzinfo=UTC),
    not_after=datetime(2027, 5, 31, tzinfo=UTC),
    key_type="ec",
    key_bits=256,
    signature_hash="sha256",
    sha256="a" * 64,
    spki_sha256="d" * 64,
)


def chain(**over: object) -> CertificateChain:
    return CertificateChain(
        certificates=(msgspec.structs.replace(LEAF, **over),),
        trusted=Answer(known=True),
        ocsp_stapled=Answer(known=True),
        engine="sslyze",
    )


def ports(*open: int) -> list[Observation]:
    return [
        seen(PortSweep(open=open, closed=(1,)), at()),
        *(seen(OpenService(protocol="https" if p == 443 else "rtsp"), at(f"tcp/{p}")) for p in open),
    ]


def run(*observations: Observation, devices: tuple[Device, ...] = (), profile: str = "default") -> Run:
    """A run that was judged with one of our profiles."""
    chosen = load_profile(profile)
    bare = Run(
        id="20261122T000000Z-golden",
        tool=Tool(version="0"),
        status="complete",
        command="scan",
        started="",
        as_of=AS_OF.isoformat(),
        targets=("192.0.2.1",),
        scope=Scope(include=()),
        scope_sha256="",
        profile=ProfileInfo(id="", version=""),
        devices=devices or (device(claims=(Claim(what="name", value="cam", how="mdns"),)),),
        observations=observations,
    )
    return judge(bare, select(chosen, PACK), chosen, as_of=AS_OF)


GOLDEN = run(*ports(443, 554), seen(chain(), at("tcp/443")))


def passes(other: Run, profile: Profile) -> bool:
    judged = judge(other, select(profile, PACK), profile, as_of=AS_OF)
    assert judged.verdict
    return judged.verdict.exit_code == 0


def made(source: Run = GOLDEN) -> Profile:
    return golden_profile(source, PACK, id="cam", title="Our camera")


def test_the_golden_one_passes_and_what_differs_fails():
    profile = made()
    assert profile.values == (
        {
            "allowed-ports": {"allowed_tcp": [443, 554]},
            "certificate-issuer": {"expected_signers": ["CN=ACME Device CA,O=ACME"]},
            "certificate-key-size": {"ec_bits": 256},
        },
    )
    assert {"allowed-ports", "certificate-issuer", "certificate-validity"} <= set(profile.required)
    assert passes(GOLDEN, profile)
    assert passes(run(*ports(443), seen(chain(), at("tcp/443"))), profile), "a set may be used in part"
    assert not passes(run(*ports(443, 554, 4444), seen(chain(), at("tcp/443"))), profile)
    assert not passes(run(*ports(443, 554), seen(chain(issuer="CN=Vendor"), at("tcp/443"))), profile)
    assert not passes(run(*ports(443, 554), seen(chain(key_bits=224), at("tcp/443"))), profile)
    assert not passes(run(*ports(443, 554)), profile), "what is required must be assessed"


def test_findings_of_the_golden_one_stay_findings_and_the_gate_begins_above_them():
    telnet = seen(TelnetServer(banner="login:", asks="login"), at("tcp/23"))
    source = run(*ports(443, 23), seen(chain(), at("tcp/443")), telnet)
    profile = made(source)
    assert profile.gate.fail_on == "critical"
    assert passes(source, profile)
    judged = judge(source, select(profile, PACK), profile, as_of=AS_OF)
    assert [r.check for r in judged.results if r.is_finding and r.severity == "high"] == ["telnet-service"]
    more = run(*ports(443, 23, 4444), seen(chain(), at("tcp/443")), telnet)
    assert not passes(more, profile), "one more port fails, however lax the rest must be"


def test_what_cannot_be_golden_is_refused():
    shell = seen(TelnetServer(banner="#", asks="shell", confirmed=True), at("tcp/23"))
    with pytest.raises(NotGolden, match="repair first telnet-open-shell"):
        made(run(*ports(23), shell))
    with pytest.raises(NotGolden, match="would not pass"):
        made(run())
    with pytest.raises(NotGolden, match="never judged"):
        made(msgspec.structs.replace(GOLDEN, checks=()))


def test_one_of_several_is_named():
    hub = device("d2", "192.0.2.2", claims=(Claim(what="name", value="hub", how="x"),))
    both = run(*ports(443), devices=(device(), hub))
    with pytest.raises(NotGolden, match=r"2 devices and images: name one with --device: 192\.0\.2\.1, hub"):
        one_subject(both)
    for word in ("d2", "192.0.2.2", "hub"):
        assert [d.id for d in one_subject(both, word).devices] == ["d2"]
    with pytest.raises(NotGolden, match="no device or image is 'd3': name one with --device: "):
        one_subject(both, "d3")


def test_a_signer_that_signs_itself_is_known_by_its_key():
    profile = made(run(*ports(443), seen(chain(is_self_issued=True, issuer="CN=cam"), at("tcp/443"))))
    assert profile.values[0]["certificate-issuer"] == {"expected_signers": ["sha256:" + "d" * 64]}


@settings(max_examples=25)  # Each one writes and reads a whole profile.
@given(text=st.text(min_size=1).filter(str.strip), note=st.text())
def test_what_is_written_reads_back_as_itself_whatever_a_device_says(
    tmp_path_factory: pytest.TempPathFactory, text: str, note: str
):
    if any("\ud800" <= c <= "\udfff" for c in text + note):
        return
    profile = msgspec.structs.replace(
        made(),
        id=text,
        title=text,
        changelog=(Change(version="1", says=text),),
        values=({"certificate-issuer": {"expected_signers": [text]}, "allowed-ports": {"allowed_tcp": []}},),
    )
    path = Path(tmp_path_factory.mktemp("golden")) / "p.yaml"
    path.write_text(write_profile(profile, note), "utf-8")
    assert msgspec.structs.replace(load_profile(str(path)), places={}) == profile


def ssh(*ciphers: str, unsaid: tuple[str, ...] = ()) -> list[Observation]:
    server = SshServer(
        protocol="2.0",
        software="OpenSSH_9.6",
        kex=("curve25519-sha256", "kex-strict-s-v00@openssh.com"),
        host_key_algorithms=("ssh-ed25519",),
        ciphers=ciphers,
        ciphers_in=ciphers,
        macs=("hmac-sha2-256",),
        host_keys=Answer.missing(Reason.NOT_OBSERVABLE, "not read"),
        groups=Answer.of(()),
        login_methods=Answer.of(("publickey",)),
        unsaid=unsaid,
    )
    return [*ports(22), seen(server, at("tcp/22"))]


def test_what_the_golden_ssh_server_offers_is_what_others_may_offer() -> None:
    policy = golden_profile(run(*ssh("aes128-ctr", "aes256-ctr")), PACK, id="x", title="X")
    outcomes = {}
    for name, ciphers in {
        "itself": ("aes128-ctr", "aes256-ctr"),
        "less": ("aes256-ctr",),
        "more": ("aes192-ctr",),
    }.items():
        judged = judge(run(*ssh(*ciphers)), select(policy, PACK), policy, as_of=AS_OF)
        outcomes[name] = next(r.outcome for r in judged.results if r.check == "ssh-policy")
    assert outcomes == {"itself": "pass", "less": "pass", "more": "fail"}


def test_a_configuration_that_leaves_lists_open_makes_no_policy_for_ssh() -> None:
    policy = golden_profile(run(*ssh("aes128-ctr", unsaid=("macs",))), PACK, id="x", title="X")
    assert not [values for layer in policy.values for check, values in layer.items() if check == "ssh-policy"]
