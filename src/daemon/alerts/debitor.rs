//! What an operator must be told of the registrations that we send.

use super::concerns::LATELY;
use crate::clock::danish;
use crate::config::FlowName;
use crate::daemon::Engine;
use crate::domain::bankdage::danish_day;
use crate::fault::AlertKind;
use crate::store::{Concern, Deviating, Moment, Unanswered};
use crate::transfer::TransferError;
use std::collections::BTreeSet;

/// Everything that is wrong now, where we are a fagsystem.
pub(super) fn concerns(engine: &Engine) -> Result<Vec<Concern>, TransferError> {
    if !engine.serves(FlowName::Sf1590Fagsystem) {
        return Ok(Vec::new());
    }
    let now = engine.desk().now();
    let mut concerns = overdue(engine, now)?;
    if let Some(since) = now.checked_sub_signed(LATELY) {
        let deviating = engine.desk().store().deviating(since)?;
        concerns.extend(deviating.iter().map(deviates));
    }
    concerns.extend(rejected(engine, now)?);
    concerns.extend(without_route(engine, now)?);
    Ok(concerns)
}

/// Transfers that should have been answered by now.
fn overdue(engine: &Engine, now: Moment) -> Result<Vec<Concern>, TransferError> {
    let unanswered = engine.desk().store().unanswered()?;
    let due = |sent: &Unanswered| {
        let here = |route: &&crate::config::Route| {
            route.flow == FlowName::Sf1590Fagsystem
                && route.outbox.endpoint == sent.outbound.place.endpoint
        };
        let route = engine.config().routes.iter().find(here);
        route.map(|route| route.cutting().kvittering.after(sent.since))
    };
    let is_late = |sent: &&Unanswered| due(sent).is_some_and(|due| due < now);
    Ok(unanswered.iter().filter(is_late).map(is_overdue).collect())
}

fn is_overdue(sent: &Unanswered) -> Concern {
    let Unanswered { outbound, overfoersel_id, debitorsystem, antal, besvaret, since } = sent;
    let kommune = outbound.kommunekode;
    let kommune = kommune.map(|kode| format!("{kode} {}", kode.navn())).unwrap_or_default();
    Concern {
        kind: AlertKind::KvitteringOverdue,
        // One that was sent again is another thing.
        subject: format!("{overfoersel_id} {}", since.timestamp_millis()),
        since: *since,
        text: format!(
            "{debitorsystem} ({kommune}) has answered {besvaret} of the {antal} registrations of \
             {}, delivered {}: the responsibility for the others is still ours",
            outbound.place,
            danish(*since)
        ),
        next: format!("modregn retry {} --reason …", outbound.id),
    }
}

fn deviates(one: &Deviating) -> Concern {
    let Deviating { kvittering_id, kommunekode, indlaest, modsagt, ukendt, .. } = one;
    Concern {
        kind: AlertKind::KvitteringDeviates,
        subject: kvittering_id.to_string(),
        since: *indlaest,
        text: format!(
            "{kommunekode} {}: {modsagt} answers contradict earlier ones, {ukendt} are about what \
             was not sent; they changed nothing",
            kommunekode.navn()
        ),
        next: "modregn debitor list --afvigelser".to_owned(),
    }
}

/// Told once a day for as long as any wait.
fn rejected(engine: &Engine, now: Moment) -> Result<Option<Concern>, TransferError> {
    let rejections = engine.desk().store().rejections()?;
    let Some(since) = rejections.iter().map(|one| one.oldest).min() else { return Ok(None) };
    let antal: u64 = rejections.iter().map(|one| one.antal).sum();
    let kommuner: BTreeSet<_> = rejections.iter().map(|one| one.kommunekode).collect();
    Ok(Some(Concern {
        kind: AlertKind::RegistreringerAfvist,
        subject: danish_day(now).to_string(),
        since,
        text: format!(
            "{antal} rejected registrations of {} municipalities wait for a case worker, the first \
             entered {}; the later ones of their debitorkonti wait for them",
            kommuner.len(),
            danish(since)
        ),
        next: "modregn debitor list".to_owned(),
    }))
}

/// Told once a day for each municipality for as long as any wait.
fn without_route(engine: &Engine, now: Moment) -> Result<Vec<Concern>, TransferError> {
    let (waiting, ruter) = {
        let desk = engine.desk();
        let store = desk.store();
        (store.waiting()?, store.ruter()?)
    };
    let today = danish_day(now);
    let has_route =
        |kommune| ruter.iter().any(|rute| rute.kommunekode == kommune && rute.holds_on(today));
    let stuck = waiting.iter().filter(|one| !has_route(one.kommunekode));
    let concern = stuck.map(|one| Concern {
        kind: AlertKind::RuteMissing,
        subject: format!("{} {} {today}", one.kommunekode, one.fagsystem),
        since: one.oldest,
        text: format!(
            "{} registrations of {} for {} {} wait: no route holds today",
            one.antal,
            one.fagsystem,
            one.kommunekode,
            one.kommunekode.navn()
        ),
        next: "modregn import ruter FILE".to_owned(),
    });
    Ok(concern.collect())
}
