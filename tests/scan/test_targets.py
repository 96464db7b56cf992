"""Targets: what is understood, what is refused, and that nothing else happens."""

import socket

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.errors import BadInput
from iotscan.observe.network.attached import Attached
from iotscan.scan.targets import BadTarget, Targets, read_targets, vast_ones, without_own


def read(
    *words: str, exclude: tuple[str, ...] = (), max_hosts: int = 4096, names: dict[str, str] | None = None
) -> Targets:
    async def resolve(name: str) -> tuple[str, ...]:
        known = (names or {}).get(name)
        return (known,) if known else ()

    async def main() -> Targets:
        return await read_targets(words, exclude, resolve=resolve, max_hosts=max_hosts)

    return anyio.run(main)


@pytest.mark.parametrize(
    ("word", "addresses"),
    [
        ("192.0.2.7", ("192.0.2.7",)),
        ("192.0.2.0/30", ("192.0.2.1", "192.0.2.2")),
        ("192.0.2.8/31", ("192.0.2.8", "192.0.2.9")),
        ("192.0.2.10-12", ("192.0.2.10", "192.0.2.11", "192.0.2.12")),
        ("192.0.2.11-16", tuple(f"192.0.2.{n}" for n in range(11, 17))),
        ("192.0.2.254-192.0.3.1", ("192.0.2.254", "192.0.2.255", "192.0.3.0", "192.0.3.1")),
        ("2001:db8::7", ("2001:db8::7",)),
        ("::ffff:192.0.2.7", ("192.0.2.7",)),
        ("::ffff:192.0.2.0/126", ("192.0.2.1", "192.0.2.2")),
    ],
)
def test_what_is_understood(word: str, addresses: tuple[str, ...]) -> None:
    assert read(word).addresses == addresses


def test_a_name_is_looked_up_once_and_kept() -> None:
    targets = read("camera.example", names={"camera.example": "192.0.2.9"})
    assert targets.addresses == ("192.0.2.9",)
    assert targets.names == {"192.0.2.9": "camera.example"}
    assert targets.networks == ("192.0.2.9/32",)


def test_an_exclusion_in_mapped_spelling_holds() -> None:
    assert read("192.0.2.0/29", exclude=("::ffff:192.0.2.4/126",)).addresses == ("192.0.2.1", "192.0.2.2", "192.0.2.3")


def test_exclusions_and_repeats() -> None:
    assert read("192.0.2.0/29", "192.0.2.2", exclude=("192.0.2.3-5",)).addresses == (
        "192.0.2.1",
        "192.0.2.2",
        "192.0.2.6",
    )


def test_a_file_of_targets(tmp_path) -> None:
    file = tmp_path / "targets.txt"
    file.write_text("192.0.2.1  # the camera\n\n# nothing\n192.0.2.4-5\n")
    assert read(f"file:{file}").addresses == ("192.0.2.1", "192.0.2.4", "192.0.2.5")


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("192.0.2.0/33", "no network"),
        ("192.0.2", "no address"),
        ("192.0.2.300", "no address"),
        ("192.0.2.9-3", "ends before it begins"),
        ("192.0.2.9-300", "no range"),
        ("10.0.0.0/8", "--max-hosts"),
        ("2001:db8::/112", "--max-hosts"),
        ("fe80::1", "say on which link, like fe80::1%eth0"),
        ("fe80::/120", "say on which link, like fe80::%eth0/120"),
        ("fe80::1%no-such0", "no interface 'no-such0'"),
        ("fe80::1%0", "no interface '0'"),
        ("fe80::1%", "no interface ''"),
        ("fe80::1%99999999999999999999", "no interface"),
        ("fe80::1%../etc", "no address on a link"),
        ("2001:db8::1%lo", "the same on every link"),
        ("192.0.2.1%lo", "not link-local"),
        ("fe80::%lo/40/64", "no address on a link"),
        ("nobody.example", "has no address"),
        ("-oN", "neither an address"),
        ("-oN/tmp/x", "no network"),
        ("a b", "neither an address"),
        ("$(id)", "neither an address"),
        ("file:/nonexistent/targets", "cannot be read"),
        ("file:/", "cannot be read"),
    ],
)
def test_what_is_refused(word: str, says: str) -> None:
    with pytest.raises(BadTarget) as refusal:
        read(word)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_empty_file_is_refused(tmp_path) -> None:
    file = tmp_path / "empty"
    file.write_text("# nothing here\n")
    with pytest.raises(BadTarget, match="holds no targets"):
        read(f"file:{file}")


def test_nothing_left_is_refused() -> None:
    with pytest.raises(BadTarget, match="no address is left"):
        read("192.0.2.1", exclude=("192.0.2.0/24",))


@given(st.text(max_size=60))
def test_any_word_is_read_or_refused_in_one_line(word: str) -> None:
    if word == "-" or word.startswith("file:"):
        return
    said = ""
    try:
        assert read(word).networks, "a network of 2^64 addresses has none that are listed"
    except BadInput as refusal:
        said = str(refusal)
    assert "\n" not in said
    assert "\x1b" not in said


