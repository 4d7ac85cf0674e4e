"""A multipart/form-data body with one file (RFC 7578), sent without a copy of the file's bytes."""

import secrets
from collections.abc import Iterator, Mapping

__all__ = ["Data", "Multipart"]

Data = bytes | bytearray | memoryview


class Multipart:
    """`fields` as text, then the file as the field `name`. Names and values are ours: no quotes, no line ends.

    requests and urllib3 take its length for Content-Length and send its pieces one after the other.
    """

    def __init__(self, fields: Mapping[str, str], name: str, data: Data, *, content_type: str) -> None:
        boundary = secrets.token_hex(16)  # 128 random bits are in no file
        self.content_type = f"multipart/form-data; boundary={boundary}"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
            for field, value in fields.items()
        ]
        file_head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
            f"Content-Type: {content_type}\r\n\r\n"
        )
        self._head = ("".join(parts) + file_head).encode()
        self._data = memoryview(data).cast("B")
        self._tail = f"\r\n--{boundary}--\r\n".encode()

    def __iter__(self) -> Iterator[Data]:
        return iter((self._head, self._data, self._tail))

    def __len__(self) -> int:
        return len(self._head) + len(self._data) + len(self._tail)
