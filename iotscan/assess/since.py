"""What is new since an earlier run: findings are marked, the counts and doubts are told. Pure."""

from collections.abc import Callable, Sequence

import msgspec

from iotscan.assess.check import Check
from iotscan.assess.comparing import compare
from iotscan.model.run import BaselineInfo, Run


def have_one_rule(one: Run, other: Run) -> bool:
    """True when two runs were judged by the same profile, program and checks, so that their results compare."""
    profiles = one.profile.sha256, other.profile.sha256
    return (
        bool(one.checks)  # nothing was asked: then nothing can have stayed the same
        and profiles[0] == profiles[1] != ""
        and one.tool.version == other.tool.version
        and sorted(one.checks, key=lambda c: c.id) == sorted(other.checks, key=lambda c: c.id)
    )


def fleet_ids(checks: Sequence[Check]) -> frozenset[str]:
    """The checks that compare devices with each other."""
    return frozenset(c.info.id for c in checks if c.anchor.cardinality == "fleet")


def key_ids(checks: Sequence[Check]) -> frozenset[str]:
    """The checks that look for a key in all images of a run."""
    return frozenset(c.info.id for c in checks if "keyring" in c.extras.values())


def mark_since(
    run: Run, baseline: Run, checks: Sequence[Check], judge_again: Callable[[Run], Run]
) -> tuple[Run, tuple[str, ...]]:
    """The run with every finding marked *new* or *known* and the counts, and what to warn of.

    Known is only what the baseline has as the same finding, no less grave, waived there or not. What was not
    assessed then is new: nobody saw it before. ``judge_again`` judges the baseline by the rules of ``run``.
    """
    compared = compare(judge_again(baseline), run, fleet=fleet_ids(checks), of_keys=key_ids(checks))
    known = {c.fingerprint for c in compared.changes if c.is_known}
    results = tuple(
        msgspec.structs.replace(r, baseline="known" if r.fingerprint in known else "new") if r.is_finding else r
        for r in run.results
    )
    found = [r for r in results if r.is_finding]
    info = BaselineInfo(
        run=baseline.id,
        finished=baseline.finished,
        new=sum(r.baseline == "new" for r in found),
        known=sum(r.baseline == "known" for r in found),
        fixed=compared.counts["fixed"],
        no_longer_assessed=compared.counts["no_longer_assessed"],
    )
    marked = msgspec.structs.replace(run, results=results, baseline=info)
    notes = compared.notes
    if baseline.verdict is not None and baseline.verdict.gate == "fail":
        # Else the second of two equal builds is green: the first one, taken as its baseline, "knows" what broke it.
        notes = (*notes, f"{baseline.id} fails its own gate, and what it found counts as known")
    return marked, tuple(f"baseline: {note}" for note in notes)
