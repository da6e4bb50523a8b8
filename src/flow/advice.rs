//! What the error report of a file tells its sender to do.

use crate::domain::{Forespoergsel, Kommunekode, Miljoe};
use crate::transfer::advice::Advice;
use uuid::Uuid;

/// The file is bad; `id` is the field that names what it holds.
pub(super) fn send_corrected(id: &str) -> Advice {
    Advice::new(
        format!("Correct the file and send it again, under a new name and with a new {id}."),
        format!("Ret filen, og send den igen under et nyt navn og med et nyt {id}."),
    )
}

/// The file has come to the wrong environment.
pub(super) fn send_elsewhere(theirs: Miljoe, ours: Miljoe) -> Advice {
    Advice::new(
        format!(
            "The file says {theirs} and was sent to {ours}. Leave it as it is, and send it to the \
             right environment."
        ),
        format!(
            "Filen angiver {theirs}, men er sendt til {ours}. Lad den være, som den er, og send \
             den til det rigtige miljø."
        ),
    )
}

/// The file is for somebody else.
pub(super) fn send_to_recipient(kommune: Kommunekode) -> Advice {
    let navn = kommune.navn();
    Advice::new(
        format!(
            "The file is for {kommune} {navn}, for which this debitorsystem does not collect, or \
             names another authority. Leave it as it is, and send it to the right one; or correct \
             myndighed_cvr, and send it under a new name and with a new overfoersel_id."
        ),
        format!(
            "Filen er til {kommune} {navn}, som dette debitorsystem ikke opkræver for, eller den \
             angiver en anden myndighed. Lad den være, som den er, og send den til det rigtige \
             debitorsystem; eller ret myndighed_cvr, og send den under et nyt navn og med et nyt \
             overfoersel_id."
        ),
    )
}

/// Another file of the same name was accepted.
pub(super) fn say_which_file(id: &str) -> Advice {
    Advice::new(
        format!(
            "Tell us which of the two files holds. The earlier one was accepted and still holds. \
             If this one holds, send it again, under a new name and with a new {id}."
        ),
        format!(
            "Oplys, hvilken af de to filer der gælder. Den tidligere er modtaget og gælder \
             stadig. Gælder denne, så send den igen under et nyt navn og med et nyt {id}."
        ),
    )
}

/// Some records of a report are bad, the others were applied.
pub(super) fn send_refused() -> Advice {
    Advice::new(
        "Correct the records named here and send them in a new report, under a new name and with \
         a new udbetaling_id. Leave out the records that were applied.",
        "Ret de nævnte poster, og send dem i en ny fil under et nyt navn og med et nyt \
         udbetaling_id. Udelad de poster, der er indlæst.",
    )
}

/// Another report of the same identifier was applied.
pub(super) fn say_which(field: &str, id: Uuid) -> Advice {
    Advice::new(
        format!(
            "Tell us which of the two files with {field} {id} holds. The earlier one was applied \
             and still holds. If this one holds, send it again, under a new name and with a new \
             {field}."
        ),
        format!(
            "Oplys, hvilken af de to filer med {field} {id} der gælder. Den tidligere er indlæst \
             og gælder stadig. Gælder denne, så send den igen under et nyt navn og med et nyt \
             {field}."
        ),
    )
}

/// Another request of the same identifier was answered.
pub(super) fn say_which_request(request: &Forespoergsel) -> Advice {
    let id = request.forespoergsel_id;
    Advice::new(
        format!(
            "Tell us which of the two requests with forespoergsel_id {id} holds. The earlier one \
             was answered and still holds. If this one holds, send it again, under a new name and \
             with a new forespoergsel_id."
        ),
        format!(
            "Oplys, hvilken af de to forespørgsler med forespoergsel_id {id} der gælder. Den \
             tidligere er besvaret og gælder stadig. Gælder denne, så send den igen under et nyt \
             navn og med et nyt forespoergsel_id."
        ),
    )
}
