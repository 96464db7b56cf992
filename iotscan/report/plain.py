"""The report as plain lines, for pipes and files: no boxes, no colour, no width.

Every record starts its line with what it is (``device:``, ``finding:``, ``open:``), details follow
indented, so that ``grep '^finding: critical'`` and ``grep -A8`` work.
"""

from collections import Counter
from collections.abc import Iterator

from iotscan.model.run import Cost, Run
from iotscan.report.content import Cause, ElementRow, Finding, FindingGroup, Gap, NetworkRow, OwnerRow, Takes, View
from iotscan.report.plain_uses import done
from iotscan.report.view import view
from iotscan.report.words import counted, listed


def render(run: Run, *, show_passed: bool = False) -> str:
    """The whole run as text that ends in a newline."""
    return "\n".join(_lines(view(run), show_passed)) + "\n"


def _lines(told: View, show_passed: bool) -> Iterator[str]:
    if told.banner:
        yield told.banner
    if told.partial:
        yield told.partial
    yield from told.title
    sections = (_standing, _said, _found, _takes, _open, *((_passed,) if show_passed else ()), _decided, _notices, _end)
    for section in sections:
        lines = list(section(told))
        if lines:
            yield ""
            yield from lines


def _standing(told: View) -> Iterator[str]:
    if told.network:
        yield from _network(told.network)
    for kind, rows in (("device", told.devices), ("image", told.images)):
        for row in rows:
            yield from _owner(kind, row)


def _said(told: View) -> Iterator[str]:
    """What devices were seen to say, and to whom."""
    if told.traffic is None:
        return
    yield from (f"capture: {line}" for line in told.traffic.captures)
    for row in told.traffic.devices:
        yield f"talk: {row.address}  {row.label}".rstrip()
        yield f"  seen: {row.seen}; {row.sent:,} bytes sent, {row.received:,} received; {row.clear}"
        for peer in row.peers:
            where = "beyond" if peer.is_beyond else "here"
            to = "to" if peer.is_client else "from"
            at = f" ({peer.address})" if peer.address != peer.peer else ""
            many = counted(peer.conversations, "conversation")
            amount = f"{peer.sent:,} bytes sent, {peer.received:,} received"
            yield f"  {to}: {peer.peer}{at}  {where}  {peer.over}  {peer.protection}  {many}, {amount}"
        if row.is_cut_off:
            yield "  and more: what is listed here is not all of it"
        yield from done(row.uses)
    for backend in told.traffic.backends:
        yield f"back end: {backend.name}  {', '.join(backend.over)}  {backend.protection}"
        yield f"  at: {listed(backend.addresses)}"
        yield f"  devices: {listed(backend.devices)}"


def _network(row: NetworkRow) -> Iterator[str]:
    letters = ", ".join(f"{letter} {n}" for letter, n in row.letters)
    weakest = f"; weakest: {listed(row.weakest)}" if row.weakest else ""
    yield f"network: {row.shown}  {row.assessed}/{row.total} assessed{weakest}"
    yield f"  letters: {letters or 'none'}; {counted(row.devices, 'device')}, {row.not_assessed} not assessed"
    for element in row.elements:
        yield f"element: {_element(element)}"


def _element(row: ElementRow) -> str:
    configured = "  configured" if row.configured else ""
    return f"{row.element}  {row.shown}  {row.assessed}/{row.total} assessed{configured}"


def _owner(kind: str, row: OwnerRow) -> Iterator[str]:
    who = f"{row.address}  {row.label}".strip()
    yield f"{kind}: {row.shown}  {who}  {row.graded}/5 elements"
    known = " ".join(word for word in (row.vendor, row.model) if word)
    if known:
        yield f"  is: {known}"
    yield from (f"  known: {sentence}" for sentence in row.identity)
    yield from (f"  beware: {remark}" for remark in row.remarks)
    yield from (f"  holds: {line}" for line in row.holds)
    yield from (f"  not read: {line}" for line in row.unread)
    if row.protocols:
        yield f"  speaks: {', '.join(row.protocols)}"
    found = ", ".join(f"{n} {s}" for s, n in row.findings.items())
    found = found or ("none" if row.assessed else "nothing assessed")
    yield f"  findings: {found}; {row.assessed}/{row.total} assessed, {row.not_assessed} not assessed"
    for element in row.elements:
        yield f"  {_element(element)}"
    if row.cost:
        yield f"  asked: {_cost(row.cost)}"


def _cost(cost: Cost) -> str:
    conversations = f"{counted(cost.connections, 'connection')}, {counted(cost.datagrams, 'datagram')}"
    conversations += f" ({counted(cost.packets, 'packet')} beyond the port sweep)" if cost.packets else ""
    traffic = f"{cost.bytes_sent:,} bytes sent, {cost.bytes_received:,} received"
    frames = f"{counted(cost.frames, 'raw frame')}, " if cost.frames else ""
    return f"{frames}{counted(cost.attempts, 'port attempt')}, {conversations}, {traffic}, {cost.seconds:.1f} s"


