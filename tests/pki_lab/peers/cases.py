"""What is asked, and in which words it is answered."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from tests.pki_lab.crls import CRLS, List
from tests.pki_lab.pki import Leaf, Pki
from tests.pki_lab.recipes import HELPERS
from tests.pki_lab.scenes import Scene, scenes

QUESTIONS = {
    "path": "leads to a trusted root, in its dates, for a server",
    "name": "is for device.example",
    "order": "chain sent in order",
    "sha1": "SHA-1 or MD5 below the root",
    "staple": "must be stapled",
    "scts": "signed certificate timestamps",
    "status": "revoked or not, by what is given",
}
NAME = "device.example"
TRUSTED, REFUSED = "trusted", "refused"
GOOD, REVOKED, UNKNOWN, NONE = "good", "revoked", "unknown", "no answer"
YES, NO = "yes", "no"
EMPTY = List(by="")
Verdicts = dict[str, str]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A chain, with what is given beside it."""

    scene: Scene
    leaf: Leaf
    store: Path
    lists: tuple[Path, ...] = ()
    """PEM."""
    response: Path | None = None
    """DER, stapled or given."""
    signers: tuple[Path, ...] = ()
    """PEM of who signs a list and is neither in the chain nor in the store."""

    @property
    def is_about_status(self) -> bool:
        """Whether the only question is if it is revoked."""
        return self.scene.status != ""


def cases(pki: Pki) -> Mapping[str, Case]:
    """Every scene with its files."""
    return dict(_cases(pki))


def _cases(pki: Pki) -> Iterator[tuple[str, Case]]:
    for name, scene in scenes().items():
        response = scene.staple or scene.response
        yield (
            name,
            Case(
                scene=scene,
                leaf=pki.leaf(scene.leaf),
                store=pki.store,
                lists=tuple(path for each in scene.lists if (path := pki.crl(each).pem)),
                signers=tuple(_signer(pki, each) for each in scene.lists if CRLS.get(each, EMPTY).by in HELPERS),
                response=pki.ocsp(response, scene.leaf).file if response else None,
            ),
        )


def _signer(pki: Pki, name: str) -> Path:
    path = pki.folder / f"{name}.signer.pem"
    path.write_bytes(pki.issued(CRLS[name].by).pem)
    return path


def yes(is_so: bool) -> str:
    return YES if is_so else NO
