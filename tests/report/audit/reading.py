"""A document as lines of text, as somebody would read it aloud."""

from collections.abc import Iterator

from iotscan.report.document import (
    Block,
    Bullets,
    Callout,
    Card,
    Chart,
    Code,
    Document,
    Facts,
    Fold,
    Paragraph,
    Table,
    numbered,
    words_of,
)


def text(document: Document) -> str:
    """All of it."""
    return "\n".join(_lines(document))


def _lines(document: Document) -> Iterator[str]:
    yield f"{document.title} | {document.subtitle} | {document.status} | {document.classification} | {document.made}"
    yield from (f"  {f.name}: {words_of(f.spans)}" for f in document.facts)
    for number, depth, section in numbered(document):
        yield f"\n{'#' * depth} {number} {section.title}"
        for block in section.blocks:
            yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph():
            yield ("[edit] " if block.editable else "") + words_of(block.spans)
        case Bullets():
            yield from (f"- {words_of(item)}" for item in block.items)
        case Code():
            yield f"{block.label}:\n{block.text}"
        case Facts():
            yield from (f"  {f.name}: {words_of(f.spans)}" for f in block.rows)
        case Table():
            yield f"[{block.caption}] " + " | ".join(c.title for c in block.columns)
            yield from ("  " + " | ".join(words_of(c.spans) for c in row) for row in block.rows)
        case Chart():
            yield f"<{block.title}> {block.description}"
            for bar in block.bars:
                yield f"  {bar.label} {bar.shown} " + " ".join(f"{p.what}={p.count}" for p in bar.parts)
            yield from _block(block.table)
        case Callout():
            yield f"! ({block.tone}) {words_of(block.spans)}"
        case Card():
            yield f"== {block.title} [{', '.join(b.text for b in block.badges)}]"
            for inner in block.blocks:
                yield from _block(inner)
        case Fold():
            yield f"> {block.summary}"
            for inner in block.blocks:
                yield from _block(inner)
