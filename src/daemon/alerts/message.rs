//! What a hook is told: the alerts of one kind, as one message for people or one object for
//! machines. No personal data: what is said of a file is its name, its code and its fault.

use crate::clock::danish;
use crate::config::{Address, Stdin};
use crate::domain::Miljoe;
use crate::fault::AlertKind;
use crate::store::{Alert, Moment};
use serde_json::{Value, json};
use std::fmt::Write as _;
use uuid::Uuid;

/// Alerts listed one by one; of more only the number is told.
const LISTED: usize = 20;

/// Longest line of a mail, bytes: RFC 5322 allows 998.
const LONGEST_LINE: usize = 900;

/// Where operators read what a kind means and what to do.
const RUNBOOK: &str = "docs/runbook.md";

/// One message.
pub(super) struct Message {
    miljoe: Miljoe,
    at: Moment,
    kind: &'static str,
    /// What it means.
    meaning: &'static str,
    listed: Vec<Item>,
    more: usize,
}

/// One alert, as it is told.
struct Item {
    subject: String,
    since: Moment,
    text: String,
    next: String,
}

impl Message {
    /// These alerts, all of one kind, at least one.
    pub(super) fn new(miljoe: Miljoe, at: Moment, kind: AlertKind, alerts: &[&Alert]) -> Self {
        let item = |alert: &&Alert| Item {
            subject: alert.concern.subject.clone(),
            since: alert.concern.since,
            text: one_line(&alert.concern.text),
            next: one_line(&alert.concern.next),
        };
        let listed: Vec<_> = alerts.iter().take(LISTED).map(item).collect();
        let more = alerts.len() - listed.len();
        Self { miljoe, at, kind: kind.as_str(), meaning: kind.meaning(), listed, more }
    }

    /// That this is a test.
    pub(super) fn test(miljoe: Miljoe, at: Moment, who: &str, why: &str) -> Self {
        let item = Item {
            subject: "test".to_owned(),
            since: at,
            text: one_line(&format!("{who}: {why}")),
            next: "modregn alerts".to_owned(),
        };
        let meaning = "Nothing is wrong: this is a test of the alerts.";
        Self { miljoe, at, kind: "test", meaning, listed: vec![item], more: 0 }
    }

    /// What `MODREGN_ALERT_KIND` says.
    pub(super) const fn kind(&self) -> &'static str {
        self.kind
    }

    /// As a hook wants it.
    pub(super) fn for_stdin(&self, form: &Stdin) -> String {
        match form {
            Stdin::Mail { from, to } => self.mail(from, to),
            Stdin::Json => format!("{}\n", self.json()),
        }
    }

    fn count(&self) -> usize {
        self.listed.len() + self.more
    }

    /// One line for those who see nothing else.
    fn summary(&self) -> String {
        format!("modregn {}: {} ({})", self.miljoe.code(), self.kind, self.count())
    }

    fn runbook(&self) -> String {
        format!("{RUNBOOK}#{}", self.kind)
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n", self.meaning);
        for Item { since, text: what, next, .. } in &self.listed {
            let since = danish(*since);
            let _ = write!(text, "\n{what}\n    since {since}\n    next: {next}\n");
        }
        if self.more > 0 {
            let _ = write!(text, "\nand {} more: modregn alerts\n", self.more);
        }
        let _ = write!(text, "\nWhat it means and what to do: {}\n", self.runbook());
        text
    }

    fn mail(&self, from: &Address, to: &[Address]) -> String {
        let to: Vec<_> = to.iter().map(Address::as_str).collect();
        let mut mail = format!(
            "Date: {date}\nFrom: {from}\nTo: {to}\nSubject: {subject}\n\
             Message-ID: <{id}@{domain}>\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n\
             Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n",
            date = self.at.to_rfc2822(),
            from = from.as_str(),
            to = to.join(",\n "),
            subject = self.summary(),
            id = Uuid::now_v7(),
            domain = from.domain(),
        );
        for line in self.text().lines() {
            fold(line, &mut mail);
        }
        mail
    }

    fn json(&self) -> Value {
        let item = |item: &Item| {
            let Item { subject, since, text, next } = item;
            json!({ "subject": subject, "since": since, "text": text, "next": next })
        };
        json!({
            "kind": self.kind,
            "miljoe": self.miljoe.code(),
            "summary": self.summary(),
            "meaning": self.meaning,
            "count": self.count(),
            "alerts": self.listed.iter().map(item).collect::<Vec<_>>(),
            "more": self.more,
            "runbook": self.runbook(),
        })
    }
}

