//! The status page for browsers: where it listens, whom it believes, and who may act.

use crate::endpoint::Secret;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// The status page, `[web]`. For a modregn built with the feature `web`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Web {
    /// Where it listens: an address and port, or `unix:` and the absolute path of a socket. An
    /// address that other machines can reach needs `tls` and a way to know who asks.
    #[serde(default)]
    pub listen: Listen,
    /// Further names that browsers may call it by, besides `localhost` and its address: a request
    /// under another name is refused, so that no other site can point its own name here.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Who may act (release, retry, cancel and the like), by the names they sign in with. None =
    /// the page is only read.
    #[serde(default)]
    pub operators: BTreeSet<String>,
    /// The language of whoever has chosen none.
    #[serde(default)]
    pub language: Language,
    /// The certificate it shows.
    pub tls: Option<Tls>,
    /// The authorities whose client certificates let somebody in, PEM; their user is the
    /// certificate's CN. Everybody needs one then.
    pub client_ca: Option<PathBuf>,
    /// Or: a proxy in front that knows who asks.
    pub proxy: Option<Proxy>,
}

/// Where a page is served, and what is shown and asked there.
pub type Stand = (Listen, Option<Tls>, Option<PathBuf>);

impl Web {
    /// What cannot change while the page is served.
    pub fn stand(&self) -> Stand {
        (self.listen.clone(), self.tls.clone(), self.client_ca.clone())
    }
}

/// Where the page listens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Listen {
    /// An address and a TCP port; 0 = any that is free, told in the log.
    Tcp(SocketAddr),
    /// A socket of this machine, mode 0660.
    Unix(PathBuf),
}

impl Listen {
    /// Whether only this machine can reach it.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self::Tcp(([127, 0, 0, 1], 8642).into())
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl TryFrom<String> for Listen {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.strip_prefix("unix:") {
            Some(path) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            Some(_) => Err("expected an absolute path after `unix:`"),
            None => text.parse().map(Self::Tcp).map_err(
                |_| "expected an address and port, such as 127.0.0.1:8642, or unix:/run/…",
            ),
        }
    }
}

/// A language of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Danish.
    #[default]
    Da,
    /// English.
    En,
}

impl Language {
    /// Every one there is.
    pub const ALL: [Self; 2] = [Self::Da, Self::En];

    /// Its tag (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Da => "da",
            Self::En => "en",
        }
    }

    /// The one of this tag.
    pub fn of(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }
}

/// The certificate the page shows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate and those that it rests on, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM: a file that only we may read (a path with a /), or the name of a
    /// systemd credential.
    pub key: Secret,
}

/// A proxy in front of the page that knows who asks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    /// Where it asks from: addresses; `unix` where the page listens on a socket, whose permissions
    /// say who gets to it.
    pub trusted: BTreeSet<Peer>,
    /// The header in which it names the user. From anybody else it is refused.
    #[serde(default = "default_user_header")]
    pub user_header: String,
}

fn default_user_header() -> String {
    "X-Remote-User".to_owned()
}

/// Where a proxy asks from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub enum Peer {
    /// This address.
    Address(IpAddr),
    /// The other end of the socket.
    Unix,
}

impl TryFrom<String> for Peer {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "unix" => Ok(Self::Unix),
            text => text.parse().map(Self::Address).map_err(|_| "expected an address, or `unix`"),
        }
    }
}

impl Web {
    /// Whether it knows who asks.
    pub const fn knows_users(&self) -> bool {
        self.proxy.is_some() || self.client_ca.is_some()
    }

    /// Makes relative paths relative to `base`, the directory of the configuration.
    pub(super) fn resolve(&mut self, base: &Path) {
        if let Some(tls) = &mut self.tls {
            tls.certificate = base.join(&tls.certificate);
            tls.key.resolve(base);
        }
        self.client_ca = self.client_ca.take().map(|file| base.join(file));
    }

