"""What is kept of a party has bounds, also of all parties together."""

from iotscan.observe.traffic.keeping import Allowance, Keeping


def test_names_of_addresses_are_counted_over_all_parties() -> None:
    allowance = Allowance(names=2)
    one, other = Keeping(allowance), Keeping(allowance)
    one.name("203.0.113.5", "a.example", 1)
    one.name("203.0.113.5", "a.example", 3)
    other.name("203.0.113.5", "b.example", 2)
    other.name("203.0.113.6", "c.example", 2)
    assert one.named("203.0.113.5", 4) == "a.example"
    assert (other.named("203.0.113.5", 4), other.named("203.0.113.6", 4)) == ("b.example", "")
    assert allowance.left > 0


def test_an_address_has_some_names_and_the_last_one_before_counts() -> None:
    keeping = Keeping(Allowance())
    for at in range(40):
        keeping.name("203.0.113.5", f"n{at}.example", at)
    keeping.name("203.0.113.5", "n3.example", 50)
    assert keeping.named("203.0.113.5", 45) == "n15.example"
    assert keeping.named("203.0.113.5", 60) == "n3.example"
