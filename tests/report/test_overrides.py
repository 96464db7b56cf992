"""A brand's own templates: what they may stand in for, and that nothing in them gets out of its cage."""

import re
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from iotscan.model.brand import Brand
from iotscan.model.errors import BadInput
from iotscan.report.document import Document
from iotscan.report.layout import overrides
from iotscan.report.layout.html import BLOCKS, render

from .attacks import ATTACKS
from .papers import paper


def branded(folder: Path, said: str = "cam-front", **files: str) -> Document:
    """The handmade document with templates: ``cover="…"`` is ``cover.html.j2``."""
    for name, text in files.items():
        (folder / f"{name}.html.j2").write_text(text, encoding="utf-8")
    return paper(said, Brand(company="Muster GmbH", templates=str(folder)))


def refused(document: Document) -> str:
    with pytest.raises(BadInput) as caught:
        render(document)
    said = str(caught.value)
    assert "\n" not in said
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize("block", BLOCKS)
def test_a_template_stands_in_for_each_block(tmp_path: Path, block: str) -> None:
    page = render(branded(tmp_path, **{block: f"<p class='own'>{block} of {{{{ page.company }}}}</p>"})).decode()
    assert page.count(f"<p class='own'>{block} of Muster GmbH</p>") == 1
    assert ('<header class="cover">' in page) is (block != "cover")
    assert "TLP:AMBER cam-front" in page


def test_a_template_may_extend_ours_and_include_its_own(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "seal.html.j2").write_text("<p>sealed {{ page.made }}</p>")
    page = render(
        branded(
            tmp_path,
            cover='{% extends "iotscan/cover.html.j2" %}{% block heading %}<h1>Ours</h1>'
            '{% include "parts/seal.html.j2" %}{% include "_sign.html.j2" %}{% endblock %}',
            _sign="<p>signed</p>",
        )
    ).decode()
    assert "<h1>Ours</h1><p>sealed 2026-11-27</p><p>signed</p>" in page
    assert 'class="status status-draft"' in page


def test_what_is_said_stays_text_in_a_foreign_template(tmp_path: Path) -> None:
    folder = tmp_path
    for attack in ATTACKS[::23]:
        made = branded(
            folder, f"x{attack}".replace("\0", ""), before="<p>{{ page.title }}|{{ page.facts[0].text }}</p>"
        )
        (told,) = re.findall(r"<main[^>]*>\s*<p>(.*?)</p>", render(made).decode(), re.DOTALL)
        assert "<" not in told
        assert '"' not in told


def test_a_style_of_its_own_comes_last_and_is_in_the_policy(tmp_path: Path) -> None:
    (tmp_path / "page.css").write_text(".cover { letter-spacing: 1px }")
    page = render(branded(tmp_path)).decode()
    assert page.index(".cover { letter-spacing: 1px }") > page.index("@page{")
    (tmp_path / "page.css").write_text("</style><script>alert(1)</script>")
    assert "page.css: a style sheet holds no </" in refused(branded(tmp_path))


ESCAPES = (
    "{{ ''.__class__.__mro__ }}",
    "{{ page.__class__ }}",
    "{{ ''|attr('__class__')|attr('__mro__') }}",
    "{{ page|attr('__init__') }}",
    "{{ page['__class__'].x }}",
    "{{ self.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ '{0.__class__.__mro__}'.format(page) }}",
    "{{ '%s'|format(page.__class__) }}",
    "{{ page.facts.append(1) }}",
    "{{ page.update({'title': 'x'}) }}",
    "{{ page.pop('title') }}",
    "{% include '/etc/passwd' %}",
    "{% include '../../../../../../etc/passwd' %}",
    "{% include '../secret.html.j2' %}",
    "{% include 'iotscan/../../../run.json' %}",
    "{% include 'iotscan/page.html.j2' %}",
    "{% import 'os' as os %}{{ os.getcwd() }}",
    "{% extends '/proc/self/environ' %}",
    "{{ page.title|safe }}",
    "{% autoescape false %}{{ page.title }}{% endautoescape %}",
    "{% if 1 %}",
    "{{ page.nothing.there }}",
    "{{ 1 / 0 }}",
    "{{ range(10**9)|length }}",
)


@pytest.mark.parametrize("escape", ESCAPES)
def test_no_template_gets_out(tmp_path: Path, escape: str) -> None:
    (tmp_path / "secret.html.j2").write_text("SECRET")
    folder = tmp_path / "templates"
    folder.mkdir()
    said = refused(branded(folder, cover=f"<p>\n{escape}\n</p>"))
    assert f"{folder}/cover.html.j2:" in said or "iotscan/" in said
    assert "SECRET" not in said
    if not escape.startswith(("{% if", "{% extends")):
        assert f"{folder}/cover.html.j2:2: " in said


@pytest.mark.parametrize(
    "greedy",
    [
        "{{ 'x' * 10**10 }}",
        "{{ 'x'|center(10**10) }}",
        "{{ '%09999999999d'|format(1) }}",
        "{% set ns = namespace(x='x') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% for i in range(90000) %}{% for j in range(90000) %}{{ page.title }}{% endfor %}{% endfor %}",
        "{{ 9 ** (9 ** 9) }}",
        "{% include 'cover.html.j2' %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}",
    ],
)
def test_a_template_that_takes_too_much_is_stopped(
    tmp_path: Path, greedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overrides, "SECONDS", 2.0)
    began = time.monotonic()
    said = refused(branded(tmp_path, cover=greedy))
    assert said.startswith(f"{tmp_path}/cover.html.j2")
    assert time.monotonic() - began < 30


def test_a_template_for_nothing_is_named(tmp_path: Path) -> None:
    said = refused(branded(tmp_path, covr="x"))
    assert "covr.html.j2: there is no such block; there are header, cover, contents, before, after, footer" in said


def test_what_leads_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (tmp_path / "secret").write_text("SECRET")
    (folder / "cover.html.j2").symlink_to(tmp_path / "secret")
    assert "leads out of the folder" in refused(branded(folder))
    assert "is no folder" in refused(replace(paper(), brand=Brand(templates=str(tmp_path / "gone"))))
    (folder / "cover.html.j2").unlink()
    (folder / "cover.html.j2").write_bytes(b"\xff")
    assert "is not UTF-8" in refused(branded(folder))


def test_a_template_knows_nothing_of_the_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOTSCAN_TEST_SECRET", "SECRET")
    page = render(branded(tmp_path, before="{% for key in page %}[{{ key }}]{% endfor %}")).decode()
    told = re.findall(r"\[([a-z_]+)\]", page.partition("<main")[2].partition("<section")[0])
    assert set(told) == {
        "title", "subtitle", "is_brief", "status", "status_shape", "state", "classification", "language", "made",
        "facts", "footer", "warning", "company", "authors", "contact", "legal", "logo", "contents",
    }  # fmt: skip
