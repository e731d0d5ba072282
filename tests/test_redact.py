"""No secret comes through, nothing else is touched, and long texts take no longer than their length says."""

import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.redact import redact

MARK = "kq7Zx"  # in no other part of a text
SPECIAL = st.text("@:/?#%&=+~.,;|<>()[]{}!$^*_-\\'\"`aZ0é", max_size=12)
SECRETS = st.builds("{0}kq7Zx{1}".format, SPECIAL, SPECIAL)
WORDS = st.text("abcXYZ 0189.,;:()[]-_/'\"\n", max_size=40)
SCHEMES = st.sampled_from(["postgresql", "postgresql+psycopg", "http", "https", "mysql", "redis"])
NAMES = st.sampled_from(
    ["password", "PGPASSWORD", "passwd", "sslpassword", "access_token", "token", "api_key", "secret"]
)


@given(scheme=SCHEMES, secret=SECRETS, encoded=st.booleans(), before=WORDS, after=WORDS)
def test_a_password_in_a_url(scheme: str, secret: str, encoded: bool, before: str, after: str):
    password = quote(secret, safe="") if encoded else secret
    shown = redact(f"{before} {scheme}://me:{password}@db.local:5432/nas {after}")
    assert MARK not in shown
    assert "://me:***@db.local:5432/nas" in shown


@given(name=NAMES, secret=SECRETS.filter(lambda text: text[0] not in "'\""), joined=st.sampled_from("?&"), after=WORDS)
def test_a_password_in_a_query(name: str, secret: str, joined: str, after: str):
    shown = redact(f"http://127.0.0.1:5000/api{joined}{name}={quote(secret, safe='')} {after}")
    assert MARK not in shown
    assert shown.startswith(f"http://127.0.0.1:5000/api{joined}{name}=***")


@given(name=NAMES, secret=SECRETS, spaced=st.booleans())
def test_a_password_in_a_connection_string(name: str, secret: str, spaced: bool):
    value = secret.replace("\\", r"\\").replace("'", r"\'") + (" kq7Zx" if spaced else "")
    shown = redact(f"host=db.local user=me {name} = '{value}' dbname=nas")
    assert MARK not in shown
    assert shown.startswith("host=db.local user=me ")


@given(name=NAMES, secret=SECRETS, how=st.sampled_from([repr, ascii]))
def test_a_password_in_a_printed_mapping(name: str, secret: str, how: Callable[[object], str]):
    assert MARK not in redact(how({"user": "me", name: secret}))
    assert MARK not in redact(how([(name, secret)]))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://kq7Zx@example.com/x", "https://***@example.com/x"),
        ("Authorization: Bearer kq7Zx", "Authorization: Bearer ***"),
        ("{'Authorization': 'Basic a3E3Wng='}", "{'Authorization': 'Basic ***"),
        ("sent bearer kq7Zx.0123456789abcdef", "sent bearer ***"),
        ("password='kq7Zx never ends", "password=***"),
        ("password='kq7Zx \\", "password=***"),
        ("host=db password=kq7Zx user=me", "host=db password=*** user=me"),
        ("next%3Fpassword%3Dkq7Zx", "next%3Fpassword%3D***"),
        (
            "http://a:1/x,postgresql://me:kq7Zx@h/d",
            "http://a:***@h/d",
        ),  # which colon it is is not plain: more is hidden
        ("a://b:kq7Zx@c and d://e:kq7Zx@f", "a://b:***@c and d://e:***@f"),
    ],
)
def test_what_is_shown_instead(text: str, shown: str):
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:5000/#/experiments/1",
        "write sqlite:///FILE, postgresql://USER@HOST/DATABASE, http://HOST:PORT or none",
        "sqlite:////home/me:us/optuna@2.db",
        "see http://[::1]:8080/x, or write to me@example.com",
        "--password: is missing; a basic configuration has none, and the bearer of a token asks",
        "model.convnet.filters=32 passed",
        "3 tokens, password reset",
    ],
)
def test_text_without_secrets_is_left_alone(text: str):
    assert redact(text) == text


@given(text=WORDS)
def test_plain_words_are_left_alone(text: str):
    assert redact(text) == text


@given(text=st.text("p a:/@?='\"\\ %3d", max_size=60) | st.builds("http://{0}password={1}".format, SPECIAL, SPECIAL))
def test_a_second_time_hides_nothing_more(text: str):
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "part", ["://a:", "password='", "bearer ", "\\", "http://a@", "a://", 'token":"', "authorization "]
)
def test_time_is_linear(part: str):
    """A million characters: what grows with the square of them takes hours."""
    text = part * (500_000 // len(part))
    began = time.perf_counter()
    redact(text)
    redact(f"{text}@")
    assert time.perf_counter() - began < 20
