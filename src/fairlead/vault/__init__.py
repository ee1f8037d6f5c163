"""What is secret at rest: seal and open, token hashes, webhook signatures."""

from fairlead.vault.rows import (
    app_key_row,
    audience_row,
    config_row,
    credentials_row,
    data_key_row,
    integration_row,
    message_row,
    pending_config_row,
    pending_row,
    recording_row,
    session_config_row,
    state_config_row,
    state_row,
)
from fairlead.vault.signing import webhook_signatures
from fairlead.vault.tokens import hash_token, new_session_token, same_token
from fairlead.vault.vault import Vault

__all__ = [
    "Vault",
    "app_key_row",
    "audience_row",
    "config_row",
    "credentials_row",
    "data_key_row",
    "hash_token",
    "integration_row",
    "message_row",
    "new_session_token",
    "pending_config_row",
    "pending_row",
    "recording_row",
    "same_token",
    "session_config_row",
    "state_config_row",
    "state_row",
    "webhook_signatures",
]
