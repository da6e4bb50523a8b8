//! Around every request: who is let in, how long an answer may take, what every answer carries, and
//! one line in the log for each that is refused.

use super::identity::{self, Caller, Stranger};
use super::machines::AsAsked;
use super::page;
use super::refusal::{Refusal, Why};
use super::site::Site;
use crate::config::Web;
use crate::config::web::Language;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, COOKIE, HOST,
    HeaderName, REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::time::Duration;
use tokio::time::timeout;

/// Largest body of a request, bytes.
pub(super) const BODY_BYTES: usize = 16 * 1024;
/// How long an answer may take, with all that has to be read for it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Most characters of a path that are logged.
const LOGGED: usize = 80;
/// The cookie with the language that was chosen.
const LANGUAGE: &str = "modregn_language";

/// Whoever is let in, and how they like it.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    /// The user; `None` = nobody has to sign in here.
    pub(super) user: Option<String>,
    /// Whether they may act.
    pub(super) may_act: bool,
    pub(super) language: Language,
    /// What is asked for, after the `?`.
    pub(super) query: String,
}

impl Visitor {
    /// The user, where they may act.
    pub(super) fn operator(&self) -> Option<&str> {
        self.user.as_deref().filter(|_| self.may_act)
    }

    /// A value of the query that needs no decoding: a number, a word.
    pub(super) fn plain(&self, key: &str) -> Option<&str> {
        value_of(&self.query, key)
    }
}

fn value_of<'q>(query: &'q str, key: &str) -> Option<&'q str> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| *name == key).map(|(_, value)| value).next_back()
}

/// Headers that every answer carries. Nothing may be loaded from elsewhere, nobody may frame a
/// page, and forms go nowhere else.
const CARRIED: [(HeaderName, &str); 5] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The middleware.
pub(super) async fn guard(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let Some(caller) = request.extensions().get::<Caller>().cloned() else {
        return Refusal::from(Why::Broken).into_response();
    };
    let asked = format!("{} {}", request.method(), shown(request.uri()));
    let query = request.uri().query().unwrap_or_default();
    let chosen = value_of(query, "lang").and_then(Language::of);
    let web = site.web();
    let language = language(&web, chosen, request.headers());
    let response = match admit(&site, &web, &caller, &request, language) {
        Ok(visitor) => {
            request.extensions_mut().insert(visitor);
            answer(next, request).await
        }
        Err(why) => Refusal::from(why).into_response(),
    };
    let mut response = told(response, &caller, &asked, language);
    let headers = response.headers_mut();
    for (name, value) in CARRIED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Some(language) = chosen {
        let secure = if web.tls.is_some() { "; Secure" } else { "" };
        let tag = language.tag();
        let cookie = format!(
            "{LANGUAGE}={tag}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict{secure}"
        );
        headers.extend(HeaderValue::from_str(&cookie).map(|cookie| (SET_COOKIE, cookie)));
    }
    response
}

/// The answer, however its handler ends.
async fn answer(next: Next, request: Request) -> Response {
    let handling = tokio::spawn(next.run(request));
    let stop = handling.abort_handle();
    match timeout(ANSWER_TIMEOUT, handling).await {
        Ok(Ok(response)) => response,
        // Its panic is in the log.
        Ok(Err(_)) => Refusal::from(Why::Broken).into_response(),
        Err(_) => {
            stop.abort();
            let log = Some(format!("it took longer than {} s", ANSWER_TIMEOUT.as_secs()));
            Refusal { log, ..Why::Unavailable.into() }.into_response()
        }
    }
}

/// Who is let in.
fn admit(
    site: &Site,
    web: &Web,
    caller: &Caller,
    request: &Request,
    language: Language,
) -> Result<Visitor, Why> {
    let (headers, uri) = (request.headers(), request.uri());
    let mut hosts = headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    };
    let is_ours = |host: &str| site.hosts().include(&web.hosts, host);
    if !host.is_some_and(is_ours) || !uri.authority().is_none_or(|it| is_ours(it.as_str())) {
        return Err(Why::UnknownHost);
    }
    if ![Method::GET, Method::HEAD, Method::POST].contains(request.method()) {
        return Err(Why::BadMethod);
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > BODY_BYTES as u64) {
        return Err(Why::TooLarge);
    }
    let user = match identity::user(web, caller, headers) {
        Ok(user) => user,
        Err(Stranger::Forged) => return Err(Why::ForgedIdentity),
        Err(Stranger::Nameless) if is_open(uri.path(), caller) => None,
        Err(Stranger::Nameless) => return Err(Why::NotSignedIn),
    };
    let may_act = user.as_ref().is_some_and(|user| web.operators.contains(user));
    Ok(Visitor { user, may_act, language, query: uri.query().unwrap_or_default().to_owned() })
}

/// What is about nobody: to be had without a name. The figures only from this machine.
fn is_open(path: &str, caller: &Caller) -> bool {
    let is_figures = path == "/metrics" || path.starts_with("/health/");
    path.starts_with("/static/") || (is_figures && caller.is_here())
}

/// The language to answer in: as chosen just now, or once, or as the browser has it.
fn language(web: &Web, chosen: Option<Language>, headers: &HeaderMap) -> Language {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let kept = || {
        let mut cookies = text(COOKIE)?.split(';').filter_map(|one| one.trim().split_once('='));
        let (_, tag) = cookies.find(|(name, _)| *name == LANGUAGE)?;
        Language::of(tag)
    };
    let liked = || {
        let mut tags = text(ACCEPT_LANGUAGE)?.split(',').map(str::trim);
        tags.find_map(|tag| Language::of(tag.split(['-', ';']).next().unwrap_or_default()))
    };
    chosen.or_else(kept).or_else(liked).unwrap_or(web.language)
}

/// What the log shows of what was asked: never the values behind the `?`.
fn shown(uri: &Uri) -> String {
    let path: String = uri.path().chars().take(LOGGED).collect();
    let cut = if path.len() < uri.path().len() { "…" } else { "" };
    format!("{}{cut}", path.escape_debug())
}

/// Logs a refusal and makes a page of it.
fn told(response: Response, caller: &Caller, asked: &str, language: Language) -> Response {
    let status = response.status();
    let is_refused = status.is_client_error() || status.is_server_error();
    if !is_refused || response.extensions().get::<AsAsked>().is_some() {
        return response;
    }
    let refusal = response.extensions().get::<Refusal>().cloned();
    let refusal = refusal.unwrap_or_else(|| Why::of(status).into());
    let (code, peer) = (refusal.why.code(), caller);
    let more = refusal.log.as_deref().unwrap_or_default();
    match refusal.why {
        Why::Broken | Why::Unavailable => {
            tracing::error!(code, %peer, asked, "the status page failed: {more}");
        }
        _ => tracing::warn!(code, %peer, asked, "the status page refused a request"),
    }
    page::refused(&refusal, language)
}
