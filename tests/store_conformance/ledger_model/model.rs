//! The ledger's rules once more, by nothing but the list of what was accepted.

use crate::ledger::person;
use crate::samples::day;
use chrono::NaiveDate;
use modregn::domain::debitor::regler::Regel;
use modregn::domain::debitor::{
    Afslutning, Afvisningsaarsag as Nej, Debitorregistrering, Indbetaling, Operation,
    Operationskode,
};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Everything that was accepted, in order, and every first answer.
#[derive(Clone, Default)]
pub(super) struct Model {
    accepted: Vec<Debitorregistrering>,
    answers: HashMap<Uuid, (Debitorregistrering, Answer)>,
}

/// Why not, and the restance told with it.
pub(super) type Answer = Option<(Nej, Option<i64>)>;

/// The three sums of one part of a claim: owed at first, owed less, paid.
pub(super) type Sums = (i64, i64, i64);

impl Model {
    fn of<'a>(
        &'a self,
        konto: &'a Debitorregistrering,
    ) -> impl Iterator<Item = &'a Debitorregistrering> {
        self.accepted.iter().filter(move |one| one.debitorkonto_id == konto.debitorkonto_id)
    }

    /// Every postering that was accepted.
    pub(super) fn posteringer(
        &self,
    ) -> impl Iterator<Item = (&Debitorregistrering, &Indbetaling, bool)> {
        self.accepted.iter().filter_map(|one| match &one.operation {
            Operation::ForetagIndbetaling(postering) => Some((one, postering, false)),
            Operation::ForetagIndbetalingNedregulering(postering) => Some((one, postering, true)),
            _ => None,
        })
    }

    /// The sums of every part of the claims of a fagsystem, by claim and part.
    pub(super) fn sums(&self, fagsystem: &str) -> BTreeMap<(String, String), Sums> {
        let mut sums = BTreeMap::new();
        for one in self.accepted.iter().filter(|one| one.fagsystem.as_str() == fagsystem) {
            if let Operation::OpretDebitorkonto(konto) = &one.operation {
                for fordring in &konto.fordringer {
                    for part in &fordring.delfordringer {
                        let key =
                            (fordring.fordring_id.to_string(), part.delfordring_id.to_string());
                        sums.insert(key, (part.beloeb.oere(), 0, 0));
                    }
                }
            }
        }
        for (one, postering, reduces) in self.posteringer() {
            if one.fagsystem.as_str() == fagsystem {
                let key = (postering.fordring_id.to_string(), postering.delfordring_id.to_string());
                let sum: &mut Sums = sums.get_mut(&key).unwrap();
                if reduces {
                    sum.1 += postering.beloeb.oere();
                } else {
                    sum.2 += postering.signed().oere();
                }
            }
        }
        sums
    }

    fn has_claim(&self, konto: &Debitorregistrering, claim: &str) -> bool {
        self.of(konto).any(|one| match &one.operation {
            Operation::OpretDebitorkonto(konto) => {
                konto.fordringer.iter().any(|one| one.fordring_id.as_str() == claim)
            }
            _ => false,
        })
    }

    /// The next place of a debitorkonto.
    pub(super) fn next(&self, konto: &Debitorregistrering) -> i64 {
        i64::try_from(self.of(konto).count()).unwrap() + 1
    }

    /// What the ledger must say, once this has come.
    pub(super) fn takes(
        &mut self,
        sekvens: i64,
        one: &Debitorregistrering,
        brud: Option<Regel>,
    ) -> Answer {
        let id = one.registrering_id.0;
        if let Some((first, answer)) = self.answers.get(&id) {
            return if first == one { *answer } else { Some((Nej::Andet, None)) };
        }
        let answer = self.decides(sekvens, one, brud);
        self.answers.insert(id, (one.clone(), answer));
        if answer.is_none() {
            self.accepted.push(one.clone());
        }
        answer
    }

    fn decides(&self, sekvens: i64, one: &Debitorregistrering, brud: Option<Regel>) -> Answer {
        let no = |why| Some((why, None));
        if let Some(regel) = brud {
            return no(regel.aarsag());
        }
        let first = self.of(one).next();
        let makes = matches!(one.operation, Operation::OpretDebitorkonto(_));
        match first {
            Some(first) if first.fagsystem != one.fagsystem => return no(Nej::AndenEjer),
            Some(first) if first.kommunekode != one.kommunekode => return no(Nej::AndenEjer),
            Some(_) if makes => return no(Nej::FindesAllerede),
            None if !makes => return no(Nej::KontoUkendt),
            _ => {}
        }
        if sekvens != self.next(one) {
            return no(Nej::TidligereMangler);
        }
        match &one.operation {
            Operation::OpretDebitorkonto(konto) => {
                let known = self.sums(one.fagsystem.as_str());
                let taken = |id: &str| known.keys().any(|(claim, _)| claim == id);
                let twice = konto.fordringer.iter().any(|f| taken(f.fordring_id.as_str()));
                if twice { no(Nej::FindesAllerede) } else { None }
            }
            Operation::RetFordringTilstand(rettelse) => {
                let known = self.has_claim(one, rettelse.fordring_id.as_str());
                if known { None } else { no(Nej::FordringUkendt) }
            }
            Operation::ForetagIndbetaling(postering)
            | Operation::ForetagIndbetalingNedregulering(postering) => self.pays(one, postering),
            afslut => self.ends(one, afslut.kode(), afslut.afslutning().unwrap()),
        }
    }

    fn pays(&self, one: &Debitorregistrering, postering: &Indbetaling) -> Answer {
        let no = |why| Some((why, None));
        let (claim, part) =
            (postering.fordring_id.to_string(), postering.delfordring_id.to_string());
        let sums = self.sums(one.fagsystem.as_str());
        let Some((owed, less, paid)) = sums.get(&(claim.clone(), part.clone())) else {
            return no(Nej::FordringUkendt);
        };
        if !self.has_claim(one, &claim) {
            return no(Nej::FordringUkendt);
        }
        if self.posteringer().any(|(_, other, _)| other.indbetaling_id == postering.indbetaling_id)
        {
            return no(Nej::FindesAllerede);
        }
        if let Some(id) = postering.tilbagefoerer {
            let found = self.posteringer().find(|(_, other, _)| other.indbetaling_id == id);
            let Some((other, payment, reduces)) = found else { return no(Nej::FordringUkendt) };
            let same = other.fagsystem == one.fagsystem
                && payment.fordring_id == postering.fordring_id
                && payment.delfordring_id == postering.delfordring_id;
            if !same {
                return no(Nej::FordringUkendt);
            }
            let before = self.posteringer().any(|(_, other, _)| other.tilbagefoerer == Some(id));
            let whole = payment.beloeb == postering.beloeb;
            let good = whole && !before && !reduces && payment.tilbagefoerer.is_none();
            return if good { None } else { no(Nej::Tilbagefoersel) };
        }
        if postering.beloeb.oere() <= owed - less - paid {
            return None;
        }
        let of_claim = sums.iter().filter(|((other, _), _)| *other == claim);
        let left = of_claim.map(|(_, (owed, less, paid))| owed - less - paid).sum();
        Some((Nej::OverRestance, Some(left)))
    }

    /// Every sample debitorkonto has the same parties, each with at most one period of a kind.
    fn ends(&self, one: &Debitorregistrering, kode: Operationskode, what: &Afslutning) -> Answer {
        use Operationskode as Op;
        let (begins, last): (NaiveDate, Option<NaiveDate>) = match (kode, what.part == person()) {
            (Op::AfslutAdministrator, false) => (day("2026-11-01"), Some(day("2027-11-01"))),
            (
                Op::AfslutHaeftelse
                | Op::AfslutGaeldendeAdresseJuridiskAnsvarlig
                | Op::AfslutMaterialeabonnementJuridiskAnsvarlig,
                true,
            ) => (day("2026-11-01"), None),
            _ => return Some((Nej::IntetAtAfslutte, None)),
        };
        // What was accepted before has shortened it each time.
        let ended = self.of(one).filter(|other| other.operation.kode() == kode);
        let last =
            ended.filter_map(|other| Some(other.operation.afslutning()?.slutdato)).last().or(last);
        if last.is_some_and(|last| last <= what.slutdato) {
            Some((Nej::IntetAtAfslutte, None))
        } else if what.slutdato < begins {
            Some((Nej::Datoer, None))
        } else {
            None
        }
    }
}
