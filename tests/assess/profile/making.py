"""A few checks, and profiles over them."""

from collections.abc import Mapping
from pathlib import Path

from iotscan.assess.profile import Profile, load_profile, select
from iotscan.assess.registry import CheckPack
from iotscan.model.facts import TelnetServer
from iotscan.sdk import Returned, clause, good, parameter
from tests.assess.making import check

HEAD = 'schema: iotscan/profile@1\nid: x\nversion: "1"\ntitle: X\n'


def fine(telnet: TelnetServer) -> Returned:
    """Say that all is well."""
    return good("shut")


PACK = CheckPack(
    checks=(
        check(
            fine,
            id="key-age",
            aliases=("KEY-005",),
            element="keys",
            tags=("tls", "key-rotation"),
            clauses=(clause("ETSI EN 303 645", "V3.1.3", "5.5-8"),),
            variants={"old": ("medium", "It is old"), "ancient": ("high", "It is ancient")},
            parameters={
                "max_days": parameter("integer", "The oldest", default=730, unit="days"),
                "signers": parameter("texts", "Who signs"),
            },
        ),
        check(fine, id="tls-ciphers", aliases=("TLS-004",), tags=("tls",), variants={"weak": ("low", "It is weak")}),
        check(fine, id="tls-versions", aliases=("TLS-001", "TLS-002"), tags=("tls",)),
    )
)


def write(folder: Path, body: str = "", head: str = HEAD, name: str = "p.yaml") -> str:
    """A profile file below ``folder``; its path."""
    path = folder / name
    path.write_text(head + body)
    return str(path)


def family(folder: Path, bodies: Mapping[str, str]) -> str:
    """Profile files by name, the last of which is the youngest; its path."""
    paths = [write(folder, body, HEAD.replace("id: x", f"id: {name}"), f"{name}.yaml") for name, body in bodies.items()]
    return paths[-1]


def ids(profile: Profile, pack: CheckPack = PACK) -> list[str]:
    """What a profile selects."""
    return [c.info.id for c in select(profile, pack)]


def loaded(folder: Path, body: str) -> Profile:
    """A profile of one file."""
    return load_profile(write(folder, body))
