"""A helper that is none: ``lying_helper.py HOW``. It agrees to a scope, and answers a sweep as HOW says."""

import json
import os
import signal
import struct
import sys
from collections.abc import Iterator
from typing import Any

WHOLE = {"frames": 9, "unsent": 0, "strays": 0, "dropped": 0, "problem": "", "round": 2, "at": "10.77.0.9"}
MAC = "02:00:00:00:00:01"
TRUE = ["10.77.0.1", MAC, 1]


def frame(said: Any) -> bytes:
    """One frame of the protocol."""
    body = json.dumps(said).encode()
    return struct.pack(">I", len(body)) + body


def said(how: str, number: int) -> Iterator[bytes]:
    """What goes onto the pipe after one true sighting."""
    head = {"version": 1, "id": number}
    lies = {
        "no-address": ["nobody", MAC, 1],
        "zone": ["fe80::1%eth0", MAC, 1],
        "no-mac": ["10.77.0.2", "\x1b[2J" * 1000, 1],
        "count": ["10.77.0.2", MAC, 1 << 60],
        "negative": ["10.77.0.2", MAC, -5],
    }
    yield frame({**head, "seen": [TRUE]})
    if how in lies:
        yield frame({**head, "seen": [lies[how]]})
    elif how == "elsewhere":
        yield frame({**head, "seen": [["192.0.2.1", MAC, 1], ["10.77.0.200", MAC, 1]]})
        yield frame({**head, "result": WHOLE})
    elif how == "counts":
        yield frame({**head, "result": {**WHOLE, "frames": -1}})
    elif how == "place":
        yield frame({**head, "result": {**WHOLE, "problem": "Network is down", "round": 0, "at": "here"}})
    elif how == "words":
        yield frame({**head, "result": {**WHOLE, "problem": "\x1b[31m" + "x" * 100_000}})
    elif how == "garbage":
        yield os.urandom(64)
    elif how == "deep":
        yield struct.pack(">I", 200_000) + b"[" * 200_000
    elif how == "long":
        yield struct.pack(">I", 0xFFFFFFFF)
    elif how == "other":
        yield frame({"version": 1, "id": number + 1, "result": WHOLE})
    elif how == "for-ever":
        while True:
            yield frame({**head, "seen": [TRUE] * 1000})
    elif how == "silence":
        signal.pause()
    elif how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    while len(length := sys.stdin.buffer.read(4)) == 4:
        request = json.loads(sys.stdin.buffer.read(int.from_bytes(length, "big")))
        if request["job"]["do"] == "scope":
            answers: Iterator[bytes] = iter([frame({"version": 1, "id": request["id"], "result": {"uid": 0}})])
        else:
            answers = said(sys.argv[1], request["id"])
        for answer in answers:
            sys.stdout.buffer.write(answer)
            sys.stdout.buffer.flush()
