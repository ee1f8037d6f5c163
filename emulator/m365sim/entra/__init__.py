"""Entra ID: sign-in, consent and tokens (`app.entra_app`), and their verification (`tokens`)."""
