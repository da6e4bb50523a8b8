//! Registrations in, records out.

use super::{Dagfelter, Format, PERSON, Partfelter, VIRKSOMHED};
use crate::domain::debitor::{
    Adresse, Afslutning, Debitorkonto, Debitorregistrering, Fordring, Haeftelse, Indbetaling,
    Materialeabonnement, Operation, Overfoersel, Part, Rolle, Tilstandsrettelse,
};
use crate::domain::text::Tekst;
use crate::domain::{CprPolicy, Fagsystem, Klasse, Kommunekode};
use crate::layout::model::RecordIx;
use crate::message::{Row, amount, integer, local, optional_text};
use crate::record::{Expected, Text, Value, WriteError, Writer};
use chrono::NaiveDate;
use std::io::Write;

/// A transfer under way.
pub struct OverfoerselWriter<'f, W: Write> {
    format: &'f Format,
    kommunekode: Kommunekode,
    fagsystem: Fagsystem,
    writer: Writer<'f, W>,
}

impl<'f, W: Write> OverfoerselWriter<'f, W> {
    pub(super) fn begin(
        format: &'f Format,
        overfoersel: &Overfoersel,
        policy: CprPolicy,
        out: W,
    ) -> Result<Self, WriteError> {
        let start = &format.start;
        let dannet = local(overfoersel.dannet);
        let mut row = Row::new(&format.codec, start.record);
        row.set(start.kommunekode, Value::Kommunekode(overfoersel.kommunekode));
        row.set(start.overfoersel_id, Value::Uuid(overfoersel.overfoersel_id.0));
        row.set(start.dannet_dato, Value::Date(dannet.date()));
        row.set(start.dannet_tid, Value::Time(dannet.time()));
        row.set(start.miljoe, Value::Code(overfoersel.miljoe.code()));
        row.set(start.fagsystem, text(overfoersel.fagsystem.as_str()));
        row.set(start.myndighed_cvr, Value::Cvr(overfoersel.myndighed_cvr));
        let mut writer = Writer::new(&format.codec, out, policy);
        writer.write(row.record, &row.values)?;
        let (kommunekode, fagsystem) = (overfoersel.kommunekode, overfoersel.fagsystem.clone());
        Ok(Self { format, kommunekode, fagsystem, writer })
    }

    /// Writes one registration, which must be of the transfer's municipality and fagsystem; they
    /// come in the order in which they take effect.
    pub fn registrering(
        &mut self,
        sekvens: u32,
        registrering: &Debitorregistrering,
    ) -> Result<(), WriteError> {
        self.check_head(registrering)?;
        let field = &self.format.hoved;
        let registreret = local(registrering.registreret);
        let mut row = self.row(field.record);
        row.set(field.registrering_id, Value::Uuid(registrering.registrering_id.0));
        row.set(field.operation, Value::Code(registrering.operation.kode().code()));
        row.set(field.debitorkonto_id, Value::Uuid(registrering.debitorkonto_id.0));
        row.set(field.sekvens, integer(sekvens.into()));
        row.set(field.registreringsdato, Value::Date(registreret.date()));
        row.set(field.registreringstid, Value::Time(registreret.time()));
        row.set(field.virkningsdato, Value::Date(registrering.virkningsdato));
        let retter = registrering.retter.map_or(Value::None, |id| Value::Uuid(id.0));
        row.set(field.retter_registrering_id, retter);
        self.put(&row)?;
        self.operation(&registrering.operation)
    }

    /// Ends the file: its end record, whose counts and sums the layout's controls give.
    pub fn finish(mut self) -> Result<(), WriteError> {
        let row = self.row(self.format.slut);
        self.put(&row)?;
        self.writer.finish().map(drop)
    }

