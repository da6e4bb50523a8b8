//! A good registration of each kind, as JSON, for the tests of the rules: each case changes one
//! thing. Everybody in them is invented.

use super::{Debitorregistrering, Liste, Sortiment, Sortimentsklasse};
use serde_json::{Value, json};

fn id(number: u128) -> String {
    uuid::Uuid::from_u128(number).to_string()
}

/// A registration of this operation, named 1, on the debitorkonto 10.
fn registrering(operation: &Value) -> Value {
    json!({
        "registrering_id": id(1),
        "fagsystem": "BIBLIO",
        "kommunekode": "0101",
        "debitorkonto_id": id(10),
        "registreret": "2026-11-02T09:00:00Z",
        "virkningsdato": "2026-11-02",
        "operation": operation,
    })
}

/// A debitorkonto with a claim F-1 of 300 kr. in two parts, D-1 of 200 and D-2 of 100.
pub(super) fn opret() -> Value {
    let (person, company) = (json!({"cpr": "0101901234"}), json!({"cvr": "64942212"}));
    registrering(&json!({"OpretDebitorkonto": {
        "debitorkontotype": "BIBLIOTEK",
        "betegnelse": "Mellem afdelinger",
        "haeftelser": [
            {"rolle": "juridisk-ansvarlig", "part": person, "gyldig_fra": "2026-11-01"},
            {"rolle": "administrator", "part": company,
             "gyldig_fra": "2026-11-01", "gyldig_til": "2027-11-01"},
        ],
        "adresser": [
            {"rolle": "administrator", "part": company, "gyldig_fra": "2026-11-01",
             "vej": "Ågade 1", "postnummer": "8000", "by": "Aarhus C", "land": "DK"},
        ],
        "materialeabonnementer": [
            {"rolle": "juridisk-ansvarlig", "part": person, "materialetype": "RYKKER",
             "gyldig_fra": "2026-11-01"},
        ],
        "fordringer": [{
            "fordring_id": "F-1", "kravtype": "BOEDE", "hovedstol": 30_000,
            "periode_fra": "2026-10-01", "periode_til": "2026-10-31",
            "forfaldsdato": "2026-12-01", "fordringstilstand": "kan-inddrives",
            "delfordringer": [
                {"delfordring_id": "D-1", "delfordringstype": "GEBYR", "beloeb": 20_000},
                {"delfordring_id": "D-2", "delfordringstype": "GEBYR", "beloeb": 10_000},
            ],
        }],
    }}))
}

/// A payment, named 100, of 50 kr. on D-1 of F-1.
pub(super) fn indbetaling() -> Value {
    registrering(&json!({"ForetagIndbetaling": betaling()}))
}

/// A nedregulering of as much.
pub(super) fn nedregulering() -> Value {
    registrering(&json!({"ForetagIndbetalingNedregulering": betaling()}))
}

fn betaling() -> Value {
    json!({
        "indbetaling_id": id(100), "fordring_id": "F-1", "delfordring_id": "D-1",
        "beloeb": 5_000, "indbetalingsdato": "2026-11-15",
    })
}

/// The claim F-1 must wait.
pub(super) fn tilstand() -> Value {
    let rettelse = json!({"fordring_id": "F-1", "fordringstilstand": "afventer-inddrivelse"});
    registrering(&json!({"RetFordringTilstand": rettelse}))
}

/// The administrator goes.
pub(super) fn afslut_administrator() -> Value {
    registrering(&json!({"AfslutAdministrator": {
        "rolle": "administrator", "part": {"cvr": "64942212"}, "slutdato": "2026-12-31",
    }}))
}

/// Whoever is liable by law gets no more reminders.
pub(super) fn afslut_materialeabonnement() -> Value {
    registrering(&json!({"AfslutMaterialeabonnementJuridiskAnsvarlig": {
        "rolle": "juridisk-ansvarlig", "part": {"cpr": "0101901234"},
        "materialetype": "RYKKER", "slutdato": "2026-12-31",
    }}))
}

/// The same with other values at these places, as JSON pointers. `~` stands for the operation's
/// content; null takes away.
pub(super) fn with(mut value: Value, changes: &[(&str, Value)]) -> Debitorregistrering {
    let operation = value["operation"].as_object().and_then(|one| one.keys().next().cloned());
    let content = format!("/operation/{}", operation.unwrap());
    for (pointer, new) in changes {
        let pointer = pointer.replace('~', &content);
        let (parent, last) = pointer.rsplit_once('/').unwrap();
        let parent = value.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer} is nowhere"));
        match (parent, new) {
            (Value::Object(fields), Value::Null) => drop(fields.remove(last)),
            (Value::Object(fields), new) => drop(fields.insert(last.to_owned(), new.clone())),
            (Value::Array(items), new) => items[last.parse::<usize>().unwrap()] = new.clone(),
            (other, _) => panic!("{pointer} is in {other}"),
        }
    }
    serde_json::from_value(value).unwrap()
}

/// The classes that the samples use, from the first day of November on.
pub(super) fn sortiment() -> Sortiment {
    let klasse = |(liste, klasse): (&str, &str)| {
        serde_json::from_value::<Sortimentsklasse>(json!({
            "fagsystem": "BIBLIO", "liste": liste, "klasse": klasse, "betegnelse": "…",
            "gyldig_fra": "2026-11-01", "gyldig_til": "2026-11-30",
        }))
        .unwrap()
    };
    let sortiment: Sortiment = [
        (Liste::Debitorkontotype.word(), "BIBLIOTEK"),
        (Liste::Kravtype.word(), "BOEDE"),
        (Liste::Delfordringstype.word(), "GEBYR"),
        (Liste::Materialetype.word(), "RYKKER"),
    ]
    .map(klasse)
    .into_iter()
    .collect();
    sortiment
}
