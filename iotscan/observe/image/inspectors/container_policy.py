"""Whether a container engine takes images that nobody signed: containers-policy.json(5) of Podman and its kin."""

import json
from typing import Any

from iotscan.model.facts import ContainerPolicy
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_POLICIES = ("/etc/containers/policy.json", "/usr/share/containers/policy.json")
_FOLDERS = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/bin")
_ENGINES = ("podman", "crio", "balenad", "balena-engine", "dockerd", "containerd")
_WITH_POLICY = ("podman", "crio")
_LIMIT = 1 << 20
_MOST_SCOPES = 20


def _inspect(tree: Tree) -> Heard:
    try:
        return _read(tree)
    except Unreadable as error:
        return all_missed((ContainerPolicy,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, str(error))


def _read(tree: Tree) -> Heard:
    engines = [(n, f"{folder}/{n}") for n in _ENGINES for folder in _FOLDERS if tree.find(f"{folder}/{n}") is not None]
    if not engines:
        return Heard()
    engine, program = engines[0]
    path = next((p for p in _POLICIES if tree.find(p) is not None), "")
    if engine not in _WITH_POLICY or not path:
        return Heard(facts=(ContainerPolicy(path=tree.show(program), engine=engine),))
    try:
        said = json.loads(tree.read(path, _LIMIT))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{tree.show(path)} is no JSON") from error
    scopes = _scopes(said)
    fact = ContainerPolicy(
        path=tree.show(path),
        engine=engine,
        default=_type(said.get("default") if isinstance(said, dict) else None),
        open_scopes=tuple(safe_text(s, 100) for s in scopes if _type(scopes[s]) == "insecureAcceptAnything"),
    )
    return Heard(facts=(fact,))


def _scopes(said: object) -> dict[str, Any]:
    """The requirements of registries; other transports (a local archive, the daemon) take what root gives them."""
    transports = said.get("transports") if isinstance(said, dict) else None
    scopes = transports.get("docker") if isinstance(transports, dict) else None
    return dict(list(scopes.items())[:_MOST_SCOPES]) if isinstance(scopes, dict) else {}


def _type(requirements: object) -> str:
    """The type of the first requirement: each of a list has to hold, so that a strict one beside is enough."""
    types = [r.get("type") for r in requirements if isinstance(r, dict)] if isinstance(requirements, list) else []
    strict = [t for t in types if t != "insecureAcceptAnything"]
    return safe_text(str((strict or types or [""])[0]), 40)


INSPECTOR = Inspector(name="container-policy", version=1, gives=(ContainerPolicy,), inspect=_inspect)
