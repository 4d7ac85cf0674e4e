"""How long a host label is in the DNS (RFC 3492), without writing it out.

The codec of the standard library takes 0.25 ms for one label; a text can hold hundreds of them. A label that does not
fit is given up as soon as that is certain.
"""

from bisect import bisect
from collections.abc import Iterator

_BASE, _T_MIN, _T_MAX, _SKEW, _DAMP, _FIRST_BIAS, _FIRST_CODE = 36, 1, 26, 38, 700, 72, 128


def encoded_length(label: str, *, most: int) -> int:
    """The length of `label` as "xn--…"; some number above `most` if it is longer than `most`."""
    plain = sum(char < "\x80" for char in label)
    length = len("xn--") + plain + (plain > 0)
    for digits in _digits(label, plain):
        length += digits
        if length > most:
            break
    return length


def _digits(label: str, written: int) -> Iterator[int]:
    """For each character that is not ASCII, in the order of the encoding, how many digits it takes."""
    places: dict[int, list[int]] = {}
    for place, char in enumerate(label):
        places.setdefault(max(ord(char), _FIRST_CODE - 1), []).append(place)
    smaller = places.pop(_FIRST_CODE - 1, [])  # where the characters stand that are written already
    code, delta, bias, first = _FIRST_CODE, 0, _FIRST_BIAS, True
    for following in sorted(places):
        delta += (following - code) * (written + 1)
        passed = 0
        for place in places[following]:
            before = bisect(smaller, place)
            delta += before - passed
            yield _number_of_digits(delta, bias)
            written += 1
            bias, delta, first, passed = _adapt(delta, written, first=first), 0, False, before
        delta, code = delta + len(smaller) - passed + 1, following + 1
        smaller = sorted(smaller + places[following])


def _number_of_digits(number: int, bias: int) -> int:
    count, weight = 1, _BASE
    while number >= (threshold := min(max(weight - bias, _T_MIN), _T_MAX)):
        number = (number - threshold) // (_BASE - threshold)
        count, weight = count + 1, weight + _BASE
    return count


def _adapt(delta: int, written: int, *, first: bool) -> int:
    delta = delta // _DAMP if first else delta // 2
    delta += delta // written
    steps = 0
    while delta > (_BASE - _T_MIN) * _T_MAX // 2:
        delta //= _BASE - _T_MIN
        steps += _BASE
    return steps + (_BASE - _T_MIN + 1) * delta // (delta + _SKEW)
