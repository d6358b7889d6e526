"""Settings of the REST API's libraries: DRF, its schema, OAuth."""

from __future__ import annotations

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}

OAUTH2_PROVIDER: dict[str, Any] = {
    "OAUTH2_VALIDATOR_CLASS": "routing.doors.rest.oauth.DoorValidator",
    "SCOPES_BACKEND_CLASS": "routing.doors.rest.oauth.DoorScopes",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    # Services use the client credentials grant alone. The rest is shut, as RFC 9700 advises.
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    **{
        f"COMPLIANT_BCP_RFC9700_{each}": True
        for each in (
            "ACCESS_TOKEN_TRANSPORT",
            "AUTHZ_RESPONSE_ISS",
            "IMPLICIT_GRANT",
            "PASSWORD_GRANT",
            "PKCE_METHOD",
            "REDIRECT_URI_SCHEME",
            "REFRESH_TOKEN",
            "TOKEN_STORAGE",  # only a hash is kept
        )
    },
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Parley",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "DESCRIPTION": "Messages, sessions and what belongs to them. Guides: docs/api.md and "
    "docs/webhooks.md.",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "routing.doors.rest.describing.add_problems",
    ],
}
