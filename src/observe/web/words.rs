//! All words of the pages, Danish and English side by side: what one language lacks does not
//! compile. A table for each page.

use crate::config::web::Language;

/// A table of words: `name: "dansk", "English";`
macro_rules! words {
    ($(#[$about:meta])* $Table:ident: $($name:ident: $dansk:literal, $english:literal;)+) => {
        $(#[$about])*
        pub(super) struct $Table {
            $(pub(super) $name: &'static str,)+
        }

        impl $Table {
            const DA: Self = Self { $($name: $dansk,)+ };
            const EN: Self = Self { $($name: $english,)+ };

            /// Those of a language.
            pub(super) const fn of(language: Language) -> &'static Self {
                match language {
                    Language::Da => &Self::DA,
                    Language::En => &Self::EN,
                }
            }
        }
    };
}

pub(super) use words;

words! {
    /// Around every page.
    Words:
    skip: "Gå til indholdet", "Skip to the content";
    menu: "Sider", "Pages";
    files: "Filer", "Files";
    payout: "Udbetaling", "Payout";
    expectations: "Forventninger", "Expectations";
    debitor: "Debitor", "Debitor";
    system: "System", "System";
    as_of: "Vist, som det stod", "Shown as of";
    since: "siden", "since";
    other_language: "English", "Dansk";
    other_language_code: "en", "da";
    signed_in: "Logget ind som", "Signed in as";
    read_only: "kun læsning", "read only";
    pause: "Stop opdatering", "Stop refreshing";
    resume: "Opdatér igen", "Refresh again";
    refreshing: "Opdatér siden hvert 30. sekund", "Refresh the page every 30 seconds";
    home: "Til forsiden", "To the first page";
    refused: "Det gik ikke", "That did not work";
}

words! {
    /// `/files`
    FilesWords:
    find: "Find en fil", "Find a file";
    find_what:
        "Filens id, forespoergsel_id, eller begyndelsen af filnavnet",
        "The file's id, forespoergsel_id, or the beginning of its name";
    search: "Søg", "Search";
    filter: "Vis", "Show";
    choose: "Udvælg filer", "Choose files";
    all: "alle", "all";
    state: "Tilstand", "State";
    flow: "Flow", "Flow";
    kommune: "Kommune", "Kommune";
    direction: "Retning", "Direction";
    file: "Fil", "File";
    changed: "Ændret", "Changed";
    problem: "Fejl", "Problem";
    none: "Ingen filer.", "No files.";
    newest_first: "Nyeste først", "Newest first";
    by_name: "Efter navn", "By name";
    newer: "Nyere", "Newer";
    older: "Ældre", "Older";
    more: "Flere", "More";
    paging: "Flere sider", "More pages";
}

words! {
    /// `/files/{id}`
    FileWords:
    id: "Id", "Id";
    direction: "Retning", "Direction";
    flow: "Flow", "Flow";
    place: "Sted", "Place";
    kommune: "Kommune", "Kommune";
    forespoergsel: "forespoergsel_id", "forespoergsel_id";
    dispositionsdato: "Dispositionsdato", "dispositionsdato";
    size: "Størrelse", "Size";
    bytes: "byte", "bytes";
    sha256: "SHA-256", "SHA-256";
    created: "Begyndt", "Begun";
    attempts: "Mislykkede forsøg", "Failed tries";
    brought: "Bragt af platformen, fra", "Brought by the platform, from";
    history: "Forløb", "History";
    begins: "begyndt", "begun";
    by: "af", "by";
    receipts: "Kvitteringer", "Receipts";
    receipt: "Kvittering", "Receipt";
    about: "Kvitterer for", "Is the receipt of";
    report: "Fejlrapport", "Error report";
    report_text: "Hent som tekst", "Download as text";
    report_json: "Hent som JSON", "Download as JSON";
    advice: "Næste skridt for afsender", "What its sender is to do";
    applied: "indlæst", "applied";
    refused: "afvist", "refused";
    records: "Poster", "Records";
    faults: "Fejl", "Faults";
    shown: "vist", "shown";
    line: "Linje", "Line";
    record: "Post", "Record";
    field: "Felt", "Field";
    columns: "Kolonner", "Columns";
    code: "Kode", "Code";
    expected: "Ventet", "Expected";
    found: "Fundet", "Found";
    pictures: "Linjerne med fejl", "The lines with faults";
    how_to_read:
        "Af det fundne vises kun formen: 9 er et ciffer, A eller a et bogstav, ? et andet tegn. \
         De markerede kolonner er forkerte; · er kolonner, som intet er sagt om.",
        "Of what was found only the form is shown: 9 is a digit, A or a is a letter, ? is another \
         character. The marked columns are wrong; of · nothing is said.";
    related: "Andre filer af samme forespørgsel", "Other files of the same request";
}

words! {
    /// Where operators act.
    ActingWords:
    acting: "Handlinger", "Actions";
    reason:
        "Begrundelse (gemmes med dit navn; ingen CPR-numre)",
        "Reason (kept with your name; no CPR numbers)";
    done: "Det er gjort og skrevet i forløbet", "Done, and in the history";
}

words! {
    /// `/system`
    SystemWords:
    version: "Version", "Version";
    features: "Bygget med", "Built with";
    miljoe: "Miljø", "Environment";
    begun: "Startet", "Begun";
    aftaler: "Gældende aftaler", "Agreements that hold";
    not_counted: "tælles", "being counted";
    store: "Database", "Store";
    schema: "skema", "schema";
    space: "Ledig plads", "Space left";
    kept_free: "holdes fri", "kept free";
    too_little: "for lidt: ingen fil hentes", "too little: no file is fetched";
    workers: "Arbejdere", "Workers";
    worker: "Arbejder", "Worker";
    doing: "Er i gang med", "Is at";
    nothing: "venter på opgaver", "waiting for something to do";
    work: "arbejder", "work";
    waits: "venter på en anden", "waiting for another";
    hangs: "hænger", "hangs";
    sign: "Sidste livstegn", "Last sign of life";
    ago: "s siden", "s ago";
    endpoints: "Steder", "Endpoints";
    endpoint: "Sted", "Endpoint";
    kind: "Slags", "Kind";
    place: "Hvor", "Where";
    standing: "Status", "Standing";
    good: "i orden", "good";
    paused: "på pause siden", "paused since";
    rests: "lades i fred; prøves igen om", "left alone; asked again in";
    seconds: "s", "s";
    failures: "fejl i træk", "failures in a row";
    routes: "Ruter", "Routes";
    flow: "Flow", "Flow";
    inbox: "Ind", "In";
    outbox: "Ud", "Out";
    schedule: "Plan", "Schedule";
    always: "hele tiden", "all the time";
    next: "Næste gang", "Next time";
    overdue: "Kvitteringer, der mangler", "Receipts overdue";
    alerts: "Seneste alarmer", "Latest alerts";
    no_alerts: "Ingen alarmer.", "No alerts.";
    raised: "Rejst", "Raised";
    alert: "Alarm", "Alert";
    what: "Hvad", "What";
    todo: "Næste skridt", "What to do";
    sent: "Afleveret", "Handed over";
    not_sent: "ikke endnu", "not yet";
    layouts: "Formater i kraft", "Layouts in force";
    layout: "Format", "Layout";
    source: "Kilde", "Source";
    built_in: "indbygget", "built in";
}

words! {
    /// Why something is not answered.
    Refusals:
    bad_request:
        "Forespørgslen giver ingen mening for os.",
        "The request makes no sense to us.";
    not_signed_in:
        "Vi ved ikke, hvem du er. Log ind, og prøv igen.",
        "We do not know who you are. Sign in and try again.";
    not_an_operator:
        "Du må se siden, men ikke handle: dit navn står ikke i web.operators.",
        "You may look, but not act: your name is not in web.operators.";
    bad_token:
        "Formularen er ikke en, vi har givet dig, eller den er for gammel. Gå tilbage, genindlæs \
         siden, og prøv igen.",
        "The form is not one that we gave you, or it is too old. Go back, reload the page and \
         try again.";
    bad_reason:
        "Begrundelsen duer ikke. Gå tilbage, og ret den.",
        "The reason will not do. Go back and correct it.";
    not_found: "Den side er her ikke.", "There is no such page.";
    bad_method: "Siden kan ikke bruges på den måde.", "The page cannot be used in this way.";
    conflict: "Det kan ikke gøres nu.", "That cannot be done now.";
    too_large: "Det er mere, end vi tager imod.", "That is more than we take.";
    unknown_host:
        "Siden hedder noget andet: navnet står ikke i web.hosts.",
        "The page has another name: this one is not in web.hosts.";
    broken:
        "Noget gik galt hos os. Det står i loggen.",
        "Something went wrong on our side. The log has it.";
    unavailable:
        "Vi kan ikke svare lige nu. Prøv igen om lidt; hvorfor, står i loggen.",
        "We cannot answer just now. Try again in a moment; the log says why.";
}
