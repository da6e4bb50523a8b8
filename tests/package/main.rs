//! The Debian package, as an engineer and an operator meet it: installed on a booted machine,
//! filled in, used by somebody else, killed, upgraded, removed. The units are the package's own,
//! with all their hardening.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod machine;

use machine::Machine;
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const CONFIG: &str = "/etc/modregn/modregn.toml";
const INBOX: &str = "/srv/modregn/udveksling/til-udk";
const OUTBOX: &str = "/srv/modregn/udveksling/fra-udk";
const STORE: &str = "/var/lib/modregn/modregn.db";

/// The services that are installed, one for each kind.
const SERVICES: &str = "modregn.service modregn-batch@sf2530.service modregn-purge.service \
                        modregn-backup.service modregn-doctor.service \
                        modregn-alert@modregn.service.service";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a program of this machine to its good end.
fn done(program: impl AsRef<Path>, args: &[&str]) -> String {
    let program = program.as_ref();
    let output = Command::new(program).args(args).current_dir(root()).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let (out, err) = (&output.stdout, String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{} {args:?}: {err}", program.display());
    String::from_utf8_lossy(out).into_owned()
}

/// Makes the package of the program that is tested, unless `MODREGN_PACKAGE` names one that is to
/// be tried instead; gives its bytes.
fn package() -> Vec<u8> {
    if let Some(made) = std::env::var_os("MODREGN_PACKAGE") {
        return fs::read(made).unwrap();
    }
    done(env!("CARGO_BIN_EXE_modregn"), &["package-files", "target/package"]);
    let ours = root().join("target/tools/bin/cargo-deb");
    let tool = if ours.exists() { ours } else { PathBuf::from("cargo-deb") };
    let to = tempfile::tempdir().unwrap();
    let to = to.path().join("modregn.deb");
    let options = ["--no-build", "--fast", "--profile", "dev", "--locked", "--quiet", "--output"];
    done(tool, &[&options[..], &[to.to_str().unwrap()]].concat());
    fs::read(to).unwrap()
}

/// The same package of a later version.
fn newer(package: &[u8]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (old, tree, new) = (path("old.deb"), path("tree"), path("new.deb"));
    fs::write(&old, package).unwrap();
    done("dpkg-deb", &["-R", &old, &tree]);
    let control = format!("{tree}/DEBIAN/control");
    let text = fs::read_to_string(&control).unwrap();
    let version = text.lines().find(|line| line.starts_with("Version: ")).unwrap().to_owned();
    fs::write(&control, text.replace(&version, "Version: 99.0.0-1")).unwrap();
    done("dpkg-deb", &["-Znone", "-b", &tree, &new]);
    fs::read(new).unwrap()
}

#[test]
fn an_installation_from_its_first_day_to_its_last() {
    let package = package();
    let machine = Machine::boot();
    machine.run_with("cat > /root/modregn.deb", &package);
    machine.run_with("cat > /root/newer.deb", &newer(&package));
    drop(package);
    nothing_runs_before_it_is_configured(&machine);
    the_units_are_sound(&machine);
    filled_in_it_serves_another_user(&machine);
    a_bad_configuration_is_refused_at_a_reload(&machine);
    killed_it_goes_on(&machine);
    hung_it_is_started_again(&machine);
    it_stops_cleanly_and_a_pass_does_its_work(&machine);
    a_unit_that_fails_is_told(&machine);
    an_upgrade_keeps_everything(&machine);
    no_upgrade_without_a_backup(&machine);
    there_is_a_way_back(&machine);
    removing_keeps_what_is_stored(&machine);
}

fn nothing_runs_before_it_is_configured(machine: &Machine) {
    let said = machine.run("dpkg -i /root/modregn.deb");
    assert_eq!(said.code, Some(0), "{said:?}");
    let told = said.out + &said.err;
    assert!(told.contains("not started, as its configuration is not complete"), "{told}");
    assert!(told.contains("missing field `miljoe`"), "{told}");
    assert!(told.contains("systemctl enable --now modregn"), "{told}");
    assert_eq!(machine.show("modregn.service", "ActiveState"), "inactive");
    assert_eq!(machine.show("modregn.service", "UnitFileState"), "disabled");
    let modes = machine.done(&format!(
        "stat -c '%a %U %G %n' /etc/modregn/keys {INBOX} {OUTBOX} /var/lib/modregn"
    ));
    let wanted = format!(
        "700 root root /etc/modregn/keys\n2770 root modregn-exchange {INBOX}\n\
         2770 root modregn-exchange {OUTBOX}\n700 modregn modregn /var/lib/modregn\n"
    );
    assert_eq!(modes, wanted);
    let manual = machine.done("zcat /usr/share/man/man1/modregn-batch.1.gz");
    assert!(manual.contains("only\\-on\\-bankdage"), "{manual}");
}

/// As it is installed, with the drop-ins: no word that systemd does not know, and an exposure of
/// at most 1.5 of 10.
fn the_units_are_sound(machine: &Machine) {
    let timers = "modregn-batch@sf2530.timer modregn-purge.timer modregn-backup.timer";
    let verify = format!("systemd-analyze verify --man=no {SERVICES} {timers}");
    let said = machine.run(&verify);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{}", said.out);
    for service in SERVICES.split_whitespace() {
        let exposure =
            format!("systemd-analyze security --no-pager --offline=true --threshold=15 {service}");
        machine.done(&exposure);
    }
}

/// Requests of municipalities, from first to last.
fn requests(machine: &Machine) -> Vec<String> {
    machine.done("ls /root/requests").lines().map(str::to_owned).collect()
}

/// Has the other user drop a request, and gives the answer that they can read then.
fn answered(machine: &Machine, nth: usize) -> String {
    let request = &requests(machine)[nth];
    let before = answers(machine);
    machine.done(&format!(
        "runuser -u ky -- sh -c 'umask 022; cat > {INBOX}/{request}' < /root/requests/{request}"
    ));
    machine.until("an answer", || answers(machine).len() > before.len());
    let answer = answers(machine).difference(&before).next().unwrap().clone();
    machine.done(&format!("runuser -u ky -- cat {OUTBOX}/{answer}"))
}

/// The names of the answers that are there, without those that are being written.
fn answers(machine: &Machine) -> BTreeSet<String> {
    machine.done(&format!("ls {OUTBOX}")).lines().map(str::to_owned).collect()
}

const MORE: &str = r#"
[web]
listen = "127.0.0.1:8642"

[[alerts.hook]]
name = "vagt"
command = ["/usr/local/bin/vagt"]
stdin = "json"
"#;

/// What the status page answers, to somebody on the machine.
fn shown(machine: &Machine, path: &str) -> String {
    let ask =
        format!("GET {path} HTTP/1.1\\r\\nHost: localhost:8642\\r\\nConnection: close\\r\\n\\r\\n");
    let talk = format!("exec 3<>/dev/tcp/127.0.0.1/8642 && printf '{ask}' >&3 && cat <&3");
    machine.done(&format!("runuser -u fremmed -- bash -c \"{talk}\""))
}

fn filled_in_it_serves_another_user(machine: &Machine) {
    machine.done(&format!(
        "sed -i -e 's/^# miljoe = \"TEST\"/miljoe = \"TEST\"/' \
         -e 's/^endpoint = \"serviceplatformen\"/endpoint = \"udveksling\"/' \
         -e 's/stable_seconds = 5/stable_seconds = 1/' \
         -e 's/poll_seconds = 30/poll_seconds = 1/' {CONFIG} &&
         printf '#!/bin/sh\\ncat >> /var/lib/modregn/vagt.told\\n' > /usr/local/bin/vagt &&
         chmod +x /usr/local/bin/vagt"
    ));
    machine.run_with(&format!("cat >> {CONFIG}"), MORE.as_bytes());
    let good = machine.done("modregn config check");
    assert!(good.contains("modregn.toml: good (TEST, 2 endpoints, 1 routes)"), "{good}");
    machine.done(
        "modregn generate aftaler --aftaler 2000 --output /tmp/aftaler.csv &&
         modregn generate forespoergsel --kommuner 8 --dir /root/requests &&
         chmod 644 /tmp/aftaler.csv &&
         runuser -u modregn -- modregn import aftaler /tmp/aftaler.csv",
    );
    // A key is a file that systemd alone can read.
    machine.done("umask 077 && echo hemmelig > /etc/modregn/keys/serviceplatformen");
    // Whether this machine's clock is kept right is no matter of ours.
    machine.run("systemctl start modregn-doctor");
    let found = machine.logged("modregn-doctor", "");
    assert!(found.contains("good   endpoint udveksling: shows fra-udk, til-udk"), "{found}");
    let wrong = found.lines().filter(|line| line.starts_with("wrong "));
    assert_eq!(wrong.filter(|line| !line.contains(" clock: ")).count(), 0, "{found}");
    machine.done("systemctl enable --now modregn");
    let pid = machine.show("modregn.service", "MainPID");
    let key = "/run/credentials/modregn.service/key_serviceplatformen";
    assert_eq!(machine.done(&format!("nsenter -t {pid} -m cat {key}")), "hemmelig\n");
    machine.done("useradd fremmed && useradd ky && usermod --append --groups modregn-exchange ky");
    let answer = answered(machine, 0);
    assert!(answer.lines().count() > 2, "{answer}");
    let page = shown(machine, "/files");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("SF2530_0101"), "{page}");
    let fields = machine.logged("modregn", "--output json");
    let is_told = |line: &str| {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        entry["MESSAGE"] == "answered" && entry["MODREGN_KOMMUNE"] == "0101"
    };
    assert!(fields.lines().any(is_told), "{fields}");
    for path in [INBOX, OUTBOX, "/var/lib/modregn", "/var/backups/modregn"] {
        let said = machine.refused(&format!("runuser -u fremmed -- ls {path}"));
        assert!(said.contains("Permission denied"), "{said}");
    }
}

