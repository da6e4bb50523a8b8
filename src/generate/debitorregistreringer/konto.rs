//! A debitorkonto as the generator knows it: what is left to pay, what can be reversed or ended.

use super::uuid;
use crate::domain::debitor::{
    Afslutning, Afvisningsaarsag, Debitorkonto, DebitorkontoId, Fordringstilstand, Indbetaling,
    IndbetalingId, Operation, Operationskode, Part, Rolle, Tilstandsrettelse,
};
use crate::domain::{Beloeb, DelfordringId, FordringId, Klasse, Kommunekode};
use crate::generate::draw::Draw;
use crate::generate::person;
use chrono::{Days, NaiveDate};

/// Payments that are remembered, to be reversed.
const MOST_BETALINGER: usize = 16;

/// A debitorkonto that goes on.
#[derive(Debug)]
pub(super) struct Konto {
    pub(super) kommunekode: Kommunekode,
    pub(super) id: DebitorkontoId,
    dele: Vec<Del>,
    betalinger: Vec<Betaling>,
    /// What can still end.
    perioder: Vec<Periode>,
}

/// A part of a claim.
#[derive(Debug)]
struct Del {
    fordring_id: FordringId,
    delfordring_id: DelfordringId,
    /// What is left to pay, øre.
    restance: u32,
}

/// A payment.
#[derive(Debug)]
struct Betaling {
    id: IndbetalingId,
    del: usize,
    beloeb: u32,
    tilbagefoert: bool,
}

/// What one of the Afslut… operations can end.
#[derive(Debug)]
struct Periode {
    kode: Operationskode,
    rolle: Rolle,
    part: Part,
    materialetype: Option<Klasse>,
}

impl Konto {
    /// As it is when it has just been opened.
    pub(super) fn new(kommunekode: Kommunekode, id: DebitorkontoId, ny: &Debitorkonto) -> Self {
        let dele = ny.fordringer.iter().flat_map(|fordring| {
            fordring.delfordringer.iter().map(|del| Del {
                fordring_id: fordring.fordring_id.clone(),
                delfordring_id: del.delfordring_id.clone(),
                restance: u32::try_from(del.beloeb.oere()).unwrap_or_default(),
            })
        });
        Self {
            kommunekode,
            id,
            dele: dele.collect(),
            betalinger: Vec::new(),
            perioder: perioder(ny),
        }
    }

    /// What is done next, and its effect.
    pub(super) fn naeste(&mut self, draw: &mut Draw, day: NaiveDate) -> Option<Operation> {
        let lot = draw.below(100);
        let done = match lot {
            0..50 => self.betal(draw, day),
            50..62 => self.tilbagefoer(draw, day),
            62..72 => self.nedreguler(draw, day),
            72..88 => self.afslut(draw, day),
            _ => None,
        };
        done.or_else(|| self.ret_tilstand(draw))
    }

    /// The name of one of its claims.
    pub(super) fn fordring_id(&self, draw: &mut Draw) -> FordringId {
        self.dele[self.del(draw)].fordring_id.clone()
    }

    /// A payment of a small amount, without effect.
    pub(super) fn betaling(&self, draw: &mut Draw, day: NaiveDate) -> Option<Operation> {
        let del = self.dele.get(self.del(draw))?;
        Some(Operation::ForetagIndbetaling(del.indbetaling(draw, day, 100)))
    }

    /// Something that the ledger cannot take, and why.
    pub(super) fn fejl(
        &self,
        draw: &mut Draw,
        day: NaiveDate,
    ) -> Option<(Operation, Afvisningsaarsag)> {
        let lot = draw.below(5);
        let reversal = |draw: &mut Draw, den: &Betaling, beloeb| {
            let indbetaling = self.dele.get(den.del)?.indbetaling(draw, day, beloeb);
            let indbetaling = Indbetaling { tilbagefoerer: Some(den.id), ..indbetaling };
            Some((Operation::ForetagIndbetaling(indbetaling), Afvisningsaarsag::Tilbagefoersel))
        };
        let partly = self.betalinger.iter().find(|den| !den.tilbagefoert && den.beloeb > 1);
        let twice = self.betalinger.iter().find(|den| den.tilbagefoert);
        match (lot, partly, twice) {
            (0, Some(den), _) => {
                let part = draw.between(1, den.beloeb - 1);
                reversal(draw, den, part)
            }
            (1, _, Some(den)) => reversal(draw, den, den.beloeb),
            (2, ..) => Some((self.afslut_ingen(draw, day), Afvisningsaarsag::IntetAtAfslutte)),
            (3, ..) => {
                let mut indbetaling = self.dele.get(self.del(draw))?.indbetaling(draw, day, 100);
                indbetaling.delfordring_id = DelfordringId::parse("D-99").ok()?;
                let operation = Operation::ForetagIndbetaling(indbetaling);
                Some((operation, Afvisningsaarsag::FordringUkendt))
            }
            _ => {
                let del = self.dele.get(self.del(draw))?;
                let too_much = del.restance + draw.between(1, 50_000);
                let indbetaling = del.indbetaling(draw, day, too_much);
                let operation = if draw.percent(80) {
                    Operation::ForetagIndbetaling(indbetaling)
                } else {
                    Operation::ForetagIndbetalingNedregulering(indbetaling)
                };
                Some((operation, Afvisningsaarsag::OverRestance))
            }
        }
    }

    fn del(&self, draw: &mut Draw) -> usize {
        draw.below(u32::try_from(self.dele.len()).unwrap_or(u32::MAX)) as usize
    }

    /// Takes from a part that is not paid: all of it, or some.
    fn tag(&mut self, draw: &mut Draw) -> Option<(usize, u32)> {
        let at = self.del(draw);
        let del = self.dele.get_mut(at).filter(|del| del.restance > 0)?;
        let beloeb = if draw.percent(30) { del.restance } else { draw.between(1, del.restance) };
        del.restance -= beloeb;
        Some((at, beloeb))
    }

