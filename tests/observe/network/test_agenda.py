"""What a survey asks of whom."""

from iotscan.model.scope import Grants
from iotscan.observe.network.agenda import Questions


def test_no_default_login_is_tried_on_a_back_end_whatever_was_granted() -> None:
    granted = Grants(default_creds=True, intrusive=True, backends=("cloud.example",))
    asked = Questions(tcp=(443,), probes=(), grants=granted)
    assert asked.of_server().grants == Grants(default_creds=False, intrusive=True, backends=("cloud.example",))
    assert asked.grants.default_creds