fn a_bad_configuration_is_refused_at_a_reload(machine: &Machine) {
    let pid = machine.show("modregn.service", "MainPID");
    machine.done(&format!("cp {CONFIG} /root/good.toml && echo 'pol_seconds = 1' >> {CONFIG}"));
    machine.refused("systemctl reload modregn");
    // Whoever sends the signal by hand is told in the journal.
    machine.done(&format!("kill -HUP {pid}"));
    machine.until("it is told", || {
        machine.logged("modregn", "").contains("the configuration in force stays")
    });
    answered(machine, 1);
    machine.done(&format!("cp /root/good.toml {CONFIG} && systemctl reload modregn"));
    answered(machine, 2);
    assert_eq!(machine.show("modregn.service", "MainPID"), pid);
    assert_eq!(machine.show("modregn.service", "NRestarts"), "0");
}

/// Waits until systemd has put another process in place of this one.
fn started_again(machine: &Machine, pid: &str) {
    machine.until("systemd has started it again", || {
        let again = machine.show("modregn.service", "MainPID");
        let active = machine.show("modregn.service", "ActiveState") == "active";
        active && again != "0" && again != pid
    });
}

fn killed_it_goes_on(machine: &Machine) {
    let pid = machine.show("modregn.service", "MainPID");
    machine.done(&format!("kill -KILL {pid}"));
    started_again(machine, &pid);
    assert_eq!(machine.show("modregn.service", "NRestarts"), "1");
    answered(machine, 3);
}

