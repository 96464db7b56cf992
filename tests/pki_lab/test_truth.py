"""Every certificate of the lab: our checks find what is true of it, and nothing else, whoever shows it."""

import hashlib
from pathlib import Path

import anyio
import msgspec
import pytest

from iotscan.model.facts import AnyFact, CertificateChain, TlsEndpoint
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.probes import tls
from iotscan.observe.network.workers.worker import Worker
from tests.pki_lab import scenes as truths
from tests.pki_lab.judging import Seen, ask, differences, door, read, status
from tests.pki_lab.pki import Pki
from tests.pki_lab.scenes import BadScene, Scene
from tests.pki_lab.serving import Shown, mosquitto, nginx

SCENES = truths.scenes()
POLICIES: tuple[truths.Kind, ...] = ("gateway", "constrained")


def test_checks_find_the_truth_of_a_chain_in_memory(pki: Pki, in_memory: dict[str, Seen]) -> None:
    """The path that all probes go, without a network: every scene, with what is given beside."""
    _hold(in_memory, pki)


def test_checks_find_the_truth_of_nginx(pki: Pki, tmp_path: Path) -> None:
    shown = {name: _shown(pki, scene) for name, scene in SCENES.items() if "nginx" in scene.by}
    with nginx(shown, tmp_path) as ports:
        seen = _asked(pki, ports)
    _hold(seen, pki)
    assert {name for name, one in seen.items() if _chain(one).ocsp_stapled.known} == {
        name for name in seen if SCENES[name].staple
    }


def test_checks_find_the_truth_of_mosquitto(pki: Pki, tmp_path: Path) -> None:
    shown = {name: _shown(pki, scene) for name, scene in SCENES.items() if "mosquitto" in scene.by}
    with mosquitto(shown, tmp_path) as ports:
        seen = _asked(pki, ports)
    _hold(seen, pki)
    assert not any(_chain(one).ocsp_stapled.known for one in seen.values())


def test_a_short_curve_is_seen_beside_anonymous_suites(pki: Pki, tmp_path: Path) -> None:
    """To hellos without that curve the server selects nothing but suites that need no certificate."""

    async def go(port: int) -> tuple[AnyFact, Seen]:
        async with Worker() as worker:
            way = door(port, worker, [("lab", pki.store)])
            (endpoint,) = (await tls.PROBE.ask(way)).facts
            known = msgspec.structs.replace(way, known=((way.service.name, endpoint),))
            return endpoint, await ask(known)

    with nginx({"one": Shown(leaf=pki.leaf("p-192"))}, tmp_path) as ports:
        endpoint, seen = anyio.run(go, ports["one"])
    assert isinstance(endpoint, TlsEndpoint)
    assert all("_anon_" in suite.name for suite in endpoint.selected)
    assert _chain(seen).leaf.key_bits == 192
    (gap,) = (a for a in seen.attempts if a.need == "tls-handshake")
    assert "pre-shared" not in gap.detail


def test_without_the_lab_s_roots_nothing_is_trusted(pki: Pki) -> None:
    async def go() -> Seen:
        async with Worker() as worker:
            return await read(door(1, worker, []), pki.leaf("good").ders)

    results = anyio.run(go).results("gateway", pki.now)
    assert differences(results, SCENES["good"], "gateway") == [
        "gateway: certificate-trust/untrusted is found, and not true",
        "gateway: certificate-chain-order is open for not_observable, and should be for None",
    ]
    wanted = msgspec.structs.replace(
        SCENES["good"],
        both=("certificate-trust/untrusted", "certificate-validity/expired"),
        not_assessed={"certificate-chain-order": Reason.NOT_OBSERVABLE},
    )
    assert differences(results, wanted, "gateway") == ["gateway: certificate-validity/expired is true, and not found"]


def _asked(pki: Pki, ports: dict[str, int]) -> dict[str, Seen]:
    async def go() -> dict[str, Seen]:
        async with Worker() as worker:
            return {name: await ask(door(port, worker, [("lab", pki.store)])) for name, port in ports.items()}

    return anyio.run(go)


def _shown(pki: Pki, scene: Scene) -> Shown:
    staple = pki.ocsp(scene.staple, scene.leaf).file if scene.staple else None
    return Shown(leaf=pki.leaf(scene.leaf), staple=staple)


def _chain(seen: Seen) -> CertificateChain:
    (fact,) = (f for f in seen.facts if isinstance(f, CertificateChain))
    return fact


def _hold(seen: dict[str, Seen], pki: Pki) -> None:
    for name, one in seen.items():
        digests = [hashlib.sha256(der).hexdigest() for der in pki.leaf(SCENES[name].leaf).ders]
        assert [c.sha256 for c in _chain(one).certificates] == digests, name
    lines = [
        f"{name}: {line}"
        for name, one in seen.items()
        for policy in POLICIES
        for line in differences(one.results(policy, pki.now), SCENES[name], policy)
    ]
    for name, one in seen.items():
        if SCENES[name].status and (said := status(one.results("gateway", pki.now))) != SCENES[name].status:
            lines.append(f"{name}: is said to be {said}, and is {SCENES[name].status}")
    assert not lines, "\n".join(lines)


def test_a_truth_about_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truths, "FOLDER", tmp_path)
    for text, problem in (
        ("good: {leaf: goood}", "no such certificate or response: goood"),
        ("good: {staple: good}", "only nginx shows a staple"),
        ("good: {}", "nothing is told of address, "),
    ):
        (tmp_path / "truth.yaml").write_text(text)
        with pytest.raises(BadScene, match=problem):
            truths.scenes()
