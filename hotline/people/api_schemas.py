"""Shapes of the travellers API, as the OpenAPI description shows them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class ImportOut(BaseModel):
    """What became of a list: accepted_count + refused_count is the number of its rows.

    `created_count` and `updated_count` say how many of the accepted were about new and about known people; `refused`
    names the first 1,000 faults as {line, field, value, mend}.
    """

    accepted_count: int
    created_count: int
    updated_count: int
    refused_count: int
    refused: list[dict[str, Any]]
    warnings: list[str]
