"""From bytes to commands: one decode when all is well, a careful second look when not.

A line that cannot be read is refused with the field and the reason. In a batch every transaction is looked at alone, so
that a bad one does not take its neighbours along. It must not know what commands do.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from domain.kernel import Refusal
from domain.products.commands import DescribeArticle
from domain.sales.commands import (
    CloseDay,
    DeclareDrawer,
    DeclareNoSales,
    ReportBatch,
    ResolveConflict,
    Transaction,
)
from domain.sales.facts import Rejected
from domain.stock.commands import RecordMovement
from domain.stores.commands import DescribeStore
from domain.values import Invalid, business_day, code

AnyCommand = (
    DescribeStore
    | DescribeArticle
    | ReportBatch
    | RecordMovement
    | DeclareDrawer
    | DeclareNoSales
    | ResolveConflict
    | CloseDay
)
SCHEMAS: Final[dict[str, type[msgspec.Struct]]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        DescribeStore,
        DescribeArticle,
        ReportBatch,
        RecordMovement,
        DeclareDrawer,
        DeclareNoSales,
        ResolveConflict,
        CloseDay,
    )
}
"""Every schema of an import line, in the order in which one import applies them."""

BATCH_LIMIT: Final = 8 * 1024 * 1024
TRANSACTIONS_LIMIT: Final = 50_000  # of one batch, as its schema says
REASON_LIMIT: Final = 300  # characters: a reason may quote the name of an unknown field, which may be of any length
_BLANK_BEFORE_COLON: Final = re.compile(rb'"\s+:')
_PATH: Final = re.compile(r" - at `([^`]*)`$")
_decoders: Final[dict[str, Callable[[bytes], Any]]] = {
    name: msgspec.json.Decoder(kind).decode for name, kind in SCHEMAS.items()
}
decode_transaction: Final = msgspec.json.Decoder(Transaction).decode
_encode: Final = msgspec.json.Encoder().encode


class Malformed(Refusal):
    """It cannot be read as what it says it is."""

    code = "malformed"
    kind = "invalid"


class DuplicateField(Malformed):
    """A field stands twice in one object, so that nobody can say which one holds."""

    code = "duplicate_field"


class TooLarge(Refusal):
    """It is larger than what one body may be."""

    code = "too_large"
    kind = "invalid"


class BadValue(Refusal):
    """A value does not say what its field asks for."""

    code = "bad_value"
    kind = "invalid"


class _Head(msgspec.Struct):
    schema: str = ""


_decode_head: Final = msgspec.json.Decoder(_Head).decode


def schema_of(raw: bytes) -> str:
    """The schema a line names.

    Raises:
        Malformed: it is no JSON object, or names no schema that there is.
    """
    try:
        name = _decode_head(raw).schema
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        name = seeming_schema(raw)
    if name not in SCHEMAS:
        if not name:
            raise Malformed("names no schema, such as counterfoil/batch/1", "/schema")
        raise Malformed(f"there is no schema {name[:60]!r}; there are {', '.join(SCHEMAS)}", "/schema")
    return name


def seeming_schema(raw: bytes) -> str:
    """What a broken line seems to say it is, so that it is refused as that."""
    found = re.search(rb'"schema"\s*:\s*"([a-z0-9/-]{1,40})"', raw[:4096])
    return found[1].decode() if found else ""


class Incoming(msgspec.Struct, frozen=True, gc=False):
    """A decoded batch with its bytes: what is readable, what is not, and where the bytes of each transaction are."""

    batch: ReportBatch
    raw: bytes
    bytes_hash: str
    rows: list[int] | None = None
    rejected: list[tuple[Rejected, bytes]] = []


def decode(schema: str, raw: bytes) -> Any:
    """A command of a schema other than a batch.

    Raises:
        TooLarge, Malformed, DuplicateField: with the field as a JSON pointer.
    """
    _check_size(raw)
    try:
        command = _decoders[schema](raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(error) from None
    if _may_hold_duplicates(raw, command):
        check_duplicates(raw)
    return command


def decode_batch(raw: bytes) -> Incoming:
    """A batch; transactions that cannot be read are set aside with the reason.

    Raises:
        TooLarge, Malformed, DuplicateField: the batch as a whole cannot be read.
    """
    _check_size(raw)
    bytes_hash = sha256(raw)
    try:
        batch: ReportBatch = _decoders["counterfoil/batch/1"](raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return _decode_apart(raw, bytes_hash, error)
    if _may_hold_duplicates(raw, batch):
        try:
            check_duplicates(raw)
        except DuplicateField as twice:
            return _decode_apart(raw, bytes_hash, twice)
    _check_head(batch)
    return Incoming(batch, raw, bytes_hash)


def _check_size(raw: bytes) -> None:
    if len(raw) > BATCH_LIMIT:
        raise TooLarge(f"the body has {len(raw):,} bytes, more than {BATCH_LIMIT:,}: send it in several")


def _check_head(batch: ReportBatch) -> None:
    for field, value, check in (
        ("/store", batch.store, code),
        ("/business_day", batch.business_day, business_day),
        ("/batch_id", batch.batch_id, code),
    ):
        checked(field, value, check)


def checked(field: str, value: str, check: Callable[[str], Any]) -> None:
    """Check a value of a command.

    Raises:
        BadValue: naming the field.
    """
    try:
        check(value)
    except Invalid as invalid:
        raise BadValue(f"{value[:40]!r} {invalid}", field) from None


def _decode_apart(raw: bytes, bytes_hash: str, error: Exception) -> Incoming:
    """Read each transaction alone. When not even the envelope can be read, the whole is refused."""
    try:
        envelope, slices = cut(raw)
    except Malformed:
        raise
    except (ValueError, RecursionError):
        raise _malformed(error) from None
    batch: ReportBatch = decode("counterfoil/batch/1", envelope)
    if len(slices) > TRANSACTIONS_LIMIT:
        raise Malformed(f"has more than {TRANSACTIONS_LIMIT:,} transactions: send the day in several", "/transactions")
    _check_head(batch)
    good, rows, rejected = [], [], []
    for row, part in enumerate(slices):
        try:
            transaction = decode_transaction(part)
            if _may_hold_duplicates(part, transaction):
                check_duplicates(part)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as unreadable:
            rejected.append((_rejected(row, part, _malformed(unreadable)), part))
        except Malformed as twice:
            rejected.append((_rejected(row, part, twice), part))
        else:
            good.append(transaction)
            rows.append(row)
    return Incoming(msgspec.structs.replace(batch, transactions=tuple(good)), raw, bytes_hash, rows, rejected)


def _rejected(row: int, part: bytes, why: Refusal) -> Rejected:
    register = re.search(rb'"register"\s*:\s*"([A-Za-z0-9._:-]{1,40})"', part)
    number = re.search(rb'"number"\s*:\s*([0-9]{1,15})\b', part)
    return Rejected(
        why.code,
        f"/transactions/{row}{why.field}",
        why.reason,
        sha256(part),
        len(part),
        register[1].decode() if register else "",
        int(number[1]) if number else 0,
    )


def cut(raw: bytes) -> tuple[bytes, list[bytes]]:
    """A batch's envelope without transactions, and the exact bytes of each transaction.

    Raises:
        ValueError, RecursionError: it is no JSON object with an array of transactions.
        DuplicateField: a field of the envelope stands twice.
    """
    text = raw.decode("utf-8", "surrogateescape")
    # control characters may stand in a text: they spoil that transaction, not where it ends
    scan = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, strict=False).raw_decode
    at = _skip(text, 0, "{")
    parts: dict[str, str] = {}
    slices: list[bytes] = []
    while text[at] != "}":
        name, at = scan(text, at if text[at] == '"' else len(text))  # nothing but a text is a name
        at = _skip(text, at, ":")
        if name in parts:
            raise DuplicateField(f"the field {name[:40]!r} stands twice", f"/{name[:40]}")
        if name == "transactions" and text[at] == "[":
            parts[name] = "[]"
            at = _cut_array(text, at, slices, scan)
        else:
            _, end = scan(text, at)
            parts[name], at = text[at:end], end
        at = _skip(text, at, ",}")
    if text[at + 1 :].strip():
        raise ValueError("something follows the object")
    envelope = ",".join(f"{json.dumps(name)}:{part}" for name, part in parts.items())
    return f"{{{envelope}}}".encode("utf-8", "surrogateescape"), slices


def _cut_array(text: str, at: int, slices: list[bytes], scan: Callable[[str, int], tuple[Any, int]]) -> int:
    at = _skip(text, at, "[")
    while text[at] != "]":
        _, end = scan(text, at)
        slices.append(text[at:end].encode("utf-8", "surrogateescape"))
        at = _skip(text, end, ",]")
    return at + 1


def _skip(text: str, at: int, expected: str) -> int:
    """Past blanks and one of `expected`, to what comes next; closing brackets are left standing."""
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    found = text[at : at + 1]
    if not found or found not in expected:
        raise ValueError(f"expected one of {expected!r}")
    if found in "}]":
        return at
    at += 1
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    if at >= len(text):
        raise ValueError("it ends too early")
    if found == "," and text[at] in "}]":
        raise ValueError("there is a comma too many")
    return at


def _may_hold_duplicates(raw: bytes, decoded: Any) -> bool:
    """Whether the bytes may hold more fields than the decoded value shows; counting is far quicker than looking."""
    written = _encode(decoded)
    if written == raw:
        return False
    if raw.count(b'":') != written.count(b'":') or _BLANK_BEFORE_COLON.search(raw) is not None:
        return True
    return b"\\u" in raw  # an escaped quotation mark counts when written, but not as it came


def check_duplicates(raw: bytes) -> None:
    """Look at every object.

    Raises:
        DuplicateField: naming the field that stands twice.
    """

    found: list[_Twice] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Twice:
        names = [name for name, _ in pairs]
        if len(set(names)) == len(names):
            return dict(pairs)
        found.append(_Twice(next(name for name in names if names.count(name) > 1)))
        return found[-1]

    whole = json.loads(raw, object_pairs_hook=unique, parse_int=str)
    if found:
        field, name = next(_twice_in(whole))
        raise DuplicateField(f"the field {name[:40]!r} stands twice in one object", field)


class _Twice(msgspec.Struct, frozen=True):
    """Stands where an object has a field twice."""

    name: str


def _twice_in(whole: Any) -> Iterator[tuple[str, str]]:
    """The JSON pointer and the name of each field that stands twice."""
    waiting = [("", whole)]
    while waiting:
        at, value = waiting.pop()
        if isinstance(value, _Twice):
            yield f"{at}/{_pointed(value.name)}", value.name
        elif isinstance(value, dict):
            waiting += [(f"{at}/{_pointed(name)}", inner) for name, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{at}/{place}", inner) for place, inner in enumerate(value)]


def _pointed(name: str) -> str:
    return name[:40].replace("~", "~0").replace("/", "~1")


def _malformed(error: Exception) -> Malformed:
    if isinstance(error, Malformed):
        return error
    if isinstance(error, RecursionError):
        return Malformed("is nested too deeply")
    if isinstance(error, UnicodeDecodeError):
        return Malformed(f"is not UTF-8 at byte {error.start}")
    message = str(error)
    found = _PATH.search(message)
    if found is None:
        return Malformed(message[:REASON_LIMIT])
    return Malformed(message[: found.start()][:REASON_LIMIT], pointer(found[1]))


def pointer(path: str) -> str:
    """A path such as `$.lines[0].sku` as a JSON pointer."""
    return "".join(f"/{part}" for part in re.split(r"[.\[\]]+", path.removeprefix("$")) if part)


def sha256(data: bytes) -> str:
    """The hex SHA-256 that names kept bytes."""
    return hashlib.sha256(data).hexdigest()


def json_schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    """The JSON Schema of every import line."""
    for name, kind in SCHEMAS.items():
        yield name, msgspec.json.schema(kind)
