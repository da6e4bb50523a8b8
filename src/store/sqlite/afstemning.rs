//! What was expected held against what came, and expectations whose deadline is over.

use super::error::Trouble;
use super::rows::{Day, Id, Time};
use crate::domain::{Beloeb, Post, Tal, Udfald};
use crate::store::{
    AfstemningFilter, Afstemninger, Forventet, Linje, Moment, Rapporteret, Udeblivelse, Visit,
};
use chrono::NaiveDate;
use rusqlite::{Connection, Row, ToSql, params};
use std::collections::BTreeSet;

/// The expectations of requests, each with what was reported and what has become of it.
const EXPECTED: &str = "
    FROM forespoergsel r
        CROSS JOIN forventning f ON f.nr > r.foer AND f.nr <= r.foer + r.antal_transaktioner
        CROSS JOIN aftale a ON a.nr = f.aftale
        LEFT JOIN indfrielse i ON i.forventning = f.nr
        LEFT JOIN udeblivelse u ON u.forespoergsel = r.nr";

const UDFALD: &str = "coalesce(i.udfald,
    CASE WHEN u.forespoergsel IS NULL THEN 'aaben' ELSE 'udeblevet' END)";

/// The report that a row's newest indberetning stands in.
const UDBETALING_ID: &str = "(SELECT d.udbetaling_id FROM udbetaling d
    WHERE d.foer < i.sidste ORDER BY d.foer DESC LIMIT 1)";

/// A filter as a condition on the table `table`, and its values.
fn condition(filter: &AfstemningFilter, table: &str) -> (String, Vec<Box<dyn ToSql>>) {
    let AfstemningFilter { periode, kommunekode, dispositionsdato } = *filter;
    let named: [(&str, Option<Box<dyn ToSql>>); 3] = [
        ("udbetalingsperiode", periode.map(|value| Box::new(value) as _)),
        ("kommunekode", kommunekode.map(|value| Box::new(value) as _)),
        ("dispositionsdato", dispositionsdato.map(|value| Box::new(Day(value)) as _)),
    ];
    let mut conditions = vec!["1".to_owned()];
    let mut values = Vec::new();
    for (column, value) in named {
        if let Some(value) = value {
            conditions.push(format!("{table}.{column} = ?"));
            values.push(value);
        }
    }
    (conditions.join(" AND "), values)
}

fn bound(values: &[Box<dyn ToSql>]) -> Vec<&dyn ToSql> {
    values.iter().map(|value| &**value).collect()
}

pub(super) fn figures(
    connection: &Connection,
    filter: &AfstemningFilter,
) -> Result<Afstemninger, Trouble> {
    // One snapshot: a report may be applied between the two queries.
    let _snapshot = connection.unchecked_transaction()?;
    figures_now(connection, filter)
}

/// The same, within a transaction.
pub(super) fn figures_now(
    connection: &Connection,
    filter: &AfstemningFilter,
) -> Result<Afstemninger, Trouble> {
    let mut figures = Afstemninger::new();
    let (condition, values) = self::condition(filter, "r");
    let mut statement = connection.prepare_cached(&format!(
        "SELECT r.kommunekode, {UDFALD} AS udfald, count(f.nr), coalesce(sum(a.beloeb), 0),
             coalesce(sum(i.modtaget), 0)
         {EXPECTED} WHERE {condition} GROUP BY r.kommunekode, udfald"
    ))?;
    let mut rows = statement.query(bound(&values).as_slice())?;
    while let Some(row) = rows.next()? {
        let (udfald, antal): (Udfald, u64) = (row.get(1)?, row.get(2)?);
        let post = Post { antal, forventet: row.get(3)?, modtaget: row.get(4)? };
        figures.entry(row.get(0)?).or_default().add(udfald, post);
    }
    let (condition, values) = self::condition(filter, "i");
    let mut statement = connection.prepare_cached(&format!(
        "SELECT kommunekode, count(*), sum(modtaget) FROM uventet i
         WHERE {condition} GROUP BY kommunekode"
    ))?;
    let mut rows = statement.query(bound(&values).as_slice())?;
    while let Some(row) = rows.next()? {
        let uventet = Tal { antal: row.get(1)?, beloeb: row.get(2)? };
        figures.entry(row.get(0)?).or_default().uventet = uventet;
    }
    Ok(figures)
}

