//! Taking turns: where a later file may correct an earlier one, only one process (and of it one
//! route) works on a flow at a time, or the correction could come first. As with a process's place
//! among the others, the operating system ends its turn with it.

use super::Engine;
use crate::alive;
use crate::config::FlowName;
use crate::store::{Transfer, TransferFilter};
use crate::transfer::TransferError;
use crate::transfer::state::{Direction, State};
use fs_err::File;
use std::fs::{DirBuilder, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::thread;
use std::time::Duration;

/// Where the locks lie, below the state directory; one for each flow, never removed.
const DIRECTORY: &str = "turns";
/// Between two looks whether it is our turn.
const PAUSE: Duration = Duration::from_millis(20);

/// A turn. Nobody keeps a claim on a file that is not processed yet beyond it.
pub(super) struct Turn<'e> {
    engine: &'e Engine,
    flow: FlowName,
    // Let go of when it is dropped.
    _file: File,
}

impl<'e> Turn<'e> {
    /// Waits until nobody else works on this flow; `None` = we are stopping.
    pub(super) fn wait_for(
        engine: &'e Engine,
        flow: FlowName,
    ) -> Result<Option<Self>, TransferError> {
        let directory = engine.config().state_dir.join(DIRECTORY);
        DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
        let file = File::create(directory.join(flow.as_str()))?;
        while !engine.is_stopping() {
            match file.file().try_lock() {
                Ok(()) if is_free(engine, flow)? => {
                    return Ok(Some(Self { engine, flow, _file: file }));
                }
                Ok(()) => file.file().unlock()?,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
            alive::idle(|| thread::sleep(PAUSE));
        }
        Ok(None)
    }

    /// Leaves what was not finished to whoever comes next, and ends.
    pub(super) fn end(self) -> Result<(), TransferError> {
        let desk = self.engine.desk();
        for transfer in waiting(self.engine, self.flow)? {
            desk.store().let_go(transfer.id, desk.node)?;
        }
        Ok(())
    }
}

/// Whether nobody else has a file of this flow. Who has one outside a turn of its own has ended;
/// that is seen an instant later than the end of its turn.
fn is_free(engine: &Engine, flow: FlowName) -> Result<bool, TransferError> {
    engine.take_over()?;
    let ours = engine.desk().node;
    Ok(waiting(engine, flow)?.iter().all(|file| file.node.is_none_or(|node| node == ours)))
}

/// The files of a flow that somebody began with and that are not processed.
fn waiting(engine: &Engine, flow: FlowName) -> Result<Vec<Transfer>, TransferError> {
    Ok(engine.desk().store().transfers(&TransferFilter {
        direction: Some(Direction::Inbound),
        states: vec![State::Seen, State::Fetched],
        flow: Some(flow.as_str().to_owned()),
        ..TransferFilter::default()
    })?)
}
