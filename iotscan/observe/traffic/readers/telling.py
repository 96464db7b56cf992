"""What both versions of HTTP say of an exchange, and of whom it was asked."""

from ipaddress import ip_address

from iotscan.observe.traffic.content.http_exchange import Answered, Asked, understand
from iotscan.observe.traffic.conversation import Conversation
from iotscan.observe.traffic.ends import is_address
from iotscan.observe.traffic.voice import Voice


def tell_exchange(voice: Voice, asked: Asked | None, answered: Answered | None, at: int) -> None:
    """Say all that is understood of an exchange, and keep nothing of it. ``at`` is when the answer ended."""
    clock = answered.clock if asked and answered else 0
    for item, secrets in understand(asked, answered, at):
        voice.say(asked.at if asked else at, item, *secrets, clock=clock)
    for carried in (asked, answered):
        if carried is not None:
            carried.body.close()


def name_server(conversation: Conversation, host: str) -> None:
    """What a request calls the server is its name, where nothing named it before."""
    if not host or conversation.server_name:
        return
    if not _is_address(host):
        conversation.server_name, conversation.named_by = host, "http host"
    elif is_address(host, conversation.server.address):
        conversation.named_by = "address"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
