//! Invented payout reports: what a municipality would have withheld of what it was asked to.

use super::Plan;
use super::draw::Draw;
use crate::domain::{
    Aarsag, AftaleId, Beloeb, Forespoergsel, Indberetning, Transaktion, Udbetaling,
};
use uuid::Builder;

/// How often something else happens than that the whole amount is withheld, each in percent of the
/// transactions; together at most 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deviations {
    /// Only a part is withheld.
    pub partial: u32,
    /// There was no payout to withhold from.
    pub none: u32,
    /// The municipality says nothing.
    pub missing: u32,
    /// More is withheld than was asked for.
    pub over: u32,
    /// In its place another agreement is reported, which nobody asked for.
    pub unexpected: u32,
}

/// What is reported of one transaction.
struct Lot {
    aarsag: Aarsag,
    /// How much of what was asked for is withheld, in percent.
    percent: u32,
    /// Whether it is reported of the agreement that was asked for.
    asked: bool,
}

/// An invented report: its head, and what it reports of the transactions of an answer.
pub struct Udbetalingsrapport {
    draw: Draw,
    deviations: Deviations,
    udbetaling: Udbetaling,
    reported: u32,
}

impl Udbetalingsrapport {
    /// The report that follows the answer to `request`; the same plan gives the same report.
    pub fn new(plan: &Plan, request: &Forespoergsel, deviations: Deviations) -> Self {
        let mut draw =
            Draw::of_udbetaling(plan.seed, request.kommunekode, request.dispositionsdato);
        let udbetaling = Udbetaling {
            kommunekode: request.kommunekode,
            udbetaling_id: Builder::from_random_bytes(draw.bytes()).into_uuid(),
            dispositionsdato: request.dispositionsdato,
            udbetalingsperiode: request.udbetalingsperiode,
            miljoe: request.miljoe,
            forespoergsel_id: Some(request.forespoergsel_id),
        };
        Self { draw, deviations, udbetaling, reported: 0 }
    }

    /// The report's head.
    pub const fn udbetaling(&self) -> &Udbetaling {
        &self.udbetaling
    }

    /// What is reported of the answer's next transaction; `None` = nothing at all.
    pub fn report(&mut self, transaktion: &Transaktion) -> Option<Indberetning> {
        let Lot { aarsag, percent, asked } = self.lot()?;
        self.reported += 1;
        let oere = transaktion.beloeb.oere() * i64::from(percent) / 100;
        let aftale_id = if asked { transaktion.aftale_id.clone() } else { self.unasked()? };
        Some(Indberetning {
            loebenummer: self.reported,
            aftale_id,
            cpr: transaktion.cpr,
            tilbageholdt_beloeb: Beloeb::from_oere(oere),
            udbetalingsdato: self.udbetaling.dispositionsdato,
            aarsag,
        })
    }

    /// An agreement that no seed has.
    fn unasked(&self) -> Option<AftaleId> {
        let (kommunekode, number) = (self.udbetaling.kommunekode, self.reported);
        AftaleId::parse(&format!("UV-{kommunekode}-{number:09}")).ok()
    }

    /// What is reported of a transaction; `None` = nothing at all.
    fn lot(&mut self) -> Option<Lot> {
        let Deviations { partial, none, missing, over, unexpected } = self.deviations;
        let lot = self.draw.below(100);
        let share = self.draw.between(10, 90);
        let (aarsag, percent) = if lot < partial {
            (Aarsag::Delvis, share)
        } else if lot < partial + none {
            (Aarsag::IngenUdbetaling, 0)
        } else if lot < partial + none + missing {
            return None;
        } else if lot < partial + none + missing + over {
            (Aarsag::Fuld, 100 + share)
        } else {
            (Aarsag::Fuld, 100)
        };
        let asked = lot < 100 - unexpected;
        Some(Lot { aarsag, percent, asked })
    }
}
