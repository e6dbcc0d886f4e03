"""A POST with an Idempotency-Key is done once: who sends it again gets the same answer."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar

from django.core.files.uploadedfile import UploadedFile
from django.utils.cache import add_never_cache_headers
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from audit import clock
from organisation.models import AnsweredCall, User

HEADER = "Idempotency-Key"
LONGEST = 255


class AnotherCall(APIException):
    status_code = 422
    default_code = "another_call"


class Answered(Exception):
    """The call was answered before."""

    def __init__(self, call: AnsweredCall) -> None:
        super().__init__(call.key)
        self.call = call


class Once(GenericAPIView[Any]):
    """The key's row is written in the transaction of what the call does: both are kept, or neither.

    A second call with the key waits for the first one to end. A refusal is not kept: what was refused may be sent
    again.

    tells_secret: its answer is told once and kept nowhere, so it takes no key.
    """

    tells_secret: ClassVar[bool] = False
    call: AnsweredCall | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method == "POST" and HEADER in request.headers:
            if self.tells_secret:
                raise ParseError(_("What this answers is told once and kept nowhere: send it without Idempotency-Key."))
            self.call = begun(request)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Answered):
            return Response(exc.call.answer, exc.call.status, headers={"Idempotency-Replayed": "true"})
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer: Any = super().finalize_response(request, response, *args, **kwargs)
        if self.tells_secret:
            add_never_cache_headers(answer)
        if self.call:
            if isinstance(answer, Response) and answer.status_code < 300:
                self.call.status, self.call.answer = answer.status_code, json.loads(answer.render().content or b"null")
                self.call.save(update_fields=["status", "answer"])
            else:
                self.call.delete()
        return answer


def begun(request: Request) -> AnsweredCall:
    """The row of a key that is new, or older than a day. Raises Answered, AnotherCall, ParseError."""
    assert isinstance(request.user, User)
    key, at = request.headers[HEADER].strip(), clock.now()
    if not key or len(key) > LONGEST:
        raise ParseError(_("An Idempotency-Key has 1 to %(n)d characters.") % {"n": LONGEST})
    digest = digest_of(request)
    AnsweredCall.objects.over(at).filter(person=request.user, key=key).delete()
    call, is_new = AnsweredCall.objects.get_or_create(
        person=request.user, key=key, defaults={"digest": digest, "called_at": at}
    )
    if is_new:
        return call
    if call.digest != digest:
        raise AnotherCall(_("This Idempotency-Key was sent with another call: choose a new one."))
    raise Answered(call)


def digest_of(request: Request) -> str:
    """Of what is called and what is sent, however it is spelt; of files, what is in them."""
    said = [request.method, request._request.get_full_path(), request.data]
    return hashlib.sha256(json.dumps(_plain(said), sort_keys=True).encode()).hexdigest()


def _plain(said: Any) -> Any:
    if isinstance(said, MultiValueDict):
        return {name: _plain(said.getlist(name)) for name in said}
    if isinstance(said, dict):
        return {str(name): _plain(inner) for name, inner in said.items()}
    if isinstance(said, list | tuple):
        return [_plain(one) for one in said]
    if isinstance(said, UploadedFile):
        digest = hashlib.sha256()
        for chunk in said.chunks():
            digest.update(chunk)
        said.seek(0)
        return {"file": said.name, "sha256": digest.hexdigest()}
    return said
