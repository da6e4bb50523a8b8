//! Serviceplatformen, as far as those who send and receive files notice.

use super::mailbox::{Mailbox, is_fresh, put, read, remove};
use super::memory::{Later, Memory};
use super::misbehave::{Misbehaviour, Rules};
use crate::endpoint::FileName;
use crate::endpoint::serviceplatformen::{
    Acceptance, Authority, BusinessReceipt, DYNAMIC_ROUTING, ErrorMessage, FileDescriptor,
    FileMetadata, Label, MetadataRoot, Outcome, SUCCESS, TechnicalReceipt, Trigger, XML_BYTES,
};
use chrono::{DateTime, TimeDelta, Utc};
use fs_err::{self as fs, File};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use uuid::Uuid;

/// How the platform works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Has a directory with `IN` and `OUT` for each SFTP user.
    pub root: PathBuf,
    /// Where technical receipts go.
    pub receipts: ReceiptPlace,
    /// How the root of a `.metadata` file is called.
    pub metadata_root: MetadataRoot,
    /// The end of a business receipt's name.
    pub business_suffix: String,
    /// Which SFTP user receives what is routed to an authority.
    pub routing: BTreeMap<Authority, String>,
    /// How late a late receipt is.
    pub late: TimeDelta,
    /// What goes wrong.
    pub rules: Rules,
}

/// Where technical receipts go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptPlace {
    /// Into the sender's `IN`.
    In,
    /// Into the directory the sender starts in.
    Root,
}

/// What the platform did with one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// The SFTP user who sent it.
    pub user: String,
    /// Its name.
    pub name: String,
    /// What.
    pub what: What,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It stands in the recipients' `IN`.
    Delivered {
        /// The recipients.
        to: Vec<String>,
        /// What was done wrong on purpose.
        misbehaviour: Option<Misbehaviour>,
    },
    /// It was not delivered, for this reason; the receipt says so.
    Refused(String),
    /// It stays in `OUT` for now, for this reason.
    Waits(String),
    /// A business receipt was passed on.
    PassedOn(String),
    /// A business receipt belongs to nothing that was sent; it was set apart.
    Unmatched,
    /// A receipt that had been held back came.
    Came,
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.user, self.name)?;
        match &self.what {
            What::Delivered { to, misbehaviour: None } => {
                write!(f, "delivered to {}", to.join(", "))
            }
            What::Delivered { to, misbehaviour: Some(wrong) } => {
                write!(f, "delivered to {} ({wrong})", to.join(", "))
            }
            What::Refused(why) => write!(f, "refused: {why}"),
            What::Waits(why) => write!(f, "waits: {why}"),
            What::PassedOn(to) => write!(f, "business receipt passed on to {to}"),
            What::Unmatched => f.write_str("business receipt for nothing that was sent; set apart"),
            What::Came => f.write_str("receipt came"),
        }
    }
}

/// A trigger or receipt that cannot be read may be half written for so long.
const SETTLE: Duration = Duration::from_secs(2);

/// Serviceplatformen over directories.
#[derive(Debug)]
pub struct Platform {
    settings: Settings,
    memory: Memory,
}

impl Platform {
    /// One that works as the settings say; touches nothing.
    pub fn new(settings: Settings) -> Self {
        let memory = Memory::new(&settings.root);
        Self { settings, memory }
    }

    /// Does with every file that is there what is to be done with it now.
    pub fn pass(&self, now: DateTime<Utc>) -> io::Result<Vec<Act>> {
        let Self { settings, memory } = self;
        let users = Mailbox::all(&settings.root)?;
        let round = Round { settings, memory, users: &users, now };
        let mut acts = round.bring_what_is_due()?;
        for user in &users {
            for name in user.sent(".trigger")? {
                acts.push(round.send(user, &name)?);
            }
            for stem in user.sent(&settings.business_suffix)? {
                let name = format!("{stem}{}", settings.business_suffix);
                let what = round.pass_on(&user.outgoing(&name), &name)?;
                acts.push(Act { user: user.user.clone(), name, what });
            }
        }
        Ok(acts)
    }
}

