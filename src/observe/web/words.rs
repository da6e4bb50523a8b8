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

words! {
    /// Around every page.
    Words:
    skip: "Gå til indholdet", "Skip to the content";
    menu: "Sider", "Pages";
    system: "System", "System";
    as_of: "Vist, som det stod", "Shown as of";
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
    /// `/system`
    SystemWords:
    version: "Version", "Version";
    aftaler: "Gældende aftaler", "Agreements that hold";
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
