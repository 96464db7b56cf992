"""What a device, an image and a place are known by from run to run."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.answer import Answer
from iotscan.model.device import Device, Image
from iotscan.model.facts import Certificate, CertificateChain, Claim, HostKey, SshServer
from iotscan.model.lasting import borne, content, identities, lasting_path, telling
from iotscan.model.observation import Observation, observe
from iotscan.model.subject import Subject
from tests.assess.making import result

M1, M2, LOCAL = "00:11:22:33:44:55", "00:11:22:33:44:66", "02:11:22:33:44:55"
U1 = "0f8fad5b-d9cb-469f-a165-70867728950e"


def dev(number: int, mac: str = "", serial: str = "", uuid: str = "") -> Device:
    claims = tuple(Claim(what=w, value=v, how="mdns") for w, v in (("serial", serial), ("uuid", uuid)) if v)
    return Device(id=f"d{number}", addresses=(f"192.0.2.{number}",), mac=mac, claims=claims)


def ssh(number: int, *keys: str, port: int = 22) -> Observation:
    host_keys = Answer.of(tuple(HostKey(algorithm="ssh-ed25519", bits=0, sha256=k) for k in keys))
    subject = Subject(device=f"d{number}", address=f"192.0.2.{number}", service=f"tcp/{port}")
    return observe(SshServer(protocol="2.0", software="x", host_keys=host_keys), subject, probe="t/1")


def tls(number: int, key: str, days: int = 3650, port: int = 443) -> Observation:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    leaf = Certificate(
        subject="CN=x",
        issuer="CN=x",
        serial="1",
        not_before=start,
        not_after=start + timedelta(days=days),
        key_type="ec",
        key_bits=256,
        signature_hash="sha256",
        sha256=key * 2,
        spki_sha256=key,
    )
    chain = CertificateChain(
        certificates=(leaf,), trusted=Answer.of(False), ocsp_stapled=Answer.of(False), engine="hello"
    )
    subject = Subject(device=f"d{number}", address=f"192.0.2.{number}", service=f"tcp/{port}")
    return observe(chain, subject, probe="t/1")


def known(devices: list[Device], *seen: Observation) -> dict[str, str]:
    return identities(devices, (), seen)


@pytest.mark.parametrize(
    ("device", "seen", "identity"),
    [
        (dev(1, M1, "SN-2841"), [ssh(1, "k")], f"mac {M1}"),
        (dev(1, M1.upper().replace(":", "-")), [], f"mac {M1}"),
        (dev(1, LOCAL, "SN-2841", U1), [ssh(1, "k")], "serial sn-2841"),
        (dev(1, LOCAL, "", f"uuid:{U1}"), [ssh(1, "k")], f"uuid {U1}"),
        (dev(1, LOCAL), [tls(1, "t"), ssh(1, "k")], "ssh k"),
        (dev(1), [tls(1, "t", port=8443), tls(1, "s")], "tls s"),
        (dev(1), [tls(1, "t", days=90)], "address 192.0.2.1"),
        (dev(1), [ssh(1, "new", port=2222), ssh(1, "k")], "ssh k"),
        (dev(1, LOCAL), [], "address 192.0.2.1"),
        (dev(1, serial="0000000000"), [], "address 192.0.2.1"),
    ],
)
def test_a_device_is_known_by_its_strongest_mark(device: Device, seen: list[Observation], identity: str):
    assert known([device], *seen) == {"d1": identity}
    assert known([device], *reversed(seen)) == {"d1": identity}


def test_a_mark_on_two_devices_names_neither():
    assert known([dev(1), dev(2)], ssh(1, "k"), ssh(2, "k")) == {"d1": "address 192.0.2.1", "d2": "address 192.0.2.2"}
    assert known([dev(1), dev(2)], ssh(1, "k", "own"), ssh(2, "k")) == {"d1": "ssh own", "d2": "address 192.0.2.2"}
    assert known([dev(1), dev(2)], tls(1, "t"), tls(2, "t"), ssh(2, "k")) == {"d1": "address 192.0.2.1", "d2": "ssh k"}
    # Two devices of one MAC are two where their serials contradict: then the serials tell them apart.
    assert known([dev(1, M1, "SN-2841"), dev(2, M1, "SN-3952")]) == {"d1": "serial sn-2841", "d2": "serial sn-3952"}


def test_what_was_seen_of_a_merged_sighting_counts():
    merged = Device(id="d1", addresses=("192.0.2.1", "192.0.2.2"), merged=("d2 states the same serial",))
    assert known([merged], ssh(2, "k")) == {"d1": "ssh k"}


def test_two_images_never_share_a_name():
    one = Image(id="i1", source="a/rootfs-1", format="folder", name="rootfs")
    two = Image(id="i2", source="b/rootfs-2", format="folder", name="rootfs")
    assert identities((), (one,), ()) == {"i1": "image rootfs"}
    assert identities((), (one, two), ()) == {"i1": "source a/rootfs-1", "i2": "source b/rootfs-2"}
    same = Image(id="i3", source="b/rootfs-2", format="folder", name="rootfs")
    assert len(set(identities((), (one, two, same), ()).values())) == 3


marks = st.sampled_from(["", "a1b2c", "b2c3d", "c3d4e"])


@given(
    st.lists(
        st.tuples(st.sampled_from(["", M1, M2, LOCAL]), marks, marks, st.lists(marks.filter(bool), max_size=3)),
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_two_devices_of_a_run_never_share_an_identity(drawn, dice):
    devices = [dev(n, mac, serial, uuid) for n, (mac, serial, uuid, _) in enumerate(drawn)]
    seen = [ssh(n, *keys) for n, (*_, keys) in enumerate(drawn) if keys]
    named = known(devices, *seen)
    assert len(set(named.values())) == len(devices)
    dice.shuffle(devices)
    dice.shuffle(seen)
    assert known(devices, *seen) == named
    held = telling(borne(devices, seen)).values()
    assert sum(map(len, held)) == len({mark for marks_ in held for mark in marks_})


@given(marks.filter(bool), st.integers(1, 250), st.integers(1, 250))
def test_a_device_with_nothing_but_a_host_key_may_move(key: str, before: int, after: int):
    assert known([dev(before)], ssh(before, key)) == {f"d{before}": f"ssh {key}"}
    assert known([dev(after)], ssh(after, key)) == {f"d{after}": f"ssh {key}"}


@pytest.mark.parametrize(
    ("path", "lasting"),
    [
        ("/lib/modules/6.1.22-yocto-standard/kernel/x.ko", "/lib/modules/*/kernel/x.ko"),
        ("/usr/lib/python3.11/test/key.pem", "/usr/lib/python*/test/key.pem"),
        ("/usr/lib/libssl.so.1.1.1", "/usr/lib/libssl.so"),
        ("/opt/app/v2.3.1/etc/app.conf", "/opt/app/*/etc/app.conf"),
        ("/etc/shadow", "/etc/shadow"),
        ("", ""),
        # An address, a model and a file's own name are no version.
        ("/etc/tinc/10.0.0.1/key", "/etc/tinc/10.0.0.1/key"),
        ("/etc/wpa2/key", "/etc/wpa2/key"),
        ("/etc/ssl/openssl-1.1.1.cnf", "/etc/ssl/openssl-1.1.1.cnf"),
        ("/srv/2/key", "/srv/2/key"),
    ],
)
def test_versions_in_a_path_are_left_out_where_that_is_safe(path: str, lasting: str):
    assert lasting_path(path) == lasting


def test_content_knows_no_address_and_no_line():
    on = Subject(device="d1", address="10.0.0.1", service="tcp/80")
    assert content(result(subject=on, observed="10.0.0.1 tcp/80, not 10.0.0.12")) == "it tcp/80, not 10.0.0.12"
    at = Subject(image="i", path="/etc/shadow", line=7)
    assert content(result(subject=at, observed="/etc/shadow:7: 'root' md5")) == "/etc/shadow: 'root' md5"


def test_a_back_end_is_known_by_its_name_wherever_that_leads() -> None:
    told = Claim(what="name", value="Api.acme.example", how="given by --backend")
    before, after = (
        Device(id=f"dev-{n}", addresses=(f"203.0.113.{n}",), claims=(told,), role="backend") for n in (5, 6)
    )
    assert [*identities([before], (), ()).values()] == [*identities([after], (), ()).values()]
    other = msgspec.structs.replace(after, role="device")
    assert [*identities([before], (), ()).values()] != [*identities([other], (), ()).values()]
