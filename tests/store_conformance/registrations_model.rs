//! Random histories of registrations: entered, sent, answered in part, twice, otherwise and out of
//! order, corrected and given up. The store against a model that is nothing but a list.

use crate::Bench;
use crate::registrations::{
    answer, correction, cut, deliver, enter, file, id, registrering, sent, stands, svar, with_route,
};
use crate::samples::now;
use modregn::domain::debitor::{Afvisningsaarsag, Registreringssvar};
use modregn::store::{By, Step, Store, Tilstand};
use modregn::transfer::state::{Event, State};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

const KONTI: u128 = 6;
const STEPS: usize = 120;

#[derive(Clone, Debug)]
struct One {
    konto: u128,
    /// Of what it corrects, or its own.
    place: u128,
    tilstand: Tilstand,
    transfer: Option<u128>,
}

/// By number, from 1, in the order of entry.
#[derive(Default)]
struct Model {
    all: Vec<One>,
    accepted: BTreeMap<u128, u32>,
    transfers: Vec<(Vec<u128>, State)>,
    kvitteringer: u128,
}

impl Model {
    fn one(&mut self, number: u128) -> &mut One {
        &mut self.all[usize::try_from(number).unwrap() - 1]
    }

    fn numbers(&self, wanted: impl Fn(&One) -> bool) -> Vec<u128> {
        let numbered = (1..).zip(&self.all);
        numbered.filter(|(_, one)| wanted(one)).map(|(number, _)| number).collect()
    }

    fn is_open(one: &One) -> bool {
        matches!(one.tilstand, Tilstand::Modtaget | Tilstand::IOverfoersel | Tilstand::Afvist)
    }

    /// What can leave now: of each konto the first that is open, if it has not left.
    fn ready(&self) -> Vec<u128> {
        let mut first: BTreeMap<u128, (u128, u128)> = BTreeMap::new();
        for number in self.numbers(Self::is_open) {
            let one = &self.all[usize::try_from(number).unwrap() - 1];
            let place = (one.place, number);
            let entry = first.entry(one.konto).or_insert(place);
            *entry = (*entry).min(place);
        }
        let mut ready: Vec<_> = first.into_values().map(|(_, number)| number).collect();
        ready.retain(|number| {
            self.all[usize::try_from(*number).unwrap() - 1].tilstand == Tilstand::Modtaget
        });
        ready.sort_unstable();
        ready
    }

    fn add(&mut self, konto: u128, corrects: Option<u128>) -> u128 {
        let number = self.all.len() as u128 + 1;
        let place = corrects.map_or(number, |other| self.one(other).place);
        self.all.push(One { konto, place, tilstand: Tilstand::Modtaget, transfer: None });
        if let Some(other) = corrects {
            self.one(other).tilstand = Tilstand::Rettet;
        }
        number
    }

    fn expected(&self, one: &One) -> Tilstand {
        let transfer = one.transfer.map(|t| &self.transfers[usize::try_from(t).unwrap() - 1]);
        match (one.tilstand, transfer) {
            (Tilstand::IOverfoersel, Some((_, State::Published))) => Tilstand::AfventerKvittering,
            (tilstand, _) => tilstand,
        }
    }

    fn compare(&self, store: &dyn Store) {
        let found: Vec<_> = stands(store).into_iter().map(|stand| stand.tilstand).collect();
        let expected: Vec<_> = self.all.iter().map(|one| self.expected(one)).collect();
        assert_eq!(found, expected);
        let waiting: u64 = store.waiting().unwrap().iter().map(|one| one.antal).sum();
        assert_eq!(waiting, self.ready().len() as u64);
        for konto in 0..KONTI {
            let under_way =
                |one: &One| one.konto == konto && one.tilstand == Tilstand::IOverfoersel;
            assert!(self.numbers(under_way).len() <= 1, "one of a konto at a time");
        }
    }
}

fn cut_and_compare(model: &mut Model, store: &mut dyn Store, most: u32) {
    let number = model.transfers.len() as u128 + 1;
    let mut ready = model.ready();
    ready.truncate(most as usize);
    let Some(cut) = cut(store, number, most) else {
        assert!(ready.is_empty());
        return;
    };
    let expected: Vec<_> = ready
        .iter()
        .map(|&n| {
            let konto = model.one(n).konto;
            (id(n), model.accepted.get(&konto).copied().unwrap_or_default() + 1)
        })
        .collect();
    assert_eq!(sent(store, &cut), expected);
    for &n in &ready {
        let one = model.one(n);
        (one.tilstand, one.transfer) = (Tilstand::IOverfoersel, Some(number));
    }
    model.transfers.push((ready, State::Queued));
}

/// The first answer of a registration that is under way counts, whatever else there is.
fn apply(model: &mut Model, transfer: u128, all: &[(u128, bool)]) {
    let members: BTreeSet<_> =
        model.transfers[usize::try_from(transfer).unwrap() - 1].0.iter().copied().collect();
    for &(number, accepted) in all.iter().filter(|(number, _)| members.contains(number)) {
        let one = model.one(number);
        if !matches!(one.tilstand, Tilstand::IOverfoersel | Tilstand::Modtaget) {
            continue;
        }
        one.tilstand = if accepted { Tilstand::Accepteret } else { Tilstand::Afvist };
        if accepted {
            let konto = one.konto;
            *model.accepted.entry(konto).or_default() += 1;
        }
    }
}

