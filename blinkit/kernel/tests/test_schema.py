import pytest
from drf_spectacular.generators import SchemaGenerator

pytestmark = pytest.mark.urls("blinkit.kernel.tests.doors")


def test_the_schema_tells_of_problems_and_idempotency_keys():
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    create = paths["/api/v1/create/{kind}"]["post"]
    assert [p["name"] for p in create["parameters"] if p["in"] == "header"] == ["Idempotency-Key"]
    assert {"400", "401", "403", "404", "409", "422", "429", "503"} <= create["responses"].keys()
    assert list(create["responses"]["409"]["content"]) == ["application/problem+json"]
    assert "default" not in create["responses"]
    free = paths["/api/v1/create-unguarded"]["post"]
    assert [p for p in free.get("parameters", []) if p["in"] == "header"] == []
