//! `modregn debitor show`.

use super::Show;
use super::list::{as_json, reason, tilstand};
use crate::cli::{Exit, Io, look};
use crate::clock::danish;
use crate::config::{Config, FlowName, Route};
use crate::domain::debitor::{Afvisningsaarsag, Operation, RegistreringId};
use crate::store::{Moment, Sag, Sent, Store, StoreError, Tilstand};
use serde_json::json;
use std::io::{self, Write};

pub(super) fn run(args: &Show, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    let store = look(&config)?;
    let Some(sag) = store.registrering(RegistreringId(args.id))? else {
        writeln!(io.err, "there is no registration {}", args.id)?;
        return Ok(Exit::Faults);
    };
    let due = due(&config, &*store, &sag)?;
    if args.json {
        json_of(&sag, due, io.out)?;
    } else {
        text(&sag, due, io.out)?;
    }
    Ok(Exit::Done)
}

/// By when it should have been answered, where it was delivered.
fn due(config: &Config, store: &dyn Store, sag: &Sag) -> Result<Option<Moment>, StoreError> {
    let Some(Sent { outbound, delivered: Some(at), .. }) = sag.sent.last() else {
        return Ok(None);
    };
    let Some(file) = store.transfer(*outbound)? else { return Ok(None) };
    let sends = |route: &&Route| {
        route.flow == FlowName::Sf1590Fagsystem && route.outbox.endpoint == file.place.endpoint
    };
    let route = config.routes.iter().find(sends);
    Ok(route.map(|route| route.cutting().kvittering.after(*at)))
}

fn text(sag: &Sag, due: Option<Moment>, out: &mut dyn Write) -> io::Result<()> {
    let stand = &sag.stand;
    let kommune = stand.kommunekode;
    writeln!(out, "{}  {}", stand.registrering_id, tilstand(stand))?;
    writeln!(out, "  {} on debitorkonto {}", stand.operation, stand.debitorkonto_id)?;
    writeln!(out, "  {} of {kommune} {}", stand.fagsystem, kommune.navn())?;
    for line in content(&sag.registrering.operation) {
        writeln!(out, "  {line}")?;
    }
    writeln!(out, "  entered {}", danish(stand.modtaget))?;
    if let Some(id) = sag.registrering.retter {
        writeln!(out, "  corrects {id}")?;
    }
    for sent in &sag.sent {
        writeln!(
            out,
            "  {}: number {} of transfer {}, which is {} (modregn files show {})",
            danish(sent.dannet),
            sent.loebenummer,
            sent.overfoersel_id,
            sent.state,
            sent.outbound
        )?;
    }
    if let Some(due) = due.filter(|_| sag.besvaret.is_none()) {
        writeln!(out, "  its answer is due {}", danish(due))?;
    }
    if let Some((id, at)) = sag.besvaret {
        let late = due.filter(|due| *due < at);
        let late = late.map(|due| format!(", late: it was due {}", danish(due)));
        writeln!(out, "  {}: answered by kvittering {id}{}", danish(at), late.unwrap_or_default())?;
    }
    if let Some(afvisning) = &stand.afvisning {
        writeln!(out, "  rejected: {}", reason(afvisning))?;
        if let Some(tekst) = afvisning.shown() {
            writeln!(out, "            {tekst}")?;
        }
    }
    for afvigelse in &sag.afvigelser {
        let said = afvigelse.aarsag.map_or("accepted".to_owned(), |a| format!("rejected, {a}"));
        writeln!(
            out,
            "  {}: kvittering {} said otherwise: {said}; it changed nothing",
            danish(afvigelse.indlaest),
            afvigelse.kvittering_id
        )?;
    }
    if let Some(id) = sag.rettet_af {
        writeln!(out, "  corrected by {id}")?;
    }
    if let Some((at, by)) = &sag.annulleret {
        writeln!(out, "  cancelled {} by {}: {}", danish(*at), by.who, by.why)?;
    }
    next(sag, out)
}