/// One pass under way.
struct Round<'p> {
    settings: &'p Settings,
    memory: &'p Memory,
    users: &'p [Mailbox],
    now: DateTime<Utc>,
}

impl<'p> Round<'p> {
    fn find(&self, name: &str) -> Option<&'p Mailbox> {
        self.users.iter().find(|user| user.user == name)
    }

    fn bring_what_is_due(&self) -> io::Result<Vec<Act>> {
        let mut acts = Vec::new();
        self.memory.due(self.now, |later| {
            let Some(user) = self.find(&later.user) else { return Ok(false) };
            let directory = user.root.join(&later.directory);
            let came = put(&directory, &later.name, |f| f.write_all(later.content.as_bytes()))?;
            if came {
                let (user, name) = (later.user.clone(), later.name.clone());
                acts.push(Act { user, name, what: What::Came });
            }
            Ok(came)
        })?;
        Ok(acts)
    }

    /// Sends the file of one trigger.
    fn send(&self, from: &Mailbox, name: &FileName) -> io::Result<Act> {
        let parcel = Parcel::open(from, name)?;
        let what = match self.judge(&parcel) {
            Judgement::Wait(why) => What::Waits(why.to_owned()),
            Judgement::Refuse(error) => {
                let why = error.description.clone();
                self.receipt(&parcel, Outcome::Errors(vec![error]), self.now)?;
                parcel.discard()?;
                What::Refused(why)
            }
            Judgement::Deliver(trigger, to) => self.deliver(&parcel, &trigger, &to)?,
        };
        Ok(Act { user: from.user.clone(), name: name.to_string(), what })
    }

    fn judge(&self, parcel: &Parcel<'_>) -> Judgement<'p> {
        let trigger = match &parcel.trigger {
            Ok(trigger) => trigger,
            Err(_) if is_fresh(&parcel.trigger_path, SETTLE) => {
                return Judgement::Wait("its trigger cannot be read yet");
            }
            Err(what) => return refuse(1, "the trigger cannot be read", what),
        };
        let file = &trigger.file;
        let size = match fs::symlink_metadata(&parcel.path) {
            Ok(metadata) if metadata.is_file() => metadata.len(),
            _ if is_fresh(&parcel.trigger_path, SETTLE) => {
                return Judgement::Wait("it is not there yet");
            }
            _ => return refuse(2, "there is no such file", "only its trigger is there"),
        };
        if file.name.as_str() != parcel.name {
            return refuse(3, "FileName", "the trigger names another file");
        }
        if file.size != size {
            return refuse(4, "SizeInBytes", &format!("the file has {size} bytes"));
        }
        if file.sender.as_str() != parcel.from.user {
            return refuse(5, "Sender", "the trigger names another sender");
        }
        if self.settings.rules.misbehaviour(parcel.name) == Some(Misbehaviour::Refuse) {
            return refuse(99, "refused", "the simulator was told to refuse this file");
        }
        let mut to = Vec::new();
        for recipient in self.recipients(trigger) {
            match recipient.and_then(|name| self.find(name)) {
                Some(user) => to.push(user),
                None => return refuse(6, "Recipients", "a recipient is not known"),
            }
        }
        let metadata = format!("{}.metadata", parcel.name);
        let taken = |name: &str| to.iter().any(|user| user.inbox().join(name).exists());
        if taken(parcel.name) || taken(&metadata) {
            return Judgement::Wait("the recipient has not fetched one of this name");
        }
        Judgement::Deliver(trigger.clone(), to)
    }

    /// The SFTP users a file is for; `None` for one that no routing leads to.
    fn recipients<'t>(&'t self, trigger: &'t Trigger) -> Vec<Option<&'t str>> {
        let route = |recipient: &'t Label| match &trigger.routing {
            Some(routing) if recipient.as_str() == DYNAMIC_ROUTING => {
                self.settings.routing.get(&routing.recipient_authority).map(String::as_str)
            }
            _ => Some(recipient.as_str()),
        };
        trigger.file.recipients.iter().map(route).collect()
    }

    fn deliver(&self, parcel: &Parcel<'_>, trigger: &Trigger, to: &[&Mailbox]) -> io::Result<What> {
        let misbehaviour = self.settings.rules.misbehaviour(parcel.name);
        self.memory.sent(parcel.transfer, &parcel.from.user)?;
        let metadata = FileMetadata {
            file_transfer_uuid: parcel.transfer,
            file: described(&trigger.file, misbehaviour),
            routing: trigger.routing.clone(),
        };
        let metadata = metadata.write(self.settings.metadata_root);
        for user in to {
            let mut source = File::open(&parcel.path)?;
            put(&user.inbox(), parcel.name, |file| io::copy(&mut source, file).map(drop))?;
            // The metadata says that the file is complete: it comes after it.
            put(&user.inbox(), &format!("{}.metadata", parcel.name), |file| {
                file.write_all(&metadata)
            })?;
        }
        self.acknowledge(parcel, misbehaviour)?;
        parcel.discard()?;
        if let Some(acceptance) = self.settings.rules.verdict(parcel.name) {
            for user in to {
                self.answer_for(user, parcel, acceptance)?;
            }
        }
        let to = to.iter().map(|user| user.user.clone()).collect();
        Ok(What::Delivered { to, misbehaviour })
    }

    /// Writes the technical receipt of a delivered file, as it should or as it was told.
    fn acknowledge(
        &self,
        parcel: &Parcel<'_>,
        misbehaviour: Option<Misbehaviour>,
    ) -> io::Result<()> {
        let (now, success) = (self.now, || Outcome::Message(SUCCESS.to_owned()));
        match misbehaviour {
            Some(Misbehaviour::Lose) => Ok(()),
            Some(Misbehaviour::Late) => self.receipt(parcel, success(), now + self.settings.late),
            Some(Misbehaviour::Twice) => {
                self.receipt(parcel, success(), now)?;
                self.receipt(parcel, success(), now)
            }
            Some(Misbehaviour::Contradict) => {
                self.receipt(parcel, success(), now)?;
                let error = error(98, "withdrawn", "the simulator was told to contradict itself");
                self.receipt(parcel, Outcome::Errors(vec![error]), now)
            }
            Some(Misbehaviour::Stray) => {
                let nobody = Some(Uuid::now_v7().into());
                let receipt = TechnicalReceipt {
                    file_transfer_uuid: Uuid::now_v7(),
                    senders_file_id: nobody,
                    outcome: success(),
                };
                let name = format!("stray-{}", parcel.name);
                self.post(parcel.from, &name, ".sftpreceipt", &receipt.write(), now)
            }
            _ => self.receipt(parcel, success(), now),
        }
    }

    fn receipt(&self, parcel: &Parcel<'_>, outcome: Outcome, due: DateTime<Utc>) -> io::Result<()> {
        let file = parcel.trigger.as_ref().ok().map(|trigger| &trigger.file);
        let receipt = TechnicalReceipt {
            file_transfer_uuid: parcel.transfer,
            senders_file_id: file.and_then(|file| file.senders_file_id.clone()),
            outcome,
        };
        self.post(parcel.from, parcel.name, ".sftpreceipt", &receipt.write(), due)
    }

    /// A business receipt as if the recipient had written it.
    fn answer_for(
        &self,
        recipient: &Mailbox,
        parcel: &Parcel<'_>,
        acceptance: Acceptance,
    ) -> io::Result<()> {
        let label = |text| Label::parse(text).map_err(io::Error::other);
        let reason = (acceptance != Acceptance::Accepted)
            .then(|| "the simulator was told to answer so".to_owned());
        let receipt = BusinessReceipt {
            file_transfer_uuid: parcel.transfer,
            file_name: label(parcel.name)?,
            recipient: label(&recipient.user)?,
            acceptance,
            reason,
        };
        let suffix = &self.settings.business_suffix;
        self.post(parcel.from, parcel.name, suffix, &receipt.write(), self.now)
    }

    /// Gives a user a receipt, for later where it is not due or one of its name still stands there.
    fn post(
        &self,
        user: &Mailbox,
        name: &str,
        suffix: &str,
        receipt: &[u8],
        due: DateTime<Utc>,
    ) -> io::Result<()> {
        let technical = suffix != self.settings.business_suffix;
        let directory = match self.settings.receipts {
            ReceiptPlace::Root if technical => "",
            _ => "IN",
        };
        let later = Later {
            due,
            user: user.user.clone(),
            directory: directory.into(),
            name: format!("{name}{suffix}"),
            content: String::from_utf8_lossy(receipt).into_owned(),
        };
        let put = || put(&user.root.join(directory), &later.name, |file| file.write_all(receipt));
        if due <= self.now && put()? { Ok(()) } else { self.memory.later(&later) }
    }

    fn pass_on(&self, path: &Path, name: &str) -> io::Result<What> {
        let Some(bytes) = read(path, XML_BYTES)? else {
            return Ok(What::Waits("it is gone".to_owned()));
        };
        let receipt = match BusinessReceipt::read(&bytes, XML_BYTES) {
            Ok(receipt) => receipt,
            Err(error) => return Ok(What::Waits(format!("it cannot be read: {error}"))),
        };
        let sender = self.memory.sender(receipt.file_transfer_uuid)?;
        let Some(sender) = sender.and_then(|sender| self.find(&sender)) else {
            self.memory.unmatched(&bytes)?;
            remove(path)?;
            return Ok(What::Unmatched);
        };
        let to = sender.inbox();
        let stands = || read(&to.join(name), XML_BYTES);
        // The same receipt again says nothing new.
        if !put(&to, name, |file| file.write_all(&bytes))? && stands()?.as_ref() != Some(&bytes) {
            return Ok(What::Waits("the sender has not fetched one of this name".to_owned()));
        }
        remove(path)?;
        Ok(What::PassedOn(sender.user.clone()))
    }
}

