"""As many files of configuration as a Debian with servers has."""

from pathlib import Path

from iotscan.model.facts import KeyStores
from iotscan.observe.image.inspectors import key_stores
from tests.observe.image.looking import a_root, heard_of


def test_two_thousand_links_are_no_gap(tmp_path: Path) -> None:
    tree = a_root(tmp_path, {"etc/ssl/root.pem": "x", "etc/own.conf": "key = pkcs11:token=own\n"})
    for number in range(2100):
        (tmp_path / f"etc/ssl/{number:08x}.0").symlink_to("root.pem")
    (fact,) = heard_of(key_stores.INSPECTOR, tree).facts
    assert isinstance(fact, KeyStores)
    assert [use.store for use in fact.uses] == ["pkcs11"]
