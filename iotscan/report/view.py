"""A run as a person is told it: :func:`view` puts the sections together. Pure."""

import re
import shlex
from ipaddress import ip_network

from iotscan.model.run import Run
from iotscan.model.scope import PRACTICE_NETWORK, beyond_here, ends_of
from iotscan.model.vocabulary import Outcome, Reason
from iotscan.report.after_traffic import steps_after_traffic
from iotscan.report.content import About, FindingGroup, OwnerRow, Step, View
from iotscan.report.outcomes import faults, findings, gaps, passed
from iotscan.report.places import Places
from iotscan.report.rating import devices, images, network, takes
from iotscan.report.record import GRANTS, about, attestations, rules, waivers
from iotscan.report.servers import named_servers
from iotscan.report.talking import traffic
from iotscan.report.words import clean, counted, listed

_LOGIN = ("--backend-credential", "FILE")
_TARGETS = 3
"""Targets that a line names before it counts the rest."""


def view(run: Run) -> View:
    """Tell a run. The order of devices, results and checks in the run does not matter."""
    places = Places(run)
    found = findings(run, places)
    verdict, rows = run.verdict, devices(run)
    return View(
        title=title(run),
        about=about(run),
        banner=banner(run),
        partial=partial(run),
        network=network(run, places),
        devices=rows,
        images=images(run),
        findings=found,
        takes=takes(run, places),
        gaps=gaps(run),
        passed=passed(run),
        faults=faults(run, places),
        notices=tuple(dict.fromkeys((clean(n.about, 60), clean(n.text, 400)) for n in run.notices)),
        gate=_gate(run),
        verdict=clean(verdict.summary, 400) if verdict else "this run was not judged",
        reasons=tuple(clean(r, 400) for r in verdict.reasons) if verdict else (),
        warnings=tuple(clean(w, 400) for w in verdict.warnings) if verdict else (),
        rules=rules(verdict) if verdict else (),
        is_complete=verdict is not None and verdict.complete,
        exit_code=verdict.exit_code if verdict else None,
        steps=_steps(run, found, rows),
        baseline=baseline(run),
        waivers=waivers(run),
        attestations=attestations(run),
        traffic=traffic(run),
    )


def title(run: Run) -> tuple[str, ...]:
    """What this is: tool, targets, profile; run, time, scope; grants."""
    known = about(run)
    return (
        clean(f"{known.tool} · {known.command} of {listed(known.targets, _TARGETS)} · profile {known.profile}", 500),
        clean(f"run {known.run} · {_times(known)} · scope by {_authority(run)}", 300),
        clean(f"granted beyond the default: {listed(known.granted) or 'nothing'}", 300),
    )


def _authority(run: Run) -> str:
    """By whose word: of a joined run, each of its parts has its own."""
    words = dict.fromkeys(clean(one.scope.authority) for one in (run.parts or (run,)))
    return "; ".join(word for word in words if word) or "nobody named"


def _times(known: About) -> str:
    start, end = known.started.removesuffix(" UTC"), known.finished
    same_day = end[:10] == start[:10]
    return f"{start} to {end[11:] if same_day else end}" if end else f"started {start} UTC"


def banner(run: Run) -> str:
    """Whom a report at this redaction level is for, where that is not plain."""
    return "NOT REDACTED: not to be passed on" if run.redaction == "off" else ""


_RESUME = "resume with iotscan scan --resume {run}"
_AGAIN = {
    "scan": _RESUME,
    "discover": _RESUME,
    "join": "one of the runs that it was joined from did not end",
}


def partial(run: Run) -> str:
    """What to know first of a run that did not end, empty for one that did."""
    if run.status == "complete":
        return ""
    what = "interrupted" if run.status == "interrupted" else "the run did not end"
    again = _AGAIN.get(run.command) or f"start {run.command} again"
    again = again.format(run=run.id)
    return clean(f"PARTIAL: {what}; {again}", 400)


def baseline(run: Run) -> str:
    """What the comparison with the baseline says, zeros included; empty without a baseline."""
    known = run.baseline
    if known is None:
        return ""
    when = f" of {known.finished[:10]}" if known.finished else ""
    counts = f"{known.new} new, {known.known} known, {known.fixed} fixed, {known.no_longer_assessed} no longer assessed"
    return clean(f"since {known.run}{when}: {counts}", 300)


