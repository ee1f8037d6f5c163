"""The form for credentials that a person fills in: what is asked, and what was answered.

A secret that was sent is never shown again, not even beside what is wrong with it.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import SecretStr
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from fairlead.connect.fields import two_step_credentials
from fairlead.connect.submission import app_credentials
from fairlead.errors import InvalidInput
from fairlead.model.credentials import (
    ApiKeyCredentials,
    BasicCredentials,
    Credentials,
    NoCredentials,
)
from fairlead.model.provider import AuthMode, Provider
from fairlead.oauth.certificate import CERTIFICATE, PASSWORD, PFX, PRIVATE_KEY

#: bytes of a form, a certificate's file included
LARGEST = 131_072
_MOST_FIELDS = 60


@dataclass(frozen=True, slots=True)
class Question:
    """One credential to ask for, as the form shows it."""

    name: str
    title: str
    help: str = ""
    #: text, password, lines or file
    kind: str = "password"
    required: bool = False
    #: shown folded away, under this heading, with the others of the same
    group: str = ""
    #: anchor of the guide's section that helps with it
    section: str = ""
    value: str = ""
    problem: str = ""


_CERTIFICATE = "Use a certificate"
_CERTIFICATE_QUESTIONS = (
    Question(PFX, "Certificate file", "A .pfx or .p12 file.", "file", group=_CERTIFICATE),
    Question(
        CERTIFICATE,
        "Certificate",
        "Instead of a file: the whole of a .pem file, from BEGIN CERTIFICATE on.",
        "lines",
        group=_CERTIFICATE,
    ),
    Question(
        PRIVATE_KEY,
        "Private key",
        "From BEGIN PRIVATE KEY on, unless it stands above. It is kept sealed.",
        "lines",
        group=_CERTIFICATE,
    ),
    Question(PASSWORD, "Password", "What opens the file or the key.", group=_CERTIFICATE),
)
_QUESTIONS: Mapping[AuthMode, tuple[Question, ...]] = {
    AuthMode.OAUTH2_CC: (
        Question("client_id", "Client ID", "Id of the app's registration.", "text", True),
        Question("client_secret", "Client secret", "The secret's value, or use a certificate."),
        *_CERTIFICATE_QUESTIONS,
    ),
    AuthMode.API_KEY: (Question("apiKey", "Key", required=True),),
    AuthMode.BASIC: (
        Question("username", "User name", kind="text", required=True),
        Question("password", "Password"),
    ),
    AuthMode.NONE: (),
}


def questions(provider: Provider) -> tuple[Question, ...] | None:
    """Return what to ask for, None if such credentials cannot be filled in."""
    if provider.auth_mode is not AuthMode.TWO_STEP:
        return _QUESTIONS.get(provider.auth_mode)
    if not provider.token_url:
        return None
    own = tuple(
        Question(
            name,
            field.title,
            field.description,
            "password" if field.secret else "text",
            field.required,
            section=field.section,
        )
        for name, field in provider.credential_fields.items()
    )
    return own + _CERTIFICATE_QUESTIONS if provider.assertion_field else own


def answered(
    asked: tuple[Question, ...], given: Mapping[str, str], problems: Mapping[str, str]
) -> tuple[Question, ...]:
    """Return the questions as they are shown again, with what is wrong; no secret comes back."""
    return tuple(
        replace(
            question,
            value=given.get(question.name, "") if question.kind == "text" else "",
            problem=problems.get(question.name, ""),
        )
        for question in asked
    )


def credentials_of(
    provider: Provider, asked: tuple[Question, ...], given: Mapping[str, str], now: datetime
) -> Credentials:
    """Return the credentials that were filled in; InvalidInput names the field that is wrong."""
    mode = provider.auth_mode
    for question in asked:
        if question.required and not given.get(question.name, "").strip():
            raise InvalidInput(
                f"Please fill in {question.title}.",
                issues=[
                    {
                        "code": "custom",
                        "message": f"Please fill in {question.title}.",
                        "path": [question.name],
                    }
                ],
            )
    if mode is AuthMode.API_KEY:
        return ApiKeyCredentials(api_key=SecretStr(given["apiKey"].strip()))
    if mode is AuthMode.BASIC:
        password = SecretStr(given.get("password", ""))
        return BasicCredentials(username=given["username"].strip(), password=password)
    if mode is AuthMode.NONE:
        return NoCredentials()
    if mode is AuthMode.TWO_STEP:
        answers = {each.name: given[each.name] for each in asked if given.get(each.name)}
        return two_step_credentials(provider, answers, now)
    return app_credentials(
        client_id=given["client_id"],
        client_secret=given.get("client_secret", "").strip() or None,
        certificate=given.get(CERTIFICATE, "").strip() or None,
        private_key=given.get(PRIVATE_KEY, "").strip() or None,
        pfx=given.get(PFX) or None,
        password=given.get(PASSWORD) or None,
        now=now,
    )


async def read_form(request: Request) -> dict[str, str]:
    """Return a form's fields, files as base64; nothing of one that is too large or malformed."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            return {}

    async def whole() -> Message:
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    try:
        form = await Request(request.scope, whole).form(
            max_files=1, max_fields=_MOST_FIELDS, max_part_size=LARGEST
        )
    except (HTTPException, MultiPartException):
        return {}
    try:
        return {name: await _text(value) for name, value in form.items()}
    finally:
        await form.close()


async def _text(value: UploadFile | str) -> str:
    if isinstance(value, UploadFile):
        return base64.b64encode(await value.read()).decode()
    return value
