//! The convention *plain*: which files of a directory are for us, when one is complete, and what
//! becomes of it when we have it. There are no sidecar files but a done-file at most.
//!
//! Decides by listings and moments that are passed in; reads no clock.

use super::trouble::Trouble;
use super::{Endpoint, EndpointError, Entry, FileName, Listing};
use crate::crash::{self, Point};
use crate::fault::Code;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::{Duration, Instant};
use wildmatch::WildMatch;

/// The convention of one inbox, as the configuration has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plain {
    /// Names that are for us: `*` = any characters, `?` = any one. Case counts.
    pub pattern: String,
    /// Names that end so are still being written.
    #[serde(default = "temporary_suffixes")]
    pub ignore_suffixes: Vec<Suffix>,
    /// When a file is complete.
    #[serde(default)]
    pub complete: Complete,
    /// What becomes of a file that is durable here.
    pub processed: Processed,
}

/// When a file is complete.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Complete {
    /// As soon as it is there: its sender renames it into place. `complete = "rename"`
    Rename,
    /// When size and time have not changed for so many seconds.
    /// `complete = { stable_seconds = 5 }`
    StableSeconds(NonZeroU32),
    /// When a file of its name and this suffix is there, which goes away together with it.
    /// `complete = { done_suffix = ".done" }`
    DoneSuffix(Suffix),
}

/// What becomes of a file that is durable here.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Processed {
    /// It is removed. `processed = "delete"`
    Delete,
    /// It is moved to this directory of the same endpoint. `processed = { move_to = "done" }`
    MoveTo(String),
}

/// The end of a name: not empty, no `/`, no control character.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Suffix(FileName);

impl TryFrom<String> for Suffix {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let name = FileName::parse(&text);
        name.map(Self).map_err(|_| "expected the end of a file name, such as \".done\"")
    }
}

impl Suffix {
    /// One that stands in the code.
    pub(super) fn known(text: &'static str) -> Self {
        Self(FileName::parse(text).expect("a plain file name"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    fn ends(&self, name: &FileName) -> bool {
        name.as_str().ends_with(self.0.as_str())
    }
}

impl Default for Complete {
    fn default() -> Self {
        Self::StableSeconds(NonZeroU32::new(5).expect("not zero"))
    }
}

/// What common clients call a file they are still writing.
pub(super) fn temporary_suffixes() -> Vec<Suffix> {
    let all = [".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", "~"];
    all.into_iter().map(Suffix::known).collect()
}

impl Plain {
    /// Whether a file of this name is for us.
    pub fn wants(&self, name: &FileName) -> bool {
        WildMatch::new(&self.pattern).matches(name.as_str())
            && !self.ignore_suffixes.iter().any(|suffix| suffix.ends(name))
            && !matches!(&self.complete, Complete::DoneSuffix(suffix) if suffix.ends(name))
    }

    /// Clears away a file whose bytes are durable here. One that is gone already is no error; one
    /// that is no longer the file that was fetched stays and is [`Code::FileChanged`].
    ///
    /// Where files are moved it is kept as `kept_as`: say so that it is unique, as nothing is ever
    /// overwritten.
    pub fn clear(
        &self,
        endpoint: &mut dyn Endpoint,
        directory: &str,
        fetched: &Entry,
        kept_as: &FileName,
    ) -> Result<(), EndpointError> {
        let name = &fetched.name;
        match endpoint.stat(directory, name)? {
            Some(there) if there != *fetched => {
                let path = Path::new(directory).join(name.as_str());
                return Err(Trouble::changed(&path, fetched.size).at(endpoint.name()));
            }
            Some(_) => {}
            None => return Ok(()),
        }
        if let Some(done) = self.done_file(name) {
            // First: alone it would declare complete whatever is sent under this name next.
            endpoint.remove(directory, &done)?;
            crash::reached(Point::SourceDoneRemoved);
        }
        match &self.processed {
            Processed::Delete => endpoint.remove(directory, name),
            Processed::MoveTo(to) => match endpoint.move_to(directory, name, to, kept_as) {
                Err(error) if error.code == Code::FileGone => Ok(()),
                result => result,
            },
        }
    }

    fn wait(&self, entry: &Entry, unchanged_for: Duration, listing: &Listing) -> Wait {
        match &self.complete {
            Complete::Rename => Wait::No,
            Complete::StableSeconds(seconds) => {
                let wanted = Duration::from_secs(seconds.get().into());
                match wanted.checked_sub(unchanged_for) {
                    None | Some(Duration::ZERO) => Wait::No,
                    Some(rest) => Wait::For(rest),
                }
            }
            Complete::DoneSuffix(_) => match self.done_file(&entry.name) {
                Some(done) if listing.entries.iter().any(|entry| entry.name == done) => Wait::No,
                _ => Wait::ForAnotherFile,
            },
        }
    }

    /// The done-file of a file; none where the convention has none, or the name would be too long.
    pub fn done_file(&self, name: &FileName) -> Option<FileName> {
        match &self.complete {
            Complete::DoneSuffix(suffix) => FileName::parse(&format!("{name}{}", suffix.0)).ok(),
            Complete::Rename | Complete::StableSeconds(_) => None,
        }
    }
}

/// What successive looks at one inbox have shown.
#[derive(Clone, Debug)]
pub struct Inbox {
    convention: Plain,
    sights: BTreeMap<FileName, Sight>,
}

/// A file as it has been for some time.
#[derive(Clone, Debug)]
struct Sight {
    entry: Entry,
    since: Instant,
}

/// What one look tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The complete files, by name.
    pub ready: Vec<Entry>,
    /// How many more are for us but not complete.
    pub waiting: usize,
    /// After how long one of those may be complete though nothing happens; `None` = something must
    /// happen first.
    pub again_after: Option<Duration>,
}

impl Inbox {
    /// An inbox nobody has looked into.
    pub fn new(convention: Plain) -> Self {
        Self { convention, sights: BTreeMap::new() }
    }

    /// Its convention.
    pub fn convention(&self) -> &Plain {
        &self.convention
    }

    /// Whether the last listing had this file, and it is for us.
    pub fn has_seen(&self, name: &str) -> bool {
        self.sights.keys().any(|seen| seen.as_str() == name)
    }

    /// What a listing made at `now` tells after the earlier ones.
    pub fn look(&mut self, listing: &Listing, now: Instant) -> Look {
        let mut look = Look::default();
        let mut earlier = std::mem::take(&mut self.sights);
        for entry in listing.entries.iter().filter(|entry| self.convention.wants(&entry.name)) {
            let unchanged = earlier.remove(&entry.name).filter(|sight| sight.entry == *entry);
            let sight = unchanged.unwrap_or_else(|| Sight { entry: entry.clone(), since: now });
            let unchanged_for = now.saturating_duration_since(sight.since);
            match self.convention.wait(entry, unchanged_for, listing) {
                Wait::No => look.ready.push(entry.clone()),
                Wait::For(time) => {
                    look.waiting += 1;
                    look.again_after = Some(look.again_after.map_or(time, |least| least.min(time)));
                }
                Wait::ForAnotherFile => look.waiting += 1,
            }
            self.sights.insert(entry.name.clone(), sight);
        }
        look
    }
}

/// How long until a file is complete.
enum Wait {
    No,
    For(Duration),
    ForAnotherFile,
}
