"""How bytes get in and out: pre-authenticated addresses, upload sessions, arriving bodies."""