    /// What does not agree with each other here.
    pub(super) fn contradictions(&self) -> Vec<String> {
        let is_unix = matches!(self.listen, Listen::Unix(_));
        let listen = &self.listen;
        let mut faults = Vec::new();
        let mut fault = |wrong: bool, what: &str| {
            if wrong {
                faults.push(what.to_owned());
            }
        };
        fault(
            cfg!(not(feature = "web")),
            "web: this modregn is built without the feature `web`: it has no status page; take \
             [web] out, or build it with --features web",
        );
        fault(
            !(listen.is_local() || (self.tls.is_some() && self.knows_users())),
            &format!(
                "web.listen: other machines can reach {listen}: it needs `tls`, and [web.proxy] \
                 or `client_ca` to know who asks; or listen on 127.0.0.1 or unix:/run/…"
            ),
        );
        fault(is_unix && self.tls.is_some(), "web.tls: a unix socket needs none: leave it out");
        fault(
            self.client_ca.is_some() && self.tls.is_none(),
            "web.client_ca: client certificates need `tls`",
        );
        fault(
            self.client_ca.is_some() && self.proxy.is_some(),
            "web: either `client_ca` or [web.proxy] says who asks, not both",
        );
        fault(
            !self.operators.is_empty() && !self.knows_users(),
            "web.operators: nobody's name is known: it needs [web.proxy] or `client_ca`",
        );
        fault(
            self.operators.iter().any(|name| !is_name(name)),
            "web.operators: expected names of 1 to 64 characters without control characters",
        );
        fault(
            self.hosts.iter().any(|host| !is_host(host)),
            "web.hosts: expected names such as modregn.udk.example: lower case, no port",
        );
        if let Some(proxy) = &self.proxy {
            fault(proxy.trusted.is_empty(), "web.proxy.trusted: expected at least one address");
            fault(
                !proxy.trusted.is_empty() && proxy.trusted.contains(&Peer::Unix) != is_unix,
                "web.proxy.trusted: expected [\"unix\"] with a unix socket, addresses without",
            );
            fault(
                !is_header(&proxy.user_header),
                "web.proxy.user_header: expected a header's name, such as X-Remote-User",
            );
        }
        faults
    }
}

/// Longest name of a user, characters.
const LONGEST_NAME: usize = 64;

/// Whether it can be a user's name: it is kept in the event log and shown.
pub fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.chars().count())
        && !name.chars().any(char::is_control)
        && name.trim() == name
}

fn is_host(host: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    !host.is_empty() && host.chars().all(is_plain)
}

fn is_header(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

#[cfg(feature = "web")]
#[cfg(test)]
mod tests {
    use super::super::{Config, EXAMPLE};
    use super::*;

    const GUARDED: &str = "listen = \"192.0.2.1:443\"\nclient_ca = \"ca.pem\"\n\
         operators = [\"anna\"]\ntls = { certificate = \"web.pem\", key = \"web-key\" }\n";

    fn parse(web: &str) -> Result<Web, String> {
        let text = format!("{EXAMPLE}\n[web]\n{web}");
        let config = Config::parse(&text, "modregn.toml", Path::new("/etc/modregn"));
        config.map(|config| config.web.unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_example_of_the_page_is_good() {
        let part = &EXAMPLE[EXAMPLE.find("# [web]").unwrap()..];
        let part = &part[..part.find("\n\n").unwrap()];
        let lines = part.lines().filter(|line| !line.starts_with("##"));
        let part: Vec<_> = lines.map(|line| line.trim_start_matches("# ")).collect();
        let text = format!("{EXAMPLE}\n{}", part.join("\n"));
        let config = Config::parse(&text, "modregn.toml", Path::new("/etc/modregn")).unwrap();
        let web = config.web.unwrap();
        assert_eq!((web.listen, web.language), (Listen::default(), Language::default()));
        assert_eq!(web.proxy.unwrap().user_header, default_user_header());
    }

    #[test]
    fn what_nobody_says_is_safe() {
        let web = parse("").unwrap();
        assert!(web.listen.is_local() && web.operators.is_empty() && !web.knows_users());
        let web = parse(GUARDED).unwrap();
        assert_eq!(web.client_ca.as_deref(), Some(Path::new("/etc/modregn/ca.pem")));
        assert_eq!(web.tls.unwrap().key.0, "web-key", "the name of a credential stays");
    }

    #[test]
    fn contradictions_are_told() {
        let proxy = "[web.proxy]\ntrusted = [\"192.0.2.7\"]\n";
        let socket = "listen = \"unix:/run/modregn/web.sock\"\n";
        let table = [
            ("listen = \"0.0.0.0:80\"".to_owned(), "other machines can reach 0.0.0.0:80"),
            (GUARDED.replace("client_ca = \"ca.pem\"\n", ""), "to know who asks"),
            ("listen = \"localhost:80\"".to_owned(), "such as 127.0.0.1:8642"),
            ("listen = \"unix:web.sock\"".to_owned(), "an absolute path"),
            ("client_ca = \"ca.pem\"".to_owned(), "client certificates need `tls`"),
            ("operators = [\"anna\"]".to_owned(), "nobody's name is known"),
            (format!("{GUARDED}{proxy}"), "not both"),
            (format!("{socket}{proxy}"), "expected [\"unix\"]"),
            (proxy.replace("192.0.2.7", "unix"), "expected [\"unix\"]"),
            (proxy.replace("[\"192.0.2.7\"]", "[]"), "at least one address"),
            (format!("{proxy}user_header = \"X: y\""), "a header's name"),
            ("hosts = [\"https://here\"]".to_owned(), "lower case, no port"),
            ("language = \"sv\"".to_owned(), "unknown variant"),
        ];
        for (web, says) in table {
            let error = parse(&web).unwrap_err();
            assert!(error.contains(says), "{says:?} is not in: {error}");
        }
    }
}
