//! Invented betalingsadministrationsaftaler: four in five active on the payout day, the rest on
//! hold, ended, not yet begun or no longer valid.

use super::draw::Draw;
use super::{Plan, person};
use crate::domain::{
    Aftale, AftaleId, Aftalestatus, Beloeb, Cpr, FordringId, Kommunekode, Prioritet, Transaktion,
    Ydelsestype,
};
use chrono::{Days, NaiveDate};

/// Monthly child support for one child in 2025 (normalbidrag), in øre.
const NORMALBIDRAG: u32 = 160_300;

/// The plan's agreements, by municipality.
pub fn aftaler(plan: &Plan) -> Aftaler {
    let mut draw = Draw::of_aftaler(plan.seed);
    let mut shares = shares(&mut draw, plan);
    shares.reverse();
    Aftaler { draw, on: plan.dispositionsdato, shares, person: None, number: 0 }
}

/// See [`aftaler`].
#[derive(Debug)]
pub struct Aftaler {
    draw: Draw,
    on: NaiveDate,
    /// Agreements still to come for each municipality, the next one last.
    shares: Vec<(Kommunekode, u64)>,
    /// Who the next agreement belongs to, if not to someone new.
    person: Option<Cpr>,
    number: u64,
}

/// What the plan's agreements give each municipality as an answer, in the answer's order.
pub fn transaktioner(plan: &Plan) -> impl Iterator<Item = (Kommunekode, Vec<Transaktion>)> {
    let mut all = aftaler(plan).peekable();
    plan.kommuner.iter().map(move |&kommunekode| {
        let mut active = Vec::new();
        while let Some(aftale) = all.next_if(|aftale| aftale.kommunekode == kommunekode) {
            active.extend(aftale.is_active_on(plan.dispositionsdato).then_some(aftale));
        }
        active.sort_by(|a, b| order(a).cmp(&order(b)));
        (kommunekode, (1..).zip(active).map(transaktion).collect())
    })
}

fn order(aftale: &Aftale) -> (Cpr, Prioritet, &AftaleId) {
    (aftale.cpr, aftale.prioritet, &aftale.aftale_id)
}

fn transaktion((loebenummer, aftale): (u32, Aftale)) -> Transaktion {
    Transaktion {
        loebenummer,
        aftale_id: aftale.aftale_id,
        cpr: aftale.cpr,
        beloeb: aftale.beloeb,
        ydelsestype: aftale.ydelsestype,
        gyldig_fra: aftale.gyldig_fra,
        gyldig_til: aftale.gyldig_til,
        prioritet: aftale.prioritet,
        fordring_id: aftale.fordring_id,
    }
}

/// A municipality's size beside the others: the four largest and the five smallest about as they
/// are, the rest drawn.
pub(super) fn weight(draw: &mut Draw, kommunekode: Kommunekode) -> u64 {
    let drawn = draw.between(3, 9);
    u64::from(match kommunekode.number() {
        101 => 88,
        751 => 49,
        851 => 30,
        461 => 28,
        482 | 492 | 563 | 741 | 825 => 1,
        _ => drawn,
    })
}

/// How many agreements each municipality has, by its weight.
fn shares(draw: &mut Draw, plan: &Plan) -> Vec<(Kommunekode, u64)> {
    let weights: Vec<_> = plan.kommuner.iter().map(|&kode| weight(draw, kode)).collect();
    let all: u64 = weights.iter().sum();
    let (mut weight_so_far, mut given) = (0, 0);
    let share = |(&kommunekode, weight)| {
        weight_so_far += weight;
        let up_to = u128::from(plan.aftaler) * u128::from(weight_so_far) / u128::from(all);
        let up_to = u64::try_from(up_to).unwrap_or(plan.aftaler);
        let share = up_to - given;
        given = up_to;
        (kommunekode, share)
    };
    plan.kommuner.iter().zip(weights).map(share).collect()
}

impl Iterator for Aftaler {
    type Item = Aftale;

