"""Orders of versions: Debian's against dpkg itself, Alpine's against what apk documents."""

import contextlib
import shutil
import subprocess
from itertools import pairwise

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from iotscan.wire.versions import LONGEST, Key, NotComparable, Order
from iotscan.wire.versions.alpine import alpine_order
from iotscan.wire.versions.debian import debian_order

ALPHABET = "019az.+~-:"
DEBIAN = st.from_regex(r"(?:[0-2]:)?[0-9][019aZz.+~]{0,5}(?:-[01a~+.]{1,3})?", fullmatch=True)
ALPINE = st.from_regex(
    r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}[ab]?(_(alpha|rc|git|p)[0-9]?){0,2}(~[0-9a-f]{1,3})?(-r[0-9])?", fullmatch=True
)


def says_dpkg(pairs: list[tuple[str, str]]) -> list[int]:
    """-1, 0 or 1 for each pair, by one shell that asks dpkg for all of them."""
    asked = "".join(
        f"if dpkg --compare-versions '{a}' lt '{b}'; then echo -1; "
        f"elif dpkg --compare-versions '{a}' gt '{b}'; then echo 1; else echo 0; fi\n"
        for a, b in pairs
    )
    done = subprocess.run(["sh"], input=asked, capture_output=True, text=True, check=True)
    return [int(line) for line in done.stdout.split()]


def compared(order: Order, a: str, b: str) -> int:
    left, right = order(a), order(b)
    assert (left == right) == (not left < right and not right < left)
    return -1 if left < right else 0 if left == right else 1


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="Debian's order is compared with dpkg's own: install dpkg")
@settings(max_examples=4, deadline=None, phases=(Phase.generate,))
@given(st.lists(st.tuples(DEBIAN, DEBIAN), min_size=30, max_size=40))
def test_debian_orders_as_dpkg_does(pairs: list[tuple[str, str]]) -> None:
    assert [compared(debian_order, a, b) for a, b in pairs] == says_dpkg(pairs)


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="Debian's order is compared with dpkg's own: install dpkg")
def test_debian_orders_the_hard_ones_as_dpkg_does() -> None:
    hard = ["1.0", "1.0-0", "1.0-1", "1.0~rc1", "1.0~rc1-1", "1.0+b1", "1.0a", "1.00", "1:0", "0:2", "1.0-1~bpo12+1",
            "1.0-1+deb12u2", "1.0-1+deb12u10", "1.0-1-2", "1.", "1.0.0", "1.0-1+b1", "1a0", "1a", "1~",
            "0", "0~1", "0-0~", "0-a", "0a"]  # fmt: skip
    pairs = [(a, b) for a in hard for b in hard if a < b]
    assert [compared(debian_order, a, b) for a, b in pairs] == says_dpkg(pairs)


@pytest.mark.parametrize("text", ["", "-", "a b", "1.0_2", ":1", "x:1", "1:", "1;", "é", "1" * (LONGEST + 1)])
def test_what_is_no_debian_version(text: str) -> None:
    with pytest.raises(NotComparable):
        debian_order(text)


RISING = ("1.2_alpha", "1.2_alpha1", "1.2_alpha1-r1", "1.2_alpha2", "1.2_beta", "1.2_pre1", "1.2_rc1", "1.2_rc1_git2",
          "1.2", "1.2-r0", "1.2-r1", "1.2-r10", "1.2~0a-r0", "1.2_git1", "1.2_p1", "1.2_p1-r1", "1.2_p2", "1.2a",
          "1.2b_p1", "1.2.0", "1.2.00", "1.2.015", "1.2.02", "1.2.1", "1.2.9", "1.2.10", "1.10", "2")  # fmt: skip


def test_alpine_orders_as_apk_documents() -> None:
    for older, newer in pairwise(RISING):
        assert compared(alpine_order, older, newer) == -1, (older, newer)
    assert compared(alpine_order, "01.2", "1.2") == 0


@given(ALPINE, ALPINE, ALPINE)
def test_alpine_orders_everything(a: str, b: str, c: str) -> None:
    try:
        keys: list[Key] = sorted(map(alpine_order, (a, b, c)))
    except NotComparable:
        return
    assert keys[0] <= keys[1] <= keys[2]


@pytest.mark.parametrize("text", ["", "a", "1.", "1.2-5", "1.2-r", "1.2_x1", "1.2-r1-r2", "1.2ab", "1~xyz", "1" * 201])
def test_what_is_no_alpine_version(text: str) -> None:
    with pytest.raises(NotComparable):
        alpine_order(text)


@given(st.text(max_size=30) | st.text(ALPHABET, max_size=12))
def test_no_text_breaks_them(text: str) -> None:
    for order in (alpine_order, debian_order):
        with contextlib.suppress(NotComparable):
            assert order(text) == order(text)