pub(super) fn each_linje(
    connection: &Connection,
    filter: &AfstemningFilter,
    visit: Visit<'_, Linje>,
) -> Result<(), Trouble> {
    let _snapshot = connection.unchecked_transaction()?;
    let (condition, values) = self::condition(filter, "r");
    let mut statement = connection.prepare_cached(&format!(
        "SELECT r.kommunekode, r.dispositionsdato, a.aftale_id, a.cpr, i.modtaget, i.aarsag,
             i.antal_rapporter, {UDBETALING_ID}, r.forespoergsel_id, f.nr - r.foer, a.beloeb,
             {UDFALD}
         {EXPECTED} WHERE {condition} ORDER BY r.kommunekode, r.nr, f.nr"
    ))?;
    let mut rows = statement.query(bound(&values).as_slice())?;
    while let Some(row) = rows.next()? {
        let forventet = Forventet {
            forespoergsel_id: row.get(8)?,
            loebenummer: row.get(9)?,
            beloeb: row.get(10)?,
            udfald: row.get(11)?,
        };
        visit(linje(row, Some(forventet))?)?;
    }
    let (condition, values) = self::condition(filter, "i");
    let mut statement = connection.prepare_cached(&format!(
        "SELECT kommunekode, dispositionsdato, aftale_id, cpr, modtaget, aarsag, antal_rapporter,
             {UDBETALING_ID}
         FROM uventet i WHERE {condition} ORDER BY kommunekode, dispositionsdato, aftale_id"
    ))?;
    let mut rows = statement.query(bound(&values).as_slice())?;
    while let Some(row) = rows.next()? {
        visit(linje(row, None)?)?;
    }
    Ok(())
}

fn linje(row: &Row<'_>, forventet: Option<Forventet>) -> rusqlite::Result<Linje> {
    let modtaget: Option<Beloeb> = row.get(4)?;
    let rapporteret = match modtaget {
        Some(beloeb) => Some(Rapporteret {
            beloeb,
            aarsag: row.get(5)?,
            antal: row.get(6)?,
            udbetaling_id: row.get::<_, Id>(7)?.0,
        }),
        None => None,
    };
    Ok(Linje {
        kommunekode: row.get(0)?,
        dispositionsdato: row.get::<_, Day>(1)?.0,
        aftale_id: row.get(2)?,
        cpr: row.get(3)?,
        forventet,
        rapporteret,
    })
}

/// The payouts with requests whose deadline has not been noted.
pub(super) fn awaited_payouts(connection: &Connection) -> Result<Vec<NaiveDate>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT dispositionsdato FROM forespoergsel r
         WHERE NOT EXISTS (SELECT 1 FROM udeblivelse u WHERE u.forespoergsel = r.nr)
         ORDER BY dispositionsdato",
    )?;
    let rows = statement.query_map([], |row| Ok(row.get::<_, Day>(0)?.0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn note_udeblevne(
    connection: &Connection,
    dispositionsdato: NaiveDate,
    at: Moment,
) -> Result<Vec<Udeblivelse>, Trouble> {
    let known = udeblevne(connection, dispositionsdato)?;
    let known: BTreeSet<_> = known.into_iter().map(|one| one.forespoergsel_id).collect();
    connection
        .prepare_cached(
            "INSERT INTO udeblivelse (forespoergsel, at, antal, sum_beloeb)
             SELECT r.nr, ?2, count(f.nr), coalesce(sum(a.beloeb), 0)
             FROM forespoergsel r
                 LEFT JOIN forventning f ON f.nr > r.foer AND f.nr <= r.foer + r.antal_transaktioner
                     AND NOT EXISTS (SELECT 1 FROM indfrielse i WHERE i.forventning = f.nr)
                 LEFT JOIN aftale a ON a.nr = f.aftale
             WHERE r.dispositionsdato = ?1
                 AND NOT EXISTS (SELECT 1 FROM udeblivelse u WHERE u.forespoergsel = r.nr)
             GROUP BY r.nr",
        )?
        .execute(params![Day(dispositionsdato), Time(at)])?;
    let mut noted = udeblevne(connection, dispositionsdato)?;
    noted.retain(|one| !known.contains(&one.forespoergsel_id));
    Ok(noted)
}

/// What was noted of the requests for a payout.
pub(super) fn udeblevne(
    connection: &Connection,
    dispositionsdato: NaiveDate,
) -> Result<Vec<Udeblivelse>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT r.forespoergsel_id, r.kommunekode, u.antal, u.sum_beloeb, u.at
         FROM udeblivelse u JOIN forespoergsel r ON r.nr = u.forespoergsel
         WHERE r.dispositionsdato = ?1 ORDER BY r.kommunekode, r.nr",
    )?;
    let rows = statement.query_map([Day(dispositionsdato)], |row| {
        Ok(Udeblivelse {
            forespoergsel_id: row.get(0)?,
            kommunekode: row.get(1)?,
            dispositionsdato,
            antal: row.get(2)?,
            sum_beloeb: row.get(3)?,
            at: row.get::<_, Time>(4)?.0,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
