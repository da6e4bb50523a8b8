//! Registrations through the stand-in for Serviceplatformen and a real SSH server: a fagsystem,
//! three debitorsystemer that answer the platform too (styret), and files that the platform
//! refuses. In the end every registration is answered, and the ledgers add up.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use support::installation::{Installation, Said};
use support::sshd::Sshd;

const DEBITORSYSTEMER: [&str; 3] = ["opus", "prisme", "indsigt"];
const KOMMUNER: &str = "0101,0147,0151,0153,0155,0157";
const ANTAL: u64 = 120;

/// The endpoint of one SFTP user: their mailbox on the platform.
fn endpoint(name: &str, server: &Sshd, user: &str) -> String {
    let root = server.root().join(user);
    let settings: Vec<_> = server
        .settings()
        .lines()
        .filter(|line| !line.starts_with("root"))
        .map(str::to_owned)
        .collect();
    format!("[endpoint.{name}]\n{}\nroot = '{}'\n", settings.join("\n"), root.display())
}

/// One route over such a mailbox: from `us` to `them` and back.
fn route(flow: &str, (endpoint, us, them): (&str, &str, &str), (from, to): (&str, &str)) -> String {
    format!(
        "[[route]]\nflow = \"{flow}\"\n[route.inbox]\nendpoint = \"{endpoint}\"\n\
         directory = \"IN\"\n[route.inbox.serviceplatformen]\nus = \"{us}\"\n\
         senders = [\"{them}\"]\npattern = \"{from}_*.txt\"\nprocessed = \"delete\"\n\
         business_receipts = true\n[route.outbox]\nendpoint = \"{endpoint}\"\n\
         directory = \"OUT\"\nname = \"{to}.txt\"\n[route.outbox.serviceplatformen]\n\
         way = \"styret\"\nsender = \"{us}\"\nrecipients = [\"{them}\"]\n\
         receipts = {{ stable_seconds = 1 }}\n"
    )
}

fn installation(config: &str) -> Installation {
    let at = Installation::local("TEST");
    fs::write(at.config(), format!("miljoe = \"TEST\"\nstate_dir = \"state\"\n{config}")).unwrap();
    at
}

/// Each debitorsystem has a mailbox of its own, and the fagsystem one for each of them.
struct Exchange {
    server: Sshd,
    fagsystem: Installation,
    debitorsystemer: Vec<Installation>,
}

impl Exchange {
    fn new() -> Self {
        let server = Sshd::start();
        let fag = |name: &str| format!("fag-{name}");
        for name in DEBITORSYSTEMER {
            for user in [name.to_owned(), fag(name)] {
                for directory in ["IN", "OUT"] {
                    fs::create_dir_all(server.root().join(&user).join(directory)).unwrap();
                }
            }
        }
        let mut config = String::new();
        for name in DEBITORSYSTEMER {
            let them = (name, &*fag(name), name);
            let names = ("KVIT", "REG_{kommunekode}_{overfoersel_id}");
            config += &route("sf1590-fagsystem", them, names);
            config += &endpoint(name, &server, &fag(name));
        }
        let fagsystem = installation(&config);
        let debitorsystemer = DEBITORSYSTEMER.map(|name| {
            let names = ("REG", "KVIT_{kommunekode}_{kvittering_id}");
            let them = ("her", name, &*fag(name));
            let config =
                route("sf1590-debitorsystem", them, names) + &endpoint("her", &server, name);
            installation(&config)
        });
        Self { server, fagsystem, debitorsystemer: debitorsystemer.into() }
    }

    fn carry(&self, args: &[&str]) {
        let mut modregn = Command::new(env!("CARGO_BIN_EXE_modregn"));
        modregn.args(["simulate", "serviceplatformen", "--root"]).arg(self.server.root());
        let said = Said::of(modregn.args(args).arg("--once").output().unwrap());
        assert_eq!(said.code, Some(0), "{}", said.err);
    }

    /// Everybody works once, and the platform between them.
    fn round(&self, platform: &[&str]) {
        let all = [&self.fagsystem].into_iter().chain(&self.debitorsystemer);
        for at in all {
            let said = at.run(&["batch"]);
            assert!(matches!(said.code, Some(0 | 1)), "{}{}", said.out, said.err);
            self.carry(platform);
        }
    }