/// What is to be done with a file.
enum Judgement<'u> {
    Wait(&'static str),
    Refuse(ErrorMessage),
    Deliver(Trigger, Vec<&'u Mailbox>),
}

/// A file that somebody sends.
struct Parcel<'p> {
    from: &'p Mailbox,
    name: &'p str,
    path: PathBuf,
    trigger_path: PathBuf,
    trigger: Result<Trigger, String>,
    transfer: Uuid,
}

impl<'p> Parcel<'p> {
    fn open(from: &'p Mailbox, name: &'p FileName) -> io::Result<Self> {
        let name = name.as_str();
        let trigger_path = from.outgoing(&format!("{name}.trigger"));
        let bytes = read(&trigger_path, XML_BYTES)?.unwrap_or_default();
        let trigger = Trigger::read(&bytes, XML_BYTES).map_err(|error| error.to_string());
        let (path, transfer) = (from.outgoing(name), Uuid::now_v7());
        Ok(Self { from, name, path, trigger_path, trigger, transfer })
    }

    /// Takes it out of `OUT`: the trigger first, as it alone would send whatever comes next.
    fn discard(&self) -> io::Result<()> {
        remove(&self.trigger_path)?;
        remove(&self.path)
    }
}

/// What the metadata says of a file.
fn described(file: &FileDescriptor, misbehaviour: Option<Misbehaviour>) -> FileDescriptor {
    let nobody = || Label::from(Uuid::nil());
    let mut file = file.clone();
    match misbehaviour {
        Some(Misbehaviour::WrongSize) => file.size += 1,
        Some(Misbehaviour::UnknownRecipient) => file.recipients = vec![nobody()],
        Some(Misbehaviour::UnknownSender) => file.sender = nobody(),
        _ => {}
    }
    file
}

fn refuse<'u>(code: i32, meaning: &str, what: &str) -> Judgement<'u> {
    Judgement::Refuse(error(code, meaning, what))
}

/// The platform's own error codes are not public: these are the simulator's.
fn error(code: i32, meaning: &str, what: &str) -> ErrorMessage {
    let (code_description, description) = (meaning.to_owned(), what.to_owned());
    ErrorMessage { code, code_description, description }
}
