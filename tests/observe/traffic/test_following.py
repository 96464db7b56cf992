"""Captures followed: who began, what was said in order, what is only counted, and what is not believed."""

import io
from collections.abc import Sequence
from typing import Any

import pytest

from iotscan.model.capture import Capture
from iotscan.model.errors import BadInput
from iotscan.observe.traffic.conversation import Conversation, Piece, Told
from iotscan.observe.traffic.flows import Limits
from iotscan.observe.traffic.following import Following, Progress
from iotscan.wire.frames import Sighting
from tests.wire.capture.making import (
    ACK,
    CLIENT,
    CLIENT_MAC,
    FIN,
    RST,
    SERVER,
    SERVER_MAC,
    START,
    SYN,
    ethernet,
    ipv4,
    ipv6,
    pcap,
    tcp,
    udp,
)

BACK = (SERVER, CLIENT)
SECOND = 1_000_000_000


class Notebook:
    """A listener that writes all down, and choosers whose readers write down every piece."""

    def __init__(self, enough: int = 1 << 30, **limits: int) -> None:
        self.frames: dict[str, list[int]] = {}
        self.sightings: list[Sighting] = []
        self.ended_: list[Conversation] = []
        self.pieces: dict[int, list[Piece]] = {}
        self.ends: dict[int, int] = {}
        self.asked: list[bytes] = []
        self.enough, self.picky = enough, b""
        self.following = Following(self, [self.choose], Limits(**limits))

    def frame(self, at: int, source: str, length: int, count: int = 1) -> None:
        of = self.frames.setdefault(source, [0, 0])
        of[0] += count
        of[1] += length

    def sighted(self, at: int, seen: Sighting) -> None:
        self.sightings.append(seen)

    def told(self, said: Told) -> None:
        pass

    def ended(self, conversation: Conversation) -> None:
        self.ended_.append(conversation)

    def choose(self, conversation: Conversation, piece: Piece, tell: Any) -> "Reading | None":
        self.asked.append(piece.data)
        return Reading(self, conversation) if piece.data.startswith(self.picky) else None

    def read(self, data: bytes, close: bool = True) -> Capture:
        capture = self.following.read(io.BytesIO(data), "test", lambda progress: None)
        if close:
            self.following.close()
        return capture

    def said(self, conversation: Conversation, *, up: bool) -> bytes:
        return b"".join(piece.data for piece in self.pieces[id(conversation)] if piece.is_upward is up)


class Reading:
    def __init__(self, book: Notebook, conversation: Conversation) -> None:
        self.book, self.key = book, id(conversation)
        book.pieces[self.key] = []

    @property
    def wants_more(self) -> bool:
        return len(self.book.pieces[self.key]) < self.book.enough

    def take(self, piece: Piece) -> None:
        if b"burst" in piece.data:
            raise KeyError("a fault of a reader")
        self.book.pieces[self.key].append(piece)

    def end(self, at: int) -> None:
        self.book.ends[self.key] = self.book.ends.get(self.key, 0) + 1


def up(data: bytes = b"", number: int = 1000, flags: int = ACK, **more: Any) -> bytes:
    return ethernet(ipv4(tcp(data, number=number, flags=flags, **more)))


def down(data: bytes = b"", number: int = 5000, flags: int = ACK, acknowledged: int = 0, **more: Any) -> bytes:
    segment = tcp(data, number=number, flags=flags, acknowledged=acknowledged, ports=(443, 40_000), ends=BACK, **more)
    return ethernet(ipv4(segment, ends=BACK), macs=(SERVER_MAC, CLIENT_MAC))


OPENING = (up(flags=SYN, number=999), down(flags=SYN | ACK, number=4999, acknowledged=1000), up())


def test_a_connection_from_its_beginning_to_its_end() -> None:
    book = Notebook()
    closing = (up(flags=FIN | ACK, number=1008), down(flags=FIN | ACK, number=5006))
    capture = book.read(pcap(*OPENING, up(b"question"), down(b"answer"), *closing))
    (said,) = book.ended_
    assert (said.client.address, said.client.mac, said.client.port) == (CLIENT, CLIENT_MAC.hex(":"), 40_000)
    assert (said.server.address, said.server.mac, said.server.port) == (SERVER, SERVER_MAC.hex(":"), 443)
    assert (said.transport, said.has_beginning, said.packets, said.bytes_up, said.bytes_down) == ("tcp", True, 7, 8, 6)
    assert (said.first, said.last) == (START, START + 6_000_000)
    assert (book.said(said, up=True), book.said(said, up=False)) == (b"question", b"answer")
    assert list(book.ends.values()) == [1]
    assert (capture.frames, capture.unread_frames, capture.problem, capture.links) == (7, 0, "", ("ethernet",))
    assert book.frames == {CLIENT_MAC.hex(":"): [4, 4 * 54 + 8], SERVER_MAC.hex(":"): [3, 3 * 54 + 6]}


