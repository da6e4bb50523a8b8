//! `modregn doctor`: whether an installation is fit to work, and what to do where it is not.

use super::{ConfigFile, Exit, Io};
use crate::clock::{Clock, SystemClock, danish};
use crate::config::{Config, FlowName, load_layouts};
use crate::daemon::Engine;
use crate::endpoint::Settings;
use crate::store::sqlite::StoreFacts;
use crate::store::{Moment, SqliteStore, Store};
use crate::transfer::spool::Spool;
use fs_err as fs;
use rustix::process::geteuid;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

/// Look whether everything is fit to work: configuration, permissions, clock, time zone, room on
/// the disk, endpoints and their host keys, layouts, hooks, the store. Says what to do about each
/// thing that is wrong. Changes nothing, and can run beside the daemon, as the same user. Exit code
/// 1 where something is wrong.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// Do not connect to the endpoints.
    #[arg(long)]
    offline: bool,
}

/// What a look at one thing came to.
struct Finding {
    subject: String,
    says: String,
    /// What to do, where something is wrong.
    todo: Option<String>,
}

impl Finding {
    fn good(subject: impl Into<String>, says: impl Into<String>) -> Self {
        Self { subject: subject.into(), says: says.into(), todo: None }
    }

    fn bad(subject: impl Into<String>, says: &dyn Display, todo: impl Into<String>) -> Self {
        Self { subject: subject.into(), says: says.to_string(), todo: Some(todo.into()) }
    }
}

/// Runs the command.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> anyhow::Result<Exit> {
    let mut wrong = 0;
    let mut tell = |finding: Finding, io: &mut Io<'_>| {
        let Finding { subject, says, todo } = finding;
        let word = if todo.is_some() { "wrong" } else { "good" };
        writeln!(io.out, "{word:<6} {subject}: {says}")?;
        if let Some(todo) = todo {
            wrong += 1;
            writeln!(io.out, "       {todo}")?;
        }
        io.out.flush()
    };
    let (finding, config) = configuration(&args.config);
    tell(finding, io)?;
    if let Some(config) = &config {
        let now = SystemClock.now();
        tell(layouts(config), io)?;
        for finding in permissions(&args.config, config) {
            tell(finding, io)?;
        }
        tell(room(config), io)?;
        tell(clock(), io)?;
        tell(time_zone(now), io)?;
        for finding in store(config, now) {
            tell(finding, io)?;
        }
        for finding in hooks(config) {
            tell(finding, io)?;
        }
        if !args.offline {
            for (name, settings) in &config.endpoints {
                tell(endpoint(config, name, settings), io)?;
            }
        }
    }
    match wrong {
        0 => writeln!(io.out, "\nFit to work.")?,
        1 => writeln!(io.out, "\n1 thing is wrong.")?,
        _ => writeln!(io.out, "\n{wrong} things are wrong.")?,
    }
    Ok(if wrong == 0 { Exit::Done } else { Exit::Faults })
}

fn configuration(file: &ConfigFile) -> (Finding, Option<Config>) {
    let (subject, place) = ("configuration", file.path().display());
    let todo = format!("mend {place}; `modregn config example` explains every setting");
    match file.load() {
        Err(error) => (Finding::bad(subject, &error, todo), None),
        Ok(config) => {
            if let Err(error) = Engine::check(&config) {
                return (Finding::bad(subject, &error, todo), Some(config));
            }
            let (miljoe, endpoints, routes) =
                (config.miljoe, config.endpoints.len(), config.routes.len());
            let says = format!("{place}: {miljoe}, {endpoints} endpoints, {routes} routes");
            (Finding::good(subject, says), Some(config))
        }
    }
}

fn layouts(config: &Config) -> Finding {
    match load_layouts(config.formats_dir.as_deref()) {
        Err(error) => Finding::bad("layouts", &error, "mend it: `modregn layout check FILE`"),
        Ok(layouts) => {
            let from = config.formats_dir.as_ref().map_or_else(
                || "all built in".to_owned(),
                |dir| format!("built in, and those of {}", dir.display()),
            );
            Finding::good("layouts", format!("{} ({from})", layouts.iter().count()))
        }
    }
}

