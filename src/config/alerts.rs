//! Whom alerts go to: programs of this machine, told on their standard input.

use crate::fault::AlertKind;
use serde::Deserialize;
use std::path::Path;
use std::time::Duration;

/// How alerts leave.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Alerts {
    /// How often the daemon looks for what is wrong, seconds, from 1.
    pub every_seconds: u32,
    /// Whom they are handed to. None = they are kept, logged and counted only.
    #[serde(rename = "hook")]
    pub hooks: Vec<Hook>,
}

impl Default for Alerts {
    fn default() -> Self {
        Self { every_seconds: 60, hooks: Vec::new() }
    }
}

impl Alerts {
    /// How often the daemon looks for what is wrong.
    pub fn every(&self) -> Duration {
        Duration::from_secs(self.every_seconds.max(1).into())
    }

    /// What does not agree with each other here.
    pub(super) fn contradictions(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.every_seconds == 0 {
            faults.push("alerts.every_seconds: expected at least 1".to_owned());
        }
        for (at, hook) in self.hooks.iter().enumerate() {
            if self.hooks[..at].iter().any(|other| other.name == hook.name) {
                let name = &hook.name;
                faults.push(format!(
                    "alerts.hook[{at}]: an earlier hook is called {name} too: give each a `name`"
                ));
            }
        }
        faults
    }
}

/// A program that alerts are handed to.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "RawHook")]
pub struct Hook {
    /// Its name in the store and in logs; it says what was taken already, also after a restart.
    pub name: String,
    /// The program, by its absolute path, and its arguments. No shell sees them.
    pub command: Vec<String>,
    /// What it gets on its standard input.
    pub stdin: Stdin,
    /// The kinds it wants; empty = all.
    pub kinds: Vec<AlertKind>,
    /// For how long it may take; then it is killed, with all it has started.
    pub timeout: Duration,
}

/// What a hook gets on its standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stdin {
    /// A mail, with all its headers (RFC 5322; lines end as on this machine).
    Mail {
        /// Who sends it.
        from: Address,
        /// Who gets it, at least one.
        to: Vec<Address>,
    },
    /// One JSON object.
    Json,
}

impl Hook {
    /// Whether it is to be told of alerts of this kind.
    pub fn wants(&self, kind: AlertKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}

/// A mail address, `local@domain`, of ASCII characters that need no quoting.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Address(String);

impl Address {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the @.
    pub fn domain(&self) -> &str {
        self.0.rsplit('@').next().unwrap_or_default()
    }
}

/// Longest address, characters (RFC 5321: a path of 256 with its angle brackets).
const LONGEST_ADDRESS: usize = 254;

impl TryFrom<String> for Address {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c);
        let parts: Vec<_> = text.split('@').collect();
        let is_one = parts.len() == 2
            && text.len() <= LONGEST_ADDRESS
            && parts.iter().all(|part| !part.is_empty() && part.chars().all(is_plain));
        if is_one { Ok(Self(text)) } else { Err("expected a mail address such as drift@udk.dk") }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHook {
    name: Option<String>,
    command: Vec<String>,
    stdin: Form,
    #[serde(default)]
    from: Option<Address>,
    #[serde(default)]
    to: Vec<Address>,
    #[serde(default)]
    kinds: Vec<AlertKind>,
    #[serde(default = "timeout_seconds")]
    timeout_seconds: u16,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    Mail,
    Json,
}

const fn timeout_seconds() -> u16 {
    30
}

/// Longest that a hook may take, seconds: for so long it can keep the daemon from stopping.
const LONGEST: u16 = 120;

impl TryFrom<RawHook> for Hook {
    type Error = &'static str;

