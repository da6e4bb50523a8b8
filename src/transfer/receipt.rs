//! Receipts: what others say became of a file of ours, and what we say of theirs. A receipt is a
//! file like any other; what it moves is committed with its own step. May use `endpoint`, `store`
//! and the spool.

use super::advice::Advice;
use super::report::Report;
use super::spool::write_durably;
use super::state::{Event, State};
use super::{Desk, TransferError};
use crate::endpoint::serviceplatformen::{
    Acceptance, BusinessReceipt, Label, Outcome, Receipts, SUCCESS, Sending, SidecarError,
    TechnicalReceipt, Way,
};
use crate::fault::{Class, Code, Shape};
use crate::store::{Clue, Moment, Payload, Problem, Step, Transfer, Understood, Verdict};
use chrono::SecondsFormat;
use std::io;
use std::path::Path;
use uuid::Uuid;

/// What became of a receipt.
#[derive(Debug)]
pub enum Taken {
    /// It moved a file of ours on.
    Moved(Box<Moved>),
    /// It was rejected or held, for a reason that it has.
    Apart(Box<Transfer>),
    /// The file it is about is on its way still: it is looked at again.
    TooEarly(Problem),
}

/// A receipt that moved a file of ours on.
#[derive(Debug)]
pub struct Moved {
    /// The receipt, accepted.
    pub receipt: Transfer,
    /// The file as it was.
    pub about: Transfer,
    /// What is wrong with the file by the receipt, or with the receipt's time.
    pub problem: Option<Problem>,
}

/// A receipt that was read.
struct Read {
    file_transfer_uuid: Uuid,
    senders_file_id: Option<String>,
    name: String,
    verdict: Verdict,
    reason: Option<String>,
}

/// What follows from a receipt.
enum Consequence {
    Move(Event, Option<Problem>),
    Apart(Event, Problem),
    Wait,
}

/// Takes in a receipt that lies in the spool. Doing it again after a crash is fine.
pub fn take(
    desk: &Desk<'_>,
    receipt: &Transfer,
    receipts: &Receipts,
    xml_bytes: u64,
) -> Result<Taken, TransferError> {
    let bytes = fs_err::read(desk.spool.incoming(receipt.id))?;
    let read = match read(&bytes, &receipt.place.name, receipts, xml_bytes) {
        Ok(read) => read,
        Err(what) => return apart(desk, receipt, None, (Event::Hold, unreadable(&what))),
    };
    let clue = Clue {
        endpoint: &receipt.place.endpoint,
        senders_file_id: read.senders_file_id.as_deref(),
        file_transfer_uuid: read.file_transfer_uuid,
        name: &read.name,
    };
    let about = desk.store().meant(&clue)?;
    let Some(about) = about.filter(|about| about.kommunekode.is_some()) else {
        return apart(desk, receipt, None, (Event::Hold, unmatched()));
    };
    match consequence(&about, &read, receipts, desk.now()) {
        Consequence::Wait => Ok(Taken::TooEarly(too_early(&about))),
        Consequence::Apart(event, problem) => {
            apart(desk, receipt, Some((&about, &read)), (event, problem))
        }
        Consequence::Move(event, problem) => {
            let step = Step { problem: problem.clone(), ..Step::plain(event) };
            let own = Step { about: about.about(), ..Step::plain(Event::Accept) };
            let understood = understood(receipt, (&about, &read), &own, Some(&step));
            let receipt = desk.store().understand(&understood, desk.now())?;
            Ok(Taken::Moved(Box::new(Moved { receipt, about, problem })))
        }
    }
}

fn understood<'a>(
    receipt: &'a Transfer,
    (about, read): (&'a Transfer, &'a Read),
    step: &'a Step,
    moves: Option<&'a Step>,
) -> Understood<'a> {
    Understood {
        receipt,
        about,
        file_transfer_uuid: read.file_transfer_uuid,
        verdict: read.verdict,
        reason: read.reason.as_deref(),
        step,
        moves,
    }
}

/// Keeps a receipt in quarantine, with its reason.
fn apart(
    desk: &Desk<'_>,
    receipt: &Transfer,
    about: Option<(&Transfer, &Read)>,
    (event, problem): (Event, Problem),
) -> Result<Taken, TransferError> {
    let verdict = if event == Event::Hold { State::Held } else { State::Rejected };
    let advice = Advice::of_receipt(&problem);
    let report = Report::new(receipt, verdict, problem.code, &advice, None);
    desk.spool.set_apart(receipt.id, &report.files())?;
    let step = Step {
        about: about.and_then(|(about, _)| about.about()),
        problem: Some(problem),
        ..Step::plain(event)
    };
    let kept = match about {
        Some(known) => {
            desk.store().understand(&understood(receipt, known, &step, None), desk.now())?
        }
        None => desk.store().advance(receipt, &step, desk.now())?,
    };
    desk.spool.forget(receipt.id)?;
    Ok(Taken::Apart(Box::new(kept)))
}

