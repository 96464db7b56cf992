"""Section: Method and limits. By which rules, from where, how hard, and what such an audit cannot say."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from iotscan.model.run import Cost, Run
from iotscan.report.asked import asked, sent
from iotscan.report.audit.cells import fact, facts, link
from iotscan.report.audit.parts import KINDS, done, made
from iotscan.report.audit.times import moment
from iotscan.report.audit.told import Told
from iotscan.report.document import (
    Block,
    Bullets,
    Cell,
    Column,
    Fact,
    Facts,
    Paragraph,
    Section,
    Span,
    Table,
    cell,
    plain,
)
from iotscan.report.identity import images_run
from iotscan.report.inventory import is_inventory
from iotscan.report.places import Places
from iotscan.report.words import NOTHING, clean, counted, listed

_MOST: Final = 30
"""Devices and ways that a table names before it counts the rest."""


def section(told: Told) -> Section | None:
    """The section; every report has it."""
    inner = (
        Section(id="method-rules", title="How it was judged", blocks=tuple(_rules(told))),
        Section(id="method-asked", title="What was asked, and how hard", blocks=tuple(_asked(told))),
        Section(id="method-limits", title="Limits", blocks=(Bullets(items=tuple(map(plain, _limits(told)))),)),
    )
    return Section(
        id="method",
        title="Method and limits",
        blocks=tuple(_when(told)),
        sections=tuple(s for s in inner if s.blocks),
    )


def _when(told: Told) -> Iterator[Block]:
    run = told.run
    links = sorted({d.link for d in run.devices if d.link})
    if run.parts:
        yield from _joined(run, links)
        return
    yield Facts(
        rows=facts(
            ("What was done", _done(run)),
            ("Began", moment(run.started)),
            ("Ended", moment(run.finished) if run.finished else "it did not end"),
            ("Seen from", _from(run, links)),
        )
    )


def _joined(run: Run, links: list[str]) -> Iterator[Block]:
    yield Paragraph(
        spans=plain(
            f"{len(run.parts)} stored runs were put together and judged as one, by one profile. What each saw was "
            "taken over; what was concluded from it was concluded anew."
        )
    )
    yield made(run)
    probes = [f"{KINDS[p.command].lower()}: {listed([clean(n, 40) for n in p.probes], _MOST)}" for p in run.parts]
    yield Facts(
        rows=(
            *facts(("The network seen from", _from(run, links) if run.asked else "")),
            fact("What looked", "; ".join(probes)),
        )
    )
    yield from _linked(run)


def _linked(run: Run) -> Iterator[Block]:
    """Who was seen by several runs, and by what that is known."""
    if run.images:
        bearers, names = images_run(run), Places(run)
        lines = [f"{names.told_apart(device)} {how}" for device, how in bearers.items()]
        text = (
            "No device is known to run an image that was given: devices and images are judged apart. Whoever knows "
            "better says so when joining (iotscan join --runs DEVICE=IMAGE)."
        )
        yield Paragraph(spans=plain("Which device runs which image:" if lines else text))
        if lines:
            yield Bullets(items=tuple(plain(line) for line in lines[:_MOST]))


def _done(run: Run) -> str:
    if run.command in ("image", "traffic"):
        return done(run.command)
    return done("discover" if is_inventory(run) else "scan")


def _from(run: Run, links: list[str]) -> str:
    own = listed([clean(a, 60) for a in run.own], _MOST)
    on = f"interface {listed([clean(name, 20) for name in links])}" if links else ""
    return " as ".join(w for w in (on, own) if w)


def _rules(told: Told) -> Iterator[Block]:
    run, about = told.run, told.view.about
    if is_inventory(run):
        return
    standards = sorted({f"{clean(c.standard, 80)} ({clean(c.edition, 40)})" for i in run.checks for c in i.clauses})
    yield Facts(
        rows=(
            fact("Profile", about.profile),
            *_hashed(about.profile_sha256),
            fact(
                "Questions", f"{counted(about.checks, 'check')}, each of one thing, each with what it is evidence for"
            ),
            *facts(("Required of every run", listed(about.required, _MOST))),
            fact("Ages and expiry judged as of", moment(run.as_of)),
            *facts(("Standards to which checks relate", listed(standards, _MOST))),
        )
    )
    yield Paragraph(
        spans=(
            *plain(
                "Every question has one answer for each place: good, failed, not applicable, not assessed, or an "
                "error of the tool. What was not assessed is never counted as good. A finding is certain where it was "
                "proved, firm where the evidence supports it well, tentative where it is only hinted at. A grade is "
                "an interval: what is unknown is counted once as good and once as failed. "
            ),
            link("Terms and definitions", "glossary"),
            Span(" has the details."),
        )
    )


def _hashed(sha256: str) -> tuple[Fact, ...]:
    return (Fact(name="SHA-256 of the profile", spans=(Span(sha256, "code"),)),) if sha256 else ()


def _asked(told: Told) -> Iterator[Block]:
    run = told.run
    if not run.is_asking:
        return
    if run.asked is not None:
        text = f"Of the joined runs one sent anything: {clean(run.asked.id, 60)}. What follows is about that one."
        yield Paragraph(spans=plain(text))
    yield Paragraph(spans=plain(_intrusiveness(run)))
    pace = run.scope.pace
    yield Facts(
        rows=(
            fact("Knocks on ports, a device", f"{pace.attempts_per_second:g} a second at most"),
            fact("Connections accepted, a device", f"{pace.accepted_per_second:g} a second at most"),
            fact("Conversations, a device", f"{pace.connections:,} at most beyond the port sweep"),
            fact("Datagrams, a device", f"{pace.datagrams:,} at most"),
            fact(
                "Waited for an answer",
                f"{pace.connect_timeout:g} s to connect, {pace.conversation_timeout:g} s to talk",
            ),
        )
    )
    yield from _ways(run)
    yield from _costs(run)


def _intrusiveness(run: Run) -> str:
    grants = run.scope.grants
    done = ["documented default logins were tried"] if grants.default_creds else []
    done += ["questions that can disturb a device were asked"] if grants.intrusive else []
    done += ["revocation data were fetched"] if grants.fetch_revocation else []
    done += ["back ends on the internet were asked"] if grants.backends else []
    if not done:
        return "Only questions that read were asked: no login, no write, no change of any setting."
    return f"Beyond questions that only read, this was granted: {listed(done)}. Nothing else was changed or tried."


def _ways(run: Run) -> Iterator[Block]:
    if not run.ways:
        return
    yield Table(
        id="method-ways",
        caption="How devices were looked for",
        columns=(Column(title="Way"), Column(title="How far it came", weight=4)),
        rows=tuple(
            (cell(clean(way, 60)), cell(clean(why, 300) or "to the end")) for way, why in sorted(run.ways.items())
        )[:_MOST],
    )


def _costs(run: Run) -> Iterator[Block]:
    places = Places(run)
    told = [(run.costs[d.id], places.told_apart(d.id)) for d in run.devices if d.id in run.costs]
    if spent := asked(told):
        yield Paragraph(spans=plain(f"{spent[:1].upper()}{spent[1:]}."))
    told.sort(key=lambda each: (-sent(each[0]), each[1]))
    if told:
        most = f": the {_MOST} that were asked most" if len(told) > _MOST else ""
        yield Table(
            id="method-costs",
            caption=f"What each device was asked{most}",
            columns=(
                Column(title="Device", weight=2.5),
                Column(title="Port attempts", kind="number"),
                Column(title="Connections", kind="number"),
                Column(title="Datagrams", kind="number"),
                Column(title="Bytes sent", kind="number"),
                Column(title="Seconds", kind="number"),
            ),
            rows=tuple(_cost(cost, name) for cost, name in told[:_MOST]),
        )


def _cost(cost: Cost, name: str) -> tuple[Cell, ...]:
    counts = (cost.attempts, cost.connections, cost.datagrams, cost.bytes_sent)
    return (cell(name), *(cell(f"{n:,}") for n in counts), cell(f"{cost.seconds:,.1f}" if cost.seconds else NOTHING))


def _limits(told: Told) -> Iterator[str]:
    run = told.run
    if run.parts:
        yield (
            "The runs were made at different times: what changed from one to the next, or was switched off then, is "
            "told as if it were one state. A device that was replaced or updated in between is not what each run saw."
        )
        yield (
            "That two runs saw one device, and that a device runs an image, is known by marks of both, and is no proof "
            "that every part of the image is what runs."
        )
    else:
        yield "This is what was seen at one time. What changed since, or was switched off then, is not in it."
    if run.captures:
        yield (
            "Traffic shows what devices did while it was recorded, at the place where it was: what they did not do "
            "then is not known, and what is encrypted shows little of what is said."
        )
    if run.is_asking:
        yield (
            "A device that is silent is not absent, and a UDP port that does not answer is not closed: nothing can be "
            "concluded from silence."
        )
        yield "What needs a login, physical access or recorded traffic was seen only where this report says so."
    elif run.parts:
        yield "No device was asked anything: what one answers over the network is not known."
    if run.command != "image" and not run.images:
        yield (
            "The network shows little of how a device starts, stores its keys or verifies updates: that takes an image "
            "of its firmware."
        )
    if run.images:
        yield (
            "An image says how a device is built and configured, not how it runs: another configuration may be made "
            "on the device later. Programs in it were not analysed as code."
        )
        if any(i.unread for i in told.view.images):
            yield "Some of what was given could not be read; the images section names each part and why."
    if not is_inventory(run):
        yield "That no weakness was found is no proof that there is none."
    tentative = Counter(r.confidence.value for r in run.results if r.is_finding)["tentative"]
    if tentative:
        is_ = "is" if tentative == 1 else "are"
        yield f"{counted(tentative, 'finding')} {is_} tentative: look by hand before acting."
