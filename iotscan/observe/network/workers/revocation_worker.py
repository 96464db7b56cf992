"""The worker that holds the CRLs that a user gave: read once, asked for each chain. It dials nothing. Jobs:

``{"do": "revocation", "certificates": [base64 DER], "staple": base64, "files": [{kind, name, path}], "stores": [path],
"fetched": [{kind, where, position, data: base64}]}`` → ``{"answers": [RevocationAnswer]}``
"""

import base64
from typing import Any

import msgspec

from iotscan.observe.given_file import GivenFile
from iotscan.observe.network.workers.serving import run
from iotscan.observe.revocation import judge_by_files
from iotscan.observe.worker_protocol import Request, Response
from iotscan.wire.revocation.lists import RevocationList
from iotscan.wire.revocation.ocsp import OcspResponse, Unreadable


def work(request: Request) -> Response:
    """Do one job; whatever goes wrong becomes the text of its answer."""
    try:
        return Response(id=request.id, result=_result(request.job))
    except (OSError, Unreadable) as error:
        return Response(id=request.id, error=f"a file that was given cannot be read any more ({error})")
    except Exception as error:
        return Response(id=request.id, error=f"reading CRLs broke ({type(error).__name__})")


def _result(job: dict[str, Any]) -> dict[str, Any]:
    answers = judge_by_files(
        [base64.b64decode(der) for der in job["certificates"]],
        [msgspec.convert(file, GivenFile) for file in job["files"]],
        job["stores"],
        staple=base64.b64decode(job["staple"]),
        fetched=[_fetched(one) for one in job["fetched"]],
    )
    return {"answers": msgspec.to_builtins(answers, builtin_types=())}


def _fetched(one: dict[str, Any]) -> OcspResponse | RevocationList:
    data, position = base64.b64decode(one["data"]), one["position"]
    if one["kind"] == "ocsp":
        return OcspResponse(data, source="ocsp", where=one["where"], is_asked=True, position=position)
    return RevocationList(data, where=one["where"], is_asked=True, position=position)


if __name__ == "__main__":
    run(work)
