"""Devices or images side by side as a document of one page: what each is, how it is graded, where they differ."""

from collections import Counter
from collections.abc import Iterator, Sequence

from iotscan.model.brand import Brand
from iotscan.model.grade import LETTERS, Coverage
from iotscan.model.lineup import Candidate, Lineup, Said
from iotscan.model.vocabulary import Reason
from iotscan.report.document import (
    Block,
    Bullets,
    Callout,
    Cell,
    Column,
    Document,
    Fact,
    Facts,
    Paragraph,
    Section,
    Span,
    Table,
    Tone,
    cell,
    plain,
)
from iotscan.report.words import REASONS, clean, counted, listed

_ELEMENTS = ("hardware", "updates", "communication", "keys", "cloud")
_UNSURE = "?"
_PLAIN = {
    Reason.NEEDS_IMAGE: "only its firmware shows it",
    Reason.NEEDS_NETWORK: "only the running device shows it",
    Reason.NOT_ASKED: "nobody looked",
    Reason.NEEDS_ATTESTATION: "only the maker can say",
}
"""Reasons as a buyer reads them."""
_LIMITS = (
    "An answer holds for what iotscan saw on that day and with that firmware. What was not assessed is no praise and "
    "no blame. How long the maker supports a device is seen in no scan: ask for it in writing."
)


def document(lineup: Lineup, made: str = "", brand: Brand = Brand()) -> Document:
    """The page. ``made`` is the day of writing (``2026-11-27``)."""
    named = _names(lineup.candidates)
    sections = [
        Section(id="in-short", title="In short", blocks=tuple(_short(lineup, named))),
        Section(id="side-by-side", title="Side by side", blocks=tuple(_side_by_side(lineup, named))),
        Section(id="differences", title="What differs and matters", blocks=tuple(_differences(lineup, named))),
        Section(id="basis", title="What this rests on", blocks=tuple(_basis(lineup, named))),
    ]
    is_whole = all(one.is_complete for one in lineup.candidates)
    return Document(
        title=listed(named),
        subtitle="IoT security side by side",
        status="DRAFT" if is_whole else "INCOMPLETE RUN",
        classification=brand.classification,
        made=made,
        facts=(),
        footer=brand.footer,
        sections=tuple(sections),
        brand=brand,
        is_brief=True,
    )


def _names(candidates: Sequence[Candidate]) -> list[str]:
    """What a person calls each; those of one name are told apart by address, and by run where that is the same."""
    labels = [clean(one.label, 60) for one in candidates]
    where = [clean(one.address or one.run, 60) for one in candidates]
    told = [
        f"{label} ({place})" if labels.count(label) > 1 and place != label else label
        for label, place in zip(labels, where, strict=True)
    ]
    return [
        f"{name}, run {clean(one.run, 60)}" if told.count(name) > 1 else name
        for name, one in zip(told, candidates, strict=True)
    ]


def _short(lineup: Lineup, named: Sequence[str]) -> Iterator[Block]:
    yield Callout(tone="info", spans=plain(standing(lineup, named)))
    yield Bullets(items=tuple(plain(_sentence(one, name)) for one, name in zip(lineup.candidates, named, strict=True)))


def standing(lineup: Lineup, named: Sequence[str]) -> str:
    """Who is better, where that is sure: else that nobody can tell."""
    shown = {one.book.shown if one.book else "" for one in lineup.candidates}
    if lineup.winner is not None:
        best = lineup.candidates[lineup.winner].book
        worst = best.worst if best else ""
        return (
            f"{named[lineup.winner]} is graded better than all others, whatever was not assessed: it is {worst} at "
            "worst, and no other can be as good."
        )
    if lineup.better:
        pairs = [f"{named[one]} is graded better than {named[other]}" for one, other in lineup.better]
        return f"{listed(pairs)}, whatever was not assessed. Otherwise they cannot be told apart on what was assessed."
    kinds = {one.kind for one in lineup.candidates}
    why = " An image and a device on the network are asked different questions." if len(kinds) > 1 else ""
    if len(shown) == 1 and shown <= set(LETTERS) and not why:
        return f"All are graded {shown.pop()}. On what was assessed they cannot be told apart by their grade."
    if not why and (told := _against_the_worst(lineup, named)):
        return told
    return f"They cannot be told apart by their grade on what was assessed: what nobody knows could turn it.{why}"


