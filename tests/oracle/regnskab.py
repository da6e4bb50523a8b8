"""Computes the debitorsystems' ledger independently of modregn, for the end-to-end test to compare with.

    python3 regnskab.py SORTIMENT.csv REGISTRERINGER.jsonl < accepted

Each line of REGISTRERINGER.jsonl is a registration in the order in which they were entered; one with `retter`
takes the place of the one that it corrects. Each line of `accepted` is the registrering_id of one that was
accepted in the end; all others were rejected, and the reason's code stands behind the id after a blank.

Says what is wrong with that, if anything is: a registration that should have been rejected, or for another
reason, or accepted. Otherwise it writes the ledger: kommunekode, fagsystem, debitorkonto_id, fordring_id,
delfordring_id, hovedstol, nedreguleret, daekket and restance, amounts in oere, by the first five. Written from
the rules as they are published, not from the code.
"""

import csv
import json
import sys

ENDS = {
    "AfslutGaeldendeAdresseAdministrator": ("adresser", ["administrator"]),
    "AfslutGaeldendeAdresseJuridiskAnsvarlig": ("adresser", ["juridisk-ansvarlig"]),
    "AfslutGaeldendeAdresseJuridiskMedhaefter": ("adresser", ["juridisk-medhaefter"]),
    "AfslutHaeftelse": ("haeftelser", ["juridisk-ansvarlig", "juridisk-medhaefter"]),
    "AfslutLigestillingspartner": ("haeftelser", ["ligestillingspartner"]),
    "AfslutAdministrator": ("haeftelser", ["administrator"]),
    "AfslutMaterialeabonnementAdministrator": ("materialeabonnementer", ["administrator"]),
    "AfslutMaterialeabonnementJuridiskAnsvarlig": ("materialeabonnementer", ["juridisk-ansvarlig"]),
    "AfslutMaterialeabonnementJuridiskMedhaefter": ("materialeabonnementer", ["juridisk-medhaefter"]),
}
FOREVER = "9999-12-31"


class Konto:
    """A debitorkonto whose OpretDebitorkonto was accepted."""

    def __init__(self, content):
        self.dele = {
            (fordring["fordring_id"], delfordring["delfordring_id"]): {
                "hovedstol": delfordring["beloeb"],
                "nedreguleret": 0,
                "daekket": 0,
            }
            for fordring in content.get("fordringer", ())
            for delfordring in fordring["delfordringer"]
        }
        self.fordringer = {fordring for fordring, _ in self.dele}
        self.betalinger = {}
        self.perioder = [
            {"hvad": hvad, **one}
            for hvad in ("haeftelser", "adresser", "materialeabonnementer")
            for one in content.get(hvad, ())
        ]

    def restance(self, del_):
        amounts = self.dele[del_]
        return amounts["hovedstol"] - amounts["nedreguleret"] - amounts["daekket"]

    def postering(self, content, nedregulering):
        """Why a payment cannot be, or None and its effect."""
        del_ = content["fordring_id"], content["delfordring_id"]
        beloeb, reverses = content["beloeb"], content.get("tilbagefoerer")
        if del_ not in self.dele:
            return "1005"
        if reverses is not None:
            earlier = self.betalinger.get(reverses)
            if earlier is None or earlier["del"] != del_:
                return "1005"
            if not earlier["open"] or earlier["beloeb"] != beloeb:
                return "1008"
            earlier["open"] = False
            self.dele[del_]["daekket"] -= beloeb
            self.betalinger[content["indbetaling_id"]] = {"del": del_, "beloeb": beloeb, "open": False}
            return None
        if beloeb > self.restance(del_):
            return "1007"
        self.dele[del_]["nedreguleret" if nedregulering else "daekket"] += beloeb
        self.betalinger[content["indbetaling_id"]] = {
            "del": del_,
            "beloeb": beloeb,
            "open": not nedregulering,
        }
        return None

    def afslut(self, operation, content):
        hvad, roller = ENDS[operation]
        assert content["rolle"] in roller, content
        open_ = [
            one
            for one in self.perioder
            if one["hvad"] == hvad
            and (one["rolle"], one["part"]) == (content["rolle"], content["part"])
            and one.get("materialetype") == content.get("materialetype")
            and content["slutdato"] < one.get("gyldig_til", FOREVER)
        ]
        if not open_:
            return "1009"
        begun = [one for one in open_ if one["gyldig_fra"] <= content["slutdato"]]
        if not begun:
            return "1006"
        max(begun, key=lambda one: one["gyldig_fra"])["gyldig_til"] = content["slutdato"]
        return None

    def reason(self, operation, content):
        """Why it cannot be done, or None; then it is done."""
        if operation == "OpretDebitorkonto":
            return "1002"
        if operation == "RetFordringTilstand":
            return None if content["fordring_id"] in self.fordringer else "1005"
        if operation in ("ForetagIndbetaling", "ForetagIndbetalingNedregulering"):
            return self.postering(content, operation != "ForetagIndbetaling")
        return self.afslut(operation, content)


