//! What comes after a payout, by hand: answers read and reports (SF2520) written column by column,
//! from the published tables alone, and what the store says has become of it all.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test program uses a part; one that panics has failed, as it should"
)]

use super::installation::Installation;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

/// The route for reports, beside the one for requests: `udbetalt` in, `afvist` out.
const ROUTE: &str = "\n[[route]]\nflow = \"sf2520\"\n[route.inbox]\nendpoint = \"ky\"\n\
     directory = \"udbetalt\"\npoll_seconds = 1\n[route.inbox.plain]\npattern = \"*.txt\"\n\
     complete = \"rename\"\nprocessed = \"delete\"\n[route.outbox]\nendpoint = \"ky\"\n\
     directory = \"afvist\"\nname = \"afvist_{kommunekode}_{udbetaling_id}.json\"\n";

impl Installation {
    /// One that also takes reports, over local directories; `settings` are of that route.
    pub fn with_reports(miljoe: &str, settings: &str) -> Self {
        let installation = Self::local(miljoe);
        installation.take_reports(settings);
        for directory in ["udbetalt", "afvist"] {
            fs::create_dir(installation.path("udveksling").join(directory)).unwrap();
        }
        installation
    }

    /// Adds the route for reports.
    pub fn take_reports(&self, settings: &str) {
        let flow = "flow = \"sf2520\"\n";
        let route = ROUTE.replace(flow, &format!("{flow}{settings}\n"));
        let config = fs::read_to_string(self.config()).unwrap();
        fs::write(self.config(), config + &route).unwrap();
    }

    /// Where reports come in, of a local one.
    pub fn reports(&self) -> PathBuf {
        self.path("udveksling/udbetalt")
    }

    /// Where senders are told of refused records, of a local one.
    pub fn refusals(&self) -> PathBuf {
        self.path("udveksling/afvist")
    }

    /// The rows of a query, each value as text.
    pub fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        let path = self.path("state/modregn.db");
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        );
        let connection = connection.unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let text = |value: Value| match value {
            Value::Null => "-".to_owned(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Text(text) => text,
            Value::Blob(bytes) => format!("{bytes:?}"),
        };
        let rows = statement.query_map([], |row| {
            (0..columns).map(|at| row.get::<_, Value>(at).map(text)).collect()
        });
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// Everything that reports have brought into the store, row by row.
    pub fn reported(&self) -> Vec<Vec<String>> {
        let tables = ["udbetaling", "indberetning", "indfrielse", "uventet", "forventning"];
        tables.iter().flat_map(|table| self.rows(&format!("SELECT * FROM {table}"))).collect()
    }

    /// Each expectation: `aftale_id received outcome`, in the order they were marked; of one that
    /// nothing was reported about, `aftale_id`.
    pub fn expectations(&self) -> Vec<String> {
        let rows = self.rows(
            "SELECT a.aftale_id, i.modtaget, i.udfald
             FROM forventning f JOIN aftale a ON a.nr = f.aftale
                 LEFT JOIN indfrielse i ON i.forventning = f.nr ORDER BY f.nr",
        );
        rows.iter().map(|row| row.join(" ").replace(" - -", "")).collect()
    }

    /// What nobody expected: `kommunekode aftale_id received`.
    pub fn unexpected(&self) -> Vec<String> {
        let rows = self.rows("SELECT kommunekode, aftale_id, modtaget FROM uventet ORDER BY nr");
        rows.iter().map(|row| row.join(" ")).collect()
    }
}

/// One municipality's report.
#[derive(Clone, Debug)]
pub struct Report {
    pub kommunekode: String,
    pub udbetaling_id: String,
    pub dispositionsdato: String,
    pub periode: String,
    pub miljoe: &'static str,
    pub forespoergsel_id: Option<String>,
    pub lines: Vec<Line>,
}

/// One of its indberetninger.
#[derive(Clone, Debug)]
pub struct Line {
    pub aftale_id: String,
    pub cpr: String,
    /// Øre; negative = taken back.
    pub beloeb: i64,
    pub udbetalingsdato: String,
    pub aarsagskode: &'static str,
}

impl Line {
    /// Withheld, or taken back, on the day of the payout of December 2026.
    pub fn new(aftale_id: &str, cpr: &str, beloeb: i64, aarsagskode: &'static str) -> Self {
        Self {
            aftale_id: aftale_id.to_owned(),
            cpr: cpr.to_owned(),
            beloeb,
            udbetalingsdato: "20261230".to_owned(),
            aarsagskode,
        }
    }

    /// The record, without its end.
    pub fn record(&self, kommunekode: &str, loebenummer: usize) -> String {
        let Self { aftale_id, cpr, beloeb, udbetalingsdato, aarsagskode } = self;
        let (amount, sign) = signed(*beloeb);
        format!(
            "20{kommunekode}{loebenummer:09}{aftale_id:<20}{cpr}{amount:011}{sign}\
             {udbetalingsdato}{aarsagskode}{:53}",
            ""
        )
    }
}

impl Report {
    /// One of København on the payout of 30 December 2026.
    pub fn new(udbetaling_id: &str, forespoergsel_id: Option<&str>, lines: &[Line]) -> Self {
        Self {
            kommunekode: "0101".to_owned(),
            udbetaling_id: udbetaling_id.to_owned(),
            dispositionsdato: "20261230".to_owned(),
            periode: "202612".to_owned(),
            miljoe: "TEST",
            forespoergsel_id: forespoergsel_id.map(str::to_owned),
            lines: lines.to_vec(),
        }
    }

    /// The file.
    pub fn text(&self) -> String {
        let Self { kommunekode, udbetaling_id, dispositionsdato, periode, miljoe, .. } = self;
        let forespoergsel_id = self.forespoergsel_id.as_deref().unwrap_or_default();
        let mut text = format!(
            "10{kommunekode}{udbetaling_id}{dispositionsdato}{periode}{miljoe}\
             {forespoergsel_id:36}{:24}\r\n",
            ""
        );
        for (number, line) in (1..).zip(&self.lines) {
            write!(text, "{}\r\n", line.record(kommunekode, number)).unwrap();
        }
        let (sum, sign) = signed(self.lines.iter().map(|line| line.beloeb).sum());
        let count = self.lines.len();
        write!(text, "90{kommunekode}{count:09}{sum:015}{sign}{:89}\r\n", "").unwrap();
        text
    }
}

/// One transaktion of an answer (SF2530).
#[derive(Clone, Debug)]
pub struct Asked {
    pub aftale_id: String,
    pub cpr: String,
    /// Øre.
    pub beloeb: i64,
}

/// An answer's request and its transactions.
pub fn read_answer(answer: &[u8]) -> (String, Vec<Asked>) {
    let lines = answer.split(|byte| *byte == b'\n');
    let text = |line: &[u8], start: usize, length: usize| {
        let columns = &line[start - 1..start - 1 + length];
        columns.iter().map(|byte| char::from(*byte)).collect::<String>().trim_end().to_owned()
    };
    let asked = lines.filter(|line| line.starts_with(b"20")).map(|line| Asked {
        aftale_id: text(line, 16, 20),
        cpr: text(line, 36, 10),
        beloeb: text(line, 46, 11).parse().unwrap(),
    });
    (text(answer, 7, 36), asked.collect())
}

fn signed(beloeb: i64) -> (u64, char) {
    (beloeb.unsigned_abs(), if beloeb < 0 { '-' } else { '+' })
}
