//! Invented debitorregistreringer: the histories of debitorkonti, mixed as they would be entered.
//!
//! A debitorkonto is opened, paid on, and changed. Whoever is asked to can have some registrations
//! among them that a debitorsystem must reject for what its ledger knows, and only for that; those
//! have no effect on what comes after them.

mod konto;
mod opret;
mod tabeller;
#[cfg(test)]
mod tests;

pub use tabeller::{ruter, sortiment};

use super::aftaler::weight;
use super::draw::Draw;
use crate::domain::debitor::{
    Afvisningsaarsag, DebitorkontoId, Debitorregistrering, Operation, RegistreringId,
};
use crate::domain::{Fagsystem, Kommunekode};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use konto::Konto;
use std::collections::VecDeque;
use uuid::{Builder, Uuid};

/// Most debitorkonti that go on at the same time: memory does not grow with their number.
const MOST_OPEN: usize = 1_000;

/// Registrations entered in one second.
const PER_SECOND: u64 = 4;

/// What to invent.
#[derive(Clone, Debug)]
pub struct Registreringsplan {
    seed: u64,
    fagsystem: Fagsystem,
    kommuner: Vec<Kommunekode>,
    begynder: NaiveDate,
    antal: u64,
    konti: u64,
    fejl: u32,
}

/// A plan that cannot be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistreringsplanError {
    /// No municipality at all.
    #[error("expected at least one municipality")]
    Kommuner,
    /// Every debitorkonto has at least one registration.
    #[error("expected at least one debitorkonto and no more of them than registrations")]
    Konti,
    /// Nobody can be 18 to 66 years old then and have a CPR number.
    #[error("expected a first day of the years 1970 to 2070")]
    Begynder,
    /// More than all of them.
    #[error("expected at most 1000 in a thousand to be rejected")]
    Fejl,
}

impl Registreringsplan {
    /// So many registrations on so many debitorkonti of a fagsystem, for these municipalities, from
    /// a day on. Everything drawn follows from `seed`.
    pub fn new(
        seed: u64,
        fagsystem: Fagsystem,
        kommuner: Vec<Kommunekode>,
        begynder: NaiveDate,
        (antal, konti): (u64, u64),
    ) -> Result<Self, RegistreringsplanError> {
        if kommuner.is_empty() {
            return Err(RegistreringsplanError::Kommuner);
        }
        if antal > 0 && !(1..=antal).contains(&konti) {
            return Err(RegistreringsplanError::Konti);
        }
        if !(1970..=2070).contains(&begynder.year()) {
            return Err(RegistreringsplanError::Begynder);
        }
        Ok(Self { seed, fagsystem, kommuner, begynder, antal, konti, fejl: 0 })
    }

    /// The same with so many in a thousand that a debitorsystem must reject.
    pub fn with_fejl(self, fejl: u32) -> Result<Self, RegistreringsplanError> {
        let fits = fejl <= 1_000;
        fits.then_some(Self { fejl, ..self }).ok_or(RegistreringsplanError::Fejl)
    }
}

/// The plan's registrations, in the order in which they are entered.
pub fn debitorregistreringer(plan: &Registreringsplan) -> Debitorregistreringer<'_> {
    let mut draw = Draw::of_registreringer(plan.seed);
    let mut vaegt = 0;
    let vaegte = plan.kommuner.iter().map(|&kommunekode| {
        vaegt += weight(&mut draw, kommunekode);
        vaegt
    });
    let vaegte = vaegte.collect();
    Debitorregistreringer { plan, draw, vaegte, aabne: VecDeque::new(), oprettet: 0, number: 0 }
}

/// See [`debitorregistreringer`].
#[derive(Debug)]
pub struct Debitorregistreringer<'p> {
    plan: &'p Registreringsplan,
    draw: Draw,
    /// For each municipality its size beside the others, and the sizes of those before it.
    vaegte: Vec<u64>,
    /// The debitorkonti that go on.
    aabne: VecDeque<Konto>,
    oprettet: u64,
    /// Registrations there have been.
    number: u64,
}

/// A registration, and what becomes of it.
#[derive(Clone, Debug)]
pub struct Indtastet {
    /// The registration.
    pub registrering: Debitorregistrering,
    /// Why a debitorsystem rejects it, if it has to.
    pub afvises: Option<Afvisningsaarsag>,
}

/// What is done to which debitorkonto.
type Handling = (Kommunekode, DebitorkontoId, Operation);

