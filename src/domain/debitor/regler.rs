//! What a registration must be by itself, whatever the debitorsystem knows: checked where it is
//! entered, and again where it is received.

use super::operation::Afsluttes;
use super::{
    Afslutning, Afvisningsaarsag, Debitorkonto, Debitorregistrering, Fordring, Indbetaling, Liste,
    Operation, Operationskode, Part, Rolle, Sortiment,
};
use crate::domain::{Beloeb, Cpr, CprPolicy, Klasse};
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// The largest amount that a file can hold, øre.
pub const STOERSTE_BELOEB: Beloeb = Beloeb::from_oere(99_999_999_999);

/// Declares the rules: `Name = reason, "in English", "in Danish, at most 60 characters"`.
macro_rules! rules {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident = $aarsag:ident, $english:literal, $dansk:literal;
    )+) => {
        /// A rule that a registration breaks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Regel {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Regel {
            /// Every one there is.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Why a debitorsystem rejects such a registration.
            pub const fn aarsag(self) -> Afvisningsaarsag {
                match self {
                    $(Self::$name => Afvisningsaarsag::$aarsag,)+
                }
            }

            /// What was expected, for whoever enters it.
            pub const fn expected(self) -> &'static str {
                match self {
                    $(Self::$name => $english,)+
                }
            }

            /// What is wrong, for the case worker at the fagsystem.
            pub const fn dansk(self) -> &'static str {
                match self {
                    $(Self::$name => $dansk,)+
                }
            }
        }
    };
}

rules! {
    /// A class that the sortiment does not have.
    Klasse = IkkeISortiment,
        "expected a class of the fagsystem's sortiment that holds on the virkningsdato",
        "Typen er ikke i fagsystemets sortiment på virkningsdatoen";
    /// Something ends before it begins.
    Dage = Datoer, "expected a last day that is not before the first",
        "Slutdatoen ligger før startdatoen";
    /// A claim that is not the sum of its parts.
    Hovedstol = Andet, "expected the sum of the delfordringer",
        "Hovedstolen er ikke summen af delfordringerne";
    /// A claim without parts.
    Delfordringer = Andet, "expected at least one delfordring",
        "Fordringen har ingen delfordring";
    /// An amount that is nothing, or less, or too much for a file.
    Beloeb = Andet, "expected an amount in øre, from 1 to 99999999999",
        "Beløbet skal være større end nul";
    /// Nobody is liable by law.
    Ansvarlig = Andet, "expected at least one haeftelse with the rolle juridisk-ansvarlig",
        "Debitorkontoen har ingen juridisk ansvarlig";
    /// An address or a materialeabonnement of somebody who has no part in the debitorkonto.
    Fremmed = Andet, "expected a part and rolle that a haeftelse names",
        "Parten hører ikke til debitorkontoen i denne rolle";
    /// Two of the same name.
    Dobbelt = FindesAllerede, "expected no two of the same name",
        "Den samme betegnelse er brugt to gange";
    /// An Afslut… operation on another's role.
    Rolle = Andet, "expected the rolle that the operation ends something of",
        "Rollen passer ikke til operationen";
    /// An end of a materialeabonnement that does not say of which.
    Materialetype = Andet, "expected a materialetype where a materialeabonnement ends, else none",
        "Materialetypen mangler eller hører ikke til operationen";
    /// A reversal of what cannot be reversed.
    Tilbagefoersel = Tilbagefoersel, "expected no tilbagefoerer: only an indbetaling is reversed",
        "En nedregulering kan ikke tilbageføres";
    /// It corrects itself.
    RetterSig = Andet, "expected another registration than itself",
        "Registreringen kan ikke rette sig selv";
    /// A person's number that is not accepted here.
    Cpr = Andet, "expected a number issued by CPR (see cpr.erstatningspersonnummer)",
        "CPR-nummeret er et erstatningspersonnummer";
    /// A postal code or country that is none.
    Adresse = Andet, "expected four digits as postnummer and two capital letters as land",
        "Postnummeret eller landet er skrevet forkert";
}

