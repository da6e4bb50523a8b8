//! How an outgoing file is named: text with placeholders, checked when the configuration is read.

use crate::domain::debitor::{Kvittering, Overfoersel};
use crate::domain::{Forespoergsel, Kommunekode, Udbetaling, Udbetalingsperiode};
use crate::endpoint::FileName;
use chrono::NaiveDate;
use serde::Deserialize;
use uuid::Uuid;

/// A file name with `{placeholders}`; each file gets a name of its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct NameTemplate {
    parts: Vec<Part>,
}

/// What a name is made of.
#[derive(Clone, Copy, Debug)]
pub struct Naming {
    id: Uuid,
    kommunekode: Kommunekode,
    /// Day and month of the payout it is about; of what is about none there is none.
    payout: Option<(NaiveDate, Udbetalingsperiode)>,
}

impl From<&Forespoergsel> for Naming {
    fn from(request: &Forespoergsel) -> Self {
        Self {
            id: request.forespoergsel_id.0,
            kommunekode: request.kommunekode,
            payout: Some((request.dispositionsdato, request.udbetalingsperiode)),
        }
    }
}

impl From<&Udbetaling> for Naming {
    fn from(udbetaling: &Udbetaling) -> Self {
        Self {
            id: udbetaling.udbetaling_id,
            kommunekode: udbetaling.kommunekode,
            payout: Some((udbetaling.dispositionsdato, udbetaling.udbetalingsperiode)),
        }
    }
}

impl From<&Overfoersel> for Naming {
    fn from(overfoersel: &Overfoersel) -> Self {
        let Overfoersel { overfoersel_id, kommunekode, .. } = overfoersel;
        Self { id: overfoersel_id.0, kommunekode: *kommunekode, payout: None }
    }
}

impl From<&Kvittering> for Naming {
    fn from(kvittering: &Kvittering) -> Self {
        let Kvittering { kvittering_id, kommunekode, .. } = kvittering;
        Self { id: kvittering_id.0, kommunekode: *kommunekode, payout: None }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Kommunekode,
    Id(&'static str),
    Dispositionsdato,
    Udbetalingsperiode,
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `{…}` with a name that is not known.
    #[error(
        "{{{0}}} is not known; known are {{kommunekode}}, what names the file \
         ({{forespoergsel_id}}, {{udbetaling_id}}, {{overfoersel_id}} or {{kvittering_id}}), \
         {{dispositionsdato}} and {{udbetalingsperiode}}"
    )]
    UnknownPlaceholder(String),
    /// `{` without `}`.
    #[error("a '{{' is never closed")]
    Unclosed,
    /// Two requests, or reports, could get the same name.
    #[error(
        "{{forespoergsel_id}} must be part of the name, or for reports {{udbetaling_id}}, for \
         transfers {{overfoersel_id}}, for their answers {{kvittering_id}}: two files must never \
         share one"
    )]
    NotUnique,
    /// A payout in the name of a file that is about none.
    #[error("{{dispositionsdato}} and {{udbetalingsperiode}} are of payouts: not of {{{0}}}")]
    NoPayout(&'static str),
    /// What stands between the placeholders cannot be part of a file name.
    #[error("only characters that a file name may have, at most 150 bytes of them")]
    NotAName,
}

/// Bytes of fixed text allowed: the placeholders take at most 54 more, a name 255.
const MOST_TEXT: usize = 150;

/// What makes the name of an answer unique.
pub const FORESPOERGSEL_ID: &str = "forespoergsel_id";
/// What makes the name of a file about a payout report unique.
pub const UDBETALING_ID: &str = "udbetaling_id";
/// What makes the name of a transfer of registrations unique.
pub const OVERFOERSEL_ID: &str = "overfoersel_id";
/// What makes the name of the answer to such a transfer unique.
pub const KVITTERING_ID: &str = "kvittering_id";

const IDS: [&str; 4] = [FORESPOERGSEL_ID, UDBETALING_ID, OVERFOERSEL_ID, KVITTERING_ID];