impl Iterator for Debitorregistreringer<'_> {
    type Item = Indtastet;

    fn next(&mut self) -> Option<Indtastet> {
        if self.number == self.plan.antal {
            return None;
        }
        let registreret = self.now();
        let day = registreret.date_naive();
        let (handling, afvises) = if self.is_konto_due() {
            (self.opret(day)?, None)
        } else if self.draw.below(1_000) < self.plan.fejl {
            let (handling, aarsag) = self.fejl(day)?;
            (handling, Some(aarsag))
        } else {
            (self.fortsaet(day)?, None)
        };
        let (kommunekode, debitorkonto_id, operation) = handling;
        let registrering = Debitorregistrering {
            registrering_id: RegistreringId(uuid(&mut self.draw)),
            fagsystem: self.plan.fagsystem.clone(),
            kommunekode,
            debitorkonto_id,
            registreret,
            virkningsdato: day,
            retter: None,
            operation,
        };
        self.number += 1;
        Some(Indtastet { registrering, afvises })
    }
}

impl Debitorregistreringer<'_> {
    /// From eight o'clock of the first day on (nine, in summer).
    fn now(&self) -> DateTime<Utc> {
        let seven = NaiveTime::MIN + TimeDelta::hours(7);
        let seconds = Days::new(self.number / PER_SECOND / 86_400);
        let rest = i64::try_from(self.number / PER_SECOND % 86_400).unwrap_or_default();
        (self.plan.begynder + seconds).and_time(seven).and_utc() + TimeDelta::seconds(rest)
    }

    /// The debitorkonti are opened evenly among the registrations, the first one first.
    fn is_konto_due(&self) -> bool {
        let Registreringsplan { antal, konti, .. } = self.plan;
        let due = u128::from(self.number) * u128::from(*konti);
        self.oprettet < *konti && u128::from(self.oprettet) * u128::from(*antal) <= due
    }

    fn opret(&mut self, day: NaiveDate) -> Option<Handling> {
        let (kommunekode, id) = (self.kommune(), self.new_konto());
        let ny = opret::debitorkonto(&mut self.draw, day)?;
        self.oprettet += 1;
        if self.aabne.len() == MOST_OPEN {
            self.aabne.pop_front();
        }
        self.aabne.push_back(Konto::new(kommunekode, id, &ny));
        Some((kommunekode, id, Operation::OpretDebitorkonto(ny)))
    }

    /// Something else is done to a debitorkonto that goes on.
    fn fortsaet(&mut self, day: NaiveDate) -> Option<Handling> {
        let at = self.draw.below(u32::try_from(self.aabne.len()).ok()?) as usize;
        let konto = self.aabne.get_mut(at)?;
        let operation = konto.naeste(&mut self.draw, day)?;
        Some((konto.kommunekode, konto.id, operation))
    }

    /// Something that the debitorsystem must reject.
    fn fejl(&mut self, day: NaiveDate) -> Option<(Handling, Afvisningsaarsag)> {
        let at = self.draw.below(u32::try_from(self.aabne.len()).ok()?) as usize;
        let ny_id = self.new_konto();
        let (konto, draw) = (self.aabne.get(at)?, &mut self.draw);
        let (id, operation, aarsag) = match draw.below(8) {
            0 => {
                let ny = opret::debitorkonto(draw, day)?;
                let operation = Operation::OpretDebitorkonto(ny);
                (konto.id, operation, Afvisningsaarsag::FindesAllerede)
            }
            1 => {
                let mut ny = opret::debitorkonto(draw, day)?;
                let fordring = ny.fordringer.last_mut()?;
                fordring.fordring_id = konto.fordring_id(draw);
                let operation = Operation::OpretDebitorkonto(ny);
                (ny_id, operation, Afvisningsaarsag::FindesAllerede)
            }
            2 => (ny_id, konto.betaling(draw, day)?, Afvisningsaarsag::KontoUkendt),
            _ => {
                let (operation, aarsag) = konto.fejl(draw, day)?;
                (konto.id, operation, aarsag)
            }
        };
        Some(((konto.kommunekode, id, operation), aarsag))
    }

    fn kommune(&mut self) -> Kommunekode {
        let all = self.vaegte.last().and_then(|&all| u32::try_from(all).ok()).unwrap_or(1);
        let drawn = u64::from(self.draw.below(all));
        self.plan.kommuner[self.vaegte.partition_point(|&up_to| up_to <= drawn)]
    }

    fn new_konto(&mut self) -> DebitorkontoId {
        DebitorkontoId(uuid(&mut self.draw))
    }
}

fn uuid(draw: &mut Draw) -> Uuid {
    Builder::from_random_bytes(draw.bytes()).into_uuid()
}
