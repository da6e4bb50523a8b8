//! The invented tables that registrations are checked and sent by.

use crate::domain::debitor::{Liste, Overfoerselstype, Rute, Sortimentsklasse};
use crate::domain::{Cvr, Debitorsystem, Fagsystem, Klasse, Kommunekode};
use crate::generate::draw::Draw;
use chrono::NaiveDate;

/// Classes: name, and what it means.
pub(super) type Klasser = [(&'static str, &'static str); 3];

pub(super) const DEBITORKONTOTYPER: Klasser =
    [("DAGINST", "Daginstitution"), ("BOLIG", "Bolig"), ("BIBLIOTEK", "Bibliotek")];

pub(super) const KRAVTYPER: Klasser =
    [("TAKST", "Forældrebetaling"), ("LAAN", "Indskudslån"), ("ERSTATN", "Erstatning")];

pub(super) const DELFORDRINGSTYPER: Klasser =
    [("HOVEDSTOL", "Hovedstol"), ("RENTE", "Rente"), ("GEBYR", "Gebyr")];

pub(super) const MATERIALETYPER: Klasser =
    [("OPKRAEV", "Opkrævning"), ("RYKKER", "Rykker"), ("KONTOUDT", "Kontoudtog")];

/// The first day of everything in the tables: long before any registration.
const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();

pub(super) fn pick(draw: &mut Draw, klasser: &Klasser) -> Option<Klasse> {
    Klasse::parse(draw.pick(klasser).0).ok()
}

/// The classes of all invented registrations, for a fagsystem to use.
pub fn sortiment(fagsystem: &Fagsystem) -> Vec<Sortimentsklasse> {
    let lists = [
        (Liste::Debitorkontotype, DEBITORKONTOTYPER),
        (Liste::Kravtype, KRAVTYPER),
        (Liste::Delfordringstype, DELFORDRINGSTYPER),
        (Liste::Materialetype, MATERIALETYPER),
    ];
    let all = lists.into_iter().flat_map(|(liste, klasser)| klasser.map(|klasse| (liste, klasse)));
    let klasse = |(liste, (klasse, betegnelse)): (Liste, (&str, &str))| {
        Some(Sortimentsklasse {
            fagsystem: fagsystem.clone(),
            liste,
            klasse: Klasse::parse(klasse).ok()?,
            betegnelse: betegnelse.to_owned(),
            gyldig_fra: FIRST_DAY,
            gyldig_til: None,
        })
    };
    all.filter_map(klasse).collect()
}

/// Routes that deal the municipalities over the endpoints, each of which is a debitorsystem of its
/// own.
pub fn ruter(kommuner: &[Kommunekode], endpoints: &[String]) -> Vec<Rute> {
    let dealt = kommuner.iter().zip((1..).zip(endpoints).cycle());
    let rute = |(&kommunekode, (number, endpoint)): (&Kommunekode, (u32, &String))| {
        Some(Rute {
            kommunekode,
            myndighed_cvr: Cvr::parse(kommunekode.cvr().to_string().as_bytes()).ok()?,
            debitorsystem: Debitorsystem::parse(&format!("DEBITOR-{number}")).ok()?,
            endpoint: endpoint.clone(),
            overfoerselstype: Overfoerselstype::Plain,
            gyldig_fra: FIRST_DAY,
            gyldig_til: None,
        })
    };
    dealt.filter_map(rute).collect()
}