fn hung_it_is_started_again(machine: &Machine) {
    let dir = "/run/systemd/system/modregn.service.d";
    // The same watchdog, only less patient.
    let soon = "[Service]\\nWatchdogSec=3\\nTimeoutAbortSec=1\\nRestartSec=1\\n";
    machine.done(&format!("mkdir -p {dir} && printf '{soon}' > {dir}/99-soon.conf"));
    machine.done("systemctl daemon-reload && systemctl restart modregn");
    let pid = machine.show("modregn.service", "MainPID");
    machine.done(&format!("kill -STOP {pid}"));
    started_again(machine, &pid);
    assert!(machine.logged("modregn", "").contains("Watchdog timeout"));
    machine.done(&format!("rm -r {dir} && systemctl daemon-reload && systemctl restart modregn"));
}

fn it_stops_cleanly_and_a_pass_does_its_work(machine: &Machine) {
    machine.done("systemctl stop modregn");
    let end = ["Result", "ExecMainCode", "ExecMainStatus"];
    let end = end.map(|property| machine.show("modregn.service", property));
    // Exited (1, CLD_EXITED), by itself, with exit code 0.
    assert_eq!(end.join(" "), "success 1 0");
    machine.done("systemctl start modregn-batch@sf2530 modregn-purge");
    let told = machine.logged("modregn-batch@sf2530", "");
    // What it does on which day: tests/schedule.rs.
    assert!(told.contains(" is no banking day") || told.contains("Nothing waited."), "{told}");
    machine.done("systemctl start modregn");
}

/// What the hook was told.
fn hook_was_told(machine: &Machine) -> String {
    fs::read_to_string(machine.path("/var/lib/modregn/vagt.told")).unwrap_or_default()
}

