"""Every setting, typed, with unit and default; read from the environment (prefix FAIRLEAD_).

A setting that is missing or malformed is reported in one line that names its variable.
"""

import base64
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

#: printable ASCII without blanks
_HEADER_SAFE = re.compile(r"[!-~]+")


class SettingsInvalid(Exception):
    """A setting is missing or malformed; the message is one line that names the variable."""


class Settings(BaseSettings):
    """All settings of a fairlead process."""

    model_config = SettingsConfigDict(env_prefix="FAIRLEAD_", extra="ignore", frozen=True)

    #: where everything is kept: `sqlite:///path/to/file` or `postgresql://user@host/name`
    database_url: str = "sqlite:///fairlead.sqlite"
    #: base64 of 32 random bytes; seals credentials. `fairlead serve` refuses to start without it
    encryption_key: SecretStr | None = None
    #: former encryption keys, comma-separated: they open what `fairlead vault rotate` has not yet
    #: sealed anew
    encryption_old_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    #: seal the content of records, too, when it is written; `fairlead vault rotate` brings those
    #: that are there into the form that this asks for
    encrypt_records: bool = False
    #: API key of the default environment `dev`
    secret_key: SecretStr | None = None
    #: how browsers and vendors reach this server; the OAuth callback is below it
    server_url: str = "http://127.0.0.1:3003"
    #: how vendors reach this server to tell of changes; empty = as `server_url` says if that is
    #: https, else they are not asked to
    public_url: str = ""
    #: seconds that two runs of a sync lie apart at least which vendors' notices start
    notice_spacing_seconds: float = Field(default=2.0, ge=0, le=3600)
    #: origins of the product's pages, comma-separated: they may show the connect page in a frame
    #: and wait for its popups; `*` = any; none = those on this machine while the server is on it
    connect_origins: Annotated[tuple[str, ...], NoDecode] = ()
    #: JSON file with the colours, logo and name of the product, as the connect page shows them
    connect_ui_file: Path | None = None
    #: hosts and networks that may be called although they are private, comma-separated
    egress_allow: Annotated[tuple[str, ...], NoDecode] = ()
    #: HTTP proxy by which the internet is reached, `http://[user:password@]host:port`; what
    #: FAIRLEAD_EGRESS_ALLOW names is called directly
    egress_proxy: SecretStr | None = None
    #: packs of your own, comma-separated: folders, or modules (`my_pack`, `my_pack:pack`), beside
    #: those that are installed
    packs: Annotated[tuple[str, ...], NoDecode] = ()
    #: JSON or YAML file with providers of your own
    providers_file: Path | None = None
    #: runs of syncs that one process executes at the same time
    worker_slots: int = Field(default=8, ge=1, le=256)
    #: actions that nobody waits for, executed by one process at the same time
    action_slots: int = Field(default=8, ge=1, le=256)
    #: seconds between two looks at what is due
    tick_seconds: float = Field(default=1.0, gt=0, le=60)
    #: seconds that a run's lease lives without a heartbeat
    lease_seconds: float = Field(default=20.0, ge=1, le=600)
    #: share of its interval by which the slots of a sync are moved, each sync's by its own part, so
    #: that many hourly ones do not start together
    schedule_spread: float = Field(default=0.1, ge=0, le=1)
    #: hours that a run of a sync may take; the next one goes on where it was stopped
    sync_hours: float = Field(default=24.0, gt=0, le=720)
    #: seconds for which a function may work without awaiting anything, which stops the whole
    #: process; then it is interrupted, and if it cannot be, the process ends
    stall_seconds: float = Field(default=30.0, gt=0, le=3600)
    #: megabytes that a process which runs syncs may hold; above, it takes on no more, releases its
    #: runs and ends, for its supervisor to start it anew. 0 = no limit
    worker_memory_mb: int = Field(default=2048, ge=0)
    #: bytes that an action may return, as JSON
    action_output_bytes: int = Field(default=16_000_000, ge=1000)
    #: bytes that one batch of a sync may hold, as JSON
    batch_bytes: int = Field(default=100_000_000, ge=1000)
    #: days that what is known of a run is kept; of each sync the newest ones stay
    run_days: int = Field(default=30, ge=1)
    #: days without a change after which a record's content is emptied; 0 = never
    record_prune_days: int = Field(default=0, ge=0)
    #: share of a model's records that one run may delete; more is held back until another run
    #: agrees or somebody approves it. 1 = never held back
    deletion_share: float = Field(default=0.3, ge=0, le=1)
    #: so many records one run may always delete
    deletion_floor: int = Field(default=100, ge=0)
    #: days that operations and their messages are kept, for `GET /logs`; 0 = none is stored
    log_days: int = Field(default=14, ge=0, le=3650)
    #: proxied calls that go well and are stored, of one process and second; failed ones always are
    log_proxy_per_second: int = Field(default=10, ge=0, le=1000)
    #: unique keys of integrations, comma-separated, whose writes by agents a person has to approve
    #: each time, whatever their key may do; `*` = all of them
    agent_approvals: Annotated[tuple[str, ...], NoDecode] = ()
    #: hours after which what nobody approved is too late
    agent_approval_hours: float = Field(default=24.0, gt=0, le=720)
    #: addresses that hear of errors, comma-separated: `https://...` gets JSON, Slack's incoming
    #: webhooks (or `slack+https://...`) a sentence; `NAME=https://...` only of that environment
    alert_urls: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    #: address of an OTLP/HTTP receiver for traces, metrics and logs, to which `/v1/traces` and the
    #: like are added; empty = nowhere. Needs the extra `fairlead[otel]`
    otlp_endpoint: str = ""
    #: headers of what is sent there, `name=value`, comma-separated
    otlp_headers: SecretStr | None = None
    #: token by which `GET /metrics` is read, as `Authorization: Bearer ...`; none = only from this
    #: machine
    metrics_token: SecretStr | None = None
    #: where the product hears of events; empty = nowhere
    webhook_url: str = ""
    #: key that signs webhooks; default: the secret key
    webhook_signing_key: SecretStr | None = None
    #: minutes without a request after which a person must sign in to the dashboard again
    sign_in_idle_minutes: int = Field(default=480, ge=1)
    #: hours after which they must in any case
    sign_in_hours: int = Field(default=168, ge=1)
    #: days that the audit log keeps who changed what
    audit_days: int = Field(default=365, ge=1)
    #: `text` or `json`
    log_format: str = Field(default="text", pattern="^(text|json)$")
    #: debug, info, warning, error
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")

    @field_validator("egress_allow", "connect_origins", "packs", "agent_approvals", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("encryption_old_keys", "alert_urls", mode="before")
    @classmethod
    def _split_keys(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("encryption_old_keys")
    @classmethod
    def _all_thirty_two_bytes(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for key in value:
            _check_key(key.get_secret_value())
        return value

    @field_validator("providers_file", "connect_ui_file", mode="before")
    @classmethod
    def _none_for_nothing(cls, value: object) -> object:
        return value or None

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        if value.removeprefix("sqlite:///") in {"", ":memory:"}:
            raise ValueError("names no file; for example sqlite:///fairlead.sqlite")
        return value

    @field_validator("server_url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        _check_web_address(value)
        if "?" in value or "#" in value:
            raise ValueError("must end with its host or path")
        return value.rstrip("/")

    @field_validator("egress_proxy")
    @classmethod
    def _plain_proxy(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        try:
            parts = urlsplit(value.get_secret_value())
            is_whole = parts.scheme == "http" and parts.hostname and parts.port
        except ValueError:
            is_whole = False
        if not is_whole or parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise ValueError("is not http://[user:password@]host:port")
        return value

    @field_validator("webhook_url", "public_url", "otlp_endpoint")
    @classmethod
    def _absolute_or_empty(cls, value: str) -> str:
        if value:
            _check_web_address(value)
        return value

    @field_validator("encryption_key")
    @classmethod
    def _thirty_two_bytes(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        _check_key(value.get_secret_value())
        return value

    @field_validator("alert_urls")
    @classmethod
    def _web_addresses(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for each in value:
            text = each.get_secret_value()
            name, _, rest = text.partition("=")
            address = text if "://" in name else rest
            _check_web_address(address.removeprefix("slack+"))
        return value

    @field_validator("metrics_token")
    @classmethod
    def _none_for_empty(cls, value: SecretStr | None) -> SecretStr | None:
        return value if value is not None and value.get_secret_value() else None

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        if len(value.get_secret_value()) < 16:
            raise ValueError("is shorter than 16 characters; make one with: openssl rand -hex 24")
        if not _HEADER_SAFE.fullmatch(value.get_secret_value()):
            raise ValueError(
                "has characters that cannot stand in a header; make one with: openssl rand -hex 24"
            )
        return value

    @property
    def encryption_keys(self) -> tuple[str, ...]:
        """Every encryption key, the one that seals first; none if that is not set."""
        if self.encryption_key is None:
            return ()
        keys = (self.encryption_key, *self.encryption_old_keys)
        # the current one may still stand among the former ones
        return tuple(dict.fromkeys(key.get_secret_value() for key in keys))

    @property
    def notices_url(self) -> str:
        """Where vendors send notices, to be completed; empty = nowhere."""
        base = self.public_url.rstrip("/")
        if not base and self.server_url.startswith("https://"):
            base = self.server_url
        return f"{base}/webhook" if base else ""

    @property
    def is_sqlite(self) -> bool:
        """Is the database a file of ours (then one process does everything)?"""
        return self.database_url.startswith("sqlite")

    @property
    def sqlite_path(self) -> Path | None:
        """The database file, None on PostgreSQL."""
        return Path(self.database_url.removeprefix("sqlite:///")) if self.is_sqlite else None


def load_settings(**overrides: object) -> Settings:
    """Read the environment; SettingsInvalid names the first variable that is wrong."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = "FAIRLEAD_" + "_".join(str(part) for part in first["loc"]).upper()
        reason = first["msg"].removeprefix("Value error, ")
        raise SettingsInvalid(f"{name} {reason}") from None


def _check_key(text: str) -> None:
    try:
        key = base64.b64decode(text, validate=True)
    # binascii.Error among them, and what is not ASCII
    except ValueError:
        raise ValueError("is not base64; make one with: openssl rand -base64 32") from None
    if len(key) != 32:
        raise ValueError(f"holds {len(key)} bytes, not 32; make one with: openssl rand -base64 32")


def _check_web_address(value: str) -> None:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        raise ValueError("names no host and port that could be called; correct it")
