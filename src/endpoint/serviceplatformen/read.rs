//! Sidecar files, read: from a tree of elements to what they say. Any order of the children is
//! taken, as order says nothing here; anything unknown, doubled or missing is refused.

use super::tree::{self, Element, Space};
use super::types::{
    Acceptance, Authority, BusinessReceipt, ErrorMessage, FileDescriptor, FileMetadata, Label,
    Outcome, RoutingInfo, TechnicalReceipt, Trigger,
};
use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Europe::Copenhagen;
use std::str::FromStr;
use uuid::Uuid;

/// Why a sidecar file cannot be read. Names elements, never what stands in them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SidecarError {
    /// Too many bytes.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// Another encoding.
    #[error("expected UTF-8")]
    NotUtf8,
    /// Cut off, or no XML at all.
    #[error("it is not well-formed XML; perhaps it is cut off")]
    NotXml,
    /// A document type declaration, which could define entities.
    #[error("a document type declaration is not accepted")]
    Doctype,
    /// A reference to an entity that XML itself does not have.
    #[error("a reference to an entity is not accepted")]
    Entity,
    /// Elements within elements within elements.
    #[error("elements stand within each other more than {0} deep")]
    TooDeep(usize),
    /// Too many elements.
    #[error("it has more than {0} elements")]
    TooMany(usize),
    /// Another kind of file.
    #[error("expected the root element {0} in the namespace {ns}", ns = super::NAMESPACE)]
    Root(&'static str),
    /// An element, shown as far as it is letters, that does not belong there.
    #[error("{parent} has {element}, which does not belong there")]
    Unknown {
        /// What it stands in.
        parent: &'static str,
        /// Its name, masked.
        element: String,
    },
    /// A child in a namespace.
    #[error("{element} stands in a namespace; only the root element does")]
    Qualified {
        /// Its name, masked.
        element: String,
    },
    /// Text between elements.
    #[error("{0} has text between its elements")]
    StrayText(&'static str),
    /// An element that must be there is not.
    #[error("{parent} has no {element}")]
    Missing {
        /// What it should stand in.
        parent: &'static str,
        /// Its name.
        element: &'static str,
    },
    /// An element that may stand once stands twice.
    #[error("{parent} has more than one {element}")]
    Twice {
        /// What it stands in.
        parent: &'static str,
        /// Its name.
        element: &'static str,
    },
    /// A value that is none.
    #[error("{element}: expected {expected}")]
    Value {
        /// Its name.
        element: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
}

impl Trigger {
    /// Reads a `.trigger` file of at most `limit` bytes.
    pub fn read(bytes: &[u8], limit: u64) -> Result<Self, SidecarError> {
        let mut root = root(bytes, limit, &["Trigger"])?;
        let file = descriptor(root.one("FileDescriptor")?)?;
        let routing = content(root.one("FileContentDescriptor")?)?;
        root.end()?;
        Ok(Self { file, routing })
    }
}

impl FileMetadata {
    /// Reads a `.metadata` file of at most `limit` bytes, whichever its root.
    pub fn read(bytes: &[u8], limit: u64) -> Result<Self, SidecarError> {
        let mut root = root(bytes, limit, &["FileMetadata", "Trigger"])?;
        let file_transfer_uuid = root.uuid("FileTransferUUID")?;
        let file = descriptor(root.one("FileDescriptor")?)?;
        let routing = content(root.one("FileContentDescriptor")?)?;
        root.end()?;
        Ok(Self { file_transfer_uuid, file, routing })
    }
}

impl TechnicalReceipt {
    /// Reads a `.sftpreceipt` file of at most `limit` bytes.
    pub fn read(bytes: &[u8], limit: u64) -> Result<Self, SidecarError> {
        let mut root = root(bytes, limit, &["TechnicalReceipt"])?;
        let file_transfer_uuid = root.uuid("FileTransferUUID")?;
        let senders_file_id = root.maybe_label("SendersFileId")?;
        let errors = root.all("ErrorMessage").into_iter().map(error_message);
        let errors = errors.collect::<Result<Vec<_>, _>>()?;
        let outcome = match root.maybe("Receipt")? {
            Some(_) if !errors.is_empty() => {
                return Err(root.unknown("Receipt beside ErrorMessage"));
            }
            Some(receipt) => {
                let mut receipt = Fields::of(receipt, "Receipt")?;
                let message = receipt.text("Message")?;
                receipt.end()?;
                Outcome::Message(message)
            }
            None if errors.is_empty() => return Err(root.missing("Receipt")),
            None => Outcome::Errors(errors),
        };
        root.end()?;
        Ok(Self { file_transfer_uuid, senders_file_id, outcome })
    }
}

impl BusinessReceipt {
    /// Reads a business receipt of at most `limit` bytes.
    pub fn read(bytes: &[u8], limit: u64) -> Result<Self, SidecarError> {
        let mut root = root(bytes, limit, &["BusinessReceipt"])?;
        let receipt = Self {
            file_transfer_uuid: root.uuid("FileTransferUUID")?,
            file_name: root.label("Filename")?,
            recipient: root.label("Recipient")?,
            acceptance: root.acceptance("FileAcceptance")?,
            reason: root.maybe("Reason")?.map(|reason| leaf(reason, "Reason")).transpose()?,
        };
        root.end()?;
        Ok(receipt)
    }
}

fn descriptor(element: Element) -> Result<FileDescriptor, SidecarError> {
    let mut fields = Fields::of(element, "FileDescriptor")?;
    let recipients = fields.all("Recipients").into_iter().map(|one| label(one, "Recipients"));
    let file = FileDescriptor {
        recipients: recipients.collect::<Result<_, _>>()?,
        name: fields.label("FileName")?,
        size: fields.parsed("SizeInBytes", "a number of bytes")?,
        sender: fields.label("Sender")?,
        senders_file_id: fields.maybe_label("SendersFileId")?,
    };
    if file.recipients.is_empty() {
        return Err(fields.missing("Recipients"));
    }
    fields.end()?;
    Ok(file)
}

fn content(element: Element) -> Result<Option<RoutingInfo>, SidecarError> {
    let mut fields = Fields::of(element, "FileContentDescriptor")?;
    let routing = fields.maybe("SFTPDynamicRoutingInfo")?;
    fields.end()?;
    routing.map(routing_info).transpose()
}

fn routing_info(element: Element) -> Result<RoutingInfo, SidecarError> {
    let mut fields = Fields::of(element, "SFTPDynamicRoutingInfo")?;
    fields.maybe("RouteParameterList")?;
    let info = RoutingInfo {
        inf_ref: fields.text("InfRef")?,
        sender_it_system: fields.lower_uuid("SenderIt-system")?,
        sender_authority: fields.authority("SenderAuthority")?,
        transaction_id: fields.lower_uuid("TransactionId")?,
        sender_timestamp: fields.moment("SenderTimestamp")?,
        recipient_it_system: match fields.maybe("RecipientIt-system")? {
            Some(element) => Some(lower_uuid(&leaf(element, RECIPIENT)?, RECIPIENT)?),
            None => None,
        },
        recipient_authority: fields.authority("RecipientAuthority")?,
    };
    fields.end()?;
    Ok(info)
}

const RECIPIENT: &str = "RecipientIt-system";

fn error_message(element: Element) -> Result<ErrorMessage, SidecarError> {
    let mut fields = Fields::of(element, "ErrorMessage")?;
    let error = ErrorMessage {
        code: fields.parsed("ErrorCode", "a whole number")?,
        code_description: fields.text("ErrorCodeDescription")?,
        description: fields.text("ErrorDescription")?,
    };
    fields.end()?;
    Ok(error)
}

fn root(bytes: &[u8], limit: u64, names: &[&'static str]) -> Result<Fields, SidecarError> {
    let element = tree::parse(bytes, limit)?;
    let name = names.iter().find(|name| element.space == Space::Ours && **name == element.name);
    let Some(name) = name else { return Err(SidecarError::Root(names[0])) };
    Fields::of(element, name)
}

/// The children of an element, taken out one after the other.
struct Fields {
    parent: &'static str,
    children: Vec<Element>,
}

impl Fields {
    fn of(element: Element, parent: &'static str) -> Result<Self, SidecarError> {
        if !element.text.trim().is_empty() {
            return Err(SidecarError::StrayText(parent));
        }
        match element.children.iter().find(|child| child.space != Space::Unqualified) {
            Some(child) => Err(SidecarError::Qualified { element: masked(&child.name) }),
            None => Ok(Self { parent, children: element.children }),
        }
    }

    fn all(&mut self, name: &str) -> Vec<Element> {
        self.children.extract_if(.., |child| child.name == name).collect()
    }

    fn maybe(&mut self, element: &'static str) -> Result<Option<Element>, SidecarError> {
        let mut all = self.all(element);
        match all.len() {
            0 | 1 => Ok(all.pop()),
            _ => Err(SidecarError::Twice { parent: self.parent, element }),
        }
    }

    fn one(&mut self, name: &'static str) -> Result<Element, SidecarError> {
        self.maybe(name)?.ok_or_else(|| self.missing(name))
    }

    fn text(&mut self, name: &'static str) -> Result<String, SidecarError> {
        leaf(self.one(name)?, name)
    }

    fn label(&mut self, name: &'static str) -> Result<Label, SidecarError> {
        label(self.one(name)?, name)
    }

    /// One that says nothing counts as not there.
    fn maybe_label(&mut self, name: &'static str) -> Result<Option<Label>, SidecarError> {
        match self.maybe(name)? {
            Some(element) if element.text.is_empty() && element.children.is_empty() => Ok(None),
            other => other.map(|element| label(element, name)).transpose(),
        }
    }

    fn parsed<T: FromStr>(
        &mut self,
        element: &'static str,
        expected: &'static str,
    ) -> Result<T, SidecarError> {
        let text = self.text(element)?;
        text.trim().parse().map_err(|_| SidecarError::Value { element, expected })
    }

    /// In upper case too: only the routing's identifiers are said to be in lower case.
    fn uuid(&mut self, element: &'static str) -> Result<Uuid, SidecarError> {
        lower_uuid(&self.text(element)?.to_ascii_lowercase(), element)
    }

    fn lower_uuid(&mut self, element: &'static str) -> Result<Uuid, SidecarError> {
        lower_uuid(&self.text(element)?, element)
    }

    fn authority(&mut self, element: &'static str) -> Result<Authority, SidecarError> {
        let expected = "urn:oio:cvr-nr: and eight digits";
        let text = self.text(element)?;
        Authority::parse(text.trim()).ok_or(SidecarError::Value { element, expected })
    }

    /// A moment without a zone is Danish local time, the first one where it comes twice.
    fn moment(&mut self, element: &'static str) -> Result<DateTime<Utc>, SidecarError> {
        let text = self.text(element)?;
        let zoned = DateTime::parse_from_rfc3339(text.trim()).map(|at| at.to_utc());
        let local = || {
            let at: NaiveDateTime = text.trim().parse().ok()?;
            at.and_local_timezone(Copenhagen).earliest().map(|at| at.to_utc())
        };
        let expected = "a date and time such as 2026-12-30T08:00:00Z";
        zoned.ok().or_else(local).ok_or(SidecarError::Value { element, expected })
    }

    fn acceptance(&mut self, element: &'static str) -> Result<Acceptance, SidecarError> {
        let text = self.text(element)?;
        let expected = "ACCEPTED, REJECTED or COULD_NOT_NOTIFY_RECIPIENT";
        let fits = |one: &Acceptance| one.word() == text.trim();
        let found = Acceptance::ALL.into_iter().find(fits);
        found.ok_or(SidecarError::Value { element, expected })
    }

    const fn missing(&self, element: &'static str) -> SidecarError {
        SidecarError::Missing { parent: self.parent, element }
    }

    fn unknown(&self, element: &str) -> SidecarError {
        SidecarError::Unknown { parent: self.parent, element: element.to_owned() }
    }

    /// That nothing is left.
    fn end(self) -> Result<(), SidecarError> {
        match self.children.first() {
            None => Ok(()),
            Some(child) => Err(self.unknown(&masked(&child.name))),
        }
    }
}

/// The text of an element that holds nothing else.
fn leaf(element: Element, name: &'static str) -> Result<String, SidecarError> {
    match element.children.first() {
        None => Ok(element.text),
        Some(child) => Err(SidecarError::Unknown { parent: name, element: masked(&child.name) }),
    }
}

fn label(element: Element, name: &'static str) -> Result<Label, SidecarError> {
    let expected = "1 to 255 characters, none of them a control character";
    let wrong = |_| SidecarError::Value { element: name, expected };
    Label::parse(&leaf(element, name)?).map_err(wrong)
}

/// With hyphens.
fn lower_uuid(text: &str, element: &'static str) -> Result<Uuid, SidecarError> {
    let text = text.trim();
    let uuid = Uuid::try_parse(text).ok().filter(|uuid| uuid.to_string() == text);
    uuid.ok_or(SidecarError::Value { element, expected: "a UUID with hyphens in lower case" })
}

/// An element's name as far as it is letters: a name from outside may say anything.
fn masked(name: &str) -> String {
    let shown = |c: char| if c.is_ascii_alphabetic() || c == '-' { c } else { '?' };
    name.chars().take(40).map(shown).collect()
}
