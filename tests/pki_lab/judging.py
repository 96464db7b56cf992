"""Our side: a chain becomes a fact as the probes make it one, and the checks judge it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
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
from iotscan.model.facts.certificate import RevocationAnswer
from iotscan.model.observation import Attempt, Observation, observe
from iotscan.model.result import Result
from iotscan.model.scope import Pace, Scope
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Outcome, Reason
from iotscan.observe.heard import attempts_of
from iotscan.observe.network.chains import Chain, describe
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.probe import Door, Heard
from iotscan.observe.network.probes import certificate
from iotscan.observe.network.revocations import Revocation
from iotscan.observe.network.workers.worker import Worker
from iotscan.wire.revocation.judging import judge
from iotscan.wire.revocation.lists import RevocationList
from iotscan.wire.revocation.ocsp import OcspResponse
from tests.pki_lab.pki import Pki, Signed
from tests.pki_lab.recipes import TRUSTED
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


@cache
def checks() -> tuple[Check, ...]:
    """Those that begin at a certificate of one server."""
    return tuple(c for c in load_checks().checks if c.anchor.fact in OURS and c.anchor.cardinality != "fleet")


def door(port: int, worker: Worker, stores: Sequence[tuple[str, Path]], known: Iterable[AnyFact] = ()) -> Door:
    """A door to a service on loopback whose name the user gave."""
    service = Service(transport="tcp", port=port, protocol="tls")
    return Door(
        line=Dialer(Scope(include=("127.0.0.0/8",), pace=PACE)).line(HOST),
        service=service,
        server_name=NAME,
        known=tuple((service.name, fact) for fact in known),
        tools={
            "tls_worker": worker,
            "trust_stores": tuple((name, str(path)) for name, path in stores),
            "revocation": Revocation(stores=[str(path) for _, path in stores]),
        },
    )


async def read(way: Door, ders: tuple[bytes, ...], *, stapled: bool = False) -> Seen:
    """The chain as it lies in memory, made a fact by the path that all probes go."""
    heard = await describe(way, Chain(certificates=ders, engine="sslyze", ocsp_stapled=Answer.of(stapled)))
    return _seen(way, heard, "certificate-chain")


async def ask(way: Door) -> Seen:
    """The chain as the certificate probe reads it off a server."""
    heard = await certificate.PROBE.ask(way)
    return _seen(way, heard, certificate.PROBE.label)


def status(pki: Pki, scene: Scene) -> Status:
    """What staple, response and lists say of a chain together, at the moment of the lab."""
    leaf = pki.leaf(scene.leaf)
    responses = [_response(pki.ocsp(scene.response, scene.leaf))] if scene.response else []
    answers = judge(
        leaf.ders,
        staple=pki.ocsp(scene.staple, scene.leaf).der if scene.staple else b"",
        responses=responses,
        lists=[RevocationList(pki.crl(name).der, where=name, is_asked=True) for name in scene.lists],
        authorities=[pki.issued(name).certificate for name in TRUSTED],
    )
    usable = [a for a in answers if a.status and _is_fresh(a, pki.now)]
    # A delta says the last word on what the list it builds on has said.
    by_delta = {a.position for a in usable if a.source == "delta-crl"}
    told = {a.status for a in usable if a.source != "crl" or a.position not in by_delta}
    words: tuple[Status, ...] = ("revoked", "unknown", "good")
    return next((word for word in words if word in told), "no answer")


def _response(given: Signed) -> OcspResponse:
    return OcspResponse(given.der, source="ocsp", where=given.name, is_asked=True)


def _is_fresh(answer: RevocationAnswer, now: datetime) -> bool:
    begins, ends = answer.this_update, answer.next_update
    if begins is None or begins > now:
        return False
    return now <= (ends or begins + timedelta(7))


def _is_unasked(result: Result, scene: Scene) -> bool:
    """Whether a certificate was revoked stays open in every scene in which nobody says so: no scene says that again."""
    nobody = result.reason in (Reason.CONSENT, Reason.NOT_OBSERVABLE)
    return result.check == "revocation-status" and nobody and not scene.staple


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
    told = [r for r in results if r.check not in but and not _is_unasked(r, scene)]
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