def _against_the_worst(lineup: Lineup, named: Sequence[str]) -> str:
    """That whoever is not surely F is at least as good as who is; empty where that tells nothing."""
    books = [one.book for one in lineup.candidates]
    worst = [name for name, book in zip(named, books, strict=True) if book and book.shown == LETTERS[-1]]
    rest = [name for name, book in zip(named, books, strict=True) if book and _letter(book.shown) and book.best != "F"]
    if not worst or len(worst) + len(rest) < len(books) or not rest:
        return ""
    verbs = ["is" if len(names) == 1 else "are" for names in (worst, rest)]
    return (
        f"{listed(worst)} {verbs[0]} graded F, and no grade is worse: {listed(rest)} {verbs[1]} at least as good. "
        "Whether better, the grade does not tell: what nobody knows could turn it."
    )


def _sentence(one: Candidate, name: str) -> str:
    found = listed([f"{number} {severity}" for severity, number in one.findings.items()])
    gravest = f"; the gravest: {_lower(clean(one.gravest))}" if one.gravest else ""
    if one.book is None or not one.book.coverage.assessed:
        return f"{name}: nothing could be assessed, so nothing is known for or against it."
    graded = f"is graded {one.book.shown}" if _letter(one.book.shown) else "has too little assessed for a grade"
    known = _coverage(one.book.coverage)
    noun = "finding" if sum(one.findings.values()) == 1 else "findings"
    findings = f"{found} {noun}{gravest}" if found else "no finding"
    return f"{name} {graded} with {known}: {findings}."


def _lower(title: str) -> str:
    """A title inside a sentence; names and abbreviations keep their letters."""
    return title[:1].lower() + title[1:] if title[1:2].islower() or title[1:2] == " " else title


def _coverage(coverage: Coverage) -> str:
    total = coverage.assessed + coverage.unknown
    return f"{coverage.assessed} of {counted(total, 'question')} assessed" if total else "nothing asked"


def _letter(shown: str) -> str:
    return next((letter for letter in LETTERS if letter in shown), "")


def _side_by_side(lineup: Lineup, named: Sequence[str]) -> Iterator[Block]:
    yield Table(
        id="table-side-by-side",
        caption="What each is, how it is graded, what a buyer asks",
        columns=(Column(title="", weight=1.2), *(Column(title=name, weight=1.5) for name in named)),
        rows=tuple((cell(head), *cells) for head, cells in _rows(lineup)),
    )
    yield Paragraph(
        spans=plain(
            "A grade is the worst of its elements, from A to F. ≤C says: C if all that was not assessed is well, else "
            "worse. – says that too little was assessed for a letter."
        )
    )
    if why := _reasons(lineup):
        yield Paragraph(spans=plain(f"Not assessed is neither good nor bad. Why: {why}."))


def _rows(lineup: Lineup) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    columns = lineup.candidates
    yield "Kind", tuple(cell(_trait(one, "what")) for one in columns)
    if any(one.maker for one in columns):
        yield "Maker", tuple(cell(_trait(one, "maker")) for one in columns)
    if any(one.model for one in columns):
        yield "Model", tuple(cell(_trait(one, "model")) for one in columns)
    yield "Firmware", tuple(cell(_trait(one, "firmware")) for one in columns)
    yield (
        "Grade",
        tuple(_grade(one.book.shown, one.book.coverage) if one.book else _unknown("not graded") for one in columns),
    )
    for element in _ELEMENTS:
        grades = [one.book.elements.get(element) if one.book else None for one in columns]
        if any(grade and grade.coverage.assessed + grade.coverage.unknown for grade in grades):
            yield (
                f"Grade: {element}",
                tuple(_grade(grade.shown, grade.coverage) if grade else _unknown("not graded") for grade in grades),
            )
    for question in lineup.questions:
        yield question.asks, tuple(_answer(said) for said in question.said)


