"""SARIF 2.1.0 (OASIS), for code scanning and whatever else reads it.

Findings are results; waived ones carry a suppression, known ones a baseline state. What was not assessed, errors of
ours and the waivers that need a person are notifications of the invocation, which did not succeed where the run is
incomplete. A rule is a check and says nothing of a device: the device is in the path, the message and the
properties. See :mod:`.sarif_github` for what GitHub makes of it.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from iotscan.model.result import CheckInfo
from iotscan.model.run import Run
from iotscan.model.vocabulary import Confidence, Outcome, Severity
from iotscan.report import gfm
from iotscan.report.json import document
from iotscan.report.outcomes import faults
from iotscan.report.places import Places
from iotscan.report.prose import Block, blocks
from iotscan.report.record import waivers
from iotscan.report.rows import Row, check_infos, rows, shortfall
from iotscan.report.uris import slug
from iotscan.report.words import clean, counted, listed

Json = dict[str, Any]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
TEXT_LIMIT = 1024
"""Characters of a rule's descriptions (GitHub, "SARIF support for code scanning")."""
TAGS = 10
"""Tags of a rule that GitHub keeps."""
PLACES = 100
"""Places that one notification names before it counts the rest."""
LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}
"""``security-severity``, a number in a string; GitHub reads above 9.0 as critical. An info has none."""
_PRECISION = {Confidence.CERTAIN: "very-high", Confidence.FIRM: "high", Confidence.TENTATIVE: "medium"}
_PROBLEM = {"error": "error", "warning": "warning", "note": "recommendation"}
_BASELINE = {"new": "new", "known": "unchanged"}


def render(run: Run) -> str:
    """The run as a SARIF log of one run."""
    every = rows(run)
    return document(log(run, every, [r for r in every if r.outcome is Outcome.FAIL]))


def log(run: Run, every: Sequence[Row], found: Sequence[Row]) -> Json:
    """The log: ``found`` are the results to write, ``every`` row of the run is where the notifications come from."""
    infos = check_infos(run)
    index = {info.id: number for number, info in enumerate(infos)}
    worst = {row.result.check: row.severity for row in sorted(found, key=lambda r: r.severity.rank)}
    driver: Json = {"name": clean(run.tool.name) or "iotscan", "version": clean(run.tool.version) or "0"}
    if re.fullmatch(r"\d+\.\d+\.\d+", run.tool.version):
        driver["semanticVersion"] = run.tool.version
    driver["rules"] = [_rule(info, worst.get(info.id)) for info in infos]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "automationDetails": {"id": category(run)},
                "columnKind": "unicodeCodePoints",
                "invocations": [_invocation(run, every, index)],
                "results": [_result(row, index[row.result.check]) for row in found],
                "properties": _properties(run),
            }
        ],
    }


def category(run: Run) -> str:
    """What a later upload replaces, up to the last slash, then the run: ``iotscan/scan-1f2e3d4c/home/01jda7q2w3``.

    Two networks scanned with one profile are two categories, else one upload would close the other's alerts.
    """
    told = hashlib.sha256("\x1f".join(sorted(run.targets)).encode("utf-8", "backslashreplace")).hexdigest()[:8]
    about = "-".join(slug(i.name or "image") for i in run.images) if run.command == "image" else f"{run.command}-{told}"
    return f"iotscan/{about}/{slug(run.profile.id, 'profile')}/{slug(run.id, 'run')}"


def message(text: str) -> str:
    """A result's text: no embedded link, no placeholder (SARIF 2.1.0 §3.11.5, §3.11.6), whatever a device says."""
    return text.replace("](", "] (").replace("{", "{{").replace("}", "}}")


def physical(uri: str, line: int = 1) -> Json:
    """A place with a complete region: without one the place is not shown."""
    region = {"startLine": line, "startColumn": 1, "endLine": line, "endColumn": 1}
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}


def _rule(info: CheckInfo, found: Severity | None) -> Json:
    """A check. Its severity is that of the worst finding in this run: a check may fail mildly or badly."""
    severity = found or max((v.severity for v in info.variants.values()), key=lambda s: s.rank, default=Severity.INFO)
    level = LEVELS[severity]
    name, title = clean(info.id), clean(info.title, TEXT_LIMIT)
    about = clean(" ".join(f"{info.looks_at} {info.matters}".split()), TEXT_LIMIT)
    properties: Json = {
        "tags": list(dict.fromkeys(("security", info.element.value, *(clean(t, 40) for t in info.tags))))[:TAGS],
        "precision": _PRECISION[info.confidence],
        "problem.severity": _PROBLEM[level],
        "element": info.element.value,
        "clauses": [clean(str(c)) for c in info.clauses],
    }
    if severity in SCORES:
        properties["security-severity"] = SCORES[severity]
    return {
        "id": name,
        "name": "".join(word.capitalize() for word in slug(info.id).split("-")),
        "shortDescription": {"text": title or name},
        "fullDescription": {"text": about or title or name},
        "help": {"text": _help(info), "markdown": _help_markdown(info)},
        "defaultConfiguration": {"level": level},
        "properties": properties,
    }


def _sections(info: CheckInfo) -> Iterator[tuple[str, tuple[Block, ...]]]:
    for heading, prose in (("Why it matters", info.matters), ("How to fix", info.fix), ("References", info.references)):
        told = tuple(msgspec.structs.replace(b, text=clean(b.text, 2000)) for b in blocks(prose))
        if told:
            yield heading, told
    if info.clauses:
        clauses = tuple(Block(kind="item", text=f"- {clean(str(c))}") for c in info.clauses)
        yield "Evidence relevant to (it proves no conformity)", clauses


