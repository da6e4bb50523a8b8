//! What a debitorsystem decides of each registration: whether it holds against what the ledger has,
//! and what is to be written if it does.
//!
//! The registrations of a debitorkonto are numbered by their sekvens, from 1. The fagsystem counts
//! those that were accepted: the correction of a rejected one has its number again.

use super::operation::Afsluttes;
use super::regler::Regel;
use super::{
    Afslutning, Afvisning, Afvisningsaarsag, DebitorkontoId, Debitorregistrering, Fordring,
    Indbetaling, IndbetalingId, Operation,
};
use crate::domain::text::Tekst;
use crate::domain::{Beloeb, DelfordringId, FordringId, Kommunekode};
use chrono::NaiveDate;
use std::fmt;

/// The ledger's own number of something it holds.
pub type Nr = i64;

/// What the ledger has. Made for the registrations of one fagsystem.
pub trait Lookup {
    /// Why it cannot be asked.
    type Error;

    /// A debitorkonto, whoever owns it.
    fn konto(&mut self, id: DebitorkontoId) -> Result<Option<Kontostand>, Self::Error>;

    /// A claim of the fagsystem, of whatever debitorkonto.
    fn fordring(&mut self, id: &FordringId) -> Result<Option<Fordringsstand>, Self::Error>;

    /// What is left to pay on a part of a claim, øre; `None` = the claim has no such part.
    fn delfordring(
        &mut self,
        fordring: Nr,
        id: &DelfordringId,
    ) -> Result<Option<Beloeb>, Self::Error>;

    /// What is left to pay on a claim, øre: on all its parts.
    fn restance(&mut self, fordring: Nr) -> Result<Beloeb, Self::Error>;

    /// What was entered under this id.
    fn postering(&mut self, id: IndbetalingId) -> Result<Option<Posteringsstand>, Self::Error>;

    /// The periods of what an Afslut… operation names: of its role and party and, of a
    /// materialeabonnement, its type.
    fn perioder(
        &mut self,
        konto: Nr,
        hvad: Afsluttes,
        afslutning: &Afslutning,
    ) -> Result<Vec<Periode>, Self::Error>;
}

/// A debitorkonto of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kontostand {
    /// Which.
    pub nr: Nr,
    /// Whether the fagsystem owns it.
    pub egen: bool,
    /// Whose debitorsystem it is in.
    pub kommunekode: Kommunekode,
    /// The last accepted registration's place, from 1.
    pub sekvens: u32,
}

/// A claim of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fordringsstand {
    /// Which.
    pub nr: Nr,
    /// Its debitorkonto.
    pub konto: Nr,
}

/// A payment, a reversal or a nedregulering that was entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posteringsstand {
    /// Which.
    pub nr: Nr,
    /// What it is.
    pub art: Art,
    /// The claim.
    pub fordring: Nr,
    /// The part of the claim.
    pub delfordring_id: DelfordringId,
    /// How much, øre, more than nothing.
    pub beloeb: Beloeb,
    /// Whether it was reversed.
    pub tilbagefoert: bool,
}

/// What a postering is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Art {
    /// A payment; its dækning is the whole of it.
    Indbetaling,
    /// The reversal of a whole payment: what it covered is owed again.
    Tilbagefoersel,
    /// Less is owed.
    Nedregulering,
}

/// When something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Periode {
    /// Which of the debitorkonto's.
    pub nr: Nr,
    /// First day.
    pub gyldig_fra: NaiveDate,
    /// Last day; `None` = open.
    pub gyldig_til: Option<NaiveDate>,
}

/// What an accepted registration has the ledger write, besides its sekvens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Booking {
    /// The debitorkonto, with all that belongs to it.
    Oprettelse,
    /// The last day of one of its periods.
    Afslutning {
        /// The debitorkonto.
        konto: Nr,
        /// Of what.
        hvad: Afsluttes,
        /// Which.
        nr: Nr,
        /// That day.
        slutdato: NaiveDate,
    },
    /// The state of a claim.
    Tilstand {
        /// The debitorkonto.
        konto: Nr,
        /// The claim.
        fordring: Nr,
    },
    /// A postering on a part of a claim.
    Postering {
        /// The debitorkonto.
        konto: Nr,
        /// What it is.
        art: Art,
        /// The claim.
        fordring: Nr,
        /// The payment that is reversed.
        tilbagefoerer: Option<Nr>,
    },
}

