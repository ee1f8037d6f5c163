"""What the API takes and answers: the JSON itself, typed.

Typed dictionaries cost nothing at run time, and a newer server's further fields are simply there.
The names are those of the HTTP API (`/openapi.json`); a key that may be missing is `NotRequired`.
"""

from typing import Any, Literal, NotRequired, TypedDict

FunctionType = Literal["sync", "action", "on-event"]
RecordAction = Literal["added", "updated", "deleted"]
SyncMode = Literal["incremental", "full_refresh", "full_refresh_and_clear_cache"]


class Success(TypedDict):
    """It is done."""

    success: bool


class Health(TypedDict):
    """It serves."""

    result: str


class Organization(TypedDict):
    """The company of an end user."""

    id: str
    display_name: NotRequired[str | None]


class EndUser(TypedDict):
    """Somebody who uses your product."""

    id: str
    email: NotRequired[str | None]
    display_name: NotRequired[str | None]
    tags: NotRequired[dict[str, str] | None]


class SessionDefaults(TypedDict, total=False):
    """What a connect session fixes for one integration."""

    user_scopes: str
    #: sent to the vendor's page; an empty value removes a parameter
    authorization_params: dict[str, str]
    connection_config: dict[str, Any]


class ConnectSession(TypedDict):
    """A permit for one end user to connect."""

    token: str
    #: open this in the end user's browser, or give the token to the front end
    connect_link: str
    expires_at: str


class Established(TypedDict):
    """A connection that was made with filled-in credentials."""

    providerConfigKey: str
    connectionId: str
    #: True: it comes to be once an administrator has approved the app, at `adminUrl`
    isPending: NotRequired[bool | None]
    adminUrl: NotRequired[str | None]
    #: what it waits for, and what else may be wrong
    message: NotRequired[str | None]


class Ending(TypedDict):
    """Something that ends within weeks."""

    #: certificate_expires, client_secret_expires or assertion_expires
    type: str
    key_id: str | None
    expires_at: str


class Integration(TypedDict):
    """An integration."""

    unique_key: str
    provider: str
    display_name: str
    logo: str
    forward_webhooks: bool
    created_at: str
    updated_at: str
    #: only with `include=["webhook"]`
    webhook_url: NotRequired[str | None]
    #: only with `include=["credentials"]`
    credentials: NotRequired[dict[str, Any] | None]
    client_secret_expires_at: NotRequired[str | None]
    warnings: NotRequired[list[Ending] | None]


class IntegrationCredentials(TypedDict):
    """Whose app it is."""

    type: Literal["OAUTH1", "OAUTH2", "TBA"]
    client_id: str
    client_secret: str
    #: comma-separated; left out: the provider's default
    scopes: NotRequired[str | None]
    webhook_secret: NotRequired[str | None]


class Function(TypedDict):
    """An action or a sync."""

    name: str
    type: FunctionType
    description: str
    version: str
    scopes: list[str]
    source: str
    enabled: bool
    runs: NotRequired[str | None]
    auto_start: NotRequired[bool | None]
    returns: NotRequired[list[str] | None]
    #: JSON Schemas, here and below
    input: NotRequired[dict[str, Any] | None]
    output: NotRequired[dict[str, Any] | None]
    records: NotRequired[dict[str, Any] | None]
    metadata: NotRequired[dict[str, Any] | None]


class LeastScope(TypedDict):
    """A scope that has to be asked for, and why."""

    name: str
    #: functions that declare it
    functions: list[str]
    #: weaker scopes that it covers -> functions that declare those
    covers: dict[str, list[str]]


class LeastScopes(TypedDict):
    """The fewest scopes that let some functions run."""

    provider: str
    #: to be set as the integration's scopes
    scopes: list[str]
    why: list[LeastScope]
    #: asked for in any case
    always: list[str]
    #: where an administrator approves the app
    consent_url: str | None


class Certificate(TypedDict):
    """A key that was made by fairlead: its certificate, and where it is in its life."""

    id: str
    connection_id: str | None
    #: next, active, previous or retired
    state: str
    thumbprint: str
    #: PEM: what the vendor is given
    certificate: str
    created_at: str
    expires_at: str
    activated_at: str | None
    superseded_at: str | None
    retired_at: str | None
    used_at: str | None
    tried_at: str | None
    refusal: str | None


class Fault(TypedDict):
    """Something that is wrong with a connection now."""

    #: auth or sync
    type: str
    log_id: str
    code: str
    message: str
    sync_name: NotRequired[str | None]


class ConnectionItem(TypedDict):
    """A connection in a list."""

    id: int
    connection_id: str
    provider_config_key: str
    provider: str
    errors: list[Fault]
    end_user: dict[str, Any] | None
    tags: dict[str, str]
    metadata: dict[str, Any] | None
    created: str
    warnings: NotRequired[list[Ending] | None]


class PendingConnection(TypedDict):
    """A connection that waits for an administrator."""

    connection_id: str
    provider_config_key: str
    #: to be forwarded to an administrator
    admin_url: str
    end_user: dict[str, Any] | None
    tags: dict[str, str]
    approved: bool
    #: why it may wait in vain: `code`, and `message`, who must do what
    problem: dict[str, str] | None
    created: str
    expires_at: str


