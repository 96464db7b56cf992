"""What the pseudonyms of a run stand for: ``redaction-map.json`` in the run's own folder, for its operator alone.

It holds the run's random key, so that every report of the run uses the same pseudonyms and nobody without the
file can find a value by trying. It is never part of a report.
"""

import secrets
from pathlib import Path

import msgspec

from iotscan.model.errors import BadInput
from iotscan.model.pseudonyms import Pseudonym, Pseudonyms
from iotscan.store.runs import write_whole

NAME = "redaction-map.json"
SCHEMA = "iotscan/redaction-map@1"
_KEY_BYTES = 32


class RedactionMap(msgspec.Struct, frozen=True, kw_only=True):
    """The file's content. ``key`` is hex."""

    schema: str = SCHEMA
    key: str
    pseudonyms: dict[str, Pseudonym] = {}


def read_pseudonyms(folder: Path) -> Pseudonyms:
    """The pseudonyms that earlier reports of the run gave; new ones under a new key where there is no map yet.

    Raises BadInput for a map that cannot be read: new pseudonyms beside old ones would mislead.
    """
    path = folder / NAME
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=RedactionMap)
        key = bytes.fromhex(kept.key)
    except FileNotFoundError:
        return Pseudonyms(secrets.token_bytes(_KEY_BYTES))
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise BadInput(f"{path} cannot be read: move it away, and pseudonyms begin anew") from error
    if kept.schema != SCHEMA or len(key) != _KEY_BYTES:
        raise BadInput(f"{path} is no {SCHEMA}: move it away, and pseudonyms begin anew")
    return Pseudonyms(key, kept.pseudonyms)


def write_pseudonyms(folder: Path, names: Pseudonyms) -> Path:
    """Keep the map, mode 0600. Raises BadInput where that cannot be done."""
    content = RedactionMap(key=names.key.hex(), pseudonyms=names.known)
    return write_whole(folder / NAME, msgspec.json.format(msgspec.json.encode(content, order="deterministic")) + b"\n")
