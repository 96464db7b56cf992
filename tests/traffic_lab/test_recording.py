"""The recorder records: tcpdump itself reads back what a scene said."""

import subprocess
from collections.abc import Callable
from pathlib import Path


def test_a_scene_is_written_down(capture_of: Callable[[str], Path]) -> None:
    said = subprocess.run(
        ["tcpdump", "-n", "-A", "-r", str(capture_of("plain_web"))], capture_output=True, text=True, check=True
    ).stdout
    assert all(words in said for words in ("GET /status HTTP/1.1", "10.77.0.21", "fine"))