fn a_unit_that_fails_is_told(machine: &Machine) {
    // No route for it: exit code 2.
    machine.refused("systemctl start modregn-batch@sf2520");
    let unit = "modregn-batch@sf2520.service";
    machine.until("the hook has it", || hook_was_told(machine).contains(unit));
    let told = hook_was_told(machine);
    assert!(told.contains("\"kind\":\"unit-failed\""), "{told}");
    assert!(told.contains("has failed (exit-code exited 2)"), "{told}");
    let kept = machine.done("runuser -u modregn -- modregn alerts");
    assert!(kept.contains(&format!("{unit} has failed")), "{kept}");
    let alert = format!("modregn-alert@{unit}.service");
    assert!(machine.logged(&alert, "--priority crit").contains(unit));

    // And where the store is what is broken.
    machine.done("systemctl stop modregn && mkdir /root/good");
    machine.done(&format!("mv {STORE}* /root/good"));
    machine.done(&format!("echo 'no database at all' > {STORE}"));
    machine.refused("systemctl start modregn-purge");
    machine.until("the hook has it", || hook_was_told(machine).contains("modregn-purge.service"));
    machine.done(&format!("rm {STORE}* && mv /root/good/* /var/lib/modregn/"));
    machine.done("systemctl start modregn");
}

/// What this does with the store, which nobody works on now, done in place.
fn in_store<T>(machine: &Machine, change: impl FnOnce(&Connection) -> T) -> T {
    let dir = tempfile::tempdir().unwrap();
    let here = |suffix: &str| dir.path().join(format!("modregn.db{suffix}"));
    let there = |suffix: &str| machine.path(&format!("{STORE}{suffix}"));
    // Through a machine's root SQLite finds no file. What is in the log belongs to it: a reader
    // that ends last leaves that.
    for suffix in ["", "-wal"].into_iter().filter(|suffix| there(suffix).exists()) {
        fs::copy(there(suffix), here(suffix)).unwrap();
    }
    let store = Connection::open(here("")).unwrap();
    let result = change(&store);
    store.close().unwrap();
    assert!(!here("-wal").exists(), "all is in the store now");
    machine.done(&format!("rm -f {STORE}-wal {STORE}-shm"));
    // Written over, it stays its owner's.
    fs::write(there(""), fs::read(here("")).unwrap()).unwrap();
    result
}

