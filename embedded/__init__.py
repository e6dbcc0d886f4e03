"""Real PostgreSQL and Valkey in a folder, from PyPI wheels, for the demo and the tests.

The product never imports this package: it reads DATABASE_URL and REDIS_URL like anywhere else.
"""

from embedded.errors import CannotStart
from embedded.servers import Servers, remove, serving

__all__ = ["CannotStart", "Servers", "remove", "serving"]
