"""Whatever the helper is asked for, it sends nothing but its three questions, in scope, on the link, below its rate.

Its program runs in this process, with sockets that write down and a clock that is turned by hand.
"""

import ast
import io
import json
import socket
import struct
import sys
from contextlib import nullcontext
from ipaddress import ip_address, ip_interface, ip_network
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.observe.network.helper import raw_helper
from iotscan.observe.network.helper.program import SWEEPER

MAC = bytes.fromhex("020000000009")
OWN = tuple(map(ip_interface, ("10.77.0.9/24", "169.254.0.9/16", "fd00:77::9/64", "fe80::9/64")))
INDEX = 7


class Wire:
    """Both sockets at once: what was sent, and when."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sent: list[tuple[float, bytes]] = []

    def monotonic(self) -> float:
        self.now += 2e-6
        return self.now

    def select(self, *_: Any) -> tuple[list[int], list[int], list[int]]:
        self.now += max(_[3], 1e-4)
        return [], [], []

    def send(self, frame: bytes) -> None:
        self.sent.append((self.monotonic(), frame))

    def recv(self, *_: Any) -> bytes:
        raise BlockingIOError

    def fileno(self) -> int:
        return 5

    def bind(self, *_: Any) -> None:
        pass

    def getsockopt(self, *_: Any) -> bytes:
        return bytes(8)


SOCKETS = {"if_nametoindex": lambda name: {"eth0": INDEX}[name], "socket": lambda *_: nullcontext(Wire())}
"""The turn that a helper takes on an interface is nobody else's here, whichever tests run beside."""


def serve(*requests: bytes) -> tuple[Wire, list[dict[str, Any]]]:
    """Have a helper answer requests; what it sent to the wire and what it said."""
    wire, said = Wire(), io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(raw_helper, "own_addresses", lambda index: _networks(index))
        patch.setattr(raw_helper, "fcntl", SimpleNamespace(ioctl=lambda *_: bytes(16) + b"\1\0" + MAC + bytes(16)))
        patch.setattr(raw_helper, "socket", SimpleNamespace(**vars(socket) | SOCKETS))
        patch.setattr(raw_helper, "time", wire)
        patch.setattr(raw_helper, "select", wire)
        patch.setattr(raw_helper, "signal", SimpleNamespace(setitimer=lambda *_: float(_[1]), ITIMER_REAL=0))
        framed = io.BytesIO(b"".join(struct.pack(">I", len(each)) + each for each in requests))
        patch.setattr(raw_helper, "sys", SimpleNamespace(stdin=SimpleNamespace(buffer=framed), byteorder=sys.byteorder))
        patch.setattr(
            raw_helper, "os", SimpleNamespace(write=lambda _, data: said.write(data), getuid=int, urandom=bytes)
        )
        raw_helper.Helper((wire, wire)).serve()  # type: ignore[arg-type]  # a wire stands for its sockets
    frames, left = [], said.getvalue()
    while left:
        (length,) = struct.unpack_from(">I", left)
        frames.append(json.loads(left[4 : 4 + length]))
        left = left[4 + length :]
    return wire, frames


def _networks(index: int) -> list[tuple[int, int, bytes]]:
    number = raw_helper.number
    return [(number(o.network[0]), number(o.network[-1]), o.packed) for o in OWN if index == INDEX]


def request(job: Any, *, scope: Any = "s", seconds: Any = 60, version: Any = 1) -> bytes:
    return json.dumps({"id": 1, "version": version, "seconds": seconds, "scope": scope, "job": job}).encode()


def asked(frame: bytes) -> str:
    """The address that a frame asks for; AssertionError unless it is one of the three questions, in our own name."""
    ours = {o.packed for o in OWN}
    assert frame[6:12] == MAC
    if frame[12:14] == b"\x08\x06":
        assert (frame[:6], frame[14:22]) == (b"\xff" * 6, b"\0\1\x08\0\6\4\0\1")
        assert (frame[22:28], frame[32:38], len(frame)) == (MAC, bytes(6), 42)
        assert frame[28:32] in ours
        return str(ip_address(frame[38:42]))
    assert (frame[:2], frame[12:15], frame[20:22]) == (b"\x33\x33", b"\x86\xdd\x60", b"\x3a\xff")
    assert frame[22:38] in ours
    assert sum(struct.unpack(f">{(len(frame) - 22) // 2}H", frame[22:])) % 0xFFFF == 0xFFFF - (58 + len(frame) - 54)
    to, group = frame[54], ip_address(frame[38:54])
    if to == 128:
        assert (group, len(frame)) == (ip_address("ff02::1"), 70)
        return "everybody"
    assert (to, frame[78:86], len(frame)) == (135, b"\1\1" + MAC, 86)
    target = ip_address(frame[62:78])
    assert group == ip_address(int(ip_address("ff02::1:ff00:0")) + (int(target) & 0xFFFFFF))
    return str(target)


