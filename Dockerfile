# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /srv/portal
COPY requirements/product.txt requirements/
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-deps --require-hashes --requirement requirements/product.txt
COPY . .
# Static files need settings but no secret of yours, no database and no queue.
RUN PORTAL_ENVIRONMENT=production SECRET_KEY=only-while-building ALLOWED_HOSTS=localhost \
    DATABASE_URL=postgresql:///none REDIS_URL=redis://none STATIC_ROOT=/srv/portal/static-files \
    /opt/venv/bin/python manage.py collectstatic --no-input \
    && /opt/venv/bin/python -m compileall -q /srv/portal

FROM python:3.13-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PORTAL_ENVIRONMENT=production \
    STATIC_ROOT=/srv/portal/static-files
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin portal \
    && install --directory --owner=10001 --mode=0700 /srv/exports
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/portal /srv/portal
WORKDIR /srv/portal
USER 10001
EXPOSE 8000
# Writable: /tmp, a tmpfs where the root file system is read-only, and /srv/exports, a volume.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(r.Request('http://127.0.0.1:8000/healthz', \
headers={'Host': os.environ['ALLOWED_HOSTS'].split(',')[0].lstrip('.')}), timeout=4)"]
CMD ["gunicorn", "compliance_portal.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", \
     "--worker-tmp-dir", "/dev/shm", "--access-logfile", "-"]