/// An acceptance with its booking, or why there is none; whatever went wrong in asking beside it.
type Judged<T, E> = Result<Result<T, Afvisning>, E>;

/// Decides of one registration, whose place among those of its debitorkonto is `sekvens`. `brud` is
/// the first rule it breaks by itself, if any (see [`super::regler::brud`]).
pub fn judge<L: Lookup>(
    sekvens: u32,
    registrering: &Debitorregistrering,
    brud: Option<Regel>,
    ledger: &mut L,
) -> Judged<Booking, L::Error> {
    use Afvisningsaarsag::{AndenEjer, FindesAllerede, KontoUkendt, TidligereMangler};
    if let Some(regel) = brud {
        return Ok(afvis(regel.aarsag(), regel.dansk()));
    }
    let konto = ledger.konto(registrering.debitorkonto_id)?;
    if let Some(konto) = konto {
        if !konto.egen {
            return Ok(afvis(AndenEjer, "Debitorkontoen tilhører et andet fagsystem"));
        }
        if konto.kommunekode != registrering.kommunekode {
            return Ok(afvis(AndenEjer, "Debitorkontoen tilhører en anden kommune"));
        }
    }
    match (&registrering.operation, konto) {
        (Operation::OpretDebitorkonto(_), Some(_)) => {
            return Ok(afvis(FindesAllerede, "Debitorkontoen findes allerede"));
        }
        (Operation::OpretDebitorkonto(_), None) | (_, Some(_)) => {}
        (_, None) => return Ok(afvis(KontoUkendt, "Debitorkontoen findes ikke")),
    }
    let naeste = konto.map_or(1, |konto| konto.sekvens + 1);
    if sekvens != naeste {
        let tekst = format_args!("Debitorkontoens næste sekvens er {naeste}");
        return Ok(afvis(TidligereMangler, tekst));
    }
    let konto = konto.map_or(0, |konto| konto.nr);
    match &registrering.operation {
        Operation::OpretDebitorkonto(ny) => oprettelse(&ny.fordringer, ledger),
        Operation::RetFordringTilstand(rettelse) => {
            Ok(match fordring(konto, &rettelse.fordring_id, ledger)? {
                Ok(fordring) => Ok(Booking::Tilstand { konto, fordring }),
                Err(afvisning) => Err(afvisning),
            })
        }
        Operation::ForetagIndbetaling(indbetaling) => {
            postering(konto, Art::Indbetaling, indbetaling, ledger)
        }
        Operation::ForetagIndbetalingNedregulering(indbetaling) => {
            postering(konto, Art::Nedregulering, indbetaling, ledger)
        }
        afslut => match (afslut.kode().afslutter(), afslut.afslutning()) {
            (Some((hvad, _)), Some(at)) => afslutning(konto, hvad, at, ledger),
            _ => unreachable!("every other operation ends something"),
        },
    }
}

fn afvis<T>(aarsag: Afvisningsaarsag, tekst: impl fmt::Display) -> Result<T, Afvisning> {
    Err(Afvisning { aarsag, tekst: Tekst::parse(&tekst.to_string()).ok(), restance: None })
}

/// A claim's name is its fagsystem's, whatever debitorkonto it belongs to.
fn oprettelse<L: Lookup>(fordringer: &[Fordring], ledger: &mut L) -> Judged<Booking, L::Error> {
    for Fordring { fordring_id, .. } in fordringer {
        if ledger.fordring(fordring_id)?.is_some() {
            let tekst = format_args!("Fordringen {fordring_id} findes allerede");
            return Ok(afvis(Afvisningsaarsag::FindesAllerede, tekst));
        }
    }
    Ok(Ok(Booking::Oprettelse))
}

/// A claim of this very debitorkonto.
fn fordring<L: Lookup>(konto: Nr, id: &FordringId, ledger: &mut L) -> Judged<Nr, L::Error> {
    match ledger.fordring(id)? {
        Some(fordring) if fordring.konto == konto => Ok(Ok(fordring.nr)),
        _ => {
            let tekst = format_args!("Debitorkontoen har ikke fordringen {id}");
            Ok(afvis(Afvisningsaarsag::FordringUkendt, tekst))
        }
    }
}

