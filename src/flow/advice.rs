//! What the error report of a request tells its sender to do.

use crate::domain::{Forespoergsel, Miljoe};
use crate::transfer::advice::Advice;

/// The file is bad.
pub(super) fn send_corrected() -> Advice {
    Advice::new(
        "Correct the file and send it again, under a new name and with a new forespoergsel_id.",
        "Ret filen, og send den igen under et nyt navn og med et nyt forespoergsel_id.",
    )
}

/// The file has come to the wrong environment.
pub(super) fn send_elsewhere(request: &Forespoergsel, ours: Miljoe) -> Advice {
    let theirs = request.miljoe;
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

/// Another file of the same name was answered.
pub(super) fn say_which_file() -> Advice {
    Advice::new(
        "Tell us which of the two files holds. The earlier one was answered and still holds. If \
         this one holds, send it again, under a new name and with a new forespoergsel_id.",
        "Oplys, hvilken af de to filer der gælder. Den tidligere er besvaret og gælder stadig. \
         Gælder denne, så send den igen under et nyt navn og med et nyt forespoergsel_id.",
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
