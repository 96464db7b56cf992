"""A network of nothing but hostile devices, scanned at once: each is told what is true of it, or nothing."""

from pathlib import Path

import pytest

from iotscan.model.run import Run
from tests.hostile.devices import PLAIN, hostile_network
from tests.hostile.scanning import Claim, claims, device_at, not_applicable, scan
from tests.hostile.serving import ALL, EXPECTED, device

pytestmark = pytest.mark.timeout(240)
OPEN_PAGE, LOGIN_PAGE = ("http-cleartext-login", "pass"), ("http-cleartext-login", "cleartext")
NO_CONTACT = ("security-contact", "absent")
SHOWS_NOTHING = ("unauthenticated-disclosure", "pass")
"""Every page that may tell of the device was answered, and none tells anything."""
SELECTS_AEAD: set[Claim] = {
    ("tls-modern-versions", "pass"),
    ("tls-authenticated-encryption", "pass"),
    ("tls-protocol-extensions", "no-extended-master-secret"),
    ("tls-protocol-extensions", "no-secure-renegotiation"),
    ("alpn-confusion", "pass"),
    ("tls-consistency", "pass"),
}
"""What a ServerHello that selects an AEAD suite proves, whatever follows it: no refusal of theirs proves anything."""
TRUE: dict[str, set[Claim]] = {
    "everything-is-200": {OPEN_PAGE, SHOWS_NOTHING},
    "login-with-success": {LOGIN_PAGE, SHOWS_NOTHING},
    "busy-after-a-while": {NO_CONTACT, SHOWS_NOTHING},
    "steering": {LOGIN_PAGE, SHOWS_NOTHING, ("telnet-service", "cleartext"), ("telnet-open-shell", "pass")},
    "telnet-border": {("telnet-service", "cleartext"), ("telnet-open-shell", "pass")},
    "mqtt-nonsense": {("mqtt-encryption", "cleartext")},
    "tls-cyclic-chain": SELECTS_AEAD | {("certificate-encoding", "unreadable")},
    **dict.fromkeys(
        ("tls-handshake-for-ever", "tls-huge-chain", "tls-hello-and-no-more"),
        SELECTS_AEAD,
    ),
    # Who refuses by alerts as it likes may hit upon a question that is asked once.
    "tls-as-it-likes": SELECTS_AEAD | {("tls-consistency", "contradictory"), ("short-authentication-tags", "pass")},
}
"""All that may be said for certain; of the others nothing may."""
MUTE = ("tarpit", "drips-s", "drips-tls", "rst", "rst-after-a-byte", "fin")
"""Those that say nothing by which even their protocol could be told."""
WEB_CHECKS = {"http-cleartext-login", "security-contact", "update-signature", "update-transport", "firmware-upload"}
SSH_CHECKS = {"ssh-algorithms", "ssh-protocol-version", "ssh-key-uniqueness"}
TLS_CHECKS = {"tls-versions", "forward-secrecy", "certificate-trust", "tls-key-uniqueness", "session-cookies"}
SPEAKS: dict[str, set[str]] = {
    **dict.fromkeys(("drips-ssh", "ssh-lines"), SSH_CHECKS),
    **{name: WEB_CHECKS for name in PLAIN if name.startswith(("http-", "drips-http", "gzip-"))},
    **{name: TLS_CHECKS for name in PLAIN if name.startswith(("tls-", "alert-", "endless-", "suite-"))},
    "steering": WEB_CHECKS - {"update-signature", "update-transport", "firmware-upload"} | SSH_CHECKS,
    "busy-after-a-while": {"update-signature", "update-transport", "firmware-upload"},
}
"""What they do speak, however badly: to say that it is not there would be false."""


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, dict[str, str]]:
    with hostile_network() as addresses:
        run = scan(tmp_path_factory.mktemp("run"), *addresses.values(), ports=ALL, expected=EXPECTED)
    return run, addresses


@pytest.mark.parametrize("name", PLAIN)
def test_nothing_untrue_is_said_of(name: str, scanned: tuple[Run, dict[str, str]]) -> None:
    run, addresses = scanned
    said = claims(run, addresses[name])
    assert said <= TRUE.get(name, set())
    assert not not_applicable(run, addresses[name]) & SPEAKS.get(name, set())
    if name in MUTE:
        assert not_applicable(run, addresses[name]) == set()


@pytest.mark.parametrize("name", ["everything-is-200", "login-with-success", "mqtt-nonsense", "steering"])
def test_what_is_true_is_said_of(name: str, tmp_path: Path) -> None:
    with device() as made:
        PLAIN[name](made)
        run = scan(tmp_path, made.address, ports=ALL, expected=EXPECTED)
    assert claims(run) == TRUE[name]


@pytest.mark.parametrize("name", PLAIN)
def test_it_is_asked_within_bounds(name: str, scanned: tuple[Run, dict[str, str]]) -> None:
    run, addresses = scanned
    cost = run.costs[device_at(run, addresses[name]).id]
    assert cost.connections + cost.datagrams <= 60
    assert cost.attempts <= 3 * len(ALL)


def test_every_hostile_device_was_found(scanned: tuple[Run, dict[str, str]]) -> None:
    run, addresses = scanned
    assert {d.address for d in run.devices} == set(addresses.values())
