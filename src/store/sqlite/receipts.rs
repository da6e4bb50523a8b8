//! The platform's deliveries, and receipts both ways.

use super::error::Trouble;
use super::rows::Id;
use super::transfers::{self, New, add, advance};
use crate::store::{
    Clue, Delivery, KVITTERING, Moment, Place, Receipt, Step, Transfer, Understood, Verdict,
};
use crate::transfer::state::{Direction, State};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

/// What belongs to a step of a file and is committed with it.
pub(super) fn with_step(
    connection: &Connection,
    nr: i64,
    after: &Transfer,
    step: &Step,
) -> Result<(), Trouble> {
    if let Some(delivery) = &step.delivery {
        note_delivery(connection, nr, delivery)?;
    }
    match Verdict::of(step.event) {
        Some(verdict) if after.flow != KVITTERING => owe(connection, nr, after, verdict),
        _ => Ok(()),
    }
}

fn note_delivery(connection: &Connection, nr: i64, delivery: &Delivery) -> Result<(), Trouble> {
    let receipt = delivery.receipt.as_ref();
    connection
        .prepare_cached(
            "INSERT INTO delivery (transfer, file_transfer_uuid, sender, recipient,
                 receipt_endpoint, receipt_directory, receipt_name)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            nr,
            Id(delivery.file_transfer_uuid),
            delivery.sender,
            delivery.recipient,
            receipt.map(|place| &place.endpoint),
            receipt.map(|place| &place.directory),
            receipt.map(|place| &place.name),
        ])?;
    Ok(())
}

/// Owes the sender a business receipt, unless one that says the same is there already.
fn owe(
    connection: &Connection,
    nr: i64,
    about: &Transfer,
    verdict: Verdict,
) -> Result<(), Trouble> {
    let Some(delivery) = delivery(connection, about.id)? else { return Ok(()) };
    let Some(place) = &delivery.receipt else { return Ok(()) };
    let said: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM kvittering k JOIN transfer t ON t.nr = k.transfer
                 WHERE k.file_transfer_uuid = ?1 AND k.verdict = ?2 AND t.direction = 'out')",
        )?
        .query_row(params![Id(delivery.file_transfer_uuid), verdict], |row| row.get(0))?;
    if said {
        return Ok(());
    }
    let new = New {
        direction: Direction::Outbound,
        flow: KVITTERING,
        place,
        state: State::Queued,
        size: None,
        about: None,
        node: None,
    };
    let (_, receipt) = add(connection, &new, about.changed_at)?;
    let reason =
        about.problem.as_ref().map(|problem| format!("{}: {}", problem.code, problem.text));
    note_receipt(connection, receipt, nr, delivery.file_transfer_uuid, verdict, reason.as_deref())
}

fn note_receipt(
    connection: &Connection,
    receipt: i64,
    about: i64,
    file_transfer_uuid: Uuid,
    verdict: Verdict,
    reason: Option<&str>,
) -> Result<(), Trouble> {
    connection
        .prepare_cached(
            "INSERT INTO kvittering (transfer, about, file_transfer_uuid, verdict, reason)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (transfer) DO UPDATE SET about = excluded.about,
                 verdict = excluded.verdict, reason = excluded.reason",
        )?
        .execute(params![receipt, about, Id(file_transfer_uuid), verdict, reason])?;
    Ok(())
}

pub(super) fn delivery(
    connection: &Connection,
    transfer: Uuid,
) -> Result<Option<Delivery>, Trouble> {
    let from_row = |row: &Row<'_>| {
        let endpoint: Option<String> = row.get(3)?;
        let receipt = match endpoint {
            Some(endpoint) => Some(Place { endpoint, directory: row.get(4)?, name: row.get(5)? }),
            None => None,
        };
        let file_transfer_uuid = row.get::<_, Id>(0)?.0;
        Ok(Delivery { file_transfer_uuid, sender: row.get(1)?, recipient: row.get(2)?, receipt })
    };
    Ok(connection
        .prepare_cached(
            "SELECT file_transfer_uuid, sender, recipient, receipt_endpoint, receipt_directory,
                 receipt_name
             FROM delivery WHERE transfer = (SELECT nr FROM transfer WHERE id = ?1)",
        )?
        .query_row([Id(transfer)], from_row)
        .optional()?)
}

