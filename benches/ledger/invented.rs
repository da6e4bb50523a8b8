//! Invented registrations: two debitorkonti are made, then three payments come on any of those that
//! are there, and so on. All ids are drawn at random, as a fagsystem draws them.

use chrono::{DateTime, NaiveDate};
use modregn::domain::debitor::{
    Adresse, Debitorkonto, DebitorkontoId, Debitorregistrering, Delfordring, Fordring,
    Fordringstilstand, Haeftelse, Indbetaling, IndbetalingId, Liste, Materialeabonnement,
    Operation, Overfoersel, OverfoerselId, Part, RegistreringId, Rolle, Sortiment,
    Sortimentsklasse,
};
use modregn::domain::text::Tekst;
use modregn::domain::{
    Beloeb, Cpr, CprPolicy, Cvr, DelfordringId, Fagsystem, FordringId, Klasse, Kommunekode, Miljoe,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng as Random;
use uuid::Uuid;

const DAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 11, 2).unwrap();

/// Every registration of one transfer, with its sekvens.
pub(crate) struct Registrations {
    random: Random,
    opened: Vec<(DebitorkontoId, u32, u32)>,
    made: usize,
    number: u64,
}

pub(crate) fn fagsystem() -> Fagsystem {
    Fagsystem::parse("BIBLIO").unwrap()
}

fn kommune() -> Kommunekode {
    Kommunekode::parse(b"0101").unwrap()
}

pub(crate) fn head(round: u64) -> Overfoersel {
    Overfoersel {
        overfoersel_id: OverfoerselId(Uuid::from_u128(round.into())),
        kommunekode: kommune(),
        myndighed_cvr: Cvr::parse(b"64942212").unwrap(),
        fagsystem: fagsystem(),
        dannet: DateTime::UNIX_EPOCH,
        miljoe: Miljoe::Test,
    }
}

pub(crate) fn sortiment() -> Sortiment {
    let classes = [
        (Liste::Debitorkontotype, "BIBLIOTEK"),
        (Liste::Kravtype, "BOEDE"),
        (Liste::Delfordringstype, "GEBYR"),
        (Liste::Materialetype, "RYKKER"),
    ];
    let class = |(liste, klasse): (Liste, &str)| Sortimentsklasse {
        fagsystem: fagsystem(),
        liste,
        klasse: Klasse::parse(klasse).unwrap(),
        betegnelse: klasse.to_owned(),
        gyldig_fra: DAY,
        gyldig_til: None,
    };
    classes.into_iter().map(class).collect()
}

impl Registrations {
    pub(crate) fn new(round: u64) -> Self {
        let random = Random::seed_from_u64(round);
        Self { random, opened: Vec::new(), made: 0, number: round << 32 }
    }

    fn id(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.random.random()).into_uuid()
    }

    pub(crate) fn next(&mut self) -> (u32, Debitorregistrering) {
        let turn = self.made % 5;
        self.made += 1;
        let registrering_id = RegistreringId(self.id());
        let (sekvens, debitorkonto_id, operation) =
            if turn < 2 { self.opret() } else { self.betaling() };
        let registrering = Debitorregistrering {
            registrering_id,
            fagsystem: fagsystem(),
            kommunekode: kommune(),
            debitorkonto_id,
            registreret: DateTime::UNIX_EPOCH,
            virkningsdato: DAY,
            retter: None,
            operation,
        };
        (sekvens, registrering)
    }

    fn opret(&mut self) -> (u32, DebitorkontoId, Operation) {
        let id = DebitorkontoId(self.id());
        let nr = self.opened.len();
        self.opened.push((id, u32::try_from(nr).unwrap(), 1));
        let (rolle, gyldig_fra, gyldig_til) = (Rolle::JuridiskAnsvarlig, DAY, None);
        let day = self.random.random_range(1..=28);
        let cpr = format!("{day:02}01{:02}{:04}", nr % 50 + 50, nr % 4_000);
        let part = Part::Cpr(Cpr::parse(cpr.as_bytes(), CprPolicy::default()).unwrap());
        let parts = ["1", "2"].map(|part| Delfordring {
            delfordring_id: DelfordringId::parse(part).unwrap(),
            delfordringstype: Klasse::parse("GEBYR").unwrap(),
            beloeb: Beloeb::from_oere(1_000_000),
        });
        let fordring = Fordring {
            fordring_id: self.fordring_id(nr),
            kravtype: Klasse::parse("BOEDE").unwrap(),
            hovedstol: Beloeb::from_oere(2_000_000),
            periode_fra: DAY,
            periode_til: DAY,
            forfaldsdato: DAY,
            fordringstilstand: Fordringstilstand::KanInddrives,
            delfordringer: parts.into(),
        };
        let materialetype = Klasse::parse("RYKKER").unwrap();
        let konto = Debitorkonto {
            debitorkontotype: Klasse::parse("BIBLIOTEK").unwrap(),
            betegnelse: Tekst::parse("Bibliotek").ok(),
            haeftelser: vec![Haeftelse { rolle, part, gyldig_fra, gyldig_til }],
            adresser: vec![Adresse {
                rolle,
                part,
                gyldig_fra,
                gyldig_til,
                vej: Tekst::parse("Ågade 1").unwrap(),
                postnummer: Tekst::parse("8000").unwrap(),
                by: Tekst::parse("Aarhus C").unwrap(),
                land: Tekst::parse("DK").unwrap(),
            }],
            materialeabonnementer: vec![Materialeabonnement {
                rolle,
                part,
                materialetype,
                gyldig_fra,
                gyldig_til,
            }],
            fordringer: vec![fordring],
        };
        (1, id, Operation::OpretDebitorkonto(konto))
    }

    fn fordring_id(&self, nr: usize) -> FordringId {
        FordringId::parse(&format!("F{}-{nr}", self.number >> 32)).unwrap()
    }

    fn betaling(&mut self) -> (u32, DebitorkontoId, Operation) {
        let indbetaling_id = IndbetalingId(self.id());
        let at = self.random.random_range(0..self.opened.len());
        let (konto, nr, sekvens) = &mut self.opened[at];
        *sekvens += 1;
        let (konto, nr, sekvens) = (*konto, *nr as usize, *sekvens);
        let indbetaling = Indbetaling {
            indbetaling_id,
            fordring_id: self.fordring_id(nr),
            delfordring_id: DelfordringId::parse(["1", "2"][at % 2]).unwrap(),
            beloeb: Beloeb::from_oere(self.random.random_range(1..1_000)),
            indbetalingsdato: DAY,
            tilbagefoerer: None,
        };
        (sekvens, konto, Operation::ForetagIndbetaling(indbetaling))
    }
}
