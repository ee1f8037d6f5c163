"""What a token certainly lacks."""

import base64
import json

import pytest

from fairlead_microsoft.granted import lacking


def token(**claims) -> dict:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return {"access_token": f"e30.{body}.x"}


@pytest.mark.parametrize(
    ("held", "wanted", "missing"),
    [
        ("Sites.Read.All", ["Sites.Read.All"], []),
        ("User.Read Sites.FullControl.All", ["Sites.Manage.All", "Files.ReadWrite.All"], []),
        ("Sites.ReadWrite.All", ["Sites.Manage.All"], ["Sites.Manage.All"]),
        ("Files.ReadWrite.All", ["Sites.Read.All"], ["Sites.Read.All"]),
        ("Sites.Read.All", ["Files.Read.All"], []),
        ("openid profile", ["Files.Read.All", "User.Read"], ["Files.Read.All", "User.Read"]),
        # a person's own files may be all that is wanted
        ("Files.Read", ["Files.Read.All"], []),
        ("Files.Read", ["Files.ReadWrite.All"], ["Files.ReadWrite.All"]),
        ("Files.ReadWrite", ["Files.ReadWrite.All"], []),
        # what was granted there, the token does not say
        ("Sites.Selected", ["Sites.Manage.All"], []),
        ("Files.SelectedOperations.Selected User.Read", ["Sites.Read.All"], []),
    ],
)
def test_of_a_person(held, wanted, missing):
    assert lacking(token(scp=held), wanted) == missing


@pytest.mark.parametrize(
    ("held", "missing"),
    [
        (["Files.Read.All"], []),
        (["Sites.ReadWrite.All"], []),
        (["Files.Read"], ["Files.Read.All"]),
        (["Sites.Selected"], []),
        ([], ["Files.Read.All"]),
        (None, ["Files.Read.All"]),
    ],
)
def test_of_an_app_alone(held, missing):
    assert lacking(token(idtyp="app", roles=held), ["Files.Read.All"]) == missing


@pytest.mark.parametrize("opaque", ["EwBwA8l6BAAU", "", None, "a.b.c"])
def test_of_a_token_that_cannot_be_read(opaque):
    assert lacking({"access_token": opaque, "scope": "x"}, ["Sites.Read.All"]) == []