fn steps_taken(store: &Connection) -> i64 {
    store.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

/// Tables and the like, by kind, name and how they are made.
fn objects(store: &Connection) -> BTreeSet<(String, String, String)> {
    let sql = "SELECT type, name, coalesce(sql, '') FROM sqlite_schema
               WHERE name NOT LIKE 'sqlite_%'";
    let mut statement = store.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

/// Takes away what the newest step of the schema has added, and puts back the indices and triggers
/// it has removed: the store is as the version before it leaves one.
fn as_the_version_before_left_it(store: &Connection) {
    let steps = fs::read_dir(root().join("migrations/sqlite")).unwrap();
    let mut steps: Vec<_> = steps.map(|entry| entry.unwrap().path()).collect();
    steps.sort();
    steps.pop();
    let older = Connection::open_in_memory().unwrap();
    for step in &steps {
        older.execute_batch(&fs::read_to_string(step).unwrap()).unwrap();
    }
    let (now, then) = (objects(store), objects(&older));
    for kind in ["trigger", "index", "table"] {
        for (_, name, _) in now.difference(&then).filter(|(of, ..)| of == kind) {
            store.execute_batch(&format!("DROP {kind} IF EXISTS \"{name}\"")).unwrap();
        }
    }
    for (_, _, sql) in then.difference(&now).filter(|(of, ..)| of != "table") {
        store.execute_batch(sql).unwrap();
    }
    assert_eq!(objects(store), then, "the newest step changes what was there before");
    store.pragma_update(None, "user_version", i64::try_from(steps.len()).unwrap()).unwrap();
}

fn backups(machine: &Machine) -> Vec<PathBuf> {
    let entries = fs::read_dir(machine.path("/var/backups/modregn")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn an_upgrade_keeps_everything(machine: &Machine) {
    let name = answers(machine).into_iter().next().unwrap();
    let answer = machine.done(&format!("cat {OUTBOX}/{name}"));
    machine.done("systemctl stop modregn");
    let newest = in_store(machine, |store| {
        let newest = steps_taken(store);
        as_the_version_before_left_it(store);
        assert_eq!(steps_taken(store), newest - 1);
        newest
    });
    machine.done("systemctl enable --now modregn-backup.timer");
    let config = machine.done(&format!("sha256sum {CONFIG}"));
    machine.done("dpkg -i /root/newer.deb");
    assert_eq!(machine.show("modregn-backup.timer", "ActiveState"), "active");
    assert_eq!(machine.show("modregn.service", "UnitFileState"), "enabled");
    assert_eq!(machine.done(&format!("sha256sum {CONFIG}")), config);
    assert_eq!(backups(machine).len(), 1, "{:?}", backups(machine));
    machine.done("systemctl start modregn && systemctl stop modregn");
    assert_eq!(in_store(machine, steps_taken), newest);
    machine.done("systemctl start modregn");
    // What was answered before is answered the same.
    machine.done(&format!("mv {OUTBOX}/{name} /root/"));
    let id = machine.done("runuser -u modregn -- modregn files list --json");
    let id: serde_json::Value = id
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .find(|file| file["name"] == name.as_str())
        .unwrap_or_else(|| panic!("{id}"));
    let id = id["transfer"].as_str().unwrap();
    let again = format!("modregn retry {id} --reason 'tabt hos modtageren'");
    machine.done(&format!("runuser -u modregn -- {again}"));
    machine.until("the answer again", || answers(machine).contains(&name));
    assert_eq!(machine.done(&format!("cat {OUTBOX}/{name}")), answer);
    answered(machine, 4);
}

fn no_upgrade_without_a_backup(machine: &Machine) {
    machine.done("mv /var/backups/modregn /root/backups && touch /var/backups/modregn");
    let pid = machine.show("modregn.service", "MainPID");
    let said = machine.refused("dpkg -i /root/modregn.deb");
    assert!(said.contains("no upgrade without a backup"), "{said}");
    let version = machine.done("dpkg-query -W -f '${Version} ${Status}' modregn");
    assert_eq!(version, "99.0.0-1 install ok installed");
    assert_eq!(machine.show("modregn.service", "ActiveState"), "active");
    assert_ne!(machine.show("modregn.service", "MainPID"), pid);
    machine.done("rm /var/backups/modregn && mv /root/backups /var/backups/modregn");
}

fn there_is_a_way_back(machine: &Machine) {
    machine.done("systemctl stop modregn");
    in_store(machine, |store| store.pragma_update(None, "user_version", 1000).unwrap());
    let said = machine.refused("systemctl start modregn");
    assert!(said.contains("failed"), "{said}");
    assert!(machine.logged("modregn", "").contains("schema 1000"));

    // As docs/install.md has it.
    machine.done("systemctl stop modregn && mv /var/lib/modregn /var/lib/modregn.newer");
    machine.done("dpkg -i /root/modregn.deb && systemd-tmpfiles --create modregn.conf");
    let backup = backups(machine).pop().unwrap();
    let backup = backup.file_name().unwrap().to_str().unwrap();
    let restore = format!("modregn restore --from /var/backups/modregn/{backup} --reason tilbage");
    machine.done(&format!("runuser -u modregn -- {restore} && systemctl start modregn"));
    answered(machine, 5);
    machine.done("rm -r /var/lib/modregn.newer");
}

fn removing_keeps_what_is_stored(machine: &Machine) {
    machine.done("dpkg -r modregn");
    machine.refused("systemctl is-active modregn");
    machine.done(&format!("test -e {CONFIG} && test -e {STORE} && test ! -e /usr/bin/modregn"));
    // Its configuration is still there, and good: it starts by itself.
    machine.done("dpkg -i /root/newer.deb && systemctl is-active modregn");
    answered(machine, 6);

    let said = machine.run("DEBIAN_FRONTEND=noninteractive dpkg -P modregn");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.err.contains("kept: /var/lib/modregn /var/backups/modregn"), "{said:?}");
    machine.done(&format!("test ! -e {CONFIG} && test -e {STORE}"));

    machine.done("dpkg -i /root/newer.deb");
    let yes = "echo modregn modregn/purge-state boolean true | debconf-set-selections";
    machine.done(&format!("{yes} && DEBIAN_FRONTEND=noninteractive dpkg -P modregn"));
    machine.done("test ! -e /var/lib/modregn && test ! -e /var/backups/modregn");
    machine.done(&format!("test ! -e /etc/modregn && test -e {OUTBOX}"));
}