ADDRESSES = st.one_of(
    *(st.ip_addresses(network=ip_network(n)).map(str) for n in ("10.77.0.0/24", "169.254.169.252/30", "10.77.1.0/30")),
    *(st.ip_addresses(network=ip_network(n)).map(str) for n in ("fd00:77::/120", "fe80::/124", "ff02::/120")),
    st.sampled_from(
        ["0.0.0.0", "127.0.0.1", "255.255.255.255", "169.254.169.254", "::1", "::ffff:10.77.0.9", "fe80::1%x"]
    ),
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | ADDRESSES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def _from(first: str, more: int) -> tuple[str, str]:
    start = ip_address(first.partition("%")[0])
    return first, str(type(start)(min(int(start) + more, 2**start.max_prefixlen - 1)))


RANGES = st.lists(st.builds(_from, ADDRESSES, st.integers(0, 30)), min_size=1, max_size=2)
ON_LINK = st.lists(
    st.builds(_from, st.sampled_from(["10.77.0.1", "10.77.0.60", "169.254.169.250"]), st.integers(3, 90)),
    min_size=1,
    max_size=2,
)
NETWORKS = st.lists(
    st.sampled_from(["10.77.0.0/24", "10.77.0.0/25", "0.0.0.0/0", "::/0", "fd00:77::/64", "fe80::/10", "10.77.0.64/26"])
    | ADDRESSES.filter(lambda a: "%" not in a),
    max_size=3,
)
SCOPES = st.just(["0.0.0.0/0", "::/0"]) | st.just(["10.77.0.0/25"]) | NETWORKS
EXCLUDED = st.just([]) | st.sampled_from([["10.77.0.20"], ["10.77.0.64/28"]]) | NETWORKS
NUMBERS = st.sampled_from([0, 1, 3, 1e9, float("nan"), float("inf"), -1]) | st.floats() | ANYTHING
GOOD = {
    "do": st.sampled_from(["arp", "arp", "ndp", "echo-all"]),
    "interface": st.just("eth0"),
    "ranges": ON_LINK | ON_LINK | RANGES,
    "rounds": st.sampled_from([1, 3, 9]),
    "wait": st.sampled_from([0, 0.3, -1.0]),
    "rate": st.sampled_from([1e9, 4000, float("nan"), float("inf")]),
}
BAD = {
    "do": st.sampled_from(["arp", "ndp", "echo-all", "scope", "raw", ""]),
    "interface": st.sampled_from(["eth0", "lo", "", "eth0\0"]),
    "ranges": RANGES | st.lists(st.tuples(ADDRESSES, ADDRESSES), max_size=3) | ANYTHING,
    **dict.fromkeys(("rounds", "wait", "rate"), NUMBERS),
    **dict.fromkeys(("include", "exclude"), NETWORKS),
}
JOBS = st.fixed_dictionaries(GOOD) | st.fixed_dictionaries(GOOD) | st.fixed_dictionaries(BAD) | ANYTHING


@settings(max_examples=250, deadline=None)
@given(SCOPES, EXCLUDED, st.lists(JOBS, max_size=3), st.sampled_from([60, 60, 0.01, -1, float("nan"), "x"]))
def test_whatever_it_is_asked_for(include: list[str], exclude: list[str], jobs: list[Any], seconds: Any) -> None:
    scope = request({"do": "scope", "include": include, "exclude": exclude})
    wire, said = serve(scope, *(request(job, seconds=seconds) for job in jobs))
    assert [("result" in each) != ("error" in each) for each in said] == [True] * (1 + len(jobs))
    counts: dict[str, int] = {}
    for _, frame in wire.sent:
        address = asked(frame)
        counts[address] = counts.get(address, 0) + 1
    for address, count in counts.items():
        assert count <= raw_helper.ROUNDS * len(jobs) * (len(OWN) if address == "everybody" else 1)
        if address == "everybody":
            continue
        parsed = ip_address(address)
        assert any(parsed in own.network for own in OWN)
        assert any(parsed in ip_network(n) for n in include)
        assert not any(parsed in ip_network(n) for n in (*exclude, *raw_helper.NEVER))
    assert_paced(wire)


def assert_paced(wire: Wire) -> None:
    """Two buckets of tokens that never run dry: BURST filled at PEAK, and a second's worth of RATE filled at RATE."""
    for most, rate in ((raw_helper.BURST, raw_helper.PEAK), (raw_helper.RATE + raw_helper.BURST, raw_helper.RATE)):
        level, before = float(most), wire.sent[0][0] if wire.sent else 0.0
        for at, _ in wire.sent:
            level = min(most, level + (at - before) * rate) - 1
            before = at
            assert level >= -0.1, "faster than it may be"


@pytest.mark.parametrize("rate", [4000, 1e9, float("nan"), float("inf")])
def test_no_rate_that_is_asked_for_is_faster_than_the_highest(rate: float) -> None:
    job = {"do": "arp", "interface": "eth0", "rounds": 3, "wait": 0, "rate": rate}
    lasts = ("10.77.0.20", "10.77.0.5", *["10.77.0.200"] * 8)
    jobs = [job | {"ranges": [["10.77.0.1", last]]} for last in lasts]
    scope = {"do": "scope", "include": ["10.77.0.0/24"], "exclude": []}
    wire, said = serve(request(scope), *map(request, jobs))
    assert [each["result"]["frames"] for each in said[1:]] == [60, 15, *[600] * 8]
    assert_paced(wire)


@pytest.mark.parametrize(
    ("kind", "first", "last"),
    [
        ("arp", "10.77.0.10", "10.77.0.30"),
        ("arp", "10.77.0.20", "10.77.0.20"),
        ("arp", "10.77.0.250", "10.77.1.3"),
        ("arp", "10.77.0.9", "10.77.0.8"),
        ("arp", "169.254.169.250", "169.254.170.1"),
        ("arp", "fd00:77::1", "fd00:77::1"),
        ("ndp", "10.77.0.1", "10.77.0.1"),
        ("ndp", "::ffff:10.77.0.1", "::ffff:10.77.0.1"),
        ("ndp", "ff02::1", "ff02::1"),
        ("ndp", "fd00:78::1", "fd00:78::1"),
        ("ndp", "fd00:77::", "fd00:77::ffff:ffff"),
    ],
)
def test_each_way_out_is_closed(kind: str, first: str, last: str) -> None:
    scope = {"do": "scope", "include": ["0.0.0.0/0", "::/0"], "exclude": ["10.77.0.20"]}
    job = {"do": kind, "interface": "eth0", "ranges": [[first, last]], "rounds": 3, "wait": 0, "rate": 4000}
    wire, said = serve(request(scope), request(job))
    assert said[1]["error"].startswith("refused: ")
    assert wire.sent == []


@pytest.mark.parametrize("words", [b"", b"[]", b"{}", b"\xff", b"null", b'{"id": 1}', b"1" * 5000, b"[" * 100_000])
def test_nonsense_is_refused_and_the_next_request_served(words: bytes) -> None:
    wire, said = serve(words, request({"do": "scope", "include": ["10.77.0.0/24"], "exclude": []}))
    assert "error" in said[0]
    assert said[1]["result"] == {"uid": 0}
    assert wire.sent == []


@given(
    st.binary(max_size=100),
    st.sampled_from([b"", b"\x08\x06\0\1\x08\0\6\4", b"\x86\xdd"]),
    st.sampled_from([0, 129, 136]),
)
def test_no_frame_is_read_as_anything_but_an_address(rest: bytes, kind: bytes, message: int) -> None:
    frame = bytearray(rest[:12] + kind + rest[12:])
    if len(frame) > 54:
        frame[54] = message
    found = raw_helper.answer_of(bytes(frame), b"t" * 12)
    if found:
        who, mac = found
        assert raw_helper.number(raw_helper.told(who)) == who
        assert len(mac) == 6


def test_the_first_scope_holds() -> None:
    ask = {"do": "arp", "interface": "eth0", "ranges": [["10.77.0.1", "10.77.0.2"]], "rounds": 1, "wait": 0, "rate": 9}
    narrow = request({"do": "scope", "include": ["10.77.0.1"], "exclude": []})
    wide = {"do": "scope", "include": ["10.0.0.0/8"], "exclude": []}
    wire, said = serve(
        request(ask), narrow, request(wide), request(wide, scope="t"), request(ask), request(ask, version=2)
    )
    assert [list(each)[-1] for each in said] == ["error", "result", "error", "error", "error", "error"]
    assert wire.sent == []


def test_a_frame_that_is_too_long_ends_it() -> None:
    _, said = serve(b" " * (raw_helper.REQUEST_CAP + 1), request({}))
    assert said == []


def test_it_is_short_and_stands_alone() -> None:
    text = SWEEPER.source.read_text()
    assert len(text.splitlines()) <= 300
    imported = {
        name.name.split(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import)
        for name in node.names
    }
    imported |= {
        (node.module or ".").split(".")[0] for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)
    }
    assert imported <= set(sys.stdlib_module_names)
    assert not imported & {"subprocess", "pickle", "importlib", "multiprocessing"}