/// Nothing that is told ends a line or moves a cursor.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Adds a line of a mail, in parts where it is too long for one.
fn fold(line: &str, mail: &mut String) {
    let mut rest = line;
    while rest.len() > LONGEST_LINE {
        let fits = (0..=LONGEST_LINE).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(0);
        let end = rest[..fits].rfind(' ').filter(|end| *end > 0).unwrap_or(fits);
        let (part, after) = rest.split_at(end);
        mail.push_str(part);
        mail.push('\n');
        rest = after;
    }
    mail.push_str(rest);
    mail.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Concern;
    use std::collections::BTreeSet;

    fn alert(nr: i64, text: &str) -> Alert {
        let at = "2026-06-30T21:59:01Z".parse().unwrap();
        let concern = Concern {
            kind: AlertKind::FileRejected,
            subject: format!("subject-{nr}"),
            since: at,
            text: text.to_owned(),
            next: "modregn files show 1".to_owned(),
        };
        let (sent_at, tried_at, taken_by) = (None, None, BTreeSet::new());
        Alert { nr, concern, raised_at: at, sent_at, attempts: 0, tried_at, taken_by }
    }

    fn message(alerts: &[Alert]) -> Message {
        let alerts: Vec<_> = alerts.iter().collect();
        let at = "2026-11-22T05:00:00Z".parse().unwrap();
        Message::new(Miljoe::Test, at, AlertKind::FileRejected, &alerts)
    }

    fn address(text: &str) -> Address {
        Address::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn a_mail_has_its_headers_and_says_what_is_wrong_and_what_to_do() {
        let to = [address("drift@udk.example"), address("vagt@udk.example")];
        let form = Stdin::Mail { from: address("modregn@udk.example"), to: to.to_vec() };
        let mail = message(&[alert(1, "rejected a.txt: bad-date: æøå")]).for_stdin(&form);
        let (head, body) = mail.split_once("\n\n").unwrap();
        let (before, after) = head.split_once("Message-ID: <").unwrap();
        assert_eq!(
            before,
            "Date: Sun, 22 Nov 2026 05:00:00 +0000\nFrom: modregn@udk.example\n\
             To: drift@udk.example,\n vagt@udk.example\nSubject: modregn TEST: file-rejected (1)\n"
        );
        assert!(after.contains("@udk.example>\nAuto-Submitted: auto-generated\n"), "{after}");
        assert!(head.ends_with("charset=utf-8\nContent-Transfer-Encoding: 8bit"), "{head}");
        assert_eq!(
            body,
            "A file was rejected: nothing of it was applied, its sender must be told.\n\n\
             rejected a.txt: bad-date: æøå\n    since 2026-06-30 23:59:01\n    \
             next: modregn files show 1\n\n\
             What it means and what to do: docs/runbook.md#file-rejected\n"
        );
    }

    #[test]
    fn twenty_are_listed_and_the_rest_counted() {
        let alerts: Vec<_> = (1..=23).map(|nr| alert(nr, &format!("file {nr}:"))).collect();
        let message = message(&alerts);
        let text = message.text();
        assert!(text.contains("file 20:") && !text.contains("file 21:"), "{text}");
        assert!(text.contains("\nand 3 more: modregn alerts\n"), "{text}");
        let json: Value = serde_json::from_str(&message.for_stdin(&Stdin::Json)).unwrap();
        assert_eq!((&json["count"], &json["more"]), (&json!(23), &json!(3)));
        assert_eq!(json["alerts"].as_array().unwrap().len(), 20);
        assert_eq!(json["alerts"][0]["subject"], "subject-1");
        assert_eq!(json["alerts"][0]["since"], "2026-06-30T21:59:01Z");
        assert_eq!(json["runbook"], "docs/runbook.md#file-rejected");
        assert_eq!(json["summary"], "modregn TEST: file-rejected (23)");
    }

    #[test]
    fn nothing_from_outside_makes_a_line_or_one_that_is_too_long() {
        let long = format!("a\nBcc: x@y\r{}", "æ word ".repeat(400));
        let form = Stdin::Mail { from: address("a@b"), to: vec![address("c@d")] };
        let mail = message(&[alert(1, &long), alert(2, &"ø".repeat(2000))]).for_stdin(&form);
        assert!(!mail.lines().any(|line| line.starts_with("Bcc:")), "{mail}");
        assert!(mail.lines().all(|line| line.len() <= 998));
        assert_eq!((mail.matches('æ').count(), mail.matches("word").count()), (400, 400));
        assert_eq!(mail.matches('ø').count(), 2000);
        assert!(!mail.contains('\r'));
    }
}
