//! Everything invented is valid where it is entered. A ledger rejects what it is said to reject,
//! for the reason that is said, and nothing else.

use super::*;
use crate::domain::debitor::ledger::{
    Art, Booking, Fordringsstand, Kontostand, Lookup, Nr, Periode, Posteringsstand, judge,
};
use crate::domain::debitor::operation::Afsluttes;
use crate::domain::debitor::{Afslutning, IndbetalingId, Part, Rolle, Sortiment, regler};
use crate::domain::{Beloeb, CprPolicy, DelfordringId, FordringId, Klasse};
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

fn plan(kommuner: usize, antal: u64, konti: u64, fejl: u32) -> Registreringsplan {
    let kommuner = Kommunekode::all().take(kommuner).collect();
    let fagsystem = Fagsystem::parse("KY-DEBITOR").unwrap();
    let day = "2026-12-01".parse().unwrap();
    let plan = Registreringsplan::new(7, fagsystem, kommuner, day, (antal, konti)).unwrap();
    plan.with_fejl(fejl).unwrap()
}

/// A ledger in memory; a debitorkonto's number is its place.
#[derive(Default)]
struct Bog {
    konti: Vec<(DebitorkontoId, Kontostand)>,
    konto_nr: HashMap<DebitorkontoId, usize>,
    fordringer: HashMap<FordringId, Fordringsstand>,
    dele: HashMap<(Nr, DelfordringId), Beloeb>,
    posteringer: HashMap<IndbetalingId, Posteringsstand>,
    perioder: Vec<(Nr, Afsluttes, Rolle, Part, Option<Klasse>, Periode)>,
}

impl Lookup for Bog {
    type Error = Infallible;

    fn konto(&mut self, id: DebitorkontoId) -> Result<Option<Kontostand>, Infallible> {
        Ok(self.konto_nr.get(&id).map(|&nr| self.konti[nr].1))
    }

    fn fordring(&mut self, id: &FordringId) -> Result<Option<Fordringsstand>, Infallible> {
        Ok(self.fordringer.get(id).copied())
    }

    fn delfordring(
        &mut self,
        fordring: Nr,
        id: &DelfordringId,
    ) -> Result<Option<Beloeb>, Infallible> {
        Ok(self.dele.get(&(fordring, id.clone())).copied())
    }

    fn restance(&mut self, fordring: Nr) -> Result<Beloeb, Infallible> {
        let of = self.dele.iter().filter(|((nr, _), _)| *nr == fordring);
        Ok(of.map(|(_, restance)| *restance).sum())
    }

    fn postering(&mut self, id: IndbetalingId) -> Result<Option<Posteringsstand>, Infallible> {
        Ok(self.posteringer.get(&id).cloned())
    }

    fn perioder(
        &mut self,
        konto: Nr,
        hvad: Afsluttes,
        den: &Afslutning,
    ) -> Result<Vec<Periode>, Infallible> {
        let is_meant = |one: &&(Nr, Afsluttes, Rolle, Part, Option<Klasse>, Periode)| {
            (one.0, one.1, one.2, one.3) == (konto, hvad, den.rolle, den.part)
                && one.4 == den.materialetype
        };
        Ok(self.perioder.iter().filter(is_meant).map(|one| one.5).collect())
    }
}

impl Bog {
    fn take(&mut self, booking: Booking, registrering: &Debitorregistrering) {
        let indbetaling = match &registrering.operation {
            Operation::ForetagIndbetaling(one)
            | Operation::ForetagIndbetalingNedregulering(one) => Some(one),
            _ => None,
        };
        match (booking, indbetaling) {
            (Booking::Postering { art, fordring, tilbagefoerer, .. }, Some(one)) => {
                let restance = self.dele.get_mut(&(fordring, one.delfordring_id.clone())).unwrap();
                *restance = *restance - one.signed();
                if let Some(nr) = tilbagefoerer {
                    let den = self.posteringer.values_mut().find(|den| den.nr == nr).unwrap();
                    den.tilbagefoert = true;
                }
                let stand = Posteringsstand {
                    nr: i64::try_from(self.posteringer.len()).unwrap(),
                    art,
                    fordring,
                    delfordring_id: one.delfordring_id.clone(),
                    beloeb: one.beloeb,
                    tilbagefoert: false,
                };
                self.posteringer.insert(one.indbetaling_id, stand);
            }
            (Booking::Afslutning { nr, .. }, _) => {
                let slutdato = registrering.operation.afslutning().unwrap().slutdato;
                self.perioder[usize::try_from(nr).unwrap()].5.gyldig_til = Some(slutdato);
            }
            (Booking::Oprettelse, _) => self.opret(registrering),
            (Booking::Tilstand { .. }, _) => {}
            (Booking::Postering { .. }, None) => panic!("a postering of no payment"),
        }
        if let Some(&nr) = self.konto_nr.get(&registrering.debitorkonto_id) {
            self.konti[nr].1.sekvens += 1;
        }
    }

