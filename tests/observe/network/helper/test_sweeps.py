"""The helper as it is started by root, on a link of its own: it finds all that answers, and gives its rights up."""

import os
import re
from pathlib import Path

import anyio
import pytest

from iotscan.observe.network.helper.client import RawHelper, Seen
from iotscan.observe.network.helper.program import SWEEPER, Unavailable
from tests.lan.network import poll
from tests.observe.network.helper.conftest import MUTE, SILENT, SIX, SLEEPER, Heard, Link, answering, sweep

pytestmark = pytest.mark.lan

WHOLE = ("10.77.0.10", "10.77.0.254")


def test_silent_sleeping_and_deaf_devices_are_found(link: Link) -> None:
    link.scanner.run("ip", "neigh", "flush", "dev", "eth0", check=True)

    async def ask():
        async with link.helper("10.77.0.0/24") as helper:
            return await sweep(helper, "arp", WHOLE)

    swept, heard = anyio.run(ask)
    asked = {seen.address: seen.asked for seen in heard}
    assert heard.addresses == {MUTE, SILENT, SLEEPER}
    assert len(heard) == 3
    assert asked[SLEEPER] == 3
    assert asked[MUTE] in (1, 2)
    assert (swept.strays, swept.dropped, swept.unsent, swept.problem) == (0, 0, 0, "")
    assert 3 * 243 <= swept.frames <= 3 * 245
    assert not link.scanner.run("ip", "-4", "neigh").stdout, "the kernel's table has no part in it"


def test_a_device_without_ipv4_is_found(link: Link) -> None:
    async def ask():
        async with link.helper("fd00:77::/64", "fe80::/10") as helper:
            _, everybody = await sweep(helper, "echo-all")
            _, one = await sweep(helper, "ndp", ("fd00:77::10", "fd00:77::30"))
        async with link.helper("fd00:77::/64") as helper:
            swept, without_link_local = await sweep(helper, "echo-all")
        return everybody, one, without_link_local, swept

    everybody, one, without_link_local, swept = anyio.run(ask)
    assert everybody.addresses >= set(SIX)
    assert one.addresses == {SIX[0]}
    assert {seen.mac for seen in one} == {"02:00:00:00:00:21"}
    assert without_link_local.addresses == {SIX[0]}
    assert swept.strays > 0, "link-local answers, which are not in this scope"


def test_a_flood_in_the_name_of_others_changes_nothing(link: Link) -> None:
    liar = answering(link.joined("liar", last=0x70), "forge", "10.77.1.0", "300")

    async def ask():
        async with link.helper("10.77.0.0/16", exclude=("10.77.0.250",)) as helper:
            return await sweep(helper, "arp", ("10.77.0.10", "10.77.0.99"))

    try:
        swept, heard = anyio.run(ask)
    finally:
        liar.run("ip", "link", "set", "eth0", "down", check=True)
    assert heard.addresses == {MUTE, SILENT, SLEEPER}
    assert swept.strays > 1000
    assert swept.problem == ""


def test_an_interface_that_goes_down_is_named_and_what_was_heard_stays(link: Link) -> None:
    machine = link.joined("doomed", "10.78.0.1", last=0x78)
    machine.run("ip", "address", "add", "10.79.0.1/16", "dev", "eth0", check=True)
    peer = answering(link.joined("peer", last=0x79), "live", "10.79.0.5", "1")
    doomed = Link(machine, link.joined)
    heard = Heard()

    async def cut(seen: Seen) -> None:
        heard.append(seen)
        machine.run("ip", "link", "set", "eth0", "down", check=True)

    async def ask():
        async with doomed.helper("10.79.0.0/16") as helper:
            return await helper.sweep("arp", "eth0", [("10.79.0.2", "10.79.255.254")], cut, seconds=60)

    swept = anyio.run(ask)
    peer.run("ip", "link", "set", "eth0", "down", check=True)
    assert heard.addresses == {"10.79.0.5"}
    assert swept.problem == "Network is down"
    assert swept.round == 0
    assert swept.at.startswith("10.79.")


