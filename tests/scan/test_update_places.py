"""Where images update from: what is asked of it lies in scope, whatever the image says."""

from collections.abc import Iterable
from ipaddress import ip_address

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.answer import Answer
from iotscan.model.device import Image, Service
from iotscan.model.facts import Announcement, Backend, Backends, Claim, UpdateSource, UpdateSystem, UpdateSystems
from iotscan.model.observation import observe
from iotscan.model.scope import Fence, InScope, Mandate, Scope
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.places import UpdatePlace, names_of, read_place
from iotscan.observe.network.ports import FRAGILE
from iotscan.scan.request import Plan
from iotscan.scan.update_places import PORTS, NamedPlace, Seen, attempts_of, more_ports, places_of

IMAGE = Image(id="img-1", source="gateway.img", format="ext4", name="gateway")
NO = Answer[bool].of(False)


def systems_of(*urls: str) -> UpdateSystems:
    sources = tuple(
        UpdateSource(url=url, path="/etc/feeds.conf", line=n, encrypted=False, verifies=NO)
        for n, url in enumerate(urls, 1)
    )
    opkg = UpdateSystem(system="opkg", path="/etc/feeds.conf", runs=NO, components=("packages",), sources=sources)
    return UpdateSystems(systems=(opkg,))


def places(*urls: str) -> tuple[NamedPlace, ...]:
    """Those of an image whose update system has these sources."""
    return places_of((IMAGE,), (observe(systems_of(*urls), Subject(image=IMAGE.id), probe="image/1"),))


@pytest.mark.parametrize(
    ("system", "url", "index", "read"),
    [
        ("opkg", "http://192.0.2.1/feeds/base", "", ("192.0.2.1", 80, "/feeds/base/", "opkg", False)),
        ("opkg", "http://192.0.2.1:8081", "", ("192.0.2.1", 8081, "/", "opkg", False)),
        ("apt", "https://[2001:db8::1]/debian/", "dists/stable/InRelease",
         ("2001:db8::1", 443, "/debian/dists/stable/", "apt", False)),
        ("apk", "http://192.0.2.1/alpine/main", "x86_64/APKINDEX.tar.gz",
         ("192.0.2.1", 80, "/alpine/main/x86_64/", "apk", False)),
        ("script", "http://gw.local/fw/update.raucb", "", ("gw.local", 80, "/fw/update.raucb", "", True)),
        ("swupdate", "http://192.0.2.1:8080/hawkbit", "", ("192.0.2.1", 8080, "/hawkbit", "", False)),
        ("mender", "https://192.0.2.1", "", ("192.0.2.1", 443, "/", "", False)),
    ],
)  # fmt: skip
def test_a_place(system: str, url: str, index: str, read: tuple[str, int, str, str, bool]) -> None:
    found = read_place(url, system, "gateway", index)
    assert isinstance(found, UpdatePlace)
    assert (found.host, found.port, found.path, found.repository, found.is_file) == read


@pytest.mark.parametrize(
    ("system", "url", "why"),
    [
        ("opkg", "file:///mnt/feed", ""),
        ("apk", "/media/usb/apks", ""),
        ("script", "", ""),
        ("script", "tftp://192.0.2.1/fw.bin", "only http and https"),
        ("script", "http://192.0.2.1/fw?…", "more than a path"),
        ("script", "http://192.0.2.1/$VERSION/fw.bin", "filled in"),
        ("script", "http://192.0.2.1:99999/fw.bin", "cannot be read"),
        ("script", "http://192.0.2.1:0/fw.bin", "cannot be read"),
        ("script", "http:///fw.bin", "cannot be read"),
        ("script", "http://[::1/fw.bin", "cannot be read"),
        ("script", "http://192.0.2.1/" + "a" * 40 + "…", "cannot be read"),
        ("hawkbit", "http://192.0.2.1/DEFAULT/controller/v1/device1", "makes a device"),
        ("apk", "http://192.0.2.1/alpine/main", "architecture"),
    ],
)
def test_what_is_no_place(system: str, url: str, why: str) -> None:
    found = read_place(url, system, "gateway")
    assert isinstance(found, str)
    assert (why in found) if why else found == ""


