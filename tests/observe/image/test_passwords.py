"""Password fields and the tries on them, with hashes made by mkpasswd, openssl, htpasswd and mosquitto_passwd."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.vocabulary import Reason
from iotscan.observe.image.passwords.field import Field, read_field
from iotscan.observe.image.passwords.guessing import CORE, IN_ALL, Guess, Guessing
from iotscan.observe.image.passwords.hashing import Hashing, Untestable, Verify
from tests.observe.network.daemons import tool

OWN = "k2-Xp!e0"
METHODS = {
    "descrypt": ("des", 0),
    "bsdicrypt": ("bsdi", 725),
    "md5crypt": ("md5", 0),
    "bcrypt": ("bcrypt", 32),
    "bcrypt-a": ("bcrypt", 32),
    "sha256crypt": ("sha256", 5000),
    "sha512crypt": ("sha512", 5000),
    "yescrypt": ("yescrypt", 4096),
    "gost-yescrypt": ("gost-yescrypt", 4096),
    "scrypt": ("scrypt", 16384),
    "nt": ("nt", 0),
}


def mkpasswd(method: str, password: str, *options: str) -> str:
    words = [tool("mkpasswd", "whois"), "-m", method, *options, password]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def htpasswd(option: str, password: str) -> str:
    words = [tool("htpasswd", "apache2-utils"), "-nb", option, "me", password]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip().partition(":")[2]


def mosquitto(folder: Path, scheme: str, password: str) -> str:
    file = folder / scheme
    words = [tool("mosquitto_passwd", "mosquitto"), "-H", scheme, "-c", "-b", str(file), "me", password]
    subprocess.run(words, capture_output=True, check=True)
    return file.read_text().strip().partition(":")[2]


def guess(text: str, name: str = "root", hashing: Hashing | None = None) -> Guess:
    # A clock that stands still: how far a slow machine comes is no matter of these tests.
    return Guessing(hashing, clock=lambda: 0.0).guess(text, read_field(text), name)


@pytest.mark.parametrize(("method", "expected"), METHODS.items())
def test_a_hash_of_the_accounts_own_name_is_known(method: str, expected: tuple[str, int]) -> None:
    made = mkpasswd(method, "pi")
    field = read_field(made)
    assert (field.scheme, field.rounds) == expected
    assert guess(made, "pi") == Guess(known=guess(made, "pi").known, tried=1)
    assert guess(made, "pi").known.known is True


@pytest.mark.parametrize("method", ["descrypt", "bsdicrypt", "md5crypt", "sha512crypt", "nt"])
def test_a_password_of_ones_own_is_not_known(method: str) -> None:
    found = guess(mkpasswd(method, OWN))
    assert found.known.known is False
    assert found.tried > 60


def test_the_makers_documented_passwords_are_tried() -> None:
    assert guess(mkpasswd("md5crypt", "calvin")).known.known is True
    assert guess(mkpasswd("md5crypt", "raspberry"), "pi").tried < 20, "those documented for this name come first"
    assert guess(mkpasswd("sha512crypt", ""), "x").known.known is True


def test_rounds_are_those_of_the_field() -> None:
    assert read_field(mkpasswd("sha512crypt", OWN, "-R", "1000")).rounds == 1000
    assert read_field(mkpasswd("sha256crypt", OWN, "-R", "656000")).rounds == 656000
    assert read_field(mkpasswd("bcrypt", OWN, "-R", "6")).rounds == 64
    made = subprocess.run(
        ["openssl", "passwd", "-6", "admin"], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert read_field(made).rounds == 5000
    assert guess(made).known.known is True


@pytest.mark.parametrize(
    ("option", "scheme"), [("-B", "bcrypt"), ("-m", "apr1"), ("-s", "unsalted-sha1"), ("-d", "des")]
)
def test_hashes_of_web_servers(option: str, scheme: str) -> None:
    assert read_field(htpasswd(option, OWN)).scheme == scheme
    assert guess(htpasswd(option, "admin")).known.known is True
    assert guess(htpasswd(option, OWN)).known.known is False


@pytest.mark.parametrize(
    ("made_by", "scheme", "rounds"), [("sha512", "mosquitto-sha512", 1), ("sha512-pbkdf2", "pbkdf2-sha512", 101)]
)
def test_hashes_of_mosquitto(tmp_path: Path, made_by: str, scheme: str, rounds: int) -> None:
    field = read_field(mosquitto(tmp_path, made_by, OWN))
    assert (field.scheme, field.rounds) == (scheme, rounds)
    assert guess(mosquitto(tmp_path, made_by, "admin")).known.known is True
    assert guess(mosquitto(tmp_path, made_by, OWN)).known.known is False


def test_argon2_where_the_library_has_it() -> None:
    argon2 = pytest.importorskip("cryptography.hazmat.primitives.kdf.argon2", reason="needs cryptography 45")
    kdf = argon2.Argon2id(salt=b"saltsalt", length=32, iterations=1, lanes=1, memory_cost=64)
    made = kdf.derive_phc_encoded(b"admin")
    assert guess(made).known.known is True
    assert guess(made.replace("argon2id", "argon2i")).known.reason is Reason.NOT_OBSERVABLE


@pytest.mark.parametrize("field", ["!", "*", "!!", "!*", "*LK*", "NP", "*NP*", "!$6$saltsalt$x", "x", "LOCKED"])
def test_fields_that_no_password_fits(field: str) -> None:
    assert read_field(field).scheme == "locked"
    assert guess(field) == Guess(known=guess(field).known)
    assert guess(field).known.known is False


def test_without_libcrypt_libpass_tests_what_it_can() -> None:
    none = Hashing(libraries=("libcrypt.so.none",))
    assert guess(mkpasswd("sha512crypt", "root"), hashing=none).known.known is True
    for method in ("yescrypt", "gost-yescrypt", "scrypt"):
        missing = guess(mkpasswd(method, "root"), hashing=none).known
        assert (missing.known, missing.reason) == (None, Reason.MISSING_TOOL)


@pytest.mark.parametrize(
    "hostile",
    [
        "$6$rounds=999999999$saltsalt$" + "a" * 86,
        "$2b$31$" + "a" * 53,
        "$y$jzzz$saltsalt$" + "a" * 43,
        "$y$jKT$saltsalt$" + "a" * 43,
        "$y$j9T9999$saltsalt$" + "a" * 43,
        "$7$zzzzzzzzzzzsalt$" + "a" * 43,
        "$md5,rounds=999999999$saltsalt$$" + "a" * 22,
        "_zzzz" + "a" * 15,
        "$sha1$4000000000$saltsalt$" + "a" * 28,
        "$argon2id$v=19$m=999999999,t=999999999,p=1$c2FsdHNhbHQ$" + "a" * 43,
        "$7$99999999$c2FsdHNhbHQ=$" + "A" * 86 + "==",
        "$9$unknown$" + "a" * 40,
    ],
)
def test_a_hostile_setting_is_never_computed(hostile: str) -> None:
    found = guess(hostile)
    assert (found.known.known, found.known.reason, found.tried) == (None, Reason.NOT_OBSERVABLE, 0)


@pytest.mark.parametrize(
    "damaged",
    [
        "$6$" + "%n%s" * 100,
        "$1$\x00\x00$" + "a" * 22,
        "$2y$05$",
        "$6$saltsalt$" + "é" * 86,
        "$6$saltsalt$abc",
        "$y$j9T$salt",
        "$7$zzzz",
        "FXieZavRvxL4",
    ],
)
def test_a_hash_cut_off_is_not_readable(damaged: str) -> None:
    found = guess(damaged)
    assert (found.known.known, found.known.reason, found.tried) == (None, Reason.UNREADABLE, 0)


def test_time_is_shared_and_a_verdict_stands_on_the_core() -> None:
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 0.01
        return now

    fast = mkpasswd("md5crypt", OWN)
    guessing = Guessing(clock=clock)
    first = guessing.guess(fast, read_field(fast), "root")
    assert first.known.known is False
    assert first.tried > len(CORE)
    assert guessing.guess(fast, read_field(fast), "root") is first, "the other slot of the device has the same hash"
    spent = now
    for number in range(int(IN_ALL) * 2):
        last = guessing.guess(fast, read_field(fast), f"user{number}")
    assert (last.known.known, last.known.reason) == (None, Reason.NOT_OBSERVABLE)
    assert now - spent < IN_ALL + 1


def test_no_library_is_asked_when_the_time_is_over() -> None:
    """Ten thousand accounts took all the minutes of their image: to ask is to hash once."""
    now = 0.0
    asked: list[str] = []

    class Slow(Hashing):
        def verifier(self, scheme: str, field: str) -> Verify:
            nonlocal now
            now += 0.3
            asked.append(field)
            raise Untestable(scheme)

    guessing = Guessing(Slow(), clock=lambda: now)
    fast = mkpasswd("md5crypt", OWN)
    for number in range(100):
        last = guessing.guess(fast, read_field(fast), f"user{number}")
    assert (last.known.known, last.known.reason) == (None, Reason.NOT_OBSERVABLE)
    assert len(asked) < IN_ALL / 0.3 + 2


@settings(max_examples=60)
@given(st.text(max_size=200) | st.from_regex(r"\A[$_{!*]?[$./0-9A-Za-z,=]{0,120}\Z"))
def test_any_field_has_a_scheme(text: str) -> None:
    field = read_field(text)
    assert field.scheme
    assert field.effort >= 0
    assert isinstance(field, Field)
