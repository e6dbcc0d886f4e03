"""An identity provider beside the tests."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from pytest_django.fixtures import Settings

from tests.identity_provider import CLIENT, SECRET, Provider, running


@pytest.fixture(scope="module")
def running_provider() -> Iterator[Provider]:
    with pytest.MonkeyPatch.context() as patch, running() as provider:
        patch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
        yield provider


@pytest.fixture
def provider(running_provider: Provider, settings: Settings, db: None) -> Provider:
    fresh = Provider(address=running_provider.address, keys=running_provider.keys)
    running_provider.__dict__.update(fresh.__dict__)
    for kept in (fresh.address, f"{fresh.address}:fails", "http://127.0.0.1:9:fails"):
        cache.delete(f"identity-provider:{kept}")
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/15m/key"}
    settings.OIDC_ISSUER, settings.OIDC_NAME = fresh.address, "Example ID"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT, SECRET
    return running_provider
