//! What the sidecar files say, as types. Each is right by construction: what can be read can be
//! written, and the other way round.

use crate::domain::Cvr;
use chrono::{DateTime, Utc};
use std::fmt;
use uuid::Uuid;

/// A name in a sidecar file (of a file, a sender, a recipient): 1 to 255 characters, none of them a
/// control character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Label(String);

/// A text that is no [`Label`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 255 characters, none of them a control character")]
pub struct NotALabel;

/// Most characters a [`Label`] has, as the schema says.
const LABEL: usize = 255;

impl Label {
    /// Checks and takes a text.
    pub fn parse(text: &str) -> Result<Self, NotALabel> {
        // The two last code points of the plane are characters to Rust, but not to XML.
        let foreign = |c: char| c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}');
        let fits = !text.is_empty() && text.chars().count() <= LABEL;
        if fits && !text.chars().any(foreign) { Ok(Self(text.to_owned())) } else { Err(NotALabel) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Label {
    type Error = NotALabel;

    fn try_from(text: String) -> Result<Self, NotALabel> {
        Self::parse(&text)
    }
}

impl From<Uuid> for Label {
    fn from(id: Uuid) -> Self {
        Self(id.to_string())
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// An authority or company, by the eight digits of its CVR number; their check is not made here,
/// as the platform's test environment may know invented ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Authority(u32);

const URN: &str = "urn:oio:cvr-nr:";
const CVR_DIGITS: usize = 8;

impl Authority {
    /// Parses `urn:oio:cvr-nr:` and eight digits.
    pub fn parse(urn: &str) -> Option<Self> {
        let digits = urn.strip_prefix(URN)?;
        let plain = digits.len() == CVR_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
        if plain { digits.parse().ok().map(Self) } else { None }
    }
}

impl From<Cvr> for Authority {
    fn from(cvr: Cvr) -> Self {
        Self(cvr.number())
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{URN}{:0CVR_DIGITS$}", self.0)
    }
}

/// A file that is to be sent: `<name>.trigger`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The file.
    pub file: FileDescriptor,
    /// How it is routed, where `Recipients` does not say it; an empty `FileContentDescriptor`
    /// otherwise.
    pub routing: Option<RoutingInfo>,
}

/// A file that has come: `<name>.metadata`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileMetadata {
    /// The platform's own name of this file's way through it.
    pub file_transfer_uuid: Uuid,
    /// The file.
    pub file: FileDescriptor,
    /// How it was routed.
    pub routing: Option<RoutingInfo>,
}

/// What the root of a [`FileMetadata`] file is called. The schema has `FileMetadata`; files with
/// `Trigger` have been seen, and one public client reads no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataRoot {
    /// As the schema has it.
    FileMetadata,
    /// As it has been seen.
    Trigger,
}

/// A file, as sender and platform describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDescriptor {
    /// Its name.
    pub name: Label,
    /// Bytes.
    pub size: u64,
    /// Who sends it, by SFTP user name.
    pub sender: Label,
    /// The sender's own name of it.
    pub senders_file_id: Option<Label>,
    /// Whom it is for, by SFTP user name; at least one.
    pub recipients: Vec<Label>,
}

/// `SFTPDynamicRoutingInfo`: lets the platform find the recipient. Its `RouteParameterList` is
/// read past and not kept: it speaks to the platform alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutingInfo {
    /// Which integration the file belongs to.
    pub inf_ref: String,
    /// The system that sends.
    pub sender_it_system: Uuid,
    /// The authority it sends for.
    pub sender_authority: Authority,
    /// Names this sending.
    pub transaction_id: Uuid,
    /// When it was sent.
    pub sender_timestamp: DateTime<Utc>,
    /// The system that receives, where the sender knows it.
    pub recipient_it_system: Option<Uuid>,
    /// The authority the file is for.
    pub recipient_authority: Authority,
}

/// What the platform did with a file: `<name>.sftpreceipt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TechnicalReceipt {
    /// The platform's own name of the file's way through it.
    pub file_transfer_uuid: Uuid,
    /// What the sender's trigger called the file.
    pub senders_file_id: Option<Label>,
    /// Delivered or not.
    pub outcome: Outcome,
}

/// Whether the platform delivered a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did, if the message is [`SUCCESS`](super::SUCCESS).
    Message(String),
    /// It did not, for these reasons; at least one.
    Errors(Vec<ErrorMessage>),
}

/// One reason why a file was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorMessage {
    /// The platform's number for it; no list of them is public.
    pub code: i32,
    /// What the number means.
    pub code_description: String,
    /// What was wrong with this file.
    pub description: String,
}

/// What a recipient did with a file: `<name>.businessreceipt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusinessReceipt {
    /// The platform's own name of the file's way through it.
    pub file_transfer_uuid: Uuid,
    /// The file's name.
    pub file_name: Label,
    /// Who received it, by SFTP user name.
    pub recipient: Label,
    /// Accepted or not.
    pub acceptance: Acceptance,
    /// Why not.
    pub reason: Option<String>,
}

/// A recipient's verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// It takes the file.
    Accepted,
    /// It does not.
    Rejected,
    /// The platform could not tell the recipient of the file.
    CouldNotNotifyRecipient,
}

impl Acceptance {
    /// Every one there is.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Rejected, Self::CouldNotNotifyRecipient];

    /// As it stands in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "ACCEPTED",
            Self::Rejected => "REJECTED",
            Self::CouldNotNotifyRecipient => "COULD_NOT_NOTIFY_RECIPIENT",
        }
    }
}
