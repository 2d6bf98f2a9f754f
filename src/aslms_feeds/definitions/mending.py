"""Tables are rid of what is wrong in them, so that the rest of their file is checked in the same run.

What is wrong and may be absent is taken out; for what is required, something stands in. The result is never published.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from aslms_feeds.definitions.explaining import find_inner_model, locate_error
from aslms_feeds.definitions.toml import freeze

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from aslms_feeds.definitions.toml import Location

Model = TypeVar("Model", bound=BaseModel)

UNREAD = "unread-0-"
"""How ids begin that stand for what could not be read; that has been said already."""
_STAND_INS: dict[str, object] = {
    "name": "?",
    "title": "?",
    "text": "?",
    "team": "?",
    "race": "?",
    "why": "?",
    "short": "?",
    "url": "https://example.org",
    "kind": "other",
    "what": "announced",
    "country": "XX",
    "timezone": "UTC",
    "base_url": "https://example.org",
    "identity": "example.org",
    "tag_date": date(2000, 1, 1),
}
"""What stands for a required key that is wrong or missing while the rest of its file is checked."""
_ID_KEYS = frozenset({"id", "class", "event", "session"})
_ROUNDS = 4
"""Taking out what is wrong may show what a check of the whole table finds then."""


def mend(model: type[Model], data: object, error: ValidationError) -> tuple[Model | None, list[ErrorDetails]]:
    """Return the model without what is wrong, and all that is; lists keep their length, and with it their positions."""
    table = _unfreeze(data)
    errors: list[ErrorDetails] = []
    for _round in range(_ROUNDS):
        new = error.errors(include_url=False)
        # What stands in for something wrong is no mistake of the file.
        places = dict.fromkeys(locate_error(table, details) for details in new)
        errors += new
        if not all(_mend_place(model, table, place) for place in places):
            break
        try:
            return model.model_validate(freeze(table)), errors
        except ValidationError as again:
            error = again
    return None, errors


def _unfreeze(value: Any) -> Any:  # noqa: ANN401 - any TOML value
    match value:
        case dict():
            return {key: _unfreeze(inner) for key, inner in value.items()}
        case tuple():
            return [_unfreeze(inner) for inner in value]
        case _:
            return value


def _mend_place(model: type[BaseModel], table: Any, location: Location) -> bool:  # noqa: ANN401 - any TOML value
    """Take what is wrong at a place out of the table; False when that cannot be done."""
    current, data = model, table
    for index, step in enumerate(location):
        if isinstance(step, int):
            data = data[step]
            if not isinstance(data, dict):
                return False
            continue
        info = next((info for name, info in current.model_fields.items() if (info.alias or name) == step), None)
        if info is None:
            return data.pop(step, None) is not None if isinstance(data, dict) else False
        inner = find_inner_model(info.annotation)
        deeper = location[index + 1 :]
        value = data.get(step)
        if inner is not None and deeper and (isinstance(value, dict) or _is_list_of_tables(value, deeper[0])):
            current, data = inner, value
        elif not info.is_required() and (step in data or step not in _STAND_INS):
            data.pop(step, None)
            return True
        else:
            return _stand_in(data, step, location)
    return False


def _is_list_of_tables(value: object, step: str | int) -> bool:
    return isinstance(value, list) and isinstance(step, int) and isinstance(value[step], dict)


def _stand_in(data: dict[str, Any], key: str, location: Location) -> bool:
    """Put something right in the place of a required key; False when there is nothing for it."""
    indexes = [step for step in location if isinstance(step, int)]
    if key == "number":
        data[key] = f"Z{indexes[-1]:04}"[:5]
    elif key in _STAND_INS:
        data[key] = _STAND_INS[key]
    elif key in _ID_KEYS:
        data[key] = UNREAD + "-".join(str(index) for index in indexes)
    else:
        return False
    return True
