"""Which segments of paths and topics look like tokens, and which are names."""

import base64
import random
import string
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.http_target import read_host, read_target, shown_path
from iotscan.wire.secret_forms.opaque import is_opaque, masked, masked_host

READABLE = """
firmware-v2.14.3-armhf.swu stm32f407vgt6-hal-v1.2.3.bin ESP32WroomDevKitV1 esp32-wroom-32d-v1.2.3-rc1.bin
temperaturesensor01 livingroomlight2 IoTGateway2024Release core-image-minimal-raspberrypi4-64-20261127093011.rootfs
openwrt-23.05.2-ath79-generic-tplink_archer-c7-v5-squashfs-sysupgrade.bin linux-image-6.1.0-18-arm64_6.1.76-1_arm64.deb
$aws/things/thermostat42/shadow/update homeassistant/sensor/0x00158d0001a2b3c4/config 00408c000701 00:40:8c:00:07:01
SN12345678901234 python3.11-minimal_3.11.2-6_armhf.deb DeviceManagement20Service x86_64-unknown-linux-gnu
AppleWebKit/537.36 Chrome/120.0.6099.216 ESP8266HTTPClient python-requests/2.31.0 libcurl/7.88.1 mbedTLS/2.28.3
SimpleHTTP/0.6 Lavf59.27.100 urn:dev:os:32473-123456 20260901T120000Z update-manifest-2026-11-27T07-28-12.json
Dahua_DH-IPC-HFW2431S_V2.800.0000000.16.R.220310 Hikvision_DS-2CD2143G2-IS_V5.7.1_build220414 tasmota32s3-lite.bin
rauc-bundle-cm4-io-v3.1.0.raucb shelly1pm-98CDAC1F8E3C tuya-convert-v2 esphome_living_room_th1 bosch-bme280-x2y1
MCUboot-nrf52840dk_nrf52840 nrf9160dk_nrf9160_ns.hex zephyr-v3.5.0-rc3-2311-gabc1234 api/v2/devices/list2/config3
cam1_stream2_h264_1080p30.sdp h264Preview_01_main ISAPI/Streaming/channels/101/httppreview hawkbit/DEFAULT/controller
api/keys/rsa2048 auth/tokens/refresh session/channel101 key/esp32s3 reset/factory verify/2026-11-27 keys/ecdsa-p256
keys/esp32-c3-01-x sessions/1234567890 20261127-1a2b3c4d5e 20261127093011123 8944110068123456789 0x00124b0014d8f1a2
00124b0014d8f1a2 session=3 user=admin_channel=1_stream=0.sdp Raspbian_GNU_Linux_12_bookworm
zigbee2mqtt/0x00158d0001a2b3c4/availability
""".split()  # noqa: SIM905  # as prose it can be read
SECRET = (
    "9f86d081884c7d659a2feaa0c55ad015",
    "9F86D081884C7D659A2FEAA0",
    "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdef",
    "bot123456789:AAF3kdjf8sdfkjh3kjhsdf8kjhsdfkjh3k",
    "ghp_abcdefghijklmnopqrst123456",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "Xw3nQe8RtB5uKd1Zs7",
    "kestrel.owner@acme-home.example",
    "kR7vTq2ZpL%39xWm4Yb8",
)
SHORT = {
    "/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp": "/user=admin_password=*_channel=1_stream=0.sdp",
    "/x;pwd=a1/y": "/x;pwd=*/y",
    "/token/k3Rt9ZbQ/x": "/token/*/x",
    "/reset/9f8a7b2c1d": "/reset/*",
    "/api/keys/4fG7hJ2k": "/api/keys/*",
    "/token=k3Rt9Zb_Q4/x": "/token=*/x",
    "/v1/9f86d081884c7d659a2f": "/v1/*",
    "/v1/9f86d081884c7d659": "/v1/*",
}
"""Short ones that are told by what stands beside them, or by their digits."""
NAMED = (
    *("a3k7odshaiipe8-ats.iot.eu-west-1.amazonaws.com", "d111111abcdef8.cloudfront.net", "time.cloudflare.com"),
    *("firmware-updates-eu-central-1.acme-devices.example", "ec2-203-0-113-80.compute-1.amazonaws.com"),
)
_MIXED = string.ascii_letters + string.digits
DRAWN: dict[str, Callable[[random.Random], str]] = {
    "letters and digits": lambda r: "".join(r.choices(_MIXED, k=24)),
    "lower case and digits": lambda r: "".join(r.choices(string.ascii_lowercase + string.digits, k=24)),
    "base64url": lambda r: base64.urlsafe_b64encode(r.randbytes(24)).decode().rstrip("="),
    "base32": lambda r: base64.b32encode(r.randbytes(20)).decode(),
    "short": lambda r: "".join(r.choices(_MIXED, k=20)),
}