fn consequence(about: &Transfer, read: &Read, receipts: &Receipts, now: Moment) -> Consequence {
    use State as S;
    use Verdict as V;
    let refusing = matches!(read.verdict, V::NotDelivered | V::Rejected | V::CouldNotNotify);
    match (about.state, read.verdict) {
        (S::Queued | S::Rendered | S::Published | S::Failed, _) => Consequence::Wait,
        (S::Triggered, _) | (S::Received, V::Accepted | V::Rejected | V::CouldNotNotify) => {
            let event = match read.verdict {
                V::Delivered => Event::Receive,
                V::Accepted => Event::Acknowledge,
                V::NotDelivered | V::Rejected | V::CouldNotNotify => Event::Refuse,
            };
            let problem = if refusing { Some(refused(read)) } else { late(about, receipts, now) };
            Consequence::Move(event, problem)
        }
        (S::Received | S::Acknowledged, V::Delivered) | (S::Acknowledged, V::Accepted) => {
            duplicate(about)
        }
        (S::Refused, _) if refusing => duplicate(about),
        _ => Consequence::Apart(Event::Hold, contradicts(about, read)),
    }
}

/// The states in which a file of an outbox waits for a receipt.
pub fn awaited(sending: &Sending) -> &'static [State] {
    match sending.way {
        _ if sending.receipts.directories.is_empty() => &[],
        Way::Styret => &[State::Triggered, State::Received],
        Way::Simpel | Way::Dynamisk => &[State::Triggered],
    }
}

/// That the receipt a file waits for has not come by its time, if so.
pub fn overdue(about: &Transfer, receipts: &Receipts, now: Moment) -> Option<Problem> {
    let due = due(about, receipts).filter(|due| now > *due)?;
    let whose = if about.state == State::Triggered { "the platform's" } else { "the recipient's" };
    let text =
        format!("{whose} receipt was due at {}: ask whether the file has arrived", told(due));
    Some(Problem { class: Class::Operator, code: Code::ReceiptOverdue, text })
}

fn due(about: &Transfer, receipts: &Receipts) -> Option<Moment> {
    let deadline = match about.state {
        State::Triggered => receipts.technical,
        State::Received => receipts.business,
        _ => return None,
    };
    Some(deadline.after(about.changed_at))
}

fn told(at: Moment) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn late(about: &Transfer, receipts: &Receipts, now: Moment) -> Option<Problem> {
    let due = due(about, receipts).filter(|due| now > *due)?;
    let text = format!("the receipt was due at {}; it counts all the same", told(due));
    Some(Problem { class: Class::Retry, code: Code::ReceiptLate, text })
}

fn refused(read: &Read) -> Problem {
    let (code, who) = match read.verdict {
        Verdict::NotDelivered => (Code::DeliveryRefused, "the platform did not deliver it"),
        Verdict::CouldNotNotify => {
            (Code::RecipientRefused, "the platform could not tell the recipient of it")
        }
        _ => (Code::RecipientRefused, "the recipient does not accept it"),
    };
    let why = read.reason.as_deref().unwrap_or("no reason is given");
    Problem { class: Class::Operator, code, text: format!("{who}: {why}") }
}

fn duplicate(about: &Transfer) -> Consequence {
    let text = format!("transfer {} has had this receipt before; nothing changes", about.id);
    let problem = Problem { class: Class::Reject, code: Code::ReceiptDuplicate, text };
    Consequence::Apart(Event::Reject, problem)
}

fn contradicts(about: &Transfer, read: &Read) -> Problem {
    let text = format!(
        "it says {} of transfer {}, which is {}; nothing changes: ask what holds",
        read.verdict.word(),
        about.id,
        about.state
    );
    Problem { class: Class::Operator, code: Code::ReceiptContradicts, text }
}

fn unmatched() -> Problem {
    let text = "it speaks of no file that was sent from here".to_owned();
    Problem { class: Class::Operator, code: Code::ReceiptUnmatched, text }
}

fn unreadable(what: &str) -> Problem {
    let text = format!("{what}; it is kept, and nothing follows from it");
    Problem { class: Class::Operator, code: Code::ReceiptUnreadable, text }
}

fn too_early(about: &Transfer) -> Problem {
    let text = format!("transfer {} is {} still; looked at again", about.id, about.state);
    Problem { class: Class::Retry, code: Code::StillProcessing, text }
}

