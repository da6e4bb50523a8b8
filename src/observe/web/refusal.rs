//! What whoever is not answered gets instead: one page for every reason. Told to people without a
//! detail of ours, and to the log in full.

use super::words::Refusals;
use crate::config::web::Language;
use crate::store::StoreError;
use crate::transfer::TransferError;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::io;

/// Why something is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The request makes no sense.
    BadRequest,
    /// Nobody says who asks.
    NotSignedIn,
    /// Somebody says so who may not.
    ForgedIdentity,
    /// Somebody who may not act acts.
    NotAnOperator,
    /// Another site sent it.
    CrossSite,
    /// The form is not one that we gave to this person for this.
    BadToken,
    /// Nobody could tell later why it was done.
    BadReason,
    /// There is no such page, or no such thing on it.
    NotFound,
    /// Not in this way.
    BadMethod,
    /// What is asked cannot be done now; what is told says why.
    Conflict,
    /// More than is taken.
    TooLarge,
    /// Asked under a name that is not ours.
    UnknownHost,
    /// We failed.
    Broken,
    /// We cannot answer just now.
    Unavailable,
}

impl Why {
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest | Self::BadReason => StatusCode::BAD_REQUEST,
            Self::NotSignedIn
            | Self::ForgedIdentity
            | Self::NotAnOperator
            | Self::CrossSite
            | Self::BadToken => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::BadMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnknownHost => StatusCode::MISDIRECTED_REQUEST,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The name it has in the log.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::BadRequest => "bad-request",
            Self::NotSignedIn => "not-signed-in",
            Self::ForgedIdentity => "forged-identity",
            Self::NotAnOperator => "not-an-operator",
            Self::CrossSite => "cross-site",
            Self::BadToken => "bad-token",
            Self::BadReason => "bad-reason",
            Self::NotFound => "not-found",
            Self::BadMethod => "bad-method",
            Self::Conflict => "conflict",
            Self::TooLarge => "too-large",
            Self::UnknownHost => "unknown-host",
            Self::Broken => "broken",
            Self::Unavailable => "unavailable",
        }
    }

    /// The reason behind a status that was not made here.
    pub(super) fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::BadMethod,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            status if status.is_server_error() => Self::Broken,
            _ => Self::BadRequest,
        }
    }

    /// What people are told.
    pub(super) const fn words(self, language: Language) -> &'static str {
        let words = Refusals::of(language);
        match self {
            Self::BadRequest => words.bad_request,
            Self::NotSignedIn | Self::ForgedIdentity => words.not_signed_in,
            Self::NotAnOperator => words.not_an_operator,
            Self::CrossSite | Self::BadToken => words.bad_token,
            Self::BadReason => words.bad_reason,
            Self::NotFound => words.not_found,
            Self::BadMethod => words.bad_method,
            Self::Conflict => words.conflict,
            Self::TooLarge => words.too_large,
            Self::UnknownHost => words.unknown_host,
            Self::Broken => words.broken,
            Self::Unavailable => words.unavailable,
        }
    }
}

/// What is answered instead.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) why: Why,
    /// What more people are told.
    pub(super) told: Option<String>,
    /// What more the log is told. No value from outside.
    pub(super) log: Option<String>,
}

impl Refusal {
    /// With something that people are told too.
    pub(super) fn telling(why: Why, told: impl Into<String>) -> Self {
        Self { why, told: Some(told.into()), log: None }
    }

    fn broken(why: Why, error: &dyn std::error::Error) -> Self {
        Self { why, told: None, log: Some(error.to_string()) }
    }
}

impl From<Why> for Refusal {
    fn from(why: Why) -> Self {
        Self { why, told: None, log: None }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::broken(Why::Unavailable, &error)
    }
}

impl From<TransferError> for Refusal {
    fn from(error: TransferError) -> Self {
        Self::broken(Why::Unavailable, &error)
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::broken(Why::Broken, &error)
    }
}

impl From<askama::Error> for Refusal {
    fn from(error: askama::Error) -> Self {
        Self::broken(Why::Broken, &error)
    }
}

/// Bare: [`super::guard`] makes the page of it, in the language of whoever asked.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.why.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
