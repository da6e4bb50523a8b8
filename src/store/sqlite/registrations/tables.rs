//! What is configured by tables: the sortiment and the routes.

use crate::domain::debitor::{Rute, Sortiment, Sortimentsklasse};
use crate::store::sqlite::error::Trouble;
use crate::store::sqlite::rows::Day;
use rusqlite::{Connection, params};
use std::collections::BTreeSet;

pub(super) fn sortiment(connection: &Connection) -> Result<Sortiment, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT fagsystem, liste, klasse, betegnelse, gyldig_fra, gyldig_til FROM sortiment",
    )?;
    let classes = statement.query_map([], |row| {
        Ok(Sortimentsklasse {
            fagsystem: row.get(0)?,
            liste: row.get(1)?,
            klasse: row.get(2)?,
            betegnelse: row.get(3)?,
            gyldig_fra: row.get::<_, Day>(4)?.0,
            gyldig_til: row.get::<_, Option<Day>>(5)?.map(|day| day.0),
        })
    })?;
    Ok(classes.collect::<Result<_, _>>()?)
}

pub(super) fn set_sortiment(
    connection: &Connection,
    classes: &[Sortimentsklasse],
) -> Result<(), Trouble> {
    let fagsystemer: BTreeSet<_> = classes.iter().map(|klasse| &klasse.fagsystem).collect();
    for fagsystem in fagsystemer {
        connection
            .prepare_cached("DELETE FROM sortiment WHERE fagsystem = ?1")?
            .execute([fagsystem])?;
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO sortiment (fagsystem, liste, klasse, betegnelse, gyldig_fra, gyldig_til)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for klasse in classes {
        insert.execute(params![
            klasse.fagsystem,
            klasse.liste,
            klasse.klasse,
            klasse.betegnelse,
            Day(klasse.gyldig_fra),
            klasse.gyldig_til.map(Day),
        ])?;
    }
    Ok(())
}

pub(super) fn ruter(connection: &Connection) -> Result<Vec<Rute>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT kommunekode, myndighed_cvr, debitorsystem, endpoint, overfoerselstype, gyldig_fra,
             gyldig_til FROM rute ORDER BY kommunekode, gyldig_fra",
    )?;
    let ruter = statement.query_map([], |row| {
        Ok(Rute {
            kommunekode: row.get(0)?,
            myndighed_cvr: row.get(1)?,
            debitorsystem: row.get(2)?,
            endpoint: row.get(3)?,
            overfoerselstype: row.get(4)?,
            gyldig_fra: row.get::<_, Day>(5)?.0,
            gyldig_til: row.get::<_, Option<Day>>(6)?.map(|day| day.0),
        })
    })?;
    Ok(ruter.collect::<Result<_, _>>()?)
}

pub(super) fn set_ruter(connection: &Connection, ruter: &[Rute]) -> Result<(), Trouble> {
    connection.execute("DELETE FROM rute", [])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO rute (kommunekode, myndighed_cvr, debitorsystem, endpoint, overfoerselstype,
             gyldig_fra, gyldig_til) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for rute in ruter {
        insert.execute(params![
            rute.kommunekode,
            rute.myndighed_cvr,
            rute.debitorsystem,
            rute.endpoint,
            rute.overfoerselstype,
            Day(rute.gyldig_fra),
            rute.gyldig_til.map(Day),
        ])?;
    }
    Ok(())
}
