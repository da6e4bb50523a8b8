//! Why a file is not applied, and how that is told and kept.

use super::{Processed, advice};
use crate::crash::{self, Point};
use crate::domain::{About, Miljoe};
use crate::fault::{Class, Code};
use crate::record::{Faults, ReadError};
use crate::store::{Problem, Step, Transfer};
use crate::transfer::advice::Advice;
use crate::transfer::report::Report;
use crate::transfer::state::{Event, State};
use crate::transfer::{Desk, TransferError};

/// Why a file is rejected, or held for an operator.
pub(super) struct Refusal {
    event: Event,
    /// What our operator is told.
    pub(super) problem: Problem,
    /// What its sender is told.
    advice: Advice,
    faults: Option<Faults>,
    about: Option<About>,
}

impl Refusal {
    pub(super) fn reject(code: Code, text: String, advice: Advice) -> Self {
        let problem = Problem { class: Class::Reject, code, text };
        Self { event: Event::Reject, problem, advice, faults: None, about: None }
    }

    pub(super) fn hold(code: Code, text: String, advice: Advice) -> Self {
        let problem = Problem { class: Class::Operator, code, text };
        Self { event: Event::Hold, problem, advice, faults: None, about: None }
    }

    /// The same, of a file of which it is known what it is about.
    pub(super) fn about(self, about: impl Into<About>) -> Self {
        Self { about: Some(about.into()), ..self }
    }

    /// The same, of a file that says of itself what it is about, where that was not known yet.
    pub(super) fn or_about(self, about: Option<About>) -> Self {
        Self { about: self.about.or(about), ..self }
    }

    /// The file cannot be read; `id` is the field that names what it holds.
    pub(super) fn faulty(faults: Faults, id: &str) -> Self {
        let code = faults.as_slice().first().map_or(Code::EmptyFile, |fault| fault.code);
        let what = told(&faults, code);
        let text =
            format!("{what}; ask the sender for a corrected file, under a new name and {id}");
        Self { faults: Some(faults), ..Self::reject(code, text, advice::send_corrected(id)) }
    }

    /// The same, of what reading it came to; trouble of our own disk is none of the file's.
    pub(super) fn unread(error: ReadError, id: &str) -> Result<Self, TransferError> {
        match error {
            ReadError::Faults(faults) => Ok(Self::faulty(faults, id)),
            ReadError::Io(error) => Err(error.into()),
        }
    }

    /// The file is of the other environment.
    pub(super) fn wrong_miljoe(theirs: Miljoe, ours: Miljoe) -> Self {
        let text = format!(
            "the file says {theirs}, this store is {ours}: it came to the wrong place; ask the \
             sender"
        );
        Self::reject(Code::WrongMiljoe, text, advice::send_elsewhere(theirs, ours))
    }

    /// The refusal of a file of whose name another one was accepted before, unless an operator has
    /// released it.
    pub(super) fn of_name(
        desk: &Desk<'_>,
        inbound: &Transfer,
        id: &str,
    ) -> Result<Option<Self>, TransferError> {
        if inbound.released {
            return Ok(None);
        }
        let earlier = desk.store().earlier(inbound)?;
        let other = earlier.filter(|earlier| earlier.payload != inbound.payload);
        Ok(other.map(|earlier| Self::name_conflict(&earlier, id)))
    }

    fn name_conflict(earlier: &Transfer, id: &str) -> Self {
        let text = format!(
            "a file of this name was accepted before with other content (transfer {}); ask the \
             sender which one holds: the earlier one stays in force, `modregn release` takes this \
             one too, `modregn reject` does not",
            earlier.id
        );
        Self::hold(Code::NameConflict, text, advice::say_which_file(id))
    }

    /// Keeps the file in quarantine with its report, and moves it.
    pub(super) fn carry_out(
        &self,
        desk: &Desk<'_>,
        inbound: &Transfer,
    ) -> Result<Processed, TransferError> {
        let verdict = if self.event == Event::Hold { State::Held } else { State::Rejected };
        let Self { problem, advice, faults, .. } = self;
        let report = Report::new(inbound, verdict, problem.code, advice, faults.as_ref());
        desk.spool.set_apart(inbound.id, &report.files())?;
        crash::reached(Point::QuarantineReported);
        let step =
            Step { problem: Some(problem.clone()), about: self.about, ..Step::plain(self.event) };
        let inbound = desk.store().advance(inbound, &step, desk.now())?;
        crash::reached(Point::QuarantineJournalled);
        desk.spool.forget(inbound.id)?;
        Ok(Processed::without_effect(inbound))
    }
}

/// The faults in one line. Wherever it is shown, the first one's code stands before it already.
fn told(faults: &Faults, code: Code) -> String {
    let what = faults.to_string();
    what.strip_prefix(&format!("{code}: ")).unwrap_or(&what).to_owned()
}
