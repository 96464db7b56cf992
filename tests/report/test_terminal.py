import io
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import Console

from iotscan.model.grade import Grades
from iotscan.model.identification import Identity, KindTrait, Remark
from iotscan.model.run import Run
from iotscan.model.vocabulary import Confidence, Severity
from iotscan.report import terminal
from iotscan.report.ink import Ink
from iotscan.report.inventory import show_inventory

from . import golden
from .example import DEVICES, example_run, image_run, interrupted_run
from .hostile import TRICKS, is_harmless, spoiled

SGR = re.compile(r"\x1b\[[0-9;]*m")


def shown(run: Run, width: int = 80, *, colour: bool = False, **options: bool) -> str:
    return _drawn(lambda console: terminal.render(run, console, **options), width, colour=colour)


def listed(run: Run, width: int = 80, *, colour: bool = False, **options: bool) -> str:
    return _drawn(lambda console: show_inventory(run, console, **options), width, colour=colour)


def _drawn(draw: Callable[[Console], None], width: int, *, colour: bool) -> str:
    file = io.StringIO()
    colours = {"force_terminal": True, "color_system": "standard"} if colour else {"color_system": None}
    console = Console(file=file, width=width, markup=False, emoji=False, highlight=False, _environ={}, **colours)  # type: ignore[arg-type]
    draw(console)
    return file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("make", [example_run, interrupted_run, image_run])
def test_it_fits(make: Callable[[], Run], width: int) -> None:
    for line in (shown(make(), width) + listed(make(), width)).splitlines():
        # A command stays whole so that it can be copied; the terminal wraps it.
        assert cell_len(line.rstrip()) <= width or line.lstrip().startswith("$ "), line


def test_a_list_tells_kind_and_services_in_80_columns_also_where_addresses_are_long() -> None:
    run = example_run()
    device = replace(
        run.devices[0],
        addresses=("192.0.2.10", "192.0.2.11", "fd77::a", "fe80::240:8cff:fe00:70a%eth0"),
        vendor="Axis Communications AB",
        vendor_source="IEEE MA-L registry of 2024-05-28",
        identity=Identity(
            kind=KindTrait(value="camera", confidence=Confidence.TENTATIVE, clues=()),
            remarks=(Remark(about="honeypot", text="may be a honeypot"),),
        ),
    )
    text = listed(replace(run, devices=(device,)), 80)
    assert "camera?" in text
    assert f"{device.services[0].name} {device.services[0].protocol}" in text
    assert "192.0.2.10: beware: may be a honeypot" in text
    wide = listed(replace(run, devices=(device,)), 200)
    assert "Axis Communications AB?" in wide
    assert "registry" not in wide, "the text format says where a vendor is from"


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_nothing_essential_is_cut(width: int) -> None:
    text = shown(example_run(), width)
    for device in DEVICES:
        assert device.address in text
    for needed in ("≤D 3/5", "●C", "● critical", "▲ high", "◆ medium", "▽ low", "○ info", "FAIL · INCOMPLETE", "14/20"):
        assert needed in text


def test_the_first_screen_says_it_all() -> None:
    screen = shown(example_run()).splitlines()[:24]
    for needed in ("Network  F", "Verdict  FAIL", "FIVE ELEMENTS", "DEVICES  6", "192.0.2.44"):
        assert any(needed in line for line in screen), needed


def test_verdict_and_next_step_come_last() -> None:
    lines = shown(example_run()).splitlines()
    verdicts = [n for n, line in enumerate(lines) if line.startswith("Verdict")]
    findings = next(n for n, line in enumerate(lines) if line.startswith("FINDINGS"))
    assert verdicts[0] < findings < verdicts[1]
    assert lines[-1].startswith("  $ iotscan report 01JDA7Q2W3 -f html:report.html")


def test_an_interrupted_run_says_so_before_its_grade() -> None:
    text = shown(interrupted_run())
    assert 0 < text.index("PARTIAL: interrupted; resume with iotscan scan --resume") < text.index("Network")


