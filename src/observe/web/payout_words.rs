//! The words of the payouts' pages: the board, and what was expected and received.

use super::words::words;
use crate::config::web::Language;
use crate::domain::Udfald;
use crate::flow::tavle::words::municipalities;

words! {
    /// Of the page of a payout.
    PayoutWords:
    payout_of: "Udbetalingen", "Payout of";
    no_calendar: "Der er ingen udbetalingskalender", "There is no payout calendar";
    no_calendar_what:
        "Konfigurationen siger ikke, hvornår der udbetales. Skriv [payouts] i den, som eksemplet \
         viser det (modregn config example), og genindlæs med systemctl reload modregn.",
        "The configuration does not say when payouts are. Write [payouts] as its example shows \
         (modregn config example), and reload with systemctl reload modregn.";
    over: "Alle kalenderens udbetalinger er forbi.", "Every payout of the calendar is over.";
    over_what:
        "Skriv de næste i [payouts], eller se en tidligere under Forventninger.",
        "Write the next ones into [payouts], or see an earlier one under Expectations.";
    safe: "Sikker", "Safe";
    under_way: "På vej", "On its way";
    needs_you: "Kræver handling", "Needs you";
    requests_by: "Forespørgsler senest", "Requests by";
    reports_by: "Indberetninger senest", "Reports by";
    expected: "Forventet", "Expected";
    reported: "Indberettet", "Reported";
    counted: "Beløb og antal er talt op", "Amounts and numbers were counted";
    not_counted:
        "Beløb og antal tælles endnu; de vises om lidt.",
        "Amounts and numbers are still being counted; they will show in a moment.";
    previous: "Forrige udbetaling", "Previous payout";
    next: "Næste udbetaling", "Next payout";
    payouts: "Udbetalinger", "Payouts";
    before: "Udbetalingen før er ikke i orden", "The payout before is not in order";
    problems: "Det skal der gøres noget ved", "What needs you";
    nobodys: "Ingen ved, hvis den er", "Nobody knows whose";
    look: "Se filen", "See the file";
    look_files: "Se filerne", "See the files";
    missing: "Indberetninger mangler", "Reports are missing";
    late: "Forespørgsler er ikke kommet", "Requests have not come";
    map: "Danmarkskort", "Map of Denmark";
    map_about:
        "Hver kommune er en brik. Den fører til kommunens linje i tabellen.",
        "Each municipality is a tile. It leads to the municipality's line in the table.";
    no_part: "deltager ikke", "takes no part";
    legend: "Tegnforklaring", "Legend";
    table: "Kommunerne", "The municipalities";
    kommune: "Kommune", "Municipality";
    standing: "Står", "Stands";
    asked: "Spurgt", "Asked";
    answer: "Svar", "Answer";
    antal: "Antal", "Number";
    kroner: "Kr.", "Kr.";
    on_its_way: "på vej", "on its way";
    stuck: "sidder fast", "stuck";
    cancelled: "annulleret", "cancelled";
    files_of: "Filer fra", "Files of";
    release:
        "Se på filen, og frigiv den så, eller afvis den.",
        "Look at the file, then release or reject it.";
    release_answer: "Se på svaret, og frigiv det så.", "Look at the answer, then release it.";
    send_back: "Send fejlrapporten til afsenderen.", "Send its report to its sender.";
    again:
        "Den prøves igen af sig selv; her står, hvorfor det ikke gik.",
        "It is tried again by itself; the file says why it failed.";
    retry:
        "Ret det, der er i vejen, og prøv så igen.",
        "Mend what is in the way, then retry it.";
    which_holds:
        "Spørg afsenderen, hvilken der gælder.",
        "Ask its sender which one holds.";
    ask_reports:
        "Bed KY om SF2520-filerne; her er, hvad der er kommet.",
        "Ask KY for the SF2520 files; here is what has come.";
    ask_requests:
        "Bed KY om SF2530-filerne; her er, hvad der er kommet.",
        "Ask KY for the SF2530 files; here is what has come.";
}

