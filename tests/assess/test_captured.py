"""A command to check a finding by reads the capture that was given."""

import shlex

import msgspec
import pytest

from iotscan.assess.captured import name_captures
from iotscan.assess.uses import filter_traffic
from iotscan.model.capture import Capture
from iotscan.model.facts import Talk
from iotscan.model.facts.traffic import Peer
from iotscan.model.pseudonyms import ADVICE, Pseudonyms, pseudonymise
from tests.report.example import example_run

TALK = Talk(role="client", peer=Peer(address="203.0.113.5"), transport="tcp", port=80)
RUN = example_run()
RESULT = msgspec.structs.replace(RUN.results[0], reproduce=filter_traffic(TALK))
FILTER = ["-Y", "ip.addr == 203.0.113.5 && tcp.port == 80"]


def file(name: str) -> Capture:
    return Capture(source=name, sha256="0" * 64)


@pytest.mark.parametrize("name", ["lan.pcap", "/tmp/my lan;reboot.pcap", "-r", "$(reboot).pcap", "grün.pcapng.gz"])
def test_the_file_that_was_read_is_named_and_cannot_break_out(name: str) -> None:
    (told,) = name_captures([RESULT], [file(name)])
    assert shlex.split(told.reproduce) == ["tshark", "-r", name, *FILTER]


def test_the_copy_of_what_was_heard_is_named_and_hidden_with_the_names_of_files() -> None:
    heard = Capture(source="br0", format="live", kept="ada at home.pcapng")
    results = name_captures([RESULT], [heard])
    assert shlex.split(results[0].reproduce) == ["tshark", "-r", "ada at home.pcapng", *FILTER]
    run = msgspec.structs.replace(RUN, results=results, captures=(heard,))
    assert "ada at home" not in repr(pseudonymise(run, Pseudonyms(b"k" * 32)))


@pytest.mark.parametrize(
    "captures",
    [(file("a.pcap"), file("b.pcap")), (), (Capture(source="-"),), (file("a.pcap"), Capture(source="-"))],
)
def test_where_it_is_no_file_or_one_of_several_the_reader_puts_it_in(captures: tuple[Capture, ...]) -> None:
    (told,) = name_captures([RESULT], captures)
    assert told.reproduce == RESULT.reproduce


def test_other_commands_stay() -> None:
    other = msgspec.structs.replace(RESULT, reproduce="openssl s_client -connect 192.0.2.1:443")
    assert name_captures([other], [file("a.pcap")]) == (other,)


@pytest.mark.parametrize("name", ["acme-hq.pcap", "/home/ann/acme hq.pcap", "acme's.pcap"])
def test_a_strict_report_does_not_say_what_the_file_is_called(name: str) -> None:
    captures = (file(name),)
    run = msgspec.structs.replace(RUN, captures=captures, results=name_captures([RESULT], captures))
    told = pseudonymise(run, Pseudonyms(b"k" * 32))
    (result,) = told.results
    assert "acme" not in result.reproduce
    assert result.reproduce.endswith(ADVICE) == ("'" not in name)
