//! The configuration: one TOML file, read whole and checked whole before anything starts.
//!
//! May use `domain`, `layout` and `endpoint` (whose settings it holds). Secrets are never in it:
//! keys and passphrases are files or systemd credentials.

mod alerts;
mod layouts;
mod name_template;
mod route;
mod schedule;
pub mod web;

pub use alerts::{Address, Alerts, Hook, Stdin};
pub use layouts::{LayoutFileError, add_layout, layout_files, load_layouts};
pub use name_template::{
    FORESPOERGSEL_ID, KVITTERING_ID, NameTemplate, Naming, OVERFOERSEL_ID, TemplateError,
    UDBETALING_ID,
};
pub use route::{Accept, Cutting, FlowName, Inbox, Outbox, Route};
pub use schedule::{Schedule, ScheduleError};
pub use web::Web;

use crate::domain::{CprPolicy, Miljoe, Udbetalingskalender};
use crate::endpoint;
use crate::endpoint::serviceplatformen::XML_BYTES;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An example that `modregn config check` accepts, with every setting explained.
pub const EXAMPLE: &str = include_str!("example.toml");

/// Everything modregn is told.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Production or test: of the store, and of every file it will accept.
    pub miljoe: Miljoe,
    /// Where the store, the spool, the archive and the quarantine lie.
    pub state_dir: PathBuf,
    /// Layouts that replace or join the ones built in, one TOML file each.
    pub formats_dir: Option<PathBuf>,
    /// What is accepted as a person's number.
    #[serde(default)]
    pub cpr: Cpr,
    /// Bounds.
    #[serde(default)]
    pub limits: Limits,
    /// What operators may do.
    #[serde(default)]
    pub operators: Operators,
    /// How long payloads are kept.
    #[serde(default)]
    pub retention: Retention,
    /// When payouts are made; `None` = nothing is expected at any time.
    pub payouts: Option<Udbetalingskalender>,
    /// Whom alerts go to.
    #[serde(default)]
    pub alerts: Alerts,
    /// The status page for browsers; `None` = there is none.
    pub web: Option<Web>,
    /// Places with files, by name.
    #[serde(rename = "endpoint")]
    pub endpoints: BTreeMap<String, endpoint::Settings>,
    /// Which files go where.
    #[serde(rename = "route")]
    pub routes: Vec<Route>,
}

/// How long payloads are kept after their file is done, days.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Requests that were answered.
    pub archive_days: u32,
    /// Files that were rejected, with their reports.
    pub quarantine_days: u32,
    /// Whom the archive is encrypted to, an age recipient (`age1…`); `None` = it is not.
    pub archive_recipient: Option<String>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { archive_days: 365, quarantine_days: 365, archive_recipient: None }
    }
}

/// What operators may do.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operators {
    /// Nobody releases a file that they held or replayed themselves.
    #[serde(default)]
    pub four_eyes: bool,
}

/// What is accepted as a person's number.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cpr {
    /// Accept erstatningspersonnumre (day of birth plus 60).
    #[serde(default)]
    pub erstatningspersonnummer: bool,
}

impl From<Cpr> for CprPolicy {
    fn from(cpr: Cpr) -> Self {
        Self { erstatningspersonnummer: cpr.erstatningspersonnummer }
    }
}

/// Bounds on what one pass takes in.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Largest file fetched, bytes.
    pub file_bytes: u64,
    /// Room that is kept free on the state directory's disk, bytes: with less, no file is fetched,
    /// while what is owed still leaves.
    pub free_bytes: u64,
    /// For how long an answer that cannot be delivered is tried again, hours; then an operator must
    /// act. Trouble that only an operator can mend pauses the endpoint instead, without a limit.
    pub give_up_hours: u32,
    /// Most files looked at in one inbox in one pass; the rest waits for the next.
    pub files_per_pass: usize,
    /// Most records read from one file; one with more is rejected.
    pub records_per_file: u64,
    /// Most faults listed one by one in an error report.
    pub faults_per_file: usize,
    /// Largest metadata or receipt file read, bytes.
    pub xml_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 4 << 30,
            free_bytes: 256 << 20,
            give_up_hours: 48,
            files_per_pass: 10_000,
            records_per_file: 100_000_000,
            faults_per_file: 1_000,
            xml_bytes: XML_BYTES,
        }
    }
}

