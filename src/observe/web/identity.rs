//! Who asks: whom we believe when they say so, and under which name we are asked.

use crate::config::Web;
use crate::config::web::{Listen, Peer, is_name};
use axum::http::HeaderMap;
use axum::http::uri::Authority;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// The other end of a connection.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) peer: Peer,
    /// The CN of its certificate.
    pub(super) certificate: Option<String>,
}

impl Caller {
    /// Whether it asks from this machine.
    pub(super) const fn is_here(&self) -> bool {
        match self.peer {
            Peer::Address(address) => address.is_loopback(),
            Peer::Unix => true,
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.peer {
            Peer::Address(address) => address.fmt(f),
            Peer::Unix => f.write_str("unix"),
        }
    }
}

/// Why it is not known who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stranger {
    /// Nobody says who it is.
    Nameless,
    /// Somebody says so whom we do not believe.
    Forged,
}

/// The user who asks; `None` = nobody has to sign in here.
pub(super) fn user(
    web: &Web,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<Option<String>, Stranger> {
    if web.client_ca.is_some() {
        let user = caller.certificate.clone().filter(|name| is_name(name));
        return user.map(Some).ok_or(Stranger::Nameless);
    }
    let Some(proxy) = &web.proxy else { return Ok(None) };
    let mut said = headers.get_all(&proxy.user_header).iter();
    match (said.next(), said.next()) {
        (Some(_), _) if !proxy.trusted.contains(&caller.peer) => Err(Stranger::Forged),
        (Some(name), None) => {
            let name = std::str::from_utf8(name.as_bytes()).ok().filter(|name| is_name(name));
            name.map(|name| Some(name.to_owned())).ok_or(Stranger::Nameless)
        }
        // Twice: a proxy that adds its header and leaves what came.
        (Some(_), Some(_)) => Err(Stranger::Forged),
        (None, _) => Err(Stranger::Nameless),
    }
}

/// The addresses we are asked under.
#[derive(Debug)]
pub(super) struct Hosts {
    addresses: Vec<IpAddr>,
    /// The port that goes with `localhost` and addresses; `None` = any.
    port: Option<u16>,
}

impl Hosts {
    pub(super) fn new(web: &Web, bound: Option<SocketAddr>) -> Self {
        let mut addresses =
            vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
        if let Listen::Tcp(address) = web.listen {
            addresses.push(address.ip());
        }
        Self { addresses, port: bound.map(|address| address.port()) }
    }

    /// Whether a request for this authority is meant for us, who are called by these `names` too.
    pub(super) fn include(&self, names: &[String], authority: &str) -> bool {
        let Ok(authority) = authority.parse::<Authority>() else { return false };
        if authority.as_str().contains('@') {
            return false;
        }
        let host = authority.host().to_ascii_lowercase();
        if names.contains(&host) {
            return true;
        }
        let is_ours = self.port.is_none() || authority.port_u16() == self.port;
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        let is_address = literal.parse().is_ok_and(|address| self.addresses.contains(&address));
        is_ours && (host == "localhost" || is_address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn web(text: &str) -> Web {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn only_our_own_names_are_ours() {
        let web = web("hosts = [\"modregn.udk.example\"]");
        let hosts = Hosts::new(&web, Some(([127, 0, 0, 1], 8642).into()));
        let ours = ["localhost:8642", "127.0.0.1:8642", "[::1]:8642", "LOCALHOST:8642"];
        let names = ["modregn.udk.example", "Modregn.UDK.example:443"];
        for name in ours.iter().chain(&names) {
            assert!(hosts.include(&web.hosts, name), "{name}");
        }
        let others = ["evil.example:8642", "localhost", "localhost:80", "127.0.0.2:8642", ""];
        let odd = ["a@localhost:8642", "localhost:8642/x", "modregn.udk.example.evil.example"];
        for name in others.iter().chain(&odd) {
            assert!(!hosts.include(&web.hosts, name), "{name}");
        }
    }

    #[test]
    fn a_name_is_believed_of_a_trusted_proxy_alone() {
        let web = web("[proxy]\ntrusted = [\"192.0.2.7\"]");
        let caller = |address: &str| Caller {
            peer: Peer::Address(address.parse().unwrap()),
            certificate: None,
        };
        let says = |names: &[&str]| {
            let mut headers = HeaderMap::new();
            for name in names {
                headers.append("x-remote-user", HeaderValue::from_bytes(name.as_bytes()).unwrap());
            }
            headers
        };
        let (proxy, other) = (caller("192.0.2.7"), caller("192.0.2.8"));
        assert_eq!(user(&web, &proxy, &says(&["anna"])), Ok(Some("anna".to_owned())));
        assert_eq!(user(&web, &proxy, &says(&["Søren Å"])), Ok(Some("Søren Å".to_owned())));
        for nameless in [&[][..], &[""], &[" anna"]] {
            assert_eq!(user(&web, &proxy, &says(nameless)), Err(Stranger::Nameless));
        }
        assert_eq!(user(&web, &proxy, &says(&["anna", "bo"])), Err(Stranger::Forged));
        assert_eq!(user(&web, &other, &says(&["anna"])), Err(Stranger::Forged));
        assert_eq!(user(&web, &other, &says(&[])), Err(Stranger::Nameless));
    }
}
