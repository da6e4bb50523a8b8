//! Invented requests: one for each municipality, a few days before the payout.

use super::Plan;
use super::draw::Draw;
use crate::domain::{Forespoergsel, ForespoergselId, Kommunekode, Miljoe, Udbetalingsperiode};
use chrono::Days;
use uuid::Builder;

const DAYS_AHEAD: Days = Days::new(6);

/// The plan's requests, by municipality; the same seed and day give the same identifiers.
pub fn forespoergsler(plan: &Plan, miljoe: Miljoe) -> impl Iterator<Item = Forespoergsel> {
    plan.kommuner.iter().filter_map(move |&kommunekode| forespoergsel(plan, kommunekode, miljoe))
}

fn forespoergsel(plan: &Plan, kommunekode: Kommunekode, miljoe: Miljoe) -> Option<Forespoergsel> {
    let mut draw = Draw::of_forespoergsel(plan.seed, kommunekode, plan.dispositionsdato);
    Some(Forespoergsel {
        kommunekode,
        forespoergsel_id: ForespoergselId(Builder::from_random_bytes(draw.bytes()).into_uuid()),
        forespoergselsdato: plan.dispositionsdato - DAYS_AHEAD,
        dispositionsdato: plan.dispositionsdato,
        udbetalingsperiode: Udbetalingsperiode::of(plan.dispositionsdato).ok()?,
        miljoe,
    })
}
