"""The only place that makes a boto3 client: sessions, assumed roles, endpoints, pages.

Credentials come from boto3's default chain and from the roles of a connection. They are kept in
this process until five minutes before they end, never in the database and never in a log.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any, cast
from urllib.parse import urlsplit

import boto3
import botocore.session
import orjson
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, IncompleteReadError
from botocore.loaders import create_loader
from django.utils.translation import gettext as _

from audit import clock
from findings import rates
from findings.aws_errors import EndlessPages, NoWayIn, expired, pause_after, throttled
from findings.models import Connection

SESSION_NAME = "compliance-portal"
EARLY = timedelta(minutes=5)
LASTING = timedelta(days=365)
SAME_TOKEN_AT_MOST = 25
CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 1},
    connect_timeout=10,
    read_timeout=60,
    max_pool_connections=16,
    parameter_validation=False,
    user_agent_extra="compliance-portal",
)
"""Service.call tries again by itself: each try has to have room in the rates. AWS judges what is asked."""
STS_CONFIG = CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 8}))
OK = 200
READ_AS_SENT = {
    "securityhub": ("GetFindings",),
    "config": (
        "GetAggregateComplianceDetailsByConfigRule",
        "GetComplianceDetailsByConfigRule",
        "SelectAggregateResourceConfig",
        "SelectResourceConfig",
    ),
}
"""What comes by the thousand. Read as sent, a record keeps what botocore's model does not know yet, times stay
as AWS writes them (text, or seconds since 1970), and reading is ten times as fast."""
_loader = create_loader()


@dataclass(slots=True)
class _Identity:
    """Somebody we are: a session, until when, and the clients made with it."""

    session: boto3.Session
    expires: datetime
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)


_identities: dict[tuple[Any, ...], _Identity] = {}
_lock = threading.RLock()


@dataclass(frozen=True)
class Service:
    """One AWS service in one region, as one account. Raises botocore's errors as they are.

    writes: by the connection's write role, which does nothing else.
    """

    connection: Connection
    name: str
    region: str
    account: str
    writes: bool = False

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """One call that may be repeated, in boto3's names ("get_findings"), as soon as the rates have room for it.

        Tried again where that helps: credentials that ended are renewed, a throttle slows all workers down.
        Raises rates.TooLong where there is no room for long.
        """
        bucket = rates.Bucket(self.account, self.region, self.name, self._method(operation))
        for failures in count(1):
            rates.take(bucket)
            try:
                return self._call(operation, parameters)
            except (ClientError, BotoCoreError) as error:
                if throttled(error):
                    rates.slow_down(bucket)
                pause = pause_after(error, failures)
                if pause is None:
                    raise
                if expired(error):
                    forget(self.connection)
            rates.who_asks().sleep(pause)
        raise AssertionError("counting does not end")

    def _call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        return cast("dict[str, Any]", getattr(self._client, operation)(**parameters))

    @property
    def _client(self) -> Any:
        return _client(self.connection, self.account, self.name, self.region, writes=self.writes)

    def pages(self, operation: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every page until there is no token; a page may be empty and still have one. Raises EndlessPages."""
        token_name = self._token_name(operation)
        token, repeated = None, 0
        while True:
            page = self.call(operation, **parameters)
            yield page
            following = page.get(token_name)
            if not following:
                return
            repeated = repeated + 1 if following == token else 0
            if repeated > SAME_TOKEN_AT_MOST:
                raise EndlessPages(f"{self.name}:{operation} answers with the same token again and again")
            token = parameters[token_name] = following

    def items(self, operation: str, member: str, **parameters: Any) -> Iterator[Any]:
        """Every element of the list `member` of every page."""
        for page in self.pages(operation, **parameters):
            yield from page.get(member) or ()

    def _method(self, operation: str) -> str:
        """The operation in AWS's own name ("GetFindings")."""
        return str(self._client.meta.method_to_api_mapping[operation])

    def _token_name(self, operation: str) -> str:
        shape = self._client.meta.service_model.operation_model(self._method(operation)).input_shape
        return "nextToken" if "nextToken" in shape.members else "NextToken"


def hub(connection: Connection, name: str, region: str = "") -> Service:
    """A service as the hub account, in the home region unless another is named."""
    return Service(connection, name, region or connection.home_region, connection.hub_account)


def member(connection: Connection, account: str, name: str, region: str) -> Service:
    """A service as a member account, by its member role. Calls raise NoWayIn where there is none."""
    return Service(connection, name, region, account)


def writer(connection: Connection, name: str, region: str = "") -> Service:
    """A service as the hub account by the write role. Calls raise NoWayIn where there is none."""
    return Service(connection, name, region or connection.home_region, connection.hub_account, writes=True)


def caller(connection: Connection, account: str = "") -> str:
    """The ARN that AWS sees when we act in the hub (or this) account. Raises ClientError, NoWayIn."""
    sts = Service(connection, "sts", connection.home_region, account or connection.hub_account)
    return str(sts.call("get_caller_identity")["Arn"])


def default_caller(connection: Connection) -> dict[str, Any]:
    """GetCallerIdentity of the portal's own credentials, before any role."""
    client = _made(boto3_session(), "sts", connection.home_region, STS_CONFIG)
    return cast("dict[str, Any]", client.get_caller_identity())


def s3_object(url: str) -> tuple[Any, int]:
    """The body of s3://bucket/key as a stream, and its bytes, with the portal's own credentials. Raises ClientError."""
    parts = urlsplit(url)
    session = boto3_session()
    client = _made(session, "s3", session.region_name or "us-east-1")
    answer = client.get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))
    return answer["Body"], int(answer["ContentLength"])


