//! Overførsel af debitorregistreringer: a bulk transfer (SF1590_B_02), read and written.
//!
//! The records of one registration stand one after the other: its hoved, then its parts. Reading
//! gathers them and gives one registration at a time.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::{OverfoerselReader, Totals};
pub use write::OverfoerselWriter;

use super::bind::{Binding, Holds};
use super::{BindError, OwnFaults, about_kommune};
use crate::domain::debitor::{Debitorregistrering, Fordringstilstand, Operation};
use crate::domain::debitor::{Operationskode, Overfoersel, Rolle};
use crate::domain::{About, CprPolicy, Miljoe};
use crate::layout::Layout;
use crate::layout::model::{FieldIx, RecordIx, Terminator};
use crate::record::{Codec, Options, Reader, WriteError};
use std::io::{self, Read, Write};

/// Most records of one registration.
const MOST_POSTER: u32 = 10_000;

/// Most columns of an amount: [`MOST_POSTER`] of them add up to a number of øre that [`Beloeb`]
/// can hold.
///
/// [`Beloeb`]: crate::domain::Beloeb
const AMOUNT_COLUMNS: usize = 14;

/// Most columns of a sekvens, so that it is a `u32`.
const SEKVENS_COLUMNS: usize = 9;

/// A registration with its place among those of its debitorkonto.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overfoert {
    /// 1, 2, 3 … for each debitorkonto.
    pub sekvens: u32,
    /// The registration.
    pub registrering: Debitorregistrering,
}

/// How many records a registration takes.
pub fn poster(registrering: &Debitorregistrering) -> u32 {
    let parts = match &registrering.operation {
        Operation::OpretDebitorkonto(konto) => {
            let own = konto.haeftelser.len() + konto.adresser.len();
            let fordringer = konto.fordringer.iter().map(|f| 1 + f.delfordringer.len());
            1 + own + konto.materialeabonnementer.len() + fordringer.sum::<usize>()
        }
        _ => 1,
    };
    u32::try_from(parts + 1).unwrap_or(u32::MAX)
}

/// The message, bound to a layout.
pub struct Format {
    codec: Codec,
    start: Start,
    hoved: Hoved,
    debitorkonto: Kontofelter,
    haeftelse: Haeftelsesfelter,
    adresse: Adressefelter,
    materialeabonnement: Abonnementsfelter,
    fordring: Fordringsfelter,
    delfordring: Delfordringsfelter,
    indbetaling: Indbetalingsfelter,
    afslutning: Afslutningsfelter,
    tilstand: Tilstandsfelter,
    /// The records that may stand beside that of a debitorkonto.
    of_konto: [RecordIx; 5],
    slut: RecordIx,
}

#[derive(Clone, Copy, Debug)]
struct Start {
    record: RecordIx,
    kommunekode: FieldIx,
    overfoersel_id: FieldIx,
    dannet_dato: FieldIx,
    dannet_tid: FieldIx,
    miljoe: FieldIx,
    fagsystem: FieldIx,
    myndighed_cvr: FieldIx,
}

#[derive(Clone, Copy, Debug)]
struct Hoved {
    record: RecordIx,
    registrering_id: FieldIx,
    operation: FieldIx,
    debitorkonto_id: FieldIx,
    sekvens: FieldIx,
    registreringsdato: FieldIx,
    registreringstid: FieldIx,
    virkningsdato: FieldIx,
    retter_registrering_id: FieldIx,
}

/// Who, and what they are to the debitorkonto.
#[derive(Clone, Copy, Debug)]
struct Partfelter {
    rolle: FieldIx,
    parttype: FieldIx,
    cpr: FieldIx,
    cvr: FieldIx,
}

/// First and last day.
#[derive(Clone, Copy, Debug)]
struct Dagfelter {
    gyldig_fra: FieldIx,
    gyldig_til: FieldIx,
}

#[derive(Clone, Copy, Debug)]
struct Kontofelter {
    record: RecordIx,
    debitorkontotype: FieldIx,
    betegnelse: FieldIx,
}

