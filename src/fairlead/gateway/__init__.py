"""The one door out: a connection and a request become an authenticated, retried response."""
