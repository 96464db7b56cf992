"""The file of routers and their communities: what it takes, and that no message shows a community."""

from pathlib import Path

import pytest

from iotscan.data.communities import read_communities
from iotscan.model.errors import BadInput

SECRET = "s3cret-hall"


def written(folder: Path, content: bytes) -> Path:
    path = folder / "routers"
    path.write_bytes(content)
    return path


def test_one_router_a_line(tmp_path: Path) -> None:
    text = f"# of the hall\n\n192.0.2.1 {SECRET}\n::ffff:192.0.2.2   two words \nfe80::1%eth0 {SECRET}\n"
    routers = read_communities(written(tmp_path, text.encode()))
    assert {r.address: r.community.reveal() for r in routers} == {
        "192.0.2.1": SECRET,
        "192.0.2.2": "two words",
        "fe80::1%eth0": SECRET,
    }
    assert SECRET not in repr(routers)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"# nobody\n",
        SECRET.encode(),
        f"{SECRET} 192.0.2.1".encode(),
        b"192.0.2.1",
        b"192.0.2.1 " + b"s3cret-hall" * 30,
        f"192.0.2.1 {SECRET}\x1b[2J".encode(),
        SECRET.encode() + b"\xff",
        b"".join(b"192.0.2.%d s3cret-hall\n" % n for n in range(1, 80)),
        None,
    ],
)
def test_what_is_no_such_file_is_refused_without_its_words(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path if content is None else written(tmp_path, content)
    with pytest.raises(BadInput, match="--snmp-community-file") as refusal:
        read_communities(path)
    assert SECRET not in str(refusal.value)
    assert refusal.value.__cause__ is None or SECRET not in repr(refusal.value.__cause__)
