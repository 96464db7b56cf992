"""The pass over all text files for secrets: cheap literals first, then what is recognised by rules."""

import hashlib
import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from iotscan.model.facts import EmbeddedSecret, EmbeddedSecrets, Token
from iotscan.model.text import safe_text
from iotscan.observe.heard import Heard
from iotscan.observe.image.inspector import Inspector, Swept
from iotscan.observe.image.inspectors.secrets.files import find_in_own_form, has_own_form
from iotscan.observe.image.inspectors.secrets.settings import CLIENTS, WORDS, find_settings
from iotscan.observe.image.places import is_documentation, is_set_aside
from iotscan.observe.image.site import Place
from iotscan.observe.image.tree import Entry, Tree
from iotscan.wire.jwt import describe_token
from iotscan.wire.secret_forms.hit import Hit
from iotscan.wire.secret_forms.placeholders import is_random
from iotscan.wire.secret_forms.tokens import find_tokens

LARGEST: Final = 4 << 20
MOST, MOST_IN_A_FILE = 500, 20
_NOT_READ: Final = (
    "/usr/share/doc/",
    "/usr/share/man/",
    "/usr/share/info/",
    "/usr/share/locale/",
    "/usr/share/zoneinfo/",
    "/usr/share/i18n/",
    "/usr/share/icons/",
    "/usr/share/fonts/",
    "/usr/share/mime/",
    "/usr/share/vim/",
    "/usr/share/help/",
    "/usr/include/",
    "/usr/src/",
    "/var/lib/dpkg/",
    "/lib/modules/",
    "/usr/lib/modules/",
    "/usr/lib/firmware/",
    "/lib/firmware/",
)
"""Where nobody looks for his own secrets: manuals, translations, headers, what packages ship."""
_NO_TEXT: Final = (
    ".so",
    ".ko",
    ".a",
    ".o",
    ".pyc",
    ".png",
    ".jpg",
    ".gif",
    ".svg",
    ".gz",
    ".xz",
    ".zst",
    ".bz2",
    ".zip",
    ".ttf",
    ".woff",
    ".woff2",
    ".mo",
    ".jar",
    ".deb",
    ".ipk",
    ".dtb",
    ".h",
    ".hpp",
    ".css",
    ".map",
    ".crt",
    ".html",
    ".po",
    ".pot",
    ".md",
    ".rst",
    ".md5sums",
    ".list",
    ".pm",
)
_LIBRARIES: Final = re.compile(
    r"(?:^/|/usr/)(?:lib|lib64|share)/|/(?:python3?(?:\.\d+)?|node_modules|perl5?|ruby|site-packages|dist-packages|gems|vendor"
    r"|third_party)/"
)
"""Programs of others: there only the form of a token counts, not what a variable is called."""
_CONFIGURATION: Final = (".conf", ".cfg", ".cnf", ".ini", ".env", ".toml", ".properties")
_CALLED_CONFIGURATION: Final = ("config.", "settings.", "appsettings.", "credentials.", "secrets.")
_PLAIN: Final = ("nsswitch.conf", "login.defs", "services", "protocols", "pam.conf", "mime.types")


class _Secrets:
    """See :class:`~iotscan.observe.image.inspector.Sweeper`."""

    def __init__(self) -> None:
        self._found: dict[EmbeddedSecret, None] = {}
        self._is_cut_off = False

    def wants(self, entry: Entry) -> bool:
        return entry.size <= LARGEST and not entry.path.startswith(_NOT_READ) and not entry.path.endswith(_NO_TEXT)

    def passed(self, place: Place, tree: Tree, entry: Entry) -> None:
        """Metadata alone shows no secret."""

    def see(self, swept: Swept) -> None:
        for found in find_secrets(swept):
            if len(self._found) >= MOST:
                self._is_cut_off = True
                return
            self._found.setdefault(found)

    def heard(self, searched: int) -> Heard:
        fact = EmbeddedSecrets(secrets=tuple(self._found), files_searched=searched, is_cut_off=self._is_cut_off)
        return Heard(facts=(fact,))


def find_secrets(swept: Swept) -> Iterator[EmbeddedSecret]:
    """The secrets in one text file; none in what holds NUL."""
    data, path, name = swept.data, swept.entry.path, swept.entry.name
    if b"\0" in data[:8192]:
        return
    told: set[tuple[int, int]] = set()
    for hit in islice(_hits(data, path, name), MOST_IN_A_FILE):
        line = swept.line_at(hit.at)
        # A token with a name is found by both.
        if (line, len(hit.value)) in told:
            continue
        told.add((line, len(hit.value)))
        yield EmbeddedSecret(
            path=swept.shown,
            line=line,
            group=hit.group,
            form=hit.form,
            name=safe_text(hit.name, 64),
            length=len(hit.value),
            sha256_prefix=hashlib.sha256(hit.value).hexdigest()[:8] if is_random(hit.value) else "",
            token=_token(hit),
            in_documentation=is_documentation(path) or (hit.form == "setting" and is_set_aside(swept.tree, path)),
        )


def _token(hit: Hit) -> Token | None:
    token = describe_token(hit.value.decode("ascii", "replace")) if hit.form == "jwt" else None
    return token if token and token.format == "jwt" else None


def _hits(data: bytes, path: str, name: str) -> Iterator[Hit]:
    is_configuration = name.endswith(_CONFIGURATION) or name.startswith(_CALLED_CONFIGURATION)
    is_library = bool(_LIBRARIES.search(path)) and not is_configuration
    yield from find_tokens(data, is_library=is_library)
    if has_own_form(name, path):
        yield from find_in_own_form(data, name, path)
        return
    if is_library or name in _PLAIN or "/pam.d/" in path:
        return
    lower = data.lower()
    if any(word in lower for word in (*WORDS, *CLIENTS)):
        yield from find_settings(data, lower, name, path)


INSPECTOR = Inspector(name="secrets", version=2, gives=(EmbeddedSecrets,), sweep=_Secrets)
