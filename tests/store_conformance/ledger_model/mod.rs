//! Random histories of transfers: the ledger against a model that keeps nothing but the list of
//! what was accepted, and looks everything up in it from the beginning.

mod happens;
mod model;

use crate::Bench;
use crate::ledger::{Row, fagsystem, overfoersel, registrering, restancer, svar, take_in};
use crate::samples::{fetched, kommune, now};
use happens::{Comes, Happens, beginning, steps};
use model::{Answer, Model};
use modregn::domain::Beloeb;
use modregn::domain::debitor::{Debitorregistrering, Overfoersel};
use modregn::store::{Received, Store};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;
use uuid::Uuid;

struct Both<'a> {
    bench: &'a dyn Bench,
    store: Box<dyn Store>,
    model: Model,
    /// Transfers that were taken in, with what they were answered.
    taken: Vec<(Overfoersel, Vec<(Uuid, Answer)>)>,
    /// Registrations that came, to come again.
    came: Vec<Debitorregistrering>,
    transfers: u128,
}

impl Both<'_> {
    fn happens(&mut self, step: Happens) {
        match step {
            Happens::Reopened => self.store = self.bench.open(),
            Happens::Again(index) => self.again(index),
            Happens::Transfer { kommune: code, fagsystem: name, rows, broken_off } => {
                self.transfers += 1;
                let head = Overfoersel {
                    kommunekode: kommune(code),
                    fagsystem: fagsystem(name),
                    ..overfoersel(self.transfers)
                };
                let before = broken_off.then(|| self.model.clone());
                let (rows, expected) = self.expected(&head, rows);
                let answers = match before {
                    Some(before) => {
                        self.model = before;
                        self.broken_off(&head, &rows)
                    }
                    None => self.taken_in(head, &rows, &expected),
                };
                let ids = rows.iter().map(|(_, one, _)| one.registrering_id.0);
                assert_eq!(ids.zip(answers).collect::<Vec<_>>(), expected);
            }
        }
        self.holds();
    }

    /// The registrations of a transfer, and what the model says of them.
    fn expected(
        &mut self,
        head: &Overfoersel,
        rows: Vec<Comes>,
    ) -> (Vec<Row>, Vec<(Uuid, Answer)>) {
        let mut all = Vec::new();
        let mut expected = Vec::new();
        for comes in rows {
            let new = Debitorregistrering {
                kommunekode: head.kommunekode,
                fagsystem: head.fagsystem.clone(),
                ..registrering(self.came.len() as u128 + 1, comes.konto, comes.operation)
            };
            let one = match comes.old {
                Some((index, same)) if !self.came.is_empty() => {
                    let old = index.get(&self.came).clone();
                    let registrering_id = old.registrering_id;
                    // Whose a registration is, its transfer says.
                    let operation = if same { old.operation } else { new.operation };
                    let debitorkonto_id =
                        if same { old.debitorkonto_id } else { new.debitorkonto_id };
                    Debitorregistrering { registrering_id, debitorkonto_id, operation, ..new }
                }
                _ => new,
            };
            let sekvens = self.model.next(&one) + comes.off;
            let answer = self.model.takes(sekvens, &one, comes.brud);
            expected.push((one.registrering_id.0, answer));
            self.came.push(one.clone());
            all.push((u32::try_from(sekvens).unwrap(), one, comes.brud));
        }
        (all, expected)
    }

    fn taken_in(
        &mut self,
        head: Overfoersel,
        rows: &[Row],
        expected: &[(Uuid, Answer)],
    ) -> Vec<Answer> {
        let taken = take_in(&mut *self.store, &head, rows);
        let rejected = expected.iter().filter(|(_, answer)| answer.is_some()).count();
        let counts = (taken.bogfoert.antal_accepteret, taken.bogfoert.antal_afvist);
        let count = |n: usize| u32::try_from(n).unwrap();
        assert_eq!(counts, (count(rows.len() - rejected), count(rejected)));
        self.taken.push((head, expected.to_vec()));
        taken.answers.into_iter().map(answer).collect()
    }

    fn broken_off(&mut self, head: &Overfoersel, rows: &[Row]) -> Vec<Answer> {
        let Received::New(mut intake) = self.store.receive(head).unwrap() else {
            panic!("{head:?} is known")
        };
        let mut answers = Vec::new();
        for (sekvens, one, brud) in rows {
            answers.push(answer(intake.put(*sekvens, one, *brud).unwrap()));
        }
        answers
    }

    fn again(&mut self, index: prop::sample::Index) {
        if self.taken.is_empty() {
            return;
        }
        let (head, _) = index.get(&self.taken);
        assert!(matches!(self.store.receive(head).unwrap(), Received::Known(_)));
        let name =
            format!("again {} of {}", self.store.newest_event().unwrap(), head.overfoersel_id);
        let inbound = fetched(&mut *self.store, &name);
        self.store.receive_again(&inbound, head, now()).unwrap();
    }

    /// Every answer is what it was, and every claim adds up.
    fn holds(&self) {
        for (head, expected) in &self.taken {
            let answers = svar(&*self.store, head.overfoersel_id).into_iter();
            let answers: Vec<_> =
                answers.map(|one| (one.registrering_id.0, answer(one.afvisning))).collect();
            assert_eq!(&answers, expected);
        }
        let mut in_store: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for one in restancer(&*self.store) {
            let (owed, less, paid) =
                (one.hovedstol.oere(), one.nedreguleret.oere(), one.daekket.oere());
            assert_eq!(one.restance, Beloeb::from_oere(owed - less - paid));
            assert!(one.restance >= Beloeb::NUL);
            let key = (one.fordring_id.to_string(), one.delfordring_id.to_string());
            in_store.entry(one.fagsystem.to_string()).or_default().insert(key, (owed, less, paid));
        }
        for name in ["BIBLIO", "ANDRE"] {
            assert_eq!(in_store.remove(name).unwrap_or_default(), self.model.sums(name));
        }
        let audit = self.store.verify_ledger().unwrap();
        assert_eq!(audit.findings, [""; 0]);
        assert_eq!(audit.posteringer, self.model.posteringer().count() as u64);
    }
}

fn answer(afvisning: Option<modregn::domain::debitor::Afvisning>) -> Answer {
    afvisning.map(|no| (no.aarsag, no.restance.map(Beloeb::oere)))
}

pub(crate) fn answers_and_restancer_are_those_of_a_naive_model(bench: &dyn Bench) {
    let mut runner = TestRunner::new(Config { cases: 64, ..Config::default() });
    let histories = prop::collection::vec(steps(), 1..12);
    runner
        .run(&histories, |history| {
            let bench = &*bench.another();
            let store = bench.open();
            let (taken, came) = (Vec::new(), Vec::new());
            let model = Model::default();
            let mut both = Both { bench, store, model, taken, came, transfers: 0 };
            both.happens(beginning());
            for step in history {
                both.happens(step);
            }
            Ok(())
        })
        .unwrap();
}
