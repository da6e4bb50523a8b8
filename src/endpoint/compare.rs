//! Compares a file of ours with bytes that come from elsewhere.

use crate::alive;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

/// A sink that fails at the first byte that is not our file's.
pub(super) struct Comparison {
    ours: BufReader<File>,
    size: u64,
    differs: bool,
}

const BUFFER: usize = 64 * 1024;

impl Comparison {
    pub(super) fn with(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Ok(Self { ours: BufReader::with_capacity(BUFFER, file), size, differs: false })
    }

    /// Bytes of our file.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Whether a byte was other than ours.
    pub(super) fn differs(&self) -> bool {
        self.differs
    }
}

impl Write for Comparison {
    fn write(&mut self, theirs: &[u8]) -> io::Result<usize> {
        alive::beat();
        let mut ours = vec![0; theirs.len()];
        self.ours.read_exact(&mut ours)?;
        self.differs = ours != theirs;
        if self.differs {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "other bytes"));
        }
        Ok(theirs.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
