"""Versions of an image and a device: only what can be compared contradicts."""

import pytest

from iotscan.assess.images_run import images_of_devices, link_images
from iotscan.assess.versions import programs_apart, system_apart
from iotscan.model.device import Device
from iotscan.model.facts import Claim, OperatingSystem, Package, Packages
from iotscan.model.identification import Clue, Identity, Software
from iotscan.model.observation import observe
from iotscan.model.subject import Subject
from tests.assess.test_images_run import GATEWAY, chain, held, seen

IN_IMAGE = Subject(image="img-g", path="/")


def device(*firmware: str, software: tuple[Software, ...] = ()) -> Device:
    claims = tuple(Claim(what="firmware", value=f, how="http") for f in firmware)
    return Device(id="dev-1", addresses=("192.0.2.7",), claims=claims, identity=Identity(software=software))


def system(version: str = "", *, build: str = "", name: str = "Acme OS"):
    fact = OperatingSystem(path="/etc/os-release", id="acme", version=version, build=build, name=name)
    return observe(fact, IN_IMAGE, probe="t/1")


@pytest.mark.parametrize(
    ("firmware", "systems", "is_apart"),
    [
        (["Acme OS 2.1.0"], [system("2.0.0")], True),
        (["Acme OS 2.1.0"], [system("2.1.0")], False),
        (["Acme OS 2.1"], [system("2.1.0")], False),
        (["Acme OS 12.1.0"], [system("2.1.0")], True),
        (["2.1.0"], [system(build="2.0.0")], True),
        # A release and a count of builds are no two versions of one thing.
        (["2.1.0"], [system(build="20261127093000")], False),
        (["V1.2 build 20250101"], [system(build="20261127")], True),
        (["1.2-r3"], [system(build="20261127")], False),
        # The device speaks of its application, the image of its system.
        (["Widget 3.4"], [system("2.0.0")], False),
        (["Acme OS unknown"], [system("2.0.0")], False),
        # Two slots, one of them of the version that runs; a module with firmware of its own.
        (["Acme OS 2.1.0"], [system("2.0.0"), system("2.1.0")], False),
        (["Acme OS 1.0.0", "Acme OS 2.0.0"], [system("2.0.0")], False),
        ([], [system("2.0.0")], False),
        (["Acme OS 2.01.0"], [system("2.1.0")], False),
        # Whoever writes a run file by hand may write a number of any length.
        ([f"Acme OS {'9' * 5000}.1"], [system("2.0.0")], True),
    ],
)
def test_only_two_numbers_of_one_kind_are_compared(firmware, systems, is_apart):
    assert (system_apart(device(*firmware), "img-g", systems) is not None) is is_apart


@pytest.mark.parametrize(
    ("package", "version", "answers", "is_apart"),
    [
        ("openssh-server", "1:9.2p1-2+deb12u3", "8.4p1", True),
        ("openssh-server", "1:9.2p1-2+deb12u3", "9.2p1", False),
        ("openssh", "9.2p1-r0", "9.2", False),
        ("openssh-client", "1:9.2p1-2", "8.4p1", False),
        ("openssh-server", "1:9.2p1-2", "", False),
    ],
)
def test_a_program_that_answers_in_another_version_than_its_package(package, version, answers, is_apart):
    listed = Packages(packages=(Package(name=package, version=version, database="/var/lib/dpkg/status"),), databases=())
    clue = Clue(words="x", where="ssh")
    software = Software(service="tcp/22", product="OpenSSH", version=answers, clue=clue)
    found = list(programs_apart(device(software=(software,)), "img-g", [observe(listed, IN_IMAGE, probe="t/1")]))
    assert bool(found) is is_apart


@pytest.mark.parametrize(("version", "runs"), [("2.1.0", True), ("2.0.0", False)])
def test_an_image_of_another_version_says_nothing_of_the_device(version, runs):
    of_image = observe(
        OperatingSystem(path="/etc/os-release", id="acme", version=version, name="Acme OS"),
        Subject(image=GATEWAY.id),
        probe="t/1",
    )
    evidence = (seen(chain("k1")), held("k1", GATEWAY.id), of_image)
    one = device("Acme OS 2.1.0")
    linked = link_images((one,), (GATEWAY,), evidence)
    assert images_of_devices(linked) == ({"dev-1": GATEWAY.id} if runs else {})
    # Who says that it runs it takes the difference upon himself: it stays a finding.
    stated = link_images((one,), (GATEWAY,), evidence, {"dev-1": GATEWAY.id})
    assert images_of_devices(stated) == {"dev-1": GATEWAY.id}