def _help(info: CheckInfo) -> str:
    parts = [f"{heading}\n" + "\n".join(b.text for b in told) for heading, told in _sections(info)]
    return "\n\n".join(parts) or clean(info.title) or clean(info.id)


def _help_markdown(info: CheckInfo) -> str:
    parts = [f"## {heading}\n\n{gfm.paragraphs(told)}" for heading, told in _sections(info)]
    return "\n".join(parts) or gfm.words(clean(info.title) or clean(info.id))


def _result(row: Row, rule: int) -> Json:
    result = row.result
    details = " ".join(f"{name}: {text.rstrip('.')}." for name, text in row.details.items() if name != "Reproduce")
    mark = row.fingerprint or hashlib.sha256(f"{row.check}\x1f{row.uri}".encode()).hexdigest()[:16]
    made: Json = {
        "ruleId": row.check,
        "ruleIndex": rule,
        "kind": "fail",
        "level": LEVELS[row.severity],
        "message": {"text": message(f"{row.sentence} {details}".strip())},
        "locations": [physical(row.uri, row.line) | {"logicalLocations": [_logical(row)]}],
        "partialFingerprints": {"primaryLocationLineHash": f"{mark}:1"},
        # DefectDojo wants a version at the end of a name with a slash, and takes the first.
        "fingerprints": {"iotscan/v1": mark},
    }
    if result.baseline:
        made["baselineState"] = _BASELINE[result.baseline]
    if row.waiver:
        made["suppressions"] = [{"kind": "external", "status": "accepted", "justification": f"waiver {row.waived}"}]
    told = {
        "severity": row.severity.value,
        "security-severity": SCORES.get(row.severity, ""),
        "confidence": result.confidence.value,
        "element": result.element.value,
        "vantage": result.vantage.value,
        "variant": clean(result.variant),
        "subject": row.label,
        "where": row.where,
        "observed": row.observed,
        "expected": row.expected,
        "reproduce": row.reproduce,
        "waiver": row.waiver,
    }
    return made | {"properties": {name: text for name, text in told.items() if text}}


def _logical(row: Row) -> Json:
    name = row.spot or row.label
    return {"name": name, "fullyQualifiedName": f"{row.asset}/{name}", "kind": "resource"}


def _invocation(run: Run, every: Sequence[Row], index: dict[str, int]) -> Json:
    made: Json = {"executionSuccessful": not shortfall(run)}
    for name, time in (("startTimeUtc", run.started), ("endTimeUtc", run.finished)):
        told = _moment(time)
        if told:
            made[name] = told
    if run.verdict:
        made["exitCode"] = run.verdict.exit_code
        made["exitCodeDescription"] = clean(run.verdict.summary, 400)
    return made | {"toolExecutionNotifications": list(_notifications(run, every, index))}


def _moment(time: str) -> str:
    """A time as SARIF writes it (§3.9), empty for what is none."""
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return ""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _notifications(run: Run, every: Sequence[Row], index: dict[str, int]) -> Iterator[Json]:
    short = shortfall(run)
    if short:
        yield notification("incomplete", "error", f"The run is incomplete: {short}.")
    yield from _gaps(every, index)
    broken: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for fault in faults(run, Places(run)):
        broken[fault.what, fault.text].append(fault.where)
    for (what, text), where in broken.items():
        yield notification("error", "error", f"{what} failed on {listed(where, 3)}: {text}.")
    for use in waivers(run):
        if use.state != "applied":
            about = f"waiver {use.id} for {use.check} on {use.target} is {use.state} (until {use.expires}, {use.owner})"
            yield notification(
                f"waiver-{use.state}", "note" if use.state in ("unused", "not_asked") else "warning", f"{about}."
            )
    for notice in dict.fromkeys(run.notices):
        yield notification("notice", "note", f"{clean(notice.about, 60)}: {clean(notice.text, 400)}")


def _gaps(every: Sequence[Row], index: dict[str, int]) -> Iterator[Json]:
    """What was not assessed, one notification a check and reason."""
    groups: defaultdict[tuple[bool, str, str], list[Row]] = defaultdict(list)
    for row in every:
        if row.outcome is Outcome.NOT_ASSESSED:
            reason = row.result.reason.value if row.result.reason else "unknown"
            groups[row.is_voluntary, reason, row.result.check].append(row)
    for (is_voluntary, reason, check), group in sorted(groups.items()):
        where = listed([r.place for r in group], 5)
        text = f"{clean(check)} was not assessed at {counted(len(group), 'place')} ({where}): {group[0].why}."
        told = notification(f"not-assessed/{reason}", "note" if is_voluntary else "warning", text)
        told["associatedRule"] = {"id": clean(check), "index": index[check]}
        told["locations"] = [physical(r.uri, r.line) for r in group[:PLACES]]
        yield told


def notification(id: str, level: str, text: str) -> Json:
    """Something to know of the run itself."""
    return {"descriptor": {"id": id}, "level": level, "message": {"text": message(text)}}


def _properties(run: Run) -> Json:
    told: Json = {"run": clean(run.id), "profile": clean(run.profile.id), "redaction": run.redaction}
    if run.verdict:
        told["verdict"] = {
            "complete": run.verdict.complete,
            "gate": run.verdict.gate,
            "failOn": clean(run.verdict.fail_on),
            "summary": clean(run.verdict.summary, 400),
            "reasons": [clean(r, 400) for r in run.verdict.reasons],
            "warnings": [clean(w, 400) for w in run.verdict.warnings],
        }
    if run.baseline:
        told["baseline"] = msgspec.structs.asdict(run.baseline) | {"run": clean(run.baseline.run)}
    if run.grades.network:
        told["grade"] = clean(run.grades.network.shown, 5)
    return told
