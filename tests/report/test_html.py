"""The page as bytes: nothing a run says becomes markup, nothing is fetched, every colour can be read."""

import base64
import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from html import unescape
from itertools import pairwise
from xml.etree.ElementTree import Element as Node

import html5lib
import pytest
from msgspec.structs import replace

from iotscan.model.grade import Grades
from iotscan.model.run import Run, Verdict
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Outcome, Severity
from iotscan.report.html import SHAPES, addresses, render
from iotscan.report.ink import UNICODE
from iotscan.report.registry import write
from iotscan.shipped import shipped

from . import golden
from .attacks import ATTACKS
from .example import example_run, image_run, interrupted_run
from .full import full_run, retold
from .hostile import TRICKS

FOLDER = shipped("reports") / "templates" / "html"
EVIL = (*ATTACKS, *TRICKS)


def parse(page: str) -> Node:
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    document = parser.parse(page)
    # What a hostile text could do first is to make the page invalid.
    assert [name for _, name, _ in parser.errors] == []
    return document


def shape(node: Node) -> Iterator[tuple[object, ...]]:
    """Tags and attributes in order, with their values where no text of a run may stand."""
    for inner in node.iter():
        names = sorted(k for k in inner.attrib if k != "content" or inner.get("name") != "generator")
        yield (inner.tag if isinstance(inner.tag, str) else "comment", *((k, inner.get(k)) for k in names))


def words(page: str) -> str:
    """What a reader sees, as one line."""
    body = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", "", body)).split())


def test_the_sample_is_what_is_written() -> None:
    golden.match(golden.REPORTS / "samples" / "report.html", write(example_run(), "html"))


@pytest.mark.parametrize("turn", range(3))
def test_no_text_of_a_run_becomes_markup(turn: int) -> None:
    run = full_run()

    def trick(text: str) -> str:
        return EVIL[(zlib.crc32(text.encode()) + turn * 131) % len(EVIL)]

    said: Counter[str] = Counter()

    def evil(text: str) -> str:
        said[trick(text)] += 1
        return f"{text} {trick(text)}"

    hostile = render(retold(run, evil))
    harmless = render(retold(run, lambda text: f"{text} {'x' * len(safe_text(trick(text), 10**6))}"))
    assert len(said) > 100
    assert list(shape(parse(hostile))) == list(shape(parse(harmless)))


def test_every_attack_stays_text() -> None:
    run = image_run()
    plain = Counter(tag for tag, *_ in shape(parse(render(retold(run, lambda text: f"x {text}")))))
    pages = [render(retold(run, lambda text, n=n: f"{EVIL[n]} {text}")) for n in range(0, len(EVIL), 29)]
    assert all(Counter(tag for tag, *_ in shape(parse(page))) == plain for page in pages)


def test_the_prose_of_a_foreign_check_makes_no_link_but_to_the_web() -> None:
    evil = " ".join(ATTACKS[:31]) + " see https://rfc.example/9325). or javascript:alert(1) or data:text/html,x"
    run = retold(full_run(), lambda text: f"{text} {evil}", prose=True)
    page = parse(render(run))
    assert {tag for tag, *_ in shape(page)} <= {tag for tag, *_ in shape(parse(render(full_run())))} | {"code", "pre"}
    outside = [node for node in page.iter("a") if not node.attrib["href"].startswith("#")]
    assert outside
    assert {node.attrib["href"] for node in outside} == {"https://rfc.example/9325"}
    assert all(node.attrib["rel"] == "noreferrer" for node in outside)
    assert not any(name.startswith("on") or name == "style" for node in page.iter() for name in node.attrib)


def test_only_the_web_is_an_address() -> None:
    assert addresses("see https://a.example/b, ok") == (
        ("see ", False), ("https://a.example/b", True), (", ok", False),
    )  # fmt: skip
    for text in ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//a.example", "xhttps:/a"):
        assert addresses(text) == ((text, False),)


