"""Check pages and the inventory."""

import pytest
from msgspec.structs import replace

from iotscan.report.checkdocs import pages
from iotscan.report.explain import explain, reflow
from iotscan.report.inventory import entries, inventory

from .example import BY_ID, CHECKS, example_run, interrupted_run


@pytest.mark.parametrize("width", [60, 80, 120])
def test_an_explanation_fits_and_holds_everything(width: int) -> None:
    text = explain(BY_ID["tls-versions"], width)
    assert all(len(line) <= width for line in text.splitlines())
    for needed in (
        "tls-versions: Only TLS 1.2 and newer are accepted",
        "element     communication",
        "also        TLS-001, TLS-002",
        "- critical: SSLv3 is accepted (ssl)",
        "WHY IT MATTERS",
        "HOW TO FIX",
        "RFC 9325 (2022) 3.1.1",
        "EVIDENCE RELEVANT TO",
    ):
        assert needed in text


def test_variants_are_explained_most_severe_first() -> None:
    text = explain(BY_ID["telnet-service"])
    assert text.index("critical: Telnet gives a shell") < text.index("high: Telnet asks for a login")


def test_prose_is_wrapped_and_code_is_not() -> None:
    prose = "One\nparagraph.\n\n- an item that\n  goes on\n- two\n\n```\nssl_protocols   TLSv1.2;\n```\nEnd."
    assert list(reflow(prose, 20, indent=2)) == [
        "  One paragraph.",
        "",
        "  - an item that",
        "    goes on",
        "  - two",
        "",
        "  ssl_protocols   TLSv1.2;",
        "  End.",
    ]


def test_an_explanation_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in explain(replace(BY_ID["tls-versions"], fix="\x1b]0;x\x07 do\x9b"))


def test_every_check_has_a_page_and_a_row() -> None:
    made = pages(reversed(CHECKS))
    assert list(made) == list(pages(CHECKS))
    assert set(made) == {"index.md", *(f"{c.id}.md" for c in CHECKS)}
    for check in CHECKS:
        assert f"[{check.id}]({check.id}.md)" in made["index.md"]
        page = made[f"{check.id}.md"]
        assert f"# {check.id}\n" in page
        assert check.fix in page
        assert all(str(clause) in page for clause in check.clauses)
        assert page.endswith("\n")


def test_a_bar_in_a_title_does_not_split_a_cell() -> None:
    made = pages([replace(CHECKS[0], title="a | b")])
    assert r"a \| b" in made["index.md"]


def test_an_inventory_lists_devices_by_address() -> None:
    listing = entries(example_run())
    assert [e.address for e in listing] == [f"192.0.2.{n}" for n in (1, 10, 21, 23, 31, 44)]
    gateway, hub, *_, plug = listing
    assert gateway.vendor == "Example Routers (IEEE OUI 2026-11-01)"
    assert gateway.services == ("tcp/80 http", "tcp/443 https")
    assert hub.vendor == ""
    assert plug.vendor == "randomised (locally administered)"
    assert plug.found_by == ("arp", "mdns")


def test_an_interrupted_inventory_says_so_first() -> None:
    assert inventory(interrupted_run()).startswith("PARTIAL: interrupted")
    assert not inventory(example_run()).startswith("PARTIAL")