    /// How many registrations stand where.
    fn antal(&self) -> BTreeMap<String, u64> {
        let report = self.fagsystem.done(&["report", "debitor", "--json"]);
        let rows: Vec<Value> = serde_json::from_str(&report).unwrap();
        let mut antal = BTreeMap::new();
        for (tilstand, count) in rows.iter().flat_map(|row| row["antal"].as_object().unwrap()) {
            *antal.entry(tilstand.clone()).or_default() += count.as_u64().unwrap();
        }
        antal
    }

    /// What the platform has refused is sent again by an operator.
    fn send_refused_again(&self) -> usize {
        let files = self.fagsystem.transfers();
        let refused: Vec<_> = files
            .iter()
            .filter(|file| file["state"] == "refused")
            .map(|file| file["transfer"].as_str().unwrap())
            .collect();
        for id in &refused {
            self.fagsystem.done(&["retry", id, "--reason", "the platform is mended"]);
        }
        refused.len()
    }
}

#[test]
fn registrations_and_their_answers_go_through_the_platform() {
    let exchange = Exchange::new();
    let fagsystem = &exchange.fagsystem;
    let write = |name: &str, text: String| fs::write(fagsystem.path(name), text).unwrap();
    write("sortiment.csv", fagsystem.done(&["generate", "sortiment"]));
    let ruter = ["generate", "ruter", "--endpoint", "opus,prisme,indsigt"];
    write("ruter.csv", fagsystem.done(&ruter).replace(",plain,", ",styret,"));
    let antal = ANTAL.to_string();
    let generate = ["generate", "debitorregistreringer", "--kommuner", KOMMUNER];
    let more = ["--antal", &antal, "--konti", "80", "--fejl", "60"];
    write("in.jsonl", fagsystem.done(&[&generate[..], &more].concat()));
    let sortiment = fagsystem.path("sortiment.csv");
    for at in [fagsystem].into_iter().chain(&exchange.debitorsystemer) {
        at.done(&["import", "sortiment", sortiment.to_str().unwrap()]);
    }
    fagsystem.done(&["import", "ruter", "ruter.csv"]);
    fagsystem.done(&["import", "debitorregistreringer", "in.jsonl"]);

    // The first transfers are refused by the platform for two municipalities.
    let refusing = ["--rule", "REG_0101_*=refuse", "--rule", "REG_0147_*=refuse"];
    exchange.round(&refusing);
    exchange.round(&refusing);
    assert!(exchange.send_refused_again() >= 2);
    let mut told = String::new();
    for round in 0..30 {
        exchange.round(&[]);
        let antal = exchange.antal();
        writeln!(told, "round {round}: {antal:?}").unwrap();
        if antal["modtaget"] + antal["i-overfoersel"] + antal["afventer-kvittering"] == 0 {
            break;
        }
        cancel_rejected(fagsystem);
    }
    let antal = exchange.antal();
    assert_eq!(antal.values().sum::<u64>(), ANTAL, "{told}");
    assert_eq!(antal["accepteret"] + antal["afvist"] + antal["annulleret"], ANTAL, "{told}");
    assert!(antal["accepteret"] > ANTAL / 2 && antal["afvist"] + antal["annulleret"] > 0, "{told}");
    let sent = fagsystem.transfers();
    let outbound = |file: &&Value| file["direction"] == "outbound" && file["flow"] != "kvittering";
    for file in sent.iter().filter(outbound) {
        // The platform and the recipient have both said that they have it.
        assert_eq!(file["state"], "acknowledged", "{file}");
    }
    for at in &exchange.debitorsystemer {
        assert!(at.done(&["audit", "verify"]).contains("it adds up"));
    }
}

/// A case worker gives up what was rejected, so that the later ones go on.
fn cancel_rejected(fagsystem: &Installation) {
    let rejected = fagsystem.done(&["debitor", "list", "--json"]);
    for line in rejected.lines() {
        let one: Value = serde_json::from_str(line).unwrap();
        let id = one["registrering_id"].as_str().unwrap();
        fagsystem.done(&["debitor", "cancel", id, "--reason", "it was entered wrongly"]);
    }
}
