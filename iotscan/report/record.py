"""What was run, by whose word, under which rules, and what people decided: the record behind a verdict."""

from iotscan.model.run import Run, Verdict
from iotscan.report.content import About, AttestationRow, WaiverRow
from iotscan.report.words import clean

GRANTS = ("--default-creds", "--intrusive", "--fetch-revocation")
"""The grants that are a flag without a value, in the order of :class:`~iotscan.model.scope.Grants`."""
STATES = ("expired", "void", "unused", "not_asked", "applied")
"""Waivers in the order in which they are told: what needs a person first."""


def about(run: Run) -> About:
    """The record of a run."""
    scope, profile = run.scope, run.profile
    return About(
        tool=clean(f"{run.tool.name} {run.tool.version}"),
        command=run.command,
        targets=tuple(clean(t, 120) for t in run.targets),
        run=clean(run.id),
        started=_moment(run.started),
        finished=_moment(run.finished),
        as_of=_moment(run.as_of),
        profile=clean(f"{profile.id} {profile.version}".strip()),
        profile_sha256=clean(profile.sha256),
        required=tuple(clean(r) for r in profile.required),
        checks=len(run.checks),
        authority=clean(scope.authority),
        include=tuple(clean(n, 60) for n in scope.include),
        exclude=tuple(clean(n, 60) for n in scope.exclude),
        granted=_granted(run),
        scope_sha256=clean(run.scope_sha256),
        redaction=run.redaction,
        audit_root=clean(run.audit_root),
    )


def _moment(time: str) -> str:
    """``2026-11-22 18:00:00 UTC``, empty without a time."""
    return clean(f"{time[:19].replace('T', ' ')} UTC", 40) if time else ""


def _granted(run: Run) -> tuple[str, ...]:
    grants = run.scope.grants
    flags = zip(GRANTS, (grants.default_creds, grants.intrusive, grants.fetch_revocation), strict=True)
    return (*(flag for flag, given in flags if given), *(f"--backend {clean(b)}" for b in grants.backends))


def rules(verdict: Verdict) -> tuple[str, ...]:
    """What the gate was asked to hold, one sentence part a rule."""
    severity = {
        "fails on findings of {} and above": verdict.fail_on,
        "fails on new findings of {} and above": verdict.fail_on_new,
        "warns of findings of {} and above": verdict.warn_on,
    }
    told = [words.format(clean(word, 20)) for words, word in severity.items() if word not in ("", "none")]
    told += [f"wants a grade of at least {clean(verdict.min_grade, 5)}"] if verdict.min_grade else []
    told += [f"wants a coverage of at least {verdict.min_coverage:.0%}"] if verdict.min_coverage else []
    incomplete = {"fail": "", "warn": "only warns of an incomplete run", "ignore": "ignores an incomplete run"}
    told += [incomplete[verdict.incomplete]] if incomplete[verdict.incomplete] else []
    told += ["exits with 0 whatever it found"] if verdict.exit_zero else []
    return tuple(told)


def waived_by(run: Run) -> dict[str, str]:
    """Each waiver of a run in words: ``W-2026-014 until 2027-02-20 (jane.doe@example.com)``."""
    return {w.id: clean(f"{w.id} until {w.expires} ({w.owner})") for w in run.waivers}


def waivers(run: Run) -> tuple[WaiverRow, ...]:
    """Every waiver that was given: expired and void ones first, then by expiry."""
    rows = (
        WaiverRow(
            id=clean(w.id),
            check=clean(w.check),
            target=clean(w.target),
            decision=clean(w.decision),
            reason=clean(w.reason, 1000),
            owner=clean(w.owner),
            expires=clean(w.expires, 40),
            state=w.state,
            findings=len(w.findings),
            notes=tuple(clean(n, 400) for n in w.notes),
            approved_by=clean(w.approved_by),
            ticket=clean(w.ticket),
        )
        for w in run.waivers
    )
    return tuple(sorted(rows, key=lambda w: (STATES.index(w.state), w.expires, w.id, w.check, w.target)))


def attestations(run: Run) -> tuple[AttestationRow, ...]:
    """What persons stated, by check."""
    rows = (
        AttestationRow(
            id=clean(a.id),
            check=clean(a.check),
            target=clean(a.target),
            holds=a.holds,
            by=clean(a.by),
            reference=clean(a.reference),
            expires=clean(a.expires, 40),
            state=a.state,
            notes=tuple(clean(n, 400) for n in a.notes),
        )
        for a in run.attestations
    )
    return tuple(sorted(rows, key=lambda a: (a.check, a.target, a.id)))