/// Which kind it is shows in its root element; which file it is about, in its name too.
fn read(bytes: &[u8], name: &str, receipts: &Receipts, limit: u64) -> Result<Read, String> {
    match TechnicalReceipt::read(bytes, limit) {
        Ok(receipt) => technical(receipt, name, receipts),
        Err(SidecarError::Root(_)) => match BusinessReceipt::read(bytes, limit) {
            Ok(receipt) => Ok(business(&receipt)),
            Err(SidecarError::Root(_)) => {
                Err("expected the root element TechnicalReceipt or BusinessReceipt".to_owned())
            }
            Err(error) => Err(error.to_string()),
        },
        Err(error) => Err(error.to_string()),
    }
}

fn technical(receipt: TechnicalReceipt, name: &str, receipts: &Receipts) -> Result<Read, String> {
    let (verdict, reason) = match receipt.outcome {
        Outcome::Message(message) if message.trim() == SUCCESS => (Verdict::Delivered, None),
        Outcome::Message(_) => return Err(format!("Message: expected {SUCCESS}")),
        Outcome::Errors(errors) => {
            let each = errors.iter().map(|error| {
                format!(
                    "{} {} ({})",
                    error.code,
                    masked(&error.description),
                    masked(&error.code_description)
                )
            });
            (Verdict::NotDelivered, Some(each.collect::<Vec<_>>().join("; ")))
        }
    };
    let name = name.strip_suffix(receipts.technical_suffix.as_str()).unwrap_or(name).to_owned();
    Ok(Read {
        file_transfer_uuid: receipt.file_transfer_uuid,
        senders_file_id: receipt.senders_file_id.map(|id| id.to_string()),
        name,
        verdict,
        reason,
    })
}

fn business(receipt: &BusinessReceipt) -> Read {
    let verdict = match receipt.acceptance {
        Acceptance::Accepted => Verdict::Accepted,
        Acceptance::Rejected => Verdict::Rejected,
        Acceptance::CouldNotNotifyRecipient => Verdict::CouldNotNotify,
    };
    Read {
        file_transfer_uuid: receipt.file_transfer_uuid,
        senders_file_id: None,
        name: receipt.file_name.to_string(),
        verdict,
        reason: receipt.reason.as_deref().map(masked),
    }
}

/// Most characters of somebody else's words that are shown.
const SHOWN: usize = 200;

/// Somebody else's words, one line of them. They may name a person: every digit is masked in a run
/// of four or more, as no error code and no year with its day has.
fn masked(text: &str) -> String {
    let mut shown = String::new();
    let mut run = String::new();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for c in line.chars().take(SHOWN).chain(['\0']) {
        if c.is_ascii_digit() {
            run.push(c);
            continue;
        }
        let long = run.len() > 3;
        shown += &if long { Shape::of(run.as_bytes()).to_string() } else { run.clone() };
        run.clear();
        if c != '\0' {
            shown.push(c);
        }
    }
    shown
}

/// Writes our own business receipt, from committed rows only: the same bytes every time.
pub fn render(desk: &Desk<'_>, outbound: &Transfer, path: &Path) -> Result<Payload, TransferError> {
    let missing = || io::Error::other("the store does not know what this receipt is about");
    let store = desk.store();
    let receipt = store.receipt(outbound.id)?.ok_or_else(missing)?;
    let about = store.transfer(receipt.about)?.ok_or_else(missing)?;
    let delivery = store.delivery(receipt.about)?.ok_or_else(missing)?;
    drop(store);
    let label = |text: &str| Label::parse(text).map_err(io::Error::other);
    let written = BusinessReceipt {
        file_transfer_uuid: receipt.file_transfer_uuid,
        file_name: label(&about.place.name)?,
        recipient: label(&delivery.recipient)?,
        acceptance: match receipt.verdict {
            Verdict::Delivered | Verdict::Accepted => Acceptance::Accepted,
            Verdict::NotDelivered | Verdict::Rejected => Acceptance::Rejected,
            Verdict::CouldNotNotify => Acceptance::CouldNotNotifyRecipient,
        },
        reason: receipt.reason,
    };
    let bytes = written.write();
    write_durably(path, |out| Ok(out.write_all(&bytes)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_peoples_words_show_no_number_of_a_person() {
        let said = "cpr 0101901234\nor 010190-1234: code 17";
        assert_eq!(masked(said), "cpr 9999999999 or 999999-9999: code 17");
        assert_eq!(masked(&"1".repeat(300)).len(), 60 + '…'.len_utf8());
        assert_eq!(masked(""), "");
    }
}
