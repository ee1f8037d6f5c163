"""Pages drawn by the server: the connect page, how a trip ended, and the front door."""
