"""How the hub's processes reach InfluxDB, and the two buckets that they need there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from streams.errors import Unavailable, WrongSetting
from streams.settings import Settings

ANSWER_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class InfluxAccess:
    """Address, token and names of one InfluxDB."""

    url: str
    token: str = field(repr=False)
    org: str
    bucket: str
    bucket_exercise: str

    @staticmethod
    def of_settings(settings: Settings) -> InfluxAccess | None:
        """That of an InfluxDB that the settings name; None where they name none.

        Raises:
            WrongSetting: an address without a token.
        """
        if settings.influx_url is None:
            return None
        if settings.influx_token is None:
            raise WrongSetting(
                "an InfluxDB is set without its token",
                field="INFLUX_TOKEN",
                fix="Set it to a token that may read and write both buckets, or unset INFLUX_URL",
            )
        return InfluxAccess(
            settings.influx_url.rstrip("/"),
            settings.influx_token.get_secret_value(),
            settings.influx_org,
            settings.influx_bucket,
            settings.influx_bucket_exercise,
        )

    def environment(self) -> dict[str, str]:
        """The settings by which a child process finds it."""
        return {
            "INFLUX_URL": self.url,
            "INFLUX_TOKEN": self.token,
            "INFLUX_ORG": self.org,
            "INFLUX_BUCKET": self.bucket,
            "INFLUX_BUCKET_EXERCISE": self.bucket_exercise,
        }

    def headers(self) -> dict[str, str]:
        """What a request carries to be let in."""
        return {"Authorization": f"Token {self.token}"}


async def is_healthy(url: str) -> bool:
    """Whether an InfluxDB answers there and says that it is well."""
    try:
        async with httpx2.AsyncClient(timeout=ANSWER_S, trust_env=False) as http:
            answer = await http.get(f"{url}/health")
            return answer.status_code == 200 and answer.json().get("status") == "pass"
    except (httpx2.HTTPError, ValueError):
        return False


async def ensure_buckets(access: InfluxAccess) -> None:
    """See that both buckets are there, making those that are not.

    Raises:
        WrongSetting: the token or the organisation is wrong, or the token may not make a missing bucket.
        Unavailable: InfluxDB does not answer.
    """
    try:
        async with httpx2.AsyncClient(
            base_url=access.url, headers=access.headers(), timeout=ANSWER_S, trust_env=False
        ) as http:
            for bucket in (access.bucket, access.bucket_exercise):
                found = _accepted(await http.get("/api/v2/buckets", params={"org": access.org, "name": bucket}), access)
                if found is None or not found["buckets"]:
                    orgs = _accepted(await http.get("/api/v2/orgs", params={"org": access.org}), access) or {"orgs": []}
                    if not orgs["orgs"]:
                        raise WrongSetting(
                            "InfluxDB has no such organisation, or the token may not see it",
                            field="INFLUX_ORG",
                            value=access.org,
                            fix="Create it, or set the right one",
                        )
                    made = {"orgID": orgs["orgs"][0]["id"], "name": bucket, "retentionRules": []}
                    _accepted(await http.post("/api/v2/buckets", json=made), access)
    except httpx2.HTTPError as e:
        raise Unavailable(
            f"InfluxDB does not answer ({type(e).__name__})",
            field="INFLUX_URL",
            value=access.url,
            fix="Start it, or set the right address",
        ) from e


def _accepted(answer: httpx2.Response, access: InfluxAccess) -> dict[str, Any] | None:
    """The answer's body; None where InfluxDB knows no such thing (404)."""
    if answer.status_code in (401, 403):
        raise WrongSetting(
            f"InfluxDB refuses the token ({answer.status_code})",
            field="INFLUX_TOKEN",
            fix=f"Set one that may read and write {access.bucket} and {access.bucket_exercise}, or create both buckets",
        )
    if answer.status_code == 404:
        return None
    if answer.is_error:
        raise Unavailable(
            f"InfluxDB answers {answer.status_code}: {answer.text[:200]}",
            field="INFLUX_URL",
            value=access.url,
            fix="Read its log",
        )
    body: dict[str, Any] = answer.json()
    return body
