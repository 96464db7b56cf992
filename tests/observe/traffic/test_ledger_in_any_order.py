"""The order in which conversations end says nothing of who is a device, nor of what it did."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.device import Device
from iotscan.model.facts import HttpExchange, TrafficProfile
from iotscan.observe.traffic.conversation import Conversation
from iotscan.observe.traffic.ledger import Ledger
from tests.observe.traffic.talking import DEVICE, OTHER, ROUTER, arp, conversation, hear

MACS = st.sampled_from((DEVICE, OTHER, ROUTER, ""))
HERE = st.sampled_from(("192.168.1.1", "192.168.1.5", "192.168.1.6", "10.2.0.9", "fe80::5", "2600:1::5"))
ANYWHERE = st.one_of(HERE, st.sampled_from(("203.0.113.80", "2600:9::80", "224.0.0.251", "255.255.255.255", "0.0.0.0")))
TALKS = st.builds(
    lambda mac, source, to_mac, target, port, down: conversation(
        source, target, mac=mac, to_mac=to_mac, port=port, down=down, protocol="http"
    ),
    MACS,
    ANYWHERE,
    MACS,
    ANYWHERE,
    st.sampled_from((80, 443)),
    st.sampled_from((0, 200)),
)


def told(talks: list[Conversation]) -> tuple[tuple[Device, ...], tuple[TrafficProfile, ...]]:
    ledger = Ledger()
    arp(ledger, ROUTER, "192.168.1.1")
    for talk in talks:
        hear(ledger, talk, HttpExchange(path="/"))
    ledger.settle()
    return ledger.devices(), tuple(o.fact for o in ledger.observations() if isinstance(o.fact, TrafficProfile))


@given(st.lists(TALKS, max_size=8), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=300)
def test_who_is_there_does_not_depend_on_the_order(talks: list[Conversation], chance: random.Random) -> None:
    shuffled = list(talks)
    chance.shuffle(shuffled)
    devices, profiles = told(talks)
    others, again = told(shuffled)
    assert devices == others

    def kept(profile: TrafficProfile) -> tuple[object, ...]:
        return (sorted(map(repr, profile.talks)), profile.cleartext_bytes, profile.frames, profile.minutes)

    assert list(map(kept, profiles)) == list(map(kept, again))


@given(st.lists(TALKS, max_size=8))
@settings(deadline=None, max_examples=300)
def test_nobody_is_two_devices_and_nobody_beyond_is_one(talks: list[Conversation]) -> None:
    ledger = Ledger()
    for talk in talks:
        hear(ledger, talk)
    devices = ledger.devices()
    assert len({d.id for d in devices}) == len(devices)
    macs = [d.mac for d in devices if d.mac]
    assert len(set(macs)) == len(macs)
    beyond = {"203.0.113.80", "2600:9::80", "2600:1::5", "224.0.0.251", "255.255.255.255", "0.0.0.0"}
    assert not {a for d in devices for a in d.addresses} & beyond
    assert all(d.addresses for d in devices)
