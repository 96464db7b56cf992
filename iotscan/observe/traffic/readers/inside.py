"""What a connection goes on with after HTTP has opened it: WebSocket, and MQTT inside of that (RFC 6455)."""

from iotscan.observe.traffic.conversation import Conversation, Reader, Tell
from iotscan.wire.http_stream import Head


def open_upgraded(conversation: Conversation, tell: Tell, answer: Head) -> Reader | None:
    """Who reads what follows that answer; None for nobody."""
    if answer.first("upgrade").lower() == "websocket":
        from iotscan.observe.traffic.readers.websocket import WebSocketReader

        return WebSocketReader(conversation, tell, answer.first("sec-websocket-protocol").lower())
    return None