    fn next(&mut self) -> Option<Aftale> {
        while self.shares.last()?.1 == 0 {
            self.shares.pop();
            self.person = None;
        }
        let (kommunekode, left) = self.shares.last_mut()?;
        *left -= 1;
        let kommunekode = *kommunekode;
        self.number += 1;
        let on = self.on;
        let draw = &mut self.draw;
        let cpr = self.person.take().unwrap_or_else(|| person::cpr(draw, on));
        self.person = draw.percent(25).then_some(cpr);
        let ydelsestype = ydelsestype(draw);
        let (gyldig_fra, gyldig_til) = validity(draw, on);
        Some(Aftale {
            aftale_id: AftaleId::parse(&format!("BA-{:09}", self.number)).ok()?,
            kommunekode,
            cpr,
            beloeb: beloeb(draw, ydelsestype),
            ydelsestype,
            gyldig_fra,
            gyldig_til,
            prioritet: Prioritet::new(draw.pick(&[1, 1, 1, 2, 2, 3]))?,
            fordring_id: fordring_id(draw, ydelsestype),
            status: draw.pick(&STATUSES),
        })
    }
}

/// Twelve in fourteen are `aktiv`.
const STATUSES: [Aftalestatus; 14] = {
    let mut all = [Aftalestatus::Aktiv; 14];
    all[12] = Aftalestatus::Suspenderet;
    all[13] = Aftalestatus::Ophoert;
    all
};

fn ydelsestype(draw: &mut Draw) -> Ydelsestype {
    match draw.below(100) {
        0..88 => Ydelsestype::Boernebidrag,
        88..94 => Ydelsestype::Uddannelsesbidrag,
        94..96 => Ydelsestype::Foedselsbidrag,
        _ => Ydelsestype::AndetUnderholdsbidrag,
    }
}

/// The sizes are the real ones for child support; the others are likely ones.
fn beloeb(draw: &mut Draw, ydelsestype: Ydelsestype) -> Beloeb {
    let oere = match ydelsestype {
        Ydelsestype::Boernebidrag => {
            let children = draw.pick(&[1, 1, 1, 1, 1, 2, 2, 2, 3, 4]);
            let supplement_percent = draw.pick(&[0, 0, 0, 0, 0, 0, 0, 0, 100, 200]);
            children * NORMALBIDRAG * (100 + supplement_percent) / 100
        }
        Ydelsestype::Uddannelsesbidrag => NORMALBIDRAG,
        Ydelsestype::Foedselsbidrag => draw.between(50_000, 110_000),
        Ydelsestype::AndetUnderholdsbidrag => draw.between(20_000, 800_000),
    };
    Beloeb::from_oere(i64::from(oere))
}

/// First and last day; the days next to `on` come more often than by chance, for they are where
/// programs err.
fn validity(draw: &mut Draw, on: NaiveDate) -> (NaiveDate, Option<NaiveDate>) {
    let days = |n: u32| Days::new(u64::from(n));
    let begun = on - days(draw.between(1, 3_650));
    match draw.below(100) {
        0..60 => (begun, None),
        60..92 => (begun, Some(on + days(draw.between(1, 2_500)))),
        92 => (on, None),
        93 => (begun, Some(on)),
        94 => (on, Some(on)),
        95 => (begun, Some(begun.max(on - days(1)))),
        96 => (on + days(1), None),
        97 => (on + days(draw.between(2, 400)), None),
        _ => (begun, Some(begun.max(on - days(draw.between(2, 400))))),
    }
}

/// Two in three name their claim; `Ø` stands in some, as it does in real ones.
fn fordring_id(draw: &mut Draw, ydelsestype: Ydelsestype) -> Option<FordringId> {
    let (named, number) = (draw.percent(66), draw.below(100_000_000));
    let kind = match ydelsestype {
        Ydelsestype::Boernebidrag => "BØ",
        Ydelsestype::Uddannelsesbidrag => "UD",
        Ydelsestype::Foedselsbidrag => "FØ",
        Ydelsestype::AndetUnderholdsbidrag => "AU",
    };
    named.then(|| FordringId::parse(&format!("{kind}-{number:08}")).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(kommuner: usize, aftaler: u64) -> Plan {
        Plan::new(1, kommuner, aftaler, "2026-12-30".parse().unwrap()).unwrap()
    }

    #[test]
    fn gives_as_many_as_planned_and_four_in_five_are_active() {
        let plan = plan(98, 20_000);
        let all: Vec<_> = aftaler(&plan).collect();
        assert_eq!(all.len(), 20_000);
        assert!(all.is_sorted_by_key(|aftale| aftale.kommunekode));
        let active = all.iter().filter(|aftale| aftale.is_active_on(plan.dispositionsdato)).count();
        assert!((15_500..16_500).contains(&active), "{active}");
        let without_control = all.iter().filter(|aftale| !aftale.cpr.passes_modulus_11()).count();
        assert!((300..900).contains(&without_control), "{without_control}");
    }
}
