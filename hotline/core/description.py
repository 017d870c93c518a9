"""What the API's description says of every call alike: who may call it, what it takes, and how it refuses.

A view says with `takes` what its schema cannot: query parameters, headers, bodies that are no JSON. The rest is known from the
house's own rules: every call needs a token and a permission, ids are those a row can have, and every refusal is a problem
document (RFC 9457). `tests/hostile/test_description.py` holds the service to every word of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from flask import Flask
from pydantic import BaseModel
from werkzeug.routing import Rule

from hotline.core.web import MAX_BODY_BYTES, PROBLEM_TYPE, permission_of

MAX_ID = 2**63 - 1
View = TypeVar("View", bound=Callable[..., Any])

PAGE_LIMIT = {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
"""How many rows a page of a list has."""
ROW_ID = {"type": "integer", "format": "int64", "minimum": 1, "maximum": MAX_ID}
_PROBLEM = "Problem"
_REF = "#/components/schemas/{model}"
_SCHEMAS: dict[str, dict[str, Any]] = {
    _PROBLEM: {
        "description": "Why a call was refused, as an RFC 9457 problem document.",
        "type": "object",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string", "description": "What is wrong and how it is mended, in one or two sentences."},
            "code": {"type": "string", "description": "A stable name of the rule, finer than the type."},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}},
            "request_id": {"type": "string", "description": "The number to tell the administrator, with status 500."},
        },
    },
    "Fault": {
        "description": "One fault of the input, with its mend.",
        "type": "object",
        "required": ["field", "mend"],
        "properties": {
            "field": {"type": "string"},
            "value": {"description": "What was given, shortened."},
            "mend": {"type": "string"},
        },
    },
}
_REFUSALS = {
    "400": "The body cannot be read as what its Content-Type says",
    "401": "The token is missing, unknown, expired or revoked",
    "403": "Your roles do not give the permission",
    "404": "There is no such thing",
    "409": "A rule of the house forbids it, or somebody else changed it meanwhile",
    "413": f"The body is larger than {MAX_BODY_BYTES // (1024 * 1024)} MiB",
    "415": "The body is in a format that this call does not read",
    "422": "The input has faults; every one is named with field, value and mend",
    "503": "A server that the answer depends on cannot be reached; nothing was changed",
}


def query(name: str, schema: Mapping[str, Any], description: str) -> dict[str, Any]:
    """Return a parameter of the address; an array may be repeated."""
    return {"in": "query", "name": name, "required": False, "schema": dict(schema), "description": description}


def header(name: str, schema: Mapping[str, Any], description: str) -> dict[str, Any]:
    """Return a header that a call may carry."""
    return {"in": "header", "name": name, "required": False, "schema": dict(schema), "description": description}


def takes(
    *parameters: Mapping[str, Any],
    bodies: Mapping[str, type[BaseModel] | str] | None = None,
    body_required: bool = True,
    or_answers: type[BaseModel] | None = None,
) -> Callable[[View], View]:
    """Declare what a view reads by itself: parameters, and bodies by media type, as a model or as words for a text.

    `or_answers` is what it answers in the place of its output, where that depends on the body.
    """

    def declare(view: View) -> View:
        view.__takes__ = (parameters, bodies or {}, body_required, or_answers)  # type: ignore[attr-defined]  # read below
        return view

    return declare


def complete(app: Flask, spec: dict[str, Any]) -> None:
    """Complete the OpenAPI document with what holds for every call."""
    schemas = spec.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPError", "ValidationError"):
        schemas.pop(unused, None)
    schemas.update(_SCHEMAS)
    spec["security"] = [{"bearer": []}]
    for rule, operation in _operations(app, spec):
        _add_taken(app, rule, operation, schemas)
        _bound_ids(operation)
        _add_permission(operation, permission_of(app, rule.endpoint))
        _add_refusals(rule, operation)


def _operations(app: Flask, spec: dict[str, Any]) -> Iterator[tuple[Rule, dict[str, Any]]]:
    for rule in app.url_map.iter_rules():
        described = spec["paths"].get(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), {})
        for method in rule.methods or ():
            if method.lower() in described:
                yield rule, described[method.lower()]


def _add_taken(app: Flask, rule: Rule, operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    view: Any = app.view_functions[rule.endpoint]
    while view is not None and not hasattr(view, "__takes__"):
        view = getattr(view, "__wrapped__", None)
    if view is None:
        return
    parameters, bodies, required, or_answers = view.__takes__
    operation.setdefault("parameters", []).extend(dict(each) for each in parameters)
    if bodies:
        content = {media_type: {"schema": _schema_of(body, schemas)} for media_type, body in bodies.items()}
        operation["requestBody"] = {"required": required, "content": content}
    if or_answers is not None:
        other = _schema_of(or_answers, schemas)
        for response in filter(_is_described, operation["responses"].values()):
            for shown in response["content"].values():
                shown["schema"] = {"anyOf": [shown["schema"], other]}


def _schema_of(body: type[BaseModel] | str, schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a body; a model and what it consists of become components, so that references to them hold."""
    if isinstance(body, str):
        return {"type": "string", "description": body}
    schema = body.model_json_schema(ref_template=_REF)
    schemas.update(schema.pop("$defs", {}))
    schemas[body.__name__] = schema
    return {"$ref": _REF.format(model=body.__name__)}


def _bound_ids(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path" and parameter["schema"].get("type") == "integer":
            parameter["schema"] = dict(ROW_ID)


def _add_permission(operation: dict[str, Any], permission: str | None) -> None:
    needed = f"Needs the permission `{permission}`."
    operation["description"] = f"{operation['description']} {needed}" if operation.get("description") else needed


def _add_refusals(rule: Rule, operation: dict[str, Any]) -> None:
    """Say how a call refuses, and what else it answers when it succeeds in another way."""
    responses = operation["responses"]
    statuses = ["401", "403", "422", "503"]
    statuses += ["404"] if rule.arguments else []
    statuses += ["409"] if rule.methods and not rule.methods & {"GET"} else []
    statuses += ["400", "413", "415"] if "requestBody" in operation else []
    for status in statuses:
        responses.setdefault(status, {"description": _REFUSALS[status]})
    shown = next(
        (each["content"] for status, each in responses.items() if status[0] == "2" and _is_described(each)), None
    )
    for status, response in responses.items():
        if status[0] in "45":
            response["content"] = {PROBLEM_TYPE: {"schema": {"$ref": _REF.format(model=_PROBLEM)}}}
        elif shown is not None and status != "204" and not _is_described(response):
            response["content"] = shown


def _is_described(response: Mapping[str, Any]) -> bool:
    return any(each.get("schema") for each in response.get("content", {}).values())