class Connection(TypedDict):
    """A connection with credentials that work now."""

    id: int
    connection_id: str
    provider_config_key: str
    provider: str
    errors: list[Fault]
    end_user: dict[str, Any] | None
    tags: dict[str, str]
    metadata: dict[str, Any] | None
    connection_config: dict[str, Any]
    webhook_url_override: str | None
    created_at: str
    updated_at: str
    last_fetched_at: str | None
    #: shaped by `type`; empty if the key may not read them
    credentials: dict[str, Any]
    warnings: NotRequired[list[Ending] | None]


class Metadata(TypedDict):
    """Metadata as it was stored."""

    connection_id: str | list[str]
    provider_config_key: str
    metadata: dict[str, Any]


class Finding(TypedDict):
    """One thing that the doctor found out."""

    code: str
    level: Literal["problem", "warning", "advice"]
    who: str
    cause: str
    fix: str
    detail: str | None


class Check(TypedDict):
    """One thing that the doctor looked at."""

    name: str
    #: passed, failed or skipped
    outcome: str
    seen: str


class Diagnosis(TypedDict):
    """What an examination came to."""

    connection_id: str
    provider_config_key: str
    provider: str
    healthy: bool
    examined_at: str
    findings: list[Finding]
    checks: list[Check]
    facts: dict[str, Any]


class RecordMetadata(TypedDict):
    """What fairlead knows of a record."""

    first_seen_at: str
    last_modified_at: str
    last_action: Literal["ADDED", "UPDATED", "DELETED"]
    deleted_at: str | None
    pruned_at: str | None
    #: give it to `records.list(cursor=...)` to read on behind this record
    cursor: str


#: a record: the sync's own fields, `id` among them, and `_nango_metadata` (a RecordMetadata)
Record = dict[str, Any]


class SyncName(TypedDict):
    """A sync and its variant."""

    name: str
    variant: NotRequired[str]


class Cancelled(TypedDict):
    """What was stopped."""

    success: bool
    #: runs that were queued or under way
    cancelled: int


class Approved(TypedDict):
    """What was deleted."""

    success: bool
    #: model -> records
    deleted: dict[str, int]


class Variant(TypedDict):
    """Another copy of a sync."""

    id: str
    name: str
    variant: str


ExportFormat = Literal["jsonl", "csv", "parquet"]


class LastAttempt(TypedDict):
    """The last attempt to deliver an event."""

    at: str
    url: str
    status: int | None
    error: str | None


class DeadLetter(TypedDict):
    """An event that was given up."""

    id: str
    type: str
    created_at: str
    attempts: int
    #: None: there was nowhere to deliver it
    last: LastAttempt | None
    payload: dict[str, Any]


class Pruned(TypedDict):
    """How many records were emptied."""

    count: int
    has_more: bool


class LeftOut(TypedDict):
    """A place that a run left out, and why."""

    place: str
    code: str
    message: str
    who: str


class Counts(TypedDict):
    """What a run did to the records of a model."""

    added: int
    updated: int
    deleted: int


class RunFailure(TypedDict):
    """Why a run failed."""

    code: str
    message: str
    who: str


class Progress(TypedDict):
    """What a run is about at this moment."""

    phase: Literal["queued", "reading", "storing", "ending"]
    waiting: str | None
    until: str | None
    items: int
    pages: int
    requests: int
    bytes: int
    total: int | None
    eta: str | None


class Execution(TypedDict):
    """The newest run of a sync, also while it is under way."""

    id: str
    state: str
    trigger: str
    counts: dict[str, Counts]
    batches: int
    requests: int
    createdAt: str
    startedAt: str | None
    finishedAt: str | None
    failure: RunFailure | None
    progress: Progress | None
    #: it ended well but for the places that `warnings` names
    partial: bool
    warnings: list[LeftOut]


class SyncStatus(TypedDict):
    """How one sync of one connection stands."""

    id: str
    connection_id: str
    name: str
    variant: str
    type: Literal["INITIAL", "INCREMENTAL"]
    status: Literal["RUNNING", "PAUSED", "STOPPED", "SUCCESS", "ERROR"]
    frequency: str
    finishedAt: str | None
    nextScheduledSyncAt: str | None
    latestResult: dict[str, Counts]
    latestExecutionStatus: str | None
    recordCount: dict[str, int]
    checkpoint: Any
    #: too many at once: they wait for `syncs.approve_deletions`, or for a run that agrees
    heldDeletions: dict[str, int]
    latestExecution: Execution | None


class ActionStarted(TypedDict):
    """An action that is queued; `client.actions.result(id)` is its result once it is over."""

    id: str
    statusUrl: str


class Frequency(TypedDict):
    """How often a sync runs from now on."""

    frequency: str


class Provider(TypedDict):
    """How one vendor's API is reached and authenticated."""

    name: str
    display_name: str
    logo_url: str
    categories: list[str]
    auth_mode: str
    docs: str
    docs_connect: NotRequired[str | None]
    authorization_url: NotRequired[str | None]
    token_url: NotRequired[str | None]
    default_scopes: NotRequired[list[str] | None]
    scope_separator: NotRequired[str | None]
    authorization_params: NotRequired[dict[str, str] | None]
    token_params: NotRequired[dict[str, str] | None]
    disable_pkce: NotRequired[bool | None]
    proxy: NotRequired[dict[str, Any] | None]
    connection_config: NotRequired[dict[str, Any] | None]
    token_headers: NotRequired[dict[str, str] | None]
    token_response: NotRequired[dict[str, str] | None]
    token_expires_in_ms: NotRequired[int | None]
    body_format: NotRequired[str | None]
    credentials: NotRequired[dict[str, Any] | None]


class Template(TypedDict):
    """A function that comes with a provider."""

    name: str
    type: str
    description: str
