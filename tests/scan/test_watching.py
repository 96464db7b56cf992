"""A watch tells who comes, goes and changes, once; silence of a round or two is nothing."""

from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from iotscan.model.device import Service
from iotscan.model.errors import BadInput
from iotscan.model.facts import Claim
from iotscan.model.observation import Attempt
from iotscan.model.run import Run
from iotscan.model.vocabulary import AttemptStatus
from iotscan.model.watching import WatchEvent
from iotscan.scan import watching
from iotscan.scan.rounds import Rounds
from iotscan.scan.watching import PATIENCE, Watching
from tests.assess.making import at
from tests.assess.test_lists import listing, swept
from tests.model.test_lasting import LOCAL, M1, M2, U1, dev

ALL = (dev(1, M1), dev(2, M2), dev(3))


def told(*rounds: Run, watch: Watching | None = None) -> list[list[str]]:
    """Of each round, the events as ``what label``; the round's own left out unless it has a note."""
    watch = watch or Watching()
    return [[words(e) for e in watch.take(run, n) if e.event != "round" or e.note] for n, run in enumerate(rounds, 1)]


def words(event: WatchEvent) -> str:
    changes = ", ".join(f"{s.what} {s.before}>{s.after}" for s in event.shifts)
    return " ".join(w for w in (event.event, event.label, changes, event.note.partition(":")[0]) if w)


def without(*numbers: int) -> Run:
    return listing(*(d for d in ALL if d.id not in {f"d{n}" for n in numbers}))


def test_the_first_round_is_told_whole_and_the_next_only_where_it_differs() -> None:
    assert told(listing(*ALL[:2]), listing(*ALL[:2]), listing(*ALL)) == [
        ["present 192.0.2.1", "present 192.0.2.2"],
        [],
        ["appeared 192.0.2.3"],
    ]


def test_one_is_not_seen_only_after_several_rounds_and_told_once() -> None:
    rounds = [listing(*ALL), *[without(2)] * (PATIENCE + 2), listing(*ALL)]
    assert told(*rounds)[1:] == [*[[]] * (PATIENCE - 1), ["not_seen 192.0.2.2"], [], [], ["back 192.0.2.2"]]


def test_who_sleeps_does_not_flap() -> None:
    """Every third round, then every sixth; after it was taken for gone once, it is given longer."""
    third = [listing(*ALL) if n % 3 == 0 else without(2) for n in range(12)]
    assert [e for events in told(*third)[1:] for e in events] == []
    sixth = [listing(*ALL) if n % 6 == 0 else without(2) for n in range(40)]
    assert [e for events in told(*sixth)[1:] for e in events] == ["not_seen 192.0.2.2", "back 192.0.2.2"]


@pytest.mark.parametrize(
    "deaf",
    [{"status": "interrupted"}, {"ways": {"mdns": ""}}, {"ways": {"arp": "Network is down"}}],
    ids=["cut short", "no ARP this time", "fell short"],
)
def test_a_round_that_did_not_look_counts_for_nothing(deaf: dict[str, Any]) -> None:
    found = [replace(d, found_by=("answers ARP",)) for d in ALL]
    rounds = [listing(*found), *[listing(found[0], **deaf)] * 9, listing(*found)]
    assert [e for events in told(*rounds)[1:] for e in events if not e.startswith("round ")] == []


def test_nobody_at_all_is_our_own_link_and_nobody_gone() -> None:
    said = told(listing(*ALL), *[listing()] * 9)
    assert said[1:] == [["round nobody at all answered"]] * 9
    # That this machine answers itself makes no difference; that anybody else does, does.
    own = Watching(own=["192.0.2.1"])
    assert told(listing(*ALL), *[listing(ALL[0])] * 4, watch=own)[1:] == [["round nobody at all answered"]] * 4
    assert told(listing(*ALL), *[listing(ALL[0])] * 3)[3] == ["not_seen 192.0.2.2", "not_seen 192.0.2.3"]


