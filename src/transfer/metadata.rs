//! Looks at a file's metadata before anything is done with the file. May use `endpoint`.

use super::intake::Source;
use super::{TransferError, problem_of};
use crate::endpoint::serviceplatformen::{FileMetadata, Receiving};
use crate::endpoint::{Endpoint, Entry, FileName};
use crate::fault::{Class, Code};
use crate::store::{Delivery, Place, Problem};

/// Serviceplatformen's side of an inbox.
#[derive(Clone, Copy, Debug)]
pub struct Platform<'a> {
    /// Who may send what to whom.
    pub receiving: &'a Receiving,
    /// Largest metadata file read, bytes.
    pub xml_bytes: u64,
    /// The endpoint and directory that business receipts go to.
    pub outbox: (&'a str, &'a str),
}

/// What the metadata of a file that stands complete says.
#[derive(Debug)]
pub enum Said {
    /// It may be processed.
    Good(Delivery),
    /// It may not; it stays where it is.
    Bad(Problem),
    /// The metadata file is gone: so may be the file.
    Gone,
}

/// Reads a file's metadata and holds the file against it.
pub fn look(
    platform: &Platform<'_>,
    source: &Source<'_>,
    endpoint: &mut dyn Endpoint,
    entry: &Entry,
) -> Result<Said, TransferError> {
    let Some(name) = source.plain.done_file(&entry.name) else {
        return Ok(unreadable("there is no room in its name for the metadata's"));
    };
    let Some(metadata) = endpoint.stat(source.directory, &name)? else { return Ok(Said::Gone) };
    let mut bytes = Vec::new();
    match endpoint.fetch(source.directory, &metadata, platform.xml_bytes, &mut bytes) {
        Err(error) if error.code == Code::FileGone => return Ok(Said::Gone),
        Err(error) if error.code == Code::FileTooLarge => {
            return Ok(unreadable(&problem_of(&error).text));
        }
        other => other?,
    }
    let said = match FileMetadata::read(&bytes, platform.xml_bytes) {
        Ok(said) => said,
        Err(error) => return Ok(unreadable(&error.to_string())),
    };
    match platform.receiving.check(entry.name.as_str(), entry.size, &said) {
        Ok(()) => Ok(Said::Good(delivery(platform, &entry.name, &said))),
        Err((code, what)) => Ok(bad(code, &what)),
    }
}

fn delivery(platform: &Platform<'_>, name: &FileName, said: &FileMetadata) -> Delivery {
    let receiving = platform.receiving;
    let receipt = receiving.business_receipts.then(|| Place {
        endpoint: platform.outbox.0.to_owned(),
        directory: platform.outbox.1.to_owned(),
        name: format!("{name}{}", receiving.business_suffix.as_str()),
    });
    Delivery {
        file_transfer_uuid: said.file_transfer_uuid,
        sender: said.file.sender.to_string(),
        recipient: receiving.us.to_string(),
        receipt,
    }
}

fn unreadable(what: &str) -> Said {
    bad(Code::MetadataUnreadable, &format!("its metadata: {what}"))
}

fn bad(code: Code, what: &str) -> Said {
    let text = format!("{what}; it stays where it stands, unprocessed: ask the sender");
    Said::Bad(Problem { class: Class::Operator, code, text })
}
