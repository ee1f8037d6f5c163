"""`fairlead doctor`: examine one connection, beside the server or without it."""

import sys
from contextlib import AsyncExitStack

import orjson

from fairlead.api.doctor import diagnosis_out
from fairlead.api.logs import configure_logs
from fairlead.app import loopback_origins
from fairlead.cli.desk import connection_named
from fairlead.connect.freshen import Freshener
from fairlead.gateway.doctor import Doctor
from fairlead.gateway.send import Gateway
from fairlead.http.egress import EgressPolicy
from fairlead.http.transport import Transport
from fairlead.model.clock import SystemClock
from fairlead.model.diagnosis import Diagnosis
from fairlead.sdk.providers_file import add_providers
from fairlead.sdk.registry import load_packs
from fairlead.settings import Settings, SettingsInvalid
from fairlead.store.database import Database
from fairlead.vault.vault import Vault

HEALTHY, ILL = 0, 1
_MARKS = {"problem": "✗", "warning": "!", "advice": "·"}


async def doctor(
    settings: Settings, connection_id: str, integration: str | None, probe: list[str], *, json: bool
) -> int:
    """Print what is wrong with a connection; return the exit code, 0 for a healthy one."""
    configure_logs(settings.model_copy(update={"log_level": "error"}))
    diagnosis = await _examined(settings, connection_id, integration, probe)
    if json:
        sys.stdout.write(orjson.dumps(diagnosis_out(diagnosis)).decode() + "\n")
    else:
        sys.stdout.write(report(diagnosis))
    return HEALTHY if diagnosis.is_healthy else ILL


def report(diagnosis: Diagnosis) -> str:
    """Return a diagnosis as text: findings first, then what was looked at."""
    state = "healthy" if diagnosis.is_healthy else "not healthy"
    lines = [f"{diagnosis.connection_id} of {diagnosis.integration_key}: {state}", ""]
    for finding in sorted(diagnosis.findings, key=lambda one: list(_MARKS).index(one.level)):
        lines += [
            f"{_MARKS[finding.level]} {finding.code} ({finding.level}; {finding.who} must act)",
            f"    {finding.cause}",
            f"    {finding.fix}",
        ]
        if finding.detail:
            lines.append(f"    [{finding.detail}]")
        lines.append("")
    lines.append("Looked at:")
    lines += [f"  {check.outcome:<8} {check.name}: {check.seen}" for check in diagnosis.checks]
    return "\n".join(lines) + "\n"


async def _examined(
    settings: Settings, connection_id: str, integration: str | None, probe: list[str]
) -> Diagnosis:
    if settings.encryption_key is None:
        raise SettingsInvalid(
            "FAIRLEAD_ENCRYPTION_KEY is not set; it must be the key of the server whose connection "
            "is examined"
        )
    if settings.sqlite_path is not None and not settings.sqlite_path.exists():
        raise SettingsInvalid(f"FAIRLEAD_DATABASE_URL: {settings.sqlite_path} does not exist")
    registry, clock = load_packs(own=settings.packs), SystemClock()
    if settings.providers_file is not None:
        add_providers(registry, settings.providers_file)
    vault = Vault.of(*settings.encryption_keys)
    async with AsyncExitStack() as stack:
        db = await Database.open(settings.database_url, vault)
        stack.push_async_callback(db.close)
        connection = await connection_named(db, settings, connection_id, integration)
        policy = EgressPolicy([*settings.egress_allow, *loopback_origins(registry)])
        transport = await Transport.open(policy, clock=clock)
        stack.push_async_callback(transport.close)
        freshener = Freshener(db, vault, registry, transport, clock)
        stack.push_async_callback(freshener.close)
        gateway = Gateway(registry, freshener, transport, clock)
        one = Doctor(
            db,
            vault,
            registry,
            freshener,
            gateway,
            transport,
            clock,
            server_url=settings.server_url,
            webhook_url=settings.webhook_url,
        )
        return await one.examine(connection, probe)
