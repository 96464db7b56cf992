"""Whether a certificate names the host that a client wants to reach. Pure. Source: RFC 9525 section 6.

Only subjectAltName counts: a common name never does, whatever it says (section 2). A dNSName is compared with a host
name and an iPAddress with an address, never one with the other. ``docs/guide/signers.md`` says where OpenSSL
differs.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_PLAIN_LABEL = re.compile(r"[a-z0-9-]+")
_LONGEST = 253
_REGISTRIES = frozenset(["ac", "co", "com", "edu", "gov", "ne", "net", "nom", "or", "org"])
"""Second labels under which countries register names, as in ``co.uk`` and ``or.jp``."""


def names_host(presented: Iterable[str], host: str) -> bool:
    """Whether one of the dNSName entries is the name ``host``, case and one trailing dot left out.

    ``*`` stands for exactly one label, the whole first one, and never for the names of a registry (``*.com``,
    ``*.co.uk``). International names are compared as A-labels. False for what is no host name, an address among that.
    """
    wanted = host_name(host)
    return bool(wanted) and any(_fits(name, wanted) for name in presented)


def names_address(presented: Iterable[str], address: str) -> bool:
    """Whether one of the iPAddress entries, as text, is ``address``: the same bytes, its zone left out."""
    try:
        wanted = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(_is_address(text) and ip_address(text) == wanted for text in presented)


def host_name(text: str) -> str:
    """A host name as clients compare it: lower case, A-labels, no trailing dot. Empty for what is none."""
    try:
        ascii_text = text if text.isascii() else text.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    name = ascii_text.lower().removesuffix(".")
    labels = name.split(".")
    # What ends in a number is read as an address, or as nothing.
    is_name = len(name) <= _LONGEST and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()
    return name if is_name else ""


def _fits(presented: str, wanted: str) -> bool:
    if not presented.isascii():
        return False
    name = presented.lower()
    if not name.startswith("*."):
        return name == wanted
    first, _, rest = wanted.partition(".")
    return name[2:] == rest and not _is_of_a_registry(rest) and bool(_PLAIN_LABEL.fullmatch(first))


def _is_of_a_registry(name: str) -> bool:
    """True for one label, and for two of the kind under which anybody may have a name registered."""
    labels = name.split(".")
    return len(labels) < 2 or (len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _REGISTRIES)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
