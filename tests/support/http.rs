//! What a browser sends and gets, byte by byte, so that a test can send what no browser would.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test program uses a part; one that panics has failed, as it should"
)]

use super::personal::holds_none;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

/// Who asks, and where.
#[derive(Clone)]
pub struct Browser {
    address: String,
    headers: Vec<(String, String)>,
}

/// What was answered.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    head: String,
    pub body: String,
}

/// An answer takes far less.
const PATIENCE: Duration = Duration::from_secs(60);

impl Browser {
    /// One that asks at `127.0.0.1:8642`, or at `unix:` and a path, under a right name.
    pub fn at(address: &str) -> Self {
        let host = if address.starts_with("unix:") { "localhost" } else { address };
        Self { address: address.to_owned(), headers: Vec::new() }.with("Host", host)
    }

    /// The same, which always sends this, and no other header of the name.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.retain(|(has, _)| !has.eq_ignore_ascii_case(name));
        other.headers.push((name.to_owned(), value.to_owned()));
        other
    }

    /// The same, which never sends this.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.headers.retain(|(has, _)| !has.eq_ignore_ascii_case(name));
        other
    }

    pub fn get(&self, path: &str) -> Page {
        self.ask("GET", path, "")
    }

    /// Asks until the page says this.
    pub fn wait_for(&self, path: &str, says: &str) -> String {
        let begun = Instant::now();
        loop {
            let page = self.get(path).body;
            if page.contains(says) {
                return page;
            }
            assert!(begun.elapsed() < PATIENCE, "no {says}: {page}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends a form, as a page of ours would.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        let form = pairs.collect::<Vec<_>>().join("&");
        let kind = "application/x-www-form-urlencoded";
        self.with("Content-Type", kind).ask("POST", path, &form)
    }

    pub fn ask(&self, method: &str, path: &str, body: &str) -> Page {
        self.send(self.request(method, path, body).as_bytes())
    }

    /// The bytes of a request.
    pub fn request(&self, method: &str, path: &str, body: &str) -> String {
        let headers = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let headers: String = headers.collect();
        let length = body.len();
        format!(
            "{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
    }

    /// Sends these bytes and waits for the end of the answer.
    pub fn send(&self, bytes: &[u8]) -> Page {
        let page = match self.address.strip_prefix("unix:") {
            Some(path) => talk(UnixStream::connect(path).unwrap(), bytes),
            None => talk(self.connect(), bytes),
        };
        holds_none("a page", &page.body);
        page
    }

    /// A connection on which nothing has been asked.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

fn talk(mut stream: impl Read + Write, bytes: &[u8]) -> Page {
    // Who is refused half way cannot send the rest.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Page::of(&answer)
}

impl Page {
    /// An answer's bytes taken apart; status 0 = there was none.
    pub fn of(answer: &[u8]) -> Self {
        let text = String::from_utf8_lossy(answer);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            unchunked(body)
        } else {
            body.to_owned()
        };
        Self { status: status.unwrap_or(0), head: head.to_owned(), body }
    }

    /// A header's value; empty = it is not there.
    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(has, _)| has.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value).unwrap_or_default()
    }

    /// The value of the hidden field of this name, after this text.
    pub fn hidden(&self, after: &str, name: &str) -> String {
        let (_, rest) = self.body.split_once(after).unwrap_or_else(|| panic!("no {after}"));
        let (_, rest) = rest.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    }
}

fn unchunked(body: &str) -> String {
    let (mut whole, mut rest) = (String::new(), body);
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        whole.push_str(&after[..size]);
        rest = &after[size + 2..];
    }
    whole
}

/// A value as a form sends it.
pub fn encoded(value: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    value.bytes().map(one).collect()
}
