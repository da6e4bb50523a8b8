//! What follows when the time for reports on a payout is over.

use super::Engine;
use crate::config::FlowName;
use crate::transfer::TransferError;

/// Notes of every payout whose time for reports is over which expectations have stayed out. One
/// that was noted is not noted again, but for requests that were answered since.
pub(super) fn note_passed(engine: &Engine) -> Result<(), TransferError> {
    let kalender = engine.config().payouts.as_ref();
    // Where no reports are taken in, nobody knows what has stayed out.
    let Some(kalender) = kalender.filter(|_| engine.serves(FlowName::Sf2520)) else {
        return Ok(());
    };
    let desk = engine.desk();
    let now = desk.now();
    let awaited = desk.store().awaited_payouts()?;
    for dispositionsdato in awaited {
        if kalender.report_due(dispositionsdato).is_none_or(|due| now <= due) {
            continue;
        }
        let noted = desk.store().note_udeblevne(dispositionsdato, now)?;
        let (requests, antal) = (noted.len(), noted.iter().map(|one| one.antal).sum::<u64>());
        tracing::info!(%dispositionsdato, requests, antal, "expectations have stayed out");
    }
    Ok(())
}
