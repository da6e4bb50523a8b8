//! `modregn batch --dry-run`: what would be answered and marked.

use super::table::table;
use super::{Exit, Io};
use crate::daemon::{self, Engine};
use crate::domain::{Beloeb, Svar};
use crate::flow::Preview;
use crate::store::{Place, Ready};
use fs_err::{self as fs, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Shows what would become of everything that waits; with `dir`, the answers are written there,
/// each under its request's name.
pub(super) fn run(engine: &Engine, dir: Option<&Path>, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    if let Some(dir) = dir {
        fs::create_dir_all(dir)?;
    }
    let mut sink = |place: &Place| -> io::Result<Box<dyn Write>> {
        match dir {
            // The name is a plain file name: an endpoint lists no other.
            Some(dir) => Ok(Box::new(BufWriter::new(File::create_new(dir.join(&place.name))?))),
            None => Ok(Box::new(io::sink())),
        }
    };
    let previews = daemon::dry_run(engine, &mut sink)?;
    let mut table = table(&["file", "would be", "kommune", ">records", ">kr."]);
    let mut exit = Exit::Done;
    for file in &previews {
        let answer = |svar: &Svar| {
            let kommunekode = svar.forespoergsel.kommunekode;
            (kommunekode, svar.antal_transaktioner, svar.sum_beloeb)
        };
        let (would_be, (kommunekode, antal, sum)) = match &file.preview {
            Preview::Marked(svar) => ("marked, answered".to_owned(), answer(svar)),
            Preview::AnsweredAgain(svar) => ("answered again".to_owned(), answer(svar)),
            Preview::Settled(kommunekode, ready) => {
                (settled(ready), (*kommunekode, ready.antal, ready.sum))
            }
            Preview::Noted(kommunekode, antal) => {
                ("noted".to_owned(), (*kommunekode, *antal, Beloeb::NUL))
            }
            Preview::Entered(kommunekode, antal, antal_brud) => {
                let would_be = match antal_brud {
                    0 => "entered, answered".to_owned(),
                    brud => format!("entered, answered; {brud} of them rejected at once"),
                };
                (would_be, (*kommunekode, *antal, Beloeb::NUL))
            }
            Preview::Recognised(kommunekode) => {
                ("recognised".to_owned(), (*kommunekode, 0, Beloeb::NUL))
            }
            Preview::Refused(problem) => {
                exit = Exit::Faults;
                writeln!(io.out, "refused  {}", file.place)?;
                writeln!(io.out, "    {}: {}", problem.code, problem.text)?;
                continue;
            }
        };
        table.add_row([
            file.place.name.clone(),
            would_be,
            kommunekode.to_string(),
            antal.to_string(),
            sum.to_string(),
        ]);
    }
    writeln!(io.out, "{}", table.trim_fmt())?;
    writeln!(io.out, "Dry run: {} files looked at, nothing was changed.", previews.len())?;
    Ok(exit)
}

fn settled(ready: &Ready) -> String {
    let counts = [(ready.uventede, "unexpected"), (ready.refused, "refused")];
    let counts = counts.iter().filter(|(antal, _)| *antal > 0);
    let counts = counts.map(|(antal, what)| format!(", {antal} {what}"));
    format!("settled{}", counts.collect::<String>())
}
