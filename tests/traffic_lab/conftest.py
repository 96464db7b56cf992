"""Captures of scenes, each played once a session."""

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from tests.lan.conftest import give_up
from tests.lan.network import Lan, why_not
from tests.traffic_lab import recording
from tests.traffic_lab.stage import Stage


@pytest.fixture(scope="session")
def capture_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The capture of a scene by its name."""
    made: dict[str, Path] = {}

    def capture(name: str) -> Path:
        if name not in made:
            scene = import_module(f"tests.traffic_lab.scenes.{name}")
            tools = {**recording.TOOLS, **getattr(scene, "TOOLS", {})}
            if reason := why_not(tools):
                give_up(reason, is_required=os.environ.get("IOTSCAN_REQUIRE_LAN") == "1")
            folder = tmp_path_factory.mktemp(name)
            path = folder / f"{name}.pcap"
            with Lan(folder) as lan, recording.recorded(recording.wire_of(lan), path):
                scene.play(Stage(lan, path))
            made[name] = path
        return made[name]

    return capture
