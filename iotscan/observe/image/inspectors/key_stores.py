"""Key stores in hardware: libraries that speak to them, and the lines of configuration that have them used."""

import re
from collections.abc import Iterator

from iotscan.model.facts import KeyStores, KeyStoreUse
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.texts import texts_below
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_FOLDERS = ("/lib", "/usr/lib", "/usr/lib64", "/usr/local/lib")
_LIBRARY = re.compile(
    r"(?:libtss2-(?:esys|fapi|tctildr)|libtpm2_pkcs11|opensc-pkcs11|libckteec|libteec|libcryptoauth|libsss_|"
    r"libp11-kit-client|libsofthsm2|tpm2)[\w.-]*\.so(?:\.[0-9.]+)?"
)
_SOFTWARE = ("softhsm",)
"""A key store that is a file is none."""
_USE = re.compile(
    r"(?P<pkcs11>\bpkcs11:[a-z-]+=|\bengine(?:_id)?\s*=\s*\"?pkcs11|\bpkcs11_(?:module|engine)_path\s*=)"
    r"|(?P<tpm2>\btpm2-device=|\bengine(?:_id)?\s*=\s*\"?tpm2|^\s*tpm2\s*=|\bprovider\s*=\s*tpm2|\bhandle:0x81[0-9a-fA-F]{6})"
    r"|(?P<credentials>^\s*(?:Load|Set)CredentialEncrypted\s*=)"
    r"|(?P<optee>\blibckteec\.so)",
    re.IGNORECASE,
)
_MARKS = ("pkcs11", "tpm2", "credentialencrypted", "handle:0x81", "libckteec")
_CONFIGURATION = ("/etc", "/usr/lib/systemd/system", "/lib/systemd/system")
_MOST = 40


def _inspect(tree: Tree) -> Heard:
    try:
        libraries = tuple(sorted(set(_libraries(tree))))
        uses = tuple(dict.fromkeys(_uses(tree)))[:_MOST]
    except Unreadable as error:
        return all_missed((KeyStores,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, str(error))
    return Heard(facts=(KeyStores(libraries=libraries, uses=uses),))


def _libraries(tree: Tree) -> Iterator[str]:
    for folder in _FOLDERS:
        for entry in tree.children(folder):
            inner = tree.children(entry.path) if entry.kind == "folder" and _may_hold(entry.name) else ()
            for found in (entry, *inner):
                if _LIBRARY.fullmatch(found.name) and not any(word in found.name for word in _SOFTWARE):
                    yield tree.show(found.path)


def _may_hold(name: str) -> bool:
    """True for the folders of an architecture, and those that plug-ins for keys stand in."""
    return "-linux-" in name or name in ("pkcs11", "engines-3", "engines-1.1", "ossl-modules")


def _uses(tree: Tree) -> Iterator[KeyStoreUse]:
    for folder in _CONFIGURATION:
        if tree.find(folder) is None:
            continue
        for path, lines in texts_below(tree, folder):
            whole = "\n".join(lines).lower()
            if not any(mark in whole for mark in _MARKS):
                continue
            for number, line in enumerate(lines, start=1):
                lowered = line.lower()
                if any(mark in lowered for mark in _MARKS) and not lowered.lstrip().startswith(("#", ";", "//")):
                    match = _USE.search(line[:2000])
                    if match:
                        yield KeyStoreUse(path=tree.show(path), line=number, store=match.lastgroup or "pkcs11")


INSPECTOR = Inspector(name="key-stores", version=1, gives=(KeyStores,), inspect=_inspect)