@pytest.mark.parametrize("frames", [(down(b"answer"), up(b"question")), (up(b"question"), down(b"answer"))])
def test_where_the_beginning_was_missed_the_server_is_told_by_its_port(frames: Sequence[bytes]) -> None:
    book = Notebook()
    book.read(pcap(*frames))
    (said,) = book.ended_
    assert (said.client.address, said.server.port, said.has_beginning) == (CLIENT, 443, False)


def test_an_answer_to_a_syn_that_was_missed_is_a_beginning() -> None:
    book = Notebook()
    book.read(pcap(*OPENING[1:], up(b"question")))
    (said,) = book.ended_
    assert (said.client.address, said.has_beginning, book.said(said, up=True)) == (CLIENT, True, b"question")


def test_ports_used_anew_are_another_connection() -> None:
    book = Notebook()
    again = up(flags=SYN, number=70_000)
    book.read(pcap(*OPENING, up(b"one"), up(flags=SYN, number=999), again, again, up(b"two", number=70_001)))
    assert [book.said(said, up=True) for said in book.ended_] == [b"one", b"two"]


def test_datagrams_are_pieces_and_cut_ones_say_so() -> None:
    book = Notebook()
    frames = [ethernet(ipv4(udp(data), protocol=17)) for data in (b"one", b"two and more")]
    capture = book.read(pcap(frames[0], frames[1][:-5], lengths=(len(frames[0]), len(frames[1]))))
    (said,) = book.ended_
    pieces = book.pieces[id(said)]
    assert [(piece.data, piece.is_cut) for piece in pieces] == [(b"one", False), (b"two and", True)]
    assert said.bytes_up == 15
    assert capture.cut_frames == 1


def test_an_answer_of_a_server_to_a_datagram_that_was_missed() -> None:
    book = Notebook()
    answer = udp(b"answer", ports=(53, 40_000), ends=BACK)
    book.read(pcap(ethernet(ipv4(answer, protocol=17, ends=BACK), macs=(SERVER_MAC, CLIENT_MAC))))
    (said,) = book.ended_
    assert (said.client.address, said.server.port, said.has_beginning, said.bytes_down) == (CLIENT, 53, False, 6)


@pytest.mark.parametrize("broken", [up(b"question", check=0x1234), up(flags=SYN, check=0x1234)])
def test_a_damaged_segment_begins_nothing(broken: bytes) -> None:
    book = Notebook()
    capture = book.read(pcap(broken))
    assert not book.ended_
    assert capture.unread_frames == 1


def test_a_damaged_header_is_nobodys() -> None:
    book = Notebook()
    frame = bytearray(up(b"question"))
    frame[27] ^= 1
    capture = book.read(pcap(bytes(frame)))
    assert not book.ended_
    assert not book.frames
    assert capture.unread_frames == 1


def test_damaged_payload_is_passed_on_as_doubtful_and_a_good_copy_instead_of_it() -> None:
    book = Notebook()
    book.read(pcap(*OPENING, up(b"questioN", check=0x1234), down(b"?", acknowledged=1008)))
    (said,) = book.ended_
    assert [(piece.data, piece.is_doubtful) for piece in book.pieces[id(said)]] == [(b"?", False), (b"questioN", True)]
    book = Notebook()
    book.read(pcap(*OPENING, up(b"questioN", check=0x1234), up(b"question")))
    assert book.said(book.ended_[0], up=True) == b"question"


def test_a_damaged_reset_ends_nothing() -> None:
    book = Notebook()
    reset = down(flags=RST, number=5000, check=0x1234)
    late = START + 60 * SECOND
    times = (*range(START, START + 4), *range(late, late + 300))
    book.read(pcap(*OPENING, reset, *[up(b"x", number=1000 + n) for n in range(300)], times=times))
    assert [book.said(said, up=True) for said in book.ended_] == [b"x" * 300]


def test_late_copies_after_the_end_are_no_new_connection() -> None:
    book = Notebook()
    book.read(
        pcap(*OPENING, up(b"question"), down(flags=RST, number=5000), up(b"question"), up(flags=FIN | ACK, number=1008))
    )
    assert len(book.ended_) == 1


