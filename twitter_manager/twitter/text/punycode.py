"""How long a host label is in the DNS (RFC 3492), without writing it out.

The codec of the standard library takes 0.25 ms for one label; a text can hold thousands of them. A label that does not
fit is abandoned as soon as that is certain.
"""

from bisect import bisect
from functools import cache

__all__ = ["encoded_length", "max_encoded_length"]

_BASE, _T_MIN, _T_MAX, _SKEW, _DAMP, _FIRST_BIAS, _FIRST_CODE = 36, 1, 26, 38, 700, 72, 128
_MAX_DIGITS = 12  # enough for any number: from the second digit on each makes the largest ten times larger


def max_encoded_length(label: str) -> int:
    """The maximum length of `label`, which is not all ASCII, as "xn--…", from its length and largest character."""
    # no number is larger than the largest character times the length (RFC 3492 §6.3)
    return len("xn--") + len(label) * (bisect(_MIN_LIMITS, ord(max(label)) * len(label)) + 1)


def encoded_length(label: str, *, limit: int) -> int:
    """The length of `label` as "xn--…"; some number above `limit` if it is longer than `limit`."""
    codes = list(map(ord, label))
    written = [position for position, code in enumerate(codes) if code < _FIRST_CODE]  # of what is already written
    length = len("xn--") + len(written) + bool(written)
    last, at, bias, damp = _FIRST_CODE, 0, _FIRST_BIAS, _DAMP
    for code, position in sorted([(code, position) for position, code in enumerate(codes) if code >= _FIRST_CODE]):
        # As the decoder goes: from having inserted one character to inserting the next one, which may be far from it.
        index = bisect(written, position)
        delta = (code - last) * (len(written) + 1) + index - at
        length += bisect(_limits(bias), delta) + 1
        if length > limit:
            break
        written.insert(index, position)
        last, at = code, index + 1
        bias, damp = _bias_after(delta // damp, len(written)), 2
    return length


@cache
def _limits(bias: int) -> tuple[int, ...]:
    """The smallest number that needs two digits, three, four and so on."""
    limits, limit, weight = [], 0, 1
    for digit in range(1, _MAX_DIGITS):
        threshold = min(max(_BASE * digit - bias, _T_MIN), _T_MAX)
        limit += threshold * weight
        weight *= _BASE - threshold
        limits.append(limit)
    return tuple(limits)


def _bias_after(delta: int, written: int) -> int:
    delta += delta // written
    steps = 0
    while delta > (_BASE - _T_MIN) * _T_MAX // 2:
        delta //= _BASE - _T_MIN
        steps += _BASE
    return steps + (_BASE - _T_MIN + 1) * delta // (delta + _SKEW)


_MIN_LIMITS = tuple(map(min, zip(*map(_limits, range(_BASE * _MAX_DIGITS)), strict=True)))  # whatever the bias
