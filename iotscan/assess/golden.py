"""A policy from a golden device or image: what it shows is what others of its kind may show.

Ports as seen, signers, key sizes (never weaker than a check's own default) and lists of SSH as seen, required what
could be assessed, and the gate as strict as the golden one can bear. Pure.
"""

from collections import Counter
from collections.abc import Mapping
from math import floor
from types import MappingProxyType

import msgspec

from iotscan.assess.gate import GateSettings, Threshold
from iotscan.assess.judging import judge
from iotscan.assess.parameters import told
from iotscan.assess.profile import Profile, Selection, select
from iotscan.assess.profile.effective import Change, PolicyName, Severities, Values
from iotscan.assess.registry import CheckPack
from iotscan.data.typed_yaml import shown
from iotscan.model.errors import BadInput
from iotscan.model.facts import CertificateChain, Fact, PortSweep, SshServer
from iotscan.model.identity import provisional_ids
from iotscan.model.parameter import Value
from iotscan.model.result import Result
from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome, Severity

PORTS, SIGNER, KEY_SIZE = "allowed-ports", "certificate-issuer", "certificate-key-size"
SSH = "ssh-policy"
_ABOVE: Mapping[Severity, Threshold] = MappingProxyType(
    {Severity.INFO: "low", Severity.LOW: "medium", Severity.MEDIUM: "high", Severity.HIGH: "critical"}
)
"""The lowest threshold above the worst finding of the golden one. Above critical there is none."""


class NotGolden(BadInput):
    """A run from which no policy can be made: says why."""


def one_subject(run: Run, named: str = "") -> Run:
    """The run as if only one device or image were in it: the one named by id, address or label, else the only one.

    Raises :class:`NotGolden`.
    """
    owners = {d.id: {d.id, d.label, *d.addresses} for d in run.devices} | {i.id: {i.id, i.name} for i in run.images}
    found = [key for key, names in owners.items() if not named or named in names]
    if len(found) != 1:
        known = ", ".join(shown(name) for name in _callable(run)[:12]) or "none"
        several = f"the run has {len(owners)} devices and images"
        problem = f"no device or image is '{shown(named)}'" if named else several
        raise NotGolden(f"{problem}: name one with --device: {known}")
    devices = tuple(d for d in run.devices if d.id == found[0])
    return msgspec.structs.replace(run, devices=devices, images=tuple(i for i in run.images if i.id == found[0]))


def _callable(run: Run) -> list[str]:
    """What a person can call each device and image by, without meaning another one."""
    labels = Counter(d.label for d in run.devices)
    devices = [d.label if labels[d.label] == 1 else (*d.addresses, d.id)[0] for d in run.devices]
    return devices + [i.id if not i.name else i.name for i in run.images]


def golden_profile(run: Run, pack: CheckPack, *, id: str, title: str, policy: PolicyName = "gateway") -> Profile:
    """A profile that this run, of one device or image, passes. Raises :class:`NotGolden` where none can be made."""
    names = {c.id for c in run.checks}
    chosen = tuple(i for i in pack.ids if i in names or (run.devices and i in (PORTS, SIGNER)))
    if not names:
        raise NotGolden("the run was never judged: judge it first with iotscan assess RUN -f json:FILE")
    draft = Profile(
        id=id,
        version="1",
        title=title,
        changelog=(Change(version="1", says=f"From run {run.id}."),),
        policy=policy,
        select=Selection(include=chosen),
        values=(_observed(run, pack),),
    )
    drafted = _judged(run, draft, pack)
    threshold = _threshold(drafted.results)
    severities: Severities = {
        check: Severity(threshold) for check in (PORTS, SIGNER) if Severity(threshold).rank > Severity.MEDIUM.rank
    }
    golden = msgspec.structs.replace(
        draft,
        required=_assessed(drafted.results),
        severities=(severities,) if severities else (),
        gate=GateSettings(fail_on=threshold, min_coverage=_coverage(drafted)),
    )
    verdict = _judged(run, golden, pack).verdict
    if verdict is None or verdict.exit_code != 0:
        raise NotGolden(f"the run itself would not pass: {verdict.summary if verdict else 'no verdict'}")
    return golden


