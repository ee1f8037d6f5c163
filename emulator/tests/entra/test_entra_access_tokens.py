from datetime import timedelta

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import RSAKey

from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID, WEB_APP_ID
from m365sim.entra.keys import base64url, signing_key
from m365sim.entra.resources import GRAPH, Resource
from m365sim.entra.tokens import InvalidToken, issue_access_token, verify_access_token
from m365sim.tenant import Tenant

SHAREPOINT = Resource("sharepoint", "https://contoso.sharepoint.com", "contoso")


@pytest.fixture
def issue(world):
    def issued(resource=GRAPH, *, user="megan", app_id=WEB_APP_ID, **more):
        person = world.directory.user_by_upn(f"{user}@contoso.onmicrosoft.com") if user else None
        token = issue_access_token(
            world,
            **{
                "tenant": world.tenant,
                "app": world.directory.apps[app_id],
                "resource": resource,
                "lifetime": timedelta(hours=1),
                "appidacr": "1",
                "user": person,
                **more,
            },
        )
        return f"Bearer {token}"

    return issued


def test_a_persons_token(world, issue):
    principal = verify_access_token(world, issue(scopes=frozenset({"Sites.Read.All"})), "graph")
    assert principal.user is world.directory.user_by_upn("megan@contoso.onmicrosoft.com")
    assert principal.scopes == {"Sites.Read.All"}
    assert principal.roles == frozenset()
    assert (principal.tenant_id, principal.app_id) == (TENANT_ID, WEB_APP_ID)
    assert principal.app_display_name == "fairlead"
    assert principal.appidacr == "1"


def test_an_apps_own_token(world, issue):
    header = issue(SHAREPOINT, user=None, app_id=DAEMON_APP_ID, roles=frozenset({"Sites.Read.All"}))
    principal = verify_access_token(world, header, "sharepoint")
    assert principal.user is None
    assert principal.roles == {"Sites.Read.All"}


def test_a_token_is_verified_once(world, issue, monkeypatch):
    header = issue()
    first = verify_access_token(world, header, "graph")
    monkeypatch.setattr(jwt, "decode", None)
    assert verify_access_token(world, header, "graph") is first


def test_a_cached_token_still_ends(world, issue):
    header = issue()
    verify_access_token(world, header, "graph")
    world.clock.advance(timedelta(hours=1))
    with pytest.raises(InvalidToken, match="expired"):
        verify_access_token(world, header, "graph")


def test_a_cached_token_is_for_one_api_only(world, issue):
    header = issue()
    verify_access_token(world, header, "graph")
    with pytest.raises(InvalidToken, match="audience"):
        verify_access_token(world, header, "sharepoint")


def test_the_cache_does_not_grow_without_end(world, issue, monkeypatch):
    monkeypatch.setattr("m365sim.entra.tokens.VERIFIED_CACHE_SIZE", 3)
    for _ in range(5):
        verify_access_token(world, issue(), "graph")
    assert len(world.verified) <= 3


def test_disabling_a_person_does_not_end_a_token(world, issue):
    header = issue()
    world.directory.user_by_upn("megan@contoso.onmicrosoft.com").enabled = False
    assert verify_access_token(world, header, "graph").user is not None


def test_a_sharepoint_token_does_not_open_graph(world, issue):
    with pytest.raises(InvalidToken, match="audience") as refused:
        verify_access_token(world, issue(SHAREPOINT), "graph")
    assert refused.value.code == "InvalidAuthenticationToken"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "abc"])
def test_no_token_is_a_challenge(world, header):
    with pytest.raises(InvalidToken, match="empty") as refused:
        verify_access_token(world, header, "graph")
    assert refused.value.www_authenticate.startswith('Bearer realm=""')
    with pytest.raises(InvalidToken) as refused:
        verify_access_token(world, header, "sharepoint")
    assert f'realm="{TENANT_ID}"' in refused.value.www_authenticate


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "e30.e30.e30"])
def test_what_is_no_token(world, token):
    with pytest.raises(InvalidToken):
        verify_access_token(world, f"Bearer {token}", "graph")


@pytest.mark.parametrize(
    "head",
    [{}, [], 5, {"alg": 5}, {"alg": ["RS256"]}, {"alg": "HS256"}, {"alg": "RS256", "crit": ["x"]}],
)
@pytest.mark.parametrize("body", [{}, [], 5])
@pytest.mark.parametrize("signature", ["", "AA", "!!", "\u00e9"])
def test_whatever_is_sent_is_a_refusal_and_never_a_crash(world, head, body, signature):
    token = ".".join([*(base64url(orjson.dumps(part)) for part in (head, body)), signature])
    with pytest.raises(InvalidToken):
        verify_access_token(world, f"Bearer {token}", "graph")


def test_an_unsigned_token_is_none(world):
    unsigned = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJodHRwczovL2dyYXBoLm1pY3Jvc29mdC5jb20ifQ."
    with pytest.raises(InvalidToken):
        verify_access_token(world, f"Bearer {unsigned}", "graph")


def test_a_token_signed_by_another_cloud(world, issue):
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    other = RSAKey.import_key(
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    good = jwt.decode(issue().removeprefix("Bearer "), signing_key().key)
    forged = jwt.encode({"alg": "RS256"}, good.claims, other)
    with pytest.raises(InvalidToken, match="signature"):
        verify_access_token(world, f"Bearer {forged}", "graph")


def test_a_token_from_the_future(world, issue):
    world.clock.advance(timedelta(hours=1))
    header = issue()
    world.clock.advance(timedelta(hours=-1))
    with pytest.raises(InvalidToken, match="not yet valid"):
        verify_access_token(world, header, "graph")


def test_a_token_of_a_tenant_that_is_not_here(world, issue):
    elsewhere = Tenant("0-0", "elsewhere", "elsewhere.example", "Elsewhere")
    with pytest.raises(InvalidToken, match="issuer"):
        verify_access_token(world, issue(tenant=elsewhere), "graph")
