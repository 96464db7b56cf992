"""What a reader says of its conversation."""

import msgspec

from iotscan.model.facts.traffic import Protection
from iotscan.observe.traffic.conversation import Conversation, Item, Tell, Told


class Voice:
    """Tells what was understood of one conversation, which it names by its protocol."""

    def __init__(
        self,
        conversation: Conversation,
        tell: Tell,
        protocol: str,
        protection: Protection = "cleartext",
        *,
        has_roles: bool = True,
    ) -> None:
        """``has_roles``: what was heard, where it was heard, is said by one of the two ends alone."""
        self.conversation, self._tell = conversation, tell
        conversation.protocol, conversation.protection = protocol, protection
        conversation.has_roles = conversation.has_roles or has_roles
        self._turned: Conversation | None = None

    def say(self, at: int, item: Item, *secrets: str, is_turned: bool = False, clock: int = 0) -> None:
        """One thing, and what is secret in it. ``clock`` is what the server then said of the time.

        ``is_turned`` says that for this thing the one who began the conversation is the server: in CoAP both ends of
        the same two ports may ask.
        """
        conversation = self.conversation
        if is_turned:
            if self._turned is None:
                self._turned = msgspec.structs.replace(
                    conversation, client=conversation.server, server=conversation.client, server_name="", named_by=""
                )
            conversation = self._turned
        self._tell(Told(conversation, at, item, tuple(s for s in secrets if s), clock))
