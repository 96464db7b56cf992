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


HASH = "PTAz8eKLZpDmzNTG5dLPqZyLPKjgrGHVvUCYBXGAB3Y"
"""A checksum of libostree in base64: 43 digits."""


@pytest.mark.parametrize(
    ("path", "agent", "said", "kind", "system"),
    [
        ("/DEFAULT/controller/v1/dev7", "", b"TargetToken ", "poll", "hawkbit"),
        ("/controller/v1/dev7", "", b"GatewayToken ", "poll", "hawkbit"),
        ("/t1/controller/v1/25", "", b"application/hal+json", "poll", "hawkbit"),
        ("/t1/controller/v1/25", "", b'{"config":{"polling":{"sleep":"12:00:00"}}}', "poll", "hawkbit"),
        ("/t1/controller/v1/25/deploymentBase/4", "", b"", "manifest", "hawkbit"),
        ("/t1/controller/v1/25/confirmationBase/4", "", b"", "manifest", "hawkbit"),
        ("/t1/controller/v1/25/softwaremodules/3/artifacts", "", b"", "manifest", "hawkbit"),
        ("/t1/controller/v1/25/softwaremodules/3/artifacts/rootfs", "", b"", "firmware", "hawkbit"),
        ("/api/devices/v1/deployments/device/deployments/next", "", b"", "poll", "mender"),
        ("/v1/update/", "", b"<request protocol='3.0'>", "poll", "omaha"),
        ("/service/update2/json", "", b'{"request":{"app":[{"updatecheck":{}}]}}', "poll", "omaha"),
        (f"/repo/deltas/{HASH[:2]}/{HASH[2:]}/superblock", "", b"", "package", "ostree"),
        (f"/repo/deltas/{HASH[:2]}/{HASH[2:]}-{HASH}/0", "", b"", "package", "ostree"),
        (f"/repo/delta-indexes/{HASH[:2]}/{HASH[2:]}.index", "", b"", "package", "ostree"),
        (f"/repo/objects/1f/{'a' * 62}.filez", "", b"", "package", "ostree"),
        ("/repo/refs/heads/os/stable", "libostree/2024.5 ostree/2024.5", b"", "poll", "ostree"),
        ("/releases/24.10.0/packages/Packages.gz", "uclient-fetch", b"", "poll", "opkg"),
        ("/feed/Packages", "opkg/0.6.0", b"", "poll", "opkg"),
        ("/alpine/v3.20/main/x86_64/APKINDEX.tar.gz", "apk-tools/2.14", b"", "poll", "apk"),
        ("/fedora/repodata/repomd.xml", "", b"", "poll", "dnf"),
        ("/debian/dists/stable/InRelease", "Debian APT-HTTP/1.3 (2.6.1)", b"", "poll", "apt"),
    ],
)
def test_a_system_is_known_by_what_is_its_own(path: str, agent: str, said: bytes, kind: str, system: str) -> None:
    found = about_update(path, agent, lambda: said)
    assert found is not None
    assert (found.kind, found.system) == (kind, system)


@pytest.mark.parametrize(
    ("path", "agent", "said"),
    [
        ("/api/controller/v1/status", "okhttp/4", b'application/json\n{"polling": true}'),
        ("/hvac/controller/v1/25", "", b"Bearer \napplication/json"),
        ("/controller/v1/state", "", b""),
        ("/t1/controller/v1/25/softwaremodules/3/artifacts/rootfs.MD5SUM", "", b""),
        ("/api/deltas/42", "", b""),
        ("/sync/deltas/ab/latest", "", b""),
        (f"/api/deltas/{HASH[:2]}/{HASH[2:]}", "", b""),
        ("/summary", "curl/8", b""),
        ("/refs/heads/main", "git/2.43", b""),
        ("/git/objects/1f/0123.commit", "", b""),
        ("/v1/update", "", b'{"temperature": 21}'),
        ("/shop/Packages", "curl/8.5", b""),
        ("/Release", "curl/8.5", b""),
    ],
)
def test_a_path_that_others_have_too_is_no_update(path: str, agent: str, said: bytes) -> None:
    found = about_update(path, agent, lambda: said)
    assert found is None
