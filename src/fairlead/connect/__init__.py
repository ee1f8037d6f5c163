"""The life of a connection: a session is opened, a vendor consents, credentials stay fresh."""
