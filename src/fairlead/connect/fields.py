"""What a person fills in for a provider that has its own kind of credentials (TWO_STEP)."""

import re
from collections.abc import Mapping
from datetime import datetime

from pydantic import SecretStr

from fairlead.connect.submission import proof_of
from fairlead.errors import InvalidInput
from fairlead.model.credentials import TwoStepCredentials
from fairlead.model.provider import ConfigField, Provider
from fairlead.oauth.assertion import expiry_of
from fairlead.oauth.certificate import CERTIFICATE, PASSWORD, PFX, PRIVATE_KEY

#: of a provider that takes an app's signed statement: the same names as with client credentials
CERTIFICATE_FIELDS: Mapping[str, ConfigField] = {
    CERTIFICATE: ConfigField(
        "Certificate", "PEM; the private key may stand in it, too.", required=False
    ),
    PRIVATE_KEY: ConfigField("Private key", "PEM. It is kept sealed.", required=False, secret=True),
    PFX: ConfigField(
        "Certificate file",
        "Instead of both: a .pfx or .p12 file, base64.",
        required=False,
        secret=True,
    ),
    PASSWORD: ConfigField(
        "Password", "What opens the file or the key.", required=False, secret=True
    ),
}


def fields_of(provider: Provider) -> dict[str, ConfigField]:
    """Return what may be filled in: the provider's own fields, and those of a certificate."""
    own = dict(provider.credential_fields)
    return {**own, **CERTIFICATE_FIELDS} if provider.assertion_field else own


def two_step_credentials(
    provider: Provider, given: Mapping[str, str], now: datetime, *, token: str = ""
) -> TwoStepCredentials:
    """Return what was filled in as credentials; InvalidInput names the field that is wrong.

    With a certificate, a pasted statement is dropped: we sign better ones. Without either the app
    needs a key of ours (`Submissions.check_proof`).
    """
    known = fields_of(provider)
    if unknown := sorted(given.keys() - known.keys()):
        raise InvalidInput(
            f"{unknown[0]} is no credential of {provider.display_name}; remove it",
            issues=[
                {"code": "unrecognized_keys", "message": f"Unknown field: {name}", "path": [name]}
                for name in unknown
            ],
        )
    fields = {
        name: given[name].strip() for name in provider.credential_fields if given.get(name, "")
    }
    for name, field in provider.credential_fields.items():
        value = fields.get(name, "")
        if not value and field.required:
            raise _wrong(name, "is missing; fill it in")
        if value and field.pattern and not re.fullmatch(field.pattern, value):
            example = f", for example {field.example}" if field.example else ""
            raise _wrong(name, f"has not the right form{example}; correct it")
    proof = None
    if provider.assertion_field:
        proof = proof_of(
            certificate=given.get(CERTIFICATE, "").strip() or None,
            private_key=given.get(PRIVATE_KEY, "").strip() or None,
            pfx=given.get(PFX) or None,
            password=given.get(PASSWORD) or None,
            now=now,
        )
        if proof is not None:
            fields.pop(provider.assertion_field, None)
    return TwoStepCredentials(
        token=SecretStr(token),
        fields={name: SecretStr(value) for name, value in fields.items() if value},
        client_certificate=proof.certificate if proof else None,
        client_private_key=proof.private_key if proof else None,
        proof_expires_at=proof.expires_at
        if proof
        else expiry_of(fields.get(provider.assertion_field, "")),
    )


def _wrong(name: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"{name} {why}", issues=[{"code": "custom", "message": why, "path": [name]}]
    )
