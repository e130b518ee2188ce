"""What a hostile or broken hand does to a file: bytes turned, blocks doubled, JSON values replaced, all by one seed."""

import json
import random
import re
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

Mutator = Callable[[random.Random, bytes, list[bytes]], bytes]

# A placeholder in a dumped value is replaced by tokens that Python's own writer would not write.
_MARK = re.compile(r'"@raw(\d+)@"')
# Of those in a value, what one change may choose from.
MOST_PLACES = 100_000
_DEEP = (90, 400, 990, 3000, 100_000)
RAW = (
    *("null", "true", "false", "0", "-1", "1", "-0.0", "0.1", "1e-400", "1e308", "1e999", "-1e999", "NaN", "Infinity"),
    *("2147483648", "9223372036854775808", "18446744073709551616", "9" * 400, "9" * 5000, "1" + "0" * 400 + ".5"),
    *(
        '""',
        '"\\ud800"',
        '"a\\udc00b"',
        '"\\u0000"',
        '"\\ud83d\\ude00"',
        "[]",
        "{}",
        "[[]]",
        "[null]",
        "[{}]",
        '{"":0}',
    ),
    *('{"start":0,"end":1,"label":"A"}', '[0,1,"A"]', '"=HYPERLINK(1)"', '"../../etc/passwd"', '{"a":1,"a":2}'),
)
TEXTS = (
    *(
        "\x00",
        "\ufeff",
        "\u2028",
        "\u0085",
        "\r",
        "\r\n",
        "\n\n",
        "\t",
        '"',
        "'",
        "\\",
        "\x1b[2J",
        "\u202e",
        "\U0001d4b3",
    ),
    *("e\u0301", "\u0130", "=1+1", "+1", "-1", "@SUM(1)", "../../etc/passwd", "/etc/passwd", "C:\\x", "a" * 5000),
    *(
        "-DOCSTART-",
        "B-",
        "I-A",
        "O",
        "E-A",
        "U-A",
        "T1\tA 0 1",
        ";",
        "0 1;2 3",
        "9" * 5000,
        "٣",
        "1e999",
        "[[",
        "{{7*7}}",
    ),
    *(
        "<!DOCTYPE a [<!ENTITY b 'c'>]>",
        "<<A>>",
        "<</A>>",
        "\\<<",
        "%s%n",
        "[" * 3000,
        '{"a":' * 3000,
        "${jndi:x}",
        ",",
    ),
)


MOST_BYTES = 2**26


