//! What one would write: the natural tables with their ids as keys, and the same reads and writes
//! for each registration by prepared statements. Durable as modregn is: write-ahead log, synced at
//! every commit.

use crate::invented::{Registrations, head};
use modregn::domain::debitor::{Debitorkonto, Debitorregistrering, Indbetaling, Operation, Part};
use rusqlite::{Connection, OptionalExtension, Statement, TransactionBehavior, params};
use sha2::{Digest, Sha256};
use std::path::Path;

const SCHEMA: &str = "
    CREATE TABLE svar (overfoersel_id BLOB NOT NULL, loebenummer INTEGER NOT NULL,
        registrering_id BLOB NOT NULL UNIQUE, fingeraftryk BLOB NOT NULL, aarsag TEXT, tekst TEXT,
        PRIMARY KEY (overfoersel_id, loebenummer)) WITHOUT ROWID;
    CREATE TABLE debitorkonto (debitorkonto_id BLOB PRIMARY KEY, kommunekode INTEGER NOT NULL,
        ejer TEXT NOT NULL, type TEXT NOT NULL, betegnelse TEXT, sekvens INTEGER NOT NULL);
    CREATE TABLE haeftelse (debitorkonto_id BLOB NOT NULL, rolle TEXT NOT NULL, part TEXT NOT NULL,
        fra TEXT NOT NULL, til TEXT);
    CREATE INDEX haeftelse_konto ON haeftelse (debitorkonto_id);
    CREATE TABLE adresse (debitorkonto_id BLOB NOT NULL, rolle TEXT NOT NULL, part TEXT NOT NULL,
        fra TEXT NOT NULL, til TEXT, vej TEXT, postnummer TEXT, bynavn TEXT, land TEXT);
    CREATE INDEX adresse_konto ON adresse (debitorkonto_id);
    CREATE TABLE materialeabonnement (debitorkonto_id BLOB NOT NULL, rolle TEXT NOT NULL,
        part TEXT NOT NULL, type TEXT NOT NULL, fra TEXT NOT NULL, til TEXT);
    CREATE INDEX materialeabonnement_konto ON materialeabonnement (debitorkonto_id);
    CREATE TABLE fordring (ejer TEXT NOT NULL, fordring_id TEXT NOT NULL,
        debitorkonto_id BLOB NOT NULL, type TEXT NOT NULL, hovedstol INTEGER NOT NULL,
        fra TEXT NOT NULL, til TEXT NOT NULL,
        forfald TEXT NOT NULL, tilstand TEXT NOT NULL, PRIMARY KEY (ejer, fordring_id));
    CREATE TABLE delfordring (ejer TEXT NOT NULL, fordring_id TEXT NOT NULL,
        delfordring_id TEXT NOT NULL, type TEXT NOT NULL, hovedstol INTEGER NOT NULL,
        daekket INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (ejer, fordring_id, delfordring_id));
    CREATE TABLE postering (indbetaling_id BLOB PRIMARY KEY, ejer TEXT NOT NULL,
        fordring_id TEXT NOT NULL, delfordring_id TEXT NOT NULL, beloeb INTEGER NOT NULL,
        dato TEXT NOT NULL, tilbagefoerer BLOB);";

pub(crate) fn open(dir: &Path) -> Connection {
    let connection = Connection::open(dir.join("yardstick.db")).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;",
        )
        .unwrap();
    connection
}

pub(crate) fn prepare(dir: &Path) {
    open(dir).execute_batch(SCHEMA).unwrap();
}

struct Statements<'c> {
    known: Statement<'c>,
    svar: Statement<'c>,
    konto: Statement<'c>,
    fordring: Statement<'c>,
    delfordring: Statement<'c>,
    postering: Statement<'c>,
    new_konto: Statement<'c>,
    new_haeftelse: Statement<'c>,
    new_adresse: Statement<'c>,
    new_abonnement: Statement<'c>,
    new_fordring: Statement<'c>,
    new_delfordring: Statement<'c>,
    new_postering: Statement<'c>,
    pay: Statement<'c>,
    sekvens: Statement<'c>,
}

