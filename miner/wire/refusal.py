"""Why an axon does not answer: one error for each status that a caller can get."""

from typing import ClassVar

from solard.core.errors import SolardError

RETRY_AFTER_S = 3
"""What a caller that was shed is told to wait."""


class Refusal(SolardError):
    """A request that gets no answer, and the status that says why."""

    status: ClassVar[int] = 500


class RequestRefused(Refusal):
    """A request is unsigned, stale, from the future, replayed or not the caller's."""

    status = 401


class NotAdmitted(Refusal):
    """The caller is who it says, and may not ask."""

    status = 403


class RouteUnknown(Refusal):
    """This axon has no such question."""

    status = 404


class TookTooLong(Refusal):
    """The body did not come, or the answer was not ready, in time."""

    status = 408


class BodyTooLarge(Refusal):
    """More bytes than this axon reads."""

    status = 413


class ChallengeInvalid(Refusal):
    """The body is not what the route expects."""

    status = 422


class NotServing(Refusal):
    """This axon answers nothing right now, or not so much: try later."""

    status = 503


class RequestBroken(Refusal):
    """Header and body do not fit each other: what an SDK's axon calls an internal error."""

    status = 500
