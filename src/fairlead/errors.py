"""Every error fairlead raises, classed by who must act.

    FairleadError
    ├─ CallerError            whoever called the API mends the request
    │   ├─ InvalidInput       400  the request's shape or values
    │   ├─ Unauthorized       401  no key, or a wrong one
    │   ├─ SessionExpired     401  the connect session is over, or was never ours
    │   ├─ Forbidden          403  the key may not do this
    │   ├─ NotFound           404  no such thing
    │   ├─ Conflict           409  it exists already, or changed meanwhile
    │   └─ UnsupportedMedia   415  a body that is not JSON where JSON is due
    ├─ OperatorError     424  who runs fairlead mends settings or consent
    │   ├─ BadClientSecret         the vendor refuses the app's id or secret
    │   ├─ MissingScope            a permission was not granted
    │   ├─ AdminConsentRequired    an administrator must approve first
    │   ├─ UnknownProvider         no pack ships this provider
    │   └─ EgressRefused           the address is outside what may be called
    ├─ ReconnectRequired 424  the end user authorises again
    ├─ ProviderError          the vendor's own trouble or verdict
    │   ├─ Throttled          429  too many calls; `retry_after` says when
    │   ├─ Unavailable        503  down, or not reachable
    │   ├─ Rejected           502  the vendor said no (4xx)
    │   └─ Gone                    the feed's position is lost: read it afresh from `restart_at`
    ├─ AuthorError            the function's author mends code
    │   ├─ ActionFailed       422  a function refused on purpose
    │   ├─ OutputInvalid      500  a function returned what its schema forbids
    │   ├─ FunctionCrashed    500  a function raised
    │   └─ FunctionTimedOut   500  a function took too long
    └─ InternalError     500  we mend it
        ├─ LeaseLost               another worker owns the run now; this one must stop
        └─ VaultError              a sealed value does not open with the keys at hand

`status` is what the HTTP API answers. `retryable` says whether the same call may succeed later
without anybody doing anything; nothing else decides about retries. Messages are for people and
name who must do what; `detail` is for logs and must hold no secret.
"""

from typing import Any

DOCS = "https://fairlead.dev/errors"


class FairleadError(Exception):
    """Something went wrong in fairlead."""

    #: stable name of the error on the wire and in logs
    code: str = "error"
    #: HTTP status of our API's answer
    status: int = 500
    #: may the same call succeed later, with nobody acting?
    retryable: bool = False
    #: who must act: caller, operator, end user, vendor, author, us
    who: str = "us"

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        status: int | None = None,
        detail: str | None = None,
        who: str | None = None,
        payload: dict[str, Any] | None = None,
    ) -> None:
        self.message = message or (type(self).__doc__ or "").strip().split("\n")[0]
        if code is not None:
            self.code = code
        if status is not None:
            self.status = status
        if who is not None:
            self.who = who
        self.detail = detail
        self.payload = payload or {}
        super().__init__(self.message)

    @property
    def docs(self) -> str:
        """Page that explains this kind of error: cause, fix, who."""
        return f"{DOCS}#{type(self).code}"


class CallerError(FairleadError):
    """The request cannot be served as it stands; change it."""

    code = "bad_request"
    status = 400
    who = "caller"


class InvalidInput(CallerError):
    """The request has a wrong shape or value."""

    code = "invalid_body"

    def __init__(
        self,
        message: str | None = None,
        *,
        issues: list[dict[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(message, **kwargs)
        #: one entry a problem: `{"code", "message", "path": [str]}`
        self.issues = issues or []


class Unauthorized(CallerError):
    """The API key is missing or wrong; send `Authorization: Bearer <secret key>`."""

    code = "unknown_account"
    status = 401


class SessionExpired(CallerError):
    """The connect session is over; open a new one."""

    code = "unknown_connect_session_token"
    status = 401


class Forbidden(CallerError):
    """This key may not do that."""

    code = "forbidden"
    status = 403


class NotFound(CallerError):
    """There is no such thing."""

    code = "not_found"
    status = 404


class Conflict(CallerError):
    """It exists already, or changed meanwhile; read it again."""

    code = "conflict"
    status = 409


class UnsupportedMedia(CallerError):
    """Content-Type header must be application/json"""

    code = "invalid_content_type"
    status = 415


class OperatorError(FairleadError):
    """Whoever runs fairlead must change a setting."""

    code = "operator_error"
    status = 424
    who = "operator"


class BadClientSecret(OperatorError):
    """The vendor refuses the app's client id or secret; set a valid one on the integration."""

    code = "bad_client_secret"


class MissingScope(OperatorError):
    """The app lacks a permission; grant it and connect again."""

    code = "missing_scope"


class AdminConsentRequired(OperatorError):
    """An administrator of the end user's organisation must approve the app first."""

    code = "admin_consent_required"


class UnknownProvider(OperatorError):
    """No installed pack ships this provider; install the pack or correct the name."""

    code = "unknown_provider"
    status = 400


class EgressRefused(OperatorError):
    """The address may not be called from here; allow it in FAIRLEAD_EGRESS_ALLOW."""

    code = "egress_refused"
    status = 400


class ReconnectRequired(FairleadError):
    """The connection's grant is over; the end user must connect again."""

    code = "reconnect_required"
    status = 424
    who = "end user"


class ProviderError(FairleadError):
    """The vendor's API did not serve the call."""

    code = "provider_error"
    status = 502
    who = "vendor"

    def __init__(
        self,
        message: str | None = None,
        *,
        provider_status: int | None = None,
        request_id: str | None = None,
        body: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(message, **kwargs)
        #: the vendor's HTTP status, None when nothing came back
        self.provider_status = provider_status
        #: the vendor's id of the request, for its support
        self.request_id = request_id
        #: the vendor's answer, secrets removed, at most a few KB
        self.body = body


class Throttled(ProviderError):
    """The vendor asks for fewer calls; wait and try again."""

    code = "throttled"
    status = 429
    retryable = True

    def __init__(
        self, message: str | None = None, *, retry_after: float | None = None, **kwargs: Any
    ) -> None:
        super().__init__(message, **kwargs)
        #: seconds to wait, None when the vendor did not say
        self.retry_after = retry_after


class Unavailable(ProviderError):
    """The vendor's API is down or cannot be reached; try again later."""

    code = "provider_unavailable"
    status = 503
    retryable = True


class Rejected(ProviderError):
    """The vendor refused the call."""

    code = "provider_rejected"


class Gone(ProviderError):
    """The feed's position is no longer known to the vendor; read the feed from the start."""

    code = "gone"

    def __init__(
        self, message: str | None = None, *, restart_at: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(message, **kwargs)
        #: link to start from, None = the feed's own beginning
        self.restart_at = restart_at


class AuthorError(FairleadError):
    """A function must be mended by its author."""

    code = "author_error"
    who = "author"


class ActionFailed(AuthorError):
    """The function refused."""

    code = "action_failed"
    status = 422


class OutputInvalid(AuthorError):
    """The function returned what its own schema forbids."""

    code = "output_invalid"


class FunctionCrashed(AuthorError):
    """The function raised an exception."""

    code = "function_crashed"


class FunctionTimedOut(AuthorError):
    """The function took longer than it may."""

    code = "function_timed_out"


class InternalError(FairleadError):
    """An error of ours; tell us the request id."""

    code = "internal_error"


class LeaseLost(InternalError):
    """Another worker owns this run now."""

    code = "lease_lost"


class VaultError(InternalError):
    """A sealed value does not open; see that FAIRLEAD_ENCRYPTION_KEY is the key that sealed it."""

    code = "vault_error"
    who = "operator"
