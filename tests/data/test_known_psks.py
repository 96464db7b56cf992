"""The documented pre-shared keys: ours load and say where they come from, others are refused without a word of them."""

from pathlib import Path

import pytest

from iotscan.data.known_psks import FILE, read_known_psks
from iotscan.data.strict_yaml import BadYaml

GOOD = """schema: iotscan/psks@1
records:
  - id: acme
    product: Acme example
    identity: sensor
    text: "hush-1234"
    transports: [tls]
    hints: [acme hint]
    match: {server: [acme]}
    sources: [Acme manual]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "psks.yaml"
    path.write_text(text)
    return path


def test_ours_load_and_say_where_they_come_from() -> None:
    records = read_known_psks()
    assert len(records) >= 15
    assert len({(r.identity, r.key) for r in records}) == len(records)
    assert all(len(source) > 15 for r in records for source in r.sources)


def test_a_key_of_ours_is_shown_by_no_record() -> None:
    shown = repr(read_known_psks())
    assert "secretPSK" not in shown
    assert not any(r.key.reveal() in shown for r in read_known_psks())


def test_text_and_hex_give_the_same_key(tmp_path: Path) -> None:
    (as_text,) = read_known_psks(write(tmp_path, GOOD))
    (as_hex,) = read_known_psks(write(tmp_path, GOOD.replace('text: "hush-1234"', 'hex: "687573682D31323334"')))
    assert as_text == as_hex
    assert as_text.key.reveal() == b"hush-1234".hex()
    assert as_text.recognises("server", "Acme/1.0")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('text: "hush-1234"', 'hex: "hush-12345"', "a key that is none"),
        ('text: "hush-1234"', 'hex: "123"', "a key that is none"),
        ('text: "hush-1234"', 'text: "' + 65 * "h" + '"', "a key that is none"),
        ('text: "hush-1234"', 'note: "no key"', "no key, or two"),
        ('text: "hush-1234"', 'text: "hush-1234"\n    hex: "00"', "no key, or two"),
        ("identity: sensor", 'identity: ""', "lacks"),
        ("identity: sensor", "identity: " + 129 * "i", "more than 128 bytes"),
        ("transports: [tls]", "transports: []", "lacks"),
        ("transports: [tls]", "transports: [quic]", "known are dtls, tls"),
        ("sources: [Acme manual]", "sources: []", "names no source"),
        ("server: [acme]", 'server: ["a*"]', "fits too much"),
        ("hints: [acme hint]", 'hints: ["a"]', "fits too much"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line_and_without_the_key(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(BadYaml) as refused:
        read_known_psks(path)
    assert complaint in str(refused.value)
    assert f"{path}:" in str(refused.value)
    assert "hush" not in str(refused.value)


def test_two_records_of_one_id_are_refused(tmp_path: Path) -> None:
    record = GOOD.partition("records:\n")[2]
    with pytest.raises(BadYaml, match="used before"):
        read_known_psks(write(tmp_path, GOOD + record))


def test_ours_is_the_file_that_is_read() -> None:
    assert FILE.is_file()
