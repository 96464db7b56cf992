"""How many sockets there is room for."""

import resource

import pytest

from iotscan.observe.network.room import RESERVE, room


@pytest.mark.parametrize(
    ("limit", "wanted", "given"),
    [(1024, 768, 768), (256, 768, 256 - RESERVE), (64, 768, 1), (resource.RLIM_INFINITY, 768, 768)],
)
def test_as_many_as_the_limit_on_files_leaves(
    limit: int, wanted: int, given: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    assert room(wanted) == given
