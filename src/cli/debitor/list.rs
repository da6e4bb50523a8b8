//! `modregn debitor list`.

use super::List;
use crate::cli::table::table;
use crate::cli::{Exit, Io, look};
use crate::clock::{Clock, SystemClock, danish};
use crate::domain::debitor::{Afvisning, DebitorkontoId};
use crate::store::{Deviating, RegistreringFilter, Stand, Tilstand};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::io::{self, Write};

/// How far back deviating answers are shown.
const LATELY: TimeDelta = TimeDelta::days(35);

pub(super) fn run(args: &List, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let store = look(&args.config.load()?)?;
    if args.afvigelser {
        let since = SystemClock.now() - LATELY;
        deviating(&store.deviating(since)?, io.out)?;
        return Ok(Exit::Done);
    }
    let filter = RegistreringFilter {
        tilstande: args.tilstand.clone(),
        kommunekode: args.kommune,
        aarsag: args.aarsag,
        debitorkonto_id: args.konto.map(DebitorkontoId),
        // One more tells that there are more.
        limit: Some(args.limit.saturating_add(1)),
    };
    let mut found = store.registreringer(&filter)?;
    let more = found.len() > args.limit as usize;
    found.truncate(args.limit as usize);
    if args.json {
        for stand in &found {
            serde_json::to_writer(&mut *io.out, &as_json(stand))?;
            writeln!(io.out)?;
        }
    } else if args.csv {
        csv(&found, io.out)?;
    } else {
        text(&found, io.out)?;
        if more {
            writeln!(io.out, "There are more: say --limit, or narrow it down.")?;
        }
    }
    Ok(Exit::Done)
}

fn text(found: &[Stand], out: &mut dyn Write) -> io::Result<()> {
    if found.is_empty() {
        return writeln!(out, "None.");
    }
    let heads = ["registrering_id", "kommune", "operation", "tilstand", "entered", "aarsag"];
    let mut table = table(&heads);
    for stand in found {
        let afvisning = stand.afvisning.as_ref().filter(|_| stand.tilstand == Tilstand::Afvist);
        table.add_row([
            stand.registrering_id.to_string(),
            format!("{} {}", stand.kommunekode, stand.kommunekode.navn()),
            stand.operation.to_string(),
            tilstand(stand),
            danish(stand.modtaget),
            afvisning.map(reason).unwrap_or_default(),
        ]);
    }
    writeln!(out, "{}", table.trim_fmt())?;
    if found.iter().any(|stand| stand.tilstand == Tilstand::Afvist) {
        writeln!(out, "\nWhat to do: modregn debitor show REGISTRERING_ID")?;
    }
    Ok(())
}

/// The state in words, and whether it waits for another.
pub(super) fn tilstand(stand: &Stand) -> String {
    if stand.waits { format!("{}, waits", stand.tilstand) } else { stand.tilstand.to_string() }
}

/// Code, meaning and, of an overpayment, what is left to pay.
pub(super) fn reason(afvisning: &Afvisning) -> String {
    let Afvisning { aarsag, restance, .. } = afvisning;
    let restance = restance.map(|left| format!(", restance {left} kr.")).unwrap_or_default();
    format!("{aarsag} {}{restance}", aarsag.what())
}

fn csv(found: &[Stand], out: &mut dyn Write) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record([
        "registrering_id",
        "debitorkonto_id",
        "fagsystem",
        "kommunekode",
        "operation",
        "tilstand",
        "waits",
        "modtaget",
        "aarsag",
        "tekst",
        "restance",
    ])?;
    for stand in found {
        let afvisning = stand.afvisning.as_ref();
        let tekst = afvisning.and_then(Afvisning::shown);
        let restance = afvisning.and_then(|a| a.restance).map(|left| left.oere().to_string());
        csv.write_record([
            stand.registrering_id.to_string(),
            stand.debitorkonto_id.to_string(),
            stand.fagsystem.to_string(),
            stand.kommunekode.to_string(),
            stand.operation.to_string(),
            stand.tilstand.to_string(),
            stand.waits.to_string(),
            stand.modtaget.to_rfc3339(),
            afvisning.map(|a| a.aarsag.to_string()).unwrap_or_default(),
            tekst.unwrap_or_default(),
            restance.unwrap_or_default(),
        ])?;
    }
    csv.flush()?;
    Ok(())
}

/// Where a registration stands, for other programs; amounts in øre, times UTC.
pub(super) fn as_json(stand: &Stand) -> Value {
    json!({
        "registrering_id": stand.registrering_id,
        "debitorkonto_id": stand.debitorkonto_id,
        "fagsystem": stand.fagsystem,
        "kommunekode": stand.kommunekode,
        "operation": stand.operation.navn(),
        "tilstand": stand.tilstand.word(),
        "waits": stand.waits,
        "modtaget": stand.modtaget,
        "afvisning": stand.afvisning.as_ref().map(|afvisning| json!({
            "aarsag": afvisning.aarsag.code(),
            "betydning": afvisning.aarsag.what(),
            "tekst": afvisning.shown(),
            "restance": afvisning.restance,
        })),
    })
}

fn deviating(found: &[Deviating], out: &mut dyn Write) -> io::Result<()> {
    if found.is_empty() {
        return writeln!(out, "None.");
    }
    let mut table = table(&["taken in", "kommune", "kvittering_id", ">modsagt", ">ukendt", "file"]);
    for one in found {
        table.add_row([
            danish(one.indlaest),
            format!("{} {}", one.kommunekode, one.kommunekode.navn()),
            one.kvittering_id.to_string(),
            one.modsagt.to_string(),
            one.ukendt.to_string(),
            one.inbound.to_string(),
        ]);
    }
    writeln!(out, "{}", table.trim_fmt())?;
    writeln!(out, "\nThese answers changed nothing. Ask the debitorsystem which ones hold.")
}
