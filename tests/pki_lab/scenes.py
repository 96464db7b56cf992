"""What is true of a chain and what follows: the YAML files in ``truth/``. See README.md."""

from pathlib import Path
from typing import Literal

import msgspec

from iotscan.data import strict_yaml
from iotscan.model.vocabulary import Reason
from tests.pki_lab.crls import CRLS
from tests.pki_lab.ocsp import RESPONSES
from tests.pki_lab.recipes import AUTHORITIES, SERVERS

FOLDER = Path(__file__).parent / "truth"
Kind = Literal["gateway", "constrained"]
Status = Literal["good", "revoked", "unknown", "no answer", ""]
Vantage = Literal["nginx", "mosquitto", "image"]

OUTSIDE = "certificate-usage/profile"
"""True of every server of the lab that is not ``in_profile``: two names, addresses of CRLs and OCSP responders in it or
in its authority.
"""


class Scene(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One server: what it shows, and ``check/variant`` of every result that has to be a fail; nothing else may."""

    leaf: str = ""
    """A name of ``recipes.SERVERS``; that of the scene where it is empty."""
    staple: str = ""
    """A name of ``ocsp.RESPONSES``: only nginx can."""
    lists: tuple[str, ...] = ()
    """Names of ``crls.CRLS`` that are given beside."""
    response: str = ""
    """A name of ``ocsp.RESPONSES`` that is given beside."""
    status: Status = ""
    """What staple, lists and response together say of the chain at the moment of the lab."""
    both: tuple[str, ...] = ()
    gateway: tuple[str, ...] = ()
    constrained: tuple[str, ...] = ()
    in_profile: bool = False
    """Whether it keeps to the profile of TLS 1.3 for IoT."""
    not_assessed: dict[str, Reason] = {}
    """Check, or ``constrained/CHECK``: why its result stays open."""
    by: tuple[Vantage, ...] = ()
    """Who shows it, beside the chain as it is read from memory."""
    why: str = ""
    """Where the answer may surprise."""

    def under(self, policy: Kind) -> frozenset[str]:
        """All that must be found under a policy."""
        if policy == "gateway":
            return frozenset((*self.both, *self.gateway))
        return frozenset((*self.both, *self.constrained, *(() if self.in_profile else (OUTSIDE,))))

    def open(self, policy: Kind) -> dict[str, str]:
        """All that must stay open under a policy, and why."""
        named = {check.removeprefix(f"{policy}/"): str(why) for check, why in self.not_assessed.items()}
        return {check: why for check, why in named.items() if "/" not in check}


class BadScene(Exception):
    """A truth that names what is not there, or a certificate of which nothing is told."""


def scenes() -> dict[str, Scene]:
    """All of them by name. Raises BadScene."""
    found: dict[str, Scene] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        for name, scene in msgspec.convert(strict_yaml.load(path), dict[str, Scene]).items():
            if name in found:
                raise BadScene(f"{path.name}: {name} is told twice")
            found[name] = msgspec.structs.replace(scene, leaf=scene.leaf or name)
    _require_known(found)
    return found


def _require_known(found: dict[str, Scene]) -> None:
    for name, scene in found.items():
        if scene.leaf not in SERVERS or scene.staple not in ("", *RESPONSES):
            raise BadScene(f"{name}: no such certificate or response: {scene.leaf} {scene.staple}")
        if scene.response not in ("", *RESPONSES) or set(scene.lists) - CRLS.keys() - AUTHORITIES.keys():
            raise BadScene(f"{name}: no such list or response: {', '.join(scene.lists)} {scene.response}")
        if scene.staple and set(scene.by) != {"nginx"}:
            raise BadScene(f"{name}: only nginx shows a staple")
    if untold := sorted(SERVERS.keys() - {scene.leaf for scene in found.values()}):
        raise BadScene(f"nothing is told of {', '.join(untold)}")
