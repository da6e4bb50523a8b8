//! Sidecar files, written: UTF-8, in the order of the schema, the root with the prefix `ns2` that
//! one public client insists on.

use super::NAMESPACE;
use super::types::{
    BusinessReceipt, FileDescriptor, FileMetadata, MetadataRoot, Outcome, RoutingInfo,
    TechnicalReceipt, Trigger,
};
use chrono::SecondsFormat;
use quick_xml::Writer;
use quick_xml::escape::escape;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::io;

impl Trigger {
    /// The bytes of a `.trigger` file.
    pub fn write(&self) -> Vec<u8> {
        document("Trigger", |out| {
            out.descriptor(&self.file)?;
            out.content(self.routing.as_ref())
        })
    }
}

impl FileMetadata {
    /// The bytes of a `.metadata` file.
    pub fn write(&self, root: MetadataRoot) -> Vec<u8> {
        let root = match root {
            MetadataRoot::FileMetadata => "FileMetadata",
            MetadataRoot::Trigger => "Trigger",
        };
        document(root, |out| {
            out.leaf("FileTransferUUID", &self.file_transfer_uuid.to_string())?;
            out.descriptor(&self.file)?;
            out.content(self.routing.as_ref())
        })
    }
}

impl TechnicalReceipt {
    /// The bytes of a `.sftpreceipt` file.
    pub fn write(&self) -> Vec<u8> {
        document("TechnicalReceipt", |out| {
            out.leaf("FileTransferUUID", &self.file_transfer_uuid.to_string())?;
            if let Some(id) = &self.senders_file_id {
                out.leaf("SendersFileId", id.as_str())?;
            }
            match &self.outcome {
                Outcome::Message(message) => {
                    out.element("Receipt", |out| out.leaf("Message", message))
                }
                Outcome::Errors(errors) => errors.iter().try_for_each(|error| {
                    out.element("ErrorMessage", |out| {
                        out.leaf("ErrorCode", &error.code.to_string())?;
                        out.leaf("ErrorCodeDescription", &error.code_description)?;
                        out.leaf("ErrorDescription", &error.description)
                    })
                }),
            }
        })
    }
}

impl BusinessReceipt {
    /// The bytes of a business receipt.
    pub fn write(&self) -> Vec<u8> {
        document("BusinessReceipt", |out| {
            out.leaf("FileTransferUUID", &self.file_transfer_uuid.to_string())?;
            out.leaf("Filename", self.file_name.as_str())?;
            out.leaf("Recipient", self.recipient.as_str())?;
            out.leaf("FileAcceptance", self.acceptance.word())?;
            self.reason.iter().try_for_each(|reason| out.leaf("Reason", reason))
        })
    }
}

fn document(root: &str, content: impl FnOnce(&mut Out) -> io::Result<()>) -> Vec<u8> {
    let name = format!("ns2:{root}");
    let mut out = Out(Writer::new_with_indent(Vec::new(), b' ', 2));
    let start = BytesStart::new(name.as_str()).with_attributes([("xmlns:ns2", NAMESPACE)]);
    let written = (|| {
        out.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        out.event(Event::Start(start))?;
        content(&mut out)?;
        out.event(Event::End(BytesEnd::new(name.as_str())))
    })();
    written.expect("writing to memory does not fail");
    let mut bytes = out.0.into_inner();
    bytes.push(b'\n');
    bytes
}

struct Out(Writer<Vec<u8>>);

impl Out {
    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        self.0.write_event(event)
    }

    fn element(
        &mut self,
        name: &str,
        content: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        self.event(Event::Start(BytesStart::new(name)))?;
        content(self)?;
        self.event(Event::End(BytesEnd::new(name)))
    }

    /// A character that XML cannot hold becomes the replacement character; a carriage return stands
    /// as its number, as readers take a bare one for a line feed.
    fn leaf(&mut self, name: &str, text: &str) -> io::Result<()> {
        let text = text.replace(super::tree::is_no_xml, "\u{FFFD}");
        let text = escape(text.as_str()).replace('\r', "&#13;");
        self.element(name, |out| out.event(Event::Text(BytesText::from_escaped(text))))
    }

    fn descriptor(&mut self, file: &FileDescriptor) -> io::Result<()> {
        self.element("FileDescriptor", |out| {
            out.leaf("FileName", file.name.as_str())?;
            out.leaf("SizeInBytes", &file.size.to_string())?;
            out.leaf("Sender", file.sender.as_str())?;
            if let Some(id) = &file.senders_file_id {
                out.leaf("SendersFileId", id.as_str())?;
            }
            let mut recipients = file.recipients.iter();
            recipients.try_for_each(|recipient| out.leaf("Recipients", recipient.as_str()))
        })
    }

    fn content(&mut self, routing: Option<&RoutingInfo>) -> io::Result<()> {
        match routing {
            None => self.event(Event::Empty(BytesStart::new("FileContentDescriptor"))),
            Some(info) => self.element("FileContentDescriptor", |out| out.routing(info)),
        }
    }

    fn routing(&mut self, info: &RoutingInfo) -> io::Result<()> {
        self.element("SFTPDynamicRoutingInfo", |out| {
            let sent = info.sender_timestamp.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            out.leaf("InfRef", &info.inf_ref)?;
            out.leaf("SenderIt-system", &info.sender_it_system.to_string())?;
            out.leaf("SenderAuthority", &info.sender_authority.to_string())?;
            out.leaf("TransactionId", &info.transaction_id.to_string())?;
            out.leaf("SenderTimestamp", &sent)?;
            if let Some(system) = &info.recipient_it_system {
                out.leaf("RecipientIt-system", &system.to_string())?;
            }
            out.leaf("RecipientAuthority", &info.recipient_authority.to_string())
        })
    }
}
