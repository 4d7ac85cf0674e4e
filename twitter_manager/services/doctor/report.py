"""What the doctor says, for a person and for a program."""

from collections.abc import Iterable, Sequence

from twitter_manager.services.doctor.check import Check

__all__ = ["all_well", "to_json", "to_text"]


def all_well(checks: Iterable[Check]) -> bool:
    """Warnings are well."""
    return not any(check.state == "fail" for check in checks)


def to_text(checks: Iterable[Check]) -> str:
    """A line for each check, and below it the remedy. Unprintable characters become '?'."""
    lines = []
    for check in checks:
        lines.append(f"{check.state:<4}  {check.name:<12}  {check.text}")
        if check.remedy is not None:
            lines.append(f"      do: {check.remedy}")
    return "\n".join("".join(char if char.isprintable() else "?" for char in line) for line in lines)


def to_json(checks: Sequence[Check]) -> dict[str, object]:
    return {"ok": all_well(checks), "checks": [check.to_json() for check in checks]}
