//! The words of the registrations' pages.

use super::words::words;
use crate::config::web::Language;
use crate::domain::debitor::Afvisningsaarsag;
use crate::store::Tilstand;

words! {
    /// Of both pages.
    DebitorWords:
    debitor: "Debitorregistreringer", "Debitorregistreringer";
    not_counted:
        "Registreringerne tælles endnu; tallene vises om lidt.",
        "The registrations are still being counted; the numbers will show in a moment.";
    counted: "Talt op", "Counted";
    backlog: "Venter på at komme af sted", "Waiting to leave";
    in_flight: "I en overførsel, der ikke er afleveret", "In a transfer that is not delivered";
    awaiting: "Afventer kvittering", "Awaiting their kvittering";
    rejected: "Afvist, venter på en sagsbehandler", "Rejected, waiting for a case worker";
    oldest: "ældste fra", "oldest of";
    by_reason: "Afvist efter årsag", "Rejected by reason";
    reason: "Årsag", "Reason";
    antal: "Antal", "Number";
    oldest_head: "Ældste", "Oldest";
    none_rejected: "Ingen afvist registrering venter.", "No rejected registration waits.";
    by_kommune: "Kommune for kommune", "By municipality";
    kommune: "Kommune", "Municipality";
    all: "I alt", "Together";
    unanswered: "Overførsler uden fuld kvittering", "Transfers not answered in full";
    none_unanswered:
        "Alle afleverede overførsler er besvaret.",
        "Every delivered transfer is answered.";
    transfer: "Overførsel", "Transfer";
    debitorsystem: "Debitorsystem", "Debitorsystem";
    delivered: "Afleveret", "Delivered";
    answered: "Besvaret", "Answered";
    more: "Kun de ældste er vist.", "Only the oldest are shown.";
    none: "Ingen registreringer er indlæst.", "No registration was entered.";
    list: "Afviste registreringer", "Rejected registrations";
    every: "alle", "all";
    show: "Vis", "Show";
    registrering: "Registrering", "Registration";
    operation: "Operation", "Operation";
    entered: "Indlæst", "Entered";
    told: "Debitorsystemets ord", "The debitorsystem's words";
    what_to_do: "Gør", "Do";
    left: "restance", "restance";
    nothing: "Ingen på denne side.", "None on this page.";
    newest: "Nyeste", "Newest";
    older: "Ældre", "Older";
    pages: "Sider", "Pages";
    back: "Til overblikket", "To the overview";
    how:
        "Sagsbehandleren retter den med modregn debitor correct eller opgiver den med modregn \
         debitor cancel.",
        "The case worker corrects it with modregn debitor correct, or gives it up with modregn \
         debitor cancel.";
}

/// The word for what has become of a registration.
pub(super) const fn tilstand(tilstand: Tilstand, language: Language) -> &'static str {
    match (language, tilstand) {
        (Language::En, Tilstand::Modtaget) => "entered",
        (Language::En, Tilstand::IOverfoersel) => "in a transfer",
        (Language::En, Tilstand::AfventerKvittering) => "awaiting",
        (Language::En, Tilstand::Accepteret) => "accepted",
        (Language::En, Tilstand::Afvist) => "rejected",
        (Language::En, Tilstand::Rettet) => "corrected",
        (Language::En, Tilstand::Annulleret) => "cancelled",
        (Language::Da, Tilstand::Modtaget) => "modtaget",
        (Language::Da, Tilstand::IOverfoersel) => "i overførsel",
        (Language::Da, Tilstand::AfventerKvittering) => "afventer",
        (Language::Da, Tilstand::Accepteret) => "accepteret",
        (Language::Da, Tilstand::Afvist) => "afvist",
        (Language::Da, Tilstand::Rettet) => "rettet",
        (Language::Da, Tilstand::Annulleret) => "annulleret",
    }
}

/// What a reason means, and what a case worker can do about it.
pub(super) const fn aarsag(
    aarsag: Afvisningsaarsag,
    language: Language,
) -> (&'static str, &'static str) {
    use Afvisningsaarsag as A;
    match (language, aarsag) {
        (Language::En, _) => (aarsag.what(), aarsag.next()),
        (Language::Da, A::KontoUkendt) => (
            "debitorkontoen er ukendt",
            "se, om dens OpretDebitorkonto blev accepteret; ret debitorkonto_id",
        ),
        (Language::Da, A::FindesAllerede) => (
            "debitorkontoen eller fordringen findes allerede",
            "annullér, hvis den er registreret før; ret ellers dens id'er",
        ),
        (Language::Da, A::AndenEjer) => {
            ("et andet fagsystem ejer den", "annullér: kun ejeren må ændre debitorkontoen")
        }
        (Language::Da, A::IkkeISortiment) => (
            "klassen er ikke i sortimentet",
            "ret klassen, eller få sortimentet udvidet i begge ender",
        ),
        (Language::Da, A::FordringUkendt) => {
            ("fordringen eller delfordringen er ukendt", "ret fordring_id eller delfordring_id")
        }
        (Language::Da, A::Datoer) => ("datoerne modsiger hinanden", "ret datoerne"),
        (Language::Da, A::OverRestance) => (
            "indbetalingen er større end restancen",
            "ret beløbet til højst restancen, og betal resten tilbage",
        ),
        (Language::Da, A::Tilbagefoersel) => (
            "indbetalingen er delvis tilbageført eller tilbageført før",
            "ret beløbet til hele indbetalingens, eller annullér",
        ),
        (Language::Da, A::IntetAtAfslutte) => (
            "det, der skal afsluttes, findes ikke",
            "annullér, hvis det er afsluttet før; ret ellers, hvem eller hvad det gælder",
        ),
        (Language::Da, A::TidligereMangler) => (
            "en tidligere registrering på debitorkontoen mangler",
            "se, hvad der blev af de tidligere; ret denne til det samme for at sende den igen",
        ),
        (Language::Da, A::Andet) => {
            ("en anden årsag", "læs årsagen i ord; spørg debitorsystemet, hvis den ikke er klar")
        }
    }
}
