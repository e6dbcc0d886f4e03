"""One AWS service as botocore models it: parse a request, write a result, write an error."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import botocore.session
import orjson
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, ServiceModel, StructureShape

from sandbox.protocol import query, rest
from sandbox.protocol.errors import COMMON_STATUS, AwsError, validation_code
from sandbox.protocol.request import Request, Response
from sandbox.protocol.shapes import Checks, InvalidValueError

_MEDIA_TYPE = {"query": "text/xml", "rest-json": "application/json"}
# Codes of the older query protocol that SQS still sends beside the JSON ones.
_QUERY_CODE = {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "EmptyBatchRequest": "AWS.SimpleQueueService.EmptyBatchRequest",
    "TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
    "BatchEntryIdsNotDistinct": "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
    "MessageNotInflight": "AWS.SimpleQueueService.MessageNotInflight",
}


class Service:
    """The wire protocol of one service. name: botocore's service name."""

    def __init__(self, name: str, model: ServiceModel) -> None:
        self.name = name
        self.model = model
        self.protocol = str(model.protocol)
        self.checks = Checks("iso8601" if self.protocol == "query" else "unixTimestamp")
        self._routes = rest.Routes(model) if self.protocol.startswith("rest") else None

    def parse(self, request: Request) -> tuple[OperationModel, dict[str, Any]]:
        """The operation asked for and its parameters, checked against the input shape. Raises AwsError."""
        operation, labels = self._operation(request)
        try:
            raw = self._raw(request, operation, labels)
            shape = operation.input_shape
            if shape is None:
                return operation, {}
            read: dict[str, Any] = self.checks.reader(shape)(raw, "")
            return operation, read
        except InvalidValueError as problem:
            code = "SerializationException" if problem.kind == "serialization" else validation_code(self.name)
            if problem.kind == "missing" and self.name == "sqs":
                code = "MissingParameter"
            raise AwsError(code, str(problem), 400) from None

    def _operation(self, request: Request) -> tuple[OperationModel, dict[str, str]]:
        if self._routes is not None:
            if found := self._routes.find(request.method, request.path):
                return found
            raise AwsError("UnknownOperationException", f"No operation at {request.method} {request.path}", 404)
        if self.protocol == "query":
            name = query.form(request.body, request.query).get("Action", "")
        else:
            prefix, _, name = request.headers.get("x-amz-target", "").rpartition(".")
            if prefix != self.model.metadata["targetPrefix"]:
                raise AwsError("UnknownOperationException", f"X-Amz-Target {prefix!r} is not {self.name}", 400)
        if name not in self.model.operation_names:
            code = "InvalidAction" if self.protocol == "query" else "UnknownOperationException"
            raise AwsError(code, f"{self.name} has no operation {name!r}", 400)
        return self.model.operation_model(name), {}

    def _raw(self, request: Request, operation: OperationModel, labels: dict[str, str]) -> Any:
        if self._routes is not None:
            return rest.parameters(request, operation, labels)
        if self.protocol == "query":
            return query.parameters(query.form(request.body, request.query), operation.input_shape)
        try:
            return orjson.loads(request.body or b"{}")
        except orjson.JSONDecodeError:
            raise InvalidValueError("", "the body is not JSON", kind="serialization") from None

    def result(self, operation: OperationModel, value: dict[str, Any], request_id: str) -> Response:
        """The answer on the wire. Raises BadOutputError if value is not what the output shape allows."""
        shape = operation.output_shape
        wire = self.checks.writer(shape)(value, operation.name) if shape is not None else {}
        if self.protocol == "query":
            namespace = self.model.metadata["xmlNamespace"]
            body = query.result_xml(operation, wire, namespace, request_id)
        else:
            body = orjson.dumps(wire)
        return Response(int(operation.http.get("responseCode", 200)), self._headers(request_id), body)

    def error(self, error: AwsError, request_id: str) -> Response:
        """The refusal on the wire, with the status that the model (or AWS's common errors) gives its code."""
        status = error.status or self._status(error.code)
        headers = self._headers(request_id)
        if self.protocol == "query":
            return Response(status, headers, query.error_xml(error.code, error.message, status, request_id))
        body = {"message": error.message}
        if self.protocol == "json":
            body["__type"] = error.code
            if "awsQueryCompatible" in self.model.metadata:
                fault = "Sender" if status < 500 else "Receiver"
                headers["x-amzn-query-error"] = f"{_QUERY_CODE.get(error.code, error.code)};{fault}"
        else:
            headers["x-amzn-ErrorType"] = error.code
            shape = self._shape(error.code)
            if shape is not None and "Message" in shape.members:
                body = {"Message": error.message}
        return Response(status, headers, orjson.dumps(body))

    def _headers(self, request_id: str) -> dict[str, str]:
        media = _MEDIA_TYPE.get(self.protocol) or f"application/x-amz-json-{self.model.metadata['jsonVersion']}"
        return {"Content-Type": media, "x-amzn-RequestId": request_id}

    def _shape(self, code: str) -> StructureShape | None:
        if code not in self.model.shape_names:
            return None
        shape = self.model.shape_for(code)
        return shape if isinstance(shape, StructureShape) else None

    def _status(self, code: str) -> int:
        for shape in self.model.error_shapes:
            modelled = shape.metadata.get("error", {})
            if code in (shape.name, modelled.get("code")) and "httpStatusCode" in modelled:
                return int(modelled["httpStatusCode"])
        return COMMON_STATUS.get(code, 400)


@lru_cache(maxsize=64)
def service_for(signing_name: str) -> Service | None:
    """The service that signs as this name, or None where botocore ships no model under it."""
    try:
        model = botocore.session.get_session().get_service_model(signing_name)
    except UnknownServiceError:
        return None
    return Service(signing_name, model)
