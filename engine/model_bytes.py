"""A saved model's bytes: where its weights lie, what is wrong with them, and how they are changed. Never Vowpal Wabbit
itself.
"""

import numpy as np

from engine.checkpoints import parted

_WEIGHT = np.dtype([("index", "<u4"), ("weight", "<f4"), ("adaptive", "<f4")])
"""A weight as it lies in a saved model; those that are zero are left out."""
_CHECKSUM_BYTES, _COUNTS_BYTES, _STATE_BYTES = 9, 24, 162
"""What follows the options in a saved model, up to its weights: their end with a checksum of all before, three counts
of lessons, one of which is SquareCB's, and more of how it stands."""
_WEIGHT_MAX = 1e30  # no lesson leads there, and a few such overflow single precision when they are added up


class ModelFailed(Exception):
    """A model could not be read, loaded, asked or taught; the caller degrades the choice and says so."""


def fault_in(saved: bytes) -> str:
    """Return what makes a model, as a bandit saved it, unfit to decide; empty for nothing."""
    try:
        found = weights_in(parted(saved)[0])
    except ValueError as error:
        return str(error)
    if not np.isfinite(found).all():
        return "a weight is not a finite number"
    return "a weight is too large to reckon with" if len(found) and abs(found[:, 1]).max() > _WEIGHT_MAX else ""


def weights_in(model: bytes) -> np.ndarray:
    """Return every weight that is not zero, in shape (weights, 3): its index, itself and its adaptive slot."""
    found = _weights_of(model)
    return np.column_stack([found[name].astype(np.float64) for name in found.dtype.names or ()])


def reweighed(model: bytes, weights: float, adaptive: float, *, counted_anew: bool) -> bytes:
    """Return a model with every weight and its adaptive slot multiplied; counted anew, it has had no lesson yet."""
    found, head = _weights_of(model).copy(), bytearray(model[: _weights_start(model)])
    found["weight"] *= np.float32(weights)
    found["adaptive"] *= np.float32(adaptive)
    if counted_anew:
        first = _options_end(model) + _CHECKSUM_BYTES
        head[first : first + _COUNTS_BYTES] = bytes(_COUNTS_BYTES)
    return bytes(head) + found.tobytes()


def _weights_of(model: bytes) -> np.ndarray:
    """Return a saved model's weights as they lie there.

    Raises ModelFailed where they do not lie as they should, after an upgrade perhaps: a sound model would look unfit.
    """
    try:
        found = np.frombuffer(model, _WEIGHT, offset=_weights_start(model))
    except ValueError as error:
        raise ModelFailed(f"a saved model's weights cannot be read: {error}") from error
    if not (np.diff(found["index"].astype(np.int64)) > 0).all():
        raise ModelFailed("a saved model's weights cannot be read: they are not in order")
    return found


def _weights_start(model: bytes) -> int:
    return _options_end(model) + _STATE_BYTES


def _options_end(model: bytes) -> int:
    """Return where the text of a saved model's options ends."""
    return model.index(b"\0", model.index(b" --"))
