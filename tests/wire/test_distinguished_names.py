"""Names of authorities: one text from whichever form, and nothing that makes the reader stumble."""

from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.wire.distinguished_names import name_text, read_name, read_one_line

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=20)


def test_both_forms_come_to_one_text() -> None:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme, Inc. und Söhne"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Acme Root/1"),
        ]
    )
    der = read_name(name.public_bytes())
    line = read_one_line(r"/C=DE/O=Acme, Inc. und S\xC3\xB6hne/CN=Acme Root/1")
    assert der == line
    assert der is not None
    assert name_text(der) == r"CN=Acme Root/1,O=Acme\, Inc. und Söhne,C=DE" == name.rfc4514_string()


def test_an_attribute_without_a_name_stands_as_its_number() -> None:
    name = x509.Name([x509.NameAttribute(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), "x")])
    assert read_name(name.public_bytes()) == (("1.3.6.1.4.1.99999.1", "x"),)


@settings(max_examples=40)
@given(TEXTS)
def test_what_a_library_writes_is_read(text: str) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, text)])
    assert read_name(name.public_bytes()) == (("O", text),)


@given(st.binary(max_size=60), st.binary(max_size=12))
def test_any_bytes_are_a_name_or_none(tail: bytes, text: bytes) -> None:
    for data in (tail, b"\x30" + bytes([len(tail)]) + tail, b"\x30\x0f\x31\x0d\x30\x0b\x06\x03" + text):
        found = read_name(data)
        assert found is None or isinstance(name_text(found), str)
    assert isinstance(name_text(read_one_line(tail.decode("latin-1"))), str)