/// `96 of 98 answered, 2 need you, requests close in 1 h 12 min.`, in parts.
pub(super) fn answered(done: usize, all: usize, language: Language) -> String {
    match language {
        Language::En => format!("{done} of {} answered", municipalities(all, language)),
        Language::Da => format!("{done} af {} besvaret", municipalities(all, language)),
    }
}

/// How many have reported everything, in part of a sentence.
pub(super) fn settled(done: usize, all: usize, language: Language) -> String {
    match language {
        Language::En => format!("{done} of {} reported in full", municipalities(all, language)),
        Language::Da => format!("{done} af {} fuldt indberettet", municipalities(all, language)),
    }
}

/// How many things wait for somebody, in part of a sentence.
pub(super) fn needs(count: usize, language: Language) -> String {
    match (language, count) {
        (Language::En, 0) => "nothing needs you".to_owned(),
        (Language::En, 1) => "1 needs you".to_owned(),
        (Language::En, _) => format!("{count} need you"),
        (Language::Da, 0) => "intet kræver handling".to_owned(),
        (Language::Da, _) => format!("{count} kræver handling"),
    }
}

/// Until when something may come, in part of a sentence.
pub(super) fn closes(is_request: bool, countdown: &str, language: Language) -> String {
    match (language, is_request) {
        (Language::En, true) => format!("requests close {countdown}"),
        (Language::En, false) => format!("reports close {countdown}"),
        (Language::Da, true) => format!("fristen for forespørgsler er {countdown}"),
        (Language::Da, false) => format!("fristen for indberetninger er {countdown}"),
    }
}

words! {
    /// Of the page of expectations.
    ExpectationsWords:
    expectations: "Forventninger", "Expectations";
    none:
        "Der er endnu ingen forventninger: ingen forespørgsel er besvaret.",
        "There are no expectations yet: no request was answered.";
    choose: "Udbetaling", "Payout";
    show: "Vis", "Show";
    by_kommune: "Kommune for kommune", "By municipality";
    over_time: "De seneste udbetalinger", "The latest payouts";
    over_time_about:
        "Forventninger i hver udbetaling efter udfald; tabellen nedenfor har tallene.",
        "Expectations of each payout by outcome; the table below has the numbers.";
    chart: "Modtaget af forventet", "Received of expected";
    expected: "Forventet", "Expected";
    received: "Modtaget", "Received";
    missing: "Mangler", "Missing";
    open: "Åbne", "Open";
    unexpected: "Uventet", "Unexpected";
    antal: "Antal", "Number";
    kroner: "Kr.", "Kr.";
    kommune: "Kommune", "Municipality";
    all: "I alt", "Together";
    payout: "Udbetaling", "Payout";
    amounts: "Beløb i kroner", "Amounts in kroner";
    received_expected: "Modtaget / forventet, kr.", "Received / expected, kr.";
}

/// The word for an outcome.
pub(super) const fn udfald(udfald: Udfald, language: Language) -> &'static str {
    match (language, udfald) {
        (Language::En, Udfald::Fuld) => "full",
        (Language::En, Udfald::Delvis) => "in part",
        (Language::En, Udfald::Ingen) => "nothing",
        (Language::En, Udfald::Tilbagefoert) => "taken back",
        (Language::En, Udfald::Over) => "too much",
        (Language::En, Udfald::Aaben) => "open",
        (Language::En, Udfald::Udeblevet) => "stayed out",
        (Language::Da, Udfald::Fuld) => "fuld",
        (Language::Da, Udfald::Delvis) => "delvis",
        (Language::Da, Udfald::Ingen) => "ingen",
        (Language::Da, Udfald::Tilbagefoert) => "tilbageført",
        (Language::Da, Udfald::Over) => "over",
        (Language::Da, Udfald::Aaben) => "åben",
        (Language::Da, Udfald::Udeblevet) => "udeblevet",
    }
}
