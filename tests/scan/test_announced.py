"""What is said in the name of an address waits until somebody shows himself there."""

from iotscan.model.facts import Claim
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.discovery.found import Found
from iotscan.scan.announced import Announced, as_words

LINKS = (
    Attached(interface="eth0", address="192.0.2.1", network="192.0.2.0/24"),
    Attached(interface="eth0", address="2001:db8::1", network="2001:db8::/64"),
)
CLAIMS = (Claim(what="name", value="Lamp", how="mdns"),)


def heard(address: str, how: str = "mdns") -> Found:
    return Found(address=address, how=how, claims=CLAIMS)


def test_what_was_said_counts_once_somebody_answers_there() -> None:
    announced = Announced(LINKS)
    said, more = heard("192.0.2.7"), heard("192.0.2.7", "ssdp")
    answers = Found(address="192.0.2.7", how="answers ARP", mac="00:40:8c:00:00:01")
    assert announced.take(said) == announced.take(more) == ()
    assert announced.held == ("192.0.2.7",)
    assert announced.take(answers) == (said, more, answers)
    assert announced.take(said) == (said,)
    assert announced.held == ()


def test_of_what_there_is_no_proof_nothing_waits() -> None:
    announced = Announced(LINKS)
    for address in ("192.0.2.1", "198.51.100.1", "2001:db8::7"):
        assert announced.take(heard(address)) == (heard(address),)
    assert announced.held == ()


def test_some_are_named_and_all_are_counted() -> None:
    text = as_words((f"192.0.2.{n}" for n in range(30)), "but nobody there answers")
    assert text.startswith("announced in the name of 192.0.2.0, ")
    assert text.endswith("192.0.2.7 and 22 more, but nobody there answers: not listed as devices")


def test_what_comes_from_another_mac_than_answers_is_not_believed() -> None:
    known = {"192.0.2.9": "00:40:8c:00:00:09"}
    announced = Announced(LINKS, lambda address: known.get(address, ""))
    own, other = (Found(address="192.0.2.7", how="passive", mac=f"00:40:8c:00:00:0{n}", claims=CLAIMS) for n in (1, 2))
    answers = Found(address="192.0.2.7", how="answers ARP", mac="00:40:8c:00:00:01")
    assert announced.take(own) == announced.take(other) == ()
    assert announced.take(answers) == (own, answers)
    assert announced.take(other) == ()
    # Two that answer for one address are both there: which is right, nobody can tell.
    rival = Found(address="192.0.2.7", how="neighbour table", mac="00:40:8c:00:00:02")
    assert announced.take(rival) == (rival,)
    assert announced.take(other) == (other,)
    # Who answers a connection has a MAC, too: the kernel has asked for it.
    false = Found(address="192.0.2.9", how="passive", mac="00:40:8c:00:00:02", claims=CLAIMS)
    opens = Found(address="192.0.2.9", how="answers on tcp/80 (open)")
    assert announced.take(false) == ()
    assert announced.take(opens) == (opens,)
    assert announced.contradicted == 3
    assert announced.remarks == (
        "announcements from another MAC than the one that answers at the address, not believed: 3",
    )


def test_who_spoke_for_himself_is_there_unless_somebody_has_answered() -> None:
    announced = Announced(LINKS)
    said = heard("192.0.2.8", "passive")
    spoke = Found(address="192.0.2.8", how="heard ARP", mac="00:40:8c:00:00:08")
    assert announced.take(said) == ()
    assert announced.take(spoke) == (said, spoke)
    assert announced.take(spoke) == ()