/// A rule that is broken, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brud {
    /// The field, as a path: `operation.fordringer[1].hovedstol`.
    pub felt: String,
    /// Which rule.
    pub regel: Regel,
}

/// Everything that is wrong with a registration by itself.
pub fn brud(
    registrering: &Debitorregistrering,
    sortiment: &Sortiment,
    cpr: CprPolicy,
) -> Vec<Brud> {
    let mut check = Check { registrering, sortiment, cpr, found: Vec::new() };
    if registrering.retter == Some(registrering.registrering_id) {
        check.broken("retter", Regel::RetterSig);
    }
    match &registrering.operation {
        Operation::OpretDebitorkonto(konto) => check.konto(konto),
        Operation::RetFordringTilstand(_) => {}
        Operation::ForetagIndbetaling(indbetaling) => check.beloeb(indbetaling),
        Operation::ForetagIndbetalingNedregulering(indbetaling) => {
            check.beloeb(indbetaling);
            if indbetaling.tilbagefoerer.is_some() {
                check.broken("tilbagefoerer", Regel::Tilbagefoersel);
            }
        }
        afslut => {
            if let Some(afslutning) = afslut.afslutning() {
                check.afslutning(afslut.kode(), afslutning);
            }
        }
    }
    check.found
}

struct Check<'a> {
    registrering: &'a Debitorregistrering,
    sortiment: &'a Sortiment,
    cpr: CprPolicy,
    found: Vec<Brud>,
}