def _found(told: View) -> Iterator[str]:
    total = sum(told.severities.values())
    by_severity = ", ".join(f"{n} {s}" for s, n in told.severities.items())
    waived = f"; {told.waived} waived" if told.waived else ""
    yield f"findings: {total}{f': {by_severity}' if by_severity else ''}{waived}"
    if told.baseline:
        yield f"baseline: {told.baseline}"
    for group in told.findings:
        for finding in group.findings:
            yield from _finding(group, finding)


def _finding(group: FindingGroup, finding: Finding) -> Iterator[str]:
    waived = f"  WAIVED {finding.waived}" if finding.waived else ""
    seen = " (configured)" if finding.configured else " (attested)" if finding.attested else ""
    new = "  NEW" if finding.baseline == "new" else ""
    place = f"{finding.label}  {finding.where}".strip()
    yield f"finding: {group.severity}  {group.check}  {place}  {group.title}{new}{waived}"
    details = {
        "summary": finding.summary,
        "observed": finding.observed,
        "expected": finding.expected,
        "element": f"{group.element}{seen}",
        "confidence": finding.confidence,
        "fix": group.fix,
        "reproduce": finding.reproduce,
        "fingerprint": finding.fingerprint,
    }
    yield from (f"  {name}: {text}" for name, text in details.items() if text)


def _takes(told: View) -> Iterator[str]:
    for row in told.takes:
        yield from _one_takes(row)


def _one_takes(row: Takes) -> Iterator[str]:
    if row.why:
        yield f"why: {row.owner} {row.shown}: {_causes(row.why)}"
    if row.without_trust:
        yield f"without the question of trust: {row.owner} {row.without_trust}"
    for lift in row.lifts:
        also = f"the {lift.before} before and " if lift.before else ""
        repairs = counted(lift.repairs, "repair")
        yield f"lift: {row.owner} to {lift.reaches} by {repairs}: {also}{_causes(lift.causes)}"
    if row.worst != row.best:
        for question in row.open:
            yield f"settle: {row.owner} {question.severity} {question.check}: {question.remedy}"


def _causes(causes: tuple[Cause, ...]) -> str:
    return "; ".join(f"{c.check} on {listed(c.places)}" if any(c.places) else c.check for c in causes)


def _open(told: View) -> Iterator[str]:
    total = sum(g.count for g in told.gaps)
    forced = sum(g.count for g in told.gaps if not g.voluntary)
    yield f"not assessed: {total}: {forced} involuntary, {total - forced} voluntary"
    for gap in told.gaps:
        yield from _gap(gap)


def _gap(gap: Gap) -> Iterator[str]:
    kind = "voluntary" if gap.voluntary else "involuntary"
    yield f"open: {kind}  {gap.reason}  {gap.count} on {gap.owners}  {gap.words}"
    yield f"  checks: {', '.join(f'{t.check} {t.places}' for t in gap.checks)}"
    yield from (f"  takes: {remedy}" for remedy in gap.remedies)


def _passed(told: View) -> Iterator[str]:
    yield f"passed: {sum(t.places for t in told.passed)}"
    yield from (f"  {t.check} {t.places}" for t in told.passed)


def _decided(told: View) -> Iterator[str]:
    """What persons decided and stated, and what became of it."""
    if told.waivers:
        states = Counter(w.state for w in told.waivers)
        yield f"waivers: {len(told.waivers)}: {', '.join(f'{n} {state}' for state, n in states.items())}"
    for waiver in told.waivers:
        yield f"waiver: {waiver.state}  {waiver.id}  {waiver.check}  {waiver.target}  until {waiver.expires}"
        agreed = f", approved by {waiver.approved_by}" if waiver.approved_by else ""
        yield f"  owner: {waiver.owner}{agreed}"
        yield f"  {waiver.decision}: {waiver.reason}"
        yield f"  covers: {counted(waiver.findings, 'finding')}"
        yield from (f"  note: {note}" for note in waiver.notes)
        yield from (f"  ticket: {ticket}" for ticket in (waiver.ticket,) if ticket)
    for said in told.attestations:
        holds = "holds" if said.holds else "does not hold"
        yield f"attestation: {said.state}  {said.id}  {said.check}  {said.target}  {holds}  until {said.expires}"
        yield f"  by: {said.by}, reference {said.reference}"
        yield from (f"  note: {note}" for note in said.notes)


def _notices(told: View) -> Iterator[str]:
    yield from (f"error of ours: {f.what}  {f.where}: {f.text}" for f in told.faults)
    yield from (f"notice: {about}: {text}" for about, text in told.notices)


def _end(told: View) -> Iterator[str]:
    ending = f"  exit {told.exit_code}" if told.exit_code is not None else ""
    yield f"verdict: {told.gate}  {told.verdict}{ending}"
    yield from (f"  because: {reason}" for reason in told.reasons)
    yield from (f"  warning: {warning}" for warning in told.warnings)
    yield from (f"next: {step.command}  # {step.purpose}" for step in told.steps)
