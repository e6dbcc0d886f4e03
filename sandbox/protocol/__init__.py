"""From HTTP to (operation, checked parameters) and back, driven by botocore's service models."""

from sandbox.protocol.errors import AwsError, BadOutputError
from sandbox.protocol.request import Credential, Request, Response
from sandbox.protocol.service import Service, service_for

__all__ = ["AwsError", "BadOutputError", "Credential", "Request", "Response", "Service", "service_for"]
