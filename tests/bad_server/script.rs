//! What a server is told to do wrong, and what it has noticed.

use russh_sftp::protocol::{Packet, StatusCode};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ask {
    Open,
    Read,
    Write,
    Sync,
    Close,
    Look,
    Rename,
    Remove,
    OpenDirectory,
    ReadDirectory,
    RealPath,
}

impl Ask {
    pub(crate) const ALL: [Self; 11] = [
        Self::Open,
        Self::Read,
        Self::Write,
        Self::Sync,
        Self::Close,
        Self::Look,
        Self::Rename,
        Self::Remove,
        Self::OpenDirectory,
        Self::ReadDirectory,
        Self::RealPath,
    ];

    pub(crate) fn of(packet: &Packet) -> Option<Self> {
        Some(match packet {
            Packet::Open(_) => Self::Open,
            Packet::Read(_) => Self::Read,
            Packet::Write(_) => Self::Write,
            Packet::Extended(_) => Self::Sync,
            Packet::Close(_) => Self::Close,
            Packet::Stat(_) | Packet::Lstat(_) | Packet::Fstat(_) => Self::Look,
            Packet::Rename(_) => Self::Rename,
            Packet::Remove(_) => Self::Remove,
            Packet::OpenDir(_) => Self::OpenDirectory,
            Packet::ReadDir(_) => Self::ReadDirectory,
            Packet::RealPath(_) => Self::RealPath,
            _ => return None,
        })
    }
}

/// What becomes of a request instead of an honest answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Deed {
    /// Not done; the connection is cut.
    CutBefore,
    /// Done; the connection is cut before the answer.
    CutUnanswered,
    /// Done and answered; then the connection is cut.
    CutAfter,
    /// Not done and never answered; the connection stays.
    Stall,
    /// Done, but never answered; the connection stays.
    StallDone,
    /// Not done; answered with this status.
    Refuse(StatusCode),
    /// Not done, but answered as if.
    Pretend,
    /// Done, and answered with what is no answer of the protocol.
    Babble,
}

impl Deed {
    pub(crate) fn is_done(self) -> bool {
        matches!(self, Self::CutUnanswered | Self::CutAfter | Self::StallDone | Self::Babble)
    }
}

/// A deed for requests of one kind, counted from 1 since the rules were made.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) ask: Ask,
    pub(crate) which: RangeInclusive<usize>,
    pub(crate) deed: Deed,
}

/// For the request of this number.
pub(crate) fn at(number: usize, ask: Ask, deed: Deed) -> Rule {
    Rule { ask, which: number..=number, deed }
}

/// For every request of a kind.
pub(crate) fn always(ask: Ask, deed: Deed) -> Rule {
    Rule { ask, which: 1..=usize::MAX, deed }
}

/// All that is wrong with a server; by default nothing is.
#[expect(clippy::struct_excessive_bools, reason = "any of them may go with any other")]
#[derive(Clone, Debug, Default)]
pub(crate) struct Manners {
    pub(crate) rules: Vec<Rule>,
    /// Nobody is let in.
    pub(crate) no_login: bool,
    /// The other of its two host keys is shown.
    pub(crate) other_host_key: bool,
    /// Reads give at most 16 KiB.
    pub(crate) short_reads: bool,
    /// Writes say they went well, and keep nothing beyond so many bytes.
    pub(crate) keeps_only: Option<u64>,
    /// Renaming replaces what stands under the new name.
    pub(crate) overwrites: bool,
    /// Names that listings begin with although no such file is there.
    pub(crate) invented: Vec<String>,
    /// So many more of them.
    pub(crate) invented_count: usize,
    /// Listings give every name twice.
    pub(crate) doubled: bool,
    /// Listings give names without attributes.
    pub(crate) bare: bool,
}

/// A script under way.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) manners: Manners,
    counts: BTreeMap<Ask, usize>,
}

impl Script {
    pub(crate) fn new(manners: Manners) -> Self {
        Self { manners, counts: BTreeMap::new() }
    }

    /// Counts a request and gives what becomes of it, if that is not what it should.
    pub(crate) fn deed(&mut self, ask: Ask) -> Option<Deed> {
        let count = self.counts.entry(ask).or_default();
        *count += 1;
        let applies = |rule: &&Rule| rule.ask == ask && rule.which.contains(count);
        self.manners.rules.iter().find(applies).map(|rule| rule.deed)
    }

    /// How many requests of a kind there were.
    pub(crate) fn count(&self, ask: Ask) -> usize {
        self.counts.get(&ask).copied().unwrap_or_default()
    }
}
