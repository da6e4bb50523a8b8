//! How an outgoing file is named: text with placeholders, checked when the configuration is read.

use crate::domain::Forespoergsel;
use crate::endpoint::FileName;
use serde::Deserialize;

/// A file name with `{placeholders}`; each request gives a name of its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct NameTemplate {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Kommunekode,
    ForespoergselId,
    Dispositionsdato,
    Udbetalingsperiode,
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `{…}` with a name that is not known.
    #[error(
        "{{{0}}} is not known; known are {{kommunekode}}, {{forespoergsel_id}}, \
         {{dispositionsdato}} and {{udbetalingsperiode}}"
    )]
    UnknownPlaceholder(String),
    /// `{` without `}`.
    #[error("a '{{' is never closed")]
    Unclosed,
    /// Two requests could get the same name.
    #[error("{{forespoergsel_id}} must be part of the name: two answers must never share one")]
    NotUnique,
    /// What stands between the placeholders cannot be part of a file name.
    #[error("only characters that a file name may have, at most 150 bytes of them")]
    NotAName,
}

/// Bytes of fixed text allowed: the placeholders take at most 54 more, a name 255.
const MOST_TEXT: usize = 150;

impl NameTemplate {
    fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or(TemplateError::Unclosed)?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(match name {
                "kommunekode" => Part::Kommunekode,
                "forespoergsel_id" => Part::ForespoergselId,
                "dispositionsdato" => Part::Dispositionsdato,
                "udbetalingsperiode" => Part::Udbetalingsperiode,
                unknown => return Err(TemplateError::UnknownPlaceholder(unknown.to_owned())),
            });
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        let fixed: String = parts
            .iter()
            .filter_map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None })
            .collect();
        if !parts.contains(&Part::ForespoergselId) {
            Err(TemplateError::NotUnique)
        } else if fixed.len() > MOST_TEXT || FileName::parse(&format!("x{fixed}")).is_err() {
            Err(TemplateError::NotAName)
        } else {
            Ok(Self { parts })
        }
    }

    /// The name of the answer to one request: the same for the same request, always.
    pub fn name_for(&self, request: &Forespoergsel) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Kommunekode => request.kommunekode.to_string(),
                Part::ForespoergselId => request.forespoergsel_id.to_string(),
                Part::Dispositionsdato => request.dispositionsdato.format("%Y%m%d").to_string(),
                Part::Udbetalingsperiode => request.udbetalingsperiode.to_string(),
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
            ("svar_{forespoergsel_id", TemplateError::Unclosed),
            ("../{forespoergsel_id}", TemplateError::NotAName),
            ("{cpr}{forespoergsel_id}", TemplateError::UnknownPlaceholder("cpr".to_owned())),
        ];
        for (text, error) in table {
            assert_eq!(NameTemplate::parse(text), Err(error), "{text}");
        }
    }
}
