"""`POST /connections/{id}/doctor`: examine a connection; not of the contract, ours.

It is a POST because the credentials are renewed for it; nothing else changes.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from fairlead.api.auth import Caller, needs
from fairlead.api.connections import ConnectionKeyQuery, required_connection
from fairlead.api.routing import Strict, parameters, query_of
from fairlead.api.services import Given
from fairlead.api.wire import zulu
from fairlead.model.diagnosis import Check, Diagnosis, Finding

router = APIRouter(tags=["connections"])

#: addresses that one examination looks at
_MOST = 20


class DoctorIn(Strict):
    """What should be reachable."""

    probe: list[Annotated[str, Field(min_length=1, max_length=2048)]] = Field(
        default_factory=list, max_length=_MOST
    )
    """Paths below the provider's base URL, or addresses: each is asked for once, by GET."""


class DiagnosisOut(BaseModel):
    """What an examination came to."""

    connection_id: str
    provider_config_key: str
    provider: str
    healthy: bool
    """No finding is a problem."""
    examined_at: str
    findings: list[Finding]
    checks: list[Check]
    facts: dict[str, Any]


def diagnosis_out(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return a diagnosis as it goes over the wire, and to `fairlead doctor --json`."""
    return {
        "connection_id": diagnosis.connection_id,
        "provider_config_key": diagnosis.integration_key,
        "provider": diagnosis.provider,
        "healthy": diagnosis.is_healthy,
        "examined_at": zulu(diagnosis.examined_at),
        "findings": [finding.model_dump(mode="json") for finding in diagnosis.findings],
        "checks": [check.model_dump(mode="json") for check in diagnosis.checks],
        "facts": diagnosis.facts,
    }


@router.post(
    "/connections/{connection_id:path}/doctor",
    response_model=DiagnosisOut,
    openapi_extra={"parameters": parameters(ConnectionKeyQuery)},
)
async def examine(
    services: Given,
    connection_id: str,
    query: Annotated[ConnectionKeyQuery, Depends(query_of(ConnectionKeyQuery))],
    caller: Annotated[Caller, needs("environment:connections:read_credentials")],
    body: DoctorIn | None = None,
) -> dict[str, Any]:
    """Examine a connection: what is wrong, why, and who must do what."""
    connection = await required_connection(
        services, caller.environment.id, query.provider_config_key, connection_id
    )
    wanted = body.probe if body else []
    return diagnosis_out(await services.doctor.examine(connection, wanted))
