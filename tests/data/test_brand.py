"""The reader of brands: ours is read whole, what cannot be used is one line with file, key and what to do."""

import os
import shutil
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotscan.data.brand import SCHEMA, read_brand
from iotscan.data.brand_folder import BadPlace, read_inside, templates_inside
from iotscan.data.logo import LIMIT, BadLogo, checked_logo
from iotscan.data.strict_yaml import BadYaml
from iotscan.model.brand import Brand
from iotscan.model.contrast import READABLE, WHITE, contrast, is_readable, luminance
from iotscan.shipped import shipped

colors = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


def brand_of(folder: Path, text: str) -> Brand:
    """The brand that ``brand.yaml`` with these lines makes."""
    folder.mkdir(exist_ok=True)
    (folder / "brand.yaml").write_text(f"schema: {SCHEMA}\n{text}\n")
    return read_brand(folder)


def svg(inside: str = "<path d='M0 0H9V9Z'/>", top: str = "viewBox='0 0 12 4'") -> bytes:
    """A logo with this in it."""
    spaces = "xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'"
    return f"<svg {spaces} {top}>{inside}</svg>".encode()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int = 2, height: int = 2) -> bytes:
    """A grey PNG."""
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * min(width, 8) for _ in range(min(height, 8))))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_the_brand_that_ships_is_read_whole() -> None:
    brand = read_brand(shipped("reports") / "brand")
    assert brand.company == "Juniper Hollow Security"
    assert brand.authors == ("Ada Example", "Ben Example")
    assert (brand.primary, brand.accent, brand.paper) == ("#1d4a43", "#9a3d12", "a4")
    assert brand.logo_type == "image/svg+xml"
    assert brand.logo.startswith(b"<svg")
    assert len(brand.legal) == 2
    assert brand.notes == ()
    assert brand.templates == ""
    assert read_brand(shipped("reports") / "brand" / "brand.yaml") == brand


def test_a_brand_may_say_next_to_nothing(tmp_path: Path) -> None:
    assert brand_of(tmp_path, "company: X") == Brand(company="X")


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ("colors: {primary: red}", r"brand\.yaml:2: 'red' is no colour: write it like \"#1f4e79\""),
        ("colors: {primary: '#12345'}", "is no colour"),
        ("colors: {accent: '#1234567'}", "is no colour"),
        ("colors: {prime: '#123456'}", "unknown key 'prime': did you mean 'primary'"),
        ("paper: a5", "'a5' is not known here"),
        ("company: " + "x" * 121, "this is 121 characters"),
        ("authors: Ada", r"write a list, as \[a, b\]"),
        ("authors: [" + "a," * 21 + "]", "more than 20 people"),
        (
            "logo: ../logo.svg",
            r"brand\.yaml:2: '\.\./logo\.svg' leads out of the folder of the brand: put a copy",
        ),
        ("logo: /etc/passwd", "is no name of a file in this folder"),
        ("logo: none.svg", "'none.svg' is not there"),
        ("logo: .", "'.' cannot be read"),
        ("logo: text.txt", "'text.txt' is neither a PNG nor an SVG: save it as one of them"),
        ("logo: large.svg", "is larger than 512 KiB"),
        ("legal_file: ../logo.svg", "leads out of the folder"),
        ("legal: a\nlegal_file: text.txt", "keep one of the two"),
        ("legal_file: latin1.txt", "is no text in UTF-8"),
        ("legal_file: large.svg", "is larger than 64 KiB"),
        ("legal: '" + "x" * 5001 + "'", "this is too long"),
        ("company: [a]", "Expected `str`"),
    ],
)
def test_what_cannot_be_used_is_one_line(tmp_path: Path, lines: str, complaint: str) -> None:
    folder = tmp_path / "brand"
    folder.mkdir()
    (tmp_path / "logo.svg").write_bytes(svg())
    (folder / "text.txt").write_text("words")
    (folder / "latin1.txt").write_bytes("é".encode("latin-1"))
    (folder / "large.svg").write_bytes(svg() + b" " * LIMIT)
    with pytest.raises(BadYaml, match=complaint) as told:
        brand_of(folder, lines)
    assert str(told.value).isprintable()
    assert len(str(told.value)) < 400


