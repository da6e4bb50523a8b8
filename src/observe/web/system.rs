//! `/system`: endpoints, schedules, versions, layouts in force.

use super::acting::{Button, SYSTEM, done, resume_button};
use super::files::Row;
use super::guard::Visitor;
use super::layouts::InForce;
use super::page::{Frame, Section, Time, html};
use super::refusal::Refusal;
use super::site::{Look, Site};
use super::words::{ActingWords, FilesWords, SystemWords};
use crate::alive::Doing;
use crate::config::Route;
use crate::daemon::{OpenCircuit, Worker, overdue_receipts};
use crate::endpoint::Settings;
use crate::store::{Alert, Pause, SqliteStore};
use crate::transfer::levers::LONGEST_REASON;
use crate::transfer::spool::Spool;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use std::fs;
use std::path::Path;

/// Alerts shown.
const ALERTS: u32 = 20;
/// Files shown whose receipts are overdue; `modregn status` lists all.
const OVERDUE: usize = 20;
/// Bytes of a MiB.
const MIB: u64 = 1 << 20;

#[derive(Template)]
#[template(path = "system.html")]
struct System {
    frame: Frame,
    words: &'static SystemWords,
    list_words: &'static FilesWords,
    acting: &'static ActingWords,
    done: Option<&'static str>,
    facts: Vec<(&'static str, String)>,
    is_low: bool,
    workers: Vec<Worker>,
    endpoints: Vec<Endpoint>,
    routes: Vec<RouteRow>,
    overdue: Vec<Row>,
    overdue_count: usize,
    alerts: Vec<Alert>,
    layouts: Result<Vec<InForce>, String>,
}

/// An endpoint, and how it does.
struct Endpoint {
    name: String,
    kind: &'static str,
    place: String,
    paused: Option<Pause>,
    open: Option<OpenCircuit>,
    button: Option<Button>,
}

struct RouteRow {
    flow: &'static str,
    inbox: String,
    outbox: String,
    schedule: Option<String>,
    next: Option<Time>,
}

/// The page.
pub(super) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refusal> {
    let shown = site.clone();
    site.look(move |look| html(&system(&shown, look, &visitor)?)).await
}

fn system(site: &Site, look: &Look<'_>, visitor: &Visitor) -> Result<System, Refusal> {
    let (config, store, language) = (look.config, look.store, visitor.language);
    let words = SystemWords::of(language);
    let free = Spool::new(&config.state_dir).free_bytes()?;
    let mut overdue = overdue_receipts(config, store, look.now)?;
    let overdue_count = overdue.len();
    overdue.truncate(OVERDUE);
    Ok(System {
        frame: Frame::new(visitor, look, Section::System),
        words,
        list_words: FilesWords::of(language),
        acting: ActingWords::of(language),
        done: done(site, visitor, SYSTEM),
        facts: facts(site, look, words, free)?,
        is_low: free < config.limits.free_bytes,
        workers: site.pulse().workers(),
        endpoints: endpoints(site, look, visitor)?,
        routes: config.routes.iter().map(|route| RouteRow::of(route, look)).collect(),
        overdue: overdue.into_iter().map(|file| Row::of(file, language)).collect(),
        overdue_count,
        alerts: store.alerts(ALERTS)?,
        layouts: site.layouts(),
    })
}

fn facts(
    site: &Site,
    look: &Look<'_>,
    words: &'static SystemWords,
    free: u64,
) -> Result<Vec<(&'static str, String)>, Refusal> {
    let features = [("age", cfg!(feature = "age")), ("web", cfg!(feature = "web"))];
    let features: Vec<_> = features.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
    let config = look.config;
    let aftaler = look.figures.files.as_ref().map(|counted| counted.figures.aftaler);
    let store = config.store_path();
    let bytes = fs::metadata(&store)?.len();
    let kept = config.limits.free_bytes / MIB;
    Ok(vec![
        (words.version, env!("CARGO_PKG_VERSION").to_owned()),
        (words.features, features.join(", ")),
        (words.miljoe, config.miljoe.to_string()),
        (words.begun, Time(site.pulse().begun_at()).text()),
        (words.aftaler, aftaler.map_or_else(|| words.not_counted.to_owned(), |n| n.to_string())),
        (
            words.store,
            format!(
                "{}, {} MiB, {} {}",
                store.display(),
                bytes / MIB,
                words.schema,
                SqliteStore::schema()
            ),
        ),
        (words.space, format!("{} MiB ({kept} MiB {})", free / MIB, words.kept_free)),
    ])
}

fn endpoints(site: &Site, look: &Look<'_>, visitor: &Visitor) -> Result<Vec<Endpoint>, Refusal> {
    let (mut waiting, mut resting) = (look.store.pauses()?, site.pulse().circuits());
    let mut found = Vec::new();
    for (name, settings) in &look.config.endpoints {
        let paused = waiting.iter().position(|pause| pause.endpoint == *name);
        let open = resting.iter().position(|open| open.trouble.endpoint == *name);
        let (kind, place) = match settings {
            Settings::Local(local) => ("local", shown(&local.path)),
            Settings::Sftp(sftp) => ("sftp", format!("{}@{}:{}", sftp.user, sftp.host, sftp.port)),
        };
        let button = paused.map(|_| resume_button(site, visitor, name)).transpose()?.flatten();
        found.push(Endpoint {
            name: name.clone(),
            kind,
            place,
            paused: paused.map(|at| waiting.swap_remove(at)),
            open: open.map(|at| resting.swap_remove(at)),
            button,
        });
    }
    Ok(found)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

impl RouteRow {
    fn of(route: &Route, look: &Look<'_>) -> Self {
        let Route { flow, inbox, outbox, schedule, .. } = route;
        Self {
            flow: flow.as_str(),
            inbox: format!("{}:{}", inbox.endpoint, inbox.directory),
            outbox: format!("{}:{}", outbox.endpoint, outbox.directory),
            schedule: schedule.as_ref().map(ToString::to_string),
            next: schedule.as_ref().and_then(|it| it.next_after(look.now)).map(Time),
        }
    }
}