    fn opret(&mut self, registrering: &Debitorregistrering) {
        let Operation::OpretDebitorkonto(ny) = &registrering.operation else {
            panic!("nothing is opened")
        };
        let konto = self.konti.len();
        let nr = i64::try_from(konto).unwrap();
        let stand =
            Kontostand { nr, egen: true, kommunekode: registrering.kommunekode, sekvens: 0 };
        self.konti.push((registrering.debitorkonto_id, stand));
        self.konto_nr.insert(registrering.debitorkonto_id, konto);
        for fordring in &ny.fordringer {
            let stand =
                Fordringsstand { nr: i64::try_from(self.fordringer.len()).unwrap(), konto: nr };
            self.fordringer.insert(fordring.fordring_id.clone(), stand);
            for del in &fordring.delfordringer {
                self.dele.insert((stand.nr, del.delfordring_id.clone()), del.beloeb);
            }
        }
        let mut periode = |hvad, rolle, part, klasse, gyldig_fra, gyldig_til| {
            let periode =
                Periode { nr: i64::try_from(self.perioder.len()).unwrap(), gyldig_fra, gyldig_til };
            self.perioder.push((nr, hvad, rolle, part, klasse, periode));
        };
        for h in &ny.haeftelser {
            periode(Afsluttes::Haeftelse, h.rolle, h.part, None, h.gyldig_fra, h.gyldig_til);
        }
        for a in &ny.adresser {
            periode(Afsluttes::Adresse, a.rolle, a.part, None, a.gyldig_fra, a.gyldig_til);
        }
        for m in &ny.materialeabonnementer {
            let klasse = Some(m.materialetype.clone());
            let hvad = Afsluttes::Materialeabonnement;
            periode(hvad, m.rolle, m.part, klasse, m.gyldig_fra, m.gyldig_til);
        }
    }

    fn next_sekvens(&self, id: DebitorkontoId) -> u32 {
        self.konto_nr.get(&id).map_or(1, |&nr| self.konti[nr].1.sekvens + 1)
    }
}

#[test]
fn a_ledger_rejects_what_it_must_and_nothing_else() {
    for (kommuner, antal, konti, fejl) in
        [(98, 4_000, 1_000, 0), (98, 6_000, 1_500, 150), (1, 3_000, 3, 300), (2, 500, 500, 1_000)]
    {
        let plan = plan(kommuner, antal, konti, fejl);
        let sortiment: Sortiment = sortiment(&plan.fagsystem).into_iter().collect();
        let (mut bog, mut rejected) = (Bog::default(), BTreeMap::new());
        let mut operations = BTreeMap::new();
        let mut all = 0;
        for Indtastet { registrering, afvises } in debitorregistreringer(&plan) {
            all += 1;
            let brud = regler::brud(&registrering, &sortiment, CprPolicy::default());
            assert_eq!(brud, [], "{registrering:?}");
            let sekvens = bog.next_sekvens(registrering.debitorkonto_id);
            let Ok(judged) = judge(sekvens, &registrering, None, &mut bog);
            assert_eq!(judged.as_ref().err().map(|no| no.aarsag), afvises, "{registrering:?}");
            *operations.entry(registrering.operation.kode()).or_insert(0) += 1;
            match judged {
                Ok(booking) => bog.take(booking, &registrering),
                Err(no) => *rejected.entry(no.aarsag).or_insert(0) += 1,
            }
        }
        assert_eq!((all, bog.konti.len() as u64), (antal, konti));
        let rejected_in_all: u64 = rejected.values().sum();
        let wanted = (antal - konti) * u64::from(fejl) / 1_000;
        assert!(rejected_in_all.abs_diff(wanted) <= wanted / 5, "{rejected_in_all} of {wanted}");
        if fejl == 150 {
            assert_eq!(rejected.len(), 6, "{rejected:?}");
            assert_eq!(operations.len(), 13, "{operations:?}");
        }
        let art = |art| bog.posteringer.values().filter(|one| one.art == art).count();
        assert!(konti > 1_000 || antal < 1_000 || art(Art::Tilbagefoersel) > 50);
    }
}

/// The largest a plan can be is bounded by its debitorkonti that go on.
#[test]
fn debitorkonti_go_on_until_there_are_too_many() {
    let plan = plan(98, 30_000, 10_000, 0);
    let mut all = debitorregistreringer(&plan);
    while all.next().is_some() {
        assert!(all.aabne.len() <= MOST_OPEN);
        assert!(all.aabne.capacity() <= 2 * MOST_OPEN);
    }
    assert_eq!(all.oprettet, 10_000);
}

#[test]
fn impossible_plans_are_refused() {
    let day = "2026-12-01".parse().unwrap();
    let fagsystem = || Fagsystem::parse("KY").unwrap();
    let one: Vec<_> = Kommunekode::all().take(1).collect();
    let refused = |kommuner: &[Kommunekode], day, numbers| {
        Registreringsplan::new(1, fagsystem(), kommuner.to_vec(), day, numbers).err()
    };
    assert_eq!(refused(&[], day, (1, 1)), Some(RegistreringsplanError::Kommuner));
    assert_eq!(refused(&one, day, (1, 2)), Some(RegistreringsplanError::Konti));
    assert_eq!(refused(&one, day, (1, 0)), Some(RegistreringsplanError::Konti));
    let late = "2071-01-01".parse().unwrap();
    assert_eq!(refused(&one, late, (1, 1)), Some(RegistreringsplanError::Begynder));
    assert_eq!(refused(&one, day, (0, 0)), None);
    let plan = plan(1, 1, 1, 0).with_fejl(1_001).err();
    assert_eq!(plan, Some(RegistreringsplanError::Fejl));
}

#[test]
fn routes_deal_the_municipalities_over_the_endpoints() {
    let kommuner: Vec<_> = Kommunekode::all().collect();
    let endpoints = ["opus", "prisme", "indsigt"].map(str::to_owned);
    let all = ruter(&kommuner, &endpoints);
    assert_eq!(all.len(), 98);
    for (at, rute) in all.iter().enumerate() {
        assert_eq!(rute.endpoint, endpoints[at % 3]);
        assert_eq!(rute.debitorsystem.as_str(), format!("DEBITOR-{}", at % 3 + 1));
        assert_eq!(rute.myndighed_cvr.number(), rute.kommunekode.cvr());
    }
}
