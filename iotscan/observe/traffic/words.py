"""Words of which a conversation is told in the end, each once."""

from typing import Final

from iotscan.model.facts import OtherTalk
from iotscan.model.text import safe_text
from iotscan.wire.secret_forms.opaque import masked

MOST: Final = 16
_READ: Final = 1024


class Words:
    """The first 16 different ones, made safe."""

    def __init__(self, protocol: str) -> None:
        self._protocol = protocol
        self._said: dict[str, None] = {}

    def add(self, *words: str | bytes) -> None:
        """Some more."""
        for word in words:
            # Before it is cut: the beginning of a token has no form.
            shown = safe_text(masked(safe_text(word, _READ)), 100)
            if shown and len(self._said) < MOST:
                self._said.setdefault(shown)

    @property
    def talk(self) -> OtherTalk:
        """All of them."""
        return OtherTalk(protocol=self._protocol, words=tuple(self._said))
