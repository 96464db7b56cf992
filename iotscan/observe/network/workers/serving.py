"""The loop of a worker process: a request in, an answer out, one at a time, until the other side closes."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO

from iotscan.observe import worker_protocol as protocol
from iotscan.observe.worker_protocol import Request, Response

Work = Callable[[Request], Response]
_PR_SET_PDEATHSIG = 1


def serve(source: BinaryIO, sink: BinaryIO, scope: str, work: Work) -> None:
    """Answer requests until the other side closes."""
    while head := source.read(protocol.HEAD.size):
        request = protocol.unpack(source.read(protocol.frame_length(head)), Request)
        is_ours = request.scope == scope
        response = work(request) if is_ours else Response(id=request.id, error="another scope than mine")
        sink.write(protocol.pack(response))
        sink.flush()


def run(work: Work) -> None:
    """Serve on stdin and stdout, and die with the parent."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # Whatever a library prints must not get between our frames.
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, sink, sys.argv[1] if len(sys.argv) > 1 else "", work)