@pytest.mark.parametrize("make", [example_run, interrupted_run, image_run, full_run])
def test_the_policy_names_exactly_what_is_inline(make: object) -> None:
    page = render(make())  # type: ignore[operator]
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert found
    rules = dict(rule.split(" ", 1) for rule in unescape(found[1]).split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "data:"
    for tag, name in (("style", "style-src"), ("script", "script-src")):
        (block,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert rules[name] == f"'sha256-{base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()}'"


@pytest.mark.parametrize("make", [example_run, interrupted_run, image_run, full_run])
def test_nothing_is_fetched_and_nothing_acts(make: object) -> None:
    page = parse(render(make()))  # type: ignore[operator]
    for node in page.iter():
        assert not any(name.startswith("on") or name in ("style", "src", "srcset", "action") for name in node.attrib)
        href = node.attrib.get("href", "#")
        assert href.startswith("#") or (node.tag == "link" and href == "data:,")
    assert "url(" not in re.sub(r"url\(#hatch-\d\)", "", render(full_run()))


def test_headings_are_in_order_and_ids_are_unique() -> None:
    for run in (example_run(), image_run(), full_run()):
        page = parse(render(run))
        levels = [int(str(n.tag)[1]) for n in page.iter() if re.fullmatch(r"h\d", str(n.tag))]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(b <= a + 1 for a, b in pairwise(levels))
        ids = [n.attrib["id"] for n in page.iter() if "id" in n.attrib]
        assert len(ids) == len(set(ids))
        targets = {n.attrib["href"][1:] for n in page.iter("a") if n.attrib["href"].startswith("#")}
        labels = {i for n in page.iter() for i in n.attrib.get("aria-labelledby", "").split()}
        assert targets | labels <= set(ids)
        assert all("scope" in n.attrib for n in page.iter("th"))
        assert page.find(".").attrib["lang"] == "en"  # type: ignore[union-attr]


def test_every_finding_is_told_in_full() -> None:
    run = example_run()
    said = words(render(run))
    for result in run.results:
        if result.is_finding:
            told = (result.observed, result.expected, result.reproduce, result.fingerprint, result.summary)
            assert all(" ".join(text.split()) in said for text in told)
    for needed in (
        "FAIL · INCOMPLETE", "Exit code 1.", "Incomplete:", "The gate fails on findings of high and above.",
        "telnet-service is required and was not assessed on 192.0.2.23: no answer in time",
        "W-2026-014, owner j.doe, until 2027-02-20: the old thermostats", "1 waived", "RFC 9325 (2022) 3.1.1",
        "command line", "nothing beyond the default", run.scope_sha256, "Where an old client needs TLS 1.0",
        "KeyError: 'spki'", "no helper is installed", "iotscan scan … --scope FILE --default-creds",
        "needs recorded traffic",
    ):  # fmt: skip
        assert needed in said, needed


def test_what_is_new_waived_stated_and_not_redacted_is_said() -> None:
    page = render(full_run())
    said = words(page)
    for needed in (
        "Not redacted.", "--default-creds and --backend cloud.example", "without 192.0.2.66/32",
        "since 01JC of 2026-11-01", "expired", "approved by m.muster", "it does not hold", "DOC-7", "d" * 64,
        "a warning", "a coverage of at least 80%",
    ):  # fmt: skip
        assert needed in said, needed
    assert page.count('data-new="yes"') == sum(r.baseline == "new" for r in full_run().results)
    assert page.count('data-status="waived"') == 1
    assert 'class="unredacted"' in page
    assert "unredacted" not in render(example_run()).partition("<body")[2]


def test_a_run_that_did_not_end_says_so_before_anything_else() -> None:
    said = words(render(interrupted_run()))
    assert said.startswith("Scan of 192.0.2.0/26 – PARTIAL, NO VERDICT")
    assert said.index("PARTIAL: interrupted") < said.index("NO VERDICT", 100)
    assert "did not end" in said


@pytest.mark.parametrize(
    ("complete", "gate", "tone"),
    [
        (True, "pass", "pass"),
        (False, "pass", "warn"),
        (True, "none", "plain"),
        (False, "none", "warn"),
        (True, "fail", "fail"),
    ],
)
def test_green_is_only_what_is_complete_and_passed(complete: bool, gate: str, tone: str) -> None:
    verdict = Verdict(complete=complete, gate=gate, fail_on="high", exit_code=0, summary="x")  # type: ignore[arg-type]
    page = render(replace(example_run(), verdict=verdict))
    assert f'class="verdict tone-{tone}"' in page
    assert 'class="verdict tone-warn"' in render(interrupted_run())


def test_no_findings_of_nothing_assessed_is_no_praise() -> None:
    run = example_run()
    nothing: Run = replace(run, results=(), devices=(), grades=replace(run.grades, network=None, devices={}), costs={})
    said = words(render(nothing))
    assert "Nothing was assessed. That there are no findings says nothing." in said
    assert "A silent network is not an empty one." in said
    assert "Findingsnothing was assessed" in said
    assert "Findingsnone" not in said
    listing = words(render(replace(run, command="discover", results=(), verdict=None, grades=Grades())))
    assert listing.startswith("Inventory of 192.0.2.0/26 – NO VERDICT")
    assert listing.count("nothing assessed") == len(run.devices)
    assert "this run lists what is there and judges nothing" in listing
    good = tuple(r for r in run.results if r.outcome is not Outcome.FAIL)
    assert "No check failed." in words(render(replace(run, results=good)))


def test_a_severity_has_the_shape_that_the_terminal_gives_it() -> None:
    assert dict(SHAPES) == dict(UNICODE.severity)
    page = render(example_run())
    for severity in Severity:
        assert re.search(
            rf'class="mark {severity}"><span aria-hidden="true">{SHAPES[severity]}</span> \d+ {severity}<', page
        )


def _palettes() -> dict[str, dict[str, str]]:
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    found = [
        dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    ]
    return dict(zip(("light", "dark", "print"), found, strict=True))


def _luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio: 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


TONES = ("critical", "high", "medium", "low", "info", "good")


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_every_text_can_be_read_on_its_ground(scheme: str) -> None:
    palette = _palettes()[scheme]
    pairs = [(ink, ground) for ink in ("text", "muted", "link") for ground in ("page", "surface", "sunken")]
    pairs += [(tone, ground) for tone in TONES for ground in (f"{tone}-soft", "surface", "page")]
    for ink, ground in pairs:
        assert contrast(palette[ink], palette[ground]) >= 4.5, (scheme, ink, ground)
    for bar in ("bar-passed", "bar-failed", "strong-line"):
        assert contrast(palette[bar], palette["surface"]) >= 3, (scheme, bar)


def test_the_schemes_name_the_same_colours_and_paper_is_light() -> None:
    palettes = _palettes()
    assert set(palettes["light"]) == set(palettes["dark"]) == set(palettes["print"])
    on_paper = {**palettes["light"], "page": "#ffffff"}
    assert palettes["print"] == on_paper
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    used = set(re.findall(r"var\(--([a-z-]+)\)", style))
    assert used == set(palettes["light"])
