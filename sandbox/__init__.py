"""An AWS endpoint for the demo and the tests, speaking the wire protocol of botocore's own service models.

`python -m sandbox` serves it; `Sandbox(...)` serves it from a thread. boto3 reaches it by AWS_ENDPOINT_URL.
"""

from sandbox.server import Sandbox
from sandbox.world import World

__all__ = ["Sandbox", "World"]
