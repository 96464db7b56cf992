"""A run judged anew from what it holds: results, grades and verdict follow from its observations and attempts.

What persons decided and stated comes on top, with the terms: it is never taken from an earlier judgement.

Pure: the same run, checks, profile and date give the same bytes. ``scan``, ``image``, ``assess`` and
``gate`` all end here.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

import msgspec

from iotscan import __version__
from iotscan.assess.answering import settle_by_vantages
from iotscan.assess.assessing import assess
from iotscan.assess.attesting import attest, observed_only, statement_kinds
from iotscan.assess.captured import name_captures
from iotscan.assess.check import Check
from iotscan.assess.disagreeing import compare_vantages, split_by_vantages
from iotscan.assess.evidence import Evidence
from iotscan.assess.gate import decide
from iotscan.assess.images_run import images_of_devices, link_images
from iotscan.assess.naming import in_order
from iotscan.assess.profile import Profile, required_ids, values_by_id
from iotscan.assess.remembering import remember
from iotscan.assess.setting_aside import grade_aside, of_trust
from iotscan.assess.since import mark_since
from iotscan.assess.terms import Terms
from iotscan.assess.waiving import waive
from iotscan.model.device import Device
from iotscan.model.facts import PortSweep
from iotscan.model.facts.statement import Statement
from iotscan.model.observation import Observation
from iotscan.model.run import Run, Tool


def judge(
    run: Run,
    checks: Sequence[Check],
    profile: Profile,
    *,
    as_of: datetime,
    terms: Terms = Terms(),
    excluded: Sequence[Check] = (),
) -> Run:
    """The run with results, grades, verdict, checks, profile, program and date of this judgement.

    ``checks`` are those the profile selects, ``excluded`` those to list as left out. ``terms`` go before the
    profile's own rules of the gate. ``as_of`` is in UTC, or taken to be where it has no zone. Raises BadInput
    where the terms contradict themselves.
    """
    rules = terms.rules(profile)
    moment = as_of.astimezone(UTC) if as_of.tzinfo else as_of.replace(tzinfo=UTC)
    # An old run shows what was the case then; a person's permission has to hold now.
    decided = max(moment, datetime.combine(terms.today or date.min, time(), UTC))
    seen = observed_only(run.observations)
    stated = attest(terms.waivers.attestations, run.devices, run.images, statement_kinds(checks), as_of=decided)
    observations = (*seen, *(o for o in stated.observations if not _ended_since(o, moment, decided)))
    earlier = remember(run, terms.earlier) if terms.earlier is not None else run.earlier
    memory = terms.recall(run) if terms.recall is not None else run.memory
    looked_up = terms.look_up(run) if terms.look_up is not None else ()
    known = tuple(dict.fromkeys((*run.known_keys, *terms.known_keys, *looked_up)))
    linked = link_images(run.devices, run.images, observations, run.runs)
    evidence = Evidence(
        run.devices,
        run.images,
        (*observations, *linked),
        run.attempts,
        moment,
        run.trusted,
        earlier,
        memory=memory,
        known_keys=known,
        rules=run.identity_rules,
    )
    # What vantages come to together is asked when each has answered for itself.
    first, then = split_by_vantages(checks)
    policy, values = profile.as_policy(), values_by_id(profile, checks)
    results = assess(evidence, first, policy=policy, values=values, excluded=excluded)
    compared = compare_vantages(run.devices, run.images, linked, observations, results, (c.info for c in first))
    observations = (*observations, *linked, *compared)
    results = in_order((*results, *assess(evidence.with_more(compared), then, policy=policy, values=values)))
    runs = images_of_devices(linked)
    results = settle_by_vantages(results, run.devices, run.images, runs)
    results = name_captures(results, run.captures)
    asked = {c.info.id for c in checks}
    waived = waive(results, run.devices, run.images, terms.waivers.waivers, as_of=decided, asked=asked)
    required = required_ids(profile, checks)
    infos = {c.info.id: c.info for c in (*checks, *excluded)}
    judged = msgspec.structs.replace(
        run,
        tool=Tool(version=__version__),
        as_of=moment.isoformat(),
        profile=profile.as_info(required),
        checks=tuple(infos[key] for key in sorted(infos)),
        observations=observations,
        earlier=earlier,
        known_keys=known,
        memory=memory,
        results=waived.results,
        waivers=waived.uses,
        attestations=stated.uses,
        grades=grade_aside(waived.results, run.devices, run.images, aside=of_trust(checks), runs=runs),
        baseline=None,
        verdict=None,
    )
    since: tuple[str, ...] = ()
    if terms.baseline is not None:

        def again(earlier: Run) -> Run:
            # By its own date: what has expired since then is new.
            return judge(earlier, checks, profile, as_of=earlier.moment, terms=terms.of_baseline(), excluded=excluded)

        judged, since = mark_since(judged, terms.baseline, checks, again)
    verdict = decide(
        judged.results,
        judged.grades,
        rules=rules,
        required=required,
        has_checks=bool(checks),
        answered_targets=_has_answered(run, evidence),
        was_cut_short=run.status != "complete",
        warnings=(*waived.warnings, *stated.warnings, *since),
        names={d.id: _called(d) for d in run.devices} | {i.id: i.name or i.id for i in run.images},
    )
    return msgspec.structs.replace(judged, verdict=verdict)


def _has_answered(run: Run, evidence: Evidence) -> bool:
    """True when what was to be looked at gave any answer; an image that joined a scan speaks for no device."""
    if run.command == "image":
        return bool(run.images)
    if run.command in ("discover", "traffic"):
        # Who opens nothing, and was found by ARP or an echo, is what was looked for, too.
        return bool(run.devices)
    return any(_is_answer(o) for o in evidence.observations if not o.subject.image)


def _called(device: Device) -> str:
    """Address first: what a device calls itself must not begin a sentence of the verdict."""
    return device.address if device.label == device.address else f"{device.address} ({device.label[:40]})"


def _ended_since(observation: Observation, moment: datetime, decided: datetime) -> bool:
    """True for a person's word that held when the run was made and does no more."""
    said = observation.fact
    return isinstance(said, Statement) and moment.date() <= said.expires < decided.date()


def _is_answer(observation: Observation) -> bool:
    """True when a device said anything: a closed port is an answer; silence and a person's word are none."""
    fact = observation.fact
    return bool(fact.open or fact.closed) if isinstance(fact, PortSweep) else not isinstance(fact, Statement)