/// What is wrong with a configuration, and where.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration: {0}")]
    Read(#[from] std::io::Error),
    /// The file is no TOML, or a setting is unknown, missing or of the wrong kind.
    #[error("{file}: at `{setting}`: {what}")]
    Parse {
        /// The file.
        file: String,
        /// The setting, as a dotted path.
        setting: String,
        /// Line, column and what was expected.
        what: String,
    },
    /// Settings that do not agree with each other, all of them.
    #[error("{file}:\n  {}", faults.join("\n  "))]
    Contradiction {
        /// The file.
        file: String,
        /// One line for each.
        faults: Vec<String>,
    },
}

impl Config {
    /// Reads and checks a configuration file. Relative paths in it are relative to the file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = fs_err::read_to_string(path)?;
        let base = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, &path.display().to_string(), base)
    }

    /// Checks a configuration's text; `file` is its name in errors, `base` what relative paths in
    /// it are relative to.
    pub fn parse(text: &str, file: &str, base: &Path) -> Result<Self, ConfigError> {
        let parse = |setting: &str, error: &toml::de::Error| ConfigError::Parse {
            file: file.to_owned(),
            setting: setting.to_owned(),
            what: error.to_string(),
        };
        let document = toml::Deserializer::parse(text).map_err(|error| parse(".", &error))?;
        let mut config: Self = serde_path_to_error::deserialize(document)
            .map_err(|error| parse(&error.path().to_string(), error.inner()))?;
        let faults = config.contradictions();
        if !faults.is_empty() {
            return Err(ConfigError::Contradiction { file: file.to_owned(), faults });
        }
        config.state_dir = base.join(&config.state_dir);
        config.formats_dir = config.formats_dir.map(|dir| base.join(dir));
        for endpoint in config.endpoints.values_mut() {
            endpoint.resolve(base);
        }
        if let Some(web) = &mut config.web {
            web.resolve(base);
        }
        Ok(config)
    }

    /// Where the store lies.
    pub fn store_path(&self) -> PathBuf {
        self.state_dir.join("modregn.db")
    }

    /// Keeps the routes of these flows and forgets the others; no flow = all of them. A flow that
    /// no route is for is given back.
    pub fn keep_flows(&mut self, flows: &[FlowName]) -> Result<(), FlowName> {
        let has_no_route = |flow: &&FlowName| self.routes.iter().all(|route| route.flow != **flow);
        if let Some(flow) = flows.iter().find(has_no_route) {
            return Err(*flow);
        }
        self.routes.retain(|route| flows.is_empty() || flows.contains(&route.flow));
        Ok(())
    }

    /// The outbox that a file of this flow goes to, by where it goes.
    pub fn outbox(&self, flow: &str, endpoint: &str, directory: &str) -> Option<&Outbox> {
        let fits = |route: &&Route| {
            let outbox = &route.outbox;
            let there = (outbox.endpoint.as_str(), outbox.directory.as_str());
            route.flow.as_str() == flow && there == (endpoint, directory)
        };
        self.routes.iter().find(fits).map(|route| &route.outbox)
    }

    fn contradictions(&self) -> Vec<String> {
        let mut faults = self.alerts.contradictions();
        faults.extend(self.web.iter().flat_map(Web::contradictions));
        if self.routes.is_empty() {
            faults.push("no [[route]]: there is nothing to do".to_owned());
        }
        for (at, route) in self.routes.iter().enumerate() {
            let named = [("inbox", &route.inbox.endpoint), ("outbox", &route.outbox.endpoint)];
            for (side, endpoint) in named {
                if !self.endpoints.contains_key(endpoint) {
                    faults.push(format!(
                        "route[{at}].{side}.endpoint: there is no [endpoint.{endpoint}]"
                    ));
                }
            }
            let told = route.contradictions(self.payouts.as_ref());
            faults.extend(told.into_iter().map(|what| format!("route[{at}]{what}")));
            let same_way = |other: &Route| {
                other.flow == FlowName::Sf1590Fagsystem
                    && route.flow == FlowName::Sf1590Fagsystem
                    && other.outbox.endpoint == route.outbox.endpoint
            };
            if self.routes[..at].iter().any(same_way) {
                faults.push(format!(
                    "route[{at}].outbox.endpoint: an earlier sf1590-fagsystem sends there already"
                ));
            }
            let inbox = (&route.inbox.endpoint, &route.inbox.directory);
            if inbox == (&route.outbox.endpoint, &route.outbox.directory) {
                faults.push(format!("route[{at}]: inbox and outbox are the same directory"));
            }
            let taken = self.routes[..at]
                .iter()
                .any(|other| inbox == (&other.inbox.endpoint, &other.inbox.directory));
            if taken {
                faults.push(format!("route[{at}].inbox: an earlier route takes its files already"));
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Rettelse;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, "modregn.toml", Path::new("/etc/modregn"))
    }

    #[test]
    fn the_example_is_good() {
        let config = parse(EXAMPLE).unwrap();
        assert_eq!(config.store_path(), Path::new("/var/lib/modregn/modregn.db"));
    }

    /// A part of the example with the settings in its comments in force.
    fn in_force(part: &str) -> String {
        let line = |line: &str| match line.strip_prefix("# ") {
            Some(setting) if setting.contains(" = ") || setting.starts_with('[') => {
                format!("{setting}\n")
            }
            _ => format!("{line}\n"),
        };
        part.lines().map(line).collect()
    }

    /// The example with what it says of Serviceplatformen in force, and the plain inbox out of it.
    fn with_serviceplatformen() -> String {
        let plain = EXAMPLE.find("[route.inbox.plain]").unwrap();
        let (before, after) = EXAMPLE.split_at(plain);
        let after = &after[after.find("# [route.inbox.serv").unwrap()..];
        let after = &after[..after.find("# When is an answer held").unwrap()];
        before.to_owned() + &in_force(after)
    }

    #[test]
    fn the_example_of_reports_is_good() {
        let (requests, rest) = EXAMPLE.split_at(EXAMPLE.find("# Reports after").unwrap());
        let (reports, _) = rest.split_at(rest.find("# Bulk transfers").unwrap());
        let config = parse(&(requests.to_owned() + &in_force(reports))).unwrap();
        let Route { flow, accept, rettelse, outbox, .. } = &config.routes[1];
        let default = (Accept::default(), Rettelse::default());
        assert_eq!((*flow, (*accept, *rettelse)), (FlowName::Sf2520, default));
        assert_eq!(outbox.directory, "afvist");
    }

    #[test]
    fn the_example_of_bulk_transfers_is_good() {
        let requests = &EXAMPLE[..EXAMPLE.find("# Reports after").unwrap()];
        let transfers = &EXAMPLE[EXAMPLE.find("# Bulk transfers").unwrap()..];
        let text = requests.to_owned() + &in_force(transfers);
        let config = parse(&text).unwrap();
        let route = &config.routes[1];
        let (cutting, default) = (route.cutting(), Cutting::default());
        assert_eq!(route.flow, FlowName::Sf1590Fagsystem);
        assert_eq!(cutting.registreringer, default.registreringer);
        assert_eq!((cutting.bytes, cutting.kvittering), (default.bytes, default.kvittering));
        let table = [
            ("registreringer = 10000", "registreringer = 0", "route[1].overfoersel"),
            ("flow = \"sf1590-fagsystem\"", "flow = \"sf2520\"", "{udbetaling_id} in it"),
            ("_{overfoersel_id}.txt", "{dispositionsdato}{overfoersel_id}", "are of payouts"),
        ];
        for (from, to, says) in table {
            let wrong = text.replacen(from, to, 1);
            assert_ne!(text, wrong, "{from}");
            let error = parse(&wrong).unwrap_err().to_string();
            assert!(error.contains(says), "{says:?} is not in: {error}");
        }
        let twice = in_force(&transfers.replace("\"kvitteringer\"", "\"andre\""));
        let error = parse(&(text + &twice)).unwrap_err().to_string();
        assert!(error.contains("an earlier sf1590-fagsystem sends there already"), "{error}");
    }

    #[test]
    fn the_example_of_serviceplatformen_is_good() {
        let config = parse(&with_serviceplatformen()).unwrap();
        let Route { inbox, outbox, .. } = &config.routes[0];
        assert_eq!(inbox.serviceplatformen.as_ref().unwrap().us.as_str(), "udk");
        let sending = outbox.serviceplatformen.as_ref().unwrap();
        let found = &sending.receipts;
        let default = crate::endpoint::serviceplatformen::Receipts::default();
        assert_eq!(found.directories, default.directories);
        assert_eq!((found.technical, found.business), (default.technical, default.business));
        let limits = (config.limits.xml_bytes, config.limits.files_per_pass);
        assert_eq!(limits, (XML_BYTES, Limits::default().files_per_pass));
    }

    #[test]
    fn says_what_is_wrong_about_serviceplatformen() {
        let table = [
            ("recipients = [\"ky\"]", "", "the way \"simpel\" needs `recipients`"),
            ("way = \"simpel\"", "way = \"dynamisk\"", "the way \"dynamisk\" needs `routing`"),
            ("way = \"simpel\"", "way = \"simple\"", "unknown variant `simple`"),
            ("us = \"udk\"", "us = \"\"", "expected 1 to 255 characters"),
            ("[route.inbox.serviceplatformen]", "[route.inbox.platform]", "unknown field"),
            ("1, at = \"12:00\"", "1, at = \"25:00\"", "route[0].outbox.serviceplatformen"),
        ];
        for (from, to, says) in table {
            let text = with_serviceplatformen();
            let wrong = text.replacen(from, to, 1);
            assert_ne!(text, wrong, "{from}");
            let error = parse(&wrong).unwrap_err().to_string();
            assert!(error.contains(says), "{says:?} is not in: {error}");
        }
    }

    #[test]
    fn relative_paths_are_relative_to_the_file() {
        let text = EXAMPLE.replace("\"/var/lib/modregn\"", "\"state\"");
        assert_eq!(parse(&text).unwrap().state_dir, Path::new("/etc/modregn/state"));
    }

    #[test]
    fn says_where_and_what_is_wrong() {
        let table = [
            ("poll_seconds = 30", "pol_seconds = 30", "route[0].inbox.pol_seconds"),
            ("flow = \"sf2530\"", "flow = \"sf2531\"", "route[0].flow"),
            ("file_bytes = 4294967296", "file_bytes = \"4 GB\"", "line 20"),
            ("miljoe = \"TEST\"", "", "missing field `miljoe`"),
            (
                "endpoint = \"serviceplatformen\"\ndirectory = \"til-udk\"",
                "endpoint = \"ky\"\ndirectory = \"til-udk\"",
                "route[0].inbox.endpoint: there is no [endpoint.ky]",
            ),
            ("directory = \"fra-udk\"", "directory = \"til-udk\"", "inbox and outbox are the same"),
            ("{forespoergsel_id}.txt\"", ".txt\"", "{forespoergsel_id} must be part of the name"),
            ("bankdag = -1", "bankdag = 0", "payouts.bankdag"),
            (
                "flow = \"sf2530\"",
                "flow = \"sf2530\"\nschedule = \"0 6 31 2 *\"",
                "route[0].schedule",
            ),
            ("flow = \"sf2530\"", "flow = \"sf2530\"\nschedule = \"6 h\"", "such as \"*/15"),
            (
                "bankdag = -1",
                "dispositionsdatoer = [\"2026-12-24\"]",
                "2026-12-24 is no banking day",
            ),
        ];
        for (from, to, says) in table {
            let text = EXAMPLE.replace(from, to);
            assert_ne!(text, EXAMPLE, "{from}");
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.contains(says), "{says:?} is not in: {error}");
        }
    }

    #[test]
    fn the_routes_of_some_flows_are_kept() {
        let flows =
            |config: &Config| config.routes.iter().map(|route| route.flow).collect::<Vec<_>>();
        let mut config = parse(EXAMPLE).unwrap();
        let all = flows(&config);
        config.keep_flows(&[]).unwrap();
        assert_eq!(flows(&config), all);
        config.keep_flows(&[FlowName::Sf2530]).unwrap();
        assert_eq!(flows(&config), [FlowName::Sf2530]);
        assert_eq!(config.keep_flows(&[FlowName::Sf2530, FlowName::Sf2520]), Err(FlowName::Sf2520));
        assert_eq!(flows(&config), [FlowName::Sf2530], "nothing is forgotten then");
    }

    #[test]
    fn two_routes_never_take_the_same_files() {
        let route = &EXAMPLE[EXAMPLE.find("[[route]]").unwrap()..];
        let error = parse(&format!("{EXAMPLE}\n{route}")).unwrap_err().to_string();
        assert!(error.contains("route[1].inbox: an earlier route takes its files"), "{error}");
    }
}
