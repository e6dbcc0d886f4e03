"""Settings: one file, values from the environment (compliance_portal.env), missing means stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dj_database_url
import pgtrigger
import structlog
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from compliance_portal import env, languages

BASE_DIR = Path(__file__).resolve().parent.parent

ENVIRONMENT = env.optional("PORTAL_ENVIRONMENT", "production")
if ENVIRONMENT not in {"production", "demo", "test"}:
    raise ImproperlyConfigured("PORTAL_ENVIRONMENT must be production, demo or test; see docs/settings.md.")
PRODUCTION = ENVIRONMENT == "production"

DEBUG = False
if PRODUCTION:
    SECRET_KEY = env.required("SECRET_KEY", "50 or more random characters that sign sessions")
    ALLOWED_HOSTS = env.required("ALLOWED_HOSTS", "the host names of the portal, by commas").split(",")
else:
    SECRET_KEY = env.optional("SECRET_KEY", "not-secret-" + "0" * 50)
    ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver")
PORTAL_ADDRESS = env.optional(
    "PORTAL_ADDRESS", f"https://{ALLOWED_HOSTS[0]}" if PRODUCTION else "http://localhost:8000"
).rstrip("/")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

CLOCK_FILE = env.optional("PORTAL_CLOCK_FILE")
if CLOCK_FILE and PRODUCTION:
    raise ImproperlyConfigured("PORTAL_CLOCK_FILE shifts the clock and is refused in production; unset it.")

INSTALLED_APPS = [
    "compliance_portal",
    "dashboard",
    "assurance",
    "evidence",
    "risks",
    "controls",
    "findings",
    "desk",
    "organisation",
    "audit",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "django_include_bootstrap",
    "django_htmx",
    "django_prometheus",
    "django_structlog",
    "drf_spectacular",
    "pghistory",
    "pgtrigger",
    "rest_framework",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "compliance_portal.browser_rules.rules",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "organisation.bearer.bearer",
    "organisation.sessions.sessions_end",
    "organisation.own_work.own_work_reported",
    "organisation.middleware.deny_by_default",
    "organisation.middleware.reader",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "compliance_portal.urls"
WSGI_APPLICATION = "compliance_portal.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "compliance_portal.context.frame",
            ],
        },
    }
]

DATABASE_APPLICATION_ROLE = env.optional("DATABASE_APPLICATION_ROLE", "portal_app")
DATABASES: dict[str, Any] = {
    "default": {
        **dj_database_url.parse(
            env.required("DATABASE_URL", "where PostgreSQL is, e.g. postgres://user:password@host/name"),
            conn_max_age=60,
            conn_health_checks=True,
        ),
        "ENGINE": "audit.postgres",
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

PGHISTORY_LEVEL = pgtrigger.Statement
PGHISTORY_APPEND_ONLY = True

REDIS_URL = env.required("REDIS_URL", "where Redis or Valkey is, e.g. redis://host:6379/0")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
SWEEP_AT_HOUR = env.whole_number("SWEEP_AT_HOUR", 2)
DIGEST_AT_HOUR = env.whole_number("DIGEST_AT_HOUR", 7)
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "deliver the outbox": {"task": "desk.tasks.deliver_outbox", "schedule": 30},
    "send digests": {"task": "desk.tasks.send_digests", "schedule": 600},
    "follow dates": {"task": "organisation.tasks.follow_dates", "schedule": 600},
    "forget answered calls": {"task": "organisation.tasks.forget_answered_calls", "schedule": 3600},
    "read what is due": {"task": "findings.tasks.sync_due", "schedule": 10},
    "write workflow back": {"task": "findings.tasks.look_after_workflow", "schedule": 60},
    "look after exports": {"task": "findings.tasks.look_after_exports", "schedule": 120},
    "look after loads": {"task": "findings.tasks.look_after_loads", "schedule": 60},
    "take up imports": {"task": "controls.tasks.take_up_imports", "schedule": 60},
    "take up decisions": {"task": "controls.tasks.take_up_decisions", "schedule": 60},
    "follow standings": {"task": "controls.tasks.follow_standings", "schedule": 30},
    "follow appetites": {"task": "risks.tasks.follow_dates", "schedule": 60},
    "take up imports of risks": {"task": "risks.tasks.take_up_imports", "schedule": 60},
    "follow decisions": {"task": "risks.tasks.follow_decisions", "schedule": 60},
    "look after the locker": {
        "task": "evidence.tasks.look_after_locker",
        "schedule": crontab(hour=SWEEP_AT_HOUR, minute=30),
    },
    "keep heads of the trail": {"task": "evidence.tasks.keep_trail_heads", "schedule": 600},
    "take snapshots": {"task": "evidence.tasks.take_snapshots", "schedule": 300},
    "remind of evidence": {"task": "evidence.tasks.remind", "schedule": 600},
    "remind of audit findings": {"task": "assurance.tasks.remind_of_findings", "schedule": 3600},
    "take up packs": {"task": "assurance.tasks.take_up_packs", "schedule": 60},
    "sweep nightly": {"task": "findings.tasks.sweep_nightly", "schedule": crontab(hour=SWEEP_AT_HOUR, minute=0)},
}
CELERY_BEAT_SCHEDULE_FILENAME = env.optional("PORTAL_BEAT_SCHEDULE", "/tmp/portal-beat-schedule")  # noqa: S108

AUTH_USER_MODEL = "organisation.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
_validators = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"{_validators}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_validators}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_validators}.CommonPasswordValidator"},
    {"NAME": "organisation.guessable.NoWordsOfHere"},
]
if BREACHED_PASSWORDS := env.optional("BREACHED_PASSWORDS"):
    if not Path(BREACHED_PASSWORDS).is_file():
        raise ImproperlyConfigured("BREACHED_PASSWORDS must name a file; see docs/settings.md.")
    AUTH_PASSWORD_VALIDATORS.append(
        {"NAME": "organisation.guessable.NotBreached", "OPTIONS": {"file": BREACHED_PASSWORDS}}
    )
if ENVIRONMENT == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "organisation.adapter.InvitedOnly"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_FORMS = {
    "change_password": "organisation.password_forms.ChangePassword",
    "reset_password_from_key": "organisation.password_forms.ChoosePassword",
}
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/15m/key", "single_sign_on": "60/m/ip"}
MFA_ADAPTER = "organisation.adapter.SecondFactor"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {"add_webauthn": "organisation.key_forms.AddKey", "edit_webauthn": "organisation.key_forms.NameKey"}
MFA_TOTP_ISSUER = "Compliance portal"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an administrator gave the address, and the invitation went there
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
LINES = "first,second,third,external,administrator"
MFA_REQUIRED_FOR = set(env.words("MFA_REQUIRED_FOR", LINES if PRODUCTION else "none")) - {"none"}
if MFA_REQUIRED_FOR - set(LINES.split(",")):
    raise ImproperlyConfigured("MFA_REQUIRED_FOR must name lines by commas, or none; see docs/settings.md.")
SECOND_FACTOR_KEYS = env.words("SECOND_FACTOR_KEYS") or [SECRET_KEY]
if any(len(key) < 32 for key in SECOND_FACTOR_KEYS):
    raise ImproperlyConfigured("Each of SECOND_FACTOR_KEYS needs 32 or more characters; see docs/settings.md.")

OIDC_ISSUER = env.optional("OIDC_ISSUER")
if OIDC_ISSUER and not OIDC_ISSUER.startswith("https://" if PRODUCTION else ("https://", "http://")):
    raise ImproperlyConfigured("OIDC_ISSUER must be the https:// address of the provider; see docs/settings.md.")
OIDC_CLIENT_ID = env.required("OIDC_CLIENT_ID", "as the identity provider knows the portal") if OIDC_ISSUER else ""
OIDC_CLIENT_SECRET = env.required("OIDC_CLIENT_SECRET", "what proves the portal to it") if OIDC_ISSUER else ""
OIDC_NAME = env.optional("OIDC_NAME", "single sign-on")
OIDC_SCOPES = env.words("OIDC_SCOPES", "openid,profile,email")
OIDC_GROUPS_CLAIM = env.optional("OIDC_GROUPS_CLAIM", "groups")
OIDC_EMAIL_VERIFIED_CLAIM = env.optional("OIDC_EMAIL_VERIFIED_CLAIM", "email_verified")
OIDC_OTHER_ORIGINS = env.words("OIDC_OTHER_ORIGINS")
OIDC_SECOND_FACTOR = set(env.words("OIDC_SECOND_FACTOR", "none")) - {"none"}
SOCIALACCOUNT_ADAPTER = "organisation.adapter.SingleSignOn"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {"provider_class": "organisation.single_sign_on.provider.IdentityProvider"}
}

LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGES = languages.installed(LOCALE_PATHS[0])
LANGUAGE_CODE = env.optional("PORTAL_LANGUAGE", languages.OWN)
if LANGUAGE_CODE not in dict(LANGUAGES):
    raise ImproperlyConfigured("PORTAL_LANGUAGE must be one that is installed; see docs/translating.md.")
USE_TZ = True
TIME_ZONE = env.optional("PORTAL_TIME_ZONE", "UTC")

FILE_UPLOAD_HANDLERS = [
    "compliance_portal.uploads.Bounded",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

STATIC_URL = "static/"
STATIC_ROOT = Path(env.optional("STATIC_ROOT", str(BASE_DIR / "static-files")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = ENVIRONMENT == "test"
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if ENVIRONMENT == "test"
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
    "exports": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": env.optional("EXPORT_FOLDER", "/tmp/portal-exports"),  # noqa: S108
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "evidence": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": env.optional("EVIDENCE_FOLDER", "/tmp/portal-evidence"),  # noqa: S108
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
}
if EVIDENCE_BUCKET := env.optional("EVIDENCE_BUCKET"):
    STORAGES["evidence"] = {
        "BACKEND": "evidence.s3.LockedS3",
        "OPTIONS": {
            "bucket_name": EVIDENCE_BUCKET,
            "location": env.optional("EVIDENCE_PREFIX"),
            "lock_mode": env.optional("EVIDENCE_LOCK_MODE", "governance"),
            "kms_key": env.optional("EVIDENCE_KMS_KEY"),
        },
    }
EVIDENCE_MOST_MB = env.whole_number("EVIDENCE_MOST_MB", 100)
EVIDENCE_KEPT_YEARS = env.whole_number("EVIDENCE_KEPT_YEARS", 7)
SNAPSHOT_MOST_RECORDS = env.whole_number("SNAPSHOT_MOST_RECORDS", 5_000)
SIGNING_KEY_FILE = env.optional("SIGNING_KEY_FILE")
SIGNING_OLD_KEYS = env.optional("SIGNING_OLD_KEYS")
TRAIL_HEADS_TO = env.words("TRAIL_HEADS_TO")
ORGANISATION_NAME = env.optional("ORGANISATION_NAME")
EXPORT_AT_ONCE = env.whole_number("EXPORT_AT_ONCE", 20_000)
LOAD_MOST_MB = env.whole_number("LOAD_MOST_MB", 256)
EXPORT_KEPT_HOURS = env.whole_number("EXPORT_KEPT_HOURS", 24)

EMAIL_URL_HOST = env.optional("EMAIL_HOST")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_URL_HOST else 'console'}.EmailBackend"
EMAIL_HOST = EMAIL_URL_HOST or "localhost"
EMAIL_PORT = env.whole_number("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.optional("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.optional("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=True)
DEFAULT_FROM_EMAIL = env.optional("DEFAULT_FROM_EMAIL", "portal@localhost")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SECURE_HTTPS = env.flag("PORTAL_HTTPS", default=PRODUCTION)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_HTTPS
COOKIE_PREFIX = "__Host-" if SECURE_HTTPS else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid", f"{COOKIE_PREFIX}csrftoken"
CSRF_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = "compliance_portal.browser_rules.Messages"
SECURE_SSL_REDIRECT = SECURE_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("PORTAL_BEHIND_PROXY") else None
ALLAUTH_TRUSTED_PROXY_COUNT = env.whole_number("PORTAL_PROXY_COUNT", 1 if SECURE_PROXY_SSL_HEADER else 0)
SECURE_REFERRER_POLICY = "same-origin"
SESSION_HOURS = env.whole_number("SESSION_HOURS", 12)
SESSION_IDLE_MINUTES = env.whole_number("SESSION_IDLE_MINUTES", 30 if PRODUCTION else 0)
SESSION_COOKIE_AGE = (SESSION_HOURS + 12) * 60 * 60  # longer than the session, so that its end can be told
STEP_UP_MINUTES = env.whole_number("STEP_UP_MINUTES", SESSION_HOURS * 60 if ENVIRONMENT == "test" else 15)
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
USERSESSIONS_ADAPTER = "organisation.adapter.Sessions"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"

API_READS_PER_MINUTE = env.whole_number("API_READS_PER_MINUTE", 0 if ENVIRONMENT == "test" else 600)
API_WRITES_PER_MINUTE = env.whole_number("API_WRITES_PER_MINUTE", 0 if ENVIRONMENT == "test" else 120)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "organisation.bearer.ByToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["organisation.rates.PerMinute"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["organisation.parsers.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "compliance_portal.errors.api_exception",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Compliance portal",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "compliance_portal.schema.refusals",
    ],
    "ENUM_NAME_OVERRIDES": {
        "ObligationEnum": "controls.models.Obligation",
        "AreaEnum": "controls.models.Area",
        "MappingActionEnum": "controls.mapping_moves_api.ACTIONS",
        "MappingDecisionActionEnum": "controls.models.MappingDecision.Action",
        "ItemKindEnum": "dashboard.items.Kind",
        "TriageStatusEnum": "risks.models.Triage.Status",
        "PartyEnum": "controls.models.Party",
        "ProviderReportKindEnum": "controls.models.ProviderReport.Kind",
        "ImportKindEnum": "controls.models.Import.Kind",
        "ImportStateEnum": "controls.models.Import.State",
        "MonitoringEnum": "controls.standing.Monitoring",
        "HubStatusEnum": "controls.hub.ControlStatus",
        "PackRuleOwnerEnum": "controls.models.PackRule.Owner",
        "ControlKindEnum": "controls.models.Control.Kind",
        "ControlMethodEnum": "controls.models.Control.Method",
        "SaidResultEnum": "controls.register_moves_api.RESULTS",
        "ExceptionKindEnum": "risks.models.RiskException.Kind",
        "ExceptionStateEnum": "risks.models.RiskException.State",
        "ActionStateEnum": "risks.models.TreatmentAction.State",
        "RiskLevelKindEnum": "risks.models.Assessment.Kind",
        "RiskStandingEnum": "risks.models.Risk.Standing",
        "ControlTestKindEnum": "assurance.models.ControlTest.Kind",
        "SampleMethodEnum": "assurance.models.Sample.Method",
        "PopulationSourceEnum": "assurance.models.Population.Source",
        "EvidenceKindEnum": "evidence.models.Evidence.Kind",
        "MappingStateEnum": "controls.models.Mapping.State",
        "RequestListStateEnum": "evidence.models.RequestImport.State",
        "MailEnum": "desk.models.Mail",
        "RoleEnum": "organisation.models.Role",
        "GrantKindEnum": "organisation.models.Grant.Kind",
        "PartKindEnum": "organisation.models.grant.MANAGED",
        "TokenStateEnum": "organisation.models.ApiToken.State",
        "SourceEnum": "findings.models.Source",
    },
}

METRICS_TOKEN = env.optional("METRICS_TOKEN")
SYNC_EVERY_MINUTES = env.whole_number("SYNC_EVERY_MINUTES", 10)
SYNC_RUN_MINUTES = env.whole_number("SYNC_RUN_MINUTES", 15)
SYNC_RATE_SHARE = env.share("SYNC_RATE_SHARE", "0" if ENVIRONMENT == "test" else "1")
STALE_AFTER_HOURS = env.whole_number("STALE_AFTER_HOURS", 48)
DUE_UNRATED_DAYS = env.whole_number("DUE_UNRATED_DAYS", 60)

DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # it believes every header: see organisation.log_ins.from_where
LOG_FORMAT = env.optional("LOG_FORMAT", "json")
_shared: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
_renderer: Any = structlog.processors.JSONRenderer()
if LOG_FORMAT == "text":
    _renderer = structlog.dev.ConsoleRenderer(colors=False)
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_shared,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "structured": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": _shared,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _renderer,
            ],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
    "root": {"handlers": ["console"], "level": env.optional("LOG_LEVEL", "INFO")},
    "loggers": {"botocore": {"level": "WARNING"}, "urllib3": {"level": "WARNING"}},
}
