"""Pages after AIP-158: a token names the last item of the page before. Never state between calls."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from engine.errors import InvalidRequest

T = TypeVar("T")

PAGE_SIZE_DEFAULT = 100
PAGE_SIZE_MAX = 1_000


def page(items: Sequence[T], key: Callable[[T], str], page_size: int, page_token: str) -> tuple[Sequence[T], str]:
    """Return the items (sorted by their keys) of a page and the next page's token, empty on the last page.

    Raises InvalidRequest where the size is negative or the token is none of ours. An item that comes or goes between
    two pages is seen or not; none is seen twice.
    """
    if page_size < 0:
        raise InvalidRequest(("page_size", f"must be 0 (meaning {PAGE_SIZE_DEFAULT}) or more"))
    size = min(page_size or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)
    after = _last_key(page_token)
    rest = [item for item in items if after is None or key(item) > after]
    token = _token(key(rest[size - 1])) if len(rest) > size else ""
    return rest[:size], token


def _token(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _last_key(token: str) -> str | None:
    if not token:
        return None
    try:
        return base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (UnicodeError, binascii.Error):
        raise InvalidRequest(("page_token", "must be empty or a next_page_token as it was returned")) from None
