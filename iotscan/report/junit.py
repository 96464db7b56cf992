"""JUnit XML that every reader takes: valid under Ant's schema (Windy Road) and Jenkins' (junit-10).

One suite a device or image, one case a check and service or file. Pass: an empty case. Finding: a failure. Waived,
or left out by choice: skipped. Not assessed though nobody chose so, or an error of ours: an error. Not applicable:
counted, no case. A first suite is about the run: without it a run that reached nobody would be green.
"""

import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome
from iotscan.report.rows import Row, rows, shortfall
from iotscan.report.view import view
from iotscan.report.words import clean


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One test case. ``kind`` is ``pass``, ``failure``, ``error`` or ``skipped``, never two of them."""

    name: str
    group: str
    kind: str = "pass"
    type: str = ""
    message: str = ""
    body: tuple[str, ...] = ()


def render(run: Run) -> str:
    """The run as one JUnit document."""
    root = ET.Element("testsuites")
    moment = _moment(run.started)
    _suite(root, "iotscan run", "run", moment, _about_run(run), {"iotscan.redaction": run.redaction}, 0.0)
    owned: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows(run):
        owned[row.asset].append(row)
    for asset in sorted(owned, key=lambda a: (owned[a][0].label, a)):
        own = owned[asset]
        first = own[0]
        cost = run.costs.get(first.result.subject.device)
        told = {
            "iotscan.asset": asset,
            "iotscan.place": first.where.partition(" ")[0] if first.result.subject.device else first.label,
            "iotscan.not_applicable": str(sum(r.outcome is Outcome.NOT_APPLICABLE for r in own)),
        }
        _suite(root, first.label, asset, moment, _cases(own), told, cost.seconds if cost else 0.0)
    ET.indent(root)
    return f"<?xml version='1.0' encoding='UTF-8'?>\n{ET.tostring(root, encoding='unicode')}\n"


def _moment(time: str) -> str:
    """A time without a zone, as Ant's schema wants it; the epoch for what is none."""
    try:
        return datetime.fromisoformat(time).strftime("%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return "1970-01-01T00:00:00"


def _about_run(run: Run) -> list[Case]:
    """Is it complete, and does the gate hold?"""
    told = view(run)
    short = shortfall(run)
    reasons = (*told.reasons, *(f"{notice}: {text}" for notice, text in told.notices))
    complete = Case(name="everything required was assessed", group="gate")
    if short:
        complete = msgspec.structs.replace(complete, kind="error", type="Incomplete", message=short, body=reasons)
    gate = Case(name="the gate holds", group="gate")
    verdict = run.verdict
    if verdict is None or verdict.gate == "none":
        gate = msgspec.structs.replace(gate, kind="skipped", message="NO GATE: no threshold was set")
    elif verdict.gate == "fail":
        gate = msgspec.structs.replace(gate, kind="failure", type="gate", message=told.verdict, body=told.reasons)
    return [complete, gate]


def _cases(own: Iterable[Row]) -> list[Case]:
    """The cases of one device or image, each with a name of its own: readers keep only the first of two."""
    counted: Counter[tuple[str, str]] = Counter()
    made = []
    ordered = sorted(own, key=lambda r: (r.result.element.value, r.check, r.uri, r.result.subject.line, r.fingerprint))
    for row in ordered:
        if row.outcome is Outcome.NOT_APPLICABLE:
            continue
        # Without the line, which moves with every rebuild, and without the outcome, so that a repair is the same test.
        place = row.result.subject.path if row.result.subject.image else row.spot
        name = clean(f"{row.check} on {place}" if place else row.check, 400)
        counted[row.result.element, name] += 1
        count = counted[row.result.element, name]
        made.append(_case(row, name if count == 1 else f"{name} #{count}"))
    return made


def _case(row: Row, name: str) -> Case:
    group = row.result.element.value
    details = tuple(f"{key}: {text}" for key, text in row.details.items())
    proof = (f"Confidence: {row.result.confidence.value}", f"Fingerprint: {row.fingerprint}")
    if row.outcome is Outcome.PASS:
        return Case(name=name, group=group)
    if row.outcome is Outcome.FAIL and row.waiver:
        return Case(name=name, group=group, kind="skipped", message=f"WAIVED {row.waived}: {row.sentence}")
    if row.outcome is Outcome.FAIL:
        since = (f"Since the baseline: {row.result.baseline}",) if row.result.baseline else ()
        message = f"[{row.severity.value.upper()}] {row.sentence}"
        return Case(
            name=name,
            group=group,
            kind="failure",
            type=row.severity.value,
            message=message,
            body=(message, *details, *since, *proof),
        )
    takes = (f"What it takes: {row.remedy}",) if row.remedy else ()
    if row.is_voluntary:
        return Case(name=name, group=group, kind="skipped", message=f"NOT ASSESSED: {row.why}")
    if row.outcome is Outcome.NOT_ASSESSED:
        message = f"NOT ASSESSED: {row.place}: {row.why}"
        reason = row.result.reason
        return Case(
            name=name,
            group=group,
            kind="error",
            type=reason.value if reason else "",
            message=message,
            body=(message, *takes),
        )
    message = f"ERROR OF OURS: {row.place}: {row.why}"
    return Case(name=name, group=group, kind="error", type="error", message=message, body=(message, *takes))


def _suite(
    root: ET.Element, name: str, asset: str, moment: str, cases: Sequence[Case], told: dict[str, str], seconds: float
) -> None:
    kinds = Counter(case.kind for case in cases)
    counts = {"tests": len(cases), "failures": kinds["failure"], "errors": kinds["error"], "skipped": kinds["skipped"]}
    suite = ET.SubElement(root, "testsuite", {"name": name or asset, "id": str(len(root)), "package": "iotscan"})
    suite.attrib |= {key: str(number) for key, number in counts.items()}
    suite.attrib |= {"time": f"{max(0.0, seconds):.3f}", "timestamp": moment, "hostname": "localhost"}
    properties = ET.SubElement(suite, "properties")
    for key, value in told.items():
        ET.SubElement(properties, "property", {"name": key, "value": value})
    for case in cases:
        # Dots part packages from classes: the asset is one word of them.
        names = {"name": case.name, "classname": f"iotscan.{asset}.{case.group}", "time": "0.000"}
        made = ET.SubElement(suite, "testcase", names)
        if case.kind == "skipped":
            ET.SubElement(made, "skipped", {"message": case.message})
        elif case.kind != "pass":
            ended = ET.SubElement(made, case.kind, {"message": case.message, "type": case.type})
            ended.text = "\n".join(case.body or (case.message,))
    ET.SubElement(suite, "system-out")
    ET.SubElement(suite, "system-err")
