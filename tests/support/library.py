"""A program of others in a city: a library's, which asks for the phone, for where its reader is, and for the camera."""

from __future__ import annotations

from typing import Any, Final

from core.clock import epoch_s
from core.jose import thumbprint
from core.locale import Locale
from miniapps.releases.model import Category
from tests.support.city import OpenCity
from tests.unit.miniapps.releases.workshop import APP, Developer, files

OPENID, PHONE, LOCATION, CAMERA = "city.user.openid", "city.user.phone", "city.device.location", "city.device.camera"
_DECLARED: Final[Any] = {
    "req_permissions": [
        {"name": OPENID, "reason": "识别读者"},
        {"name": PHONE, "reason": "取书通知"},
        {"name": LOCATION, "reason": "最近的分馆"},
    ],
    "city_opt_permissions": [{"name": CAMERA, "reason": "扫码借书"}],
}


async def publish_library(city: OpenCity) -> str:
    """Its id. It is granted all that it asks for but the camera."""
    releases, developer = city.city.rooms.releases, Developer()
    organisation = await releases.organisation_of(
        names={Locale.ZH_CN: "市图书馆", Locale.EN: "City Library"},
        verified=True,
        keys=[developer.jwk],
        key_id=thumbprint(developer.jwk),
    )
    await releases.publish(
        package=developer.signed(files(**_DECLARED), at=epoch_s(city.clock.now())),
        organisation=organisation,
        granted={OPENID, PHONE, LOCATION},
        by="stf_1",
        category=Category.CULTURE,
    )
    return APP
