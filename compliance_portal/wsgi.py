"""What gunicorn serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "compliance_portal.settings")

application = get_wsgi_application()

# Nearly all that is made to draw a page goes without a look for cycles. What is loaded by now stays: to look
# through it too made one page in twenty a tenth of a second slower (docs/performance.md).
gc.collect()
gc.freeze()
gc.set_threshold(100_000, 20, 20)
