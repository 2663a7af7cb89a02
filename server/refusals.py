"""What a failure becomes on the wire: the error table of the design. Never a fault's own text, which is for the log."""

from collections.abc import Sequence

from google.protobuf.any_pb2 import Any
from google.rpc.code_pb2 import (
    ALREADY_EXISTS,
    DEADLINE_EXCEEDED,
    FAILED_PRECONDITION,
    INTERNAL,
    INVALID_ARGUMENT,
    NOT_FOUND,
    UNAVAILABLE,
)
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status

from engine.errors import IdReused, InvalidRequest, LogUnavailable, NotFound, NotPossible
from server.logs import clip

# Statuses travel in trailers, of which clients take 8 KiB in all, after base64 and percent-encoding.
MESSAGE_CHARACTERS_MAX = 200
FIELD_CHARACTERS_MAX = 200
PROBLEM_CHARACTERS_MAX = 300
VIOLATIONS_BYTES_MAX = 3_000

CODES = {NotFound: NOT_FOUND, IdReused: ALREADY_EXISTS, NotPossible: FAILED_PRECONDITION}
LOG_UNAVAILABLE = "the log cannot take events now, so nothing of this call was accepted; retry with the same id"
FAULT = "a fault of the service, which its own log explains"
TOO_LATE = "the deadline had passed before the call was looked at"


def status(error: BaseException) -> Status:
    """Return what the caller is told of an error; whatever is not the caller's to mend is INTERNAL without details."""
    if isinstance(error, InvalidRequest):
        return _invalid(error.violations)
    if isinstance(error, LogUnavailable):
        return Status(code=UNAVAILABLE, message=LOG_UNAVAILABLE)
    for kind, code in CODES.items():
        if isinstance(error, kind):
            return Status(code=code, message=clip(str(error), MESSAGE_CHARACTERS_MAX))
    return Status(code=INTERNAL, message=FAULT)


def too_late() -> Status:
    """Return what a caller is told whose deadline passed before her call was looked at."""
    return Status(code=DEADLINE_EXCEEDED, message=TOO_LATE)


def _invalid(violations: Sequence[tuple[str, str]]) -> Status:
    field, problem = violations[0]
    first = f"{field}: {problem}" if field else problem
    more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    refusal = Status(code=INVALID_ARGUMENT, message=clip(first, MESSAGE_CHARACTERS_MAX) + more)
    detail = Any()
    detail.Pack(_bad_request(violations))
    refusal.details.append(detail)
    return refusal


def _bad_request(violations: Sequence[tuple[str, str]]) -> BadRequest:
    """Return as many violations as the trailers hold, and where that is not all, how many were left out."""
    request = BadRequest()
    for count, (field, problem) in enumerate(violations):
        field_clipped, problem_clipped = clip(field, FIELD_CHARACTERS_MAX), clip(problem, PROBLEM_CHARACTERS_MAX)
        size = len(field_clipped.encode()) + len(problem_clipped.encode())
        if request.ByteSize() + size > VIOLATIONS_BYTES_MAX:
            left_out = len(violations) - count
            request.field_violations.add(field="", description=f"{left_out} more violations are not shown")
            break
        request.field_violations.add(field=field_clipped, description=problem_clipped)
    return request
