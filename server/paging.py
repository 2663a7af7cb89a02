"""Pages of campaigns after AIP-158: a token names the last one of the page before. Never state between calls."""

import base64
import binascii
from collections.abc import Sequence

from engine.errors import InvalidRequest
from engine.types import CampaignStatus

PAGE_SIZE_DEFAULT = 100
PAGE_SIZE_MAX = 1_000


def page(campaigns: Sequence[CampaignStatus], page_size: int, page_token: str) -> tuple[Sequence[CampaignStatus], str]:
    """Return the campaigns (sorted by name) of a page and the next page's token, empty on the last page.

    Raises InvalidRequest where the size is negative or the token is none of ours. A campaign that comes or goes between
    two pages is seen or not; none is seen twice.
    """
    if page_size < 0:
        raise InvalidRequest(("page_size", f"must be 0 (meaning {PAGE_SIZE_DEFAULT}) or more"))
    size = min(page_size or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)
    after = _last_name(page_token)
    rest = [status for status in campaigns if after is None or status.name > after]
    token = _token(rest[size - 1].name) if len(rest) > size else ""
    return rest[:size], token


def _token(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _last_name(token: str) -> str | None:
    if not token:
        return None
    try:
        return base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (UnicodeError, binascii.Error):
        raise InvalidRequest(("page_token", "must be empty or a next_page_token as it was returned")) from None