    fn try_from(raw: RawHook) -> Result<Self, Self::Error> {
        let Some(program) = raw.command.first().filter(|path| Path::new(path).is_absolute()) else {
            return Err("`command` begins with the absolute path of a program");
        };
        if raw.command.iter().any(|word| word.contains('\0')) {
            return Err("`command` has a NUL character");
        }
        if !(1..=LONGEST).contains(&raw.timeout_seconds) {
            return Err("`timeout_seconds` is 1 to 120");
        }
        let stdin = match (raw.stdin, raw.from, raw.to) {
            (Form::Mail, Some(from), to) if !to.is_empty() => Stdin::Mail { from, to },
            (Form::Mail, ..) => return Err("a mail needs `from` and `to`"),
            (Form::Json, None, to) if to.is_empty() => Stdin::Json,
            (Form::Json, ..) => return Err("`from` and `to` are for `stdin = \"mail\"`"),
        };
        Ok(Self {
            name: raw.name.unwrap_or_else(|| program.clone()),
            stdin,
            kinds: raw.kinds,
            timeout: Duration::from_secs(raw.timeout_seconds.into()),
            command: raw.command,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(text: &str) -> Result<Hook, toml::de::Error> {
        toml::from_str(text)
    }

    const MAIL: &str = "command = [\"/usr/sbin/sendmail\", \"-t\"]\nstdin = \"mail\"\n\
                        from = \"modregn@udk.example\"\nto = [\"drift@udk.example\"]\n";

    #[test]
    fn a_hook_is_called_by_its_program_unless_it_has_a_name() {
        let mail = hook(MAIL).unwrap();
        assert_eq!(mail.name, "/usr/sbin/sendmail");
        assert_eq!(mail.timeout, Duration::from_secs(30));
        assert!(AlertKind::ALL.iter().all(|kind| mail.wants(*kind)));
        let named = hook(&format!("{MAIL}name = \"vagt\"\nkinds = [\"disk-nearly-full\"]"));
        let named = named.unwrap();
        assert_eq!(named.name, "vagt");
        assert!(named.wants(AlertKind::DiskNearlyFull) && !named.wants(AlertKind::FileRejected));
    }

    #[test]
    fn says_what_is_wrong_about_a_hook() {
        let table = [
            ("/usr/sbin/sendmail", "sendmail", "absolute path"),
            ("[\"/usr/sbin/sendmail\", \"-t\"]", "[]", "absolute path"),
            ("\"-t\"", "\"\\u0000\"", "NUL"),
            ("from = \"modregn@udk.example\"", "", "needs `from` and `to`"),
            ("[\"drift@udk.example\"]", "[]", "needs `from` and `to`"),
            ("stdin = \"mail\"", "stdin = \"json\"", "are for `stdin = \"mail\"`"),
            ("stdin = \"mail\"", "stdin = \"sms\"", "unknown variant `sms`"),
            ("drift@udk.example", "drift", "expected a mail address"),
            ("drift@udk.example", "a@b\\nBcc: c@d", "expected a mail address"),
            ("drift@udk.example", "@udk.example", "expected a mail address"),
            ("stdin", "timeout_seconds = 0\nstdin", "1 to 120"),
            ("stdin", "timeout_seconds = 121\nstdin", "1 to 120"),
            ("stdin", "kinds = [\"disk\"]\nstdin", "expected one of file-needs-operator"),
            ("stdin", "shell = true\nstdin", "unknown field `shell`"),
        ];
        for (from, to, says) in table {
            let text = MAIL.replacen(from, to, 1);
            assert_ne!(text, MAIL, "{from}");
            let error = hook(&text).unwrap_err().to_string();
            assert!(error.contains(says), "{says:?} is not in: {error}");
        }
    }

    #[test]
    fn the_example_of_a_hook_is_good() {
        let example = super::super::EXAMPLE;
        let section = &example[example.find("[alerts]").unwrap()..];
        let section = &section[..section.find("\n# A place").unwrap()];
        let setting = |line: &&str| {
            let name = line.split(" = ").next().unwrap_or_default();
            name.len() < line.len() && !name.contains(' ') || line.starts_with('[')
        };
        let lines = section.lines().map(|line| line.trim_start_matches("# "));
        let text = lines.filter(setting).collect::<Vec<_>>().join("\n");
        let alerts: toml::Table = toml::from_str(&text).unwrap();
        let alerts: Alerts = alerts["alerts"].clone().try_into().unwrap();
        assert_eq!(alerts.every_seconds, Alerts::default().every_seconds);
        assert_eq!(alerts.hooks[0].name, "drift");
    }

    #[test]
    fn hooks_are_told_apart() {
        let two = format!("[[hook]]\n{MAIL}\n[[hook]]\n{MAIL}");
        let alerts: Alerts = toml::from_str(&two).unwrap();
        let faults = alerts.contradictions();
        assert!(faults[0].starts_with("alerts.hook[1]: an earlier hook"), "{faults:?}");
        let alerts: Alerts = toml::from_str("every_seconds = 0").unwrap();
        assert_eq!(alerts.contradictions(), ["alerts.every_seconds: expected at least 1"]);
        assert_eq!(toml::from_str::<Alerts>("").unwrap().contradictions(), [""; 0]);
    }
}