@pytest.mark.parametrize("name", READABLE)
def test_a_name_stays_readable(name: str) -> None:
    assert masked(name) == name
    assert shown_path(f"/{name}") == f"/{name}"


@pytest.mark.parametrize(("path", "shown"), SHORT.items())
def test_a_short_one_is_told_by_its_neighbour(path: str, shown: str) -> None:
    assert (masked(path), shown_path(path)) == (shown, shown)
    assert masked(shown) == shown_path(shown) == shown


def test_a_word_before_a_blank_says_nothing() -> None:
    assert masked("token k3Rt9ZbQ") == "token k3Rt9ZbQ"
    assert shown_path("/token/%6b3Rt9ZbQ") == "/token/*"


@pytest.mark.parametrize("secret", SECRET)
@pytest.mark.parametrize("around", ["/a/{}/b", "{}", "password of {} in the form of /x", "/get/{}.swu", "/{}?x=1"])
def test_a_token_is_not_shown(secret: str, around: str) -> None:
    assert secret not in shown_path(around.format(secret))
    assert "*" in shown_path(around.format(secret))


def test_what_stands_around_a_token_stays() -> None:
    assert masked(f"/a/{SECRET[0]}/b") == "/a/*/b"
    assert masked(f"/firmware/{SECRET[0]}.swu") == "/firmware/*.swu"
    assert masked(f"token={SECRET[7]}") == "token=*"
    assert read_target(f"http://h.example/{SECRET[7]}/x?y").shown == "/*/x"


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("h.example:8080", "h.example"),
        ("h.example:", "h.example"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        ("anna:open sesame@h.example:8080", "h.example"),
        ("anna:sesame@[2001:db8::1]:80", "2001:db8::1"),
        ("anna@h.example", "h.example"),
        ("anna:sesame", ""),
    ],
)
def test_who_logs_in_is_no_part_of_a_name(authority: str, host: str) -> None:
    assert read_host(authority) == host
    assert "sesame" not in str(read_target(f"http://{authority}/x"))


@pytest.mark.parametrize("kind", list(DRAWN))
def test_most_of_what_is_drawn_is_told_by_its_form(kind: str) -> None:
    rng = random.Random(11)
    missed = [token for token in (DRAWN[kind](rng) for _ in range(2000)) if not is_opaque(token)]
    assert len(missed) <= 100, missed[:5]


_WORDS = ("device", "sensor", "living", "room", "firmware", "config", "update", "camera", "status", "v2", "01")
_NAMES = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=5)


@given(_NAMES, st.sampled_from("-_."), st.integers(0, 99), st.integers(0, 99))
def test_words_with_a_version_stay(words: list[str], between: str, major: int, minor: int) -> None:
    name = f"{between.join(words)}-{major}.{minor}"
    assert masked(name) == name


@given(st.binary(min_size=12, max_size=40))
def test_long_digests_never_show(raw: bytes) -> None:
    if len(set(raw.hex())) >= 4:
        assert masked(f"/x/{raw.hex()}/y") == "/x/*/y"


@given(st.text(max_size=300))
def test_masking_twice_is_masking_once(text: str) -> None:
    assert masked(masked(text)) == masked(text)
    assert masked_host(masked_host(text)) == masked_host(text)


def test_hosts_stay_apart_and_the_same() -> None:
    one, other = (masked_host(f"{token}.ui.example") for token in (SECRET[0], SECRET[0][::-1]))
    assert one.startswith("hidden-")
    assert one.endswith(".ui.example")
    assert one != other
    assert one == masked_host(f"{SECRET[0].upper()}.ui.example")
    for name in NAMED:
        assert masked_host(name) == name


@pytest.mark.parametrize(
    "piece",
    ["a1", "a@", "a.b@c.", "pwd=", "pwd=_a", "pwd=a_", "token/", "key/a1b2c3d4/", "=", "a=", "eyJ", "Ab1-", "/", "%41"],
)
def test_time_grows_with_the_length(piece: str) -> None:
    def spent(size: int) -> float:
        text = (piece * (size // len(piece) + 1))[:size]
        taken = []
        for _ in range(3):
            before = time.process_time()
            masked(text)
            taken.append(time.process_time() - before)
        return min(taken)

    # Sixteen times the text: 16 when linear, 256 when quadratic.
    assert spent(16 * 1024) < 64 * max(spent(1024), 0.0005)