#[derive(Clone, Copy, Debug)]
struct Haeftelsesfelter {
    record: RecordIx,
    part: Partfelter,
    dage: Dagfelter,
}

#[derive(Clone, Copy, Debug)]
struct Adressefelter {
    record: RecordIx,
    part: Partfelter,
    dage: Dagfelter,
    vej: FieldIx,
    postnummer: FieldIx,
    by: FieldIx,
    land: FieldIx,
}

#[derive(Clone, Copy, Debug)]
struct Abonnementsfelter {
    record: RecordIx,
    part: Partfelter,
    dage: Dagfelter,
    materialetype: FieldIx,
}

#[derive(Clone, Copy, Debug)]
struct Fordringsfelter {
    record: RecordIx,
    fordring_id: FieldIx,
    kravtype: FieldIx,
    hovedstol: FieldIx,
    periode_fra: FieldIx,
    periode_til: FieldIx,
    forfaldsdato: FieldIx,
    fordringstilstand: FieldIx,
}

#[derive(Clone, Copy, Debug)]
struct Delfordringsfelter {
    record: RecordIx,
    delfordring_id: FieldIx,
    delfordringstype: FieldIx,
    beloeb: FieldIx,
}

#[derive(Clone, Copy, Debug)]
struct Indbetalingsfelter {
    record: RecordIx,
    indbetaling_id: FieldIx,
    fordring_id: FieldIx,
    delfordring_id: FieldIx,
    beloeb: FieldIx,
    indbetalingsdato: FieldIx,
    tilbagefoerer: FieldIx,
}

#[derive(Clone, Copy, Debug)]
struct Afslutningsfelter {
    record: RecordIx,
    part: Partfelter,
    materialetype: FieldIx,
    slutdato: FieldIx,
}

#[derive(Clone, Copy, Debug)]
struct Tilstandsfelter {
    record: RecordIx,
    fordring_id: FieldIx,
    fordringstilstand: FieldIx,
}

/// The codes of a parttype.
const PERSON: &str = "P";
const VIRKSOMHED: &str = "V";

impl Format {
    /// Finds the message's fields in a layout's records: `start`, `hoved`, the parts of a
    /// registration, and `slut`.
    pub fn bind(layout: &Layout) -> Result<Self, BindError> {
        let haeftelse = Haeftelsesfelter::bind(layout)?;
        let adresse = Adressefelter::bind(layout)?;
        let materialeabonnement = Abonnementsfelter::bind(layout)?;
        let fordring = Fordringsfelter::bind(layout)?;
        let delfordring = Delfordringsfelter::bind(layout)?;
        Ok(Self {
            of_konto: [
                haeftelse.record,
                adresse.record,
                materialeabonnement.record,
                fordring.record,
                delfordring.record,
            ],
            start: Start::bind(layout)?,
            hoved: Hoved::bind(layout)?,
            debitorkonto: Kontofelter::bind(layout)?,
            haeftelse,
            adresse,
            materialeabonnement,
            fordring,
            delfordring,
            indbetaling: Indbetalingsfelter::bind(layout)?,
            afslutning: Afslutningsfelter::bind(layout)?,
            tilstand: Tilstandsfelter::bind(layout)?,
            slut: Binding::of(layout, "slut")?.record,
            codec: Codec::new(layout),
        })
    }

    /// Begins to read a transfer.
    pub fn read<R: Read>(&self, input: R, options: Options) -> OverfoerselReader<'_, R> {
        let reader = Reader::new(&self.codec, input, options);
        OverfoerselReader::new(self, reader, OwnFaults::new(options.fault_limit))
    }

    /// What a transfer says that it is about, however faulty it is.
    pub fn about(&self, input: impl Read, options: Options) -> io::Result<Option<About>> {
        let Start { record, kommunekode, .. } = self.start;
        about_kommune(&mut Reader::new(&self.codec, input, options), record, kommunekode)
    }

    /// Begins a transfer: its start record.
    pub fn begin<W: Write>(
        &self,
        overfoersel: &Overfoersel,
        policy: CprPolicy,
        out: W,
    ) -> Result<OverfoerselWriter<'_, W>, WriteError> {
        OverfoerselWriter::begin(self, overfoersel, policy, out)
    }

    /// Most bytes of a file with so many records between start and slut.
    pub fn file_bytes(&self, poster: u64) -> u64 {
        let layout = self.codec.layout();
        let terminator = match layout.terminator {
            Terminator::CrLf | Terminator::Detect => 2,
            Terminator::Lf => 1,
            Terminator::None => 0,
        };
        let padding = layout.padding.map_or(0, |padding| u64::from(padding.block));
        let record = layout.longest_record() as u64 + terminator;
        poster.saturating_add(2 + padding).saturating_mul(record)
    }
}