def any_of(mutators: tuple[Mutator, ...]) -> Mutator:
    """Return a mutator that does one, two or three of these in turn."""

    def mutate(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            try:
                changed = rng.choice(mutators)(rng, data, others)
            except MemoryError:  # what was doubled too often is no input: as it was before is one
                break
            if len(changed) > MOST_BYTES:
                break
            data = changed
        return data

    return mutate


def of_bytes(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """Turn, drop, double, overwrite, splice or repeat bytes."""
    n = len(data)
    at, to = sorted((rng.randint(0, n), rng.randint(0, n)))
    to = min(to, at + rng.choice((1, 4, 16, 256, n)))
    match rng.randrange(8):
        case 0 if n:
            turned = bytearray(data)
            for _ in range(rng.choice((1, 1, 2, 8, 32))):
                turned[rng.randrange(n)] ^= 1 << rng.randrange(8)
            return bytes(turned)
        case 1:
            return data[:at] + data[to:]
        case 2:
            return data[:to] + data[at:]
        case 3:
            number = rng.choice((0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1))
            written = number.to_bytes(8, "little")[: rng.choice((1, 2, 4, 8))]
            return data[:at] + written + data[at + len(written) :]
        case 4:
            other = rng.choice(others)
            return data[:at] + other[rng.randint(0, len(other)) :]
        case 5:
            return data[:at] + data[at:to][:64] * rng.choice((2, 50, 500)) + data[to:]
        case 6:
            return data[:at]
        case _:
            return data[:at] + rng.randbytes(rng.choice((1, 4, 32))) + data[at:]


def of_text(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """Put a hostile string somewhere, or take out, double, or swap lines."""
    if rng.random() < 0.6:
        at = rng.randint(0, len(data))
        cut = at + rng.choice((0, 0, 1, 5))
        return data[:at] + rng.choice(TEXTS).encode("utf-8", "surrogatepass") + data[cut:]
    lines = data.split(b"\n")
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            del lines[i]
        case 1:
            lines.insert(j, lines[i])
        case 2:
            lines[i], lines[j] = lines[j], lines[i]
        case _:
            lines.insert(i, rng.choice(rng.choice(others).split(b"\n")))
    return b"\n".join(lines)


def of_fields(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """Replace what stands between separators by a number or a string that nobody expects."""
    fields = re.split(rb"([\s,;=\"':]+)", data)
    i = rng.randrange(len(fields))
    put = rng.choice((*RAW[:20], *TEXTS, "-1", "99999999999999999999"))
    fields[i] = put.encode("utf-8", "surrogatepass")
    return b"".join(fields)


def of_json(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """Change a node of the JSON in the data: of the whole, or of one of its lines."""
    try:
        return _changed(rng, json.loads(data)).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        pass
    lines = data.split(b"\n")
    i = rng.randrange(len(lines))
    try:
        lines[i] = _changed(rng, json.loads(lines[i])).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return of_text(rng, data, others)
    return b"\n".join(lines)


def _changed(rng: random.Random, value: Any) -> str:
    raws: list[str] = []

    def raw() -> str:
        kind = rng.random()
        if kind < 0.08:
            depth = rng.choice(_DEEP)
            raws.append(rng.choice(("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth)))
        elif kind < 0.3:
            raws.append(json.dumps(rng.choice(TEXTS)))
        else:
            raws.append(rng.choice(RAW))
        return f"@raw{len(raws) - 1}@"

    root = [value]
    # An input that was changed before may have millions.
    places = list(islice(_places(root), MOST_PLACES))
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        holder, key = rng.choice(places)
        _change(rng, holder, key, raw, places)
    written = json.dumps(root[0], ensure_ascii=rng.random() < 0.5) if root else ""
    written = _MARK.sub(lambda found: raws[int(found[1])], written)
    if rng.random() < 0.05:
        # A key twice: which of the two counts is nobody's to guess.
        written = re.sub(r'("\w+": ?)', r"\g<1>null, \g<1>", written, count=1)
    return written


def _change(rng: random.Random, holder: Any, key: Any, raw: Callable[[], str], places: list[tuple[Any, Any]]) -> None:
    if (isinstance(holder, dict) and key not in holder) or (isinstance(holder, list) and key >= len(holder)):
        return
    match rng.randrange(7):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[rng.choice((str(key).upper(), f"{key}s", "", "id", "text", "status", "__proto__"))] = holder.pop(key)
        case 2 if isinstance(holder, list):
            holder += [holder[key]] * rng.choice((1, 3, 300))
        case 3:
            other, at = rng.choice(places)
            if (isinstance(other, dict) and at in other) or (isinstance(other, list) and at < len(other)):
                holder[key] = json.loads(json.dumps(other[at]))
        case 4 if type(holder[key]) is int:
            holder[key] += rng.choice((-1, 1, -(10**6), 2**31, 2**63, 10**30))
        case _:
            holder[key] = raw()


def _places(root: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a value that was read, parents first; not by recursion, for it may be a hundred deep and wide."""
    left = [root]
    while left:
        node = left.pop()
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            yield node, key
            if isinstance(node[key], dict | list) and node[key]:
                left.append(node[key])


def of_docbin(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """Change what a DocBin unpacks to: its bytes, or one of its parts, packed again so that the packing is sound."""
    import srsly

    if rng.random() < 0.1:
        return of_bytes(rng, data, others)
    try:
        unpacked = zlib.decompress(data)
        if rng.random() < 0.3:
            return zlib.compress(of_bytes(rng, unpacked, [unpacked]))
        parts = srsly.msgpack_loads(unpacked)
    except Exception:  # noqa: BLE001  it was changed before, and can raise anything
        return of_bytes(rng, data, others)
    key = rng.choice(list(parts))
    value = parts[key]
    if isinstance(value, bytes):
        parts[key] = of_bytes(rng, value, [value])
    elif isinstance(value, list) and value:
        i = rng.randrange(len(value))
        one = value[i]
        odd: list[Any] = [None, -1, 0, 2**63, "", "x", b"\xff", [], {}, [0], {"a": 1}, 64, 73, 77, 81]
        value[i] = of_bytes(rng, one, [one]) if isinstance(one, bytes) and rng.random() < 0.7 else rng.choice(odd)
        if rng.random() < 0.2:
            del value[rng.randrange(len(value))]
    else:
        parts[key] = rng.choice((None, 0, "x", [], {}))
    return zlib.compress(srsly.msgpack_dumps(parts))


BINARY = of_bytes
TEXT = any_of((of_text, of_fields, of_bytes))
JSON = any_of((of_json, of_json, of_json, of_text, of_bytes))
