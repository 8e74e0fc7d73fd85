"""What every route has at hand: the daemon, the streams, the picture as text."""

import json
from dataclasses import dataclass
from typing import Any

from solard.api.refusal import Refusal
from solard.api.source import ApiSource
from solard.api.stream import Streams, ViewText
from solard.core.view import SiteView


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Handed to each route."""

    source: ApiSource
    streams: Streams
    text: ViewText
    description: dict[str, Any]
    """The OpenAPI document of all routes."""
    body_s: float
    """Real seconds for the whole body of a request to arrive."""

    def view(self) -> SiteView:
        """Return the newest picture, or refuse while there is none."""
        view = self.source.view()
        if view is None:
            raise Refusal(503, "solard has just started and has no picture yet; ask again")
        return view


def to_json(data: object) -> str:
    """Return plain data as one line of JSON."""
    return json.dumps(data, separators=(",", ":"))
