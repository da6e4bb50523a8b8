//! What the simulator remembers from one pass, and one run, to the next: who sent what, and which
//! receipts are still to come. It lies in `.simulate` beside the users' directories.

use super::mailbox::{put, read, remove};
use chrono::{DateTime, Utc};
use fs_err as fs;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The directory, made when something is first remembered.
#[derive(Debug)]
pub(super) struct Memory(PathBuf);

/// A receipt that comes later.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Later {
    pub(super) due: DateTime<Utc>,
    /// Whom it is for.
    pub(super) user: String,
    /// Its directory, relative to the user's root.
    pub(super) directory: PathBuf,
    pub(super) name: String,
    pub(super) content: String,
}

/// Larger than any receipt it wrote.
const LIMIT: u64 = 8 << 20;

impl Memory {
    pub(super) fn new(root: &Path) -> Self {
        Self(root.join(".simulate"))
    }

    /// Remembers who sent a file.
    pub(super) fn sent(&self, transfer: Uuid, sender: &str) -> io::Result<()> {
        self.put("sent", &transfer.to_string(), sender.as_bytes())
    }

    /// Who sent a file, where one went by this name.
    pub(super) fn sender(&self, transfer: Uuid) -> io::Result<Option<String>> {
        let bytes = read(&self.0.join("sent").join(transfer.to_string()), LIMIT)?;
        Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// Remembers a receipt that comes later.
    pub(super) fn later(&self, later: &Later) -> io::Result<()> {
        let json = serde_json::to_vec_pretty(later)?;
        self.put("later", &format!("{}.json", Uuid::now_v7()), &json)
    }

    /// Sets a business receipt apart that belongs to nothing.
    pub(super) fn unmatched(&self, receipt: &[u8]) -> io::Result<()> {
        self.put("unmatched", &format!("{}.xml", Uuid::now_v7()), receipt)
    }

    /// Gives every receipt that is due to `deliver`, oldest first, and forgets those it took.
    pub(super) fn due(
        &self,
        now: DateTime<Utc>,
        mut deliver: impl FnMut(&Later) -> io::Result<bool>,
    ) -> io::Result<()> {
        let Ok(entries) = fs::read_dir(self.0.join("later")) else { return Ok(()) };
        let paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        let mut paths: Vec<_> =
            paths.into_iter().filter(|path| path.extension() == Some("json".as_ref())).collect();
        paths.sort();
        for path in paths {
            let Some(bytes) = read(&path, LIMIT)? else { continue };
            let later: Later = serde_json::from_slice(&bytes)?;
            if later.due <= now && deliver(&later)? {
                remove(&path)?;
            }
        }
        Ok(())
    }

    fn put(&self, directory: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
        let directory = self.0.join(directory);
        fs::create_dir_all(&directory)?;
        put(&directory, name, |file| file.write_all(bytes)).map(drop)
    }
}
