"""Scope files for tests: one that holds, and the same with something changed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

NOW = datetime.now(UTC)


def said(*networks: str, **changes: Any) -> dict[str, Any]:
    """What a scope file for these networks says that is open now and permits default logins and what is intrusive."""
    return {
        "schema": "iotscan/scope@1",
        "engagement": "ACME-1",
        "client": {"name": "ACME GmbH"},
        "assessor": {"name": "Example Security"},
        "authorization": {"authorized_by": "Max Muster, Head of IT", "reference": "SOW-1"},
        "window": {
            "not_before": (NOW - timedelta(days=1)).isoformat(),
            "not_after": (NOW + timedelta(days=1)).isoformat(),
        },
        "expires": (NOW + timedelta(days=30)).date().isoformat(),
        "in_scope": [{"cidr": network} for network in networks],
        "permissions": {"default_credentials": {"allowed": True}, "intrusive": True},
        **changes,
    }


def write_scope(path: Path, *networks: str, **changes: Any) -> Path:
    """Write :func:`said` to ``path``."""
    path.write_text(yaml.safe_dump(said(*networks, **changes), sort_keys=False))
    return path
