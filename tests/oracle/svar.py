"""Computes SF2530 answers independently of modregn, for the end-to-end tests to compare with.

    python3 svar.py AFTALER.csv < jobs

Each line of `jobs` names a request file, the moment the answer was made (YYYYMMDDHHMMSS, which nobody
but the product can know) and the file to write. Written from the published column tables alone: the
columns stand here as (start, length, value), start counted from 1.
"""

import csv
import sys


def text(value, length):
    raw = value.encode("iso-8859-1")
    assert len(raw) <= length, (value, length)
    return raw.ljust(length, b" ")


def number(value, length):
    assert value >= 0
    raw = b"%d" % value
    assert len(raw) <= length, (value, length)
    return raw.rjust(length, b"0")


def record(*fields):
    line = bytearray(b" " * 120)
    for start, raw in fields:
        line[start - 1 : start - 1 + len(raw)] = raw
    assert len(line) == 120
    return bytes(line) + b"\r\n"


def date(written):
    return written.replace("-", "")


def active(aftale, day):
    return (
        aftale["status"] == "aktiv"
        and date(aftale["gyldig_fra"]) <= day
        and (aftale["gyldig_til"] == "" or day <= date(aftale["gyldig_til"]))
    )


def order(aftale):
    key = aftale["cpr"], int(aftale["prioritet"]), aftale["aftale_id"]
    return key[0].encode(), key[1], key[2].encode("iso-8859-1")


def answer(request, dannet, aftaler):
    def column(start, length):
        return request[start - 1 : start - 1 + length].decode("ascii")

    kommunekode, day = column(3, 4), column(51, 8)
    chosen = sorted((a for a in aftaler.get(kommunekode, ()) if active(a, day)), key=order)
    yield record(
        (1, b"10"),
        (3, text(kommunekode, 4)),
        (7, text(column(7, 36), 36)),
        (43, text(dannet[:8], 8)),
        (51, text(dannet[8:], 6)),
        (57, text(day, 8)),
        (65, text(column(59, 6), 6)),
        (71, text(column(65, 4), 4)),
    )
    for loebenummer, aftale in enumerate(chosen, 1):
        yield record(
            (1, b"20"),
            (3, text(kommunekode, 4)),
            (7, number(loebenummer, 9)),
            (16, text(aftale["aftale_id"], 20)),
            (36, text(aftale["cpr"], 10)),
            (46, number(int(aftale["beloeb"]), 11)),
            (57, text(aftale["ydelsestype"], 2)),
            (59, text(date(aftale["gyldig_fra"]), 8)),
            (67, text(date(aftale["gyldig_til"]), 8)),
            (75, number(int(aftale["prioritet"]), 2)),
            (77, text(aftale["fordring_id"], 20)),
        )
    yield record(
        (1, b"90"),
        (3, text(kommunekode, 4)),
        (7, number(len(chosen), 9)),
        (16, number(sum(int(a["beloeb"]) for a in chosen), 15)),
    )


def main(path):
    aftaler = {}
    with open(path, encoding="utf-8", newline="") as file:
        for aftale in csv.DictReader(file):
            aftaler.setdefault(aftale["kommunekode"], []).append(aftale)
    for job in sys.stdin:
        request_path, dannet, answer_path = job.split()
        with open(request_path, "rb") as file:
            request = file.read()
        with open(answer_path, "wb") as file:
            file.writelines(answer(request, dannet, aftaler))


if __name__ == "__main__":
    main(sys.argv[1])
