"""Words of ``--listen``: what each means, and one line for those that mean nothing."""

from pathlib import Path

import pytest

from iotscan.cli.listen import Words, read_ear, read_place
from iotscan.model.errors import BadInput
from iotscan.observe.network.attached import own_places
from iotscan.observe.network.helper.capturing import LONGEST
from iotscan.scan import listening
from tests.cli.conftest import Cli


def test_what_is_asked_for() -> None:
    assert read_ear(Words(), ("a.pcap",)) is None
    ear = read_ear(Words(interfaces=("eth0", "eth0"), duration="10m", snaplen=96, write=Path("x")), ())
    assert ear is not None
    assert (ear.seconds, ear.wanted.seconds, ear.wanted.snap, ear.keep) == (600, 600, 96, Path("x"))
    assert ear.wanted.interfaces == ("eth0",)
    assert not ear.wanted.is_promiscuous
    endless = read_ear(Words(interfaces=("eth0",)), ())
    assert endless is not None
    assert (endless.seconds, endless.wanted.seconds) == (0, LONGEST)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "Give captures, - for one on standard input, or --listen IFACE"),
        (("--for", "10m", "a.pcap"), "belong to --listen"),
        (("--write", "x", "a.pcap"), "belong to --listen"),
        (("--listen", "lo", "a.pcap"), "takes no captures beside it"),
        (("--listen", "lo", "--for", "soon"), "--for soon is no time"),
        (("--listen", "lo", "--snaplen", "3"), "--snaplen takes 64 to 262144"),
        (("--listen", "lo", "--leave-out", "router"), "--leave-out router is no address"),
        (("--listen", "lo", "--leave-out", "192.0.2.7:99999"), "is no address"),
        (("--listen", "no\x1b[2Jne"), "there is no interface 'no\\x1b[2Jne' here"),
        (tuple(word for name in "abcde" for word in ("--listen", name)), "one to 4 interfaces"),
    ],
)
def test_what_means_nothing_is_told(
    cli: Cli, words: tuple[str, ...], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = cli("traffic", *words)
    assert (ended.code, ended.out) == (2, "")
    assert why in ended.err
    assert len(ended.err.splitlines()) == 1
    assert [*tmp_path.iterdir()] == []


def test_places() -> None:
    places = {
        "192.0.2.7": ("192.0.2.7", 0),
        "192.0.2.7:22": ("192.0.2.7", 22),
        "fe80::1": ("fe80::1", 0),
        "[FE80::1]:22": ("fe80::1", 22),
    }
    assert {word: read_place(word) for word in places} == places
    for word in ("", "192.0.2.7:", "192.0.2.7:0", "1.2.3", "a:b"):
        with pytest.raises(BadInput):
            read_place(word)


def test_our_own_session_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    for said, place in (
        ("192.0.2.7 50022 192.0.2.1 22", ("192.0.2.7", 50022)),
        ("fe80::7%eth0 50022 fe80::1%eth0 22", ("fe80::7", 50022)),
        ("", None),
        ("nonsense", None),
        ("192.0.2.7 x", None),
    ):
        monkeypatch.setenv("SSH_CONNECTION", said)
        assert listening.ssh_session() == place


def test_our_own_places_hold_addresses_and_no_zones() -> None:
    own = own_places()
    assert "127.0.0.1" in own
    assert not any("%" in place for place in own)
    assert "00:00:00:00:00:00" not in own
