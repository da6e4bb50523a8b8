//! `modregn report debitor`: where the registrations stand.

use crate::cli::table::table;
use crate::cli::{ConfigFile, Exit, Io, look};
use crate::clock::danish;
use crate::domain::{Fagsystem, Kommunekode};
use crate::store::{Moment, Rejections, Standing, Tilstand};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{self, Write};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// In place of it, the rejected ones that wait for a case worker, by municipality and reason.
    #[arg(long)]
    aarsager: bool,
    /// CSV.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// JSON.
    #[arg(long)]
    json: bool,
}

/// The counts of one municipality and fagsystem.
#[derive(Default)]
struct Counts {
    by: BTreeMap<Tilstand, u64>,
    /// When the oldest one was entered that is not answered, or waits for a case worker.
    oldest: Option<Moment>,
}

impl Counts {
    fn of(&self, tilstand: Tilstand) -> u64 {
        self.by.get(&tilstand).copied().unwrap_or_default()
    }

    fn add(&mut self, tilstand: Tilstand, antal: u64, oldest: Moment) {
        *self.by.entry(tilstand).or_default() += antal;
        if is_open(tilstand) {
            self.oldest = Some(self.oldest.map_or(oldest, |known| known.min(oldest)));
        }
    }
}

/// Whether the responsibility is still ours.
const fn is_open(tilstand: Tilstand) -> bool {
    matches!(
        tilstand,
        Tilstand::Modtaget
            | Tilstand::IOverfoersel
            | Tilstand::AfventerKvittering
            | Tilstand::Afvist
    )
}

pub(super) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let store = look(&args.config.load()?)?;
    if args.aarsager {
        let rejections = store.rejections()?;
        reasons(args, &rejections, io.out)?;
        return Ok(Exit::Done);
    }
    let mut figures: BTreeMap<(Kommunekode, Fagsystem), Counts> = BTreeMap::new();
    for Standing { kommunekode, fagsystem, tilstand, antal, oldest } in store.standing()? {
        figures.entry((kommunekode, fagsystem)).or_default().add(tilstand, antal, oldest);
    }
    if args.json {
        let rows = figures.iter().map(|((kommune, fagsystem), counts)| {
            let by: serde_json::Map<_, _> = Tilstand::ALL
                .iter()
                .map(|tilstand| (tilstand.word().to_owned(), counts.of(*tilstand).into()))
                .collect();
            json!({
                "kommunekode": kommune,
                "fagsystem": fagsystem,
                "antal": by,
                "oldest": counts.oldest,
            })
        });
        let rows: Vec<_> = rows.collect();
        serde_json::to_writer_pretty(&mut *io.out, &rows)?;
        writeln!(io.out)?;
    } else if args.csv {
        csv(&figures, io.out)?;
    } else {
        text(&figures, io.out)?;
    }
    Ok(Exit::Done)
}

type Figures = BTreeMap<(Kommunekode, Fagsystem), Counts>;

fn text(figures: &Figures, out: &mut dyn Write) -> io::Result<()> {
    if figures.is_empty() {
        return writeln!(out, "No registration was entered.");
    }
    let mut all = Counts::default();
    let mut heads = vec!["kommune".to_owned(), String::new(), "fagsystem".to_owned()];
    heads.extend(Tilstand::ALL.iter().map(|tilstand| format!(">{tilstand}")));
    heads.push("oldest open".to_owned());
    let mut table = table(&heads.iter().map(String::as_str).collect::<Vec<_>>());
    let mut row = |head: [String; 3], counts: &Counts| {
        let mut cells = head.to_vec();
        cells.extend(Tilstand::ALL.iter().map(|tilstand| counts.of(*tilstand).to_string()));
        cells.push(counts.oldest.map(danish).unwrap_or_default());
        table.add_row(cells);
    };
    for ((kommune, fagsystem), counts) in figures {
        row([kommune.to_string(), kommune.navn().to_owned(), fagsystem.to_string()], counts);
        for (tilstand, antal) in &counts.by {
            *all.by.entry(*tilstand).or_default() += antal;
        }
    }
    all.oldest = figures.values().filter_map(|counts| counts.oldest).min();
    row([String::new(), "i alt".to_owned(), String::new()], &all);
    writeln!(out, "{}", table.trim_fmt())?;
    if all.of(Tilstand::Afvist) > 0 {
        writeln!(out, "\nRejected ones wait for a case worker: modregn debitor list")?;
    }
    Ok(())
}

fn csv(figures: &Figures, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let mut heads = vec!["kommunekode", "fagsystem"];
    heads.extend(Tilstand::ALL.iter().map(|tilstand| tilstand.word()));
    heads.push("oldest");
    csv.write_record(&heads)?;
    for ((kommune, fagsystem), counts) in figures {
        let mut cells = vec![kommune.to_string(), fagsystem.to_string()];
        cells.extend(Tilstand::ALL.iter().map(|tilstand| counts.of(*tilstand).to_string()));
        cells.push(counts.oldest.map(|at| at.to_rfc3339()).unwrap_or_default());
        csv.write_record(&cells)?;
    }
    csv.flush()?;
    Ok(())
}

fn reasons(args: &Args, found: &[Rejections], out: &mut dyn Write) -> anyhow::Result<()> {
    if args.json {
        let rows = found.iter().map(|one| {
            json!({
                "kommunekode": one.kommunekode,
                "aarsag": one.aarsag.code(),
                "betydning": one.aarsag.what(),
                "antal": one.antal,
                "oldest": one.oldest,
            })
        });
        serde_json::to_writer_pretty(&mut *out, &rows.collect::<Vec<_>>())?;
        writeln!(out)?;
        return Ok(());
    }
    if args.csv {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(["kommunekode", "aarsag", "antal", "oldest"])?;
        for one in found {
            csv.write_record([
                one.kommunekode.to_string(),
                one.aarsag.to_string(),
                one.antal.to_string(),
                one.oldest.to_rfc3339(),
            ])?;
        }
        csv.flush()?;
        return Ok(());
    }
    if found.is_empty() {
        writeln!(out, "No rejected registration waits.")?;
        return Ok(());
    }
    let mut table = table(&["kommune", "", "aarsag", "meaning", ">antal", "oldest"]);
    for one in found {
        table.add_row([
            one.kommunekode.to_string(),
            one.kommunekode.navn().to_owned(),
            one.aarsag.to_string(),
            one.aarsag.what().to_owned(),
            one.antal.to_string(),
            danish(one.oldest),
        ]);
    }
    writeln!(out, "{}", table.trim_fmt())?;
    Ok(())
}
