//! What an error report tells the sender of a file to do, in English and in Danish. The problem's
//! own text is for our operator.

use crate::fault::Code;
use crate::store::Problem;

/// What the sender of a file is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// In English.
    pub english: String,
    /// In Danish.
    pub dansk: String,
    /// What more there is to know, in English only, as a parser's words.
    pub detail: Option<String>,
}

impl Advice {
    /// The same advice in both languages.
    pub fn new(english: impl Into<String>, dansk: impl Into<String>) -> Self {
        Self { english: english.into(), dansk: dansk.into(), detail: None }
    }

    /// Our own operators decide.
    pub fn wait() -> Self {
        Self::new(
            "Nothing. The file awaits a decision on our side.",
            "I skal ikke gøre noget. Filen afventer en afgørelse hos os.",
        )
    }

    /// Two files came by one delivery.
    pub fn say_which_delivery() -> Self {
        Self::new(
            "Tell us which of the two files that came under this FileTransferUUID holds.",
            "Oplys, hvilken af de to filer med dette FileTransferUUID der gælder.",
        )
    }

    /// A receipt from which nothing follows.
    pub(super) fn of_receipt(problem: &Problem) -> Self {
        let detail = Some(problem.text.clone());
        match problem.code {
            Code::ReceiptUnreadable => Self {
                detail,
                ..Self::new(
                    "Send the receipt again, as the contract has it.",
                    "Send kvitteringen igen, som kontrakten kræver.",
                )
            },
            Code::ReceiptContradicts => {
                Self { detail, ..Self::new("Tell us what holds.", "Oplys, hvad der gælder.") }
            }
            Code::ReceiptUnmatched => Self::new(
                "Tell us which file the receipt is about.",
                "Oplys, hvilken fil kvitteringen vedrører.",
            ),
            _ => Self::new("Nothing.", "I skal ikke gøre noget."),
        }
    }
}
