"""The words of Redis, memcached and MongoDB."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire import bson, memcached, mongodb, redis

NUMBER = bytes.fromhex("a53c7510")


def reply(document: bytes, *, number: bytes = NUMBER, operation: int = 1) -> bytes:
    body = bytes(20) + document if operation == 1 else bytes(5) + document
    return struct.pack("<i", 16 + len(body)) + b"\x07\0\0\0" + number + struct.pack("<i", operation) + body


def sized(body: bytes) -> bytes:
    return struct.pack("<i", len(body) + 5) + body + b"\0"


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        (b"+PONG\r\n", "status", ""),
        (b":0\r\nmore", "number", ""),
        (b"-NOAUTH Authentication required.\r\n", "error", "NOAUTH"),
        (b"$5\r\nhello\r\n", "bulk", ""),
    ],
)
def test_replies_of_redis(data: bytes, kind: str, code: str) -> None:
    found = redis.read_reply(data)
    assert found is not None
    assert (found.kind, found.code) == (kind, code)
    assert redis.read_reply(data[: found.size - 1]) is None


def test_the_version_of_redis() -> None:
    assert redis.version_in(b"# Server\r\nredis_version:7.0.15\r\nredis_git_sha1:0\r\n") == "7.0.15"
    assert redis.version_in(b"# Server\r\n") == ""


@pytest.mark.parametrize(
    ("data", "version", "may_read"),
    [
        (b"VERSION 1.6.18\r\nEND\r\n", "1.6.18", True),
        (b"CLIENT_ERROR unauthenticated\r\nCLIENT_ERROR unauthenticated\r\n", "", False),
        (b"VERSION 1.6.18\r\nERROR\r\n", "1.6.18", None),
    ],
)
def test_answers_of_memcached(data: bytes, version: str, may_read: bool | None) -> None:
    answer = memcached.read_answer(data)
    assert answer is not None
    assert (answer.version, answer.may_read) == (version, may_read)


def test_a_document_of_the_specification() -> None:
    """bsonspec.org, examples."""
    hello = bytes.fromhex("1600000002 68656c6c6f 00 06000000 776f726c64 00 00".replace(" ", ""))
    assert bson.encode({"hello": "world"}) == hello
    assert bson.decode(hello + b"more") == {"hello": "world"}
    array = bytes.fromhex(
        "310000000442534f4e002600000002300008000000617765736f6d65000131003333333333331440103200c20700000000"
    )
    assert bson.decode(array) == {"BSON": None}


def test_an_answer_of_mongodb_is_one_to_our_question() -> None:
    document = bson.encode({"ok": 1, "maxWireVersion": 21})
    for operation in (1, 2013):
        answer = mongodb.read_answer(reply(document, operation=operation))
        assert answer is not None
        assert answer.is_ok
        assert mongodb.knows_messages(answer)
    assert mongodb.read_answer(reply(document, number=b"\1\0\0\0")) is None
    assert mongodb.read_answer(reply(document, operation=2004)) is None
    refused = mongodb.read_answer(reply(bson.encode({"ok": 0, "code": 13})))
    assert refused is not None
    assert (refused.is_ok, refused.code) == (False, mongodb.UNAUTHORIZED)


def test_no_name_of_a_database_is_asked_for() -> None:
    for is_old in (True, False):
        asked = mongodb.list_nothing(is_old=is_old)
        assert int.from_bytes(asked[:4], "little") == len(asked)
        assert b"filter\x00" in asked
        assert mongodb.NOBODYS_DATABASE.encode() in asked


VALUES = st.one_of(st.booleans(), st.integers(-(2**31), 2**31 - 1), st.text())


@given(document=st.dictionaries(st.text(st.characters(exclude_characters="\x00", codec="utf-8")), VALUES, max_size=8))
def test_what_is_encoded_comes_back(document: dict[str, int | str | bool]) -> None:
    data = bson.encode({"of": 1, **document})
    assert bson.decode(data) == {"of": 1, **{k: _replaced(v) for k, v in document.items()}}
    assert bson.decode(data[:-1]) is None


def _replaced(value: int | str | bool) -> int | str | bool:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


@given(data=st.one_of(st.binary(max_size=120), st.binary(max_size=90).map(reply), st.binary(max_size=90).map(sized)))
def test_any_bytes_are_a_value_or_none(data: bytes) -> None:
    redis.read_reply(data)
    redis.version_in(data)
    memcached.read_answer(data)
    bson.decode(data)
    mongodb.read_answer(data)
