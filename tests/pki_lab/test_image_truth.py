"""The same truth from an image: what a handshake shows and what a configuration names are judged alike."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from iotscan.model.result import Result
from iotscan.model.vocabulary import Reason
from tests.pki_lab.imaging import BROKER, WEB, an_image, look, results
from tests.pki_lab.judging import differences
from tests.pki_lab.pki import Pki
from tests.pki_lab.scenes import Kind, Scene, scenes

NOT_FROM_AN_IMAGE = ("certificate-name", "certificate-transparency", "certificate-trust", "ocsp-stapling")
"""What needs a name that clients ask for, a handshake, or roots: an image leaves it open."""
NO_PATH = "certificate-revocation/no-path"
"""Where no other way is named a staple may be one, which only a handshake shows."""
ENDS_OPEN = ("certificate-chain-order",)
"""What is sent and out of place can be told; whether the last one leads to a root cannot."""
POLICIES: tuple[Kind, ...] = ("gateway", "constrained")


def test_checks_find_the_same_in_an_image(pki: Pki, tmp_path: Path) -> None:
    every = {name: scene for name, scene in scenes().items() if "image" in scene.by}
    web, broker = every, {name: scene for name, scene in every.items() if "mosquitto" in scene.by}
    seen = look(an_image(tmp_path, pki, web, broker))
    lines = [
        f"{name}: {line}"
        for policy in POLICIES
        for name, scene, told in _told(results(seen, policy, pki.now), web, broker)
        for line in differences(told, _without_a_handshake(scene), policy, NOT_FROM_AN_IMAGE, ENDS_OPEN)
    ]
    assert not lines, "\n".join(lines)


def test_what_an_image_cannot_say_is_open(pki: Pki, tmp_path: Path) -> None:
    seen = look(an_image(tmp_path, pki, {"good": scenes()["good"]}, {}))
    told = {r.check: str(r.outcome) for r in results(seen, "gateway", pki.now)[WEB]}
    assert {check: told[check] for check in (*NOT_FROM_AN_IMAGE, *ENDS_OPEN)} == {
        "certificate-chain-order": "not_assessed",
        "certificate-name": "not_applicable",
        "certificate-transparency": "not_assessed",
        "certificate-trust": "not_assessed",
        "ocsp-stapling": "not_assessed",
    }


def _told(
    found: Mapping[int, tuple[Result, ...]], web: Mapping[str, Scene], broker: Mapping[str, Scene]
) -> Iterator[tuple[str, Scene, tuple[Result, ...]]]:
    assert len(found) == len(web) + len(broker)
    for first, shown in ((WEB, web), (BROKER, broker)):
        for number, (name, scene) in enumerate(shown.items()):
            yield name, scene, found[first + number]


def _without_a_handshake(scene: Scene) -> Scene:
    if NO_PATH not in scene.gateway:
        return scene
    return msgspec.structs.replace(
        scene,
        gateway=tuple(found for found in scene.gateway if found != NO_PATH),
        not_assessed=scene.not_assessed | {"gateway/certificate-revocation": Reason.NOT_OBSERVABLE},
    )