fn case_worker() -> By {
    By { who: "case worker".to_owned(), why: "a test".to_owned() }
}

fn deliver_or_cancel(model: &mut Model, store: &mut dyn Store, random: &mut ChaCha8Rng) {
    let by = case_worker();
    let queued = |(_, (_, state)): &(u128, &(Vec<u128>, State))| *state == State::Queued;
    let found: Vec<_> =
        (1..).zip(&model.transfers).filter(queued).map(|(number, _)| number).collect();
    let Some(&number) = found.choose(random) else { return };
    let state = if random.random_bool(0.8) {
        deliver(store, number);
        State::Published
    } else {
        let cancel = Step { by: Some(by), ..Step::plain(Event::Cancel) };
        store.advance(&file(store, number), &cancel, now()).unwrap();
        let given_back = store.give_back(now()).unwrap();
        let back =
            |one: &One| one.transfer == Some(number) && one.tilstand == Tilstand::IOverfoersel;
        let back = model.numbers(back);
        assert_eq!(given_back, back.len() as u64);
        for n in back {
            (model.one(n).tilstand, model.one(n).transfer) = (Tilstand::Modtaget, None);
        }
        State::Cancelled
    };
    model.transfers[usize::try_from(number).unwrap() - 1].1 = state;
}

fn answer_some(model: &mut Model, store: &mut dyn Store, random: &mut ChaCha8Rng) {
    if model.transfers.is_empty() {
        return;
    }
    let transfer = random.random_range(1..=model.transfers.len() as u128);
    let mut all: Vec<_> = model.transfers[usize::try_from(transfer).unwrap() - 1].0.clone();
    // Some are missing, some stand twice, some are of another transfer.
    all.retain(|_| random.random_bool(0.8));
    if random.random_bool(0.2) && !model.all.is_empty() {
        all.push(random.random_range(1..=model.all.len() as u128));
    }
    all.shuffle(random);
    let all: Vec<_> = all.into_iter().map(|number| (number, random.random_bool(0.7))).collect();
    let reason = Afvisningsaarsag::OverRestance;
    let answers: Vec<Registreringssvar> =
        all.iter().map(|(number, accepted)| svar(*number, (!accepted).then_some(reason))).collect();
    if random.random_bool(0.1) {
        // Broken off: nothing has happened.
        let mut taken = store.take_answers().unwrap();
        for one in &answers {
            taken.put(one).unwrap();
        }
        return;
    }
    model.kvitteringer += 1;
    answer(store, (model.kvitteringer, transfer), &answers);
    apply(model, transfer, &all);
}

fn step(model: &mut Model, store: &mut dyn Store, random: &mut ChaCha8Rng) {
    let by = case_worker();
    match random.random_range(0..10) {
        0 | 1 => {
            let konti: Vec<_> =
                (0..random.random_range(1..6)).map(|_| random.random_range(0..KONTI)).collect();
            let all: Vec<_> = konti
                .into_iter()
                .map(|konto| registrering(model.add(konto, None), konto))
                .collect();
            enter(store, &all).unwrap();
            assert_eq!(enter(store, &all).unwrap().new, 0);
        }
        2 | 3 => {
            let most = random.random_range(1..5);
            cut_and_compare(model, store, most);
        }
        4 => {
            deliver_or_cancel(model, store, random);
        }
        5..=7 => answer_some(model, store, random),
        8 => {
            let rejected = model.numbers(|one| one.tilstand == Tilstand::Afvist);
            let Some(&number) = rejected.choose(random) else { return };
            let konto = model.one(number).konto;
            let new = model.add(konto, Some(number));
            enter(store, &[correction(new, konto, number)]).unwrap();
        }
        _ => {
            if model.all.is_empty() {
                return;
            }
            let number = random.random_range(1..=model.all.len() as u128);
            let before = model.one(number).tilstand;
            let can = [Tilstand::Modtaget, Tilstand::Afvist].contains(&before);
            assert_eq!(store.annul(id(number), &by, now()).unwrap(), can.then_some(before));
            if can {
                model.one(number).tilstand = Tilstand::Annulleret;
            }
        }
    }
}

/// Says how to replay what fails, wherever it does.
struct Told(String);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(io::stderr(), "{}", self.0);
        }
    }
}

pub(crate) fn registrations_go_the_way_of_a_naive_model(bench: &dyn Bench) {
    let seed: u64 =
        std::env::var("MODREGN_SEED").map_or_else(|_| rand::random(), |s| s.parse().unwrap());
    let _told = Told(format!("replay with MODREGN_SEED={seed}"));
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut model = Model::default();
    let mut store = bench.open();
    with_route(&mut *store);
    for _ in 0..STEPS {
        step(&mut model, &mut *store, &mut random);
        model.compare(&*store);
        if random.random_bool(0.1) {
            drop(store);
            store = bench.open();
        }
    }
}
