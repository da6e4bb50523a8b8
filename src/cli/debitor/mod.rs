//! `modregn debitor`: registrations that we have sent, for case workers.

mod change;
mod list;
mod show;

use super::files::kommunekode;
use super::levers::Reason;
use super::{ConfigFile, Exit, Io};
use crate::domain::Kommunekode;
use crate::domain::debitor::Afvisningsaarsag;
use crate::store::Tilstand;
use clap::Subcommand;
use std::path::PathBuf;
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub(super) enum Debitor {
    /// Registrations, newest first; without more said, those that wait for a case worker.
    List(List),
    /// One registration: what it does, where it stands, why it was rejected, what to do.
    Show(Show),
    /// Send another registration in the place of a rejected one.
    Correct(Correct),
    /// Give a registration up that has not left, or that was rejected.
    Cancel(Cancel),
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    config: ConfigFile,
    /// Only these: modtaget, i-overfoersel, afventer-kvittering, accepteret, afvist, rettet,
    /// annulleret.
    #[arg(long, value_name = "TILSTAND", value_delimiter = ',', default_value = "afvist",
          value_parser = tilstand)]
    tilstand: Vec<Tilstand>,
    /// Only this municipality.
    #[arg(long, value_name = "KOMMUNEKODE", value_parser = kommunekode)]
    kommune: Option<Kommunekode>,
    /// Only those rejected for this reason, such as 1007.
    #[arg(long, value_name = "CODE", value_parser = aarsag)]
    aarsag: Option<Afvisningsaarsag>,
    /// Only those of this debitorkonto.
    #[arg(long, value_name = "ID")]
    konto: Option<Uuid>,
    /// In place of them, the answers of the last 35 days that contradict earlier ones, or are about
    /// what was not sent.
    #[arg(long)]
    afvigelser: bool,
    /// At most so many.
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// CSV.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// JSON, one object on each line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    #[command(flatten)]
    config: ConfigFile,
    /// The registrering_id.
    id: Uuid,
    /// JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Correct {
    #[command(flatten)]
    config: ConfigFile,
    #[command(flatten)]
    reason: Reason,
    /// The rejected registration.
    id: Uuid,
    /// A file with the one registration that takes its place, as for `import
    /// debitorregistreringer`, under an id of its own.
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct Cancel {
    #[command(flatten)]
    config: ConfigFile,
    #[command(flatten)]
    reason: Reason,
    /// The registrations.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<Uuid>,
}

pub(super) fn run(debitor: &Debitor, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    match debitor {
        Debitor::List(args) => list::run(args, io),
        Debitor::Show(args) => show::run(args, io),
        Debitor::Correct(args) => change::correct(args, io),
        Debitor::Cancel(args) => change::cancel(args, io),
    }
}

fn tilstand(word: &str) -> Result<Tilstand, String> {
    Tilstand::from_word(word).ok_or_else(|| {
        let words: Vec<_> = Tilstand::ALL.iter().map(|tilstand| tilstand.word()).collect();
        format!("expected one of {}", words.join(", "))
    })
}

fn aarsag(code: &str) -> Result<Afvisningsaarsag, String> {
    Afvisningsaarsag::parse(code).ok_or_else(|| {
        let codes: Vec<_> = Afvisningsaarsag::ALL.iter().map(|aarsag| aarsag.code()).collect();
        format!("expected one of {}", codes.join(", "))
    })
}
