import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.login_form import LoginForm, login_form

PLAIN = b'<form method=POST action="/in"><input name=u><input type=password name=p></form>'


def test_the_form_with_a_password_is_taken() -> None:
    other = b"<form action=/search><input name=q></form>"
    assert login_form(other + PLAIN) == LoginForm(action="/in", user="u", password="p")
    assert login_form(other) is None
    assert login_form(PLAIN.removesuffix(b"</form>")) == LoginForm(action="/in", user="u", password="p")


def test_a_browser_would_send_the_same() -> None:
    page = (
        b"<form method=post><input type=hidden name=t value='a&amp;b'><input type=hidden value=nameless>"
        b"<input type=checkbox name=no><input type=checkbox name=yes checked>"
        b"<select name=s><option value=1>1<option value=2 selected>2</select>"
        b"<input type=email name=u><input type=password name=p>"
        b"<button name=b value=go>Go</button><input type=submit name=other value=x></form>"
    )
    form = login_form(page)
    assert form == LoginForm(
        user="u", password="p", hidden=(("t", "a&b"),), chosen=(("yes", "on"), ("s", "2"), ("b", "go"))
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ((b"method=POST", b"method=get"), "address"),
        ((b"method=POST", b""), "address"),
        ((b"method=POST", b"method=post enctype=multipart/form-data"), "plain"),
        ((b'action="/in"', b'onsubmit="x()"'), "script"),
        ((b'"/in"', b'"javascript:x()"'), "script"),
        ((b"name=p", b"id=p"), "script"),
        ((b"name=u", b"id=u"), "script"),
        ((b"</form>", b"<input type=button onclick=x()></form>"), "script"),
        ((b"</form>", b"<input name=captcha></form>"), "more than"),
        ((b"</form>", b"<input type=password name=q></form>"), "new password"),
        ((b"name=p", b"name=p autocomplete=new-password"), "may set"),
        ((b'"/in"', b'"/cgi-bin/setup"'), "may set"),
        ((b"</form>", b"<input type=submit value=Register></form>"), "may set"),
        ((b"<input name=u>", b""), "may set"),
        ((b"type=password", b"type=password value=********"), "may set"),
        ((b"name=u", b"name=wl0_ssid"), "may set"),
        ((b"name=p", b"name=WPA_psk"), "may set"),
        ((b'"/in"', b'"/goform/saveNetwork"'), "may set"),
        ((b"</form>", b"<input type=submit value=Apply></form>"), "may set"),
    ],
)
def test_what_cannot_be_filled_in_says_why(change: tuple[bytes, bytes], why: str) -> None:
    form = login_form(PLAIN.replace(*change))
    assert form is not None
    assert why in form.obstacle


@pytest.mark.parametrize(
    "page",
    [
        PLAIN.replace(b'"/in"', b'"/config/login.cgi"'),
        PLAIN.replace(b"name=u", b"name=email type=email"),
        PLAIN.replace(b"</form>", b"<button name=b value='Sign in'></form>").replace(b'"/in"', b'"/apply.cgi"'),
        PLAIN.replace(b'"/in"', b'"/cgi-bin/luci"').replace(b"name=u", b"name=luci_username"),
    ],
)
def test_a_login_stays_one_whatever_its_address(page: bytes) -> None:
    form = login_form(page)
    assert form is not None
    assert form.obstacle == ""


@given(
    st.binary(max_size=300)
    | st.lists(
        st.sampled_from([PLAIN, b"<form", b"<select name=x>", b"<option ", b"<input type=password", b"'", b">"])
    ).map(b"".join)
)
def test_any_bytes_are_a_form_or_none(data: bytes) -> None:
    assert isinstance(login_form(data), LoginForm | None)


def test_a_flood_of_fields_stays_bounded() -> None:
    form = login_form(PLAIN.removesuffix(b"</form>") + b"<input type=hidden name=a>" * 20_000)
    assert form is not None
    assert len(form.hidden) <= 65