def assume_hub_without_external_id(connection: Connection) -> None:
    """Try to become the hub role without its external id. Raises ClientError when refused, as it should be."""
    _assume(boto3_session(), connection, connection.hub_account, connection.hub_role, external_id="")


def forget(connection: Connection) -> None:
    """Drop what is kept of a connection's credentials; the next call asks for new ones."""
    with _lock:
        for key in [key for key in _identities if key[0] == connection.pk]:
            for client in _identities.pop(key).clients.values():
                client.close()


def boto3_session(credentials: dict[str, Any] | None = None) -> boto3.Session:
    """A session of these temporary credentials, or of the default chain. Service models are read once."""
    core = botocore.session.get_session()
    core.register_component("data_loader", _loader)
    if credentials is None:
        return boto3.Session(botocore_session=core)
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        botocore_session=core,
    )


def _client(connection: Connection, account: str, name: str, region: str, *, writes: bool = False) -> Any:
    with _lock:
        who = _writing(connection) if writes else _identity(connection, account)
        if (name, region) not in who.clients:
            who.clients[name, region] = _made(who.session, name, region)
        return who.clients[name, region]


def _made(session: boto3.Session, name: str, region: str, config: Config = CONFIG) -> Any:
    client = cast("Any", session).client(name, region_name=region, config=config)
    for operation in READ_AS_SENT.get(name, ()):
        client.meta.events.register(f"before-parse.{name}.{operation}", _as_sent)
    client.meta.events.register("before-call", _note_when_asked)
    client.meta.events.register("after-call", _compare_clocks)
    client.meta.events.register("after-call", _note_request_id)
    client.meta.events.register("after-call", _refuse_cut_short)
    return client


def _note_when_asked(context: dict[str, Any], **_: Any) -> None:
    context["asked"] = clock.of_this_machine()


def _compare_clocks(http_response: Any, context: dict[str, Any], **_: Any) -> None:
    """Every answer of AWS says what time it is there."""
    with suppress(TypeError, ValueError):
        told = parsedate_to_datetime(http_response.headers.get("Date")).astimezone(UTC)
        clock.compare(told, asked=context["asked"], answered=clock.of_this_machine())


def _note_request_id(parsed: dict[str, Any], **_: Any) -> None:
    """By its request id AWS's support and CloudTrail find a call again."""
    if request_id := parsed.get("ResponseMetadata", {}).get("RequestId"):
        rates.who_asks().answered(str(request_id)[:64])


def _refuse_cut_short(http_response: Any, model: Any, **_: Any) -> None:
    """Raise IncompleteReadError where a body ended early: botocore itself would pass it as an empty answer.

    A body that is streamed counts its own bytes.
    """
    if model.has_streaming_output:
        return
    expected = http_response.headers.get("Content-Length")
    if expected is not None and "Content-Encoding" not in http_response.headers:
        actual = len(http_response.content)
        if actual < int(expected):
            raise IncompleteReadError(actual_bytes=actual, expected_bytes=int(expected))


def _as_sent(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Hand over the members of an answer as AWS sent them, and leave botocore nothing to parse but errors."""
    if response_dict["status_code"] != OK:
        return
    body = response_dict["body"]
    try:
        customized_response_dict.update(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        expected = response_dict["headers"].get("Content-Length", "more")
        raise IncompleteReadError(actual_bytes=len(body), expected_bytes=expected) from error
    response_dict["body"] = b"{}"


def _identity(connection: Connection, account: str) -> _Identity:
    """Who we are in this account: the hub's role or our own credentials, else the member role through the hub."""
    is_hub = account == connection.hub_account
    role = connection.hub_role if is_hub else connection.member_role
    key = (connection.pk, account, role, connection.hub_role, connection.external_id, connection.home_region)
    known = _identities.get(key)
    if known is not None and clock.now() < known.expires - EARLY:
        return known
    if is_hub and not role:
        made = _Identity(boto3_session(), clock.now() + LASTING)
    elif not role:
        raise NoWayIn(_("the connection names no member role, so only what the hub account sees is read"))
    else:
        source = boto3_session() if is_hub else _identity(connection, connection.hub_account).session
        made = _assume(source, connection, account, role, external_id=connection.external_id)
    _identities[key] = made
    return made


def _writing(connection: Connection) -> _Identity:
    """Who we are where we write: the write role, of the hub account, from our own credentials."""
    role = connection.write_role
    key = (connection.pk, "writes", connection.hub_account, role, connection.external_id, connection.home_region)
    known = _identities.get(key)
    if known is not None and clock.now() < known.expires - EARLY:
        return known
    if not role:
        raise NoWayIn(_("the connection names no write role, so nothing is written to Security Hub"))
    external_id = connection.external_id
    made = _assume(boto3_session(), connection, connection.hub_account, role, external_id=external_id)
    _identities[key] = made
    return made


def _assume(source: boto3.Session, connection: Connection, account: str, role: str, *, external_id: str) -> _Identity:
    region = connection.home_region
    partition = source.get_partition_for_region(region)
    more = {"ExternalId": external_id} if external_id else {}
    answer = _made(source, "sts", region, STS_CONFIG).assume_role(
        RoleArn=f"arn:{partition}:iam::{account}:role/{role.lstrip('/')}",
        RoleSessionName=SESSION_NAME,
        DurationSeconds=3600,
        **more,
    )
    credentials = answer["Credentials"]
    return _Identity(boto3_session(credentials), credentials["Expiration"])
