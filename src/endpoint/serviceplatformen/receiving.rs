//! What comes to us through Serviceplatformen: when a file is complete, and whether its metadata
//! lets it be processed.

use super::super::plain::{Complete, Plain, Processed, Suffix, temporary_suffixes};
use super::{DYNAMIC_ROUTING, FileMetadata, Label};
use crate::fault::Code;
use serde::Deserialize;

/// The convention of one inbox, as the configuration has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiving {
    /// Names that are for this route: `*` = any characters, `?` = any one. Case counts.
    #[serde(default = "any_name")]
    pub pattern: String,
    /// Our SFTP user name: one of the recipients of every file that is for us.
    pub us: Label,
    /// The SFTP users whose files are processed.
    pub senders: Vec<Label>,
    /// Whether a file that the platform routed here by its authority is for us, though its
    /// recipient is the constant `ROUTING_V1_0_0`.
    #[serde(default = "yes")]
    pub routed: bool,
    /// Whether the sender gets a business receipt for what is accepted or rejected: the managed
    /// (*styret*) transfer.
    #[serde(default)]
    pub business_receipts: bool,
    /// The end of a metadata file's name.
    #[serde(default = "metadata_suffix")]
    pub metadata_suffix: Suffix,
    /// The end of a business receipt's name.
    #[serde(default = "business_suffix")]
    pub business_suffix: Suffix,
    /// What becomes of a file that is durable here; its metadata file is removed.
    pub processed: Processed,
}

fn any_name() -> String {
    "*".to_owned()
}

const fn yes() -> bool {
    true
}

fn metadata_suffix() -> Suffix {
    Suffix::known(".metadata")
}

/// Not in the contract: seen nowhere either.
pub(super) fn business_suffix() -> Suffix {
    Suffix::known(".businessreceipt")
}

pub(super) fn technical_suffix() -> Suffix {
    Suffix::known(".sftpreceipt")
}

impl Receiving {
    /// When a file is complete, and how it is cleared away: a metadata file is a done-file.
    pub fn as_plain(&self) -> Plain {
        let mut ignore_suffixes = temporary_suffixes();
        ignore_suffixes.extend([technical_suffix(), self.business_suffix.clone()]);
        Plain {
            pattern: self.pattern.clone(),
            ignore_suffixes,
            complete: Complete::DoneSuffix(self.metadata_suffix.clone()),
            processed: self.processed.clone(),
        }
    }

    /// Whether a file of this name and size may be processed by its metadata; otherwise the code of
    /// what is wrong, and what it is.
    pub fn check(&self, name: &str, size: u64, said: &FileMetadata) -> Result<(), (Code, String)> {
        let file = &said.file;
        if file.name.as_str() != name {
            let what = "its metadata speaks of another file name".to_owned();
            return Err((Code::MetadataMismatch, what));
        }
        if file.size != size {
            let what = format!("it has {size} bytes, by its metadata {}", file.size);
            return Err((Code::MetadataMismatch, what));
        }
        let routed = |recipient: &Label| self.routed && recipient.as_str() == DYNAMIC_ROUTING;
        if !file.recipients.iter().any(|recipient| *recipient == self.us || routed(recipient)) {
            let what = format!("{} is not among its recipients", self.us);
            return Err((Code::NotARecipient, what));
        }
        if !self.senders.contains(&file.sender) {
            return Err((Code::SenderNotAllowed, "its sender is none of `senders`".to_owned()));
        }
        Ok(())
    }
}
