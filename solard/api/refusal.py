"""Everything that goes wrong becomes JSON with one sentence."""

import json
import logging
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from solard.core.errors import SolardError

_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SENTENCES = {
    404: "there is nothing at {path}; GET /openapi.json lists what there is",
    405: "{path} does not take {method}; GET /openapi.json lists what it takes",
    413: "the body is too large: at most 64 KiB",
}


class Refusal(SolardError):
    """A request that is not carried out, and why."""

    def __init__(self, status: int, sentence: str, problems: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.status = status
        self.problems = tuple(problems)


def json_answer(text: str, status: int = 200) -> web.Response:
    """Return a response whose body is JSON already."""
    return web.Response(status=status, text=text, content_type="application/json")


def refuse(status: int, sentence: str, problems: Sequence[str] = ()) -> web.Response:
    """Return `{"error": sentence}`, with the list of problems where there is one."""
    data = {"error": sentence} | ({"problems": list(problems)} if problems else {})
    return json_answer(json.dumps(data), status)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer errors as `{"error": sentence}`; a traceback goes to the log, never to a client."""
    try:
        return await handler(request)
    except Refusal as err:
        return refuse(err.status, str(err), err.problems)
    except SolardError as err:
        return refuse(409, str(err))
    except web.HTTPException as err:
        sentence = _SENTENCES.get(err.status, err.reason)
        return refuse(err.status, sentence.format(path=request.path, method=request.method))
    except ConnectionError:
        raise  # the client went away: nobody to answer
    except Exception:
        _log.exception("request failed: method=%s path=%s", request.method, request.path)
        return refuse(500, f"{request.path} failed inside solard; its log says why")
