"""The block list of badkeys, where its user has one on this machine (``badkeys --update-bl``). Nothing is fetched.

It holds millions of keys as shortened hashes; which of them a run meets is looked up, and kept in the run.
"""

import importlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from iotscan.assess.keyring import spki_digest
from iotscan.model.errors import BadInput
from iotscan.model.facts import CertificateChain, SshServer
from iotscan.model.known_key import KnownKey
from iotscan.model.run import Run

WORD: Final = "badkeys"
"""What stands on the command line in place of a file."""
_DATA: Final = "badkeysdata.json"
_FILES: Final = ("blocklist.dat", _DATA)


def require_badkeys() -> None:
    """Raises BadInput where badkeys or its list is not on this machine."""
    try:
        importlib.import_module("badkeys.checks")
    except ImportError as error:
        raise BadInput("--known-keys badkeys: badkeys is not installed: pip install 'iotscan[keys]'") from error
    missing = [name for name in _FILES if not (_folder() / name).is_file()]
    if missing:
        raise BadInput(
            f"--known-keys badkeys: {_folder()} has no {missing[0]}: fetch the list with badkeys --update-bl"
        )


def on_block_list(run: Run) -> tuple[KnownKey, ...]:
    """The keys of a run's servers that stand in the list."""
    from badkeys.checks import checkpubkey

    found = []
    for spki in sorted(set(_keys(run))):
        said = checkpubkey(_pem(spki), checks=["blocklist"]).get("results", {}).get("blocklist")
        if said:
            name = str(said.get("subtest", ""))
            found.append(KnownKey(id=name, product=name, digests=(spki_digest(spki),), told_by=f"badkeys {_dated()}"))
    return tuple(found)


def _folder() -> Path:
    """Where badkeys keeps its list."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return Path(cache) / "badkeys" if cache else Path.home() / ".cache" / "badkeys"


def _dated() -> str:
    try:
        return str(json.loads((_folder() / _DATA).read_text()).get("date", ""))[:10].strip()
    except (OSError, ValueError, AttributeError):
        return ""


def _keys(run: Run) -> Iterator[str]:
    for observation in run.observations:
        fact = observation.fact
        if isinstance(fact, CertificateChain) and fact.certificates and not fact.is_unproved:
            yield from filter(None, [fact.certificates[0].spki])
        elif isinstance(fact, SshServer):
            yield from (key.spki for key in fact.host_keys.known or () if key.spki)


def _pem(spki: str) -> str:
    lines = "\n".join(spki[at : at + 64] for at in range(0, len(spki), 64))
    return f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n"
