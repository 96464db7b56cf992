"""The questions that all four engines are laid side by side on, and their answers as words."""

from collections.abc import Callable, Iterable, Mapping

QUESTIONS = {
    "versions": "versions",
    "broken": "broken or weak suites",
    "forward secrecy": "forward secrecy",
    "static": "key exchange without it",
    "psk": "pre-shared keys",
    "dh": "smallest DH prime",
    "ems": "extended master secret",
    "renegotiation": "secure renegotiation",
    "compression": "compression",
    "client certificate": "asks for a client certificate",
    "scsv": "fallback SCSV",
}
"""Key -> heading."""
Verdicts = dict[str, str]
"""Question -> answer; one that the tool does not ask is left out. ``open`` where it asked and cannot tell."""
NONE, OPEN = "none", "open"
_KINDS: Mapping[str, Callable[[str], bool]] = {
    "NULL": lambda n: "NULL" in n or n.endswith(("_SHA256_SHA256", "_SHA384_SHA384")),
    "anonymous": lambda n: "_anon_" in n,
    "export": lambda n: "EXPORT" in n,
    "RC4, RC2, DES": lambda n: any(c in n for c in ("_RC4_", "_RC2_", "_DES_CBC", "_DES_64")),
    "3DES, IDEA": lambda n: any(c in n for c in ("_3DES_", "_IDEA_", "_DES_192_")),
}
_WEAK_ONLY = "3DES, IDEA"
_PSK = {"plain": ("TLS_PSK_", "TLS_RSA_PSK_"), "ephemeral": ("TLS_DHE_PSK_", "TLS_ECDHE_PSK_")}
_TLS_13 = ("TLS_AES_", "TLS_CHACHA20_", "TLS_SHA256_", "TLS_SHA384_")
_NEITHER = ("TLS_SRP_", "TLS_ECCPWD_", "SSL_CK_")


def yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def listed(words: Iterable[str]) -> str:
    return ", ".join(words) or NONE


def of_suites(names: Iterable[str]) -> Verdicts:
    """What follows from a complete list of accepted suites, by IANA name. A broken suite has no forward secrecy."""
    names = set(names)
    sound = [n for n in names if not any(is_so(n) for kind, is_so in _KINDS.items() if kind != _WEAK_ONLY)]
    return {
        "broken": listed(kind for kind, is_so in _KINDS.items() if any(map(is_so, names))),
        "forward secrecy": yes(any("DHE_" in n or n.startswith(_TLS_13) for n in sound)),
        "static": yes(any(map(_is_static, names))),
        "psk": listed(kind for kind, starts in _PSK.items() if any(n.startswith(starts) for n in names)),
    }


def _is_static(name: str) -> bool:
    ephemeral = "DHE_" in name or "_anon_" in name
    return not ephemeral and not name.startswith((*_TLS_13, *_NEITHER))
