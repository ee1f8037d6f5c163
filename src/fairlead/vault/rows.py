"""Names of the rows that hold sealed values; an envelope opens only under the name it got.

The free-form part of a name comes last, so no two rows can share one.
"""


def credentials_row(environment_id: int, integration_id: int, connection_id: str) -> str:
    """Name the credentials of one connection."""
    return f"credentials:{environment_id}:{integration_id}:{connection_id}"


def audience_row(
    environment_id: int, integration_id: int, audience: str, connection_id: str
) -> str:
    """Name the token of one connection for the API at the origin `audience`, which has no blank."""
    return f"audience:{environment_id}:{integration_id}:{audience} {connection_id}"


def config_row(environment_id: int, integration_id: int, connection_id: str) -> str:
    """Name what is secret in the config of one connection."""
    return f"config:{environment_id}:{integration_id}:{connection_id}"


def session_config_row(session_id: str) -> str:
    """Name the configs that one connect session fixes."""
    return f"session-config:{session_id}"


def state_config_row(state_id: str) -> str:
    """Name the config gathered for one trip to the vendor."""
    return f"state-config:{state_id}"


def pending_config_row(pending_id: str) -> str:
    """Name the configs of one connection that waits for an administrator."""
    return f"pending-config:{pending_id}"


def app_key_row(integration_id: int, key_id: str) -> str:
    """Name the private half of one key by which an app proves itself."""
    return f"app-key:{integration_id}:{key_id}"


def data_key_row(environment_id: int) -> str:
    """Name the key that seals the records of one environment."""
    return f"data-key:{environment_id}"


def integration_row(environment_id: int, unique_key: str, field: str) -> str:
    """Name one secret `field` of an integration; `field` is a column of ours, without a colon."""
    return f"integration:{environment_id}:{field}:{unique_key}"


def pending_row(pending_id: str) -> str:
    """Name the credentials of one app that waits for an administrator."""
    return f"pending:{pending_id}"


def recording_row(run_id: str) -> str:
    """Name what one failed run asked and was answered."""
    return f"recording:{run_id}"


def message_row(operation_id: str) -> str:
    """Name what one step of an operation asked and was answered."""
    return f"message:{operation_id}"


def state_row(state_id: str) -> str:
    """Name the PKCE verifier of one trip to the vendor."""
    return f"state:{state_id}"
