"""Passwords: kept as Argon2id ([RFC 9106](https://www.rfc-editor.org/rfc/rfc9106)), with its costs.

The costs are those that [OWASP](https://cheatsheetseries.owasp.org/cheatsheets/
Password_Storage_Cheat_Sheet.html) names first: 19 MiB, two passes. Hashing happens in a thread, two
at a time, so that a burst of attempts neither stops the server nor eats its memory.
"""

import asyncio
import secrets

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from fairlead.errors import InvalidInput

#: characters; what NIST SP 800-63B-4 asks where a password stands alone
SHORTEST = 15
#: characters; longer ones are refused, not cut
LONGEST = 256
_MEMORY_KIB = 19_456
_PASSES = 2
_AT_ONCE = 2
#: of nobody's password, so that an unknown e-mail takes as long as a wrong password
_NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$T+j3smQUsRVswyEWIlTLvw$" + "A" * 42 + "s"


def check_strength(password: str) -> None:
    """Refuse a password that is too short or too long; InvalidInput says what is asked."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput(
            f"A password has {SHORTEST} to {LONGEST} characters; a few words in a row do well.",
            code="weak_password",
        )


class Passwords:
    """Hashes passwords and compares them."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def hashed(self, password: str) -> str:
        """Return what to store of a password; InvalidInput for a weak one."""
        check_strength(password)
        async with self._turns:
            return await asyncio.to_thread(hashed, password)

    async def matches(self, password: str, stored: str | None) -> bool:
        """Say whether it is the password; takes as long for somebody who has none."""
        async with self._turns:
            return await asyncio.to_thread(_matches, password[: LONGEST + 1], stored)


def hashed(password: str) -> str:
    """Return what to store of a password."""
    kdf = Argon2id(
        salt=secrets.token_bytes(16),
        length=32,
        iterations=_PASSES,
        lanes=1,
        memory_cost=_MEMORY_KIB,
    )
    return kdf.derive_phc_encoded(_octets(password))


def _matches(password: str, stored: str | None) -> bool:
    try:
        Argon2id.verify_phc_encoded(_octets(password), stored or _NOBODYS)
    except InvalidKey:
        return False
    return stored is not None


def _octets(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
