"""An image keeps its name from build to build, and two products keep theirs apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.image_name import image_name

VERSIONS = ("1.2.3", "v1.4", "2026-11-22", "20261122101112", "rc1", "build42", "0f8fad5b", "g1a2b3c4d", "1.2.3-rc1")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("/out/rootfs-1.2.3", "rootfs"),
        ("gw_2026-11-22.tar", "gw"),
        ("registry.example/team/gw:1.2", "gw"),
        (f"registry.example:5000/team/gw:1.2@sha256:{'a' * 64}", "gw"),
        ("out/build-42/rootfs", "rootfs"),
        ("/ci/gateway/build-42", "gateway"),
        ("/ci/gateway/1234", "gateway"),
        ("core-image-minimal-qemux86-64-20261122101112.rootfs.tar.gz", "core-image-minimal-qemux86-64"),
        ("openwrt-23.05.2-ath79-archer-c7-v2-squashfs.bin", "openwrt-ath79-archer-c7-v2-squashfs"),
        ("gateway-v2", "gateway"),
        ("gw-debug-1.0", "gw-debug"),
        # What may be a model, and words that only look like a commit.
        ("gw-2", "gw-2"),
        ("rpi4", "rpi4"),
        ("decade-defaced", "decade-defaced"),
        # Nothing but a version: the name as it is, rather than none.
        ("1.2.3", "1.2.3"),
        ("", "image"),
    ],
)
def test_what_an_image_is_called(source: str, name: str):
    assert image_name(source) == name


@given(
    st.from_regex(r"[a-z]{3,8}(-(armv7|edge|gw|rpi4))?", fullmatch=True),
    st.sampled_from(VERSIONS),
    st.sampled_from(VERSIONS),
    st.sampled_from("-_"),
    st.sampled_from(["", ".tar", ".tar.gz", ".squashfs", ".img.xz"]),
)
def test_another_version_is_the_same_image(stem: str, old: str, new: str, separator: str, ending: str):
    assert image_name(f"/a/{stem}{separator}{old}{ending}") == image_name(f"/b/{stem}{separator}{new}") == stem


@given(st.text(max_size=60))
def test_any_text_has_a_name(source: str):
    assert image_name(source)
