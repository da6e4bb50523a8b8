//! Agreements: taken in whole or not at all.

use crate::Bench;
use crate::samples::{aftale, all, cpr, day, fetched, fordring, import, kommune, now, try_import};
use modregn::domain::aftale::{Aftale, Aftalestatus, STOERSTE_BELOEB};
use modregn::domain::{Beloeb, Prioritet, Ydelsestype};
use modregn::store::ImportMode::{Replace, Upsert};
use modregn::store::{ImportSummary, StoreError, Twice};

fn summary(new: u64, changed: u64, unchanged: u64, removed: u64) -> ImportSummary {
    ImportSummary { new, changed, unchanged, removed }
}

type Change = fn(&mut Aftale);

/// One change of every column in turn.
fn changes() -> [(&'static str, Change); 11] {
    [
        ("kommunekode", |a| a.kommunekode = kommune(851)),
        ("cpr", |a| a.cpr = cpr("6101901234")),
        ("beloeb", |a| a.beloeb = STOERSTE_BELOEB),
        ("beloeb", |a| a.beloeb = Beloeb::NUL),
        ("ydelsestype", |a| a.ydelsestype = Ydelsestype::AndetUnderholdsbidrag),
        ("gyldig_fra", |a| a.gyldig_fra = day("1999-02-28")),
        ("gyldig_til", |a| a.gyldig_til = Some(day("2030-12-31"))),
        ("prioritet", |a| a.prioritet = Prioritet::new(99).unwrap()),
        ("fordring_id", |a| a.fordring_id = Some(fordring("Ærø/7 ½"))),
        ("status", |a| a.status = Aftalestatus::Suspenderet),
        ("status", |a| a.status = Aftalestatus::Ophoert),
    ]
}

pub(crate) fn every_column_comes_back(bench: &dyn Bench) {
    let mut store = bench.open();
    for (column, change) in changes() {
        let mut changed = aftale("A-1");
        change(&mut changed);
        import(&mut *store, Upsert, &[aftale("A-1")]);
        assert_eq!(
            import(&mut *store, Upsert, &[changed.clone()]),
            summary(0, 1, 0, 0),
            "{column}"
        );
        assert_eq!(all(&*store), [changed.clone()], "{column}");
        assert_eq!(import(&mut *store, Upsert, &[changed]), summary(0, 0, 1, 0), "{column}");
    }
}

pub(crate) fn new_changed_unchanged_and_removed_are_told_apart(bench: &dyn Bench) {
    let mut store = bench.open();
    let five = ["A-1", "A-2", "A-3", "A-4", "A-5"].map(aftale);
    assert_eq!(import(&mut *store, Upsert, &five), summary(5, 0, 0, 0));
    assert_eq!(store.count_aftaler().unwrap(), 5);

    let mut changed = aftale("A-2");
    changed.beloeb = Beloeb::from_oere(1);
    let next = [aftale("A-1"), changed, aftale("A-6"), aftale("A-7")];
    assert_eq!(import(&mut *store, Upsert, &next), summary(2, 1, 1, 0));
    assert_eq!(store.count_aftaler().unwrap(), 7);
    assert_eq!(import(&mut *store, Replace, &next), summary(0, 0, 4, 3));
    assert_eq!(store.count_aftaler().unwrap(), 4);
}

pub(crate) fn replace_takes_away_what_it_does_not_name(bench: &dyn Bench) {
    let mut store = bench.open();
    import(&mut *store, Upsert, &["A-1", "A-2", "A-3"].map(aftale));
    assert_eq!(import(&mut *store, Replace, &[aftale("A-2")]), summary(0, 0, 1, 2));
    assert_eq!(all(&*store), [aftale("A-2")]);
    assert_eq!(import(&mut *store, Replace, &[]), summary(0, 0, 0, 1));
    assert_eq!(all(&*store), []);
}

pub(crate) fn a_removed_agreement_can_come_back(bench: &dyn Bench) {
    let mut store = bench.open();
    import(&mut *store, Upsert, &[aftale("A-1")]);
    import(&mut *store, Replace, &[]);
    assert_eq!(import(&mut *store, Upsert, &[aftale("A-1")]), summary(1, 0, 0, 0));
    assert_eq!(all(&*store), [aftale("A-1")]);
}

pub(crate) fn nothing_happens_unless_accepted(bench: &dyn Bench) {
    let mut store = bench.open();
    import(&mut *store, Upsert, &[aftale("A-1")]);
    let would = try_import(&mut *store, Replace, &[aftale("A-2")], false).unwrap();
    assert_eq!(would, summary(1, 0, 0, 1));
    assert_eq!(all(&*store), [aftale("A-1")]);
}

pub(crate) fn a_dropped_import_has_not_happened(bench: &dyn Bench) {
    let mut store = bench.open();
    let mut dropped = store.import_aftaler(Upsert, now()).unwrap();
    dropped.put(&aftale("A-1"), 2).unwrap();
    drop(dropped);
    assert_eq!(all(&*store), []);
    assert_eq!(import(&mut *store, Upsert, &[aftale("A-2")]), summary(1, 0, 0, 0));
}

pub(crate) fn an_id_that_stands_twice_is_told_with_its_lines(bench: &dyn Bench) {
    let mut store = bench.open();
    let mut other = aftale("A-2");
    other.beloeb = Beloeb::from_oere(1);
    let lines = [aftale("A-1"), aftale("A-2"), aftale("A-3"), other, aftale("A-1")];
    let error = try_import(&mut *store, Upsert, &lines, true).unwrap_err();
    let StoreError::Twice(twice) = error else { panic!("{error}") };
    assert_eq!(twice, [Twice { first: 2, again: 6 }, Twice { first: 3, again: 5 }]);
    assert_eq!(all(&*store), []);
    assert_eq!(import(&mut *store, Upsert, &lines[..3]), summary(3, 0, 0, 0));
}

pub(crate) fn agreements_come_in_the_order_of_answers(bench: &dyn Bench) {
    let mut store = bench.open();
    let row = |id: &str, kommunekode, person: &str, prioritet| {
        let mut row = aftale(id);
        row.kommunekode = kommune(kommunekode);
        row.cpr = cpr(person);
        row.prioritet = Prioritet::new(prioritet).unwrap();
        row
    };
    // Letters outside ASCII stand after z, in the order of their ISO-8859-1 bytes.
    let sorted = [
        row("z", 101, "0101901234", 1),
        row("B", 101, "0101901234", 2),
        row("a", 101, "0101901234", 2),
        row("a 1", 101, "0101901234", 2),
        row("a1", 101, "0101901234", 2),
        row("Å", 101, "0101901234", 2),
        row("Æ", 101, "0101901234", 2),
        row("Ø", 101, "0101901234", 2),
        row("å", 101, "0101901234", 2),
        row("æ", 101, "0101901234", 2),
        row("ø", 101, "0101901234", 2),
        row("A", 101, "0101901234", 10),
        row("b", 101, "0101901235", 1),
        row("c", 147, "0101000000", 1),
        row("d", 851, "0101000000", 1),
    ];
    let mut lines = sorted.clone();
    lines.reverse();
    lines.swap(3, 9);
    import(&mut *store, Upsert, &lines);
    assert_eq!(all(&*store), sorted);
}

pub(crate) fn others_may_write_while_one_is_read(bench: &dyn Bench) {
    let (mut store, mut other) = (bench.open(), bench.open());
    let mut import_a = store.import_aftaler(Upsert, now()).unwrap();
    import_a.put(&aftale("A-1"), 2).unwrap();
    fetched(&mut *other, "a file that came meanwhile");
    assert_eq!(import(&mut *other, Upsert, &[aftale("A-2")]), summary(1, 0, 0, 0));
    import_a.put(&aftale("A-2"), 3).unwrap();
    assert_eq!(import_a.finish(&mut |_| true).unwrap(), summary(1, 0, 1, 0));
    assert_eq!(all(&*other).len(), 2);
}