fn postering<L: Lookup>(
    konto: Nr,
    art: Art,
    indbetaling: &Indbetaling,
    ledger: &mut L,
) -> Judged<Booking, L::Error> {
    let Indbetaling { fordring_id, delfordring_id, beloeb, .. } = indbetaling;
    let fordring = match fordring(konto, fordring_id, ledger)? {
        Ok(fordring) => fordring,
        Err(afvisning) => return Ok(Err(afvisning)),
    };
    let Some(restance) = ledger.delfordring(fordring, delfordring_id)? else {
        let tekst = format_args!("Fordringen har ikke delfordringen {delfordring_id}");
        return Ok(afvis(Afvisningsaarsag::FordringUkendt, tekst));
    };
    if ledger.postering(indbetaling.indbetaling_id)?.is_some() {
        let tekst = "Indbetalingens id er brugt før";
        return Ok(afvis(Afvisningsaarsag::FindesAllerede, tekst));
    }
    if let Some(id) = indbetaling.tilbagefoerer {
        let den = ledger.postering(id)?;
        return Ok(tilbagefoersel(fordring, indbetaling, den).map(|nr| Booking::Postering {
            konto,
            art: Art::Tilbagefoersel,
            fordring,
            tilbagefoerer: Some(nr),
        }));
    }
    if *beloeb > restance {
        let tekst = format_args!("Delfordringen har {restance} kr. tilbage");
        let restance = Some(ledger.restance(fordring)?);
        let afvist = afvis(Afvisningsaarsag::OverRestance, tekst);
        return Ok(afvist.map_err(|afvisning| Afvisning { restance, ..afvisning }));
    }
    Ok(Ok(Booking::Postering { konto, art, fordring, tilbagefoerer: None }))
}

/// Which payment is reversed: a whole one, on the same part of the same claim, and only once.
fn tilbagefoersel(
    fordring: Nr,
    indbetaling: &Indbetaling,
    den: Option<Posteringsstand>,
) -> Result<Nr, Afvisning> {
    use Afvisningsaarsag::{FordringUkendt, Tilbagefoersel};
    let sted = (fordring, &indbetaling.delfordring_id);
    let Some(den) = den.filter(|den| (den.fordring, &den.delfordring_id) == sted) else {
        let tekst = "Delfordringen har ikke indbetalingen, der tilbageføres";
        return afvis(FordringUkendt, tekst);
    };
    if den.art != Art::Indbetaling {
        return afvis(Tilbagefoersel, "Kun en indbetaling kan tilbageføres");
    }
    if den.tilbagefoert {
        return afvis(Tilbagefoersel, "Indbetalingen er tilbageført før");
    }
    if den.beloeb != indbetaling.beloeb {
        let tekst = format_args!("Hele indbetalingen er på {} kr.", den.beloeb);
        return afvis(Tilbagefoersel, tekst);
    }
    Ok(den.nr)
}

/// Ends the newest of what goes on after the last day, and no other.
fn afslutning<L: Lookup>(
    konto: Nr,
    hvad: Afsluttes,
    afslutning: &Afslutning,
    ledger: &mut L,
) -> Judged<Booking, L::Error> {
    let slutdato = afslutning.slutdato;
    let mut aabne = ledger.perioder(konto, hvad, afslutning)?;
    aabne.retain(|periode| periode.gyldig_til.is_none_or(|til| slutdato < til));
    let begun = |periode: &&Periode| periode.gyldig_fra <= slutdato;
    let newest = aabne.iter().filter(begun).max_by_key(|one| (one.gyldig_fra, one.nr));
    match newest {
        Some(periode) => Ok(Ok(Booking::Afslutning { konto, hvad, nr: periode.nr, slutdato })),
        None if aabne.is_empty() => {
            let hvad = match hvad {
                Afsluttes::Haeftelse => "ingen hæftelse",
                Afsluttes::Adresse => "ingen adresse",
                Afsluttes::Materialeabonnement => "intet materialeabonnement",
            };
            let tekst = format_args!("Parten har {hvad}, der kan afsluttes");
            Ok(afvis(Afvisningsaarsag::IntetAtAfslutte, tekst))
        }
        None => Ok(afvis(Regel::Dage.aarsag(), Regel::Dage.dansk())),
    }
}

#[cfg(test)]
mod tests;
