"""Policy files of ssh-audit: what is taken over, what is told, what is refused with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.assess.profile.ssh_audit import read_ssh_audit
from iotscan.model.errors import BadInput

WRITTEN = """
# as `ssh-audit -M` writes it
name = "House of SSH"
version = 3

# banner = "SSH-2.0-OpenSSH_9.2"
# compressions = none

hostkey_size_rsa-sha2-512 = 4096
dh_modulus_size_diffie-hellman-group-exchange-sha256 = 3072
host keys = ssh-ed25519, rsa-sha2-512
optional host keys = ssh-ed25519-cert-v01@openssh.com
key exchanges = curve25519-sha256, diffie-hellman-group-exchange-sha256
ciphers = aes256-gcm@openssh.com
macs = hmac-sha2-256-etm@openssh.com
"""


def test_what_ssh_audit_writes_is_exact() -> None:
    policy = read_ssh_audit(WRITTEN, "house.txt")
    assert (policy.name, policy.version, policy.left_out) == ("House of SSH", "3", ())
    assert policy.values == {
        "host_keys": ["ssh-ed25519", "rsa-sha2-512"],
        "optional_host_keys": ["ssh-ed25519-cert-v01@openssh.com"],
        "kex": ["curve25519-sha256", "diffie-hellman-group-exchange-sha256"],
        "ciphers": ["aes256-gcm@openssh.com"],
        "macs": ["hmac-sha2-256-etm@openssh.com"],
        "exact": True,
        "host_key_bits": {"rsa-sha2-512": 4096},
        "group_bits": 3072,
        "exact_sizes": True,
    }


def test_parts_any_order_and_larger_keys_where_the_file_allows_them() -> None:
    allowed = "allow_algorithm_subset_and_reordering = true\nallow_larger_keys = true\n"
    values = read_ssh_audit(WRITTEN + allowed, "house.txt").values
    assert "exact" not in values
    assert "exact_sizes" not in values


def test_sizes_as_ssh_audit_3_writes_them() -> None:
    new = (
        'name = "X"\nversion = 1\nbanner = "SSH-2.0-X"\n'
        'host_key_sizes = {"ssh-rsa": {"hostkey_size": 3072, "ca_key_type": "ssh-rsa", "ca_key_size": 4096},'
        ' "ssh-ed25519": {"hostkey_size": 256, "ca_key_type": "", "ca_key_size": 0}}\n'
        'dh_modulus_sizes = {"diffie-hellman-group-exchange-sha256": 2048}\n'
    )
    policy = read_ssh_audit(new, "new.txt")
    assert policy.values == {"host_key_bits": {"ssh-rsa": 3072}, "group_bits": 2048, "exact_sizes": True}
    assert policy.left_out == ("banner", "ca_key_size of ssh-rsa")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("name =", "name"), "p:3: a line of a policy of ssh-audit is `key = value`"),
        (('name = "House of SSH"\n', ""), "p: it has no 'name': is this a policy of ssh-audit?"),
        (("version = 3\n", ""), "p: it has no 'version'"),
        (("macs =", "makz ="), "p:15: a policy of ssh-audit has no 'makz'"),
        (("macs =", "ciphers ="), "p:15: 'ciphers' stands here twice"),
        (("aes256-gcm@openssh.com", "aes256-gcm@openssh.com,, x"), "p:14: a list of names between commas"),
        (("aes256-gcm@openssh.com", "a b"), "p:14: 'a b' is no name of an algorithm"),
        (("= 4096", "= much"), "p:9: a size in bits is expected"),
        (("= 4096", "= ٤٠٩٦"), "p:9: a size in bits is expected"),
        (("version = 3", "version = 3\nclient policy = true"), "p: this is a policy for clients"),
        (("version = 3", "version = 3\nallow_larger_keys = perhaps"), "p:5: 'allow_larger_keys' is true or false"),
        (("version = 3", "version = 3\ndh_modulus_sizes = [1]"), "p:5: 'dh_modulus_sizes' is a JSON object"),
    ],
)
def test_a_bad_file_is_told_with_its_place(change: tuple[str, str], said: str) -> None:
    with pytest.raises(BadInput) as told:
        read_ssh_audit(WRITTEN.replace(*change), "p")
    assert str(told.value).startswith(said)
    assert "\n" not in str(told.value)


def test_a_file_that_states_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="it states nothing"):
        read_ssh_audit('name = "X"\nversion = 1\n', "p")


@given(st.text(max_size=200) | st.builds(lambda x: WRITTEN + x, st.text(max_size=100)))
def test_any_text_is_a_policy_or_one_line(text: str) -> None:
    told = ""
    try:
        read_ssh_audit(text, "p")
    except BadInput as error:
        told = str(error)
    assert "\n" not in told
