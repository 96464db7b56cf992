import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from iotscan.model.device import Device
from iotscan.model.facts import Claim
from iotscan.model.run import Run
from iotscan.model.subject import Subject
from iotscan.report.uris import Uris, slug

from .example import DEVICES, example_run, image_run
from .hostile import TRICKS

SEGMENT = re.compile(r"[a-z0-9][a-z0-9._-]*")
URI = re.compile(r"[a-z0-9][A-Za-z0-9._~%-]*(/[A-Za-z0-9._~%-]+)*")


def _named(device: Device, name: str) -> Device:
    return replace(device, claims=(Claim(what="name", value=name, how="mdns"),))


def _uri(run: Run, number: int = 0, service: str = "tcp/443") -> str:
    device = run.devices[number]
    return Uris(run).uri(Subject(device=device.id, address=device.address, service=service))


def test_a_device_is_a_path_that_names_it() -> None:
    assert re.fullmatch(r"iotscan/gw-edge-[0-9a-f]{8}/tcp-443", _uri(example_run()))
    assert Uris(example_run()).uri(Subject()) == "iotscan/network/device"


def test_an_address_is_in_no_path_and_changes_none() -> None:
    run = example_run()
    moved = replace(run, devices=tuple(replace(d, id="dev-new", addresses=("198.51.100.9",)) for d in run.devices[:1]))
    assert _uri(moved) == _uri(run)
    for device in DEVICES:
        uri = Uris(run).uri(Subject(device=device.id, address=device.address, service="tcp/80"))
        assert "192" not in uri
        assert all(SEGMENT.fullmatch(s) for s in uri.split("/"))


def test_two_devices_never_share_a_path() -> None:
    run = example_run()
    twins = tuple(_named(replace(d, mac=""), "camera") for d in run.devices)
    assert len({_uri(replace(run, devices=twins), n) for n in range(len(twins))}) == len(twins)
    # Even where a forged run file gives them one identity.
    same = tuple(_named(replace(d, mac=DEVICES[0].mac), "camera") for d in run.devices)
    assert len({_uri(replace(run, devices=same), n) for n in range(len(same))}) == len(same)


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("etc/ssh/sshd_config", "gateway/etc/ssh/sshd_config"),
        ("/etc//shadow", "gateway/etc/shadow"),
        ("lib/modules/6.1.22-yocto/x.ko", "gateway/lib/modules/_/x.ko"),
        ("etc/a b:c", "gateway/etc/a%20b%3Ac"),
        ("../../etc/./passwd", "gateway/__/__/etc/_/passwd"),
        ("", "iotscan/gateway"),
        ("/", "iotscan/gateway"),
    ],
)
def test_a_place_in_an_image_is_its_path(path: str, uri: str) -> None:
    assert Uris(image_run()).uri(Subject(image="img-1", path=path, line=3)) == uri


@given(st.text(max_size=60) | st.sampled_from(TRICKS))
def test_any_words_make_a_relative_reference(text: str) -> None:
    run = example_run()
    spoilt = replace(
        run, devices=tuple(_named(d, text) for d in run.devices), images=(replace(image_run().images[0], name=text),)
    )
    uris = Uris(spoilt)
    for subject in (
        Subject(device="dev-gw", service=text),
        Subject(device=text or "x", service="tcp/1"),
        Subject(image="img-1", path=text),
    ):
        uri = uris.uri(subject)
        assert URI.fullmatch(uri)
        assert not {".", ".."} & set(uri.split("/"))


def test_a_slug_is_never_empty() -> None:
    assert slug("Kamera Süd #1") == "kamera-s-d-1"
    assert slug("漢字") == "unnamed"
    assert len(slug("a" * 500)) == 32
