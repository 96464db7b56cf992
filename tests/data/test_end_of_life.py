"""The table of ends: ours loads, says where it comes from and finds releases; others are refused with the line."""

from pathlib import Path

import pytest

from iotscan.data.end_of_life import FILE, read_end_of_life
from iotscan.data.strict_yaml import BadYaml


def test_ours_loads_and_orders_its_releases() -> None:
    table = read_end_of_life()
    assert {p.kind for p in table.products} == {"system", "kernel", "component"}
    assert all(len(p.releases) > 4 and p.policy.startswith("https://") for p in table.products)


@pytest.mark.parametrize(
    ("product", "version", "release"),
    [
        ("openssl", "1.1.1w", "1.1.1"),
        ("openssl", "1:3.0.22-1~deb12u2", "3.0"),
        ("openssl", "3.00.1", None),
        ("linux", "5.10.0-35-arm64", "5.10"),
        ("linux", "5.1.21", None),
        ("linux", "6.6.86", "6.6"),
        ("nodejs", "v18.19.0", "18"),
        ("alpine", "3.19.1", "3.19"),
        ("debian", "12.5", "12"),
        ("debian", "", None),
        ("debian", "sid", None),
    ],
)
def test_a_version_belongs_to_a_release(product: str, version: str, release: str | None) -> None:
    found = read_end_of_life().product(product).release_of(version)
    assert (found.release if found else None) == release


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("os_ids: [debian]", "os_ids: []", "a system needs os_ids"),
        ('ends: "2030-06-30"', "ends: soon", "is no date"),
        ('release: "12", codename: bookworm', 'release: "13", codename: bookworm', "lists a release twice"),
        ("kind: system", "kind: distro", "is not known here"),
        (
            'sources: ["endoflife-date/endoflife.date products/debian.md", "wiki.debian.org/LTS"]',
            "sources: []",
            "no source",
        ),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    text = FILE.read_text()
    assert old in text
    place = tmp_path / "table.yaml"
    place.write_text(text.replace(old, new, 1))
    with pytest.raises(BadYaml, match=complaint):
        read_end_of_life(place)
