"""Reports of nmap's, whole, cut short and hostile."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.facts import ServiceOpinion
from iotscan.observe.network.opinion.reading import NotAsked, read_opinion
from iotscan.wire.nmap_xml import NotNmap
from tests.observe.network.opinion.fakes import report


def told(document: str) -> ServiceOpinion | None:
    return read_opinion(document.encode(), 7, by="nmap 7.93")


def test_what_it_heard_is_its_opinion() -> None:
    fact = told(report(7))
    assert fact is not None
    assert (fact.by, fact.says, fact.confidence) == ("nmap 7.93", "acme (Acme hub 1.2)", 10)


@pytest.mark.parametrize(
    ("name", "conf"), [("nfapi", "3"), ("tcpwrapped", "8"), ("unknown", "10"), ("", "10"), ("x", "²"), ("x", "999")]
)
def test_what_it_reads_off_a_number_or_does_not_know_is_none(name: str, conf: str) -> None:
    assert told(report(7, name=name, conf=conf)) is None


def test_a_port_that_it_did_not_reach_is_not_unknown_to_it() -> None:
    for document in (report(7, state="closed"), report(8)):
        with pytest.raises(NotAsked):
            told(document)


def test_a_report_that_is_cut_short_is_none() -> None:
    whole = report(7)
    for end in range(0, len(whole) - len("</nmaprun>\n"), 7):
        with pytest.raises(NotNmap):
            told(whole[:end])


SUBSETS = (
    '<!DOCTYPE nmaprun [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
    '<!DOCTYPE nmaprun [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    '<!DOCTYPE nmaprun [<!ENTITY % x SYSTEM "http://192.0.2.1/x"> %x;]>',
)


@pytest.mark.parametrize("subset", SUBSETS)
def test_what_declares_an_entity_is_refused_before_python_nmap_sees_it(subset: str) -> None:
    document = report(7, product="&x;&b;").replace("<!DOCTYPE nmaprun>", subset)
    with pytest.raises(NotNmap, match="declares"):
        told(document)


def test_nor_does_it_see_what_is_nested_too_deep() -> None:
    with pytest.raises(NotNmap, match="nested"):
        told(report(7).replace("<host>", "<a>" * 100_000 + "</a>" * 100_000 + "<host>"))


@pytest.mark.parametrize(
    "change",
    [
        ("<runstats>", "<other>", "</runstats>", "</other>"),
        ("<host><status", "<host/><host><status", "", ""),
        ('portid="7"', 'portid="seven"', "", ""),
        ('<state state="open" reason="syn-ack"/>', "", "", ""),
    ],
)
def test_one_that_lacks_a_part_is_none(change: tuple[str, str, str, str]) -> None:
    first, instead, last, too = change
    with pytest.raises((NotNmap, NotAsked)):
        told(report(7).replace(first, instead).replace(last, too))


def test_what_a_device_said_is_made_safe() -> None:
    fact = told(report(7, product="&#x202e;evil&#x9b;31m &lt;script&gt;" + "x" * 5000))
    assert fact is not None
    assert "\u202e" not in fact.product
    assert "\x9b" not in fact.product
    assert len(fact.product) <= 130


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 600))
def test_no_bytes_make_reading_fail_otherwise(piece: bytes, at: int) -> None:
    whole = report(7).encode()
    try:
        read_opinion(whole[:at] + piece + whole[at + len(piece) :], 7, by="nmap")
    except (NotNmap, NotAsked):
        return
