"""A policy file of ssh-audit as what a profile says to ``ssh-policy``.

The format is the one that ``ssh-audit -M`` writes: ``key = value`` a line, ``#`` for comments, lists between commas.
Read: ``name``, ``version``, ``host keys``, ``optional host keys``, ``key exchanges``, ``ciphers``, ``macs``,
``compressions``, ``hostkey_size_*``, ``cakey_size_*``, ``dh_modulus_size_*``, ``host_key_sizes``,
``dh_modulus_sizes``, ``allow_algorithm_subset_and_reordering``, ``allow_larger_keys``. A policy for clients is refused.
"""

import json
from collections.abc import Iterator
from typing import Final

import msgspec

from iotscan.assess.parameters import LARGEST
from iotscan.model.errors import BadInput
from iotscan.model.parameter import Value
from iotscan.model.text import safe_text

CHECK: Final = "ssh-policy"
LONGEST: Final = 256 * 1024
"""Bytes of such a file: ssh-audit's own have two thousand."""
_LISTS: Final = {
    "host keys": "host_keys",
    "optional host keys": "optional_host_keys",
    "key exchanges": "kex",
    "ciphers": "ciphers",
    "macs": "macs",
    "compressions": "compression",
}
_SIZES: Final = ("hostkey_size_", "cakey_size_", "dh_modulus_size_")
_IGNORED: Final = ("banner", "header")
_MOST_NAMES: Final = 500


class SshAuditPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says: its name, its version, the values for the check, and what was left out."""

    name: str
    version: str
    values: dict[str, Value | None]
    left_out: tuple[str, ...] = ()


class _Reading:
    """The file, line by line; every mistake is told with its place."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.line = 0
        self.words: dict[str, str] = {}
        self.lists: dict[str, list[int | str]] = {}
        self.key_bits: dict[str, list[int | str] | int] = {}
        self.group_bits: list[int] = []
        self.left_out: list[str] = []

    def bad(self, what: str) -> BadInput:
        where = f"{self._file}:{self.line}" if self.line else self._file
        return BadInput(f"{where}: {what}")

    def read(self, text: str) -> None:
        for number, raw in enumerate(text.split("\n"), start=1):
            self.line = number
            line = raw.strip()
            if line and not line.startswith("#"):
                key, sign, value = line.partition("=")
                if not sign:
                    raise self.bad("a line of a policy of ssh-audit is `key = value`")
                self._take(key.strip().lower(), value.strip())
        self.line = 0

    def _take(self, key: str, value: str) -> None:
        if key in self.words or (key in _LISTS and _LISTS[key] in self.lists):
            raise self.bad(f"'{safe_text(key, 40)}' stands here twice")
        if key in _LISTS:
            self.lists[_LISTS[key]] = list(self._names(value))
        elif key.startswith(_SIZES):
            self._size(key, self._number(value))
        elif key in ("host_key_sizes", "dh_modulus_sizes"):
            self._sizes(key, value)
        elif key in _IGNORED:
            self.left_out.append(key)
        elif key in ("name", "version"):
            self.words[key] = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
        elif key in ("client policy", "allow_algorithm_subset_and_reordering", "allow_larger_keys"):
            if value.lower() not in ("true", "false"):
                raise self.bad(f"'{key}' is true or false")
            self.words[key] = value.lower()
        else:
            raise self.bad(f"a policy of ssh-audit has no '{safe_text(key, 40)}'")

    def _names(self, value: str) -> Iterator[str]:
        names = [name.strip() for name in value.split(",")]
        if not all(names) or len(names) > _MOST_NAMES:
            raise self.bad("a list of names between commas is expected")
        for name in names:
            if not name.isascii() or not name.isprintable() or " " in name or len(name) > 100:
                raise self.bad(f"'{safe_text(name, 40)}' is no name of an algorithm (RFC 4251 section 6)")
            yield name

    def _number(self, value: object) -> int:
        text = str(value)
        if not (text.isascii() and text.isdecimal() and len(text) < 8 and 0 < int(text) <= LARGEST):
            raise self.bad("a size in bits is expected")
        return int(text)

    def _size(self, key: str, bits: int) -> None:
        if key.startswith("hostkey_size_"):
            self.key_bits[key.removeprefix("hostkey_size_") or "-"] = bits
        elif key.startswith("dh_modulus_size_"):
            self.group_bits.append(bits)
        else:
            self.left_out.append(safe_text(key, 60))

    def _sizes(self, key: str, value: str) -> None:
        """The form of ssh-audit 3: JSON on one line."""
        try:
            sizes = json.loads(value)
        except (ValueError, RecursionError):
            sizes = None
        if not isinstance(sizes, dict):
            raise self.bad(f"'{key}' is a JSON object on one line")
        for name, said in sizes.items():
            bits = said.get("hostkey_size") if isinstance(said, dict) else said
            if key == "host_key_sizes":
                # Other kinds have one size by their name.
                if "rsa" in name:
                    self.key_bits[name] = self._number(bits)
                if isinstance(said, dict) and said.get("ca_key_size"):
                    self.left_out.append(f"ca_key_size of {safe_text(name, 40)}")
            else:
                self.group_bits.append(self._number(bits))


def read_ssh_audit(text: str, file: str) -> SshAuditPolicy:
    """Read a policy file. Raises BadInput with file and line."""
    reading = _Reading(file)
    reading.read(text)
    if reading.words.get("client policy") == "true":
        raise reading.bad("this is a policy for clients, and iotscan looks at servers")
    for needed in ("name", "version"):
        if not reading.words.get(needed):
            raise reading.bad(f"it has no '{needed}': is this a policy of ssh-audit?")
    values: dict[str, Value | None] = {name: reading.lists[name] for name in _LISTS.values() if name in reading.lists}
    if not values and not reading.key_bits and not reading.group_bits:
        raise reading.bad("it states nothing: no list of algorithms and no size")
    if reading.lists and reading.words.get("allow_algorithm_subset_and_reordering") != "true":
        values["exact"] = True
    if reading.key_bits:
        values["host_key_bits"] = reading.key_bits
    if reading.group_bits:
        values["group_bits"] = min(reading.group_bits)
    if (reading.key_bits or reading.group_bits) and reading.words.get("allow_larger_keys") != "true":
        values["exact_sizes"] = True
    return SshAuditPolicy(
        name=safe_text(reading.words["name"], 200),
        version=safe_text(reading.words["version"], 40),
        values=values,
        left_out=tuple(reading.left_out),
    )
