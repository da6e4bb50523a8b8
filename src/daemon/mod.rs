//! What turns files into work: [`Engine`] holds everything that is opened once; [`pass`] does one
//! round over one route; [`run()`] does rounds until it is told to stop; [`alerts`] says what is
//! wrong to whoever must know. `batch`, `demo` and the
//! daemon are this same engine.

pub mod alerts;
mod batch;
mod circuit;
mod deadlines;
mod dry_run;
mod engine;
mod node;
mod pass;
mod plan;
mod pulse;
mod purge;
mod receipts;
mod run;
mod supervisor;
mod tally;
mod timetable;
mod turn;
mod work;

pub use batch::batch;
pub use dry_run::{FilePreview, dry_run};
pub use engine::{Engine, EngineError};
pub use node::bury_the_dead;
pub use pass::{FileOutcome, Intake, Observer, PassReport, Retry, RouteRunner, Verdict};
pub use pulse::{OpenCircuit, Pulse, Worker};
pub use receipts::overdue_receipts;
pub use run::{Reread, run};
pub use tally::Tally;