def test_once_nobody_wants_more_the_rest_is_counted() -> None:
    book = Notebook(enough=1)
    data = [up(b"x" * 100, number=1000 + 100 * n) for n in range(50)]
    book.read(pcap(*OPENING, *data))
    (said,) = book.ended_
    assert len(book.pieces[id(said)]) == 1
    assert (said.packets, said.bytes_up) == (53, 5000)
    assert book.frames[CLIENT_MAC.hex(":")] == [52, 52 * 54 + 5000]
    assert book.ends[id(said)] == 1


LONG = b"x" * 100


@pytest.mark.parametrize("enough", [0, 1, 1 << 30])
@pytest.mark.parametrize(
    ("numbers", "bytes_up"),
    [
        ((1000, 1100, 1200), 300),
        ((1000, 1100, 1100, 1000, 1200, 1100), 300),  # sent again
        ((1000, 1000, 1000), 100),
        ((1000, 1200, 1100), 300),  # out of order
        ((1100, 1000, 1200), 300),  # from the beginning on
        ((1000, 1200, 1100, 1200, 1100), 300),
        ((1000, 1050, 1150, 1120), 250),  # cut otherwise when it was sent again
        ((1000, 1300), 200),  # what the capture lacks is no payload that was seen
        ((1000, 1200, 1200, 1200), 300),  # never more than lies between the numbers
        ((1000, 999), 100),  # a probe whether the connection still is there
        ((1000, 1000 - (1 << 30), 1100 - (1 << 30)), 300),  # of another connection with the same ports
        ((1000, 1000 + (1 << 30), 1100, 1200), 400),
    ],
)
def test_bytes_are_counted_once_however_often_they_are_sent(numbers: Sequence[int], bytes_up: int, enough: int) -> None:
    """Whether somebody reads them, or they are only counted."""
    book = Notebook(enough=enough)
    book.read(pcap(*OPENING, *(up(LONG, number=number % (1 << 32)) for number in numbers)))
    (said,) = book.ended_
    assert (said.packets, said.bytes_up) == (3 + len(numbers), bytes_up)


def test_numbers_begin_anew_behind_the_last_one() -> None:
    last = (1 << 32) - 101
    book = Notebook(enough=1)
    opening = (up(flags=SYN, number=last - 1), down(flags=SYN | ACK, number=4999, acknowledged=last))
    numbers = (last, last, last + 100, last + 200, last + 100, last + 300)
    book.read(pcap(*opening, *(up(LONG, number=number % (1 << 32)) for number in numbers)))
    assert book.ended_[0].bytes_up == 400


def test_who_reads_is_asked_with_each_side_and_with_more_where_the_first_was_too_little() -> None:
    book = Notebook()
    book.picky = b"220 mail server here"
    book.read(
        pcap(*OPENING, up(b"EHLO a name that is long enough"), down(b"220 mail "), down(b"server here", number=5009))
    )
    (said,) = book.ended_
    assert book.asked[-1] == b"220 mail server here"
    assert book.said(said, up=True) == b"EHLO a name that is long enough"
    assert book.said(said, up=False) == b"220 mail server here"


def test_what_nobody_reads_is_not_asked_about_for_ever() -> None:
    book = Notebook()
    book.picky = b"nothing begins like this"
    book.read(pcap(*OPENING, *[up(b"x" * 60, number=1000 + 60 * n) for n in range(200)]))
    assert len(book.asked) < 5
    assert book.ended_[0].bytes_up == 12_000


def test_a_reader_that_raises_loses_its_conversation_only() -> None:
    book = Notebook()
    other = ethernet(ipv4(udp(b"hello"), protocol=17))
    capture = book.read(pcap(*OPENING, up(b"burst"), other))
    assert sum(book.following.failures.values()) == 1
    assert [said.transport for said in book.ended_] == ["tcp", "udp"]
    assert capture.problem == ""


def test_who_is_there_is_seen_by_what_is_said_to_all() -> None:
    book = Notebook()
    to_all = ethernet(
        ipv4(udp(b"hello", ports=(9, 5353), ends=(CLIENT, "224.0.0.251")), protocol=17, ends=(CLIENT, "224.0.0.251"))
    )
    arp = bytes.fromhex("0001080006040001") + CLIENT_MAC + bytes([10, 77, 0, 21]) + bytes(6) + bytes([10, 77, 0, 1])
    tagged = b"\0\7\x08\6" + arp
    book.read(pcap(to_all, ethernet(arp, kind=0x0806), ethernet(tagged, kind=0x8100)))
    assert [(seen.kind, seen.mac, seen.source) for seen in book.sightings] == [
        (kind, CLIENT_MAC.hex(":"), CLIENT) for kind in ("udp", "arp", "arp")
    ]
    assert book.sightings[0].payload == b"hello"


