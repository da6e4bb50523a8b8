//! Invented debitorkonti as they are opened.

use super::tabeller::{DEBITORKONTOTYPER, DELFORDRINGSTYPER, KRAVTYPER, MATERIALETYPER, pick};
use crate::domain::debitor::{
    Adresse, Debitorkonto, Delfordring, Fordring, Fordringstilstand, Haeftelse,
    Materialeabonnement, Part, Rolle,
};
use crate::domain::text::Tekst;
use crate::domain::{Beloeb, DelfordringId, FordringId};
use crate::generate::draw::Draw;
use crate::generate::person;
use chrono::{Days, NaiveDate};

/// For what the debitorkonto is.
const BETEGNELSER: [&str; 4] =
    ["Daginstitution, Ærøvej", "Indskudslån", "Hjemlån, bøger", "Anden opkrævning"];

const VEJE: [&str; 5] = ["Ågade 1", "Østergade 27, 2. th.", "Bakken 5", "Æblehaven 11", "Torvet 3"];

const BYER: [(&str, &str); 5] = [
    ("1550", "København V"),
    ("5000", "Odense C"),
    ("8000", "Aarhus C"),
    ("9000", "Aalborg"),
    ("5970", "Ærøskøbing"),
];

/// Somebody with a part in a debitorkonto: most are people.
fn part(draw: &mut Draw, day: NaiveDate) -> Part {
    if draw.percent(90) { Part::Cpr(person::cpr(draw, day)) } else { Part::Cvr(person::cvr(draw)) }
}

/// Who is liable, and who acts for them.
fn haeftelser(draw: &mut Draw, day: NaiveDate) -> Vec<Haeftelse> {
    let mut all = Vec::with_capacity(2);
    for (rolle, percent) in [
        (Rolle::JuridiskAnsvarlig, 100),
        (Rolle::JuridiskMedhaefter, 25),
        (Rolle::Ligestillingspartner, 20),
        (Rolle::Administrator, 15),
    ] {
        if draw.percent(percent) {
            let gyldig_til = draw.percent(10).then(|| day + Days::new(730));
            let part = part(draw, day);
            all.push(Haeftelse { rolle, part, gyldig_fra: day, gyldig_til });
        }
    }
    all
}

fn adresse(draw: &mut Draw, haeftelse: &Haeftelse) -> Option<Adresse> {
    let (postnummer, by) = draw.pick(&BYER);
    Some(Adresse {
        rolle: haeftelse.rolle,
        part: haeftelse.part,
        gyldig_fra: haeftelse.gyldig_fra,
        gyldig_til: haeftelse.gyldig_til,
        vej: Tekst::parse(draw.pick(&VEJE)).ok()?,
        postnummer: Tekst::parse(postnummer).ok()?,
        by: Tekst::parse(by).ok()?,
        land: Tekst::parse("DK").ok()?,
    })
}

/// Two in a hundred may not be collected yet; its name is unlike every other one's.
fn fordring(draw: &mut Draw, day: NaiveDate) -> Option<Fordring> {
    let antal = draw.pick(&[1, 1, 1, 2, 2, 3]);
    let delfordringer = (1..=antal).map(|number| {
        Some(Delfordring {
            delfordring_id: DelfordringId::parse(&format!("D-{number}")).ok()?,
            delfordringstype: pick(draw, &DELFORDRINGSTYPER)?,
            beloeb: Beloeb::from_oere(i64::from(draw.between(5_000, 2_000_000))),
        })
    });
    let delfordringer: Vec<_> = delfordringer.collect::<Option<_>>()?;
    let name = u64::from_be_bytes(*draw.bytes().first_chunk()?);
    let awaits = draw.percent(2);
    Some(Fordring {
        fordring_id: FordringId::parse(&format!("F-{name:016X}")).ok()?,
        kravtype: pick(draw, &KRAVTYPER)?,
        hovedstol: delfordringer.iter().map(|one| one.beloeb).sum(),
        periode_fra: day - Days::new(31),
        periode_til: day - Days::new(1),
        forfaldsdato: day + Days::new(u64::from(draw.between(14, 45))),
        fordringstilstand: if awaits {
            Fordringstilstand::AfventerInddrivelse
        } else {
            Fordringstilstand::KanInddrives
        },
        delfordringer,
    })
}

/// A debitorkonto that is opened on a day.
pub(super) fn debitorkonto(draw: &mut Draw, day: NaiveDate) -> Option<Debitorkonto> {
    let haeftelser = haeftelser(draw, day);
    let mut adresser = Vec::new();
    let mut materialeabonnementer = Vec::new();
    for haeftelse in &haeftelser {
        if haeftelse.rolle == Rolle::Ligestillingspartner {
            continue;
        }
        if draw.percent(70) {
            adresser.push(adresse(draw, haeftelse)?);
        }
        if draw.percent(50) {
            materialeabonnementer.push(Materialeabonnement {
                rolle: haeftelse.rolle,
                part: haeftelse.part,
                materialetype: pick(draw, &MATERIALETYPER)?,
                gyldig_fra: haeftelse.gyldig_fra,
                gyldig_til: haeftelse.gyldig_til,
            });
        }
    }
    let antal = draw.pick(&[1, 1, 1, 2]);
    let fordringer = (0..antal).map(|_| fordring(draw, day));
    Some(Debitorkonto {
        fordringer: fordringer.collect::<Option<_>>()?,
        debitorkontotype: pick(draw, &DEBITORKONTOTYPER)?,
        betegnelse: draw.percent(70).then(|| Tekst::parse(draw.pick(&BETEGNELSER)).ok()).flatten(),
        haeftelser,
        adresser,
        materialeabonnementer,
    })
}