/// What to do about it, if something is.
fn next(sag: &Sag, out: &mut dyn Write) -> io::Result<()> {
    let id = sag.stand.registrering_id;
    if let Some(first) = sag.waits_for {
        return writeln!(out, "\nIt waits for {first}: modregn debitor show {first}");
    }
    match (&sag.stand.afvisning, sag.stand.tilstand) {
        (Some(afvisning), Tilstand::Afvist) => writeln!(
            out,
            "\nWhat to do: {}\n    modregn debitor correct {id} FILE --reason …\n    \
             modregn debitor cancel {id} --reason …\n\
             Until then the later ones of this debitorkonto wait.",
            afvisning.aarsag.next()
        ),
        _ => Ok(()),
    }
}

/// What it says, as far as it is nobody's personal data.
fn content(operation: &Operation) -> Vec<String> {
    match operation {
        Operation::OpretDebitorkonto(konto) => {
            let mut lines = vec![format!(
                "type {}, {} liable or acting, {} kr. owed",
                konto.debitorkontotype,
                konto.haeftelser.len(),
                operation.hovedstol()
            )];
            lines.extend(konto.fordringer.iter().map(|fordring| {
                format!(
                    "fordring {}, {}, {} kr., {} to {}",
                    fordring.fordring_id,
                    fordring.kravtype,
                    fordring.hovedstol,
                    fordring.periode_fra,
                    fordring.periode_til
                )
            }));
            lines
        }
        Operation::RetFordringTilstand(rettelse) => {
            vec![format!("fordring {}", rettelse.fordring_id)]
        }
        Operation::ForetagIndbetaling(paid) | Operation::ForetagIndbetalingNedregulering(paid) => {
            let mut lines = vec![format!(
                "{} kr. on fordring {}, delfordring {}, {}",
                paid.signed(),
                paid.fordring_id,
                paid.delfordring_id,
                paid.indbetalingsdato
            )];
            lines.extend(paid.tilbagefoerer.map(|id| format!("reverses indbetaling {id}")));
            lines
        }
        afslut => afslut
            .afslutning()
            .map(|afslutning| format!("{} from {}", afslutning.part, afslutning.slutdato))
            .into_iter()
            .collect(),
    }
}

fn json_of(sag: &Sag, due: Option<Moment>, out: &mut dyn Write) -> anyhow::Result<()> {
    let sent = sag.sent.iter().map(|sent| {
        json!({
            "overfoersel_id": sent.overfoersel_id,
            "dannet": sent.dannet,
            "file": sent.outbound,
            "state": sent.state.word(),
            "delivered": sent.delivered,
            "loebenummer": sent.loebenummer,
            "sekvens": sent.sekvens,
        })
    });
    let mut value = as_json(&sag.stand);
    let more = json!({
        "retter": sag.registrering.retter,
        "answer_due": due,
        "besvaret": sag.besvaret.map(|(id, at)| json!({ "kvittering_id": id, "at": at })),
        "rettet_af": sag.rettet_af,
        "waits_for": sag.waits_for,
        "sent": sent.collect::<Vec<_>>(),
        "annulleret": sag.annulleret.as_ref().map(|(at, by)| {
            json!({ "at": at, "who": by.who, "why": by.why })
        }),
        "afvigelser": sag.afvigelser.iter().map(|one| {
            json!({
                "kvittering_id": one.kvittering_id,
                "indlaest": one.indlaest,
                "aarsag": one.aarsag.map(Afvisningsaarsag::code),
            })
        }).collect::<Vec<_>>(),
    });
    if let (Some(all), Some(more)) = (value.as_object_mut(), more.as_object()) {
        all.extend(more.clone());
    }
    serde_json::to_writer_pretty(&mut *out, &value)?;
    writeln!(out)?;
    Ok(())
}
