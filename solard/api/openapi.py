"""Describe the API from its route table and from the classes it answers with."""

import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from solard.api.routes import Field, Route

_PLAIN = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    dict: {"type": "object"},
    datetime: {"type": "string", "format": "date-time"},
}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {"type": "string", "description": "One sentence."},
        "problems": {"type": "array", "items": {"type": "string"}},
    },
}


def describe(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of `routes`."""
    schemas: dict[str, Any] = {"Error": _ERROR}
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "solard", "version": version},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    content = {"schema": _answer(route.answer, schemas)} if route.answer is not None else {}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    operation: dict[str, Any] = {
        "summary": route.summary,
        "responses": {
            "200": {"description": route.summary, "content": {route.media: content}},
            "default": {"description": "Why it was not done", "content": error},
        },
    }
    if route.query:
        operation["parameters"] = [
            {
                "name": field.name,
                "in": "query",
                "required": field.required,
                "description": field.text,
                "schema": _kind(field.kind),
            }
            for field in route.query
        ]
    if route.method == "POST":
        operation["requestBody"] = {"content": {"application/json": {"schema": _body(route.body)}}}
    return operation


def _body(named: tuple[Field, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [field.name for field in named if field.required],
        "properties": {
            field.name: {**_kind(field.kind), "description": field.text} for field in named
        },
    }


def _kind(kind: str) -> dict[str, Any]:
    return dict(_PLAIN[datetime]) if kind == "date-time" else {"type": kind}


def _answer(answer: Mapping[str, Any] | type, schemas: dict[str, Any]) -> dict[str, Any]:
    if isinstance(answer, Mapping):
        named = {name: _schema(kind, schemas) for name, kind in answer.items()}
        return {"type": "object", "required": list(named), "properties": named}
    return _schema(answer, schemas)


def _schema(kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of what `solard.core.codec` makes of a type."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(one, schemas) for one in inner]}
    if origin in (tuple, frozenset):
        same = origin is frozenset or inner[-1] is Ellipsis
        return {"type": "array", "items": _schema(inner[0], schemas) if same else {}}
    if kind is type(None):
        return {"type": "null"}
    if is_dataclass(kind):
        return _reference(kind, schemas)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"type": "string", "enum": [one.value for one in kind]}
    return dict(_PLAIN.get(kind, {}))


def _reference(kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    name: str = kind.__name__
    if name not in schemas:
        schemas[name] = {}  # stands while its own fields are described
        hints = get_type_hints(kind)
        schemas[name] = {
            "type": "object",
            "required": [
                f.name
                for f in fields(kind)
                if f.default is MISSING and f.default_factory is MISSING
            ],
            "properties": {f.name: _schema(hints[f.name], schemas) for f in fields(kind)},
        }
    return {"$ref": f"#/components/schemas/{name}"}
