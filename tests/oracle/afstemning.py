"""Computes what has become of a payout independently of modregn, for the end-to-end tests to compare with.

    python3 afstemning.py < events

Each line of `events` is something that happened, in order: `svar FILE`, an answer that left; `udbetaling FILE`,
a report that came; `frist`, the deadline was noted. Gives one JSON object: of each municipality, for each
outcome how many expectations there are, what was asked for and what came (øre); and, as `uventet`, how many
agreements were reported that nobody asked for, and their amounts together.

Written from the published column tables alone: columns are (start, length), start counted from 1. The rule
is the default one, `rettelse = "erstatter"`.
"""

import collections
import json
import sys


def column(record, start, length):
    return record[start - 1 : start - 1 + length].decode("iso-8859-1")


def records(path):
    with open(path, "rb") as file:
        data = file.read()
    assert data.endswith(b"\r\n"), path
    lines = data[:-2].split(b"\r\n")
    assert all(len(line) == 120 for line in lines), path
    kinds = [column(line, 1, 2) for line in lines]
    assert kinds == ["10"] + ["20"] * (len(lines) - 2) + ["90"], path
    assert int(column(lines[-1], 7, 9)) == len(lines) - 2, path
    return lines[0], lines[1:-1], lines[-1]


def signed(record, start, length):
    size = int(column(record, start, length))
    return {"+": size, "-": -size}[column(record, start + length, 1)]


class Expected:
    def __init__(self, beloeb):
        self.beloeb = beloeb
        self.received = None
        self.taken_back = False

    def report(self, amounts):
        self.taken_back = any(amount < 0 for amount in amounts)
        if self.taken_back:
            self.received = (self.received or 0) + sum(amounts)
        else:
            self.received = sum(amounts)

    def outcome(self, is_over):
        if self.received is None:
            return "udeblevet" if is_over else "aaben"
        if self.received > self.beloeb:
            return "over"
        if self.received == self.beloeb:
            return "fuld"
        if self.received > 0:
            return "delvis"
        return "tilbagefoert" if self.taken_back else "ingen"


def main():
    asked, unasked, known, is_over = {}, {}, set(), False
    for event in sys.stdin.read().splitlines():
        what, _, path = event.partition(" ")
        if what == "frist":
            is_over = True
            continue
        head, body, end = records(path)
        kommune = column(head, 3, 4)
        if what == "svar":
            for line in body:
                key = kommune, column(line, 16, 20)
                assert key not in asked, (path, key)
                asked[key] = Expected(int(column(line, 46, 11)))
            assert int(column(end, 16, 15)) == sum(int(column(line, 46, 11)) for line in body)
            continue
        assert what == "udbetaling", event
        if column(head, 7, 36) in known:
            continue
        known.add(column(head, 7, 36))
        assert signed(end, 16, 15) == sum(signed(line, 46, 11) for line in body)
        amounts = collections.defaultdict(list)
        for line in body:
            amounts[kommune, column(line, 16, 20)].append(signed(line, 46, 11))
        for key, of_one in amounts.items():
            found = asked.get(key) or unasked.setdefault(key, Expected(0))
            found.report(of_one)

    figures = collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0, 0]))
    for (kommune, _), one in asked.items():
        post = figures[kommune][one.outcome(is_over)]
        post[0] += 1
        post[1] += one.beloeb
        post[2] += one.received or 0
    for (kommune, _), one in unasked.items():
        post = figures[kommune]["uventet"]
        post[0] += 1
        post[2] += one.received
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