def test_a_folder_without_a_brand_is_one_line(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none", tmp_path / "brand.yaml"):
        with pytest.raises(BadYaml, match=r"brand\.yaml: is not there: a brand is a folder with a brand\.yaml"):
            read_brand(path)


@pytest.mark.parametrize("name", ["logo.svg", "legal.txt", "brand.yaml"])
def test_a_link_leads_nowhere_outside(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "brand"
    shutil.copytree(shipped("reports") / "brand", folder)
    read_brand(folder)
    kept = shutil.move(folder / name, tmp_path / name)
    (folder / name).symlink_to(kept)
    with pytest.raises(BadYaml, match="leads out of the folder"):
        read_brand(folder)


def test_a_link_inside_the_folder_is_followed_and_a_loop_ends(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_bytes(svg())
    (tmp_path / "b.svg").symlink_to("a.svg")
    (tmp_path / "c.svg").symlink_to("c.svg")
    assert brand_of(tmp_path, "logo: b.svg").logo == svg()
    with pytest.raises(BadYaml, match="is not there"):
        brand_of(tmp_path, "logo: c.svg")


def test_a_pipe_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "logo.svg")
    with pytest.raises(BadYaml, match="is no file"):
        brand_of(tmp_path, "logo: logo.svg")


def test_templates_are_a_folder_that_leads_nowhere(tmp_path: Path) -> None:
    folder = tmp_path / "brand"
    (folder / "templates" / "deep").mkdir(parents=True)
    (folder / "templates" / "deep" / "a.html.j2").write_text("x")
    assert brand_of(folder, "").templates == str(folder / "templates")
    (folder / "templates" / "deep" / "b.html.j2").symlink_to("/etc/passwd")
    with pytest.raises(BadYaml, match="templates: leads out of the folder"):
        read_brand(folder)
    shutil.rmtree(folder / "templates")
    (tmp_path / "other").mkdir()
    (folder / "templates").symlink_to(tmp_path / "other")
    with pytest.raises(BadYaml, match="templates: leads out of the folder"):
        read_brand(folder)


@given(st.text(max_size=60))
def test_no_name_reads_a_file_outside(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "inside" / "brand"
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / "secret").write_bytes(b"secret")
    for said in (name, f"../{name}", f"x/../../{name}", "../secret", f"./{name}/../../secret"):
        with pytest.raises(BadPlace):
            read_inside(folder, said, 100)


# Contrast


def test_contrast_is_that_of_the_standard() -> None:
    """Values that WebAIM's and others' checkers give."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.005)
    assert contrast("#ff0000", "#ffffff") == pytest.approx(4.0, abs=0.005)
    assert (is_readable("#767676"), is_readable("#777777")) == (True, False)


@given(colors, colors)
def test_contrast_knows_no_order_and_has_bounds(one: str, other: str) -> None:
    assert contrast(one, other) == contrast(other, one)
    assert 1 <= contrast(one, other) <= 21.0001
    assert contrast(one, one) == 1


@given(colors, st.integers(0, 2), st.integers(1, 255))
def test_a_lighter_channel_is_lighter(color: str, channel: int, more: int) -> None:
    parts = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
    parts[channel] = min(255, parts[channel] + more)
    lighter = "#" + "".join(f"{part:02x}" for part in parts)
    assert luminance(lighter) >= luminance(color)
    assert contrast(lighter, WHITE) <= contrast(color, WHITE)


@given(colors, colors)
def test_a_brand_holds_readable_colours_alone(tmp_path_factory: pytest.TempPathFactory, one: str, other: str) -> None:
    brand = brand_of(tmp_path_factory.getbasetemp() / "colours", f"colors: {{primary: '{one}', accent: '{other}'}}")
    for given_one, kept, name in ((one, brand.primary, "primary"), (other, brand.accent, "accent")):
        told = [note for note in brand.notes if f"colour {name} {given_one}" in note]
        assert (kept == given_one, not told) == (contrast(given_one, WHITE) >= READABLE,) * 2
        assert kept or "is not taken: its contrast with white is" in told[0]


# Logos


@pytest.mark.parametrize(
    "good",
    [
        svg(),
        svg("<defs><linearGradient id='a'><stop offset='1'/></linearGradient></defs><path fill='url(#a)' d='M0 0'/>"),
        svg("<style>.a{fill:url( '#b' )}</style><use href='#b' xlink:href='#b'/>"),
        svg(top="width='12mm' height='4.5mm'"),
        svg("<metadata><r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/></metadata>"),
        b"\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?>" + svg(),
    ],
)
def test_a_plain_svg_is_taken(good: bytes) -> None:
    assert checked_logo(good) == "image/svg+xml"


ATTACKS = {
    "script": svg("<script>alert(1)</script>"),
    "script of html": svg("<script xmlns='http://www.w3.org/1999/xhtml'>alert(1)</script>"),
    "script under a prefix": svg("<x:script xmlns:x='http://www.w3.org/2000/svg'>alert(1)</x:script>"),
    "handler": svg("<path onclick='alert(1)'/>"),
    "handler in capitals": svg("<path ONLOAD='alert(1)'/>"),
    "handler of the top": svg(top="viewBox='0 0 9 9' onload='alert(1)'"),
    "link": svg("<a href='javascript:alert(1)'><path/></a>"),
    "use of a file": svg("<use href='file:///etc/passwd#a'/>"),
    "use of a host": svg("<use xlink:href='https://192.0.2.9/x.svg#a'/>"),
    "use with a blank": svg("<use href=' https://192.0.2.9/x.svg#a'/>"),
    "use of data": svg("<use href='data:image/svg+xml;base64,PHN2Zy8+#a'/>"),
    "image": svg("<image href='/etc/passwd'/>"),
    "image of data": svg("<image href='data:image/png;base64,AAAA'/>"),
    "foreign object": svg("<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'/></foreignObject>"),
    "animation": svg("<set attributeName='href' to='javascript:alert(1)'/>"),
    "filter": svg("<filter id='a'><feImage href='https://192.0.2.9/'/></filter>"),
    "url": svg("<path fill='url(https://192.0.2.9/#a)'/>"),
    "url in quotes": svg("<path fill=\"url( 'https://192.0.2.9/#a')\"/>"),
    "url as an entity": svg("<path fill='&#117;rl(https://192.0.2.9/)'/>"),
    "url in a style": svg("<path style='fill:URL(//192.0.2.9/)'/>"),
    "import": svg("<style>@import '//192.0.2.9/x.css';</style>"),
    "font": svg("<style>@font-face{font-family:a;src:local(b)}</style>"),
    "escaped url": svg("<style>a{fill:u\\72l(//192.0.2.9/)}</style>"),
    "set of images": svg("<style>a{fill:image-set('//192.0.2.9/a' 1x)}</style>"),
    "style in pieces": svg("<style>a{fill:ur<!-- -->l(//192.0.2.9/)}</style>"),
    "CDATA": svg("<title><![CDATA[><img src=x onerror=alert(1)>]]></title>"),
    "style sheet": b"<?xml-stylesheet href='//192.0.2.9/x.css'?>" + svg(),
    "external entity": b"<!DOCTYPE svg [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>" + svg("<text>&a;</text>"),
    "many entities": b"<!DOCTYPE svg [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>" + svg("<text>&b;</text>"),
    "external definition": b"<!DOCTYPE svg SYSTEM 'http://192.0.2.9/x.dtd'>" + svg(),
    "another encoding": b"<?xml version='1.0' encoding='Shift_JIS'?>" + svg(),
    "UTF-16": svg().decode().encode("utf-16"),
    "base": svg(top="viewBox='0 0 9 9' xml:base='https://192.0.2.9/'"),
    "many copies": svg("<path id='a'/>" + "<use href='#a'/>" * 21),
    "deep": svg("<g>" * 40 + "</g>" * 40),
    "long": svg("<g/>" * 5001),
    "no size": svg(top=""),
    "empty size": svg(top="viewBox='0 0 0 0'"),
    "size that is none": svg(top="viewBox='0 0 nan inf'"),
    "huge size": svg(top="viewBox='0 0 1e9 1e9'"),
    "a line": svg(top="viewBox='0 0 1000 1'"),
    "a page": b"<html><script>alert(1)</script></html>",
    "svg of no namespace": b"<svg viewBox='0 0 9 9'/>",
    "no XML": b"<svg",
    "two roots": svg() + svg(),
}


@pytest.mark.parametrize("raw", ATTACKS.values(), ids=ATTACKS)
def test_an_svg_that_does_more_than_draw_is_refused(raw: bytes) -> None:
    with pytest.raises(BadLogo) as told:
        checked_logo(raw)
    assert str(told.value).isprintable()


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (png()[:-1], "cut off"),
        (png()[:20], "cut off"),
        (b"\x89PNG\r\n\x1a\n", "no whole PNG"),
        (png() + b"<script>alert(1)</script>", "no whole PNG"),
        (png().replace(b"\x08\0\0\0\0", b"\x08\2\0\0\0"), "damaged"),
        (png(4001, 1), "4001 x 1 pixels"),
        (png(0, 1), "0 x 1 pixels"),
        (b"\xff\xd8\xff\xe0JFIF", "neither a PNG nor an SVG"),
        (b"", "neither a PNG nor an SVG"),
    ],
)
def test_a_png_is_whole_and_of_a_sane_size(raw: bytes, complaint: str) -> None:
    assert checked_logo(png()) == "image/png"
    with pytest.raises(BadLogo, match=complaint):
        checked_logo(raw)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_damage_is_a_traceback(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([svg(), png(), *ATTACKS.values()]))
    at = data.draw(st.integers(0, len(whole)))
    raw = whole[:at] + data.draw(st.binary(max_size=6)) + whole[at + data.draw(st.integers(0, 9)) :]
    try:
        found = checked_logo(raw)
    except BadLogo as told:
        found = str(told)
    assert found.isprintable()


def test_templates_of_a_folder_without_any() -> None:
    assert templates_inside(shipped("reports") / "brand") == ""
