//! Every command that the documents name is run, with what they leave open filled in: it must be
//! understood, whatever it finds. One that is only a name (`modregn release`) must have its help.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use support::installation::{Installation, names};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// These run until they are stopped, or for long; other tests run them.
const ENDLESS: [&str; 3] = ["run", "simulate serviceplatformen", "demo"];

/// Every command of the documents: in backquotes, or a line of its own in a block.
fn commands() -> BTreeSet<String> {
    let mut files = vec![Path::new(ROOT).join("README.md")];
    files.extend(fs::read_dir(Path::new(ROOT).join("docs")).unwrap().map(|f| f.unwrap().path()));
    let mut found = BTreeSet::new();
    for file in files.iter().filter(|file| file.extension() == Some("md".as_ref())) {
        let text = fs::read_to_string(file).unwrap();
        let lines = text.lines().map(|line| line.trim().split("  #").next().unwrap().trim());
        found.extend(lines.filter(|line| line.starts_with("modregn ")).filter_map(command));
        // A quotation may go on in the next line.
        let flat = text.replace('\n', " ");
        found.extend(flat.split('`').filter_map(command));
    }
    found
}

/// What is run of it, if it is one of ours and not a sentence.
fn command(quoted: &str) -> Option<String> {
    let one = quoted.split_whitespace().collect::<Vec<_>>().join(" ");
    let one = one.strip_prefix("sudo -u modregn ").unwrap_or(&one);
    let args = one.strip_prefix("modregn ")?;
    let is_code = |c: char| c.is_ascii_alphanumeric() || " -_=./,\"…>|*".contains(c);
    (args.chars().all(is_code) && args.starts_with(|c: char| c.is_ascii_lowercase()))
        .then(|| args.to_owned())
}

/// An installation with something of everything.
struct Scene {
    installation: Installation,
    transfer: String,
    aftale: String,
    backup: String,
}

impl Scene {
    fn new() -> Self {
        let installation = Installation::local("TEST");
        let payouts = "[payouts]\nbankdag = -1\nrequest_by = { bankdage = -5, at = \"12:00\" }\n\
                       report_by = { bankdage = 5, at = \"12:00\" }\n\
                       [[alerts.hook]]\ncommand = [\"/bin/true\"]\nstdin = \"json\"\n";
        let config = fs::read_to_string(installation.config()).unwrap();
        let config = config.replacen("[endpoint", &format!("{payouts}[endpoint"), 1);
        fs::write(installation.config(), config).unwrap();
        let csv = fs::read_to_string(installation.import_aftaler(500)).unwrap();
        let first = csv.lines().nth(1).unwrap();
        let aftale = first.split([',', ';']).next().unwrap().to_owned();
        let dir = installation.inbox();
        let args = ["generate", "forespoergsel", "--kommuner", "3", "--dir", dir.to_str().unwrap()];
        installation.done(&args);
        fs::write(dir.join("bad.txt"), "nonsense").unwrap();
        assert_eq!(installation.run(&["batch"]).code, Some(1));
        let transfers = installation.transfers();
        let bad = transfers.iter().find(|transfer| transfer["state"] == "rejected").unwrap();
        let transfer = bad["transfer"].as_str().unwrap().to_owned();
        let tables: [(&[&str], &str); 2] =
            [(&["sortiment"], "sortiment.csv"), (&["ruter", "--endpoint", "ky"], "ruter.csv")];
        for (table, file) in tables {
            let csv = installation.done(&[&["generate"], table].concat());
            fs::write(installation.path(file), csv).unwrap();
        }
        let said = installation.done(&["backup", "--to", "backups"]);
        let backup = said.split(": ").next().unwrap().to_owned();
        Self { installation, transfer, aftale, backup }
    }

    /// The arguments, with what is left open filled in.
    fn filled(&self, command: &str) -> Vec<String> {
        let file = if command.contains("layout") {
            format!("{ROOT}/formats/sf2530-svar.toml")
        } else if command.contains("ruter") {
            "ruter.csv".to_owned()
        } else if command.contains("import debitor") || command.contains("correct") {
            "none.jsonl".to_owned()
        } else {
            "aftaler.csv".to_owned()
        };
        let command = command.split(" > ").next().unwrap().split(" | ").next().unwrap();
        let mut args = Vec::new();
        // Quotation marks hold words together.
        for (at, part) in command.split('"').enumerate() {
            if at % 2 == 1 {
                args.push(part.to_owned());
            } else {
                args.extend(part.split_whitespace().map(str::to_owned));
            }
        }
        for arg in &mut args {
            *arg = match arg.as_str() {
                "ID" => self.transfer.clone(),
                "AFTALE_ID" => self.aftale.clone(),
                "ENDPOINT" => "ky".to_owned(),
                "DATE" => "2026-12-30".to_owned(),
                "…" => "a drill".to_owned(),
                "DIR" => "backups".to_owned(),
                "BACKUP" | "DIR/modregn-…" => self.backup.clone(),
                "FILE" | "FILE.csv" | "aftaler.csv" => file.clone(),
                other => other.replace("/etc/modregn/formats", &format!("{ROOT}/formats")),
            };
        }
        args
    }

    /// Why a command is not as the documents say; `None` = it is.
    fn fault(&self, command: &str) -> Option<String> {
        let args = self.filled(command);
        let mut args: Vec<_> = args.iter().map(String::as_str).collect();
        if args.first() == Some(&"config") && args.contains(&"--config") {
            args = vec!["config", "check"];
        }
        if ENDLESS.iter().any(|endless| command.starts_with(endless)) {
            args.push("--help");
        }
        if command.starts_with("restore") && command.contains("--reason") {
            fs::rename(self.installation.path("state"), self.installation.path("gone")).unwrap();
        }
        let said = self.installation.run(&args);
        let is_a_name = said.err.contains("required arguments were not provided")
            || said.err.starts_with("Usage:")
            || said.err.contains("requires a subcommand")
            || said.err.contains("\n\nUsage: modregn") && !said.err.contains("error: un");
        if said.code == Some(2) && is_a_name {
            let is_word = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
            let words = command.split(' ').take_while(is_word).chain(["--help"]);
            let help = self.installation.run(&words.collect::<Vec<_>>());
            return (help.code != Some(0)).then_some(help.err);
        }
        (said.code != Some(0) && said.code != Some(1)).then_some(said.err)
    }
}

#[test]
fn every_command_of_the_documents_is_understood() {
    let scene = Scene::new();
    fs::write(scene.installation.path("none.jsonl"), "").unwrap();
    let commands = commands();
    assert!(commands.len() > 60, "{commands:?}");
    let mut faults = Vec::new();
    // What is put back comes last: everything else needs the state.
    let (last, first): (Vec<_>, Vec<_>) =
        commands.iter().partition(|command| command.starts_with("restore"));
    for command in first.into_iter().chain(last) {
        if let Some(fault) = scene.fault(command) {
            faults.push(format!("modregn {command}\n{fault}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(!names(&scene.installation.path("state")).is_empty(), "it was put back");
}
