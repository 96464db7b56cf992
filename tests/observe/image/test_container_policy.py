"""The policy of a container engine, as containers-policy.json(5) has it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import ContainerPolicy
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.image.inspectors import container_policy
from iotscan.observe.image.inspectors.container_policy import _scopes, _type
from tests.observe.image.looking import a_root, heard_of

ANYTHING = {"type": "insecureAcceptAnything"}
SIGNED = {"type": "sigstoreSigned", "keyPath": "/etc/key.pub"}


@pytest.mark.parametrize(
    ("policy", "default", "scopes"),
    [
        ({"default": [ANYTHING]}, "insecureAcceptAnything", ()),
        ({"default": [{"type": "reject"}], "transports": {"docker": {"r.example": [SIGNED]}}}, "reject", ()),
        ({"default": [{"type": "reject"}], "transports": {"docker": {"r.test": [ANYTHING]}}}, "reject", ("r.test",)),
        ({"default": [ANYTHING, SIGNED]}, "sigstoreSigned", ()),
        ({"default": [{"type": "reject"}], "transports": {"docker-daemon": {"": [ANYTHING]}}}, "reject", ()),
    ],
)  # fmt: skip
def test_what_a_policy_asks_for(tmp_path: Path, policy: object, default: str, scopes: tuple[str, ...]) -> None:
    files = {"usr/bin/podman": "x", "etc/containers/policy.json": json.dumps(policy)}
    (fact,) = heard_of(container_policy.INSPECTOR, a_root(tmp_path, dict(files))).facts
    assert fact == ContainerPolicy(
        path="/etc/containers/policy.json", engine="podman", default=default, open_scopes=scopes
    )


def test_no_engine_one_without_a_policy_and_a_torn_policy(tmp_path: Path) -> None:
    assert not heard_of(container_policy.INSPECTOR, a_root(tmp_path / "none")).facts
    (fact,) = heard_of(container_policy.INSPECTOR, a_root(tmp_path / "docker", {"usr/bin/dockerd": "x"})).facts
    assert fact == ContainerPolicy(path="/usr/bin/dockerd", engine="dockerd")
    torn = a_root(tmp_path / "torn", {"usr/bin/podman": "x", "etc/containers/policy.json": "{torn"})
    (missed,) = heard_of(container_policy.INSPECTOR, torn).missed
    assert missed.status is AttemptStatus.UNREADABLE


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "docker", "transports"]), inner)
    ),
    max_leaves=8,
)


@given(JSON)
def test_any_json_is_a_policy_or_none(said: object) -> None:
    _type(said)
    _scopes(said)
