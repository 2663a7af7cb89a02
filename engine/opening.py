"""Opening a data folder: its secret key, its log, its engine.

Never a default folder or clock: the caller names them.
"""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from msgspec import structs

from engine.customers.gate import Gate
from engine.engine import Engine
from engine.errors import LogUnavailable, WrongKey
from engine.keyed_hash import KEY_BYTES, KeyedHash
from engine.log.connection import Durability
from engine.log.erasing import scrub
from engine.log.sqlite import Log
from engine.types import Identity


def open_engine(
    data_dir: Path,
    *,
    durability: Durability,
    secret_key: bytes | None = None,
    snapshots_kept: int = 3,
    customers_in_memory: int = 20_000,
    gate: Gate | None = Gate(),  # noqa: B008  frozen
    test_accounts: Iterable[Identity] = (),
) -> Engine:
    """Return the engine of a data folder, recovered to its last committed event; makes the folder where it is new.

    Between two commits at most `customers_in_memory` customers are held in memory, about 10 KB each. Without
    `secret_key` the folder's own is used, made once and readable by its owner only. Without a `gate` nothing is put
    aside; with one, whatever is told of `test_accounts` is. Raises DataInUse, LogUnavailable, or WrongKey where the
    folder was begun with another key or the key is too short.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        log = Log(data_dir, durability)
    except OSError as error:
        raise LogUnavailable(f"the data folder {data_dir} cannot be used: {error}") from error
    try:
        keyed_hash = KeyedHash(secret_key or _own_key(data_dir / "secret.key"))
        if not log.identify(keyed_hash.fingerprint()):
            raise WrongKey(f"{data_dir} was begun with another secret key; start with that one")
        engine = Engine(
            log,
            keyed_hash,
            new_id=lambda: os.urandom(16).hex(),
            snapshots_kept=snapshots_kept,
            customers_in_memory=customers_in_memory,
            gate=gate and structs.replace(gate, test_accounts=frozenset(map(keyed_hash.identity, test_accounts))),
        )
        scrub(log)  # where an erasure was cut short of it
        return engine
    except Exception:
        log.close()
        raise


def _own_key(path: Path) -> bytes:
    """Return the folder's key; a new one is on the disk under its name only when it is there whole."""
    if path.exists():
        return path.read_bytes()
    key = secrets.token_bytes(KEY_BYTES)
    aside = path.with_suffix(".new")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    return key