/// Nobody else may read the state, or write the configuration.
fn permissions(file: &ConfigFile, config: &Config) -> Vec<Finding> {
    let (state, path) = (&config.state_dir, file.path());
    let mut found = vec![match fs::metadata(path) {
        Ok(meta) if meta.mode() & 0o022 != 0 => Finding::bad(
            "permissions",
            &format!("others may write {}", path.display()),
            format!("chmod go-w {}", path.display()),
        ),
        Ok(_) => {
            Finding::good("permissions", format!("{}: only its owner may write it", path.display()))
        }
        Err(error) => Finding::bad("permissions", &error, "give us the right to read it"),
    }];
    for place in [state.clone(), config.store_path()] {
        let Ok(meta) = fs::metadata(&place) else { continue };
        let (shown, ours) = (place.display().to_string(), geteuid().as_raw());
        let owner = uzers::get_user_by_uid(meta.uid());
        let owner = owner.map_or_else(
            || meta.uid().to_string(),
            |user| user.name().to_string_lossy().into_owned(),
        );
        found.push(if meta.mode() & 0o077 != 0 {
            Finding::bad(
                "permissions",
                &format!("others may read {shown}, which holds personal data"),
                format!("chmod go= {shown}"),
            )
        } else if ours != 0 && meta.uid() != ours {
            Finding::bad(
                "permissions",
                &format!("{shown} is {owner}'s"),
                format!("run this as {owner}: sudo -u {owner} modregn doctor"),
            )
        } else {
            Finding::good("permissions", format!("{shown}: for {owner} alone"))
        });
    }
    found
}

fn room(config: &Config) -> Finding {
    let spool = Spool::new(&config.state_dir);
    let minimum = config.limits.free_bytes;
    // A spool that is not there yet will be made.
    match spool.free_bytes() {
        Err(_) => Finding::good("room", "nothing is written yet"),
        Ok(free) if free < minimum => Finding::bad(
            "room",
            &format!(
                "{} left on the disk of {}: no file is fetched below {}",
                indicatif::HumanBytes(free),
                config.state_dir.display(),
                indicatif::HumanBytes(minimum)
            ),
            "enlarge the disk, or shorten [retention] and run `modregn purge`",
        ),
        Ok(free) => Finding::good("room", format!("{} left", indicatif::HumanBytes(free))),
    }
}

/// Whether the machine's clock is kept right, as systemd knows it.
fn clock() -> Finding {
    let asked =
        Command::new("timedatectl").args(["show", "-p", "NTPSynchronized", "--value"]).output();
    let said = asked.ok().filter(|output| output.status.success());
    match said.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).as_deref() {
        Some("yes") => Finding::good("clock", "kept right by time servers"),
        Some("no") => Finding::bad(
            "clock",
            &"no time server keeps it right",
            "set up systemd-timesyncd or chrony: deadlines go by it",
        ),
        _ => Finding::good("clock", "systemd does not tell here whether time servers keep it"),
    }
}

fn time_zone(now: Moment) -> Finding {
    let link = std::fs::read_link("/etc/localtime").ok();
    let zone = link.as_ref().and_then(|path| path.to_str()?.split_once("zoneinfo/"));
    let machine = zone.map_or("unknown", |(_, zone)| zone);
    let says = format!(
        "it is {} in Denmark; the machine's own zone ({machine}) is only for its journal",
        danish(now)
    );
    Finding::good("time zone", says)
}

