"""What a profile may tell a check: kinds, defaults, and lists by what a device calls itself."""

from typing import Any

import pytest

from iotscan.assess.check import BadCheck, Policy
from iotscan.assess.parameters import misfit
from iotscan.assess.registry import load_checks
from iotscan.model.facts import TelnetServer
from iotscan.model.facts.naming import Claim
from iotscan.model.parameter import ParameterKind
from iotscan.model.vocabulary import Outcome
from iotscan.sdk import Returned, good, parameter
from tests.assess.making import TELNET, ask, at, check, device, seen, sweep


@pytest.mark.parametrize(
    ("kind", "fit", "unfit"),
    [
        ("integer", [0, 398], [-1, True, 1.5, "398", [], 10**9]),
        ("number", [0, 0.5], [-0.5, True, "1"]),
        ("text", ["", "x"], [1, ["x"]]),
        ("boolean", [True, False], [0, "true"]),
        ("texts", [[], ["a", "b"]], ["a", [""], [1]]),
        ("ports", [[], [1, 65535]], [[0], [65536], [True], ["80"], 80]),
        ("ports by name", [{}, {"cam*": [80]}], [[80], {"cam*": 80}, {"": [80]}, {"cam*": [0]}]),
        ("texts by name", [{}, {"cam*": ["a"]}], [["a"], {"cam*": "a"}, {"": ["a"]}, {"cam*": [1]}]),
        ("integers by name", [{}, {"ssh-rsa": 3072}], [{"ssh-rsa": [3072]}, {"": 1}, {"a": -1}, {"a": True}, [1]]),
    ],
)
def test_values_fit_their_kind(kind: ParameterKind, fit: list[Any], unfit: list[Any]):
    assert [misfit(kind, value) for value in fit] == ["" for _ in fit]
    assert all(misfit(kind, value).endswith("expected") or "expected" in misfit(kind, value) for value in unfit)


def test_a_check_is_told_the_default_unless_a_profile_says_more():
    told: list[int] = []

    def question(telnet: TelnetServer, policy: Policy) -> Returned:
        told.append(policy.integer("days"))
        return good("shut")

    asked = check(question, parameters={"days": parameter("integer", "How long", default=30, unit="days")})
    ask(asked, seen(TELNET, at("tcp/23")))
    ask(asked, seen(TELNET, at("tcp/23")), values={"doors": {"days": 7}})
    assert told == [30, 7]


def test_a_default_of_another_kind_is_a_broken_check():
    def question(telnet: TelnetServer) -> Returned:
        return good("shut")

    with pytest.raises(BadCheck, match="parameter 'days' is not of its own kind"):
        check(question, parameters={"days": parameter("integer", "How long", default="long")})


def outcome(values: dict[str, Any], *claims: Claim) -> Outcome:
    allowed = load_checks().by_id("allowed-ports")
    assert allowed
    results = ask(allowed, sweep([80, 554]), devices=[device(claims=claims)], values={"allowed-ports": values})
    return max(results, key=lambda r: r.outcome.weight).outcome


def test_ports_are_allowed_by_what_a_device_calls_itself():
    camera = Claim(what="model", value="ACME CAM 3", how="ssdp")
    serial = Claim(what="serial", value="cam-1", how="ssdp")
    lists = {"allowed_tcp_by_name": {"*cam*": [80], "acme*": [554]}}
    assert outcome(lists, camera) is Outcome.PASS
    assert outcome({"allowed_tcp_by_name": {"*cam*": [80]}}, camera) is Outcome.FAIL
    # A name that matches narrows as well as widens: the list for all does not count then.
    assert outcome({"allowed_tcp_by_name": {"*cam*": [80]}, "allowed_tcp": [80, 554]}, camera) is Outcome.FAIL
    assert outcome({**lists, "allowed_tcp": [80, 554]}, serial) is Outcome.PASS
    assert outcome(lists, serial) is Outcome.NOT_ASSESSED