def test_ipv6_and_vlans_are_followed() -> None:
    six = ("2001:db8::21", "2001:db8::80")
    over6 = ethernet(ipv6(udp(b"six", ends=six), protocol=17, ends=six), kind=0x86DD)
    inside = ipv4(udp(b"vlan"), protocol=17)
    book = Notebook()
    book.read(pcap(over6, *[ethernet(bytes([0, n, 8, 0]) + inside, kind=0x8100) for n in (1, 2, 1)]))
    assert [(said.client.address, said.vlan, said.packets) for said in book.ended_] == [
        ("2001:db8::21", 0, 1), (CLIENT, 2, 1), (CLIENT, 1, 2)
    ]  # fmt: skip


def test_conversations_are_bounded_and_open_ones_that_go_are_told() -> None:
    book = Notebook(conversations=100)
    frames = [ethernet(ipv4(udp(b"hello", ports=(n + 1025, 5683)), protocol=17)) for n in range(1000)]
    capture = book.read(pcap(*frames), close=False)
    assert len(book.ended_) >= 900
    assert len(book.following._flows.udp) <= 200
    assert capture.lost_conversations == len(book.ended_)
    book.following.close()
    assert len(book.ended_) == 1000


def test_scanned_ports_go_before_conversations_that_say_something() -> None:
    book = Notebook(conversations=100)
    knocks = [up(flags=SYN, number=n, ports=(n + 1025, 443)) for n in range(1000)]
    book.read(pcap(*OPENING, up(b"question"), *knocks, up(b"more", number=1008)))
    assert b"questionmore" in [book.said(said, up=True) for said in book.ended_ if id(said) in book.pieces]


def test_what_is_still_for_long_is_over() -> None:
    book = Notebook(udp_idle=60 * SECOND)
    frames = [ethernet(ipv4(udp(b"hello", ports=(n % 300 + 1025, 5683)), protocol=17)) for n in range(900)]
    times = tuple(START + n * SECOND for n in range(900))
    book.read(pcap(*frames, times=times))
    assert len(book.ended_) == 900


def test_one_frame_from_the_future_ends_nothing() -> None:
    book = Notebook()
    times = (*(START + n for n in range(300)), START + 10**18, *(START + n for n in range(301, 601)))
    numbers = range(601 - 3)
    book.read(pcap(*OPENING, *[up(b"x", number=1000 + n) for n in numbers], times=times))
    assert [book.said(said, up=True) for said in book.ended_] == [b"x" * len(numbers)]


def test_several_captures_are_one() -> None:
    book = Notebook()
    first = book.read(pcap(*OPENING, up(b"one")), close=False)
    second = book.read(pcap(up(b"two", number=1003)))
    assert (first.frames, second.frames) == (4, 1)
    assert [book.said(said, up=True) for said in book.ended_] == [b"onetwo"]


def test_what_is_no_capture_is_bad_input() -> None:
    with pytest.raises(BadInput, match="test is no capture"):
        Notebook().read(b"GIF89a" + bytes(100))


def test_damage_is_told_and_the_whole_file_hashed() -> None:
    import hashlib

    data = pcap(*OPENING) + b"\xff" * 40
    capture = Notebook().read(data)
    assert "damaged" in capture.problem
    assert (capture.sha256, capture.size, capture.frames) == (hashlib.sha256(data).hexdigest(), len(data), 3)


def test_progress_is_told_from_time_to_time_and_at_the_end() -> None:
    heard: list[Progress] = []
    data = pcap(*OPENING)
    Notebook().following.read(io.BytesIO(data), "test", heard.append)
    assert heard[-1] == Progress(frames=3, bytes=len(data), first=START, last=START + 2_000_000)


def test_what_is_lost_of_a_conversation_is_counted() -> None:
    whole, lost, tail = up(b"question"), up(b"more", number=1012), up(b"and more", number=1016)
    book = Notebook()
    book.read(pcap(*OPENING, whole, down(b"answer")))
    assert book.ended_[0].bytes_missed == 0
    book = Notebook()
    book.read(pcap(*OPENING, whole, lost))
    assert book.ended_[0].bytes_missed == 4
    book = Notebook()
    frames = (*OPENING, whole, tail[:-5])
    book.read(pcap(*frames, lengths=(*map(len, frames[:-1]), len(tail))))
    assert book.ended_[0].bytes_missed == 8 + 5  # before it, and beyond the snaplen behind it
    book = Notebook()
    frame = ethernet(ipv4(udp(b"two and more"), protocol=17))
    book.read(pcap(frame[:-5], lengths=(len(frame),)))
    assert book.ended_[0].bytes_missed > 0
