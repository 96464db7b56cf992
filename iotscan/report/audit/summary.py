"""Section: Executive summary. For people who decide and run no tool: from the data only, in plain sentences."""

from collections.abc import Iterator, Sequence
from typing import Final

from iotscan.model.material import Roadmap
from iotscan.report.audit import anchors, bars, sentences, strengths
from iotscan.report.audit.cells import adjective, link, strong
from iotscan.report.audit.risks import Risk, open_ones, risks
from iotscan.report.audit.told import Told
from iotscan.report.document import Block, Bullets, Callout, Paragraph, Section, Span, Spans, plain
from iotscan.report.places import Places
from iotscan.report.words import NOTHING, clean, counted, listed

_TOP: Final = 5
_ACTIONS: Final = 3
_NAMED: Final = 3
"""Devices that a sentence names before it counts the rest."""
_ASIDE: Final = 10
"""Owners whose grade without the question of trust is told."""
_PARAGRAPH: Final = 5000
_IMAGES: Final = 5
"""Images that get bars of their own here."""


def section(told: Told) -> Section | None:
    """The summary."""
    found = risks(told.run)
    return Section(id="summary", title="Executive summary", blocks=tuple(_blocks(told, found)))


def _blocks(told: Told, found: Sequence[Risk]) -> Iterator[Block]:
    tone, verdict = sentences.verdict(told, found)
    yield Callout(tone=tone, spans=(strong("Verdict: "), *plain(verdict)))
    yield Paragraph(spans=plain(" ".join(sentences.summary(told, found))))
    yield from _judgement(told)
    yield from _charts(told)
    yield from _without_trust(told)
    yield from _risks(open_ones(found))
    yield from _good(told)
    yield from _uncovered(told)
    yield from _actions(told, open_ones(found))


def _judgement(told: Told) -> Iterator[Block]:
    """What the person who signs makes of it; in a draft a place for that."""
    for text in told.material.judgement:
        yield Paragraph(spans=plain(clean(text, _PARAGRAPH)))
    if not told.material.judgement and not told.material.is_final:
        yield Paragraph(
            spans=plain(
                "Assessor's judgement: what this means for the organisation, and what should come first. "
                "Replace this paragraph with your own words."
            ),
            editable=True,
        )


def _charts(told: Told) -> Iterator[Block]:
    network = told.view.network
    if network is not None and network.elements:
        yield bars.elements("summary-elements", "The five elements of the network", network.elements)
    for place, image in enumerate(told.view.images[:_IMAGES], start=1):
        if image.elements:
            yield bars.elements(f"summary-image-{place}", f"The five elements of {image.label}", image.elements)


def _without_trust(told: Told) -> Iterator[Block]:
    """The better letters that would stand if nobody asked who vouches for a certificate."""
    rows = [row for row in told.view.takes if row.without_trust]
    if rows:
        said = "; ".join(f"{row.owner} {row.without_trust}" for row in rows[:_ASIDE])
        more = f"; and {len(rows) - _ASIDE:,} more" if len(rows) > _ASIDE else ""
        yield Paragraph(spans=plain(f"Without the question of trust: {said}{more}."))


def _risks(found: Sequence[Risk]) -> Iterator[Block]:
    if not found:
        return
    top = found[:_TOP]
    yield Paragraph(spans=(strong("The gravest risk" if len(found) == 1 else "The gravest risks"),))
    yield Bullets(items=tuple(_told(risk) for risk in top), numbered=True)
    if rest := len(found) - len(top):
        yield Paragraph(
            spans=(
                *plain(f"{counted(rest, 'further kind')} of weakness: see "),
                link("Findings", "findings"),
                Span("."),
            )
        )


def _told(risk: Risk) -> Spans:
    where = f": {adjective(risk.severity)}, on {listed(risk.owners, _NAMED)}. {risk.why}"
    return (link(risk.title, anchors.finding(risk.check, risk.variant)), *plain(where.rstrip()))


def _good(told: Told) -> Iterator[Block]:
    if good := strengths.strengths(told.run):
        yield Paragraph(spans=(strong("What is good"),))
        yield Bullets(items=tuple(plain(s) for s in good))


def _uncovered(told: Told) -> Iterator[Block]:
    if text := sentences.uncovered(told):
        yield Paragraph(
            spans=(
                strong("What was not covered. "),
                *plain(f"{text} See "),
                link("What was not assessed", "gaps"),
                Span("."),
            )
        )


def _actions(told: Told, found: Sequence[Risk]) -> Iterator[Block]:
    plan = next((r for r in told.material.roadmaps if r.steps), None)
    items = _planned(told, plan) if plan else tuple(_action(r) for r in found if r.fix or r.goal)[:_ACTIONS]
    if not items:
        return
    yield Paragraph(spans=(strong(f"Next {'action' if len(items) == 1 else 'actions'}."), *_lead(plan, len(items))))
    yield Bullets(items=items, numbered=True)


def _lead(plan: Roadmap | None, told: int) -> Spans:
    """What the roadmap comes to, and how much of it is told here."""
    if plan is None:
        return ()
    lifting = next((n for n, step in enumerate(plan.steps, 1) if step.reaches != plan.shown), 0)
    what = "network" if plan.owner == "network" else "image"
    said = "; the first of them are these" if lifting > told else ""
    lift = (
        f" It takes {counted(lifting, 'change')} to reach the next better grade of the {what}{said}." if lifting else ""
    )
    return (*plain(f"{lift} All are in the "), link("Roadmap", "roadmap"), Span("."))


def _planned(told: Told, plan: Roadmap) -> tuple[Spans, ...]:
    """The first steps of the roadmap: the network's, else that of the worst image."""
    places, known = Places(told.run), {r.check: r for r in risks(told.run)}
    steps, shown = [], plan.shown
    for step in plan.steps[:_ACTIONS]:
        where = listed([places.told_apart(o) for o in step.owners], _NAMED)
        risk = known.get(step.check)
        wanted = risk.fix if risk and risk.fix else f'see to it that this holds: "{clean(step.title, 200)}".'
        gain = f" {_reached(plan, step.reaches)}" if step.reaches != shown else ""
        steps.append((strong(where), *plain(f": {wanted}{gain}")))
        shown = step.reaches
    return tuple(steps)


def _reached(plan: Roadmap, reaches: str) -> str:
    what = "network" if plan.owner == "network" else "image"
    if reaches == NOTHING:
        return f"Then nothing that was found holds the {what} down, and too little of it is assessed for a grade."
    letter, at_best = clean(reaches.removeprefix("≤"), 5), " at best" if reaches.startswith("≤") else ""
    return f"Then the {what} is graded {letter}{at_best}."


def _action(risk: Risk) -> Spans:
    wanted = risk.fix or f'see to it that this holds: "{risk.goal}". The finding says how.'
    return (strong(listed(risk.owners, _NAMED)), *plain(f": {wanted}"))
