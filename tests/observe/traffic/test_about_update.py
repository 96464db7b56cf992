"""Which paths are about updates of a device, and which only hold the word."""

import pytest

from iotscan.observe.traffic.content.update_systems import about_update


@pytest.mark.parametrize("path", ["/weather/updates/latest.json", "/news/update/info", "/location/update/query"])
def test_other_things_have_updates_too(path: str) -> None:
    assert about_update(path) is None


@pytest.mark.parametrize(
    "path", ["/updates/latest.json", "/api/v1/update/check", "/acme/firmware/latest", "/ota/check"]
)
def test_a_look_for_an_update_is_one(path: str) -> None:
    found = about_update(path)
    assert found is not None
    assert found.kind == "poll"
