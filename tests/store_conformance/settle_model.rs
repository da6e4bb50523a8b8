//! Random histories of requests and payout reports: the store against a model that is nothing but
//! lists. Some reports are broken off, as a crash between two files would.

use crate::Bench;
use crate::samples::{aftale, answer, at, day, forespoergsel, import};
use crate::settle::{How, figures, linjer, oere, row, settle, udbetaling};
use chrono::TimeDelta;
use modregn::domain::{Afstemning, Aftale, Forespoergsel, Indberetning, Post, Rettelse, Udfald};
use modregn::store::{ImportMode, MatchBy, Store};
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

const REPORTS: u128 = 80;
const AGREEMENTS: u32 = 12;

/// What the model knows of one expectation, or of one unexpected agreement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Known {
    forventet: Option<i64>,
    /// The amount, and whether something of it was taken back.
    modtaget: Option<(i64, bool)>,
    udeblevet: bool,
}

/// By the place of the request (none = unexpected) and the agreement.
type Model = BTreeMap<(Option<usize>, String), Known>;

fn apply(model: &mut Model, request: usize, report: &[Indberetning], rettelse: Rettelse) {
    let mut sums: BTreeMap<String, (i64, bool)> = BTreeMap::new();
    for one in report {
        let sum = sums.entry(one.aftale_id.to_string()).or_default();
        sum.0 += one.tilbageholdt_beloeb.oere();
        sum.1 |= one.tilbageholdt_beloeb.oere() < 0;
    }
    for (aftale, (sum, back)) in sums {
        let expected = (Some(request), aftale.clone());
        let key = if model.contains_key(&expected) { expected } else { (None, aftale) };
        let known = model.entry(key).or_default();
        known.modtaget = Some(match (known.modtaget, rettelse) {
            (Some((before, _)), Rettelse::Erstatter) if back => (before + sum, true),
            (Some((before, was)), Rettelse::LaeggerTil) => (before + sum, was || back),
            _ => (sum, back),
        });
    }
}

/// What the model's figures are, worked out from nothing but its list.
fn expected_figures(model: &Model) -> Afstemning {
    let mut sum = Afstemning::default();
    for known in model.values() {
        let modtaget = known.modtaget.map_or(0, |(oere, _)| oere);
        let Some(forventet) = known.forventet else {
            sum.uventet.antal += 1;
            sum.uventet.beloeb = sum.uventet.beloeb + oere(modtaget);
            continue;
        };
        let udfald = match known.modtaget {
            None if known.udeblevet => Udfald::Udeblevet,
            None => Udfald::Aaben,
            Some((oere, _)) if oere == forventet => Udfald::Fuld,
            Some((oere, _)) if oere > forventet => Udfald::Over,
            Some((oere, _)) if oere > 0 => Udfald::Delvis,
            Some((_, true)) => Udfald::Tilbagefoert,
            Some(_) => Udfald::Ingen,
        };
        sum.add(udfald, Post { antal: 1, forventet: oere(forventet), modtaget: oere(modtaget) });
    }
    sum
}

fn invented(random: &mut impl Rng) -> Vec<Indberetning> {
    let days = ["2026-12-01", "2026-12-02"].map(day);
    let mut all: Vec<Indberetning> = Vec::new();
    for loebenummer in 1..=random.random_range(0..10) {
        let amount = *[0, 400, 1000, 1000, 1000, 1300, -1000, -200].choose(random).unwrap();
        let id = format!("A{}", random.random_range(0..AGREEMENTS + 3));
        let mut one = row(loebenummer, &id, amount);
        one.udbetalingsdato = *days.choose(random).unwrap();
        let alike = |other: &Indberetning| {
            let sign = other.tilbageholdt_beloeb.oere() < 0;
            (&other.aftale_id, other.udbetalingsdato, sign)
                == (&one.aftale_id, one.udbetalingsdato, amount < 0)
        };
        if !all.iter().any(alike) {
            all.push(one);
        }
    }
    all
}

fn ask(store: &mut dyn Store, model: &mut Model, random: &mut impl Rng) -> Vec<Forespoergsel> {
    let mut requests = Vec::new();
    for request in 0..2_usize {
        let agreements = (0..AGREEMENTS).map(|number| Aftale {
            beloeb: oere(*[0, 700, 1000].choose(random).unwrap()),
            ..aftale(&format!("A{number}"))
        });
        let agreements: Vec<_> = agreements.collect();
        import(store, ImportMode::Upsert, &agreements);
        for one in agreements {
            let known = Known { forventet: Some(one.beloeb.oere()), ..Known::default() };
            model.insert((Some(request), one.aftale_id.to_string()), known);
        }
        let asked = forespoergsel(101, request as u128 + 1);
        answer(store, &asked, &format!("req {request}"));
        requests.push(asked);
    }
    requests
}

pub(crate) fn figures_are_those_of_a_naive_model(bench: &dyn Bench) {
    let seed =
        std::env::var("MODREGN_SEED").map_or_else(|_| rand::random(), |s| s.parse().unwrap());
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut store = bench.open();
    let replay = format!("replay with MODREGN_SEED={seed}");
    let mut model = Model::new();
    let requests = ask(&mut *store, &mut model, &mut random);
    for number in 0..REPORTS {
        let request = random.random_range(0..requests.len());
        let head = udbetaling(&requests[request], number);
        let report = invented(&mut random);
        if random.random_bool(0.2) {
            // Broken off: nothing has happened.
            let mut intake = store.take_in().unwrap();
            for one in &report {
                intake.put(one).unwrap();
            }
            if random.random_bool(0.5) {
                intake.match_up(&head, MatchBy::Request, 1).unwrap();
            }
        }
        let rettelse = *[Rettelse::Erstatter, Rettelse::LaeggerTil].choose(&mut random).unwrap();
        let how = How { by: MatchBy::Request, rettelse };
        let done = settle(&mut *store, &head, &report, how).unwrap();
        assert_eq!(done.indlaest.afvist, 0, "{replay}");
        apply(&mut model, request, &report, rettelse);
        if random.random_bool(0.1) {
            store = bench.open();
        }
        if number == REPORTS / 2 {
            let due = at("2026-12-08T11:00:00Z") + TimeDelta::seconds(1);
            store.note_udeblevne(requests[0].dispositionsdato, due).unwrap();
            for known in model.values_mut() {
                known.udeblevet = true;
            }
        }
        assert_eq!(figures(&*store), expected_figures(&model), "report {number}, {replay}");
    }
    let lines = linjer(&*store);
    assert_eq!(lines.len(), model.len(), "{replay}");
    let came = |line: &modregn::store::Linje| line.rapporteret.map_or(0, |r| r.beloeb.oere());
    let sum: i64 = lines.iter().map(came).sum();
    let model_sum: i64 = model.values().filter_map(|known| known.modtaget).map(|m| m.0).sum();
    assert_eq!(sum, model_sum, "{replay}");
}