    fn betal(&mut self, draw: &mut Draw, day: NaiveDate) -> Option<Operation> {
        let (del, beloeb) = self.tag(draw)?;
        let indbetaling = self.dele[del].indbetaling(draw, day, beloeb);
        if self.betalinger.len() == MOST_BETALINGER {
            self.betalinger.remove(0);
        }
        let id = indbetaling.indbetaling_id;
        self.betalinger.push(Betaling { id, del, beloeb, tilbagefoert: false });
        Some(Operation::ForetagIndbetaling(indbetaling))
    }

    fn nedreguler(&mut self, draw: &mut Draw, day: NaiveDate) -> Option<Operation> {
        let (del, beloeb) = self.tag(draw)?;
        let indbetaling = self.dele[del].indbetaling(draw, day, beloeb);
        Some(Operation::ForetagIndbetalingNedregulering(indbetaling))
    }

    /// Reverses the oldest payment that is not reversed.
    fn tilbagefoer(&mut self, draw: &mut Draw, day: NaiveDate) -> Option<Operation> {
        let den = self.betalinger.iter_mut().find(|den| !den.tilbagefoert)?;
        den.tilbagefoert = true;
        let del = &mut self.dele[den.del];
        del.restance += den.beloeb;
        let indbetaling = del.indbetaling(draw, day, den.beloeb);
        let indbetaling = Indbetaling { tilbagefoerer: Some(den.id), ..indbetaling };
        Some(Operation::ForetagIndbetaling(indbetaling))
    }

    fn afslut(&mut self, draw: &mut Draw, day: NaiveDate) -> Option<Operation> {
        if self.perioder.is_empty() {
            return None;
        }
        let at = draw.below(u32::try_from(self.perioder.len()).ok()?) as usize;
        let Periode { kode, rolle, part, materialetype } = self.perioder.swap_remove(at);
        let slutdato = day + Days::new(u64::from(draw.below(90)));
        Operation::afslut(kode, Afslutning { rolle, part, materialetype, slutdato }).ok()
    }

    /// Ends the part of an administrator whom nobody knows.
    fn afslut_ingen(&self, draw: &mut Draw, day: NaiveDate) -> Operation {
        let known = |part| self.perioder.iter().any(|periode| periode.part == part);
        let part = loop {
            let part = Part::Cvr(person::cvr(draw));
            if !known(part) {
                break part;
            }
        };
        let rolle = Rolle::Administrator;
        let afslutning = Afslutning { rolle, part, materialetype: None, slutdato: day };
        Operation::AfslutAdministrator(afslutning)
    }

    fn ret_tilstand(&self, draw: &mut Draw) -> Option<Operation> {
        let fordring_id = self.dele.get(self.del(draw))?.fordring_id.clone();
        let fordringstilstand = if draw.percent(50) {
            Fordringstilstand::KanInddrives
        } else {
            Fordringstilstand::AfventerInddrivelse
        };
        Some(Operation::RetFordringTilstand(Tilstandsrettelse { fordring_id, fordringstilstand }))
    }
}

impl Del {
    fn indbetaling(&self, draw: &mut Draw, day: NaiveDate, beloeb: u32) -> Indbetaling {
        Indbetaling {
            indbetaling_id: IndbetalingId(uuid(draw)),
            fordring_id: self.fordring_id.clone(),
            delfordring_id: self.delfordring_id.clone(),
            beloeb: Beloeb::from_oere(beloeb.into()),
            indbetalingsdato: day - Days::new(u64::from(draw.below(4))),
            tilbagefoerer: None,
        }
    }
}

/// What of a debitorkonto can end. Who is liable by law stays so.
fn perioder(ny: &Debitorkonto) -> Vec<Periode> {
    use Operationskode as O;
    let haeftelser = ny.haeftelser.iter().filter_map(|haeftelse| {
        let kode = match haeftelse.rolle {
            Rolle::JuridiskAnsvarlig => return None,
            Rolle::JuridiskMedhaefter => O::AfslutHaeftelse,
            Rolle::Ligestillingspartner => O::AfslutLigestillingspartner,
            Rolle::Administrator => O::AfslutAdministrator,
        };
        Some((kode, haeftelse.rolle, haeftelse.part, None))
    });
    let adresser = ny.adresser.iter().filter_map(|adresse| {
        let kode = match adresse.rolle {
            Rolle::JuridiskAnsvarlig => O::AfslutGaeldendeAdresseJuridiskAnsvarlig,
            Rolle::JuridiskMedhaefter => O::AfslutGaeldendeAdresseJuridiskMedhaefter,
            Rolle::Ligestillingspartner => return None,
            Rolle::Administrator => O::AfslutGaeldendeAdresseAdministrator,
        };
        Some((kode, adresse.rolle, adresse.part, None))
    });
    let abonnementer = ny.materialeabonnementer.iter().filter_map(|abonnement| {
        let kode = match abonnement.rolle {
            Rolle::JuridiskAnsvarlig => O::AfslutMaterialeabonnementJuridiskAnsvarlig,
            Rolle::JuridiskMedhaefter => O::AfslutMaterialeabonnementJuridiskMedhaefter,
            Rolle::Ligestillingspartner => return None,
            Rolle::Administrator => O::AfslutMaterialeabonnementAdministrator,
        };
        Some((kode, abonnement.rolle, abonnement.part, Some(abonnement.materialetype.clone())))
    });
    let all = haeftelser.chain(adresser).chain(abonnementer);
    all.map(|(kode, rolle, part, materialetype)| Periode { kode, rolle, part, materialetype })
        .collect()
}
