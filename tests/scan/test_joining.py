"""Stored runs put together: who is who, what is refused, nothing lost."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from iotscan.model.answer import Answer
from iotscan.model.capture import Capture
from iotscan.model.device import Device, Image
from iotscan.model.errors import BadInput
from iotscan.model.facts import Certificate, CertificateChain, KeyFile, PortSweep, PrivateKeys, TrafficProfile
from iotscan.model.observation import observe
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Scope
from iotscan.model.subject import Subject
from iotscan.scan.joining import join_runs

MOMENT = datetime(2026, 11, 27, 4, tzinfo=UTC)
PROFILE = TrafficProfile(first=MOMENT, last=MOMENT)


def run_of(name: str, command: str, *devices: Device, images=(), hours=0, **more) -> Run:
    moment = (MOMENT + timedelta(hours=hours)).isoformat()
    fact = PROFILE if command == "traffic" else PortSweep(open=(80,))
    return Run(
        id=name,
        tool=Tool(version="0"),
        status=more.pop("status", "complete"),
        command=command,
        started=moment,
        as_of=moment,
        targets=(name,),
        scope=Scope(include=()),
        scope_sha256="",
        profile=ProfileInfo(id="p", version="1"),
        devices=devices,
        images=images,
        observations=tuple(observe(fact, Subject(device=d.id, address=d.address), probe="t/1") for d in devices),
        **more,
    )


def device(number: int, *, mac: str = "", name: str = "") -> Device:
    return Device(id=name or f"dev-{number}", addresses=(f"192.0.2.{number}",), mac=mac)


MAC, OTHER_MAC = "00:40:8c:00:00:0a", "00:40:8c:00:00:0b"


def kinds_of(run: Run, device_id: str) -> set[str]:
    return {type(o.fact).__name__ for o in run.observations if o.subject.device == device_id}


def test_one_mac_is_one_device_wherever_it_was():
    joined = join_runs(
        [run_of("s", "scan", device(7, mac=MAC)), run_of("t", "traffic", device(9, mac=MAC), hours=500)], "j"
    )
    (one,) = joined.devices
    assert one.addresses == ("192.0.2.7", "192.0.2.9")
    assert kinds_of(joined, one.id) == {"PortSweep", "TrafficProfile"}


def test_one_address_with_two_macs_is_two_devices():
    joined = join_runs([run_of("s", "scan", device(7, mac=MAC)), run_of("t", "traffic", device(7, mac=OTHER_MAC))], "j")
    assert len(joined.devices) == 2
    assert len({d.id for d in joined.devices}) == 2
    assert all(len(kinds_of(joined, d.id)) == 1 for d in joined.devices)


@pytest.mark.parametrize(("hours", "count"), [(1, 1), (30, 2)])
def test_an_address_alone_says_who_it_is_for_a_day(hours, count):
    joined = join_runs([run_of("s", "scan", device(7)), run_of("t", "traffic", device(7), hours=hours)], "j")
    assert len(joined.devices) == count
    assert sum(len(kinds_of(joined, d.id)) for d in joined.devices) == 2


@pytest.mark.parametrize(("hours", "is_told"), [(2, True), (300, False)])
def test_the_machine_that_scanned_is_told_in_a_capture_of_the_same_day(hours, is_told):
    """Later another may have its address."""
    scan = run_of("s", "scan", device(7), own=("192.0.2.9",))
    joined = join_runs([scan, run_of("t", "traffic", device(8), device(9), hours=hours)], "j")
    told = {d.address: [c.value for c in d.claims] for d in joined.devices}
    assert told["192.0.2.9"] == (["the machine that scanned"] if is_told else [])
    assert told["192.0.2.8"] == []


@pytest.mark.parametrize("known_by", ["fe80::9", OTHER_MAC])
def test_the_machine_that_scanned_is_known_by_what_no_scope_holds(known_by):
    """A scan of one device has no address of its own in scope; on the link it has a MAC and a link-local address."""
    scan = run_of("s", "scan", device(7), looked_from=(known_by,))
    neighbour = Device(id="dev-9", addresses=("fe80::9",), mac=OTHER_MAC)
    joined = join_runs([scan, run_of("t", "traffic", device(8), neighbour)], "j")
    told = {d.address: [c.value for c in d.claims] for d in joined.devices}
    assert told["fe80::9"] == ["the machine that scanned"]
    assert told["192.0.2.8"] == []


def caught(hours: int) -> Capture:
    moment = (MOMENT + timedelta(hours=hours)).isoformat()
    return Capture(source="t.pcap", first=moment, last=moment)


@pytest.mark.parametrize(("captured", "read", "count"), [(-2000, 0, 2), (1, 2000, 1)])
def test_a_capture_is_as_old_as_its_frames_and_not_as_its_reading(captured, read, count):
    traffic = run_of("t", "traffic", device(7), hours=read, captures=(caught(captured),))
    joined = join_runs([run_of("s", "scan", device(7)), traffic], "j")
    assert len(joined.devices) == count


def test_an_unfinished_run_makes_the_whole_unfinished():
    joined = join_runs([run_of("s", "scan"), run_of("t", "traffic", status="interrupted")], "j")
    assert joined.status == "interrupted"


IMAGE = Image(id="img-1", source="g.tar", format="tar", name="gateway")


def test_the_user_says_which_image_a_device_runs():
    runs = [run_of("s", "scan", device(7, mac=MAC)), run_of("i", "image", images=(IMAGE,))]
    assert join_runs(runs, "j", ["192.0.2.7=gateway"]).runs == {"dev-7": "img-1"}
    assert join_runs(runs, "j", ["00-40-8C-00-00-0A=g.tar"]).runs == {"dev-7": "img-1"}


@pytest.mark.parametrize("word", ["192.0.2.7", "=gateway", "192.0.2.8=gateway", "192.0.2.7=camera", "192.0.2.7="])
def test_a_word_that_names_nobody_is_refused(word):
    runs = [run_of("s", "scan", device(7)), run_of("i", "image", images=(IMAGE,))]
    with pytest.raises(BadInput, match="--runs"):
        join_runs(runs, "j", [word])


@pytest.mark.parametrize(
    ("runs", "why"),
    [
        ([run_of("s", "scan")], "two runs or more"),
        ([run_of("s", "scan"), run_of("s", "scan")], "run s is given twice: give each run once"),
        ([run_of("s", "scan"), run_of("d", "discover")], "both asked the network"),
        ([run_of("s", "scan"), run_of("j", "join")], "joined already"),
        ([run_of("s", "scan"), run_of("t", "traffic", redaction="strict")], "redacted"),
        ([run_of("i", "image", images=(IMAGE,)), run_of("k", "image", images=(IMAGE,))], "called 'gateway'"),
    ],
)
def test_runs_that_do_not_go_together_are_refused(runs, why):
    with pytest.raises(BadInput, match=why):
        join_runs(runs, "j")


def chain(key: str) -> CertificateChain:
    leaf = Certificate(
        subject="CN=device",
        issuer="CN=device",
        serial="1",
        not_before=MOMENT,
        not_after=MOMENT.replace(year=2046),
        key_type="ec",
        key_bits=256,
        signature_hash="sha256",
        sha256="cc",
        spki_sha256=key,
    )
    no = Answer.of(False)
    return CertificateChain(certificates=(leaf,), trusted=no, ocsp_stapled=no, engine="hello")


def showing(run: Run, key: str) -> Run:
    """The run in which each device shows a certificate of this key, which never runs out."""
    seen = (
        observe(chain(key), Subject(device=d.id, address=d.address, service="tcp/443"), probe="t/1")
        for d in run.devices
    )
    return msgspec.structs.replace(run, observations=(*run.observations, *seen))


def doubts(run: Run) -> str:
    return "\n".join(n.text for n in run.notices if n.about == "joined")


@pytest.mark.parametrize("macs", [("", ""), (MAC, ""), ("", OTHER_MAC), (MAC, OTHER_MAC)])
def test_a_key_that_a_fleet_shares_makes_no_two_devices_one(macs):
    scan = showing(run_of("s", "scan", device(7, mac=macs[0])), "fleet")
    traffic = showing(run_of("t", "traffic", device(9, mac=macs[1])), "fleet")
    joined = join_runs([scan, traffic], "j")
    assert [d.addresses for d in joined.devices] == [("192.0.2.7",), ("192.0.2.9",)]
    assert "192.0.2.7 and 192.0.2.9 show the same TLS key and are told as two devices" in doubts(joined)


def test_who_is_at_an_address_is_not_taken_for_another_of_the_same_key():
    scan = showing(run_of("s", "scan", device(7)), "fleet")
    traffic = showing(run_of("t", "traffic", device(7), device(9)), "fleet")
    joined = join_runs([scan, traffic], "j")
    assert [d.addresses for d in joined.devices] == [("192.0.2.7",), ("192.0.2.9",)]
    assert kinds_of(joined, "dev-7") == {"PortSweep", "TrafficProfile", "CertificateChain"}


def test_a_key_at_its_address_is_one_device_at_any_time():
    runs = [showing(run_of("s", "scan", device(7)), "k"), showing(run_of("t", "traffic", device(7), hours=500), "k")]
    assert len(join_runs(runs, "j").devices) == 1


def test_one_maker_is_not_one_device():
    runs = [run_of("s", "scan", device(7, mac=MAC)), run_of("t", "traffic", device(9, mac=OTHER_MAC))]
    joined = join_runs(runs, "j")
    assert len(joined.devices) == 2
    assert "two devices" not in doubts(joined)


def test_two_devices_at_one_address_are_told_with_why():
    joined = join_runs([run_of("s", "scan", device(7, mac=MAC)), run_of("t", "traffic", device(7, mac=OTHER_MAC))], "j")
    assert "192.0.2.7 is told as two devices" in doubts(joined)
    assert "each shows another MAC address" in doubts(joined)


@pytest.mark.parametrize(("hours", "is_told"), [(1, False), (24 * 40, True)])
def test_runs_far_apart_are_told_of(hours, is_told):
    joined = join_runs([run_of("s", "scan", device(7)), run_of("t", "traffic", device(7), hours=hours)], "j")
    assert ("lies up to 40 days apart" in doubts(joined)) is is_told
    assert ("an address may be lent to others" in doubts(joined)) is is_told


def test_captures_of_two_times_are_apart_though_they_were_read_in_one_hour():
    captures = (caught(0), caught(2000))
    runs = [run_of(f"t{n}", "traffic", device(7), captures=(c,)) for n, c in enumerate(captures)]
    assert len(join_runs(runs, "j").devices) == 2
    old = run_of("old", "traffic", device(7), captures=(caught(-2000),))
    new = run_of("new", "traffic", device(7), captures=(caught(1),))
    # In whatever order they are given, the near one is the device of the scan.
    for given in ([old, new], [new, old]):
        joined = join_runs([run_of("s", "scan", device(7)), *given], "j")
        assert len(joined.devices) == 2
        assert sum(o.subject.device == "dev-7" for o in joined.observations) == 2


def test_a_joined_run_keeps_how_each_part_was_made():
    scan = run_of("s", "scan", device(7), audit_root="ab")
    joined = join_runs(
        [run_of("t", "traffic", captures=(caught(1),)), scan, run_of("i", "image", images=(IMAGE,))], "j"
    )
    assert {(p.id, p.command) for p in joined.parts} == {("s", "scan"), ("t", "traffic"), ("i", "image")}
    assert joined.asked is not None
    assert (joined.asked.id, joined.asked.audit_root, joined.audit_root) == ("s", "ab", "")
    assert not join_runs([run_of("t", "traffic"), run_of("i", "image", images=(IMAGE,))], "j").is_asking


def test_an_image_of_which_no_device_is_known_is_told_with_what_to_say():
    runs = [run_of("s", "scan", device(7, mac=MAC)), run_of("i", "image", images=(IMAGE,))]
    assert "no device is known to run the image gateway" in doubts(join_runs(runs, "j"))
    assert "gateway" not in doubts(join_runs(runs, "j", ["192.0.2.7=gateway"]))


def test_a_word_of_the_user_against_a_key_is_told():
    other = Image(id="img-2", source="o.tar", format="tar", name="camera")
    key = KeyFile(path="/etc/ssl/device.key", format="pkcs8", encrypted=False, mode=0o600, public_sha256="k1")
    held = observe(PrivateKeys(keys=(key,), files_searched=1), Subject(image=IMAGE.id), probe="t/1")
    images = msgspec.structs.replace(run_of("i", "image", images=(IMAGE, other)), observations=(held,))
    runs = [showing(run_of("s", "scan", device(7)), "k1"), images]
    assert "192.0.2.7 is taken to run camera, as you say" in doubts(join_runs(runs, "j", ["192.0.2.7=camera"]))
    assert "as you say" not in doubts(join_runs(runs, "j", ["192.0.2.7=gateway"]))
