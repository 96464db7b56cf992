"""A capture of traffic that a run was made from."""

import msgspec


class Capture(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file, stream or interface that frames were read from, and how much of it could be."""

    source: str
    """The path as it was given, ``-`` for a stream, or the name of the interface that was listened to."""
    format: str = ""
    """``pcap``, ``pcapng``, with ``+gzip`` where it was packed; ``live`` for an interface."""
    sha256: str = ""
    """Of the file's bytes; empty for what is no file."""
    kept: str = ""
    """The file that holds a copy of what an interface said; empty without one."""
    size: int = 0
    """Bytes that were read."""
    frames: int = 0
    first: str = ""
    """When the first frame was caught: UTC, ISO 8601."""
    last: str = ""
    links: tuple[str, ...] = ()
    """Kinds of link layer: ``ethernet``, ``linux-sll2``, ``ieee802.11-radiotap`` …"""
    cut_frames: int = 0
    """Frames of which the capture holds only the beginning (snaplen)."""
    unread_frames: int = 0
    """Frames that nothing could be read from: other link layers, damaged, encrypted Wi-Fi."""
    lost_frames: int = 0
    """Frames that whoever captured says to have dropped."""
    lost_conversations: int = 0
    """Conversations that were counted and not read: there were too many at once."""
    problem: str = ""
    """Why reading ended before the end; empty where it did not."""