fn store(config: &Config, now: Moment) -> Vec<Finding> {
    let path = config.store_path();
    if !path.exists() {
        let says = format!("{} is not there yet; the first run makes it", path.display());
        return vec![Finding::good("store", says)];
    }
    let facts = match SqliteStore::facts(&path) {
        Ok(facts) => facts,
        Err(error) => {
            let todo = "stop modregn and restore a backup (docs/disaster-recovery.md)";
            return vec![Finding::bad("store", &error, todo)];
        }
    };
    let StoreFacts { schema, events, .. } = facts;
    let mut found =
        vec![Finding::good("store", format!("sound; schema {schema}, {events} events"))];
    if let Err(error) = SqliteStore::is_writable(&path) {
        let todo = "see to the permissions and the disk it lies on";
        found.push(Finding::bad("store", &error, todo));
    }
    match SqliteStore::open_read_only(&path, config.miljoe) {
        Ok(store) => found.extend(standing(&store, now)),
        Err(error) => {
            let todo = "the next `modregn run` brings it up to date; make a backup before";
            found.push(Finding::bad("store", &error, todo));
        }
    }
    found
}

/// What waits for an operator.
fn standing(store: &dyn Store, now: Moment) -> Vec<Finding> {
    let mut found = Vec::new();
    let newest = store.transfers(&crate::store::TransferFilter {
        changed_since: Some(now + chrono::TimeDelta::minutes(5)),
        limit: Some(1),
        ..Default::default()
    });
    if newest.is_ok_and(|later| !later.is_empty()) {
        found.push(Finding::bad(
            "clock",
            &"something in the store happened later than now: the clock was set back",
            "set it right; nothing is lost by it, but deadlines are judged by it",
        ));
    }
    for pause in store.pauses().unwrap_or_default() {
        found.push(Finding::bad(
            format!("endpoint {}", pause.endpoint),
            &format!("paused since {}: {}", danish(pause.since), pause.problem.text),
            format!("mend it, then: modregn resume {} --reason …", pause.endpoint),
        ));
    }
    let unsent = store.unsent_alerts().unwrap_or_default();
    let tried = unsent.iter().filter(|alert| alert.attempts > 0).count();
    if tried > 0 {
        found.push(Finding::bad(
            "alerts",
            &format!("{tried} have not reached every hook"),
            "`modregn alerts` lists them; `modregn alerts test --reason …` tries the hooks",
        ));
    }
    found
}

fn hooks(config: &Config) -> Vec<Finding> {
    let hook = |hook: &crate::config::Hook| {
        let program = Path::new(&hook.command[0]);
        let subject = format!("hook {}", hook.name);
        match fs::metadata(program) {
            Ok(meta) if meta.is_file() && meta.mode() & 0o111 != 0 => {
                Finding::good(subject, program.display().to_string())
            }
            Ok(_) => {
                let says = format!("{} is no program", program.display());
                Finding::bad(subject, &says, "name one that can be executed")
            }
            Err(error) => Finding::bad(subject, &error, "install it, or name another"),
        }
    };
    if config.alerts.hooks.is_empty() {
        let says = "there is none: what is wrong stands in the log and in `modregn alerts` only";
        return vec![Finding::good("hooks", says)];
    }
    config.alerts.hooks.iter().map(hook).collect()
}

/// Whether an endpoint lets us in, with the host key that we know, and shows the directories.
fn endpoint(config: &Config, name: &str, settings: &Settings) -> Finding {
    let subject = format!("endpoint {name}");
    let mut directories = BTreeSet::new();
    for route in &config.routes {
        let (inbox, outbox) = (&route.inbox, &route.outbox);
        let mut used = vec![(&inbox.endpoint, &inbox.directory)];
        // What a report's refusals leave by is used only where there are some.
        if route.flow != FlowName::Sf2520 {
            used.push((&outbox.endpoint, &outbox.directory));
        }
        let here = used.into_iter().filter(|(endpoint, _)| *endpoint == name);
        directories.extend(here.map(|(_, directory)| directory.as_str()));
    }
    if directories.is_empty() {
        return Finding::good(subject, "no route uses it: it was not asked");
    }
    let mut endpoint = settings.open(name);
    for directory in &directories {
        if let Err(error) = endpoint.list(directory, 1) {
            let says = format!("{}: {}", error.code, error.what);
            let todo = format!("docs/errors.md, {}, says what to do", error.code);
            return Finding::bad(subject, &says, todo);
        }
    }
    let all: Vec<_> = directories.into_iter().collect();
    Finding::good(subject, format!("shows {}", all.join(", ")))
}
