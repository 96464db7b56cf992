"""Our side: a chain becomes a fact as the probes make it one, and the checks judge it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

import msgspec

from iotscan.assess.assessing import assess
from iotscan.assess.check import Check, Policy
from iotscan.assess.evidence import Evidence
from iotscan.assess.registry import load_checks
from iotscan.model.answer import Answer
from iotscan.model.device import Device, Service
from iotscan.model.facts import AnyFact, CertificateChain, PortSweep, RevocationStatus
from iotscan.model.observation import Attempt, Observation, observe
from iotscan.model.result import Result
from iotscan.model.scope import Pace, Scope
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Outcome, Reason
from iotscan.observe.given_file import GivenFile
from iotscan.observe.heard import attempts_of
from iotscan.observe.network.chains import Chain, describe
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.probe import Door, Heard
from iotscan.observe.network.probes import certificate
from iotscan.observe.network.revocation_fetch import Fetcher
from iotscan.observe.network.revocations import Revocation
from iotscan.observe.network.workers.worker import Worker
from tests.pki_lab.pki import Pki
from tests.pki_lab.scenes import Kind, Scene, Status

HOST = "127.0.0.1"
NAME = "device.example"
OURS = (CertificateChain, RevocationStatus)
"""The facts that tell of certificates: every check that begins at one of them is held against the truth."""
PACE = Pace(attempts_per_second=5000, accepted_per_second=5000, connections=5000)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What was learnt of one server."""

    subject: Subject
    observations: tuple[Observation, ...]
    attempts: tuple[Attempt, ...]

    @property
    def facts(self) -> tuple[AnyFact, ...]:
        return tuple(o.fact for o in self.observations)

    def results(self, policy: Kind, as_of: datetime) -> tuple[Result, ...]:
        """Every check about certificates, under one policy."""
        device = Device(id=HOST, addresses=(HOST,))
        sweep = observe(PortSweep(open=(self.subject.port,)), Subject(device=HOST, address=HOST), probe="lab/1")
        evidence = Evidence([device], [], [*self.observations, sweep], list(self.attempts), as_of)
        return assess(evidence, checks(), policy=Policy(kind=policy))


TWO_LOOKS = frozenset({"certificate-rekeying", "certificate-renewal"})
"""They ask what earlier runs saw: tests/lan/test_fleet.py looks twice."""


@cache
def checks() -> tuple[Check, ...]:
    """Those that begin at a certificate of one server, and judge one look at it."""
    found = (c for c in load_checks().checks if c.anchor.fact in OURS and c.info.id not in TWO_LOOKS)
    return tuple(c for c in found if c.anchor.cardinality != "fleet")


def door(
    port: int,
    worker: Worker | None,
    stores: Sequence[tuple[str, Path]],
    files: Sequence[GivenFile] = (),
    fetcher: Fetcher | None = None,
) -> Door:
    """A door to a service on loopback; the user gave its name, these roots, and these CRLs and OCSP responses.

    With a ``fetcher`` what certificates name is fetched. Without a ``worker`` nobody says whether a chain is trusted.
    """
    service = Service(transport="tcp", port=port, protocol="tls")
    return Door(
        line=Dialer(Scope(include=("127.0.0.0/8",), pace=PACE)).line(HOST),
        service=service,
        server_name=NAME,
        tools={
            "tls_worker": worker,
            "trust_stores": tuple((name, str(path)) for name, path in stores),
            "revocation": Revocation(files=files, stores=[str(path) for _, path in stores], fetcher=fetcher),
        },
    )


async def read(way: Door, ders: tuple[bytes, ...], staple: bytes = b"") -> Seen:
    """The chain as it lies in memory, made a fact by the path that all probes go."""
    stapled = Answer.of(bool(staple))
    heard = await describe(way, Chain(certificates=ders, engine="sslyze", ocsp_stapled=stapled, staple=staple))
    return _seen(way, heard, "certificate-chain")


async def read_all(pki: Pki, scenes: Mapping[str, Scene]) -> dict[str, Seen]:
    """All that is told in scenes, without a network: chains, staples and what is given beside."""
    async with Worker() as worker:
        return {name: await _read(pki, scene, worker) for name, scene in scenes.items()}


async def _read(pki: Pki, scene: Scene, worker: Worker) -> Seen:
    files = [GivenFile(kind="crl", name=n, path=str(pki.crl(n).file)) for n in scene.lists]
    if scene.response:
        given = pki.ocsp(scene.response, scene.leaf).file
        files.append(GivenFile(kind="ocsp", name=scene.response, path=str(given)))
    staple = pki.ocsp(scene.staple, scene.leaf).der if scene.staple else b""
    return await read(door(1, worker, [("lab", pki.store)], files), pki.leaf(scene.leaf).ders, staple)


async def ask(way: Door) -> Seen:
    """The chain as the certificate probe reads it off a server."""
    heard = await certificate.PROBE.ask(way)
    return _seen(way, heard, certificate.PROBE.label)


def status(results: Iterable[Result]) -> Status:
    """What ``revocation-status`` says, in the words of a scene."""
    (told,) = {(r.outcome, r.summary) for r in results if r.check == "revocation-status"}
    outcome, summary = told
    if outcome is Outcome.NOT_ASSESSED:
        return "unknown" if "does not know" in summary else "no answer"
    return "revoked" if outcome is Outcome.FAIL else "good"


def _is_told(result: Result, scene: Scene) -> bool:
    """Whether a question that stays open is one of revocation, which a scene tells by its ``status``.

    Without a status nobody says anything, and the question stays open for want of somebody to ask.
    """
    if result.check != "revocation-status" or result.outcome is not Outcome.NOT_ASSESSED:
        return False
    nobody = result.reason in (Reason.CONSENT, Reason.NOT_OBSERVABLE)
    return scene.status in ("unknown", "no answer") or (not scene.status and nobody)


def _seen(way: Door, heard: Heard, label: str) -> Seen:
    subject = Subject(device=HOST, address=HOST, service=way.service.name)
    observations = tuple(observe(fact, subject, probe=label) for fact in heard.facts)
    attempts = attempts_of(certificate.PROBE.gives, heard, list(observations), subject, probe=label)
    return Seen(subject=subject, observations=observations, attempts=tuple(attempts))


def differences(
    results: Iterable[Result], scene: Scene, policy: Kind, but: Collection[str] = (), maybe_open: Collection[str] = ()
) -> list[str]:
    """Findings that are missing or false, and questions that are open and need not be.

    ``but`` leaves checks out; those ``maybe_open`` have to find what is true, and may leave the rest open.
    """
    told = [r for r in results if r.check not in but and not _is_told(r, scene)]
    failed = {f"{r.check}/{r.variant}" for r in told if r.outcome is Outcome.FAIL}
    true = {f for f in scene.under(policy) if f.partition("/")[0] not in but}
    lines = [f"{policy}: {found} is found, and not true" for found in sorted(failed - true)]
    lines += [f"{policy}: {found} is true, and not found" for found in sorted(true - failed)]
    opened = {r.check: str(r.reason) for r in told if r.outcome is Outcome.NOT_ASSESSED}
    opened |= {r.check: f"error: {r.detail}" for r in told if r.outcome is Outcome.ERROR}
    allowed = scene.open(policy)
    for check in sorted((opened.keys() | allowed.keys()) - {*but, *maybe_open}):
        if opened.get(check) != allowed.get(check):
            lines.append(f"{policy}: {check} is open for {opened.get(check)}, and should be for {allowed.get(check)}")
    return lines