impl Start {
    fn bind(layout: &Layout) -> Result<Self, BindError> {
        let start = Binding::of(layout, "start")?;
        Ok(Self {
            record: start.record,
            kommunekode: start.required("kommunekode", Holds::Kommunekode)?,
            overfoersel_id: start.required("overfoersel_id", Holds::Uuid)?,
            dannet_dato: start.required("dannet_dato", Holds::Date)?,
            dannet_tid: start.required("dannet_tid", Holds::Time)?,
            miljoe: start.code("miljoe", |code| Miljoe::parse(code).is_some())?,
            fagsystem: start.required("fagsystem", Holds::Text)?,
            myndighed_cvr: start.required("myndighed_cvr", Holds::Cvr)?,
        })
    }
}

impl Hoved {
    fn bind(layout: &Layout) -> Result<Self, BindError> {
        let hoved = Binding::of(layout, "hoved")?;
        Ok(Self {
            record: hoved.record,
            registrering_id: hoved.required("registrering_id", Holds::Uuid)?,
            operation: hoved.code("operation", |code| Operationskode::parse(code).is_some())?,
            debitorkonto_id: hoved.required("debitorkonto_id", Holds::Uuid)?,
            sekvens: hoved.narrow("sekvens", Holds::Integer, SEKVENS_COLUMNS)?,
            registreringsdato: hoved.required("registreringsdato", Holds::Date)?,
            registreringstid: hoved.required("registreringstid", Holds::Time)?,
            virkningsdato: hoved.required("virkningsdato", Holds::Date)?,
            retter_registrering_id: hoved.optional("retter_registrering_id", Holds::Uuid)?,
        })
    }
}

impl Partfelter {
    fn bind(record: &Binding<'_>) -> Result<Self, BindError> {
        let parttype = record.code("parttype", |code| [PERSON, VIRKSOMHED].contains(&code))?;
        Ok(Self {
            rolle: record.code("rolle", |code| Rolle::parse(code).is_some())?,
            parttype,
            cpr: record.when("cpr", Holds::Cpr, parttype, PERSON)?,
            cvr: record.when("cvr", Holds::Cvr, parttype, VIRKSOMHED)?,
        })
    }
}

impl Dagfelter {
    fn bind(record: &Binding<'_>) -> Result<Self, BindError> {
        Ok(Self {
            gyldig_fra: record.required("gyldig_fra", Holds::Date)?,
            gyldig_til: record.optional("gyldig_til", Holds::Date)?,
        })
    }
}

impl Kontofelter {
    fn bind(layout: &Layout) -> Result<Self, BindError> {
        let konto = Binding::of(layout, "debitorkonto")?;
        Ok(Self {
            record: konto.record,
            debitorkontotype: konto.required("debitorkontotype", Holds::Text)?,
            betegnelse: konto.optional("betegnelse", Holds::Text)?,
        })
    }
}

impl Haeftelsesfelter {
    fn bind(layout: &Layout) -> Result<Self, BindError> {
        let haeftelse = Binding::of(layout, "haeftelse")?;
        Ok(Self {
            record: haeftelse.record,
            part: Partfelter::bind(&haeftelse)?,
            dage: Dagfelter::bind(&haeftelse)?,
        })
    }
}

