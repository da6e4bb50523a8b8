//! What can happen to a ledger.

use crate::ledger::{company, indbetaling, opret, person};
use crate::samples::day;
use modregn::domain::debitor::regler::Regel;
use modregn::domain::debitor::{
    Afslutning, Fordringstilstand, Indbetaling, Operation, Operationskode, Rolle, Tilstandsrettelse,
};
use proptest::prelude::*;

/// One step of a history.
#[derive(Clone, Debug)]
pub(super) enum Happens {
    /// A transfer comes, and is taken in, or broken off after all its registrations.
    Transfer { kommune: u16, fagsystem: &'static str, rows: Vec<Comes>, broken_off: bool },
    /// One that was taken in comes again.
    Again(prop::sample::Index),
    /// The store is closed and opened.
    Reopened,
}

/// A registration of a transfer.
#[derive(Clone, Debug)]
pub(super) struct Comes {
    /// Its id: mostly new, else that of an earlier one, whose content it has too, or not.
    pub(super) old: Option<(prop::sample::Index, bool)>,
    pub(super) konto: u128,
    /// How far its sekvens is from the right one.
    pub(super) off: i64,
    pub(super) brud: Option<Regel>,
    pub(super) operation: Operation,
}

const FORDRINGER: [&str; 4] = ["F1", "F2", "F3", "F4"];

fn amounts() -> impl Strategy<Value = i64> {
    prop::sample::select(vec![10, 50, 100, 150])
}

/// Mostly the claim that the debitorkonto was made with, if it was one of the first.
fn fordringer(konto: usize) -> impl Strategy<Value = &'static str> {
    prop_oneof![5 => Just(FORDRINGER[konto]), 1 => prop::sample::select(FORDRINGER.to_vec())]
}

fn betalinger(konto: usize) -> impl Strategy<Value = Indbetaling> {
    let fordring = fordringer(konto);
    let part = prop::sample::select(vec!["D1", "D1", "D2", "D3"]);
    (0..16_u128, fordring, part, amounts(), prop::option::weighted(0.3, 0..16_u128)).prop_map(
        |(id, fordring, part, oere, reversed)| Indbetaling {
            tilbagefoerer: reversed.map(|id| indbetaling(id, fordring, part, oere).indbetaling_id),
            ..indbetaling(id, fordring, part, oere)
        },
    )
}

fn afslutninger() -> impl Strategy<Value = Operation> {
    use Operationskode::{
        AfslutAdministrator, AfslutGaeldendeAdresseAdministrator,
        AfslutGaeldendeAdresseJuridiskAnsvarlig, AfslutHaeftelse,
        AfslutMaterialeabonnementJuridiskAnsvarlig,
    };
    let which = prop::sample::select(vec![
        (AfslutHaeftelse, Rolle::JuridiskAnsvarlig),
        (AfslutAdministrator, Rolle::Administrator),
        (AfslutGaeldendeAdresseJuridiskAnsvarlig, Rolle::JuridiskAnsvarlig),
        (AfslutGaeldendeAdresseAdministrator, Rolle::Administrator),
        (AfslutMaterialeabonnementJuridiskAnsvarlig, Rolle::JuridiskAnsvarlig),
    ]);
    let days = vec!["2026-10-31", "2026-11-01", "2026-12-31", "2027-11-01", "2028-01-01"];
    (which, any::<bool>(), prop::sample::select(days)).prop_map(
        |((kode, rolle), is_person, last)| {
            let part = if is_person { person() } else { company() };
            let letters = kode == AfslutMaterialeabonnementJuridiskAnsvarlig;
            let materialetype = letters.then(|| modregn::domain::Klasse::parse("RYKKER").unwrap());
            let afslutning = Afslutning { rolle, part, materialetype, slutdato: day(last) };
            Operation::afslut(kode, afslutning).unwrap()
        },
    )
}

fn operations(konto: usize) -> impl Strategy<Value = Operation> {
    let claims = prop::sample::subsequence(FORDRINGER.to_vec(), 0..3);
    let opret = (claims, amounts(), amounts()).prop_map(|(claims, d1, d2)| {
        let claims: Vec<_> = claims.into_iter().map(|claim| (claim, d1, d2)).collect();
        opret(&claims)
    });
    let tilstand = fordringer(konto).prop_map(|fordring| {
        Operation::RetFordringTilstand(Tilstandsrettelse {
            fordring_id: indbetaling(0, fordring, "D1", 1).fordring_id,
            fordringstilstand: Fordringstilstand::AfventerInddrivelse,
        })
    });
    let nedregulering = betalinger(konto).prop_map(|one| {
        Operation::ForetagIndbetalingNedregulering(Indbetaling { tilbagefoerer: None, ..one })
    });
    prop_oneof![
        2 => opret,
        8 => betalinger(konto).prop_map(Operation::ForetagIndbetaling),
        2 => nedregulering,
        1 => tilstand,
        2 => afslutninger(),
    ]
}

fn rows() -> impl Strategy<Value = Comes> {
    let old = prop::option::weighted(0.15, any::<(prop::sample::Index, bool)>());
    let off = prop_oneof![9 => Just(0_i64), 1 => -1..=1_i64];
    let brud = prop::option::weighted(0.05, prop::sample::select(Regel::ALL.to_vec()));
    let what = (0..FORDRINGER.len()).prop_flat_map(|konto| (Just(konto), operations(konto)));
    (old, what, off, brud).prop_map(|(old, (konto, operation), off, brud)| Comes {
        old,
        konto: konto as u128,
        off,
        brud,
        operation,
    })
}

/// Three debitorkonti of the four are there from the beginning, with a claim each.
pub(super) fn beginning() -> Happens {
    let rows = (0..3_usize).map(|konto| Comes {
        old: None,
        konto: konto as u128,
        off: 0,
        brud: None,
        operation: opret(&[(FORDRINGER[konto], 200, 100)]),
    });
    let (kommune, fagsystem) = (101, "BIBLIO");
    Happens::Transfer { kommune, fagsystem, rows: rows.collect(), broken_off: false }
}

pub(super) fn steps() -> impl Strategy<Value = Happens> {
    let kommune = prop_oneof![5 => Just(101_u16), 1 => Just(751)];
    let fagsystem = prop_oneof![5 => Just("BIBLIO"), 1 => Just("ANDRE")];
    let rows = prop::collection::vec(rows(), 1..12);
    prop_oneof![
        8 => (kommune, fagsystem, rows, prop::bool::weighted(0.2)).prop_map(
            |(kommune, fagsystem, rows, broken_off)| {
                Happens::Transfer { kommune, fagsystem, rows, broken_off }
            },
        ),
        1 => any::<prop::sample::Index>().prop_map(Happens::Again),
        1 => Just(Happens::Reopened),
    ]
}
