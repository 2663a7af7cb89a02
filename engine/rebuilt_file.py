"""The file in which a rebuild leaves a campaign's models for the service, whole and checked. Never a fold."""

import os
from hashlib import blake2b, sha256
from pathlib import Path

from msgspec import MsgspecError, Struct, msgpack

from engine.reward_unit import RewardUnit

_SHA256_BYTES = 32


class Rebuilt(Struct, frozen=True):
    """A campaign's models learned anew: which came out unfit, and how many later lessons they caught up with.

    `units` is what a cost of 1 stands for in each, and `unit` what they learn in from here on.
    """

    models: dict[str, bytes]
    units: dict[str, float]
    unit: RewardUnit
    unfit: tuple[str, ...] = ()
    caught_up: int = 0


def rebuilt_file(folder: Path, campaign: str, upto_seq: int) -> Path:
    """Return where a campaign's models rebuilt up to a sequence number are left."""
    return folder / "rebuilt" / f"{_stem(campaign)}-{upto_seq}.models"


def write_rebuilt(path: Path, models: Rebuilt) -> None:
    """Write the models behind their SHA-256, aside and renamed, and drop the campaign's earlier ones."""
    path.parent.mkdir(exist_ok=True)
    body = msgpack.encode(models)
    aside = path.with_suffix(f".{os.getpid()}")
    with aside.open("wb") as file:
        file.write(sha256(body).digest() + body)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
    for other in path.parent.glob(f"{_campaign_part(path)}-*.models"):
        if _upto_seq(other) < _upto_seq(path):  # never a later rebuild's, nor what another process is still writing
            other.unlink(missing_ok=True)


def drop_rebuilt(folder: Path, campaign: str) -> None:
    """Remove a campaign's rebuilt models, which can be learned anew."""
    for path in (folder / "rebuilt").glob(f"{_stem(campaign)}-*.models"):
        path.unlink(missing_ok=True)


def read_rebuilt(path: Path) -> Rebuilt | None:
    """Return the models of a file, None where there is none or its checksum does not hold."""
    try:
        content = path.read_bytes()
        body = content[_SHA256_BYTES:]
        if sha256(body).digest() != content[:_SHA256_BYTES]:
            return None
        return msgpack.decode(body, type=Rebuilt)
    except (OSError, MsgspecError):
        return None


def _campaign_part(path: Path) -> str:
    return path.stem.rpartition("-")[0]


def _upto_seq(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def _stem(campaign: str) -> str:
    return blake2b(campaign.encode(), digest_size=8).hexdigest()
