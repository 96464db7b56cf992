"""What is said of signed programs and modules, all of them together: by which trusted key, and which of them not.

The kernel looks a key up by the name that the signature gives it, and tries no other (``asymmetric_key_hex_to_key_id``,
crypto/asymmetric_keys): one under that name with which it does not hold is a file that was changed.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from iotscan.model.facts.code_signing import CodeSignature
from iotscan.model.facts.signing import TrustedKey, TrustUse
from iotscan.wire.signing.code import code_holds, is_named

_USES: Final[dict[str, TrustUse]] = {"program": "ima", "module": "module"}


class CodeVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The files by what became of each signature.

    ``broken`` hold with no key, or not with the one that they name. ``foreign`` name none of the trusted keys, of which
    there are some; ``untried`` could not be tried, as there is no key or for the reason that stands in them. ``by`` are
    the keys of the ``verified``.
    """

    verified: tuple[CodeSignature, ...] = ()
    by: tuple[TrustedKey, ...] = ()
    broken: tuple[CodeSignature, ...] = ()
    foreign: tuple[CodeSignature, ...] = ()
    untried: tuple[CodeSignature, ...] = ()


def judge_code(files: Iterable[CodeSignature], keys: Sequence[TrustedKey]) -> CodeVerdict:
    """Try each signature with the trusted keys that it names; keys inside update artefacts count for nothing."""
    sorted_: dict[str, list[CodeSignature]] = {"verified": [], "broken": [], "foreign": [], "untried": []}
    by: dict[str, TrustedKey] = {}
    installed = [k for k in keys if k.public is not None and not k.within]
    for file in files:
        state, key = _try(file, [k for k in installed if k.use in ("given", _USES[file.kind])])
        sorted_[state].append(file)
        if key is not None:
            by.setdefault(f"{key.path} {key.public and key.public.sha256}", key)
    return CodeVerdict(by=tuple(by.values()), **{state: tuple(found) for state, found in sorted_.items()})


def _try(file: CodeSignature, keys: Sequence[TrustedKey]) -> tuple[str, TrustedKey | None]:
    if file.damage:
        return "broken", None
    if file.problem or not keys:
        return "untried", None
    named = [k for k in keys if is_named(file, k)]
    # A bare public key has no serial number by which a module could name it.
    nameless = [k for k in keys if k.certificate is None and k.use == "given" and file.kind == "module"]
    tried = {id(k): code_holds(file, k) for k in (*named, *nameless)}
    for key in (*named, *nameless):
        if tried[id(key)]:
            return "verified", key
    if any(tried[id(k)] is None for k in named):
        return "untried", None
    return ("broken" if named else "foreign"), None
