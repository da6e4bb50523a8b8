//! The tables that registrations are checked and sent by, as CSV: the sortiment and the routes.

use crate::domain::debitor::{Overfoerselstype, Rute, Sortimentsklasse};
use crate::domain::{Cvr, Debitorsystem, Kommunekode};
use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::io::Read;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<T> {
    /// Its number, from 1.
    pub line: u64,
    /// What it says, or what is wrong with it.
    pub value: Result<T, String>,
}

/// Most lines of a table: far more than any has.
const MOST: usize = 100_000;

/// The classes of a file with the columns of [`Sortimentsklasse`]; an error = it cannot be read on.
pub fn sortiment(input: impl Read) -> Result<Vec<Row<Sortimentsklasse>>, String> {
    rows(input, Ok)
}

/// The routes of a file with the columns of [`Rute`]; an error = it cannot be read on.
pub fn ruter(input: impl Read) -> Result<Vec<Row<Rute>>, String> {
    rows(input, rute)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRute {
    kommunekode: Kommunekode,
    myndighed_cvr: Cvr,
    debitorsystem: Debitorsystem,
    endpoint: String,
    overfoerselstype: String,
    gyldig_fra: NaiveDate,
    gyldig_til: Option<NaiveDate>,
}

fn rute(raw: RawRute) -> Result<Rute, String> {
    let overfoerselstype = Overfoerselstype::from_word(&raw.overfoerselstype)
        .ok_or("overfoerselstype: expected plain, simpel, dynamisk or styret")?;
    Ok(Rute {
        kommunekode: raw.kommunekode,
        myndighed_cvr: raw.myndighed_cvr,
        debitorsystem: raw.debitorsystem,
        endpoint: raw.endpoint,
        overfoerselstype,
        gyldig_fra: raw.gyldig_fra,
        gyldig_til: raw.gyldig_til,
    })
}

fn rows<Raw: DeserializeOwned, T>(
    input: impl Read,
    make: impl Fn(Raw) -> Result<T, String>,
) -> Result<Vec<Row<T>>, String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(input);
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let mut record = csv::StringRecord::new();
    let mut rows = Vec::new();
    while reader.read_record(&mut record).map_err(|error| error.to_string())? {
        if rows.len() == MOST {
            return Err(format!("expected at most {MOST} lines"));
        }
        let line = record.position().map_or(0, csv::Position::line);
        let value = parsed::<Raw>(&headers, &record);
        rows.push(Row { line, value: value.and_then(&make) });
    }
    Ok(rows)
}

/// A line by its columns' names; an empty value is none.
fn parsed<Raw: DeserializeOwned>(
    headers: &csv::StringRecord,
    record: &csv::StringRecord,
) -> Result<Raw, String> {
    let values = headers.iter().zip(record).filter(|(_, value)| !value.is_empty());
    let object: Map<String, Value> =
        values.map(|(name, value)| (name.to_owned(), value.into())).collect();
    serde_path_to_error::deserialize(Value::Object(object)).map_err(|error| {
        let (path, what) = (error.path().to_string(), error.inner());
        if path == "." { what.to_string() } else { format!("{path}: {what}") }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUTER: &str = "kommunekode,myndighed_cvr,debitorsystem,endpoint,overfoerselstype,\
        gyldig_fra,gyldig_til\n";

    #[test]
    fn reads_routes_and_says_what_is_wrong_with_a_line() {
        let text = format!(
            "{RUTER}0101,64942212,OPUS,opus,plain,2026-01-01,2026-12-31\n\
             0411,64942212,OPUS,opus,plain,2026-01-01,\n\
             0147,64942213,OPUS,opus,plain,2026-01-01,\n\
             0151,64942212,OPUS,opus,post,2026-01-01,\n\
             0153,64942212,OPUS,opus,plain,2026-02-30,\n"
        );
        let rows = ruter(text.as_bytes()).unwrap();
        let lines: Vec<_> = rows.iter().map(|row| row.line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6]);
        let first = rows[0].value.clone().unwrap();
        assert_eq!(first.gyldig_til, Some("2026-12-31".parse().unwrap()));
        let says = ["kommunekode: expected the four-digit", "myndighed_cvr: expected a CVR number"]
            .into_iter()
            .chain(["overfoerselstype: expected plain, simpel", "gyldig_fra: "]);
        for (row, says) in rows[1..].iter().zip(says) {
            let fault = row.value.clone().unwrap_err();
            assert!(fault.starts_with(says), "{says:?} does not begin: {fault}");
        }
    }

    #[test]
    fn reads_classes() {
        let text = "fagsystem,liste,klasse,betegnelse,gyldig_fra,gyldig_til\n\
            KY,kravtype,KRAV-IND,Indskudslån,2026-01-01,\nKY,farve,X,Y,2026-01-01,\n";
        let rows = sortiment(text.as_bytes()).unwrap();
        assert_eq!(rows[0].value.as_ref().unwrap().klasse.as_str(), "KRAV-IND");
        assert!(rows[1].value.clone().unwrap_err().contains("liste"), "{:?}", rows[1]);
    }
}