    /// A registration belongs to whoever the file's head names, for nothing else in it says so.
    fn check_head(&mut self, registrering: &Debitorregistrering) -> Result<(), WriteError> {
        let start = self.format.codec.layout().record(self.format.start.record);
        let same = |field| Expected::SameAs(format!("{}.{}", start.name, start.field(field).name));
        let (expected, found) = if registrering.kommunekode != self.kommunekode {
            (same(self.format.start.kommunekode), registrering.kommunekode.to_string())
        } else if registrering.fagsystem != self.fagsystem {
            (same(self.format.start.fagsystem), registrering.fagsystem.to_string())
        } else {
            return Ok(());
        };
        Err(self.writer.refuse(self.format.hoved.record, expected, &found))
    }

    fn operation(&mut self, operation: &Operation) -> Result<(), WriteError> {
        match operation {
            Operation::OpretDebitorkonto(konto) => self.konto(konto),
            Operation::RetFordringTilstand(rettelse) => self.tilstand(rettelse),
            Operation::ForetagIndbetaling(indbetaling)
            | Operation::ForetagIndbetalingNedregulering(indbetaling) => {
                self.indbetaling(indbetaling)
            }
            Operation::AfslutGaeldendeAdresseAdministrator(afslutning)
            | Operation::AfslutGaeldendeAdresseJuridiskAnsvarlig(afslutning)
            | Operation::AfslutGaeldendeAdresseJuridiskMedhaefter(afslutning)
            | Operation::AfslutHaeftelse(afslutning)
            | Operation::AfslutLigestillingspartner(afslutning)
            | Operation::AfslutAdministrator(afslutning)
            | Operation::AfslutMaterialeabonnementAdministrator(afslutning)
            | Operation::AfslutMaterialeabonnementJuridiskAnsvarlig(afslutning)
            | Operation::AfslutMaterialeabonnementJuridiskMedhaefter(afslutning) => {
                self.afslutning(afslutning)
            }
        }
    }

    fn konto(&mut self, konto: &Debitorkonto) -> Result<(), WriteError> {
        let field = &self.format.debitorkonto;
        let mut row = self.row(field.record);
        row.set(field.debitorkontotype, text(konto.debitorkontotype.as_str()));
        row.set(field.betegnelse, optional_text(konto.betegnelse.as_ref().map(Tekst::as_str)));
        self.put(&row)?;
        konto.haeftelser.iter().try_for_each(|haeftelse| self.haeftelse(haeftelse))?;
        konto.adresser.iter().try_for_each(|adresse| self.adresse(adresse))?;
        konto.materialeabonnementer.iter().try_for_each(|one| self.materialeabonnement(one))?;
        konto.fordringer.iter().try_for_each(|fordring| self.fordring(fordring))
    }

    fn haeftelse(&mut self, haeftelse: &Haeftelse) -> Result<(), WriteError> {
        let field = &self.format.haeftelse;
        let mut row = self.row(field.record);
        field.part.set(&mut row, haeftelse.rolle, haeftelse.part);
        field.dage.set(&mut row, haeftelse.gyldig_fra, haeftelse.gyldig_til);
        self.put(&row)
    }

    fn adresse(&mut self, adresse: &Adresse) -> Result<(), WriteError> {
        let field = &self.format.adresse;
        let mut row = self.row(field.record);
        field.part.set(&mut row, adresse.rolle, adresse.part);
        field.dage.set(&mut row, adresse.gyldig_fra, adresse.gyldig_til);
        row.set(field.vej, text(adresse.vej.as_str()));
        row.set(field.postnummer, Value::Digits(Text::new(adresse.postnummer.as_str())));
        row.set(field.by, text(adresse.by.as_str()));
        row.set(field.land, text(adresse.land.as_str()));
        self.put(&row)
    }

    fn materialeabonnement(&mut self, abonnement: &Materialeabonnement) -> Result<(), WriteError> {
        let field = &self.format.materialeabonnement;
        let mut row = self.row(field.record);
        field.part.set(&mut row, abonnement.rolle, abonnement.part);
        field.dage.set(&mut row, abonnement.gyldig_fra, abonnement.gyldig_til);
        row.set(field.materialetype, text(abonnement.materialetype.as_str()));
        self.put(&row)
    }