/// The transfer whose id a query gives, if it gives one.
fn found(connection: &Connection, id: rusqlite::Result<Id>) -> Result<Option<Transfer>, Trouble> {
    match id.optional()? {
        Some(id) => transfers::one(connection, id.0),
        None => Ok(None),
    }
}

pub(super) fn same_delivery(
    connection: &Connection,
    transfer: &Transfer,
) -> Result<Option<Transfer>, Trouble> {
    let id = connection
        .prepare_cached(
            "SELECT t.id FROM delivery d JOIN transfer t ON t.nr = d.transfer
             WHERE t.nr < (SELECT nr FROM transfer WHERE id = ?1) AND d.file_transfer_uuid = (
                 SELECT file_transfer_uuid FROM delivery
                 WHERE transfer = (SELECT nr FROM transfer WHERE id = ?1))
             ORDER BY t.nr LIMIT 1",
        )?
        .query_row([Id(transfer.id)], |row| row.get(0));
    found(connection, id)
}

pub(super) fn meant(connection: &Connection, clue: &Clue<'_>) -> Result<Option<Transfer>, Trouble> {
    let about = match clue.senders_file_id {
        Some(id) => match Uuid::try_parse(id) {
            Ok(id) => transfers::one(connection, id)?,
            Err(_) => None,
        },
        None => match by_way(connection, clue)? {
            Some(about) => Some(about),
            None => by_name(connection, clue)?,
        },
    };
    let ours = |about: &Transfer| {
        about.direction == Direction::Outbound && about.place.endpoint == clue.endpoint
    };
    Ok(about.filter(ours))
}

fn by_way(connection: &Connection, clue: &Clue<'_>) -> Result<Option<Transfer>, Trouble> {
    let id = connection
        .prepare_cached(
            "SELECT t.id FROM kvittering k JOIN transfer t ON t.nr = k.about
             WHERE k.file_transfer_uuid = ?1 AND t.direction = 'out' ORDER BY t.nr DESC LIMIT 1",
        )?
        .query_row([Id(clue.file_transfer_uuid)], |row| row.get(0));
    found(connection, id)
}

fn by_name(connection: &Connection, clue: &Clue<'_>) -> Result<Option<Transfer>, Trouble> {
    let id = connection
        .prepare_cached(
            "SELECT id FROM transfer
             WHERE endpoint = ?1 AND name = ?2 AND direction = 'out' ORDER BY nr DESC LIMIT 1",
        )?
        .query_row([clue.endpoint, clue.name], |row| row.get(0));
    found(connection, id)
}

pub(super) fn understand(
    connection: &Connection,
    understood: &Understood<'_>,
    at: Moment,
) -> Result<Transfer, Trouble> {
    let receipt = advance(connection, understood.receipt, understood.step, at)?;
    if let Some(step) = understood.moves {
        advance(connection, understood.about, step, at)?;
    }
    let nr = |id: Uuid| -> rusqlite::Result<i64> {
        connection
            .prepare_cached("SELECT nr FROM transfer WHERE id = ?1")?
            .query_row([Id(id)], |row| row.get(0))
    };
    let (transfer, about) = (nr(receipt.id)?, nr(understood.about.id)?);
    let Understood { file_transfer_uuid, verdict, reason, .. } = *understood;
    note_receipt(connection, transfer, about, file_transfer_uuid, verdict, reason)?;
    Ok(receipt)
}

const COLUMNS: &str = "t.id, a.id, k.file_transfer_uuid, k.verdict, k.reason FROM kvittering k
     JOIN transfer t ON t.nr = k.transfer JOIN transfer a ON a.nr = k.about";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Receipt> {
    Ok(Receipt {
        transfer: row.get::<_, Id>(0)?.0,
        about: row.get::<_, Id>(1)?.0,
        file_transfer_uuid: row.get::<_, Id>(2)?.0,
        verdict: row.get(3)?,
        reason: row.get(4)?,
    })
}

pub(super) fn one(connection: &Connection, transfer: Uuid) -> Result<Option<Receipt>, Trouble> {
    let sql = format!("SELECT {COLUMNS} WHERE t.id = ?1");
    Ok(connection.prepare_cached(&sql)?.query_row([Id(transfer)], from_row).optional()?)
}

pub(super) fn about(connection: &Connection, transfer: Uuid) -> Result<Vec<Receipt>, Trouble> {
    let sql = format!("SELECT {COLUMNS} WHERE a.id = ?1 ORDER BY k.transfer");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([Id(transfer)], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}
