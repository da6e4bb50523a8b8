//! Random agreements, imports and requests: the store against a model that is nothing but a list.

use crate::Bench;
use crate::samples::{
    aftale, answer, cpr, day, fordring, forespoergsel, import, kommune, transaktioner,
};
use chrono::Days;
use modregn::domain::aftale::{Aftale, Aftalestatus};
use modregn::domain::{Beloeb, Prioritet, Ydelsestype};
use modregn::store::{Answer, ImportMode};
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

const ROUNDS: u128 = 30;

fn invented(random: &mut impl Rng) -> Aftale {
    let id =
        format!("{}{}", ["A", "a", "Æ", "ø", "Å-"].choose(random).unwrap(), random.random::<u8>());
    let mut row = aftale(&id);
    row.kommunekode = kommune(*[101, 147, 851].choose(random).unwrap());
    row.cpr = cpr(&format!("010190{:04}", random.random_range(1000..1020)));
    row.beloeb = Beloeb::from_oere(random.random_range(0..10_000));
    row.ydelsestype = *Ydelsestype::ALL.choose(random).unwrap();
    // Close around the day asked for, so that its ends are met.
    row.gyldig_fra = day("2026-11-29") + Days::new(random.random_range(0..4));
    row.gyldig_til =
        random.random_bool(0.5).then(|| row.gyldig_fra + Days::new(random.random_range(0..4)));
    row.prioritet = Prioritet::new(random.random_range(1..4)).unwrap();
    row.fordring_id = random.random_bool(0.5).then(|| fordring("F"));
    row.status = *Aftalestatus::ALL.choose(random).unwrap();
    row
}

pub(crate) fn expectations_are_those_of_a_naive_model(bench: &dyn Bench) {
    let seed =
        std::env::var("MODREGN_SEED").map_or_else(|_| rand::random(), |s| s.parse().unwrap());
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut store = bench.open();
    let mut model: BTreeMap<String, Aftale> = BTreeMap::new();
    for round in 0..ROUNDS {
        let mut lines: BTreeMap<String, Aftale> = BTreeMap::new();
        for _ in 0..random.random_range(0..120) {
            let row = invented(&mut random);
            lines.insert(row.aftale_id.to_string(), row);
        }
        let mode = if random.random_bool(0.3) {
            model.clear();
            ImportMode::Replace
        } else {
            ImportMode::Upsert
        };
        import(&mut *store, mode, &lines.values().cloned().collect::<Vec<_>>());
        model.append(&mut lines);
        let replay = format!("round {round}; replay with MODREGN_SEED={seed}");
        assert_eq!(store.count_aftaler().unwrap(), model.len() as u64, "{replay}");

        let mut request = forespoergsel(*[101, 147, 851].choose(&mut random).unwrap(), round);
        request.dispositionsdato = day("2026-11-30") + Days::new(random.random_range(0..3));
        let mut wanted: Vec<_> = model
            .values()
            .filter(|a| a.kommunekode == request.kommunekode)
            .filter(|a| a.is_active_on(request.dispositionsdato))
            .collect();
        wanted.sort_by_key(|a| (a.cpr, a.prioritet, a.aftale_id.clone()));
        let Answer::New { svar, .. } = answer(&mut *store, &request, &round.to_string()) else {
            panic!("not new: {replay}");
        };
        let rows = transaktioner(&*store, request.forespoergsel_id);
        let found: Vec<_> = rows.iter().map(|t| (&t.aftale_id, t.cpr, t.beloeb)).collect();
        let wanted: Vec<_> = wanted.iter().map(|a| (&a.aftale_id, a.cpr, a.beloeb)).collect();
        assert_eq!(found, wanted, "{replay}");
        assert_eq!(svar.sum_beloeb, wanted.iter().map(|(_, _, beloeb)| *beloeb).sum(), "{replay}");
        assert_eq!(usize::try_from(svar.antal_transaktioner), Ok(wanted.len()), "{replay}");
    }
}
