"""Pages after AIP-158: a token names the last item of the page before. Never state between calls."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from engine.errors import InvalidRequest

T = TypeVar("T")

PAGE_SIZE_DEFAULT = 100
PAGE_SIZE_MAX = 1_000
SEQ_MAX = 2**63 - 1


def page(items: Sequence[T], key: Callable[[T], str], page_size: int, page_token: str) -> tuple[Sequence[T], str]:
    """Return the items (sorted by their keys) of a page and the next page's token, empty on the last page.

    Raises InvalidRequest where the size is negative or the token is none of ours. An item that comes or goes between
    two pages is seen or not; none is seen twice.
    """
    size = sized(page_size)
    after = _last_key(page_token)
    rest = [item for item in items if after is None or key(item) > after]
    token = _token(key(rest[size - 1])) if len(rest) > size else ""
    return rest[:size], token


def sized(page_size: int) -> int:
    """Return how many items a page of this asked size has; raises InvalidRequest where it is negative."""
    if page_size < 0:
        raise InvalidRequest(("page_size", f"must be 0 (meaning {PAGE_SIZE_DEFAULT}) or more"))
    return min(page_size or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)


def newest_first(seq: int) -> str:
    """Return a key that sorts places in the log newest first."""
    return f"{SEQ_MAX - seq:019}"


def seq_before(page_token: str) -> int:
    """Return the place in the log before which a page of the newest first begins; raises InvalidRequest."""
    key = _last_key(page_token)
    if key is None:
        return SEQ_MAX
    if not (len(key) == 19 and key.isascii() and key.isdigit()):
        raise InvalidRequest(("page_token", "must be empty or a next_page_token as it was returned"))
    return SEQ_MAX - int(key)


def _token(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _last_key(token: str) -> str | None:
    if not token:
        return None
    try:
        return base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (UnicodeError, binascii.Error):
        raise InvalidRequest(("page_token", "must be empty or a next_page_token as it was returned")) from None