def test_it_has_no_rights_left_and_ends_with_whoever_asks(link: Link) -> None:
    async def ask() -> tuple[str, int]:
        helper = link.helper("10.77.0.0/24")
        await sweep(helper, "arp", (SILENT, SILENT))
        process = helper._process
        assert process is not None
        (child,) = [p for p in _running() if p not in before]
        status = Path(f"/proc/{child}/status").read_text()
        with anyio.move_on_after(0.05):  # in the middle of a sweep
            await sweep(helper, "arp", WHOLE)
        return status, child

    before = _running()
    status, child = anyio.run(ask)
    assert re.search(r"^Uid:\s+65534\s+65534\s+65534\s+65534$", status, re.M)
    assert re.search(r"^Groups:\s*$", status, re.M)
    assert set(re.findall(r"^Cap(?:Inh|Prm|Eff|Amb):\s+(\w+)$", status, re.M)) == {"0" * 16}
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.M)
    poll("the helper ends", lambda: child not in _running())


def _running() -> set[int]:
    """The helpers that run and are ours: other tests have their own."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdecimal() else []
        except OSError:
            continue
        if str(SWEEPER.source).encode() in words and b"nsenter" not in words[0] and _is_ours(int(entry.name)):
            found.add(int(entry.name))
    return found


def _is_ours(process: int) -> bool:
    """Whether this process began it, itself or through others."""
    while process > 1 and process != os.getpid():
        try:
            status = Path(f"/proc/{process}/status").read_text()
        except OSError:
            return False
        process = int(re.findall(r"^PPid:\s+(\d+)$", status, re.M)[0])
    return process == os.getpid()


def test_two_at_a_time_take_turns(link: Link) -> None:
    async def ask() -> list[set[str]]:
        found: list[set[str]] = []

        async def one() -> None:
            async with link.helper("10.77.0.0/24") as helper:
                _, heard = await sweep(helper, "arp", (MUTE, SILENT))
                found.append(heard.addresses)

        async with anyio.create_task_group() as group:
            group.start_soon(one)
            group.start_soon(one)
        return found

    assert anyio.run(ask) == [{MUTE, SILENT}] * 2


@pytest.mark.parametrize(
    ("kind", "ranges", "why"),
    [
        ("arp", ("10.77.0.8", "10.77.1.1"), "not in scope"),
        ("arp", ("10.77.0.240", "10.77.0.251"), "not in scope"),
        ("arp", ("10.78.0.1", "10.78.0.1"), "not on the link"),
        ("arp", ("fd00:77::1", "fd00:77::1"), "not on the link"),
        ("ndp", ("fd00:77::", "fd00:77::ffff:ffff"), "more than 65536"),
        ("anything", (MUTE, MUTE), "no such request"),
    ],
)
def test_what_it_may_not_do_it_refuses(link: Link, kind: str, ranges: tuple[str, str], why: str) -> None:
    async def ask() -> None:
        scope = ("10.77.0.0/24", "10.78.0.0/24", "fd00:77::/64")
        async with link.helper(*scope, exclude=("10.77.0.251",)) as helper:
            await sweep(helper, kind, ranges)

    with pytest.raises(Unavailable, match=why):
        anyio.run(ask)


def test_one_that_does_not_start_says_why(link: Link) -> None:
    async def ask(*words: str) -> None:
        async with RawHelper(link.helper("10.77.0.0/24")._scope, "0" * 64, words) as helper:
            await sweep(helper, "arp", (MUTE, MUTE))

    with pytest.raises(Unavailable, match="Operation not permitted"):
        anyio.run(ask, "setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", *link.words()[4:])
    with pytest.raises(Unavailable, match="no password"):
        anyio.run(ask, "sh", "-c", "echo no password >&2")
    assert os.getuid() == 0
