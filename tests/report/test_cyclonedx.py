"""CycloneDX: valid under its own schema, the same for the same run, and honest about what it does not know."""

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from packageurl import PackageURL

from iotscan.model.facts import AnyFact, Kernel, Kernels, OperatingSystem, Package, PackageDatabase, Packages
from iotscan.model.observation import observe
from iotscan.model.run import Run
from iotscan.model.subject import Subject
from iotscan.report.cyclonedx import render
from iotscan.report.registry import write

from . import golden
from .example import empty_run, example_run, image_run, interrupted_run
from .full import full_run
from .hostile import TRICKS, spoiled

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)
LISTED = (
    Package(
        name="libssl3", version="3.0.17-1~deb12u2", database="/var/lib/dpkg/status", architecture="arm64",
        source="openssl", purl="pkg:deb/debian/libssl3@3.0.17-1~deb12u2?arch=arm64&distro=debian-12",
    ),
    Package(
        name="dropbear", version="2022.83-1+deb12u3", database="/var/lib/dpkg/status", architecture="arm64",
        licence="MIT and BSD", purl="pkg:deb/debian/dropbear@2022.83-1%2Bdeb12u3?arch=arm64&distro=debian-12",
    ),
)  # fmt: skip


def packages(*more: Package, at: str = "") -> Packages:
    own = tuple(replace(p, database=f"{at}{p.database}") for p in (*LISTED, *more))
    base = PackageDatabase(path=f"{at}/var/lib/dpkg/status", format="dpkg", packages=len(own))
    return Packages(packages=own, databases=(base,))


def a_gateway() -> Run:
    """An image with two slots that hold the same packages, a system and a kernel."""
    system = OperatingSystem(path="/etc/os-release", id="debian", version="12", name="Debian GNU/Linux 12 (bookworm)")
    kernel = Kernel(release="6.1.0-18-arm64", path="p2:/lib/modules/6.1.0-18-arm64", source="modules")
    seen: list[tuple[str, AnyFact]] = [
        ("p2", packages(at="p2:")), ("p3", packages(at="p3:")), ("p2", system), ("", Kernels(kernels=(kernel,))),
    ]  # fmt: skip
    observed = tuple(observe(fact, Subject(image="img-1", path=path), probe="packages/1") for path, fact in seen)
    return replace(image_run(), observations=observed)


def complaint(text: str) -> str:
    error = VALIDATOR.validate_str(text)
    return "" if error is None else str(error)[:400]


RUNS = (example_run, interrupted_run, empty_run, image_run, full_run, a_gateway)


@pytest.mark.parametrize("make", RUNS)
def test_it_is_valid_under_the_schema_of_its_format(make: object) -> None:
    text = render(make())  # type: ignore[operator]  # each of them makes a run
    assert not complaint(text)
    assert text == render(make())  # type: ignore[operator]  # each of them makes a run


def test_the_schema_would_complain() -> None:
    bom = json.loads(render(a_gateway()))
    del bom["components"][0]["name"]
    assert "name" in complaint(json.dumps(bom))


def test_the_sample_of_an_image_is_what_is_written() -> None:
    golden.match(golden.REPORTS / "samples" / "image.cdx.json", write(a_gateway(), "cyclonedx"))


def test_what_an_image_holds() -> None:
    bom = json.loads(render(a_gateway()))
    assert bom["metadata"]["component"]["type"] == "firmware"
    assert bom["metadata"]["component"]["version"] == "12"
    told = [(c["type"], c["name"], c["version"]) for c in bom["components"]]
    assert told == [
        ("operating-system", "debian", "12"),
        ("operating-system", "linux", "6.1.0-18-arm64"),
        ("library", "dropbear", "2022.83-1+deb12u3"),
        ("library", "libssl3", "3.0.17-1~deb12u2"),
    ]
    places = [o["location"] for o in bom["components"][3]["evidence"]["occurrences"]]
    assert places == ["p2:/var/lib/dpkg/status", "p3:/var/lib/dpkg/status"]
    assert bom["compositions"][0]["aggregate"] == "incomplete"
    (edge,) = bom["dependencies"]
    assert len(edge["dependsOn"]) == 4
    assert all(PackageURL.from_string(c["purl"]).to_string() == c["purl"] for c in bom["components"][2:])


def test_nothing_read_is_not_nothing_there() -> None:
    bom = json.loads(render(image_run()))
    assert bom["components"] == []
    assert bom["compositions"][0]["aggregate"] == "unknown"


@pytest.mark.parametrize("trick", TRICKS, ids=range(len(TRICKS)))
def test_tricks_leave_it_valid(trick: str) -> None:
    assert not complaint(render(spoiled(f"x{trick}")))


@given(text=st.text(min_size=1, max_size=30))
@settings(max_examples=15, deadline=None)
def test_any_text_of_a_package_leaves_it_valid(text: str) -> None:
    odd = Package(name=text, version=text, database=text, licence=text, source=text)
    run = a_gateway()
    fact = packages(odd, replace(odd, architecture="x"))
    run = replace(run, observations=(observe(fact, Subject(image="img-1"), probe="packages/1"),))
    assert not complaint(render(run))