impl Adressefelter {
    fn bind(layout: &Layout) -> Result<Self, BindError> {
        let adresse = Binding::of(layout, "adresse")?;
        Ok(Self {
            record: adresse.record,
            part: Partfelter::bind(&adresse)?,
            dage: Dagfelter::bind(&adresse)?,
            vej: adresse.required("vej", Holds::Text)?,
            postnummer: adresse.required("postnummer", Holds::Digits)?,
            by: adresse.required("by", Holds::Text)?,
            land: adresse.required("land", Holds::Text)?,
        })
    }
}

impl Abonnementsfelter {
    fn bind(layout: &Layout) -> Result<Self, BindError> {
        let abonnement = Binding::of(layout, "materialeabonnement")?;
        Ok(Self {
            record: abonnement.record,
            part: Partfelter::bind(&abonnement)?,
            dage: Dagfelter::bind(&abonnement)?,
            materialetype: abonnement.required("materialetype", Holds::Text)?,
        })
    }
}

impl Fordringsfelter {
    fn bind(layout: &Layout) -> Result<Self, BindError> {
        let fordring = Binding::of(layout, "fordring")?;
        Ok(Self {
            record: fordring.record,
            fordring_id: fordring.required("fordring_id", Holds::Text)?,
            kravtype: fordring.required("kravtype", Holds::Text)?,
            hovedstol: fordring.narrow("hovedstol", Holds::Amount, AMOUNT_COLUMNS)?,
            periode_fra: fordring.required("periode_fra", Holds::Date)?,
            periode_til: fordring.required("periode_til", Holds::Date)?,
            forfaldsdato: fordring.required("forfaldsdato", Holds::Date)?,
            fordringstilstand: tilstandskode(&fordring)?,
        })
    }
}

impl Delfordringsfelter {
    fn bind(layout: &Layout) -> Result<Self, BindError> {
        let delfordring = Binding::of(layout, "delfordring")?;
        Ok(Self {
            record: delfordring.record,
            delfordring_id: delfordring.required("delfordring_id", Holds::Text)?,
            delfordringstype: delfordring.required("delfordringstype", Holds::Text)?,
            beloeb: delfordring.narrow("beloeb", Holds::Amount, AMOUNT_COLUMNS)?,
        })
    }
}

impl Indbetalingsfelter {
    fn bind(layout: &Layout) -> Result<Self, BindError> {
        let indbetaling = Binding::of(layout, "indbetaling")?;
        Ok(Self {
            record: indbetaling.record,
            indbetaling_id: indbetaling.required("indbetaling_id", Holds::Uuid)?,
            fordring_id: indbetaling.required("fordring_id", Holds::Text)?,
            delfordring_id: indbetaling.required("delfordring_id", Holds::Text)?,
            beloeb: indbetaling.narrow("beloeb", Holds::SignedAmount, AMOUNT_COLUMNS)?,
            indbetalingsdato: indbetaling.required("indbetalingsdato", Holds::Date)?,
            tilbagefoerer: indbetaling.optional("tilbagefoerer_indbetaling_id", Holds::Uuid)?,
        })
    }
}

impl Afslutningsfelter {
    fn bind(layout: &Layout) -> Result<Self, BindError> {
        let afslutning = Binding::of(layout, "afslutning")?;
        Ok(Self {
            record: afslutning.record,
            part: Partfelter::bind(&afslutning)?,
            materialetype: afslutning.optional("materialetype", Holds::Text)?,
            slutdato: afslutning.required("slutdato", Holds::Date)?,
        })
    }
}

impl Tilstandsfelter {
    fn bind(layout: &Layout) -> Result<Self, BindError> {
        let tilstand = Binding::of(layout, "tilstand")?;
        Ok(Self {
            record: tilstand.record,
            fordring_id: tilstand.required("fordring_id", Holds::Text)?,
            fordringstilstand: tilstandskode(&tilstand)?,
        })
    }
}

fn tilstandskode(record: &Binding<'_>) -> Result<FieldIx, BindError> {
    record.code("fordringstilstand", |code| Fordringstilstand::parse(code).is_some())
}
