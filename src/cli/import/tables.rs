//! `modregn import sortiment` and `ruter`: tables that are taken whole.

use super::Findings;
use crate::cli::{ConfigFile, Exit, Io};
use crate::config::{Config, FlowName, Route};
use crate::domain::debitor::Rute;
use crate::message::tabeller_csv::{self, Row};
use crate::store::{Registrations, SqliteStore};
use fs_err::File;
use std::collections::BTreeSet;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Sortiment {
    /// CSV in UTF-8 with the columns fagsystem, liste (debitorkontotype, kravtype,
    /// delfordringstype or materialetype), klasse, betegnelse, gyldig_fra and gyldig_til; no last
    /// day = open.
    file: PathBuf,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Ruter {
    /// CSV in UTF-8 with the columns kommunekode, myndighed_cvr, debitorsystem, endpoint,
    /// overfoerselstype (plain, simpel, dynamisk or styret), gyldig_fra and gyldig_til; no last day
    /// = open.
    file: PathBuf,
    #[command(flatten)]
    config: ConfigFile,
}

impl Sortiment {
    pub(super) fn run(&self, io: &mut Io<'_>) -> anyhow::Result<Exit> {
        let config = self.config.load()?;
        let mut findings = Findings::default();
        let rows = tabeller_csv::sortiment(File::open(&self.file)?);
        let classes = findings.good(rows);
        let mut seen = BTreeSet::new();
        for (line, klasse) in &classes {
            let key = (&klasse.fagsystem, klasse.liste, &klasse.klasse, klasse.gyldig_fra);
            if !seen.insert(key) {
                let text = "klasse: stands on an earlier line with the same first day";
                findings.bad_line(*line, [text.to_owned()]);
            }
            if klasse.gyldig_til.is_some_and(|last| last < klasse.gyldig_fra) {
                findings.bad_line(*line, ["gyldig_til: is before gyldig_fra".to_owned()]);
            }
        }
        findings.show(&self.file, io.err)?;
        if !findings.is_empty() {
            return Ok(Exit::Faults);
        }
        let fagsystemer: BTreeSet<_> = classes.iter().map(|(_, k)| k.fagsystem.as_str()).collect();
        let told = format!(
            "{} classes are in force for {}",
            classes.len(),
            fagsystemer.into_iter().collect::<Vec<_>>().join(", ")
        );
        let classes: Vec<_> = classes.into_iter().map(|(_, klasse)| klasse).collect();
        store(&config)?.set_sortiment(&classes)?;
        writeln!(io.out, "{told}")?;
        Ok(Exit::Done)
    }
}

impl Ruter {
    pub(super) fn run(&self, io: &mut Io<'_>) -> anyhow::Result<Exit> {
        let config = self.config.load()?;
        let mut findings = Findings::default();
        let ruter = findings.good(tabeller_csv::ruter(File::open(&self.file)?));
        for (at, (line, rute)) in ruter.iter().enumerate() {
            let mut faults = faults(&config, rute);
            if let Some((other, _)) = ruter[..at].iter().find(|(_, one)| one.overlaps(rute)) {
                faults.push(format!(
                    "gyldig_fra: line {other} holds for the same municipality on the same days"
                ));
            }
            if !faults.is_empty() {
                findings.bad_line(*line, faults);
            }
        }
        findings.show(&self.file, io.err)?;
        if !findings.is_empty() {
            return Ok(Exit::Faults);
        }
        let kommuner: BTreeSet<_> = ruter.iter().map(|(_, rute)| rute.kommunekode).collect();
        let told = format!("{} routes for {} municipalities", ruter.len(), kommuner.len());
        let ruter: Vec<_> = ruter.into_iter().map(|(_, rute)| rute).collect();
        store(&config)?.set_ruter(&ruter)?;
        writeln!(io.out, "{told}")?;
        Ok(Exit::Done)
    }
}

/// What is wrong with a route by itself, and by the configuration.
fn faults(config: &Config, rute: &Rute) -> Vec<String> {
    let mut faults = Vec::new();
    if rute.gyldig_til.is_some_and(|last| last < rute.gyldig_fra) {
        faults.push("gyldig_til: is before gyldig_fra".to_owned());
    }
    let sends = |way: &&Route| {
        way.flow == FlowName::Sf1590Fagsystem && way.outbox.endpoint == rute.endpoint
    };
    match config.routes.iter().find(sends) {
        None => faults.push(format!(
            "endpoint: no [[route]] with flow = \"sf1590-fagsystem\" has an outbox at {:?}",
            rute.endpoint
        )),
        Some(way) if way.overfoerselstype() != rute.overfoerselstype => faults.push(format!(
            "overfoerselstype: the outbox at {:?} sends {}",
            rute.endpoint,
            way.overfoerselstype().word()
        )),
        Some(_) => {}
    }
    faults
}

fn store(config: &Config) -> anyhow::Result<SqliteStore> {
    Ok(SqliteStore::open(&config.store_path(), config.miljoe)?)
}

impl Findings {
    /// The good rows; of the others it is noted what is wrong.
    fn good<T>(&mut self, rows: Result<Vec<Row<T>>, String>) -> Vec<(u64, T)> {
        let mut good = Vec::new();
        match rows {
            Ok(rows) => {
                for Row { line, value } in rows {
                    match value {
                        Ok(value) => good.push((line, value)),
                        Err(fault) => self.bad_line(line, [fault]),
                    }
                }
            }
            Err(fault) => self.file = Some(fault),
        }
        good
    }
}
