"""What gunicorn serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "compliance_portal.settings")

application = get_wsgi_application()

# Drawing a page makes a hundred thousand objects, nearly all of which go without a look for cycles. What is
# loaded by now stays, and a look at all the rest took up to a tenth of a second of some page.
gc.collect()
gc.freeze()
gc.set_threshold(100_000, 20, 20)
