//! What shows that a form was given by us, to this user, for this: a token over all three, with a
//! key that lives as long as the process. And that it was sent from our own page.

use super::identity::Hosts;
use super::refusal::Why;
use super::server::WebError;
use crate::config::Web;
use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use openssl::hash::MessageDigest;
use openssl::memcmp;
use openssl::pkey::{PKey, Private};
use openssl::rand::rand_bytes;
use openssl::sign::Signer;

/// Makes tokens and knows them again.
pub(super) struct Tokens(PKey<Private>);

/// Bytes of the key: as many as the hash has.
const KEY: usize = 32;

impl Tokens {
    /// With a key that nobody knows.
    pub(super) fn new() -> Result<Self, WebError> {
        let mut key = [0; KEY];
        let mut make = || {
            rand_bytes(&mut key)?;
            PKey::hmac(&key)
        };
        make().map(Self).map_err(WebError::Random)
    }

    /// The token of a form that is given to `user`, to do `action` to `target`.
    pub(super) fn give(&self, user: &str, action: &str, target: &str) -> Result<String, Why> {
        let sign = || {
            let mut signer = Signer::new(MessageDigest::sha256(), &self.0)?;
            for part in [user, action, target] {
                // With its length: what ends one part cannot begin the next.
                signer.update(&(part.len() as u64).to_be_bytes())?;
                signer.update(part.as_bytes())?;
            }
            signer.sign_to_vec()
        };
        sign().map(hex::encode).map_err(|_: openssl::error::ErrorStack| Why::Broken)
    }

    /// Refuses what is not the token of this form.
    pub(super) fn check(
        &self,
        token: &str,
        (user, action, target): (&str, &str, &str),
    ) -> Result<(), Why> {
        let ours = self.give(user, action, target)?;
        let is_ours = ours.len() == token.len() && memcmp::eq(ours.as_bytes(), token.as_bytes());
        if is_ours { Ok(()) } else { Err(Why::BadToken) }
    }
}

/// Refuses a form that was not sent from our own page. Browsers say where it was; whoever says
/// nothing is none.
pub(super) fn same_site(web: &Web, hosts: &Hosts, headers: &HeaderMap) -> Result<(), Why> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(site) = text("sec-fetch-site") {
        // Our pages send no referrer, for which browsers make the origin `null`.
        return if site == "same-origin" { Ok(()) } else { Err(Why::CrossSite) };
    }
    let origin = text(ORIGIN.as_str()).and_then(|origin| origin.split_once("://"));
    let is_ours = |authority: &str| {
        hosts.include(&web.hosts, authority) && text(HOST.as_str()) == Some(authority)
    };
    match origin {
        Some(("http" | "https", authority)) if is_ours(authority) => Ok(()),
        _ => Err(Why::CrossSite),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_token_is_good_for_what_it_was_given_for_and_nothing_else() {
        let (tokens, others) = (Tokens::new().unwrap(), Tokens::new().unwrap());
        let token = tokens.give("anna", "release", "1").unwrap();
        assert_eq!(tokens.check(&token, ("anna", "release", "1")), Ok(()));
        let wrong = [("bo", "release", "1"), ("anna", "cancel", "1"), ("anna", "release", "2")];
        for form in wrong.into_iter().chain([("annar", "elease", "1"), ("anna", "release1", "")]) {
            assert_eq!(tokens.check(&token, form), Err(Why::BadToken), "{form:?}");
        }
        for token in ["", "00", &token.to_uppercase(), &format!("{token}0")] {
            assert_eq!(tokens.check(token, ("anna", "release", "1")), Err(Why::BadToken));
        }
        let other = others.give("anna", "release", "1").unwrap();
        assert_eq!(tokens.check(&other, ("anna", "release", "1")), Err(Why::BadToken));
    }

    #[test]
    fn a_form_comes_from_our_own_page() {
        let web = Web::default();
        let hosts = Hosts::new(&web, Some(([127, 0, 0, 1], 8642).into()));
        let sent = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("localhost:8642"));
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            same_site(&web, &hosts, &headers)
        };
        assert_eq!(sent(&[("sec-fetch-site", "same-origin"), ("origin", "null")]), Ok(()));
        assert_eq!(sent(&[("origin", "http://localhost:8642")]), Ok(()));
        for wrong in [
            &[][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:8642")],
            &[("origin", "null")],
            &[("origin", "http://127.0.0.1:8642")],
            &[("origin", "https://evil.example")],
            &[("origin", "file://localhost:8642")],
        ] {
            assert_eq!(sent(wrong), Err(Why::CrossSite), "{wrong:?}");
        }
    }
}
