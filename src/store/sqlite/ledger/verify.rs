//! Adding the ledger up again: what every claim says against what was entered.

use crate::store::LedgerAudit;
use crate::store::sqlite::error::Trouble;
use rusqlite::Connection;

/// Findings told one by one.
const FINDINGS: u32 = 100;

/// Each names what does not hold, and where: a rule by a query that should find nothing.
const RULES: &[(&str, &str)] = &[
    (
        "what was paid or reduced is not what its posteringer add up to, or more than is owed",
        "SELECT 'fordring ' || f.fordring_id || ', delfordring ' || d.delfordring_id
         FROM delfordring d JOIN fordring f ON f.nr = d.fordring
             LEFT JOIN (
                 SELECT fordring, delfordring_id, sum(nedregulering * beloeb) AS nedreguleret,
                     sum((1 - nedregulering)
                         * iif(tilbagefoerer IS NULL, beloeb, -beloeb)) AS daekket
                 FROM postering GROUP BY fordring, delfordring_id
             ) p ON p.fordring = d.fordring AND p.delfordring_id = d.delfordring_id
         WHERE d.nedreguleret <> coalesce(p.nedreguleret, 0)
             OR d.daekket <> coalesce(p.daekket, 0)
             OR d.hovedstol - d.nedreguleret - d.daekket < 0",
    ),
    (
        "it is not the sum of its delfordringer",
        "SELECT 'fordring ' || f.fordring_id FROM fordring f
         WHERE f.hovedstol IS NOT
             (SELECT sum(d.hovedstol) FROM delfordring d WHERE d.fordring = f.nr)",
    ),
    (
        "it is on a delfordring that is not there",
        "SELECT 'postering ' || p.nr FROM postering p
         WHERE NOT EXISTS (SELECT 1 FROM delfordring d
             WHERE d.fordring = p.fordring AND d.delfordring_id = p.delfordring_id)",
    ),
    (
        "it does not reverse a whole payment of its delfordring",
        "SELECT 'postering ' || t.nr
         FROM postering t LEFT JOIN postering p ON p.nr = t.tilbagefoerer
         WHERE t.tilbagefoerer IS NOT NULL
             AND (p.fordring, p.delfordring_id, p.beloeb, p.nedregulering, p.tilbagefoerer)
                 IS NOT (t.fordring, t.delfordring_id, t.beloeb, 0, NULL)",
    ),
    (
        "its answers are not as many, or not as many rejections, as its kvittering says",
        "SELECT 'overfoersel ' || lower(hex(m.overfoersel_id)) FROM modtaget_overfoersel m
         WHERE (m.antal_registreringer, m.antal_afvist) IS NOT
             (SELECT count(*), count(s.aarsag) FROM registreringssvar s
              WHERE s.nr > m.foer AND s.nr <= m.foer + m.antal_registreringer)",
    ),
    (
        "not every one of them belongs to a transfer",
        "SELECT 'registreringssvar' WHERE (SELECT count(*) FROM registreringssvar) <>
             (SELECT coalesce(sum(antal_registreringer), 0) FROM modtaget_overfoersel)",
    ),
];

pub(super) fn verify(connection: &Connection) -> Result<LedgerAudit, Trouble> {
    // One snapshot: others may be writing.
    let _snapshot = connection.unchecked_transaction()?;
    let count = |table| {
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
    };
    let mut audit = LedgerAudit {
        delfordringer: count("delfordring")?,
        posteringer: count("postering")?,
        findings: Vec::new(),
    };
    for (what, sql) in RULES {
        let mut statement = connection.prepare(&format!("{sql} LIMIT {FINDINGS}"))?;
        let found = statement.query_map([], |row| row.get::<_, String>(0))?;
        for place in found {
            audit.findings.push(format!("{}: {what}", place?));
        }
    }
    audit.findings.truncate(FINDINGS as usize);
    Ok(audit)
}