impl Check<'_> {
    fn broken(&mut self, felt: impl Into<String>, regel: Regel) {
        self.found.push(Brud { felt: felt.into(), regel });
    }

    fn klasse(&mut self, liste: Liste, klasse: &Klasse, felt: impl FnOnce() -> String) {
        let Debitorregistrering { fagsystem, virkningsdato, .. } = self.registrering;
        if !self.sortiment.has(fagsystem, liste, klasse, *virkningsdato) {
            self.broken(felt(), Regel::Klasse);
        }
    }

    fn dage(&mut self, fra: NaiveDate, til: Option<NaiveDate>, felt: impl FnOnce() -> String) {
        if til.is_some_and(|til| til < fra) {
            self.broken(felt(), Regel::Dage);
        }
    }

    fn part(&mut self, part: Part, felt: impl FnOnce() -> String) {
        if let Part::Cpr(cpr) = part
            && !is_accepted(cpr, self.cpr)
        {
            self.broken(felt(), Regel::Cpr);
        }
    }

    fn konto(&mut self, konto: &Debitorkonto) {
        self.klasse(Liste::Debitorkontotype, &konto.debitorkontotype, || {
            "debitorkontotype".to_owned()
        });
        for (at, haeftelse) in konto.haeftelser.iter().enumerate() {
            self.part(haeftelse.part, || format!("haeftelser[{at}].part"));
            self.dage(haeftelse.gyldig_fra, haeftelse.gyldig_til, || {
                format!("haeftelser[{at}].gyldig_til")
            });
            let here = (haeftelse.rolle, haeftelse.part);
            if konto.haeftelser[..at].iter().any(|other| (other.rolle, other.part) == here) {
                self.broken(format!("haeftelser[{at}].part"), Regel::Dobbelt);
            }
        }
        if !konto.haeftelser.iter().any(|h| h.rolle == Rolle::JuridiskAnsvarlig) {
            self.broken("haeftelser", Regel::Ansvarlig);
        }
        let belongs =
            |rolle, part| konto.haeftelser.iter().any(|h| (h.rolle, h.part) == (rolle, part));
        for (at, adresse) in konto.adresser.iter().enumerate() {
            if !belongs(adresse.rolle, adresse.part) {
                self.broken(format!("adresser[{at}].part"), Regel::Fremmed);
            }
            self.dage(adresse.gyldig_fra, adresse.gyldig_til, || {
                format!("adresser[{at}].gyldig_til")
            });
            let (postnummer, land) = (adresse.postnummer.as_str(), adresse.land.as_str());
            let digits = postnummer.len() == 4 && postnummer.bytes().all(|b| b.is_ascii_digit());
            if !digits || land.len() != 2 || !land.bytes().all(|b| b.is_ascii_uppercase()) {
                self.broken(format!("adresser[{at}].postnummer"), Regel::Adresse);
            }
        }
        for (at, abonnement) in konto.materialeabonnementer.iter().enumerate() {
            if !belongs(abonnement.rolle, abonnement.part) {
                self.broken(format!("materialeabonnementer[{at}].part"), Regel::Fremmed);
            }
            self.dage(abonnement.gyldig_fra, abonnement.gyldig_til, || {
                format!("materialeabonnementer[{at}].gyldig_til")
            });
            self.klasse(Liste::Materialetype, &abonnement.materialetype, || {
                format!("materialeabonnementer[{at}].materialetype")
            });
        }
        let mut ids = BTreeSet::new();
        for (at, fordring) in konto.fordringer.iter().enumerate() {
            if !ids.insert(&fordring.fordring_id) {
                self.broken(format!("fordringer[{at}].fordring_id"), Regel::Dobbelt);
            }
            self.fordring(at, fordring);
        }
    }

    fn fordring(&mut self, at: usize, fordring: &Fordring) {
        let felt = |name: &str| format!("fordringer[{at}].{name}");
        self.klasse(Liste::Kravtype, &fordring.kravtype, || felt("kravtype"));
        self.dage(fordring.periode_fra, Some(fordring.periode_til), || felt("periode_til"));
        if fordring.delfordringer.is_empty() {
            self.broken(felt("delfordringer"), Regel::Delfordringer);
        }
        let mut ids = BTreeSet::new();
        let mut sum = Some(Beloeb::NUL);
        for (nth, part) in fordring.delfordringer.iter().enumerate() {
            let felt = |name: &str| format!("fordringer[{at}].delfordringer[{nth}].{name}");
            if !ids.insert(&part.delfordring_id) {
                self.broken(felt("delfordring_id"), Regel::Dobbelt);
            }
            self.klasse(Liste::Delfordringstype, &part.delfordringstype, || {
                felt("delfordringstype")
            });
            if !is_amount(part.beloeb) {
                self.broken(felt("beloeb"), Regel::Beloeb);
            }
            sum = sum.and_then(|sum| sum.checked_add(part.beloeb));
        }
        if !is_amount(fordring.hovedstol) {
            self.broken(felt("hovedstol"), Regel::Beloeb);
        } else if sum != Some(fordring.hovedstol) {
            self.broken(felt("hovedstol"), Regel::Hovedstol);
        }
    }

    fn beloeb(&mut self, indbetaling: &Indbetaling) {
        if !is_amount(indbetaling.beloeb) {
            self.broken("beloeb", Regel::Beloeb);
        }
    }

    fn afslutning(&mut self, kode: Operationskode, afslutning: &Afslutning) {
        self.part(afslutning.part, || "part".to_owned());
        let Some((what, of)) = kode.afslutter() else { return };
        let fits = of.map_or(afslutning.rolle.is_liable(), |of| of == afslutning.rolle);
        if !fits {
            self.broken("rolle", Regel::Rolle);
        }
        match (&afslutning.materialetype, what) {
            (Some(materialetype), Afsluttes::Materialeabonnement) => {
                self.klasse(Liste::Materialetype, materialetype, || "materialetype".to_owned());
            }
            (None, Afsluttes::Materialeabonnement) | (Some(_), _) => {
                self.broken("materialetype", Regel::Materialetype);
            }
            (None, _) => {}
        }
    }
}

fn is_amount(beloeb: Beloeb) -> bool {
    Beloeb::NUL < beloeb && beloeb <= STOERSTE_BELOEB
}

fn is_accepted(cpr: Cpr, policy: CprPolicy) -> bool {
    policy.erstatningspersonnummer || !cpr.is_erstatningspersonnummer()
}

#[cfg(test)]
mod tests;
