"""Who signs in to the dashboard: accounts, passwords, sessions, attempts."""
