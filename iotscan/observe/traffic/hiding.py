"""Secrets that a device said in the clear: in nothing that is kept of it.

Each was seen to be one, so it is hidden as it stands, also where its form does not give it away.
"""

from collections.abc import Iterable
from typing import Final, TypeVar

from iotscan.model.redaction import Hiding
from iotscan.model.secret import REDACTED
from iotscan.model.walk import rewrite

SHORTEST: Final = 4
"""What is shorter stands in any word."""
_ANYWHERE: Final = 8
_OURS: Final = frozenset(
    ("password", "username", "community", "authorization", "credentials", "firmware", "personal", "telemetry")
)
"""Words that readers use themselves: as a secret they are the first that anybody tries."""
T = TypeVar("T")


class Hidden:
    """Hides the secrets of one device. Words of ours that stand in the facts are no secret, whoever calls them so."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted((s for s in secrets if len(s) >= SHORTEST), key=len, reverse=True)
        self.hiding = Hiding()
        for secret in self._secrets:
            self.hiding.remember(secret)

    def within(self, value: T) -> T:
        """The value with each secret shown as ``***``."""
        return rewrite(value, self._text) if self._secrets else value

    def _text(self, text: str) -> str:
        for secret in self._secrets:
            if text == secret or (secret in text and _tells_itself(secret)):
                text = text.replace(secret, REDACTED)
        return text


def _tells_itself(secret: str) -> bool:
    """Whether nothing else would be called so, within a longer text, too."""
    has_both = any(c.isalpha() for c in secret) and not secret.isalpha()
    return has_both or (len(secret) >= _ANYWHERE and secret.lower() not in _OURS)