    fn fordring(&mut self, fordring: &Fordring) -> Result<(), WriteError> {
        let field = &self.format.fordring;
        let mut row = self.row(field.record);
        row.set(field.fordring_id, text(fordring.fordring_id.as_str()));
        row.set(field.kravtype, text(fordring.kravtype.as_str()));
        row.set(field.hovedstol, amount(fordring.hovedstol));
        row.set(field.periode_fra, Value::Date(fordring.periode_fra));
        row.set(field.periode_til, Value::Date(fordring.periode_til));
        row.set(field.forfaldsdato, Value::Date(fordring.forfaldsdato));
        row.set(field.fordringstilstand, Value::Code(fordring.fordringstilstand.code()));
        self.put(&row)?;
        let field = &self.format.delfordring;
        fordring.delfordringer.iter().try_for_each(|delfordring| {
            let mut row = self.row(field.record);
            row.set(field.delfordring_id, text(delfordring.delfordring_id.as_str()));
            row.set(field.delfordringstype, text(delfordring.delfordringstype.as_str()));
            row.set(field.beloeb, amount(delfordring.beloeb));
            self.put(&row)
        })
    }

    fn indbetaling(&mut self, indbetaling: &Indbetaling) -> Result<(), WriteError> {
        let field = &self.format.indbetaling;
        let mut row = self.row(field.record);
        row.set(field.indbetaling_id, Value::Uuid(indbetaling.indbetaling_id.0));
        row.set(field.fordring_id, text(indbetaling.fordring_id.as_str()));
        row.set(field.delfordring_id, text(indbetaling.delfordring_id.as_str()));
        row.set(field.beloeb, amount(indbetaling.signed()));
        row.set(field.indbetalingsdato, Value::Date(indbetaling.indbetalingsdato));
        let tilbagefoerer = indbetaling.tilbagefoerer;
        row.set(field.tilbagefoerer, tilbagefoerer.map_or(Value::None, |id| Value::Uuid(id.0)));
        self.put(&row)
    }

    fn afslutning(&mut self, afslutning: &Afslutning) -> Result<(), WriteError> {
        let field = &self.format.afslutning;
        let mut row = self.row(field.record);
        field.part.set(&mut row, afslutning.rolle, afslutning.part);
        let materialetype = afslutning.materialetype.as_ref();
        row.set(field.materialetype, optional_text(materialetype.map(Klasse::as_str)));
        row.set(field.slutdato, Value::Date(afslutning.slutdato));
        self.put(&row)
    }

    fn tilstand(&mut self, rettelse: &Tilstandsrettelse) -> Result<(), WriteError> {
        let field = &self.format.tilstand;
        let mut row = self.row(field.record);
        row.set(field.fordring_id, text(rettelse.fordring_id.as_str()));
        row.set(field.fordringstilstand, Value::Code(rettelse.fordringstilstand.code()));
        self.put(&row)
    }

    fn row<'v>(&self, record: RecordIx) -> Row<'v> {
        Row::new(&self.format.codec, record)
    }

    fn put(&mut self, row: &Row<'_>) -> Result<(), WriteError> {
        self.writer.write(row.record, &row.values)
    }
}

impl Partfelter {
    fn set(self, row: &mut Row<'_>, rolle: Rolle, part: Part) {
        row.set(self.rolle, Value::Code(rolle.code()));
        let (parttype, field, value) = match part {
            Part::Cpr(cpr) => (PERSON, self.cpr, Value::Cpr(cpr)),
            Part::Cvr(cvr) => (VIRKSOMHED, self.cvr, Value::Cvr(cvr)),
        };
        row.set(self.parttype, Value::Code(parttype));
        row.set(field, value);
    }
}

impl Dagfelter {
    fn set(self, row: &mut Row<'_>, fra: NaiveDate, til: Option<NaiveDate>) {
        row.set(self.gyldig_fra, Value::Date(fra));
        row.set(self.gyldig_til, til.map_or(Value::None, Value::Date));
    }
}

fn text(text: &str) -> Value<'_> {
    Value::Text(Text::new(text))
}