def _gate(run: Run) -> str:
    if run.verdict is None:
        return "NO VERDICT"
    gate = {"pass": "PASS", "fail": "FAIL", "none": "NO GATE"}[run.verdict.gate]
    return gate if run.verdict.complete else f"{gate} · INCOMPLETE"


def _steps(run: Run, found: tuple[FindingGroup, ...], rows: tuple[OwnerRow, ...]) -> tuple[Step, ...]:
    """What to type next: resume, understand the worst finding, narrow the gaps, keep the data."""
    steps = []
    if run.status != "complete" and run.command == "scan":
        steps.append(Step(command=_command("scan", "--resume", run.id), purpose="finish this run"))
    if found:
        steps.append(Step(command=_command("explain", found[0].check), purpose="the worst finding, and how to fix it"))
    flags = _wanted_grants(run)
    if flags and run.is_asking:
        closed = sum(r.outcome is Outcome.NOT_ASSESSED and r.reason is Reason.CONSENT for r in run.results)
        servers = run.scope.grants.backends
        # Files that joined it are no targets of a scan.
        asked = run.asked.targets if run.asked else run.targets
        targets = _targets(tuple(word for word in asked if word not in servers))
        # A grant on anybody's machine but this one needs a scope file, too.
        needs_file = _reaches_out(run)
        words = [*_servers(servers), *_exclusions(run), *(("--scope", "FILE") if needs_file else ()), *flags]
        rerun = clean(" ".join(("iotscan scan", *filter(None, (targets,)), *words)), 400)
        verb = "needs" if closed == 1 else "need"
        purpose = f"assess {counted(closed, 'question')} that {verb} your consent"
        paper = ", and a scope file that permits it: iotscan scope init" if needs_file else ""
        steps.append(Step(command=rerun, purpose=f"{purpose}{paper}"))
    steps += steps_after_traffic(run, rows)
    if hosts := named_servers(run):
        named = " ".join(_servers(hosts[:_TARGETS]))
        purpose = f"ask what is yours of the {counted(len(hosts), 'server')} named here: iotscan scope init"
        steps.append(Step(command=clean(f"iotscan scan {named} --scope FILE", 400), purpose=purpose))
    page = _command("report", run.id, "-f", "html:report.html")
    steps.append(Step(command=page, purpose="all of it, as a page to send on"))
    return tuple(steps)


def _targets(words: tuple[str, ...]) -> str:
    """What a command line says of the same targets."""
    if words == (PRACTICE_NETWORK,):
        return "--lab"
    return shlex.join(words) if len(words) <= _TARGETS else "…"


def _servers(words: tuple[str, ...]) -> list[str]:
    """What has the same back ends asked."""
    if len(words) > _TARGETS:
        return ["--backend", "…"]
    return [part for word in words for part in ("--backend", shlex.quote(word))]


def _exclusions(run: Run) -> list[str]:
    """What keeps the same devices out of another scan: a command to copy must not reach whom this one left alone."""
    try:
        nobodys = {str(n) for n in ends_of(map(ip_network, run.scope.include))}
    except ValueError:
        nobodys = set()
    excluded = [word for word in run.scope.exclude if word not in nobodys]
    if len(excluded) > _TARGETS:
        return ["--exclude", "…"]
    return [
        part for word in excluded for part in ("--exclude", shlex.quote(word.removesuffix("/32").removesuffix("/128")))
    ]


def _reaches_out(run: Run) -> bool:
    """Whether somebody else's machine was scanned; a run file from elsewhere may name networks that are none."""
    try:
        return beyond_here(run.scope) is not None
    except ValueError:
        return True


def _wanted_grants(run: Run) -> list[str]:
    """The grants that not-assessed results ask for by name."""
    asked = [r.remedy for r in run.results if r.outcome is Outcome.NOT_ASSESSED and r.reason is Reason.CONSENT]
    wanted = [flag for flag in GRANTS if any(re.search(rf"(?<!\S){flag}\b(?!-)", remedy) for remedy in asked)]
    # Granted without the login of a device of theirs it would be asked as little as before.
    return [*wanted, *(_LOGIN if any(" ".join(_LOGIN) in remedy for remedy in asked) else ())]


def _command(*words: str) -> str:
    return clean(shlex.join(("iotscan", *words)), 1000)
