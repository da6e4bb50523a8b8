//! What we send through Serviceplatformen: the trigger of a file, and where and by when the
//! receipts for it are looked for.

use super::receiving::{business_suffix, technical_suffix};
use super::{Authority, DYNAMIC_ROUTING, FileDescriptor, Label, NotALabel, RoutingInfo, Trigger};
use crate::domain::{Cvr, Deadline, Kommunekode};
use crate::endpoint::plain::{Complete, Plain, Processed, Suffix};
use chrono::{DateTime, NaiveTime, Utc};
use serde::Deserialize;
use std::num::NonZeroU32;
use uuid::Uuid;

/// The convention of one outbox, as the configuration has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Sending {
    /// One of the platform's three ways to send.
    pub way: Way,
    /// Our SFTP user name.
    pub sender: Label,
    /// Whom it is for.
    pub to: Recipients,
    /// Where and when receipts are looked for.
    pub receipts: Receipts,
}

/// The platform's three ways to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// To SFTP users by name.
    Simpel,
    /// To an authority; the platform finds the SFTP user.
    Dynamisk,
    /// Either, and the recipient answers with a business receipt.
    Styret,
}

/// Whom files are for.
#[derive(Clone, Debug)]
pub enum Recipients {
    /// SFTP users; at least one.
    Users(Vec<Label>),
    /// The municipality that the file is about, wherever the platform routes that.
    Routed(Routing),
}

/// What the platform routes by, the same for every file of a route.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routing {
    /// The integration, as the platform names it.
    pub inf_ref: String,
    /// The system that sends.
    pub sender_it_system: Uuid,
    /// The CVR number of the authority it sends for.
    #[serde(deserialize_with = "cvr")]
    pub sender_authority: Authority,
    /// The system that receives, where it is known.
    pub recipient_it_system: Option<Uuid>,
}

/// Where and when receipts are looked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Receipts {
    /// The directories of the outbox's endpoint; none = nobody looks for receipts.
    pub directories: Vec<String>,
    /// The end of a technical receipt's name.
    pub technical_suffix: Suffix,
    /// The end of a business receipt's name.
    pub business_suffix: Suffix,
    /// A receipt is complete when its size and time have not changed for so many seconds.
    pub stable_seconds: NonZeroU32,
    /// By when the platform's receipt is due, counted from the trigger.
    pub technical: Deadline,
    /// By when the recipient's receipt is due, counted from the platform's ([`Way::Styret`]).
    pub business: Deadline,
}

impl Default for Receipts {
    fn default() -> Self {
        let due = |bankdage, hour| Deadline {
            bankdage,
            at: NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or(NaiveTime::MIN),
        };
        Self {
            // Clients differ in where they find them; "." is where the server puts us.
            directories: vec!["IN".to_owned(), ".".to_owned()],
            technical_suffix: technical_suffix(),
            business_suffix: business_suffix(),
            stable_seconds: const { NonZeroU32::new(2).expect("not zero") },
            technical: due(1, 12),
            business: due(2, 16),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    way: Way,
    sender: Label,
    #[serde(default)]
    recipients: Vec<Label>,
    routing: Option<Routing>,
    #[serde(default)]
    receipts: Receipts,
}

impl TryFrom<Raw> for Sending {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        let to = match (raw.way, raw.routing, raw.recipients.is_empty()) {
            (Way::Simpel | Way::Styret, None, false) => Recipients::Users(raw.recipients),
            (Way::Dynamisk | Way::Styret, Some(routing), true) => Recipients::Routed(routing),
            (Way::Simpel, ..) => return Err("the way \"simpel\" needs `recipients`, no `routing`"),
            (Way::Dynamisk, ..) => {
                return Err("the way \"dynamisk\" needs `routing`, no `recipients`");
            }
            (Way::Styret, ..) => {
                return Err("the way \"styret\" needs either `recipients` or `routing`");
            }
        };
        Ok(Self { way: raw.way, sender: raw.sender, to, receipts: raw.receipts })
    }
}

fn cvr<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Authority, D::Error> {
    let text = String::deserialize(deserializer)?;
    Cvr::parse(text.as_bytes()).map(Into::into).map_err(serde::de::Error::custom)
}

/// A file that stands complete at the platform and is to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Parcel<'a> {
    /// Its name.
    pub name: &'a str,
    /// Bytes.
    pub size: u64,
    /// Our own name of it.
    pub id: Uuid,
    /// The municipality it is about.
    pub kommunekode: Option<Kommunekode>,
    /// When it began to be owed: the same for every try, so that the trigger has the same bytes.
    pub since: DateTime<Utc>,
}

impl Sending {
    /// The trigger of a file; `None` where it is to be routed to a municipality and is about none.
    pub fn trigger(&self, parcel: &Parcel<'_>) -> Result<Option<Trigger>, NotALabel> {
        let (recipients, routing) = match &self.to {
            Recipients::Users(users) => (users.clone(), None),
            Recipients::Routed(routing) => {
                let Some(kommune) = parcel.kommunekode else { return Ok(None) };
                let cvr = Cvr::parse(kommune.cvr().to_string().as_bytes());
                let Ok(cvr) = cvr else { return Ok(None) };
                let info = RoutingInfo {
                    inf_ref: routing.inf_ref.clone(),
                    sender_it_system: routing.sender_it_system,
                    sender_authority: routing.sender_authority,
                    transaction_id: parcel.id,
                    sender_timestamp: parcel.since,
                    recipient_it_system: routing.recipient_it_system,
                    recipient_authority: cvr.into(),
                };
                (vec![Label::parse(DYNAMIC_ROUTING)?], Some(info))
            }
        };
        let file = FileDescriptor {
            name: Label::parse(parcel.name)?,
            size: parcel.size,
            sender: self.sender.clone(),
            senders_file_id: Some(parcel.id.into()),
            recipients,
        };
        Ok(Some(Trigger { file, routing }))
    }
}

impl Receipts {
    /// How receipts are found in their directories: the technical ones, then the recipients'.
    pub fn as_plain(&self) -> [Plain; 2] {
        [&self.technical_suffix, &self.business_suffix].map(|suffix| Plain {
            pattern: format!("*{}", suffix.as_str()),
            ignore_suffixes: Vec::new(),
            complete: Complete::StableSeconds(self.stable_seconds),
            processed: Processed::Delete,
        })
    }
}
