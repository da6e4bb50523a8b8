//! The board for other programs: CSV and JSON. Amounts in øre, moments UTC.

use super::words::what;
use crate::domain::Beloeb;
use crate::domain::tavle::Finding;
use crate::flow::tavle::{Board, BoardRow};
use crate::store::Transfer;
use serde_json::{Map, Value, json};
use std::io::Write;

const COLUMNS: [&str; 14] = [
    "dispositionsdato",
    "kommunekode",
    "kommune",
    "region",
    "standing",
    "problem",
    "requests",
    "antal_forventet",
    "forventet_oere",
    "antal_modtaget",
    "modtaget_oere",
    "antal_aaben",
    "aaben_oere",
    "findings",
];

/// A line for each municipality. Files of nobody known are in none of them: the exit code and the
/// other forms tell of them.
pub(super) fn csv(board: &Board, out: &mut dyn Write) -> csv::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    for row in &board.rows {
        let (expected, reported) =
            (row.facts.afstemning.forventet(), row.facts.afstemning.modtaget());
        let open = row.facts.open();
        let oere = |beloeb: Beloeb| beloeb.oere().to_string();
        let findings: Vec<_> = row.judgement.findings.iter().map(|it| what(it, board)).collect();
        csv.write_record([
            board.dispositionsdato.to_string(),
            row.kommune.to_string(),
            row.kommune.navn().to_owned(),
            row.kommune.region().to_string(),
            row.standing().word().to_owned(),
            row.standing().is_problem().to_string(),
            row.facts.requests.len().to_string(),
            expected.antal.to_string(),
            oere(expected.beloeb),
            reported.antal.to_string(),
            oere(reported.beloeb),
            open.antal.to_string(),
            oere(open.beloeb),
            findings.join("; "),
        ])?;
    }
    csv.flush()?;
    Ok(())
}

/// Everything; of the payout before, where that still needs somebody, its sum.
pub(super) fn json(board: &Board, before: Option<&Board>) -> Value {
    json!({
        "dispositionsdato": board.dispositionsdato,
        "miljoe": board.miljoe.to_string(),
        "request_due": board.bounds.request_due,
        "report_due": board.bounds.report_due,
        "sum": sum(board),
        "kommuner": board.rows.iter().map(|row| row_json(row, board)).collect::<Vec<_>>(),
        "before": before.map(|before| {
            json!({ "dispositionsdato": before.dispositionsdato, "sum": sum(before) })
        }),
        "unattributed": board.unattributed.iter().map(unattributed_json).collect::<Vec<_>>(),
    })
}

fn sum(board: &Board) -> Map<String, Value> {
    let sum = board.sum().into_iter();
    sum.map(|(standing, count)| (standing.word().to_owned(), count.into())).collect()
}

fn row_json(row: &BoardRow, board: &Board) -> Value {
    let (expected, reported) = (row.facts.afstemning.forventet(), row.facts.afstemning.modtaget());
    let open = row.facts.open();
    json!({
        "kommunekode": row.kommune.to_string(),
        "kommune": row.kommune.navn(),
        "region": row.kommune.region().to_string(),
        "standing": row.standing().word(),
        "problem": row.standing().is_problem(),
        "forespoergsel_id": row.facts.requests.iter().map(|it| it.forespoergsel_id.to_string())
            .collect::<Vec<_>>(),
        "antal_forventet": expected.antal,
        "forventet_oere": expected.beloeb.oere(),
        "antal_modtaget": reported.antal,
        "modtaget_oere": reported.beloeb.oere(),
        "antal_aaben": open.antal,
        "aaben_oere": open.beloeb.oere(),
        "findings": row.judgement.findings.iter().map(|it| finding_json(it, board))
            .collect::<Vec<_>>(),
    })
}

fn finding_json(finding: &Finding, board: &Board) -> Value {
    let transfer = match finding {
        Finding::Stopped(stopped) => Some(stopped.transfer),
        Finding::Undelivered(asked) => Some(asked.answer),
        _ => None,
    };
    json!({ "problem": finding.is_problem(), "text": what(finding, board), "transfer": transfer })
}

fn unattributed_json(file: &Transfer) -> Value {
    let Transfer { id, flow, state, place, created_at, problem, .. } = file;
    json!({
        "transfer": id,
        "flow": flow,
        "state": state.word(),
        "place": place.to_string(),
        "since": created_at,
        "code": problem.as_ref().map(|problem| problem.code),
        "text": problem.as_ref().map(|problem| &problem.text),
    })
}