def test_a_lone_device_can_leave() -> None:
    assert told(listing(dev(1, M1)), *[listing()] * PATIENCE)[-1] == ["not_seen 192.0.2.1"]


def test_another_address_is_a_move_and_no_newcomer() -> None:
    moved = listing(replace(dev(9, M1)), dev(2, M2))
    assert told(without(3), moved, moved)[1:] == [["changed 192.0.2.9 address 192.0.2.1>192.0.2.9"], []]
    # A made-up MAC proves nothing: at another address it is somebody else.
    stranger = listing(dev(9, LOCAL), dev(2, M2))
    assert told(listing(dev(1, LOCAL), dev(2, M2)), stranger)[1] == ["appeared 192.0.2.9"]


def test_an_address_that_is_silent_once_is_no_move_and_one_that_went_on_is_free() -> None:
    both = replace(dev(1, M1), addresses=("192.0.2.1", "192.0.2.101"))
    one = replace(both, addresses=("192.0.2.1",))
    assert [e for events in told(*(listing(d, dev(2, M2)) for d in (both, one, both, one)))[1:] for e in events] == []
    # Its old address is given to another before it is forgotten: that one is known by itself from then on.
    heir = replace(dev(101), id="heir")
    rounds = [
        listing(both, dev(2, M2)),
        *[listing(one, heir, dev(2))] * 3,
        listing(heir, dev(2, M2)),
        listing(one, dev(2)),
    ]
    assert [e for events in told(*rounds)[1:] for e in events] == ["appeared 192.0.2.101"]
    # So it is where the first one is silent in that round.
    rounds = [listing(both, dev(2, M2)), listing(one, dev(2, M2)), listing(heir, dev(2, M2))]
    assert told(*rounds)[2] == ["appeared 192.0.2.101"]


def with_ports(*ports: int, closed: tuple[int, ...] = (), filtered: tuple[int, ...] = (), udp: bool = False) -> Run:
    services = [Service(transport="tcp", port=p, protocol="http") for p in ports]
    services += [Service(transport="udp", port=161, protocol="snmp")] if udp else []
    device = replace(dev(1, M1), services=tuple(services))
    silent = () if udp else (Attempt(subject=at("udp/161"), need="snmp-agent", status=AttemptStatus.TIMED_OUT),)
    return listing(device, seen=[swept(1, open=ports, closed=closed, filtered=filtered)], attempts=silent)


def test_a_service_that_refuses_is_told_at_once_and_one_that_is_silent_later() -> None:
    first = with_ports(80, 443, udp=True)
    assert told(first, with_ports(443, 8080, closed=(80,), udp=True))[1] == [
        "changed 192.0.2.1 service tcp/80 http>, service >tcp/8080 http"
    ]
    silent = with_ports(443, filtered=(80,))
    assert told(first, silent, first, silent, silent) == [["present 192.0.2.1"], [], [], [], []]
    assert told(first, *[silent] * (PATIENCE + 2))[1:] == [
        *[[]] * (PATIENCE - 1),
        ["changed 192.0.2.1 service tcp/80 http>, service udp/161 snmp>"],
        [],
        [],
    ]


def named(*names: str) -> Run:
    return listing(replace(dev(1, M1), claims=tuple(Claim(what="name", value=n, how="mdns") for n in names)))


def test_a_name_is_told_once_and_not_hearing_it_is_no_change() -> None:
    said = told(named("hall"), named(), named("hall"), named("den"), named("hall"), named("den"))
    assert [e for events in said[1:] for e in events] == ["changed den name hall>den"]


def test_names_without_end_are_not_kept_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_CLAIMS", 8)
    monkeypatch.setattr(watching, "KNOWN", 5)
    watch = Watching()
    for n in range(1, 60):
        crowd = [replace(dev(k), addresses=(f"192.0.2.{k}",), id=f"c{n}-{k}") for k in range(2 + n % 40, 6 + n % 40)]
        watch.take(listing(*named(f"name {n}").devices, *crowd), n)
    assert max(len(d.claims) for d in watch.present) <= 9
    assert len(watch.present) + len(watch.away) == 5


