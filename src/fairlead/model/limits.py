"""How a vendor's API limits its callers, and how it hands out long lists: what a provider says.

The fields are those of the contract's provider object, `proxy.retry` and `proxy.paginate` (2.1).
"""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """Which headers of an answer say when to ask again; names are lower case.

    Of several, the longest wait holds.
    """

    #: seconds from now, or a date (RFC 9110, 10.2.3)
    after: tuple[str, ...] = ("retry-after",)
    #: a moment: seconds since 1970, or a date
    at: tuple[str, ...] = ()
    #: how many calls are left until then: at 0 the next call waits
    remaining: str = ""
    #: statuses worth another try, instead of 429 and the 5xx that pass
    statuses: frozenset[int] = frozenset()


class PageLink(StrEnum):
    """By what the next page of a list is found."""

    LINK = "link"
    CURSOR = "cursor"
    OFFSET = "offset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pagination:
    """How a list goes on; paths are names joined by dots, unless the answer has the whole name."""

    type: PageLink
    #: where the entries of a page are, "" = the answer itself
    response_path: str = ""
    #: entries a page, None = as the vendor likes
    limit: int | None = None
    limit_name_in_request: str = ""
    link_path_in_response_body: str = ""
    #: relation of a `Link` header (RFC 8288)
    link_rel_in_response_header: str = ""
    cursor_path_in_response: str = ""
    cursor_name_in_request: str = ""
    offset_name_in_request: str = ""
    offset_start_value: int = 0
    #: how the offset grows: `per-page` (by one) or `by-response-size`
    offset_calculation_method: str = ""
