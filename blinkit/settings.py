"""Settings: one file; every value that differs between places comes from an environment variable.

A value that cannot be understood stops the start with one line that names the variable and says what it should be.
With DATABASE_URL / REDIS_URL unset the addresses of the embedded servers are used (see blinkit/embedded.py, which
manage.py, pytest and `make run` start first). The variables are listed in docs/operations.md.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import django_stubs_ext

from blinkit import embedded, env
from blinkit.kernel.redis_gate import gated

django_stubs_ext.monkeypatch()  # generic classes of Django may be written with their type at run time

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = embedded.data_dir()
TESTING = env.flag("BLINKIT_TESTING", default=False)  # the root conftest sets it

DEBUG = env.flag("DEBUG", default=False)
EMBEDDED = not env.given("DATABASE_URL")
DEMO_MODE = env.flag("DEMO_MODE", default=EMBEDDED and not TESTING)
SECRET_KEY = env.text("DJANGO_SECRET_KEY", default="") or (
    embedded.secret_key() if EMBEDDED or DEBUG else env.required("DJANGO_SECRET_KEY", "a long random string")
)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", default=["*"] if EMBEDDED or DEBUG else ["localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", default=[])
SITE_URL = env.text("SITE_URL", default="http://127.0.0.1:8000")
USE_HTTPS = SITE_URL.startswith("https://")
# Secrets that numbers of riders' papers are sealed with, newest first (blinkit/kernel/sealing.py).
SEALING_KEYS = env.words("SEALING_KEYS", default=[embedded.derived_secret(SECRET_KEY, "sealing")])
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", default=0, least=0)  # how many X-Forwarded-For hops are ours

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "django_celery_beat",
    "django_htmx",
    "template_partials",
    "import_export",
    "simple_history",
    "blinkit.kernel",
    "accounts",
    "catalog",
    "inventory",
    "payments",
    "orders",
    "fulfillment",
    "delivery",
    "notifications",
    "dashboard",
    "blinkit.demo",
]

MIDDLEWARE = [
    "blinkit.kernel.middleware.RequestContextMiddleware",  # request id, actor, metrics, one log line
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "blinkit.kernel.middleware.SlashMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "blinkit.kernel.middleware.WebLimitMiddleware",
    "blinkit.kernel.middleware.RefusalMiddleware",  # a Refusal becomes a page or a toast
]

if EMBEDDED and not TESTING:  # elsewhere nginx compresses, for less
    MIDDLEWARE.insert(1, "django.middleware.gzip.GZipMiddleware")

ROOT_URLCONF = "blinkit.urls"
WSGI_APPLICATION = "blinkit.wsgi.application"
ASGI_APPLICATION = "blinkit.asgi.application"
AUTH_USER_MODEL = "accounts.User"
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a good one takes a third of a second
LOGIN_URL = "/sign-in/"
HOME_PAGE = "blinkit.wiring.home_page"
CSRF_FAILURE_VIEW = "blinkit.kernel.problems.csrf_failure"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
EVENT_WIRING = "blinkit.wiring.REACTIONS"
PERSONAL_DATA = "blinkit.wiring.PERSONAL_DATA"
MESSAGE_PICTURES = "blinkit.wiring.MESSAGE_PICTURES"
ACCOUNT_GRACE_DAYS = env.number("ACCOUNT_GRACE_DAYS", default=14, least=0)  # to change one's mind about being forgotten

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
            ],
            "builtins": ["template_partials.templatetags.partials"],
        },
    }
]

# -- PostgreSQL and Redis ---------------------------------------------------------------------------------------------

# A pool must not be shared across fork(): prefork workers and the test runner open plain connections instead.
POOLED = env.flag("DATABASE_POOL", default=not TESTING and not env.flag("BLINKIT_FORKS", default=False))
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.database(env.text("DATABASE_URL", default="") or embedded.database_url())
    | {
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": env.flag("DATABASE_THROUGH_PGBOUNCER", default=False),
        "TEST": {"NAME": env.text("BLINKIT_TEST_DB", default="test_blinkit")},
    }
}
if not env.flag("DATABASE_THROUGH_PGBOUNCER", default=False):
    # Hot statements are parsed and planned once per connection: about a third of PostgreSQL's work for a purchase.
    DATABASES["default"]["OPTIONS"] |= {"server_side_binding": True, "prepare_threshold": 3}
DATABASES["default"]["OPTIONS"] |= {"connect_timeout": 5, "application_name": env.text("BLINKIT_PART", "blinkit")}
if POOLED:
    pool_size = env.number("DATABASE_POOL_SIZE", default=10, least=1)
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": min(2, pool_size), "max_size": pool_size, "timeout": 2}
elif env.flag("BLINKIT_FORKS", default=False):
    DATABASES["default"]["CONN_MAX_AGE"] = 300  # a Celery child handles one task at a time: keep its connection
    CELERY_DB_REUSE_MAX = (
        1_000_000_000  # else Celery closes it before and after every task; kernel.signals looks after it
    )

# Questions are answered by a role of their own that reads the schema `ask` and nothing else (docs/ask.md).
ASK_SECRET = embedded.derived_secret(SECRET_KEY, "ask-rights")
ASK_PASSWORD = "" if EMBEDDED else embedded.derived_secret(SECRET_KEY, "ask-reader")
ASK_DATABASE_URL = env.text("ASK_DATABASE_URL", default="")  # empty: where DATABASE_URL is, as ask_reader
ASK_POOL_SIZE = env.number("ASK_POOL_SIZE", default=4, least=1, most=20)  # statements at once, per process
ASK_MOST_COST = env.number("ASK_MOST_COST", default=200_000, least=1_000)  # PostgreSQL's own reckoning
ASK_LOG_DAYS = env.number("ASK_LOG_DAYS", default=90, least=1)

REDIS_URL = env.redis("REDIS_URL", default=embedded.redis_url())
# Every key and channel starts with it. Test workers share a server but no key.
_test_prefix = "-".join(filter(None, [env.text("BLINKIT_TEST_DB", ""), env.text("PYTEST_XDIST_WORKER", "")]))
REDIS_PREFIX = env.text("REDIS_PREFIX", default=_test_prefix if TESTING and _test_prefix else "blinkit")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{REDIS_PREFIX}:cache",
        "OPTIONS": gated(REDIS_URL),
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": f"{REDIS_PREFIX}:live"},
    }
}
SESSION_ENGINE = "blinkit.kernel.sessions"
SESSION_COOKIE_AGE = 30 * 24 * 3600

# -- background work ----------------------------------------------------------------------------------------------

CELERY_BROKER_URL = embedded.broker_url(REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": f"{REDIS_PREFIX}:celery:",
    "visibility_timeout": 600,
    "socket_timeout": 3,
    "socket_connect_timeout": 1,
    "max_retries": 0,  # publishing never blocks a request for long: events wait in their table and are swept
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 4
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "events"
CELERY_TASK_ROUTES = {  # a queue each, so that a slow outside service cannot hold up the rest
    "notifications.tasks.*": {"queue": "notify"},
    "delivery.tasks.*": {"queue": "dispatch"},
    "payments.tasks.*": {"queue": "payments"},
}
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_BEAT_SCHEDULE = {  # seeds the database schedule; an administrator can change it there
    name: {"task": name, "schedule": timedelta(seconds=seconds), "options": {"expires": max(seconds, 10)}}
    for name, seconds in {
        "blinkit.kernel.tasks.sweep_events": 5,
        "blinkit.kernel.tasks.forget_idempotency_keys": 3600,
        "orders.tasks.sweep_unpaid": 10,
        "orders.tasks.close_delivered": 60,
        "orders.tasks.tell_restocked": 60,
        "orders.tasks.release_due": 10,
        "orders.tasks.make_slots": 300,
        "orders.tasks.learn_affinity": 24 * 3600,
        "orders.tasks.audit_books": 24 * 3600,
        "inventory.tasks.sweep_holds": 30,
        "inventory.tasks.sweep_batches": 60,
        "inventory.tasks.retime_batches": 300,
        "inventory.tasks.sweep_low": 300,
        "inventory.tasks.sweep_counts": 24 * 3600,
        "inventory.tasks.sweep_replenishment": 24 * 3600,
        "payments.tasks.sweep_due": 15,
        "payments.tasks.sweep_wallets": 60,
        "fulfillment.tasks.sweep_tasks": 30,
        "fulfillment.tasks.refresh_loads": 20,
        "fulfillment.tasks.learn_pace": 24 * 3600,
        "fulfillment.tasks.measure_legs": 300,
        "delivery.tasks.dispatch_round": 3,
        "delivery.tasks.sweep_offers": 5,
        "delivery.tasks.sweep_silent": 60,
        "delivery.tasks.watch_trips": 15,
        "delivery.tasks.sweep_jobs": 60,
        "delivery.tasks.forget_decisions": 3600,
        "delivery.tasks.measure_legs": 300,
        "delivery.tasks.pay_targets": 60,
        "delivery.tasks.issue_statements": 1800,
        "payments.tasks.sweep_payouts": 60,
        "delivery.tasks.purge_chats": 24 * 3600,
        "delivery.tasks.sweep_riders": 60,
        "delivery.tasks.ask_banks": 60,
        "delivery.tasks.make_gigs": 3600,
        "delivery.tasks.sweep_papers": 24 * 3600,
        "delivery.tasks.write_positions": 5,
        "delivery.tasks.keep_position_days": 3600,
        "notifications.tasks.sweep_messages": 10,
        "accounts.tasks.forget_expired": 3600,
        "accounts.tasks.forget_due": 3600,
        "catalog.tasks.flush_searches": 60,
        "catalog.tasks.refresh_surge": 60,
        "catalog.tasks.sweep_schedules": 15,
        "catalog.tasks.sweep_pictures": 60,
        "orders.tasks.sweep_unused_pictures": 24 * 3600,
        "catalog.tasks.flush_unmet": 60,
        "catalog.tasks.match_new": 60,
        "catalog.tasks.match_nightly": 24 * 3600,
        "catalog.tasks.sweep_prices": 5,
        "orders.tasks.tell_cheaper": 60,
        "orders.tasks.sweep_invoices": 3600,
        "orders.tasks.sweep_offline": 30,
        "orders.tasks.purge_sourcings": 24 * 3600,
        "orders.tasks.sweep_timers": 10,
        "orders.tasks.purge_timers": 24 * 3600,
        "orders.tasks.train_eta": 24 * 3600,
        "orders.tasks.sweep_shown": 30,
        "orders.tasks.purge_shown": 24 * 3600,
        "orders.tasks.learn_rooms": 120,
        "catalog.tasks.keep_market_months": 3600,
        "inventory.tasks.list_changed": 3,
        "inventory.tasks.list_ourselves": 300,
        **({"blinkit.demo.tasks.move_market": 5} if DEMO_MODE else {}),
        "dashboard.tasks.sweep_watches": 30,
        "dashboard.tasks.flush_questions": 15,
        "dashboard.tasks.forget_questions": 24 * 3600,
    }.items()
}

# -- API --------------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["blinkit.kernel.api.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["blinkit.kernel.api.JSONParser", "rest_framework.parsers.MultiPartParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "blinkit.kernel.api.Negotiation",
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "blinkit.kernel.api.CursorPagination",
    "PAGE_SIZE": 40,
    "DEFAULT_SCHEMA_CLASS": "blinkit.kernel.schema.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["blinkit.kernel.limits.ApiThrottle"],
    "EXCEPTION_HANDLER": "blinkit.kernel.api.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=30),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "TOKEN_USER_CLASS": "blinkit.kernel.tokens.TokenUser",
    "USER_ID_CLAIM": "user_id",
}
SHOP_NAME = env.text("SHOP_NAME", default="Tokri")  # also which of the compared platforms is ours
SPECTACULAR_SETTINGS = {
    "TITLE": SHOP_NAME,
    "DESCRIPTION": "Quick commerce: shop, track, ride. Money is whole paise; times are RFC 3339 UTC.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "OrderStatusEnum": "orders.states.Status",
        "PickTaskStateEnum": "fulfillment.models.TaskState",
        "StopStateEnum": "delivery.models.StopState",
        "AttemptStateEnum": "payments.models.AttemptState",
        "RefundStateEnum": "payments.models.RefundState",
        "PaymentStateEnum": "payments.models.PaymentState",
        "ConsentEnum": "orders.models.Consent",
        "MethodEnum": "payments.models.Method",
        "WayEnum": "orders.api.shapes.WAYS",
        "ClaimKindEnum": "orders.claims.ClaimKind",
        "IncidentKindEnum": "delivery.incidents.Kind",
        "SuggestionKindEnum": ["search", "category", "brand", "product"],
        "PlaceKindEnum": ["browser", "app"],
        "PaperKindEnum": "delivery.papers.PaperKind",
        "MarketAlertKindEnum": "catalog.market.MarketAlertKind",
        "PermissionEnum": ["granted", "denied", "prompt"],
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
# A router for ways by street; empty: the city's own fields and figures. Beyond the time-out they serve as well.
OSRM_URL = env.text("OSRM_URL", default="")
OSRM_PROFILE = env.text("OSRM_PROFILE", default="bike")
OSRM_TIMEOUT_MS = env.number("OSRM_TIMEOUT_MS", default=300, least=10, most=5_000)
# A language model for questions nobody here understood (docs/ask.md); empty: none. Any endpoint of chat completions.
ASK_MODEL_URL = env.text("ASK_MODEL_URL", default="")
ASK_MODEL_KEY = env.text("ASK_MODEL_KEY", default="")
ASK_MODEL_NAME = env.text("ASK_MODEL_NAME", default="")
ASK_MODEL_TIMEOUT_MS = env.number("ASK_MODEL_TIMEOUT_MS", default=8_000, least=100, most=60_000)
ASK_MODEL_TOKENS = env.number("ASK_MODEL_TOKENS", default=500, least=50, most=4_000)  # of one answer
ASK_MODEL_TOKENS_PER_HOUR = env.number("ASK_MODEL_TOKENS_PER_HOUR", default=200_000, least=0)
ASK_PUBLIC_PER_MINUTE = env.number("ASK_PUBLIC_PER_MINUTE", default=20, least=1)  # questions of one address, signed out
GRAPHQL_INTROSPECTION = env.flag("GRAPHQL_INTROSPECTION", default=DEMO_MODE)
DISPATCH_STRATEGY = env.choice("DISPATCH_STRATEGY", ["rolling", "matching", "nearest"], default="rolling")
MARKET_HISTORY_MONTHS = env.number("MARKET_HISTORY_MONTHS", default=24, least=1)  # whole months of others' prices
POSITION_DAYS = env.number("POSITION_DAYS", default=30, least=1)  # how long riders' positions are kept
RATE_LIMIT_PER_MINUTE = env.number("RATE_LIMIT_PER_MINUTE", default=100, least=0)  # 0 switches limits off
SOCKETS_PER_ADDRESS = env.number("SOCKETS_PER_ADDRESS", default=100, least=0)  # open ones a guest's address may have
MARKET_STALE_AFTER_S = env.number("MARKET_STALE_AFTER_S", default=6 * 3600, least=1)  # then a price says it is old
MARKET_ABOVE_BP = env.number("MARKET_ABOVE_BP", default=500, least=0)  # our price above the cheapest other: a finding
MARKET_ANSWERS_KEPT_S = env.number("MARKET_ANSWERS_KEPT_S", default=10, least=0)  # of the open API; 0: none
MARKET_REQUESTS_PER_MINUTE = env.number("MARKET_REQUESTS_PER_MINUTE", default=60, least=0)  # per address; 0: no limit
METRICS_TOKEN = env.text("METRICS_TOKEN", default="")
METRICS_NETWORKS = env.networks("METRICS_NETWORKS", default=["127.0.0.0/8", "::1/128"])
# Orders a customer may have open at once, so that one person cannot hold a store's goods unpaid; 0 switches it off.
ORDER_MOST_OPEN_UNPAID = env.number("ORDER_MOST_OPEN_UNPAID", default=2, least=0)
ORDER_MOST_OPEN_CASH = env.number("ORDER_MOST_OPEN_CASH", default=3, least=0)
ORDER_RESOURCE_AFTER_M = env.number("ORDER_RESOURCE_AFTER_M", default=5, least=0)
# The customer hears once that an order will be so much later than promised; a store's people at most so often.
ORDER_TELL_LATE_M = env.number("ORDER_TELL_LATE_M", default=5, least=1)
ORDER_RISK_QUIET_M = env.number("ORDER_RISK_QUIET_M", default=10, least=0)
ORDER_COD_LIMITS_PAISE = {  # cash at the door by trust (orders/trust.py); a city's own limit may be lower
    "new": env.number("ORDER_COD_LIMIT_NEW_PAISE", default=200_000, least=0),
    "known": env.number("ORDER_COD_LIMIT_KNOWN_PAISE", default=300_000, least=0),
    "trusted": env.number("ORDER_COD_LIMIT_TRUSTED_PAISE", default=500_000, least=0),
    "watched": env.number("ORDER_COD_LIMIT_WATCHED_PAISE", default=50_000, least=0),
}
PRICE_DROP_BP = env.number(
    "PRICE_DROP_BP", default=500, least=1, most=9_000
)  # watchers hear of a price this far below the one seen
# The warmest at which goods are taken in at a store's door, °C.
RECEIVING_CHILLED_MAX_C = env.number("RECEIVING_CHILLED_MAX_C", default=5, least=-5, most=15)
RECEIVING_FROZEN_MAX_C = env.number("RECEIVING_FROZEN_MAX_C", default=-18, least=-40, most=0)
RECEIVING_FROZEN_TOLERANCE_C = env.number("RECEIVING_FROZEN_TOLERANCE_C", default=3, least=0, most=10)
RATE_LIMIT_TRUST_LOOPBACK = env.flag("RATE_LIMIT_TRUST_LOOPBACK", default=DEMO_MODE)

# -- screens, files, language -------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("hi", "हिन्दी")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "blinkit.formats"
TIME_ZONE = "Asia/Kolkata"
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.text("STATIC_ROOT", default=str(DATA_DIR / "static")))
if EMBEDDED:
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
MEDIA_URL = "media/"
MEDIA_ROOT = DATA_DIR / "media"
WHITENOISE_USE_FINDERS = EMBEDDED or DEBUG  # a laptop needs no collectstatic
WHITENOISE_AUTOREFRESH = DEBUG or TESTING  # else every client of a test looks at every file that could be asked for
_static = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
    if EMBEDDED or DEBUG or TESTING
    else "whitenoise.storage.CompressedManifestStaticFilesStorage"
)
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _static},
    # Photos of claims: read by a door that asks who is there, never by an address.
    "private": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / ("test/private" if TESTING else "private"), "base_url": None},
    },
}
if env.given("S3_BUCKET"):
    STORAGES["default"] = {"BACKEND": "blinkit.kernel.storage.ObjectStore", "OPTIONS": env.s3()}
    _hidden = {"location": "private", "default_acl": "private", "querystring_auth": True, "custom_domain": None}
    STORAGES["private"] = {"BACKEND": "blinkit.kernel.storage.ObjectStore", "OPTIONS": env.s3() | _hidden}

TILES_URL = env.text("TILES_URL", default="")  # empty: maps draw a plain ground of their own
env.refuse_unless(env.is_tiles(TILES_URL), "TILES_URL should be https://…/{z}/{x}/{y}.png.")
TILES_ATTRIBUTION = env.text("TILES_ATTRIBUTION", default="© OpenStreetMap contributors")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": [
            *("'self'", "data:", "blob:"),
            *env.words("CSP_IMG_EXTRA", default=[]),
            *env.tile_hosts(TILES_URL),
        ],
        "style-src": ["'self'", "'unsafe-inline'"],  # Leaflet and uPlot place things with style attributes
        "connect-src": ["'self'", *(["ws:", "wss:"] if EMBEDDED else [])],
        "media-src": ["'self'", "blob:"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
    },
    "EXCLUDE_URL_PREFIXES": ["/admin/"],  # unfold's Alpine build evaluates expressions
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
if USE_HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics"]
    SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", default=31_536_000, least=0)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

_STEPS = ("50", "100", "200", "300", "400", "500", "600", "700", "800", "900", "950")
_GREENS = (
    *("#e6f4ec", "#cfe9db", "#a3d5bb", "#6fbb94", "#3f9f70", "#1d8a56"),
    *("#0c7a43", "#0a6437", "#094f2d", "#083f25", "#042615"),
)
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": SHOP_NAME,
    "SITE_HEADER": SHOP_NAME,
    "SITE_SYMBOL": "bolt",
    "SHOW_HISTORY": True,
    "DASHBOARD_CALLBACK": "dashboard.landing.fill",
    "SITE_DROPDOWN": [
        {"icon": "monitoring", "title": "Live board", "link": "/ops/"},
        {"icon": "receipt_long", "title": "Order desk", "link": "/ops/orders/"},
        {"icon": "storefront", "title": "Shop", "link": "/"},
    ],
    "COLORS": {"primary": dict(zip(_STEPS, _GREENS, strict=True))},
}

# -- outside services ---------------------------------------------------------------------------------------------

PAYMENT_GATEWAY = env.choice("PAYMENT_GATEWAY", ["sandbox", "razorpay", "stripe"], default="sandbox")
PAYMENT_SANDBOX_SECRET = env.text("PAYMENT_SANDBOX_SECRET", default="") or embedded.derived_secret(
    SECRET_KEY, "payment-sandbox"
)
PAYMENT_SANDBOX_WEBHOOK_URL = env.text("PAYMENT_SANDBOX_WEBHOOK_URL", default="")  # empty: this machine, $PORT
GATEWAY_FEE_MOST_BP = {  # what a gateway may take of a payment by contract, without GST: above it a settlement differs
    "razorpay": env.number("RAZORPAY_FEE_MOST_BP", default=200, least=0, most=10_000),
    "stripe": env.number("STRIPE_FEE_MOST_BP", default=300, least=0, most=10_000),
    "sandbox": 200,
}
RAZORPAY_KEY_ID = env.text("RAZORPAY_KEY_ID", default="")
RAZORPAY_KEY_SECRET = env.text("RAZORPAY_KEY_SECRET", default="")
RAZORPAY_WEBHOOK_SECRET = env.text("RAZORPAY_WEBHOOK_SECRET", default="")
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.text("STRIPE_WEBHOOK_SECRET", default="")
RAZORPAY_BASE_URL = env.text("RAZORPAY_BASE_URL", default="https://api.razorpay.com")
RAZORPAY_CAPTURE = env.choice("RAZORPAY_CAPTURE", ["manual", "automatic"], default="manual")
STRIPE_PUBLISHABLE_KEY = env.text("STRIPE_PUBLISHABLE_KEY", default="")
STRIPE_API_BASE = env.text("STRIPE_API_BASE", default="https://api.stripe.com")
env.refuse_unless(
    STRIPE_API_BASE.startswith(("https://", "http://127.0.0.1:", "http://localhost:")),
    "STRIPE_API_BASE should begin with https:// (or be this machine): the secret key travels there.",
)
STRIPE_METHODS = env.words("STRIPE_METHODS", default=["card"])
env.refuse_unless(set(STRIPE_METHODS) <= {"card", "upi"}, "STRIPE_METHODS should be card, upi or card,upi.")
GATEWAY_SECRETS = {  # a gateway without them takes no money; the chosen one without them stops the start
    "razorpay": ("RAZORPAY_KEY_ID", "RAZORPAY_KEY_SECRET", "RAZORPAY_WEBHOOK_SECRET"),
    "stripe": ("STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET"),
}
for _name in GATEWAY_SECRETS.get(PAYMENT_GATEWAY, ()):
    env.refuse_unless(bool(vars()[_name]), f"{_name} must be set when PAYMENT_GATEWAY is {PAYMENT_GATEWAY}.")
FIREBASE_PROJECT_ID = env.text("FIREBASE_PROJECT_ID", default="")  # empty: Firebase sign-in and FCM are off
FIREBASE_CREDENTIALS = env.text("FIREBASE_CREDENTIALS", default="")  # path of the service-account file
FCM_BASE_URL = env.text("FCM_BASE_URL", default="https://fcm.googleapis.com")
VAPID_PRIVATE_KEY = env.text("VAPID_PRIVATE_KEY", default="") or (  # web push (manage.py make_push_keys); empty: off
    embedded.push_key() if EMBEDDED and not TESTING else ""
)
env.refuse_unless(
    env.is_key_of(32, VAPID_PRIVATE_KEY),
    "VAPID_PRIVATE_KEY must be 32 bytes in base64url, as manage.py make_push_keys prints them.",
)
VAPID_CONTACT = env.text("VAPID_CONTACT", default="mailto:hello@example.com")
WEB_PUSH_HOSTS = env.words(
    "WEB_PUSH_HOSTS",  # push services messages may go to; a name stands for its subdomains too
    default=["fcm.googleapis.com", "push.services.mozilla.com", "notify.windows.com", "push.apple.com"],
)
env.refuse_unless(
    TESTING or not env.given("FIREBASE_AUTH_EMULATOR_HOST"),
    "FIREBASE_AUTH_EMULATOR_HOST makes unsigned sign-in tokens valid: unset it (only tests may set it).",
)
# How customer and rider call each other (delivery/calling.py); "none": by the chat in the app alone.
CALL_PROVIDER = env.choice(
    "CALL_PROVIDER", ["sandbox", "exotel", "direct", "none"], default="sandbox" if DEMO_MODE or TESTING else "none"
)
EXOTEL_BASE_URL = env.text("EXOTEL_BASE_URL", default="https://api.exotel.com")
EXOTEL_SID = env.text("EXOTEL_SID", default="")
EXOTEL_API_KEY = env.text("EXOTEL_API_KEY", default="")
EXOTEL_API_TOKEN = env.text("EXOTEL_API_TOKEN", default="")
EXOTEL_CALLER_ID = env.text("EXOTEL_CALLER_ID", default="")
if CALL_PROVIDER == "exotel":
    for _name in ("EXOTEL_SID", "EXOTEL_API_KEY", "EXOTEL_API_TOKEN", "EXOTEL_CALLER_ID"):
        env.refuse_unless(bool(vars()[_name]), f"{_name} must be set when CALL_PROVIDER is exotel.")
SMS_BASE_URL = env.text("SMS_BASE_URL", default="")
SMS_API_KEY = env.text("SMS_API_KEY", default="")
BANK_CHECK_URL = env.text("BANK_CHECK_URL", default="")  # empty: the sandbox in DEMO_MODE, else a person looks
BANK_CHECK_KEY = env.text("BANK_CHECK_KEY", default="")
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", default="Blinkit <hello@example.com>")
EMAIL_CONFIG = env.email("EMAIL_URL", default="locmem://" if TESTING else "file://")
EMAIL_BACKEND = EMAIL_CONFIG.pop("BACKEND")
EMAIL_FILE_PATH = str(DATA_DIR / "mail")
vars().update(
    EMAIL_CONFIG
)  # EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_USE_TLS, EMAIL_TIMEOUT
_inbox = "inbox" if DEMO_MODE or TESTING else ""
MESSAGE_ADAPTERS = {  # how each channel is sent (notifications/adapters); an empty name switches it off
    "sms": "sms-http" if SMS_BASE_URL else _inbox,
    "push": "push" if FIREBASE_PROJECT_ID and FIREBASE_CREDENTIALS else _inbox or ("push" if VAPID_PRIVATE_KEY else ""),
    "email": "email" if env.given("EMAIL_URL") else _inbox,
    "inapp": "inbox",
}

# -- logs; the formatter and the redaction are the kernel's -------------------------------------------------------

LOG_LEVEL = env.choice("LOG_LEVEL", ["DEBUG", "INFO", "WARNING", "ERROR"], default="INFO")
LOG_FORMAT = env.choice("LOG_FORMAT", ["json", "console"], default="console" if sys.stderr.isatty() else "json")
LOGGING_CONFIG = "blinkit.kernel.logs.configure"
LOGGING = {"level": LOG_LEVEL, "format": LOG_FORMAT}

if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    MEDIA_ROOT = DATA_DIR / "test" / "media"
    LIVE_READ_THREADS = 0  # sockets read in the thread that holds the test's transaction
    MARKET_ANSWERS_KEPT_S = 0  # a test's market is gone with it
    RATE_LIMIT_PER_MINUTE = 0  # the limiter's own tests switch it on