def test_what_an_earlier_list_has_is_taken_for_granted() -> None:
    watch = Watching()
    watch.begin_from(listing(dev(1, M1), dev(2, uuid=U1)))
    first = told(listing(dev(9, M1), dev(3)), *[listing(dev(9, M1), dev(3))] * 2, watch=watch)
    assert first == [
        ["changed 192.0.2.9 address 192.0.2.1>192.0.2.9", "appeared 192.0.2.3"],
        [],
        ["not_seen 192.0.2.2"],
    ]


fleets = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from(["", M1, M2, LOCAL])), max_size=3, unique_by=lambda d: d[0]
)


@given(fleets, st.integers(2, 6))
def test_a_quiet_network_is_told_nothing_of(rows, rounds) -> None:
    run = listing(*(dev(n, mac) for n, mac in rows))
    assert [e for events in told(*[run] * rounds)[1:] for e in events] == []


@given(st.lists(fleets, min_size=2, max_size=6), st.randoms())
def test_the_order_of_devices_says_nothing(rounds, random) -> None:
    shuffled = [random.sample(rows, len(rows)) for rows in rounds]
    one, other = ([listing(*(dev(n, mac) for n, mac in rows)) for rows in each] for each in (rounds, shuffled))
    assert [sorted(events) for events in told(*one)] == [sorted(events) for events in told(*other)]


# Rounds


class Look:
    """A discovery that gives a run at once, or waits to be interrupted."""

    def __init__(self, run: Run, hangs: bool = False) -> None:
        self._run, self._cut = run, anyio.Event()
        self._hangs = hangs

    async def run(self) -> Run:
        if self._hangs:
            await self._cut.wait()
            return replace(self._run, status="interrupted")
        return self._run

    def interrupt(self) -> None:
        self._cut.set()


def test_rounds_are_as_many_as_asked_for_and_between_them_is_a_pause() -> None:
    seen: list[tuple[int, float]] = []

    async def pause(seconds: float) -> None:
        seen.append((0, seconds))

    rounds = Rounds(lambda n: Look(listing()), lambda run, n: seen.append((n, 0)), every=90, most=3, pause=pause)
    assert anyio.run(rounds.run) == "rounds"
    assert seen == [(1, 0), (0, 90), (2, 0), (0, 90), (3, 0)]


@pytest.mark.parametrize("hangs", [True, False], ids=["in a round", "in a pause"])
def test_an_interruption_ends_a_round_with_what_there_is_and_a_pause_at_once(hangs: bool) -> None:
    taken: list[str] = []

    async def main() -> tuple[str, list[str]]:
        began = anyio.Event()

        async def pause(_: float) -> None:
            began.set()
            await anyio.sleep_forever()

        def begin(number: int) -> Look:
            if hangs:
                began.set()
            return Look(listing(), hangs)

        rounds = Rounds(begin, lambda run, n: taken.append(run.status), pause=pause)

        async def cut() -> None:
            await began.wait()
            rounds.interrupt()

        async with anyio.create_task_group() as group:
            group.start_soon(cut)
            ended = await rounds.run()
        return ended, taken

    assert anyio.run(main) == ("interrupted", ["interrupted" if hangs else "complete"])


def test_a_window_that_closes_ends_a_watch_and_keeps_one_from_beginning() -> None:
    async def pause(_: float) -> None: ...

    def begin(number: int) -> Look:
        if number == 2:
            raise BadInput("the window has closed")
        return Look(listing())

    rounds = Rounds(begin, lambda run, n: None, pause=pause)
    assert (anyio.run(rounds.run), rounds.why_ended) == ("scope", "the window has closed")
    with pytest.raises(BadInput):
        anyio.run(Rounds(lambda n: begin(2), lambda run, n: None, pause=pause).run)
