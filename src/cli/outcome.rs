//! What a pass did, as people read it: problems first, then the sum of it.

use super::table::table;
use crate::daemon::{FileOutcome, Observer, PassReport, Verdict};
use crate::domain::Beloeb;
use crate::flow::Effect;
use comfy_table::Table;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, Write};

/// A progress bar over the files of a pass; shows itself on a terminal, after a second.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(terminal: bool) -> Self {
        let target =
            if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} files  {eta} left") {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Observer for Progress {
    fn planned(&self, files: usize) {
        self.0.inc_length(files as u64);
    }

    fn done(&self, _outcome: &FileOutcome) {
        self.0.inc(1);
    }
}

/// Writes what a pass did.
pub(super) fn summary(out: &mut dyn Write, report: &PassReport) -> io::Result<()> {
    for file in report.files.iter().filter(|file| file.verdict.problem().is_some()) {
        problem(out, file)?;
    }
    for (endpoint, error) in &report.troubles {
        writeln!(out, "endpoint {endpoint}  {}: {}", error.code, error.what)?;
    }
    if let Some(free) = report.low_space {
        let free = free >> 20;
        writeln!(
            out,
            "only {free} MiB are left on the state directory's disk, less than limits.free_bytes: \
             no file was fetched; make room"
        )?;
    }
    if report.incomplete > 0 {
        let n = report.incomplete;
        writeln!(out, "{n} files are still being written; they wait for the next pass")?;
    }
    for inbox in &report.crowded {
        writeln!(
            out,
            "{inbox} has more files than one pass looks at (files_per_pass): the rest waits for \
             the next; move away what is not for us"
        )?;
    }
    let count = |wanted: &str| report.files.iter().filter(|f| f.verdict.word() == wanted).count();
    let counted: Vec<_> = Verdict::WORDS
        .iter()
        .filter_map(|word| match count(word) {
            0 => None,
            n => Some(format!("{n} {word}")),
        })
        .collect();
    if counted.is_empty() {
        return writeln!(out, "Nothing waited.");
    }
    write!(out, "{}", counted.join(", "))?;
    let (mut answered, mut settled) = (Sum::default(), Sum::default());
    let mut answers = AnswerSum::default();
    for effect in report.files.iter().filter_map(|file| file.effect.as_ref()) {
        match effect {
            Effect::Answered(svar) => answered.add(svar.antal_transaktioner, svar.sum_beloeb),
            Effect::Settled(indlaest) => settled.add(indlaest.antal, indlaest.sum),
            Effect::Kvitteret(kvitteret) => answers.add(kvitteret.accepteret, kvitteret.afvist),
            Effect::Bogfoert(bogfoert) => {
                answers.add(bogfoert.antal_accepteret, bogfoert.antal_afvist);
            }
        }
    }
    answered.write(out, "transactions")?;
    settled.write(out, "reported amounts")?;
    answers.write(out)?;
    let has_sums = answered.0.or(settled.0).is_some();
    writeln!(out, "{}", if has_sums { "" } else { "." })
}

/// What kvitteringer said of registrations, all together.
#[derive(Default)]
struct AnswerSum {
    accepted: u64,
    rejected: u64,
}

impl AnswerSum {
    fn add(&mut self, accepted: u32, rejected: u32) {
        self.accepted += u64::from(accepted);
        self.rejected += u64::from(rejected);
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.accepted + self.rejected == 0 {
            return Ok(());
        }
        write!(out, "; {} registrations accepted, {} rejected", self.accepted, self.rejected)
    }
}

/// So many, and their amounts together; none = there was no file of them.
#[derive(Default)]
struct Sum(Option<(u64, Beloeb)>);

impl Sum {
    fn add(&mut self, antal: u32, beloeb: Beloeb) {
        let (all, sum) = self.0.unwrap_or_default();
        self.0 = Some((all + u64::from(antal), sum + beloeb));
    }

    fn write(&self, out: &mut dyn Write, what: &str) -> io::Result<()> {
        self.0.map_or(Ok(()), |(antal, sum)| write!(out, "; {antal} {what}, {sum} kr."))
    }
}

fn problem(out: &mut dyn Write, file: &FileOutcome) -> io::Result<()> {
    let Some(problem) = file.verdict.problem() else { return Ok(()) };
    writeln!(out, "{}  {}", file.verdict.word(), file.place)?;
    writeln!(out, "    {}: {}", problem.code, problem.text)?;
    match file.transfer {
        Some(id) => writeln!(out, "    modregn files show {id}"),
        None => Ok(()),
    }
}

/// One line for each answer: municipality, request, transactions, amount, answer, time.
pub(super) fn answers(report: &PassReport) -> Table {
    let mut table = table(&["kommune", "", "request", ">transactions", ">kr.", "answer", ">ms"]);
    let mut files: Vec<_> = report.files.iter().collect();
    files.sort_by_key(|file| file.effect.as_ref().map(Effect::kommunekode));
    for file in files {
        let (Some(Effect::Answered(svar)), Some(place)) = (&file.effect, &file.owed) else {
            continue;
        };
        let kommune = svar.forespoergsel.kommunekode;
        let done = !matches!(file.verdict, Verdict::Waiting(_) | Verdict::Held(_));
        table.add_row([
            kommune.to_string(),
            kommune.navn().to_owned(),
            file.place.name.clone(),
            svar.antal_transaktioner.to_string(),
            svar.sum_beloeb.to_string(),
            if done { place.name.clone() } else { file.verdict.word().to_owned() },
            format!("{:.1}", file.took.as_secs_f64() * 1000.0),
        ]);
    }
    table
}