def in_effect(registrations):
    """The registrations of one debitorkonto, each correction behind what it corrects."""
    corrections = {}
    for one in registrations:
        if "retter" in one:
            assert one["retter"] not in corrections, "corrected twice"
            corrections[one["retter"]] = one
    for one in registrations:
        if "retter" not in one:
            while one is not None:
                yield one
                one = corrections.pop(one["registrering_id"], None)
    assert not corrections, "corrections of nothing"


def what(registration):
    [(operation, content)] = registration["operation"].items()
    return operation, content


def klasser(operation, content):
    """The classes that a registration uses."""
    if operation == "OpretDebitorkonto":
        yield "debitorkontotype", content["debitorkontotype"]
        for one in content.get("materialeabonnementer", ()):
            yield "materialetype", one["materialetype"]
        for fordring in content.get("fordringer", ()):
            yield "kravtype", fordring["kravtype"]
            for delfordring in fordring["delfordringer"]:
                yield "delfordringstype", delfordring["delfordringstype"]
    elif content.get("materialetype") is not None:
        yield "materialetype", content["materialetype"]


class Regnskab:
    """What was accepted, held against what can be."""

    def __init__(self, sortiment, answers):
        self.sortiment = sortiment
        self.answers = answers
        self.owners = {}
        self.wrong = []

    def claim(self, registration):
        """A claim belongs to the one OpretDebitorkonto that was accepted with it."""
        for fordring in what(registration)[1].get("fordringer", ()):
            name = registration["fagsystem"], fordring["fordring_id"]
            if name in self.owners:
                self.wrong.append(f"{name} belongs to two debitorkonti")
            self.owners[name] = registration["registrering_id"]

    def expected(self, registration, konto):
        operation, content = what(registration)
        for klasse in klasser(operation, content):
            assert (registration["fagsystem"], *klasse) in self.sortiment, klasse
        if konto is not None:
            return konto.reason(operation, content)
        if operation != "OpretDebitorkonto":
            return "1001"
        names = [(registration["fagsystem"], f["fordring_id"]) for f in content.get("fordringer", ())]
        own = registration["registrering_id"]
        return "1002" if any(self.owners.get(name, own) != own for name in names) else None

    def of_konto(self, registrations):
        konto = None
        for registration in in_effect(registrations):
            number = registration["registrering_id"]
            reason, answer = self.expected(registration, konto), self.answers.get(number, "none")
            if reason != answer:
                self.wrong.append(f"{number} {what(registration)[0]}: {reason} expected, {answer} answered")
            elif reason is None and konto is None:
                konto = Konto(what(registration)[1])
        return konto


def main(sortiment_path, registrations_path):
    with open(sortiment_path, encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        sortiment = {(row["fagsystem"], row["liste"], row["klasse"]) for row in rows}
    answers = {}
    for line in sys.stdin:
        number, *reason = line.split()
        assert number not in answers, f"{number} is answered twice"
        answers[number] = reason[0] if reason else None
    regnskab, konti = Regnskab(sortiment, answers), {}
    with open(registrations_path, "rb") as file:
        for line in file:
            registration = json.loads(line)
            # Kept as it stands: a million of them, taken apart, would not fit.
            konti.setdefault(registration["debitorkonto_id"], []).append(line)
            accepted = answers.get(registration["registrering_id"], "none") is None
            if accepted and what(registration)[0] == "OpretDebitorkonto":
                regnskab.claim(registration)
    ledger, entered = [], 0
    for number, lines in konti.items():
        registrations = [json.loads(line) for line in lines]
        entered += len(registrations)
        konto = regnskab.of_konto(registrations)
        head = registrations[0]["kommunekode"], registrations[0]["fagsystem"], number
        for del_, amounts in (konto.dele if konto else {}).items():
            ledger.append((*head, *del_, *amounts.values(), konto.restance(del_)))
    # Each of them that was entered has been looked for.
    if len(answers) != entered:
        regnskab.wrong.append(f"{len(answers)} are answered, {entered} were entered")
    if regnskab.wrong:
        sys.exit("\n".join(regnskab.wrong[:20]))
    for row in sorted(ledger):
        print(*row, sep=",")


if __name__ == "__main__":
    main(*sys.argv[1:])