def test_exclusions_are_networks_for_the_scope_and_a_name_stands_for_all_its_addresses() -> None:
    async def resolve(name: str) -> tuple[str, ...]:
        return ("192.0.2.1", "192.0.2.9")

    async def main() -> Targets:
        return await read_targets(["192.0.2.0/28"], ["192.0.2.2-4", "camera.lan"], resolve=resolve)

    targets = anyio.run(main)
    asked_for = ("192.0.2.2/31", "192.0.2.4/32", "192.0.2.1/32", "192.0.2.9/32")
    assert targets.excluded == (*asked_for, "192.0.2.0/32", "192.0.2.15/32"), "the ends of the subnet are nobody's"
    assert not {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.9"} & set(targets.addresses)


@pytest.mark.parametrize(
    ("word", "first", "last", "nobodys"),
    [
        ("192.0.2.16/28", "192.0.2.16", "192.0.2.31", ()),
        ("192.0.2.0/28", "192.0.2.1", "192.0.2.15", ("192.0.2.0/32",)),
        ("192.0.2.240/28", "192.0.2.240", "192.0.2.254", ("192.0.2.255/32",)),
        ("192.0.2.0/24", "192.0.2.1", "192.0.2.254", ("192.0.2.0/32", "192.0.2.255/32")),
        ("192.0.2.0/23", "192.0.2.1", "192.0.3.254", ("192.0.2.0/32", "192.0.3.255/32", "192.0.2.255/32")),
        ("198.51.100.16/28", "198.51.100.17", "198.51.100.30", ("198.51.100.16/32", "198.51.100.31/32")),
    ],
)
def test_a_part_of_our_link_begins_and_ends_with_devices(
    word: str, first: str, last: str, nobodys: tuple[str, ...]
) -> None:
    link = Attached(interface="eth0", address="192.0.2.2", network="192.0.2.0/24")

    async def nobody(name: str) -> tuple[str, ...]:
        return ()

    async def main() -> Targets:
        return await read_targets([word], (), resolve=nobody, links=[link])

    targets = anyio.run(main)
    assert (targets.addresses[0], targets.addresses[-1], targets.excluded) == (first, last, nobodys)


def test_a_network_of_2_to_the_64_is_a_scope_that_nobody_lists() -> None:
    targets = read("2001:db8::/64", "fe80::/10", "192.0.2.7")
    assert targets.addresses == ("192.0.2.7",)
    assert targets.networks == ("2001:db8::/64", "fe80::/10", "192.0.2.7/32")
    assert read("2001:db8::/64").addresses == ()


def test_what_is_too_large_is_asked_all_at_once_where_a_link_leads_there() -> None:
    networks = ("2001:db8::/64", "fe80::/64", "fe80::%eth1/64", "10.0.0.0/8", "2001:db8:1::7/128")

    def ways(*links: str) -> dict[str, tuple[str, ...]]:
        attached = [Attached(interface="eth0", address="", network=link) for link in links]
        return vast_ones(networks, attached)

    nowhere: dict[str, tuple[str, ...]] = {"2001:db8::/64": (), "fe80::/64": (), "fe80::%eth1/64": ()}
    assert ways() == ways("192.0.2.0/24") == nowhere
    assert ways("192.0.2.0/24", "2001:db8::/56") == nowhere | {"2001:db8::/64": ("eth0",)}
    assert ways("fe80::%eth0/64") == nowhere | {"fe80::/64": ("eth0",)}
    assert ways("fe80::%eth1/64") == nowhere | {"fe80::/64": ("eth0",), "fe80::%eth1/64": ("eth0",)}


def test_a_link_local_address_is_on_a_link_also_by_its_number() -> None:
    number = socket.if_nametoindex("lo")
    assert read("fe80::7%lo", f"fe80::7%{number}").addresses == ("fe80::7%lo",)
    assert read("FE80:0::1%lo/127").addresses == ("fe80::%lo", "fe80::1%lo")
    vast = read("fe80::9%lo/64", "fe80::7%lo")
    assert (vast.addresses, vast.networks) == (("fe80::7%lo",), ("fe80::%lo/64", "fe80::7%lo/128"))


def test_what_is_excluded_on_no_link_is_excluded_on_each() -> None:
    assert read("fe80::%lo/127", exclude=("fe80::1",)).addresses == ("fe80::%lo",)
    assert read("fe80::%lo/127", exclude=("fe80::1%lo",)).addresses == ("fe80::%lo",)
    assert read("169.254.7.7").addresses == ("169.254.7.7",)


def test_this_machine_is_no_target_unless_it_is_named() -> None:
    own = ("192.0.2.1", "fe80::1%eth0")
    targets, left_out = without_own(read("192.0.2.0/30"), own)
    assert (targets.addresses, left_out) == (("192.0.2.2",), own)
    for words in (
        ("192.0.2.1", "192.0.2.0/30"),
        ("192.0.2.1/32",),
        ("here.example",),
        ("192.0.2.0/30", "here.example"),
    ):
        targets, left_out = without_own(read(*words, names={"here.example": "192.0.2.1"}), own)
        assert "192.0.2.1" in targets.addresses, words
        assert left_out == ("fe80::1%eth0",), words
