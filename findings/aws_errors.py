"""What AWS's errors mean for a reading: a coverage state, and a sentence that says what to do."""

from __future__ import annotations

import random
from dataclasses import dataclass

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
)
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from findings.models import CoverageState
from findings.rates import TooLong


class EndlessPages(Exception):
    """A listing that does not come to an end."""


class NoWayIn(Exception):
    """The connection has no role by which this account could be entered."""


DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "AuthorizationError",
    "AWSOrganizationsAccessDenied",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
}
THROTTLED = {
    "LimitExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
}
EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
PASSING = {"InternalFailure", "RequestTimeout", "RequestTimeoutException", "ServiceUnavailable"}
TRIES_AT_ONCE, TRIES_OF_PASSING, TRIES_OF_THROTTLED = 3, 6, 10
LONGEST_PAUSE = 20.0
OFF = {
    "AWSOrganizationsNotInUseException": gettext_lazy("The account belongs to no AWS organisation."),
    "InvalidAccessException": gettext_lazy("Security Hub is not enabled there. Enable it, or leave it off on purpose."),
    "NoAvailableConfigurationRecorderException": (
        gettext_lazy("AWS Config records nothing there. Set up a configuration recorder, or leave it off on purpose.")
    ),
    "NoSuchConfigurationAggregatorException": gettext_lazy(
        "The Config aggregator is not there any more. Test the connection."
    ),
    "SubscriptionRequiredException": gettext_lazy("The account has not signed up for the service."),
}


@dataclass(frozen=True)
class Unreadable:
    """Why something could not be read. words: one or two sentences, with no secret in them."""

    state: CoverageState
    words: str


def code_of(error: BaseException) -> str:
    """AWS's error code, or the name of botocore's error."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return type(error).__name__


def throttled(error: BaseException) -> bool:
    return code_of(error) in THROTTLED


def expired(error: BaseException) -> bool:
    """Whether new credentials help."""
    return code_of(error) in EXPIRED


def pause_after(error: BaseException, failures: int) -> float | None:
    """Seconds until a call that failed is worth another try, at random so that many do not come at once.

    None where trying again does not help, or has not helped. failures: in a row, this one included.
    """
    if expired(error) or isinstance(error, IncompleteReadError):
        return 0.0 if failures < TRIES_AT_ONCE else None
    tries = TRIES_OF_THROTTLED if throttled(error) else TRIES_OF_PASSING if _passing(error) else 1
    if failures >= tries:
        return None
    return random.uniform(0, min(LONGEST_PAUSE, 0.25 * 2.0**failures))  # noqa: S311 - not a secret


def _passing(error: BaseException) -> bool:
    """A connection that broke, or an error of AWS's own."""
    if isinstance(error, ClientError):
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        return status in (500, 502, 503, 504) or code_of(error) in PASSING
    return isinstance(error, ConnectionError | HTTPClientError)


def denied(error: BaseException) -> bool:
    """Whether AWS refused us. The answer to what exists behind the refusal stays unknown."""
    return code_of(error) in DENIED or isinstance(error, NoWayIn | NoCredentialsError | PartialCredentialsError)


def service_off(error: BaseException) -> bool:
    """Whether AWS said that the service is not in use there. An unknown operation or a 404 never says so."""
    return isinstance(error, ClientError) and code_of(error) in OFF


def unreadable(error: BaseException) -> Unreadable:
    """The error in the words of coverage."""
    if isinstance(error, NoWayIn):
        return Unreadable(CoverageState.DENIED, _("Not read: %(error)s.") % {"error": error})
    if denied(error):
        return Unreadable(CoverageState.DENIED, _refusal(error))
    if service_off(error):
        return Unreadable(CoverageState.DISABLED, str(OFF[code_of(error)]))
    return Unreadable(CoverageState.FAILED, _failure(error))


def _refusal(error: BaseException) -> str:
    operation = _operation(error)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return _("The portal has no AWS credentials. Give its processes a role, or the usual AWS variables.")
    if operation == "AssumeRole":
        return _(
            "AWS refused to let the portal assume the role there. Deploy the role's template in that account, and"
            " check the trusted role and the external id."
        )
    if code_of(error) in {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}:
        return _(
            "AWS refused %(operation)s. Add that action to the role's policy, and look for an SCP that denies it."
        ) % {"operation": operation}
    if code_of(error) == "OptInRequired":
        return _("The region or service is not opened for that account. Open it, or take it out of use.")
    return _("AWS did not accept the portal's credentials (%(error)s). Check them, and that the region is open.") % {
        "error": code_of(error)
    }


def _failure(error: BaseException) -> str:
    code, operation = code_of(error), _operation(error)
    if code in THROTTLED:
        return _("AWS slowed %(operation)s down too often. The portal tries again by itself.") % {
            "operation": operation
        }
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status >= 500:
            return _(
                "AWS answered %(operation)s with an error of its own (%(code)s). The portal tries again by itself."
            ) % {"operation": operation, "code": code}
        return _(
            "AWS did not accept %(operation)s (%(code)s). The portal tries again by itself; tell its maintainers."
        ) % {"operation": operation, "code": code}
    if isinstance(error, ConnectionError | HTTPClientError | IncompleteReadError):
        return _("The connection to AWS broke or was refused. Check the network; the portal tries again by itself.")
    if isinstance(error, BotoCoreError):
        return _("The AWS library gave up (%(code)s). Check the AWS settings of the portal.") % {"code": code}
    if isinstance(error, TooLong):
        return _("AWS's rates leave no room now: %(error)s. The portal tries again by itself.") % {"error": error}
    if isinstance(error, EndlessPages):
        return _("A listing did not come to an end: %(error)s.") % {"error": error}
    return _("The reading ended with an error (%(code)s). Its details are in the log.") % {"code": code}


def _operation(error: BaseException) -> str:
    return str(getattr(error, "operation_name", "") or _("the call"))
