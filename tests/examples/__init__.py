"""An address for every URL that names an object: what `test_permissions` walks. A new URL registers here."""

from tests.examples.api import API
from tests.examples.pages import PAGES

EXAMPLES = PAGES | API
