"""Why a body is not JSON, in words that help whoever wrote it by hand or assembled it from strings."""

import json
import re

__all__ = ["likely_cause", "likely_cause_of_bytes"]

_FORM = re.compile(r"\s*[\w.%+\[\]-]{1,100}=")
_WORD = re.compile(r"-?[A-Za-z_$]{1,16}")
_TYPOGRAPHIC = "“”„‟‘’‚‛«»"
_MAX_BEGINNING = 100  # characters of a body that are checked for its format
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")

# by words in what the parser says
_BY_MESSAGE = {
    "end of data": "it ends too early: a part was cut off, or a closing quote or bracket is missing",
    "trailing comma": "a comma stands before a closing bracket",
    "expected ':'": "a colon is missing after a field's name",
    "expected ','": r"a comma is missing, or a double quote inside a text is not written as \"",
    "escape": r"a backslash in a text must be written as \\",
    "after document": "something follows after the end of the object",
    "depth": "it is nested too deeply",
    "infinity": "a number is too large",
    "zero": "a number must not begin with 0",
    "digit": "a number is not complete",
}
_BY_CONTROL_CHARACTER = {
    "\n": r"a line break inside a text must be written as \n",
    "\r": r"a line break inside a text must be written as \n",
    "\t": r"a tab inside a text must be written as \t",
}
_BY_WORD = {
    **dict.fromkeys(("None", "True", "False"), "JSON has null, true and false, not None, True and False"),
    **dict.fromkeys(("NaN", "Infinity", "-Infinity", "undefined"), "JSON has no such value; take null or leave it out"),
}


def likely_cause(error: json.JSONDecodeError) -> str | None:
    """What is probably wrong at the position of `error`; None where no cause is likely."""
    return _cause_of_whole(error.doc[:_MAX_BEGINNING]) or _cause_at_position(error)


def likely_cause_of_bytes(data: bytes, fault: UnicodeDecodeError) -> str:
    """The sentence about a body that is not UTF-8."""
    if data.startswith(_UTF_16) or b"\0" in data[:4]:
        return "The body is UTF-16 or UTF-32; JSON must be sent as UTF-8"
    line = data.count(b"\n", 0, fault.start) + 1
    column = len(data[data.rfind(b"\n", 0, fault.start) + 1 : fault.start].decode()) + 1
    return f"The body is not UTF-8: line {line}, column {column}"


def _cause_of_whole(begin: str) -> str | None:
    if not begin.strip():
        return "it is empty"
    if "\0" in begin[:4]:
        return "it is UTF-16 or UTF-32; JSON must be sent as UTF-8"
    if begin.lstrip().startswith("<"):
        return "it is XML or HTML"
    return "it is a form (name=value)" if _FORM.match(begin) else None


def _cause_at_position(error: json.JSONDecodeError) -> str | None:
    here, message = error.doc[error.pos : error.pos + 20], error.msg
    if "control character" in message:
        return _BY_CONTROL_CHARACTER.get(here[:1], r"a control character inside a text must be written as \u00…")
    if here.startswith(("//", "/*", "#")):
        return "JSON has no comments"
    if here[:1] == "'":
        return "texts and names stand in double quotes, not in single ones"
    if here and here[0] in _TYPOGRAPHIC:
        return "texts and names stand in straight double quotes, not in typographic ones"
    word = _WORD.match(here)
    if word and word[0] in _BY_WORD:
        return _BY_WORD[word[0]]
    if "string key" in message:
        return "a field's name must stand in double quotes"
    found = next((cause for words, cause in _BY_MESSAGE.items() if words in message), None)
    return found or ("a text must stand in double quotes" if word else None)
