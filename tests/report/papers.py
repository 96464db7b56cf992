"""A document with every block, whose words can all be made another: what a writer lays out, without a run."""

from msgspec.structs import replace

from iotscan.model.brand import Brand
from iotscan.report.document import (
    Badge,
    Bar,
    Block,
    Bullets,
    Callout,
    Card,
    Cell,
    Chart,
    Code,
    Column,
    Document,
    Fact,
    Facts,
    Fold,
    Paragraph,
    Part,
    Section,
    Span,
    Spans,
    Table,
    cell,
    plain,
)

SEVERITIES = ("critical", "high", "medium", "low", "info")


def spans(said: str) -> Spans:
    """Every kind of span, those that touch one another included."""
    return (
        Span("See "), Span(said, kind="strong"), Span(" at "), Span(said, kind="code"), Span(" ("),
        Span("the finding", kind="link", href="#finding-1"), Span("), "), Span(said),
        Span(said, kind="link", href="https://docs.example/a?b=(c)&d=1"), Span("."),
        Span(said, kind="link", href="#nowhere"), Span(said, kind="code"), Span(said, kind="strong"),
    )  # fmt: skip


def table(said: str, id: str = "table-1", rows: int = 3) -> Table:
    """A table of text, numbers and code."""
    return Table(
        id=id,
        caption=f"What was found by {said}",
        columns=(
            Column(title="Device", weight=2),
            Column(title="Findings", kind="number"),
            Column(title="Seen", kind="code"),
        ),
        rows=tuple(
            (cell(f"{said} {n}"), cell(str(n), SEVERITIES[n % 5]), Cell(spans=(Span(said, kind="code"),)))
            for n in range(rows)
        ),
    )  # fmt: skip


def chart(said: str) -> Chart:
    """Five bars: full, mixed, all unknown, one small share, none."""
    counts = ((5, 0, 0), (6, 3, 1), (0, 0, 7), (1, 1, 998), (0, 0, 0))
    bars = tuple(
        Bar(
            label=f"{said} {n}",
            shown=letter,
            tone=tone,
            parts=(Part(what="passed", count=a), Part(what="failed", count=b), Part(what="unknown", count=c)),
        )
        for n, ((a, b, c), letter, tone) in enumerate(
            zip(counts, ("A", "≤C", "–", "F", "–"), ("a", "c", "unknown", "f", "unknown"), strict=True)
        )
    )
    return Chart(
        id="chart-1", title="Elements", description=f"Two of five, {said}.", bars=bars, table=table(said, "data-1")
    )


def blocks(said: str) -> tuple[Block, ...]:
    """One of each, cards inside cards and folds included."""
    inner = Card(id="finding-1-1", title=said, blocks=(Paragraph(spans=plain(said)),), listed=False)
    return (
        Paragraph(spans=spans(said)),
        Paragraph(spans=plain(f"Write {said} here."), editable=True),
        Paragraph(spans=plain(said)),
        Bullets(items=(spans(said), plain(said))),
        Bullets(items=(plain("first"), plain(said)), numbered=True),
        Bullets(items=(plain("again"), plain(said)), numbered=True),
        Facts(rows=(Fact(name=said, spans=plain(said)), Fact(name="Time", spans=spans(said)))),
        Code(text=f"$ curl {said}\n\tsecond  line\n\n{said}", label="Check it yourself"),
        Callout(tone="high", spans=spans(said)),
        Callout(tone="info", spans=plain(said)),
        chart(said),
        table(said),
        Card(
            id="finding-1",
            title=f"Telnet {said}",
            badges=(Badge(text="Critical", tone="critical"), Badge(text=said), Badge(text="open", tone="fail")),
            blocks=(Paragraph(spans=plain(said)), inner, Fold(summary=said, blocks=(Code(text=said),))),
        ),
        Fold(summary=f"Raw {said}", blocks=(table(said, "table-2"), Paragraph(spans=plain(said)))),
    )


def paper(said: str = "cam-front", brand: Brand = Brand(company="Muster GmbH")) -> Document:
    """Three numbered sections, one with sections inside, and an appendix."""
    deep = Section(id="deep", title=f"Deep {said}", blocks=(Paragraph(spans=plain(said)),))
    deeper = Section(id="deeper", title="Deeper", sections=(replace(deep, id="deepest"),))
    return Document(
        title=f"Audit of {said}",
        subtitle=f"for {said}",
        status="DRAFT",
        classification=f"TLP:AMBER {said}",
        made="2026-11-27",
        facts=(Fact(name="Client", spans=plain(said)), Fact(name="Run", spans=(Span(said, kind="code"),))),
        footer=f"Left {said}",
        warning=f"not redacted {said}",
        sections=(
            Section(id="summary", title="Summary", blocks=blocks(said)),
            Section(id="twice", title="Summary", sections=(deep, deeper)),
            Section(id="empty", title=said),
            Section(id="raw", title="Raw evidence", blocks=(Code(text=said),), is_appendix=True),
        ),
        brand=brand,
    )  # fmt: skip
