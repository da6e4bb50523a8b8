//! Payloads whose time is over, by the configuration's `[retention]`.

use super::Engine;
use crate::store::Transfer;
use crate::transfer::TransferError;
use crate::transfer::retention::{self, Retention};

impl Engine {
    /// The files that have lost their time, at most 1,000 of each kind.
    pub fn purge_due(&self) -> Result<Vec<Transfer>, TransferError> {
        let desk = self.desk();
        retention::due(&desk, self.retention(), desk.now())
    }

    /// Removes the payloads whose time is over; tells of how many files.
    pub fn purge(&self) -> Result<u64, TransferError> {
        retention::purge(&self.desk(), self.retention())
    }

    fn retention(&self) -> Retention {
        let kept = &self.config().retention;
        Retention { archive_days: kept.archive_days, quarantine_days: kept.quarantine_days }
    }
}
