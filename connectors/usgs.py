"""USGS earthquakes: the GeoJSON summary feed, those near the city, as bulletins.

An event is one bulletin for as long as it lives: its `bulletin_id` is the id under which it was published first, also
when another network's id becomes the preferred one. A change is a higher revision. One that the USGS deletes, calls no
earthquake any more, or leaves out of `GONE_AFTER` answers that reach further back than it, is withdrawn.

Source of the format: https://earthquake.usgs.gov/earthquakes/feed/v1.0/geojson.php
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, ClassVar, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_settings import NoDecode, SettingsConfigDict

from connectors.frame.connector import Connector, Polled, SourceSettings
from connectors.frame.geography import distance_and_bearing, place_seen_from
from connectors.frame.upstream import SourceFailed, Upstream
from streams.contract.alerts import Bilingual
from streams.contract.bulletins import Bulletin
from streams.contract.readings import Location
from streams.contract.times import from_ms, to_ms
from streams.contract.topics import BULLETINS

SOURCE: Final = "USGS"
OLDEST_DAYS: Final = 28
"""The topic keeps bulletins for 30 days; an older event could not be known again after a restart."""
GONE_AFTER: Final = 3
STANDS_STILL_S: Final = 3600.0
"""The USGS makes the feed anew every minute (feed's documentation); one that is an hour old is not alive."""
AHEAD_S: Final = 300.0
"""As much as the contract lets a reading be ahead of its arrival. What says more would be the newest for ever."""
YEAR_2000_MS: Final = 946_684_800_000
MILLISECONDS: Final = 1000


class Reach(BaseModel):
    """How far from the city an earthquake of at least this magnitude matters."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    magnitude: Annotated[float, Field(ge=-2, le=10)]
    km: Annotated[float, Field(gt=0, le=20_038)]  # half of the Earth's circumference: everywhere

    def __str__(self) -> str:
        return f"{self.magnitude:g}:{self.km:g}"


def _pairs(given: Any) -> Any:
    """`3:100 5:200` as what it means; anything else is left to the model."""
    if not isinstance(given, str):
        return given
    return [dict(zip(("magnitude", "km"), pair.split(":"), strict=False)) for pair in given.replace(",", " ").split()]


class UsgsSettings(SourceSettings):
    """Settings of the USGS connector."""

    source: ClassVar[str] = "usgs"
    model_config = SettingsConfigDict(env_prefix="URBANHUB_USGS_")

    url: str = Field(
        default="https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/2.5_week.geojson",
        pattern="^https?://.+",
        description="A summary feed. One of a week: an outage of up to a week loses nothing.",
    )
    reach: Annotated[list[Reach], NoDecode, BeforeValidator(_pairs), Field(min_length=1)] = Field(
        default=[Reach(magnitude=3, km=100), Reach(magnitude=5, km=200), Reach(magnitude=6, km=300)],
        description="Magnitude:kilometres …; from that magnitude on, an earthquake within that distance is published.",
    )


class _Properties(BaseModel):
    mag: Annotated[float, Field(allow_inf_nan=False)] | None
    place: str | None = None
    time: Annotated[int, Field(ge=YEAR_2000_MS)]
    updated: Annotated[int, Field(ge=YEAR_2000_MS)]
    type: str
    status: str = "automatic"
    ids: str = ""
    title: str = ""


class _Geometry(BaseModel):
    coordinates: Annotated[list[float | None], Field(min_length=2)]


class _Feature(BaseModel):
    """One event of the feed, as far as it is read."""

    id: Annotated[str, Field(min_length=1)]
    properties: _Properties
    geometry: _Geometry

    @property
    def ids(self) -> list[str]:
        """Every id that the event has had, the preferred one first."""
        return list(dict.fromkeys([self.id, *filter(None, self.properties.ids.split(","))]))

    @property
    def is_located(self) -> bool:
        """Whether magnitude and epicentre are known; they come with a later answer where they are not."""
        return self.properties.mag is not None and None not in self.geometry.coordinates[:2]

    @property
    def is_earthquake(self) -> bool:
        """Whether it is taken for an earthquake, and stands."""
        return self.properties.type == "earthquake" and self.properties.status != "deleted"


class Usgs(Connector):
    """Earthquakes of the USGS near the city."""

    name = "usgs"
    topic = BULLETINS
    says = "Earthquakes near the city, from the USGS (public domain)"
    settings_model = UsgsSettings
    settings: UsgsSettings

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._known: dict[str, Bulletin] = {}
        self._missed: dict[str, int] = {}

    def remember(self, record: BaseModel) -> None:
        """Take note of a bulletin that is in the topic."""
        if isinstance(record, Bulletin) and record.source == SOURCE and record.exercise is None:
            last = self._known.get(record.bulletin_id)
            if last is None or record.revision >= last.revision:
                self._known[record.bulletin_id] = record

    async def poll(self, upstream: Upstream) -> Polled:
        """Read the feed; what is new or has changed becomes a bulletin."""
        feed = await upstream.json(self.settings.url)
        if feed is None:
            return Polled(unchanged=True)
        now_ms = self.clock.now_ms()
        features, generated_ms, polled = _read(feed, now_ms)
        if (age_s := (now_ms - generated_ms) / MILLISECONDS) > STANDS_STILL_S:
            polled.complaints.append(f"the feed stands still: it was made {age_s / 3600:.1f} h ago")
        self._forget_before(now_ms - OLDEST_DAYS * 86_400 * MILLISECONDS)

        listed: dict[str, _Feature] = {}
        for feature in features:
            bulletin_id = self._bulletin_id(feature)
            other = listed.get(bulletin_id)
            if other is None or other.properties.updated < feature.properties.updated:
                listed[bulletin_id] = feature
        for bulletin_id, feature in sorted(listed.items(), key=lambda item: item[1].properties.time):
            try:
                record = self._revised(bulletin_id, feature, generated_ms, now_ms)
            except ValidationError as e:
                first = e.errors(include_url=False)[0]
                polled.complaints.append(f"event {feature.id}: {'.'.join(map(str, first['loc']))}: {first['msg']}")
                continue
            if record is not None:
                polled.records.append(record)
        polled.records += self._withdrawn(set(listed), features, generated_ms)
        return polled

    def _bulletin_id(self, feature: _Feature) -> str:
        """The id under which it is known here: that of its ids which was published first."""
        return next((known for known in self._known if known in feature.ids), feature.id)

    def _revised(self, bulletin_id: str, feature: _Feature, generated_ms: int, now_ms: int) -> Bulletin | None:
        """What is to be published of an event; None for nothing."""
        known, properties = self._known.get(bulletin_id), feature.properties
        if known is None:
            is_new = feature.is_earthquake and feature.is_located and self._is_near(feature)
            is_old = properties.time < now_ms - OLDEST_DAYS * 86_400 * MILLISECONDS
            return self._bulletin(bulletin_id, 0, feature, properties.updated) if is_new and not is_old else None
        issued_ms = to_ms(known.issued_at)
        if not feature.is_earthquake:
            return None if known.cancelled else _withdrawal(known, max(properties.updated, issued_ms))
        # one that comes back after it was withdrawn may be no younger than it was
        at_ms = max(properties.updated, generated_ms) if known.cancelled else properties.updated
        if at_ms <= issued_ms or not feature.is_located:  # an older answer out of a cache takes nothing back
            return None
        revised = self._bulletin(bulletin_id, known.revision + 1, feature, at_ms)
        numbering = {"revision", "issued_at"}
        return None if revised.model_dump(exclude=numbering) == known.model_dump(exclude=numbering) else revised

    def _withdrawn(self, listed: set[str], features: list[_Feature], generated_ms: int) -> list[Bulletin]:
        """Those that the feed no longer lists although it reaches further back than they."""
        oldest_ms = min((feature.properties.time for feature in features), default=generated_ms)
        gone = []
        for bulletin_id, known in self._known.items():
            at = known.occurred_at or known.issued_at
            if bulletin_id in listed or known.cancelled or to_ms(at) <= oldest_ms:
                self._missed.pop(bulletin_id, None)
                continue
            self._missed[bulletin_id] = self._missed.get(bulletin_id, 0) + 1
            if self._missed[bulletin_id] >= GONE_AFTER and generated_ms > to_ms(known.issued_at):
                gone.append(_withdrawal(known, generated_ms))
        return gone

    def _forget_before(self, oldest_ms: int) -> None:
        for bulletin_id, known in list(self._known.items()):
            if to_ms(known.occurred_at or known.issued_at) < oldest_ms:
                del self._known[bulletin_id]

    def _is_near(self, feature: _Feature) -> bool:
        magnitude, (longitude, latitude) = feature.properties.mag, feature.geometry.coordinates[:2]
        assert magnitude is not None and longitude is not None and latitude is not None
        km, _ = distance_and_bearing(self.city.centre, (longitude, latitude))
        return any(magnitude >= one.magnitude and km <= one.km for one in self.settings.reach)

    def _bulletin(self, bulletin_id: str, revision: int, feature: _Feature, issued_ms: int) -> Bulletin:
        properties, (longitude, latitude, *depth) = feature.properties, feature.geometry.coordinates
        location = Location.model_validate({"lat": latitude, "lon": longitude})
        place = place_seen_from(self.city, (location.lon, location.lat))
        depth_km = depth[0] if depth else None
        return Bulletin.model_validate(
            {
                "bulletin_id": bulletin_id,
                "revision": revision,
                "kind": "earthquake",
                "issued_at": from_ms(issued_ms),
                "source": SOURCE,
                "texts": self._texts(properties, place, depth_km),
                "magnitude": properties.mag,
                "depth_km": depth_km,
                "location": location,
                "place": place,
                "occurred_at": from_ms(properties.time),
            }
        )

    def _texts(self, properties: _Properties, place: Bilingual, depth_km: float | None) -> Bilingual:
        at = from_ms(properties.time).astimezone(ZoneInfo(self.city.time_zone))
        ko = f"{at.month}월 {at.day}일 {at.hour}시 {at.minute}분 {place.ko}에서 규모 {properties.mag:.1f}의 지진이 발생했습니다"
        en = f"Magnitude {properties.mag:.1f} earthquake {place.en} on {_day(at)} at {at:%H:%M %Z}"
        if depth_km is not None:
            below_km = max(depth_km, 0.0)  # a shallow one is given as above the sea
            ko, en = f"{ko}(깊이 {below_km:.0f}km)", f"{en}, depth {below_km:.0f} km"
        if properties.status != "reviewed":
            ko += ". 자동 분석 결과이므로 바뀔 수 있습니다"
            en += ". An automatic result, which may be revised"
        return Bilingual(ko=f"{ko}. (미국 지질조사국)", en=f"{en}. (USGS: {properties.title or properties.place})")


def _read(feed: Any, now_ms: int) -> tuple[list[_Feature], int, Polled]:
    """The feed's events, when it was made (epoch ms), and complaints on events that can't be read.

    Raises:
        SourceFailed: it is no such feed, or not whole.
    """
    features = feed.get("features") if isinstance(feed, dict) else None
    metadata = feed.get("metadata") if isinstance(feed, dict) else None
    if not isinstance(features, list) or not isinstance(metadata, dict) or feed.get("type") != "FeatureCollection":
        raise SourceFailed("answers JSON that is no summary feed of earthquakes", "wrong_content", value=str(feed)[:80])
    generated_ms, count = metadata.get("generated"), metadata.get("count")
    newest_ms = now_ms + AHEAD_S * MILLISECONDS
    if not isinstance(generated_ms, int) or not YEAR_2000_MS < generated_ms <= newest_ms:
        raise SourceFailed(
            "does not say when its feed was made, or a time to come", "wrong_content", value=generated_ms
        )
    if isinstance(count, int) and count != len(features):
        raise SourceFailed(f"promises {count} events and sends {len(features)}", "wrong_content")
    found, polled = [], Polled()
    for position, each in enumerate(features):
        try:
            feature = _Feature.model_validate(each)
            if max(feature.properties.time, feature.properties.updated) > newest_ms:
                polled.complaints.append(f"event {feature.id}: its time is still to come")
                continue
            found.append(feature)
        except ValidationError as e:
            first = e.errors(include_url=False)[0]
            name = each.get("id") if isinstance(each, dict) else None
            field = ".".join(map(str, first["loc"]))
            polled.complaints.append(f"event {name or position}: {field}: {first['msg']}")
    if features and not found:
        raise SourceFailed(f"sends no event that can be read: {polled.complaints[0]}", "wrong_content")
    return found, generated_ms, polled


def _withdrawal(known: Bulletin, at_ms: int) -> Bulletin:
    texts = Bilingual(
        ko=f"미국 지질조사국이 이 지진 정보를 취소했습니다. 취소 전: {known.texts.ko}",
        en=f"The USGS has withdrawn this report. It had said: {known.texts.en}",
    )
    update = {"revision": known.revision + 1, "issued_at": from_ms(at_ms), "cancelled": True, "texts": texts}
    return known.model_copy(update=update)


def _day(at: dt.datetime) -> str:
    return f"{at.day} {at:%B}"