def claim(value: str) -> Announcement:
    return Announcement(claims=(Claim(what="hostname", value=value, how="mdns SRV"),))


def test_a_device_is_meant_by_its_address_or_by_a_name_that_it_has_in_this_scan() -> None:
    by_address, by_name, elsewhere = (
        read_place(f"http://{host}/", "mender", "gateway")
        for host in ("[::ffff:192.0.2.1]", "Gateway.local", "updates.example.com")
    )
    assert isinstance(by_address, UpdatePlace)
    assert isinstance(by_name, UpdatePlace)
    assert isinstance(elsewhere, UpdatePlace)
    assert by_address.is_at("192.0.2.1", ())
    assert not by_address.is_at("192.0.2.2", ("192.0.2.1",))
    assert by_name.is_at("192.0.2.9", names_of(claim("Gateway")))
    assert not by_name.is_at("192.0.2.9", names_of(claim("gateway2")))
    # What a device calls itself in multicast DNS is a name of this link, and no other.
    assert not elsewhere.is_at("192.0.2.9", names_of(claim("updates.example.com")))
    assert elsewhere.is_at("192.0.2.9", names_of(None, "updates.example.com"))


SCOPE = Scope(include=("192.0.2.0/29", "2001:db8::/126"), exclude=("192.0.2.3/32",))
MANDATE = Mandate(
    engagement="E", client="C", assessor="A", authorized_by="B", reference="R", not_before="", not_after="", expires="",
    in_scope=(InScope(networks=("192.0.2.0/30",), ports=((80, 90), (8000, 8100))),), file="f", sha256="",
)  # fmt: skip
HOSTS = st.one_of(
    st.integers(0, 12).map(lambda n: f"192.0.2.{n}"),
    st.integers(0, 6).map(lambda n: f"[2001:db8::{n}]"),
    st.integers(0, 12).map(lambda n: f"[::ffff:192.0.2.{n}]"),
    st.sampled_from(
        ["127.0.0.1", "0.0.0.0", "169.254.169.254", "255.255.255.255", "224.0.0.1", "localhost", "192.0.2"]
    ),  # nobody listens
    st.sampled_from(["3221225985", "0300.0.02.01", "0xc0.0.2.1", "192.0.2.1@198.51.100.1", "198.51.100.1#@192.0.2.1"]),
    st.text(max_size=12),
)
URLS = st.one_of(
    st.builds(
        "{}://{}:{}{}".format,
        st.sampled_from(["http", "https", "HTTP", "ftp", "//"]),
        HOSTS,
        st.one_of(st.sampled_from([80, 443, 8081, 631, 9100, 65536]), st.integers(0, 65535)),
        st.sampled_from(["", "/", "/feed", "/fw.bin", "/../..", "\\@192.0.2.2/"]),
    ),
    st.text(max_size=40),
)


@given(urls=st.lists(URLS, max_size=12), under_mandate=st.booleans())
def test_nothing_outside_the_scope_is_ever_added(urls: list[str], under_mandate: bool) -> None:
    fence = Fence(msgspec.structs.replace(SCOPE, mandate=MANDATE if under_mandate else None))
    named = places(*urls)
    plan = Plan(addresses=(), tcp=(80, 443), ledger="")
    added = more_ports(named, fence, plan)
    assert more_ports(named, fence, msgspec.structs.replace(plan, only_these_ports=True)) == {}
    for address, ports in added.items():
        assert str(ip_address(address)) == address
        assert all(fence.allows(address, port) for port in ports)
        assert not FRAGILE & set(ports)
        assert len(ports) <= PORTS
    # Each place that leads to a server is asked, or named with the reason. Nobody is there: so all are named.
    gaps = attempts_of(named, fence, lambda _: (), None)
    assert {g.subject.image for g in gaps} <= {IMAGE.id}
    assert bool(gaps) == bool(named)
    outside = [n for n in named if n.place and n.place.address and not fence.allows(n.place.address, n.place.port)]
    assert all(any(g.reason is Reason.OUT_OF_SCOPE for g in gaps) for _ in outside)


