"""A/B gateways as whole disks: the right edition against its truth file, the others against what is said to differ.

Each fault alone changes exactly the answers that it should, and nothing else.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from iotscan.assess.terms import Terms
from iotscan.cli.selection import choose_checks
from iotscan.model.run import Run
from iotscan.scan.images import assess_images
from tests.image_lab import mender_gateway, rauc_gateway, swupdate_gateway
from tests.image_lab.build import Workshop
from tests.image_lab.gateway import authority
from tests.image_lab.test_truth import ends, finds, truth

GATEWAYS = {"rauc-gateway": rauc_gateway, "mender-gateway": mender_gateway, "swupdate-gateway": swupdate_gateway}
ALL = [(name, edition) for name, module in GATEWAYS.items() for edition in module.EDITIONS]
Built = Callable[[str, str], Workshop]
Assess = Callable[..., Run]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """Builds an edition once, when it is first asked for."""
    made: dict[tuple[str, str], Workshop] = {}
    folder = tmp_path_factory.mktemp("gateways")

    def build(name: str, edition: str) -> Workshop:
        if (name, edition) not in made:
            first = build(name, "right") if edition != "right" else None
            shop = made[name, edition] = Workshop(folder / f"{name}-{edition}")
            GATEWAYS[name].build(shop, edition, first)
        return made[name, edition]

    yield build
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def assess(tmp_path_factory: pytest.TempPathFactory) -> Assess:
    """Assesses images as a user would."""
    profile, checks = choose_checks("gateway-image", None, None, None)

    def run(*images: Path) -> Run:
        out = tmp_path_factory.mktemp("out")
        return assess_images([*images], checks, profile, terms=Terms(), output=out, name="")

    return run


@pytest.mark.parametrize(("name", "edition"), ALL)
def test_each_fault_changes_what_it_should_and_nothing_else(
    name: str, edition: str, built: Built, assess: Assess
) -> None:
    run = assess(built(name, edition).folder / "gateway.img")
    expected = truth_of(name, edition)
    (image,) = run.images
    assert [f"{part.path or '-'} {part.format or '-'} {part.role}" for part in image.parts] == expected["holds"]
    assert [part.problem for part in image.parts if part.problem] == []
    assert finds(run) == expected["finds"]
    assert dict(sorted(ends(run))) == expected["ends"]


def test_bundles_are_judged_by_the_keyring_of_the_gateway(built: Built, assess: Assess) -> None:
    shop = built("rauc-gateway", "right")
    authority(shop, "other")
    bundles = [rauc_gateway.bundle(shop, signer, f"{signer}.raucb") for signer in ("acme", "other")]
    assert signed(assess(shop.folder / "gateway.img", *bundles)) == {
        "acme": "pass: rauc verity 2026.12: CN=acme release leads to p6:/etc/rauc/keyring.pem of image gateway",
        "other": "wrong-signer: rauc verity 2026.12: nothing trusted has signed CN=other release",
    }


def test_artefacts_are_judged_by_the_key_of_the_gateway(built: Built, assess: Assess) -> None:
    shop = built("mender-gateway", "right")
    keys = {"ours": shop.folder / "acme.key", "unsigned": None}
    artefacts = [mender_gateway.artefact(shop, key, f"{name}.mender") for name, key in keys.items()]
    assert signed(assess(shop.folder / "gateway.img", *artefacts)) == {
        "ours": "pass: mender v3 2026.12: verified with p2:/etc/mender/artifact-verify-key.pem of image gateway",
        "unsigned": "unsigned: mender v3 2026.12: it bears no signature",
    }


def signed(run: Run) -> dict[str, str]:
    """Image -> what is said of its signature, by those that are updates."""
    names = {image.id: image.name for image in run.images}
    asked = (r for r in run.results if r.check == "update-artefact-signature" and r.subject.path == "")
    said = {names[r.subject.image]: f"{r.variant or r.outcome.value}: {r.summary}" for r in asked}
    return {name: text for name, text in said.items() if name != "gateway"}


def truth_of(name: str, edition: str) -> dict[str, Any]:
    """The truth of an edition: that of the right one with what its faults change; findings are an end of their own."""
    found: dict[str, Any] = truth(name)
    told = found.pop("editions")
    for fault in told[edition].get("like", [edition]):
        said = told[fault]
        for index, part in said.get("holds", {}).items():
            found["holds"][index] = part
        for check, places in said.get("finds", {}).items():
            found["ends"].pop(check, None)
            found["finds"][check] = sorted({*found["finds"].get(check, ()), *places})
        for check, places in said.get("gone", {}).items():
            found["finds"][check] = [place for place in found["finds"][check] if place not in places]
        for check, outcome in said.get("ends", {}).items():
            found["ends"][check] = outcome
    return found
