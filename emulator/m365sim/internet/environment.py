"""The environment variables by which programs find a proxy and the certificates to trust.

There is no standard; each names the libraries that read it.
"""

from __future__ import annotations

from pathlib import Path

NOT_PROXIED = "127.0.0.1,localhost,::1"


def proxy_environment(ca_file: Path, proxy_url: str) -> dict[str, str]:
    """Return what a client must find in its environment to reach the emulated cloud.

    The certificates named are the only ones that such a client then trusts: that is meant, for the
    proxy reaches nothing else.
    """
    ca = str(ca_file)
    return {
        "HTTPS_PROXY": proxy_url,  # Go, httpx, requests, Node's undici
        "https_proxy": proxy_url,  # curl, and everything that prefers lower case
        "NO_PROXY": NOT_PROXIED,
        "no_proxy": NOT_PROXIED,
        "SSL_CERT_FILE": ca,  # OpenSSL, Go, httpx, aiohttp
        "REQUESTS_CA_BUNDLE": ca,  # requests, and so MSAL and azure-identity
        "CURL_CA_BUNDLE": ca,
        "NODE_EXTRA_CA_CERTS": ca,
    }