def test_ascii_is_seven_bits_and_keeps_severities() -> None:
    for text in (
        shown(example_run(), ascii=True),
        shown(spoiled("漢 é"), ascii=True),
        listed(spoiled("漢"), ascii=True),
    ):
        assert text.isascii()
    assert "[C] critical" in shown(example_run(), ascii=True)
    assert "<=D 3/5" in shown(example_run(), ascii=True)


def test_an_ascii_console_gets_ascii() -> None:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    terminal.render(example_run(), Console(file=file, width=80, color_system=None))
    file.flush()
    assert b"[C] critical" in raw.getvalue()


def test_colour_only_repeats_what_words_say() -> None:
    assert SGR.sub("", shown(example_run(), colour=True)) == shown(example_run())


def test_a_command_is_one_line() -> None:
    assert "  $ openssl s_client -connect 192.0.2.1:443 -tls1 -cipher ALL:@SECLEVEL=0\n" in shown(example_run(), 60)


def test_many_places_are_folded_with_a_count() -> None:
    run = example_run()
    (first,) = (r for r in run.results if r.check == "mqtt-anonymous" and r.is_finding)
    places = [replace(first, subject=replace(first.subject, service=f"tcp/{p}")) for p in range(2000, 2050)]
    text = shown(replace(run, results=tuple(places), grades=Grades()))
    assert "mqtt-anonymous  × 50" in text
    assert "and 44 more places" in text
    assert text.count("tcp/20") == terminal.PLACES


def test_many_devices_are_folded_with_a_count() -> None:
    run = example_run()
    many = tuple(replace(run.devices[5], id=f"d{n}", addresses=(f"198.51.100.{n}",)) for n in range(100))
    assert "and 60 more, none of them worse" in shown(replace(run, devices=many))


def test_passed_checks_are_shown_on_request() -> None:
    assert "PASSED" not in shown(example_run())
    assert "PASSED  12\n" in shown(example_run(), show_passed=True)


def test_a_configured_element_says_so() -> None:
    assert "configured, not seen running" in shown(image_run())


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("trick", TRICKS, ids=range(len(TRICKS)))
def test_a_trick_neither_crashes_nor_styles(trick: str, colour: bool) -> None:
    _assert_harmless("x" + trick, 80, colour=colour)


@given(text=st.text(max_size=40), width=st.sampled_from([20, 60, 80, 200]))
@settings(max_examples=30, deadline=None)
def test_any_text_neither_crashes_nor_styles(text: str, width: int) -> None:
    _assert_harmless("x" + text, width, colour=True)


def _assert_harmless(text: str, width: int, *, colour: bool) -> None:
    for drawn in (shown(spoiled(text), width, colour=colour), listed(spoiled(text), width, colour=colour)):
        # What rich itself writes is colour, and only where colour was asked for.
        assert is_harmless(SGR.sub("", drawn) if colour else drawn)


def test_markup_and_emoji_codes_are_shown_as_they_are() -> None:
    text = shown(spoiled("[red]aa:ab:cc[/]"), 120)
    assert "[red]aa:ab:cc[/]" in text


def test_a_bar_is_full_only_when_all_is_assessed() -> None:
    ink = Ink(Console(file=io.StringIO(), width=80), ascii=True)
    bars = {n: ink.bar(n, 1000, 10).plain for n in (0, 1, 500, 999, 1000)}
    assert bars == {0: "-" * 10, 1: "=---------", 500: "=====-----", 999: "=========-", 1000: "=" * 10}


def test_every_severity_has_a_shape_of_its_own() -> None:
    ink = Ink(Console(file=io.StringIO(), width=80), ascii=False)
    assert len({ink.marks.severity[s] for s in Severity}) == len(Severity)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_sample_is_what_is_shown(width: int) -> None:
    lines = (line.rstrip() for line in shown(example_run(), width).splitlines())
    golden.match(golden.REPORTS / "samples" / f"terminal-{width}.txt", "\n".join(lines) + "\n")