def _trait(one: Candidate, name: str) -> str:
    value = clean(getattr(one, name), 80)
    return f"{value} {_UNSURE}" if value and name in one.doubtful else value or "not known"


def _unknown(words: str) -> Cell:
    return cell(words, "unknown")


def _grade(shown: str, coverage: Coverage) -> Cell:
    letter = _letter(shown)
    total = coverage.assessed + coverage.unknown
    if not total:
        return cell("does not apply")
    tone: Tone = letter.lower() if letter else "unknown"  # type: ignore[assignment]  # a to f are tones
    return Cell(spans=(Span(shown, kind="strong"), Span(f" {coverage.assessed} of {total} assessed")), tone=tone)


def _answer(said: Said) -> Cell:
    source = {"configured": " (as configured)", "attested": " (a person says so)"}.get(said.source, "")
    if said.state == "good":
        return cell(f"yes{source}", "pass")
    if said.state == "bad":
        return cell(f"no: {'; '.join(_lower(clean(words)) for words in said.words)}{source}", "fail")
    if said.state == "none":
        return cell("nothing to ask")
    if said.words:
        return _unknown(f"not assessed: it also answers unencrypted ({clean(listed(said.words, 3))})")
    part = f" ({said.assessed} of {said.asked} well)" if said.assessed else ""
    return _unknown(f"not assessed{part}")


def _differences(lineup: Lineup, named: Sequence[str]) -> Iterator[Block]:
    if not lineup.differences:
        yield Paragraph(spans=plain("No finding of medium severity or above is on one and not on the others."))
    else:
        yield Table(
            id="table-differences",
            caption="Findings that not all of them have, the gravest first",
            columns=(
                Column(title="Finding", weight=2),
                Column(title="Severity"),
                *(Column(title=name) for name in named),
            ),
            rows=tuple(
                (
                    cell(clean(row.title)),
                    cell(row.severity.value, row.severity.value),
                    *(_presence(said) for said in row.said),
                )
                for row in lineup.differences
            ),
        )
    if lineup.left_out:
        rest = counted(lineup.left_out, "difference")
        yield Paragraph(spans=plain(f"{rest} of less weight {'is' if lineup.left_out == 1 else 'are'} left out here."))
    if lineup.shared:
        yield Paragraph(spans=plain("All of them have in common:"))
        yield Bullets(items=tuple(plain(clean(title)) for title in lineup.shared))


def _presence(said: Said) -> Cell:
    if said.state == "bad":
        return cell("present", "fail")
    if said.state == "good":
        return cell("absent", "pass")
    if said.state == "none":
        return cell("nothing to ask")
    return _unknown("not assessed")


def _reasons(lineup: Lineup) -> str:
    """Why questions are open, the commonest reason first."""
    answers = (*(row.said for row in lineup.questions), *(row.said for row in lineup.differences))
    counts = Counter(_why(said) for row in answers for said in row if said.state == "open" and not said.words)
    return "; ".join(reason for reason, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _why(said: Said) -> str:
    if said.reason is None:
        return "nobody looked"
    return _PLAIN.get(said.reason) or REASONS[said.reason][0]


def _basis(lineup: Lineup, named: Sequence[str]) -> Iterator[Block]:
    again = "; judged again by the rules of this comparison"
    partial = "; this run did not end"
    yield Facts(
        rows=tuple(
            Fact(
                name=name,
                spans=plain(
                    f"run {clean(one.run, 80)} of {clean(one.started[:10], 20)}"
                    f"{again if one.judged_again else ''}{'' if one.is_complete else partial}"
                ),
            )
            for one, name in zip(lineup.candidates, named, strict=True)
        )
    )
    dates = f", as of {listed([clean(day, 20) for day in lineup.as_of])}" if lineup.as_of else ""
    yield Paragraph(spans=plain(f"All were judged by the same checks: profile {clean(lineup.profile, 60)}{dates}."))
    yield Paragraph(spans=plain(_LIMITS))
