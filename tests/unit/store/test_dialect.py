"""URLs: which driver they mean."""

import pytest

from fairlead.store.dialect import async_url, name_of, plain_url


@pytest.mark.parametrize(
    ("url", "name", "wanted"),
    [
        ("sqlite:///a/b.sqlite", "sqlite", "sqlite+aiosqlite:///a/b.sqlite"),
        ("sqlite:////abs/b c.sqlite", "sqlite", "sqlite+aiosqlite:////abs/b c.sqlite"),
        ("postgresql://u:p@h:5/d", "postgresql", "postgresql+asyncpg://u:p@h:5/d"),
        ("postgres://u@h/d", "postgresql", "postgresql+asyncpg://u@h/d"),
        ("postgresql://u@/d?host=/s", "postgresql", "postgresql+asyncpg://u@/d?host=%2Fs"),
    ],
)
def test_urls(url: str, name: str, wanted: str) -> None:
    assert name_of(url) == name
    assert async_url(url).render_as_string(hide_password=False) == wanted


def test_the_drivers_own_url_keeps_the_password() -> None:
    assert plain_url("postgres://u:p%40ss@h/d") == "postgresql://u:p%40ss@h/d"