impl Part {
    const fn id(&self) -> Option<&'static str> {
        match self {
            Self::Id(id) => Some(id),
            _ => None,
        }
    }
}

impl NameTemplate {
    fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or(TemplateError::Unclosed)?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(match name {
                "kommunekode" => Part::Kommunekode,
                "dispositionsdato" => Part::Dispositionsdato,
                "udbetalingsperiode" => Part::Udbetalingsperiode,
                other => match IDS.into_iter().find(|id| *id == other) {
                    Some(id) => Part::Id(id),
                    None => return Err(TemplateError::UnknownPlaceholder(other.to_owned())),
                },
            });
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        let fixed: String = parts
            .iter()
            .filter_map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None })
            .collect();
        let mut ids: Vec<_> = parts.iter().filter_map(Part::id).collect();
        ids.dedup();
        let of_payout =
            |part: &Part| matches!(part, Part::Dispositionsdato | Part::Udbetalingsperiode);
        let [id] = ids[..] else { return Err(TemplateError::NotUnique) };
        if [OVERFOERSEL_ID, KVITTERING_ID].contains(&id) && parts.iter().any(of_payout) {
            Err(TemplateError::NoPayout(id))
        } else if fixed.len() > MOST_TEXT || FileName::parse(&format!("x{fixed}")).is_err() {
            Err(TemplateError::NotAName)
        } else {
            Ok(Self { parts })
        }
    }

    /// The identifier that makes its names unique, such as `forespoergsel_id`.
    pub fn id(&self) -> Option<&'static str> {
        self.parts.iter().find_map(Part::id)
    }

    /// The name for one request, report, transfer or answer: the same for the same one, always.
    pub fn name_for(&self, about: impl Into<Naming>) -> String {
        let about = about.into();
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Kommunekode => about.kommunekode.to_string(),
                Part::Id(_) => about.id.to_string(),
                Part::Dispositionsdato => about
                    .payout
                    .map_or_else(String::new, |(day, _)| day.format("%Y%m%d").to_string()),
                Part::Udbetalingsperiode => {
                    about.payout.map_or_else(String::new, |(_, month)| month.to_string())
                }
            })
            .collect()
    }
}

impl TryFrom<String> for NameTemplate {
    type Error = TemplateError;

    fn try_from(text: String) -> Result<Self, TemplateError> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ForespoergselId, Kommunekode, Miljoe, Udbetalingsperiode};

    #[test]
    fn a_request_names_its_answer() {
        let day = "2026-12-01".parse().unwrap();
        let request = Forespoergsel {
            kommunekode: Kommunekode::parse(b"0101").unwrap(),
            forespoergsel_id: ForespoergselId(uuid::Uuid::from_u128(7)),
            forespoergselsdato: day,
            dispositionsdato: day,
            udbetalingsperiode: Udbetalingsperiode::of(day).unwrap(),
            miljoe: Miljoe::Test,
        };
        let template = NameTemplate::parse(
            "SVAR_{kommunekode}_{udbetalingsperiode}_{dispositionsdato}_{forespoergsel_id}.txt",
        )
        .unwrap();
        assert_eq!(
            template.name_for(&request),
            "SVAR_0101_202612_20261201_00000000-0000-0000-0000-000000000007.txt"
        );
    }

    #[test]
    fn refuses_what_could_name_two_answers_or_none() {
        let table = [
            ("svar_{kommunekode}.txt", TemplateError::NotUnique),
            ("{forespoergsel_id}_{udbetaling_id}.txt", TemplateError::NotUnique),
            ("svar_{forespoergsel_id", TemplateError::Unclosed),
            ("../{forespoergsel_id}", TemplateError::NotAName),
            ("{overfoersel_id}_{dispositionsdato}", TemplateError::NoPayout(OVERFOERSEL_ID)),
            ("{cpr}{forespoergsel_id}", TemplateError::UnknownPlaceholder("cpr".to_owned())),
        ];
        for (text, error) in table {
            assert_eq!(NameTemplate::parse(text), Err(error), "{text}");
        }
    }
}
