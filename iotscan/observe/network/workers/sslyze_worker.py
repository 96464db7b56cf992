"""The worker that holds sslyze: finished handshakes, one connection a job, and what trust says of a chain.

It dials nothing but the CONNECT proxy that its job names. Started by :mod:`.worker`; jobs:

``{"do": "finish", "version", "proxy": {host, port, user, password}, "host", "port", "server_name", "keep" or
"resume", "renegotiate", "opening_seconds"}`` → what :meth:`.finishing.Handshakes.finish` returns;
``opening_seconds`` are those that the proxy may take besides to bring the service to TLS

``{"do": "trust", "certificates": [base64 DER], "stores": [[name, path]]}`` → ``{"trust": …}`` of :func:`.trust.judge`

``{"do": "public authorities", "names": [text]}`` → ``{"names": […]}``: those that are roots of the web
"""

import base64
from typing import Any

from iotscan.observe.network.workers.authorities import public_among
from iotscan.observe.network.workers.finishing import Handshakes, Impossible
from iotscan.observe.network.workers.serving import run
from iotscan.observe.network.workers.trust import judge
from iotscan.observe.worker_protocol import Request, Response


def work(request: Request, handshakes: Handshakes) -> Response:
    """Do one job; whatever goes wrong becomes the text of its answer."""
    try:
        return Response(id=request.id, result=_result(request.job, handshakes))
    except Impossible as error:
        return Response(id=request.id, error=str(error))
    except Exception as error:
        return Response(id=request.id, error=f"sslyze broke ({type(error).__name__})")


def _result(job: dict[str, Any], handshakes: Handshakes) -> dict[str, Any]:
    if job["do"] == "trust":
        chain = [base64.b64decode(der) for der in job["certificates"]]
        return {"trust": judge(chain, [(name, path) for name, path in job.get("stores", [])])}
    if job["do"] == "public authorities":
        return {"names": public_among(job["names"])}
    if job["do"] == "finish":
        return handshakes.finish(job)
    raise Impossible("no such job")


def main() -> None:
    """Serve on stdin and stdout, and die with the parent."""
    handshakes = Handshakes()
    run(lambda request: work(request, handshakes))


if __name__ == "__main__":
    main()
