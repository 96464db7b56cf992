"""Images cut exactly where a structure begins or ends, and a byte beside it: what is left out is said, or nothing is.

Cuts and lies at other places are proven beside each reader, see the package's docstring.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from iotscan.observe.image.artefacts import Search
from iotscan.observe.image.blob import Bytes
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.opening import BadImage, open_image, recognised
from iotscan.observe.image.site import Site
from iotscan.observe.image.unreadable import Unreadable
from tests.hostile_images import raw
from tests.hostile_images.boot_images import a_fit
from tests.hostile_images.case import PASSWD, SMALL
from tests.hostile_images.containers import oci
from tests.hostile_images.traversal import ROOT, in_cpio, in_tar

FILES = [*ROOT, (b"usr/lib/last", PASSWD * 9)]
_TAR, _CPIO, _ZIP = in_tar(FILES), in_cpio(FILES), raw.zipped(FILES)


def _marks(data: bytes, *marks: bytes) -> list[int]:
    """Where these bytes stand, and the end."""
    found = [at for mark in marks for at in range(len(data)) if data.startswith(mark, at)]
    return sorted({*found, len(data)})


def _blocks(data: bytes) -> list[int]:
    return list(range(512, len(data) + 1, 512))


_OCI = in_tar(oci([in_tar(FILES)]))
_FIT = a_fit(in_cpio(FILES))
_UIMAGE = raw.uimage(in_cpio(FILES), kind=3)
_DISK = raw.mbr((0x83, 1, len(_TAR) // 512)) + _TAR
_GPT = raw.gpt(34 + len(_TAR) // 512 + 34, [(34, 33 + len(_TAR) // 512)]) + _TAR + bytes(34 * 512)
SAMPLES: dict[str, tuple[bytes, Sequence[int]]] = {
    "tar": (_TAR, _blocks(_TAR)),
    "cpio": (_CPIO, _marks(_CPIO, b"070701")),
    "zip": (_ZIP, _marks(_ZIP, b"PK\3\4", b"PK\1\2", b"PK\5\6")),
    "oci in a tar": (_OCI, _blocks(_OCI)),
    "fit": (_FIT, [40, 56, *_marks(_FIT, b"\0\0\0\1", b"\0\0\0\2", b"\0\0\0\3", b"070701")]),
    "uimage": (_UIMAGE, [64, *_marks(_UIMAGE, b"070701")]),
    "mbr": (_DISK, [446, 462, 510, 512, *_blocks(_DISK)]),
    "gpt": (_GPT, [*range(512, 604, 4), 1024, 1152, *_blocks(_GPT)[:60]]),
}


def _seen(site: Site) -> dict[bytes, bytes]:
    """Every file of every tree, by its path, with what it holds; those that cannot be read are left out."""
    found = {}
    for _, tree in site.trees:
        for entry in tree.walk(unread=[]):
            if entry.kind == "file":
                try:
                    data = tree.content(entry).read_at(0, entry.size)
                except Unreadable:
                    continue
                if len(data) == entry.size:
                    found[os.fsencode(entry.path)] = data
    return found


def _cuts(places: Sequence[int], size: int) -> Iterator[int]:
    yield from sorted({at + by for at in places for by in (-1, 0, 1) if 0 < at + by < size})


def _is_silent(site: Site) -> bool:
    # A layout that lost its index is an update that is damaged.
    return not any(place.problem for place in site.places) and not any(a.damage for a in Search(site).all())


@pytest.mark.parametrize("name", SAMPLES)
def test_what_a_cut_takes_away_is_said(name: str, tmp_path: Path) -> None:
    data, places = SAMPLES[name]
    image = tmp_path / "image"
    image.write_bytes(data)
    whole = _seen(open_image(image, Budget(SMALL)))
    assert {b"/" + path for path, _ in FILES} <= whole.keys()
    for cut in _cuts(places, len(data)):
        image.write_bytes(data[:cut])
        try:
            site = open_image(image, Budget(SMALL))
            seen = _seen(site)
        except BadImage:
            continue
        wrong = [path for path, content in seen.items() if whole.get(path, content) != content]
        assert not wrong, f"{name} cut at {cut}: {wrong}"
        # Without its index a layout is a tar of blobs.
        assert seen.keys() <= whole.keys() or name == "oci in a tar", (
            f"{name} cut at {cut}: files that nobody put there"
        )
        # A tar that ends with a member is whole: some writers leave out the blank blocks at its end, and its padding.
        is_an_end = name == "tar" and cut % 512 in (0, 511)
        assert seen == whole or not _is_silent(site) or is_an_end, f"{name} cut at {cut}: nobody says so"


LIES = (b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff", b"\x80\0\0\0")


@pytest.mark.parametrize("name", ["fit", "uimage", "mbr", "gpt", "cpio", "zip"])
def test_each_word_of_a_header_may_lie(name: str, tmp_path: Path) -> None:
    data = SAMPLES[name][0]
    image = tmp_path / "image"
    for at in (*range(0, 128, 4), *range(446, 640, 4)):
        for lie in LIES:
            image.write_bytes(data[:at] + lie + data[at + 4 :])
            try:
                site = open_image(image, Budget(SMALL))
            except BadImage:
                continue
            _seen(site)
            assert all(len(place.problem) < 600 for place in site.places)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_beginning_alone_is_no_image(name: str) -> None:
    head = Bytes(SAMPLES[name][0][:8])
    reader = recognised(head)
    if reader is not None:
        with pytest.raises(Unreadable):
            reader.opens(head, Budget(SMALL))
