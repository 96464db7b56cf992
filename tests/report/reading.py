"""Formats read back as their readers do, with what a hostile text must not have changed."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from unicodedata import category
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from iotscan.report.csv import FORMULA

from .example import example_run

RESULTS = example_run().results
FINDINGS = [r for r in RESULTS if r.is_finding]
MENTION = re.compile(r"@\w|#\d|\bGH-\d|\b[0-9a-f]{7,40}\b|\bwww\.|://", re.IGNORECASE)
"""What GitHub makes links of in rendered text that is no code."""
HARMLESS = {
    *("inline", "text", "softbreak", "code_inline", "fence", "strong_open", "strong_close"),
    *(f"{name}_{end}" for name in ("heading", "paragraph", "bullet_list", "list_item") for end in ("open", "close")),
    *(f"{name}_{end}" for name in ("table", "thead", "tbody", "tr", "th", "td") for end in ("open", "close")),
}
"""Every kind of node that the Markdown template makes."""
DOCUMENT = {"link_open", "link_close", "html_block", "ordered_list_open", "ordered_list_close"} | {
    "blockquote_open",
    "blockquote_close",
}
"""What a document has beside."""


def markdown_tokens(text: str) -> Iterator[Token]:
    """All tokens of GitHub-flavoured Markdown in which HTML and bare links count."""
    for token in MarkdownIt("gfm-like", {"html": True, "linkify": True}).parse(text):
        yield token
        yield from token.children or ()


def read_markdown(text: str) -> None:
    tokens = list(markdown_tokens(text))
    strange = {t.type for t in tokens} - HARMLESS
    assert not strange, strange
    for token in tokens:
        assert token.type != "text" or not MENTION.search(token.content), token.content


def read_document(text: str) -> None:
    """Markdown of a document: beside the rest links, to a heading that is there or to the web, and the mark to edit."""
    tokens = list(markdown_tokens(text))
    strange = {t.type for t in tokens} - HARMLESS - DOCUMENT
    assert not strange, strange
    anchors = heading_anchors(tokens)
    inside = False
    for token in tokens:
        inside = (inside or token.type == "link_open") and token.type != "link_close"
        assert token.type != "text" or inside or not MENTION.search(token.content), token.content
        assert token.type != "html_block" or token.content.strip() == "<!-- edit -->", token.content
        if token.type == "link_open":
            href = unquote(str(token.attrs["href"]))
            assert href.startswith("https://docs.example/") or href.removeprefix("#") in anchors, href


def heading_anchors(tokens: list[Token]) -> set[str]:
    """What GitHub makes of the headings (html-pipeline, TableOfContentsFilter)."""
    seen: Counter[str] = Counter()
    anchors = set()
    for opening, line in pairwise(tokens):
        if opening.type == "heading_open":
            shown = "".join(c.content for c in line.children or () if c.type in ("text", "code_inline"))
            slug = "".join(
                c for c in shown.lower() if c in " -" or category(c)[0] in "LM" or category(c) in ("Nd", "Pc")
            )
            slug = slug.replace(" ", "-")
            anchors.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return anchors


def read_csv(text: str) -> None:
    head, *body = csv.reader(io.StringIO(text, newline=""))
    assert len(body) == len(RESULTS)
    assert all(len(row) == len(head) for row in body)
    assert not any(cell.startswith(FORMULA) for row in body for cell in row)


def read_junit(text: str) -> None:
    cases = ET.fromstring(text).findall(".//testcase")
    names = [(c.get("classname"), c.get("name")) for c in cases]
    assert len(names) == len(set(names))
    assert len(cases) == 2 + sum(r.outcome != "not_applicable" for r in RESULTS)


def read_sarif(text: str) -> None:
    (run,) = json.loads(text)["runs"]
    assert len(run["results"]) == len(FINDINGS)
    for result in run["results"]:
        assert not re.search(r"\]\(", result["message"]["text"])


def read_jsonl(text: str) -> None:
    records = [json.loads(line) for line in text.splitlines()]
    assert sum(r["record"] == "result" for r in records) == len(RESULTS)
    assert records[0]["record"] == "run"
    assert records[-1]["record"] == "verdict"


def read_gitlab(text: str) -> None:
    assert len(json.loads(text)) == len(FINDINGS)  # one is waived, one is about the run


def read_cyclonedx(text: str) -> None:
    bom = json.loads(text)
    refs = [c["bom-ref"] for c in bom["components"]]
    assert len(refs) == len(set(refs))


READ_BACK: Mapping[str, Callable[[str], None]] = {
    "csv": read_csv,
    "cyclonedx": read_cyclonedx,
    "github-summary": read_markdown,
    "gitlab-codequality": read_gitlab,
    "jsonl": read_jsonl,
    "junit": read_junit,
    "md": read_document,
    "sarif": read_sarif,
    "sarif-github": read_sarif,
}
