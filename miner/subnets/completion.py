"""Ask a language model at an OpenAI-compatible endpoint: llama.cpp, vLLM and Ollama have one."""

import re

import aiohttp

from solard.core.errors import SolardError

TIMEOUT_S = 4.0
"""Below a validator's own patience: a late answer is no work."""
LARGEST_BYTES = 65_536
_NUMBER = re.compile(r"^[0-9]+[.)]\s*")
"""Of the line, not an answer that is a number."""
INSTRUCTION = "Answer each question about the passage with one word, one line for each question."


class ModelAway(SolardError):
    """The owner's model does not answer, or not as it should."""


async def complete(endpoint: str, model: str, passage: str, questions: list[str]) -> list[str]:
    """Return one line for each question; raise ModelAway."""
    asked = "\n".join(f"{place}. {one}" for place, one in enumerate(questions, start=1))
    body = {
        "model": model,
        "temperature": 0,
        "max_tokens": 16 * len(questions),
        "messages": [
            {"role": "system", "content": INSTRUCTION},
            {"role": "user", "content": f"{passage}\n\n{asked}"},
        ],
    }
    url = f"{endpoint.rstrip('/')}/chat/completions"
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, json=body, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise ModelAway(f"model at {url}: HTTP {response.status}; is {model!r} loaded?")
            if (response.content_length or 0) > LARGEST_BYTES:
                raise ModelAway(f"model at {url}: an answer of more than {LARGEST_BYTES} bytes")
            data = await response.json(content_type=None)
            text = str(data["choices"][0]["message"]["content"])
    except (aiohttp.ClientError, TimeoutError, OSError) as err:
        raise ModelAway(f"model at {url}: {str(err) or type(err).__name__}") from err
    except (ValueError, KeyError, IndexError, TypeError) as err:
        raise ModelAway(f"model at {url}: no chat completion: {err!r}") from err
    lines = [_NUMBER.sub("", line.strip()) for line in text.splitlines() if line.strip()]
    return (lines + [""] * len(questions))[: len(questions)]