impl<'c> Statements<'c> {
    fn of(connection: &'c Connection) -> Self {
        let prepare = |sql| connection.prepare(sql).unwrap();
        Self {
            known: prepare(
                "SELECT fingeraftryk, aarsag, tekst FROM svar WHERE registrering_id = ?1",
            ),
            svar: prepare("INSERT INTO svar VALUES (?1, ?2, ?3, ?4, ?5, ?6)"),
            konto: prepare(
                "SELECT kommunekode, ejer, sekvens FROM debitorkonto WHERE debitorkonto_id = ?1",
            ),
            fordring: prepare(
                "SELECT debitorkonto_id FROM fordring WHERE ejer = ?1 AND fordring_id = ?2",
            ),
            delfordring: prepare(
                "SELECT hovedstol - daekket FROM delfordring
                 WHERE ejer = ?1 AND fordring_id = ?2 AND delfordring_id = ?3",
            ),
            postering: prepare("SELECT 1 FROM postering WHERE indbetaling_id = ?1"),
            new_konto: prepare("INSERT INTO debitorkonto VALUES (?1, ?2, ?3, ?4, ?5, 1)"),
            new_haeftelse: prepare("INSERT INTO haeftelse VALUES (?1, ?2, ?3, ?4, ?5)"),
            new_adresse: prepare("INSERT INTO adresse VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"),
            new_abonnement: prepare(
                "INSERT INTO materialeabonnement VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            ),
            new_fordring: prepare(
                "INSERT INTO fordring VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            ),
            new_delfordring: prepare("INSERT INTO delfordring VALUES (?1, ?2, ?3, ?4, ?5, 0)"),
            new_postering: prepare("INSERT INTO postering VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL)"),
            pay: prepare(
                "UPDATE delfordring SET daekket = daekket + ?4
                 WHERE ejer = ?1 AND fordring_id = ?2 AND delfordring_id = ?3",
            ),
            sekvens: prepare(
                "UPDATE debitorkonto SET sekvens = sekvens + 1 WHERE debitorkonto_id = ?1",
            ),
        }
    }

    fn take(&mut self, transfer: &[u8], number: u64, sekvens: u32, one: &Debitorregistrering) {
        let id = one.registrering_id.0.as_bytes();
        let known = self.known.query_row([&id[..]], |row| row.get::<_, Vec<u8>>(0)).optional();
        assert!(known.unwrap().is_none());
        let hash: [u8; 32] = Sha256::digest(serde_json::to_vec(one).unwrap()).into();
        let konto = one.debitorkonto_id.0.as_bytes();
        let known = self
            .konto
            .query_row([&konto[..]], |row| {
                Ok((row.get::<_, u16>(0)?, row.get::<_, String>(1)?, row.get::<_, u32>(2)?))
            })
            .optional()
            .unwrap();
        match &one.operation {
            Operation::OpretDebitorkonto(new) => {
                assert!(known.is_none() && sekvens == 1);
                self.open(&konto[..], one, new);
            }
            Operation::ForetagIndbetaling(payment) => {
                let (kommunekode, ejer, last) = known.unwrap();
                assert!(kommunekode == one.kommunekode.number() && sekvens == last + 1);
                assert!(ejer == one.fagsystem.as_str());
                self.pay(&konto[..], &ejer, payment);
                self.sekvens.execute([&konto[..]]).unwrap();
            }
            other => panic!("{} is not invented", other.kode()),
        }
        let none = None::<&str>;
        self.svar.execute(params![transfer, number, &id[..], &hash[..8], none, none]).unwrap();
    }

    fn open(&mut self, id: &[u8], one: &Debitorregistrering, new: &Debitorkonto) {
        let ejer = one.fagsystem.as_str();
        let part = |part: Part| match part {
            Part::Cpr(cpr) => cpr.as_unmasked_str().to_owned(),
            Part::Cvr(cvr) => cvr.to_string(),
        };
        for fordring in &new.fordringer {
            let known = self
                .fordring
                .query_row([ejer, fordring.fordring_id.as_str()], |row| row.get::<_, Vec<u8>>(0));
            assert!(known.optional().unwrap().is_none());
        }
        let betegnelse = new.betegnelse.as_ref().map(|text| text.as_str().to_owned());
        let kommune = one.kommunekode.number();
        let kind = new.debitorkontotype.as_str();
        self.new_konto.execute(params![id, kommune, ejer, kind, betegnelse]).unwrap();
        let none = None::<String>;
        for haeftelse in &new.haeftelser {
            let (rolle, fra) = (haeftelse.rolle.code(), haeftelse.gyldig_fra.to_string());
            self.new_haeftelse
                .execute(params![id, rolle, part(haeftelse.part), fra, none])
                .unwrap();
        }
        for adresse in &new.adresser {
            let (rolle, fra) = (adresse.rolle.code(), adresse.gyldig_fra.to_string());
            let (vej, postnummer) = (adresse.vej.as_str(), adresse.postnummer.as_str());
            let (town, land) = (adresse.by.as_str(), adresse.land.as_str());
            let part = part(adresse.part);
            self.new_adresse
                .execute(params![id, rolle, part, fra, none, vej, postnummer, town, land])
                .unwrap();
        }
        for abonnement in &new.materialeabonnementer {
            let (rolle, fra) = (abonnement.rolle.code(), abonnement.gyldig_fra.to_string());
            let kind = abonnement.materialetype.as_str();
            self.new_abonnement
                .execute(params![id, rolle, part(abonnement.part), kind, fra, none])
                .unwrap();
        }
        for fordring in &new.fordringer {
            self.new_fordring
                .execute(params![
                    ejer,
                    fordring.fordring_id.as_str(),
                    id,
                    fordring.kravtype.as_str(),
                    fordring.hovedstol.oere(),
                    fordring.periode_fra.to_string(),
                    fordring.periode_til.to_string(),
                    fordring.forfaldsdato.to_string(),
                    fordring.fordringstilstand.code(),
                ])
                .unwrap();
            for part in &fordring.delfordringer {
                self.new_delfordring
                    .execute(params![
                        ejer,
                        fordring.fordring_id.as_str(),
                        part.delfordring_id.as_str(),
                        part.delfordringstype.as_str(),
                        part.beloeb.oere(),
                    ])
                    .unwrap();
            }
        }
    }

    fn pay(&mut self, konto: &[u8], ejer: &str, payment: &Indbetaling) {
        let (fordring, part) = (payment.fordring_id.as_str(), payment.delfordring_id.as_str());
        let owner: Vec<u8> = self.fordring.query_row([ejer, fordring], |row| row.get(0)).unwrap();
        assert!(owner == konto);
        let left: i64 =
            self.delfordring.query_row([ejer, fordring, part], |row| row.get(0)).unwrap();
        let id = payment.indbetaling_id.0.as_bytes();
        assert!(!self.postering.exists([&id[..]]).unwrap());
        let (oere, day) = (payment.beloeb.oere(), payment.indbetalingsdato.to_string());
        assert!(oere <= left);
        self.new_postering.execute(params![&id[..], ejer, fordring, part, oere, day]).unwrap();
        self.pay.execute(params![ejer, fordring, part, oere]).unwrap();
    }
}

pub(crate) fn take_in(dir: &Path, round: u64, size: u64) {
    let mut connection = open(dir);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let transfer = head(round).overfoersel_id.0;
    let mut invented = Registrations::new(round);
    let mut statements = Statements::of(&transaction);
    for number in 1..=size {
        let (sekvens, one) = invented.next();
        statements.take(&transfer.as_bytes()[..], number, sekvens, &one);
    }
    drop(statements);
    transaction.commit().unwrap();
}

/// What is left to pay in all, øre.
pub(crate) fn restance(dir: &Path) -> i64 {
    let sql = "SELECT sum(hovedstol - daekket) FROM delfordring";
    open(dir).query_row(sql, [], |row| row.get(0)).unwrap()
}