def why(url: str, *seen: Seen, cut: Reason | None = None) -> tuple[str, str]:
    def meant(place: UpdatePlace) -> Iterable[Seen]:
        return seen

    gaps = attempts_of(places(url), Fence(SCOPE), meant, cut)
    return (str(gaps[0].reason), gaps[0].detail) if gaps else ("", "")


def test_why_a_place_was_not_asked() -> None:
    web = Service(transport="tcp", port=8081, protocol="http")
    url = "http://192.0.2.1:8081/feed"
    asked = frozenset({8081})
    assert why(url, Seen(services=(web,), asked=asked)) == ("", "")
    assert why("http://192.0.2.9/feed") == ("out_of_scope", "http://192.0.2.9/feed: 192.0.2.9 is not in scope")
    assert why("http://192.0.2.3/feed")[1].endswith("192.0.2.3 is excluded")
    assert "no name is looked up" in why("http://feeds.example.com/base")[1]
    assert why(url) == ("unreachable", f"{url}: nobody answered at 192.0.2.1")
    assert "is closed" in why(url, Seen(asked=asked, closed=asked))[1]
    assert why(url, Seen(asked=asked))[0] == "timeout"
    assert "none of those that this scan asks" in why(url, Seen(asked=frozenset({80})))[1]
    assert "speaks https there" in why(url, Seen(services=(Service(transport="tcp", port=8081, protocol="https"),)))[1]
    assert "fragile" in why("http://192.0.2.1:9100/feed", Seen())[1]
    assert why(url, Seen(is_done=False), cut=Reason.DEADLINE)[0] == "deadline"


def test_feeds_of_one_file_that_are_left_out_for_one_reason_are_told_once() -> None:
    named = places(*(f"https://downloads.example.org/{name}" for name in ("base", "luci", "packages")))
    (gap,) = attempts_of(named, Fence(SCOPE), lambda _: (), None)
    assert gap.detail.startswith("https://downloads.example.org/base and 2 more: no device of this scan")
    assert (gap.subject.path, gap.need) == ("/etc/feeds.conf", "update-server")


def test_servers_that_only_stand_somewhere_are_told_once() -> None:
    backends = Backends(
        backends=tuple(
            Backend(host=host, scheme=scheme, port=port, kind=kind, path="/usr/bin/updater")
            for host, scheme, port, kind in (
                ("192.0.2.1", "http", 8081, "update"),
                ("192.0.2.2", "https", 0, "update"),
                ("2001:db8::1", "http", 0, "update"),
                ("192.0.2.4", "mqtts", 0, "update"),
                ("192.0.2.5", "http", 0, "web"),
                ("192.0.2.6", "", 8080, "update"),
                ("192.0.2.7", "", 0, "update"),
            )
        ),
        files_searched=1,
    )
    configured = places("http://192.0.2.1:8081/feed")
    fact = observe(backends, Subject(image=IMAGE.id), probe="image/1")
    systems = observe(systems_of("http://192.0.2.1:8081/feed"), Subject(image=IMAGE.id), probe="image/1")
    found = places_of((IMAGE,), (fact, systems))
    assert found[:1] == configured
    assert [n.url for n in found[1:]] == ["https://192.0.2.2/", "http://[2001:db8::1]/", "//192.0.2.6:8080/"]
    assert places_of((), (fact, systems)) == ()


def test_which_ports_an_image_adds() -> None:
    urls = [f"http://192.0.2.1:{port}/feed" for port in (80, 631, 9100, 8081, 8082, 8083, 8084, 8085)]
    named = places(*urls, "https://[::ffff:192.0.2.2]:8443/feed", "http://192.0.2.9:8081/", "http://gw.local:8081/")
    added = more_ports(named, Fence(SCOPE), Plan(addresses=(), tcp=(80, 443), ledger=""))
    assert added == {"192.0.2.1": (8081, 8082, 8083, 8084), "192.0.2.2": (8443,)}
    assert len(added["192.0.2.1"]) == PORTS
