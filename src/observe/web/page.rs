//! What every page has around it, and how a page becomes an answer.

use super::assets::{ASSETS, Assets};
use super::guard::Visitor;
use super::masked::masked;
use super::refusal::Refusal;
use super::site::Look;
use super::words::Words;
use crate::clock::danish;
use crate::config::Config;
use crate::config::web::Language;
use crate::domain::Miljoe;
use crate::observe::figures::sends_registreringer;
use crate::store::Moment;
use askama::Template;
use axum::response::{Html, IntoResponse, Response};

/// A page of the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// Files and their histories.
    Files,
    /// Where a payout stands.
    Payout,
    /// Expected and received.
    Expectations,
    /// Registrations.
    Debitor,
    /// Endpoints, schedules, versions.
    System,
}

impl Section {
    /// In the order of the menu.
    const ALL: [Self; 5] =
        [Self::Payout, Self::Files, Self::Expectations, Self::Debitor, Self::System];

    /// Whether this installation has it.
    fn is_here(self, config: &Config) -> bool {
        self != Self::Debitor || sends_registreringer(config)
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Payout => "/",
            Self::Files => "/files",
            Self::Expectations => "/expectations",
            Self::Debitor => "/debitor",
            Self::System => "/system",
        }
    }

    /// Its name.
    pub(super) const fn name(self, words: &Words) -> &'static str {
        match self {
            Self::Files => words.files,
            Self::Payout => words.payout,
            Self::Expectations => words.expectations,
            Self::Debitor => words.debitor,
            Self::System => words.system,
        }
    }
}

/// An entry of the menu.
pub(super) struct Entry {
    pub(super) path: &'static str,
    pub(super) name: &'static str,
    pub(super) is_here: bool,
}

/// What is around every page. Every page's template has one, as `frame`.
pub(super) struct Frame {
    pub(super) language: Language,
    /// What is said on every page.
    pub(super) words: &'static Words,
    pub(super) assets: &'static Assets,
    pub(super) miljoe: Miljoe,
    pub(super) menu: Vec<Entry>,
    /// Where the other language is.
    pub(super) other_language: String,
    pub(super) user: Option<String>,
    pub(super) may_act: bool,
    /// When all of it was read.
    pub(super) as_of: Time,
    /// After how many seconds the browser asks again by itself, where it was asked to.
    pub(super) refresh: Option<u32>,
    /// Where the same page is that refreshes itself.
    pub(super) refreshing: String,
}

/// How often a page may be asked for by itself, seconds.
const REFRESH: std::ops::RangeInclusive<u32> = 5..=3600;

impl Frame {
    /// Around a page of this section.
    pub(super) fn new(visitor: &Visitor, look: &Look<'_>, here: Section) -> Self {
        let Visitor { language, query, .. } = visitor;
        let (words, other) = (Words::of(*language), other(*language));
        let entry = |section: Section| Entry {
            path: section.path(),
            name: section.name(words),
            is_here: section == here,
        };
        let sections = Section::ALL.into_iter().filter(|section| section.is_here(look.config));
        let refresh = visitor.plain("refresh").and_then(|seconds| seconds.parse().ok());
        Self {
            language: *language,
            words,
            assets: &ASSETS,
            miljoe: look.config.miljoe,
            menu: sections.map(entry).collect(),
            other_language: with(query, "lang", other.tag()),
            user: visitor.user.clone(),
            may_act: visitor.may_act,
            as_of: Time(look.now),
            refresh: refresh.filter(|seconds| REFRESH.contains(seconds)),
            refreshing: with(query, "refresh", "30"),
        }
    }
}

const fn other(language: Language) -> Language {
    match language {
        Language::Da => Language::En,
        Language::En => Language::Da,
    }
}

/// The same query with this in it, and nothing else of the name.
pub(super) fn with(query: &str, name: &str, value: &str) -> String {
    let rest = without(query, &[name]);
    let joint = if rest.is_empty() { "" } else { "&" };
    format!("?{rest}{joint}{name}={value}")
}

/// The query with nothing of these names in it.
pub(super) fn without(query: &str, names: &[&str]) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let is_kept = |pair: &&str| !pair.split('=').next().is_some_and(|name| names.contains(&name));
    pairs.filter(is_kept).collect::<Vec<_>>().join("&")
}

/// A moment as people in Denmark read it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time(pub(super) Moment);

impl Time {
    /// As templates have it.
    pub(super) const fn of(at: &Moment) -> Self {
        Self(*at)
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        danish(self.0)
    }

    /// For machines.
    pub(super) fn machine(&self) -> String {
        self.0.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }
}

/// The answer that a page is.
pub(super) fn html(page: &impl Template) -> Result<Response, Refusal> {
    Ok(Html(masked(&page.render()?).into_owned()).into_response())
}

#[derive(Template)]
#[template(path = "refused.html")]
struct Refused<'a> {
    language: Language,
    words: &'static Words,
    assets: &'static Assets,
    status: u16,
    code: &'a str,
    what: &'a str,
    told: Option<&'a str>,
}

/// The page of a refusal. It has no menu: it may be for somebody who is not let in.
pub(super) fn refused(refusal: &Refusal, language: Language) -> Response {
    let status = refusal.why.status();
    let page = Refused {
        language,
        words: Words::of(language),
        assets: &ASSETS,
        status: status.as_u16(),
        code: refusal.why.code(),
        what: refusal.why.words(language),
        told: refusal.told.as_deref(),
    };
    (status, Html(page.render().unwrap_or_default())).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_keeps_the_rest() {
        assert_eq!(with("", "lang", "en"), "?lang=en");
        assert_eq!(with("lang=da&state=held", "lang", "en"), "?state=held&lang=en");
        assert_eq!(with("q=a%26b&language=x", "lang", "en"), "?q=a%26b&language=x&lang=en");
    }
}