def _judged(run: Run, profile: Profile, pack: CheckPack) -> Run:
    return judge(run, select(profile, pack), profile, as_of=run.moment)


def _coverage(run: Run) -> float:
    """The share that was assessed, rounded down to tenths: what another of its kind shows as well."""
    books = (*run.grades.devices.values(), *run.grades.images.values())
    return floor(min((b.coverage.ratio for b in books), default=0) * 10) / 10


def _threshold(results: tuple[Result, ...]) -> Threshold:
    findings = [r for r in results if r.is_finding]
    critical = sorted({r.check for r in findings if r.severity is Severity.CRITICAL})
    if critical:
        raise NotGolden(f"it has critical findings and is no example for others: repair first {', '.join(critical)}")
    return _ABOVE[max((r.severity for r in findings), key=lambda s: s.rank, default=Severity.INFO)]


def _assessed(results: tuple[Result, ...]) -> tuple[str, ...]:
    """The checks that gave an answer and left nothing open but what a person decided: as the gate requires it."""
    answered = {r.check for r in results if r.outcome in (Outcome.PASS, Outcome.FAIL)}
    return tuple(sorted(answered - {r.check for r in results if _is_open(r)}))


def _is_open(result: Result) -> bool:
    is_decided = result.reason is not None and result.reason.is_decided
    return result.outcome is Outcome.ERROR or (result.outcome is Outcome.NOT_ASSESSED and not is_decided)


def _observed(run: Run, pack: CheckPack) -> Values:
    seen: dict[str, dict[str, Value]] = {}
    sweeps = [f for f in _facts(run) if isinstance(f, PortSweep)]
    if sweeps:
        seen[PORTS] = {"allowed_tcp": [*sorted({p for s in sweeps for p in (*s.open, *s.unasked)})]}
    chains = [f for f in _facts(run) if isinstance(f, CertificateChain) and f.certificates]
    if chains:
        seen[SIGNER] = {"expected_signers": [*sorted({_signer(chain) for chain in chains})]}
        seen[KEY_SIZE] = _key_sizes(chains, pack)
    # What a configuration leaves open would be forbidden where others show it.
    servers = [f for f in _facts(run) if isinstance(f, SshServer) and f.kex and not f.unsaid]
    if servers:
        seen[SSH] = _ssh_lists(servers)
    return {check: values for check, values in seen.items() if values and pack.by_id(check)}


def _facts(run: Run) -> tuple[Fact, ...]:
    """The facts about the run's own subjects, those under a provisional id included."""
    owners = {d.id for d in run.devices} | {i.id for i in run.images}
    owners |= {old for d in run.devices for old in provisional_ids(d)}
    return tuple(o.fact for o in run.observations if o.subject.owner in owners)


def _ssh_lists(servers: list[SshServer]) -> dict[str, Value]:
    """All that one of them offers, in the order of the first."""
    lists = {
        "kex": [s.kex for s in servers],
        "host_keys": [s.host_key_algorithms for s in servers],
        "ciphers": [s.every_cipher for s in servers],
        "macs": [s.every_mac for s in servers],
    }
    named = {key: [*dict.fromkeys(n for names in many for n in names if n)] for key, many in lists.items()}
    return {key: [*names] for key, names in named.items() if names}


def _signer(chain: CertificateChain) -> str:
    # A certificate that signs itself can write any name: only its key tells.
    leaf = chain.certificates[0]
    return f"sha256:{leaf.spki_sha256}" if leaf.is_self_issued else leaf.issuer


def _key_sizes(chains: list[CertificateChain], pack: CheckPack) -> dict[str, Value]:
    check = pack.by_id(KEY_SIZE)
    defaults = told(check.info) if check else {}
    kinds = {"rsa": "rsa_bits", "dsa": "rsa_bits", "ec": "ec_bits"}
    bits: dict[str, list[int]] = {}
    for certificate in (c for chain in chains for c in chain.certificates if c.key_type in kinds):
        bits.setdefault(kinds[certificate.key_type], []).append(certificate.key_bits)
    sizes: dict[str, Value] = {}
    for name, found in bits.items():
        least = defaults.get(name)
        if isinstance(least, int) and min(found) > least:
            sizes[name] = min(found)
    return sizes
