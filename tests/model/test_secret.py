"""A secret has no string form, no pickle and no JSON."""

import pickle
import traceback

import msgspec
import pytest

from iotscan.model.secret import Secret

CANARY = "CANARY-51f0"


def test_no_string_form_holds_it() -> None:
    secret = Secret(CANARY)
    for shown in (str(secret), repr(secret), f"{secret}", f"{secret:>20}", f"{[secret]}", f"{secret!a}"):
        assert CANARY not in shown


def test_it_is_not_serialised() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(CANARY))
    with pytest.raises(TypeError):
        msgspec.json.encode({"password": Secret(CANARY)})


def test_a_traceback_does_not_hold_it() -> None:
    def fail(secret: Secret) -> None:
        raise ValueError(f"login failed for {secret}")

    try:
        fail(Secret(CANARY))
    except ValueError:
        assert CANARY not in traceback.format_exc()


def test_it_reveals_and_compares() -> None:
    assert Secret(CANARY).reveal() == CANARY
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
