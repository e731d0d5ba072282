"""What a field refuses, from pydantic's words to ours."""

import re

from pydantic_core import ErrorDetails

from nas.space.holes import shown
from nas.space.mistakes import Mistake, near

_TODO = {
    "missing": "give it a value",
    "int_type": "write a whole number, such as 3",
    "int_from_float": "write a whole number, such as 3",
    "float_type": "write a number, such as 0.5",
    "bool_type": "write True or False",
    "string_type": "write it in quotes",
    "tuple_type": "write (...,)",
    "too_short": "add one",
    "too_long": "write fewer",
    "finite_number": "write a number",
}


def refusal(kind: str, details: ErrorDetails) -> Mistake:
    """The mistake that pydantic found in a field of a config class called `kind`."""
    field, within = details["loc"][:1], details["loc"][1:]
    where = ".".join(map(str, (*field, *(step for step in within if isinstance(step, int)))))  # not a union's members
    if details["type"] == "missing":
        return Mistake(where, f"{kind} needs this field", _TODO["missing"])
    if details["type"] == "value_error":
        return Mistake(where, str(details["ctx"]["error"]))
    if details["type"] in ("too_short", "too_long"):
        limits = details["ctx"]
        wanted = f"at least {limits['min_length']}" if "min_length" in limits else f"at most {limits['max_length']}"
        return Mistake(where, f"must have {wanted} items, got {limits['actual_length']}", _todo(details))
    return Mistake(where, f"{_in_our_words(details['msg'])}, got {shown(details['input'])}", _todo(details))


def _todo(details: ErrorDetails) -> str:
    limits = details.get("ctx", {})
    if details["type"] == "literal_error":
        known = re.findall(r"'([^']*)'", str(limits["expected"]))
        return near(str(details["input"])[:40], known) if known else "write one of these"
    if "ge" in limits or "gt" in limits:
        return "raise it"
    if "le" in limits or "lt" in limits:
        return "lower it"
    return _TODO.get(details["type"], "write one")


def _in_our_words(message: str) -> str:
    text = message.replace("Input should be a valid dictionary or instance of", "must be a")
    text = text.replace("Input should be", "must be").replace("a valid integer", "a whole number")
    return re.sub(r"\ba (?=[AEIOU])", "an ", text.replace("a valid ", "a "))
