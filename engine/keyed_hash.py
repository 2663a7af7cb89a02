"""Keyed hashes: ids, customers' pseudonyms and control positions.

Never the raw customer id beyond this file, never a random number.
"""

import re
from hashlib import blake2b
from struct import unpack

from engine.errors import WrongKey
from engine.types import CUSTOMER_ID, Identity

KEY_BYTES = 32
_DRAWS = 3
_DECISION_ID = re.compile(r"[0-9a-f]{32}")


class KeyedHash:
    """Turns names into pseudonyms that cannot be guessed or reversed without the key (BLAKE2b keyed mode, RFC 7693)."""

    def __init__(self, key: bytes) -> None:
        if not 16 <= len(key) <= 64:
            raise WrongKey(f"the secret key has {len(key)} bytes; give it 16 to 64")
        self._key = key
        self._begun: dict[str, blake2b] = {}

    def digest(self, purpose: str, name: str) -> bytes:
        """Return 16 bytes that stand for `name`; different purposes never share a hash.

        The key is the first block of every hash: it is taken in once for each of the purposes, which are a handful.
        """
        begun = self._begun.get(purpose)
        if begun is None:
            begun = self._begun[purpose] = blake2b(digest_size=16, key=self._key, person=purpose.encode()[:16])
        hashed = begun.copy()
        hashed.update(name.encode())
        return hashed.digest()

    def decision_id(self, request_id: str) -> str:
        """Return the decision id that this request id always gets, 32 hexadecimal digits."""
        return self.digest("decision", request_id).hex()

    def identity(self, identity: Identity) -> str:
        """Return the pseudonym under which the log knows an identity, 32 hexadecimal digits."""
        if identity.type == CUSTOMER_ID:
            return self.digest("customer", identity.value).hex()
        return self.digest("identity", f"{len(identity.type)}:{identity.type}{identity.value}").hex()

    def request_digest(self, digest: str) -> str:
        """Return 16 hexadecimal digits that stand for a request's digest, which covers a raw identity: without the
        key nobody can try identities against them.
        """
        return self.digest("request", digest).hex()[:16]

    def fingerprint(self) -> bytes:
        """Return 16 bytes that tell this key from another without telling anything of it."""
        return self.digest("fingerprint", "")

    def control_position(self, campaign: str, customer: str) -> float:
        """Return the customer's fixed place in [0, 1) for this campaign; below the control share means control."""
        digest = self.digest("control", f"{len(campaign)}:{campaign}{customer}")
        return int.from_bytes(digest[:8], "big") / 2**64


def decision_key(decision_id: str) -> bytes | None:
    """Return the bytes of a decision id, or None for a text that can be none."""
    return bytes.fromhex(decision_id) if _DECISION_ID.fullmatch(decision_id) else None


def draws(decision_id: str) -> tuple[float, float, float]:
    """Return the decision's three random numbers in [0, 1), one a stage.

    A hash of the decision id is the counter-based generator here: the id is itself a keyed hash (or random), so the
    numbers cannot be foreseen by callers, yet anyone who reads the log can draw again (Salmon et al., "Parallel random
    numbers: as easy as 1, 2, 3", SC 2011, for counter-based generation).
    """
    digest = blake2b(decision_id.encode(), digest_size=8 * _DRAWS, person=b"draws").digest()
    first, second, third = unpack(f">{_DRAWS}Q", digest)
    return (first >> 11) / 2**53, (second >> 11) / 2**53, (third >> 11) / 2**53
