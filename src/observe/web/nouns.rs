//! What the life of a file is made of, in both languages. English has the words of the store, so
//! that what is read here can be typed at a terminal.

use crate::config::web::Language;
use crate::store::Verdict;
use crate::transfer::state::{Direction, Event, State};

/// A state.
pub(super) const fn state_word(state: State, language: Language) -> &'static str {
    if let Language::En = language {
        return state.word();
    }
    match state {
        State::Seen => "set",
        State::Fetched => "hentet",
        State::Accepted => "modtaget",
        State::Recognised => "genkendt",
        State::Vanished => "forsvundet",
        State::Rejected => "afvist",
        State::Held => "tilbageholdt",
        State::Archived => "arkiveret",
        State::Purged => "slettet efter frist",
        State::Queued => "skal sendes",
        State::Rendered => "dannet",
        State::Published => "afleveret",
        State::Triggered => "udløst",
        State::Received => "kvitteret teknisk",
        State::Acknowledged => "kvitteret",
        State::Refused => "afvist af modtager",
        State::Failed => "mislykkedes, prøves igen",
        State::Dead => "opgivet",
        State::Cancelled => "annulleret",
        State::DeliveredOutOfBand => "afleveret ad anden vej",
    }
}

/// How a state looks: `bad` needs somebody, `warn` may soon, `good` is done; empty = under way.
pub(super) const fn state_class(state: State) -> &'static str {
    match state {
        State::Rejected | State::Held | State::Dead | State::Refused => "bad",
        State::Failed | State::Cancelled => "warn",
        State::Archived
        | State::Published
        | State::Received
        | State::Acknowledged
        | State::DeliveredOutOfBand => "good",
        State::Seen
        | State::Fetched
        | State::Accepted
        | State::Recognised
        | State::Vanished
        | State::Purged
        | State::Queued
        | State::Rendered
        | State::Triggered => "",
    }
}

/// An event.
pub(super) const fn event_word(event: Event, language: Language) -> &'static str {
    if let Language::En = language {
        return event.word();
    }
    match event {
        Event::Fetch => "hent",
        Event::Accept => "modtag",
        Event::Recognise => "genkend",
        Event::Vanish => "forsvind",
        Event::Reject => "afvis",
        Event::Hold => "tilbagehold",
        Event::Release => "frigiv",
        Event::Replay => "behandl igen",
        Event::Archive => "arkivér",
        Event::Purge => "slet efter frist",
        Event::Render => "dan",
        Event::Publish => "aflevér",
        Event::Trigger => "udløs",
        Event::Receive => "teknisk kvittering",
        Event::Acknowledge => "forretningskvittering",
        Event::Refuse => "afvisning fra modtager",
        Event::Fail => "mislykkes",
        Event::GiveUp => "opgiv",
        Event::Requeue => "send (igen)",
        Event::Cancel => "annullér",
        Event::DeliverOutOfBand => "afleveret ad anden vej",
    }
}

/// A direction.
pub(super) const fn direction_word(direction: Direction, language: Language) -> &'static str {
    match (direction, language) {
        (direction, Language::En) => direction.word(),
        (Direction::Inbound, Language::Da) => "ind",
        (Direction::Outbound, Language::Da) => "ud",
    }
}

/// What a receipt says.
pub(super) const fn verdict_word(verdict: Verdict, language: Language) -> &'static str {
    if let Language::En = language {
        return verdict.word();
    }
    match verdict {
        Verdict::Delivered => "afleveret",
        Verdict::NotDelivered => "ikke afleveret",
        Verdict::Accepted => "modtaget",
        Verdict::Rejected => "afvist",
        Verdict::CouldNotNotify => "kunne ikke underrettes",
    }
}

/// What a button says that pulls a lever, by the command it is.
pub(super) fn action_words(action: &str, language: Language) -> &'static str {
    let (dansk, english) = match action {
        "release" => ("Frigiv: filen går videre", "Release: the file goes on"),
        "reject" => ("Afvis: filen får ingen virkning", "Reject: the file is not applied"),
        "retry" => ("Send igen: svaret afleveres igen", "Retry: the answer is delivered again"),
        "replay" => (
            "Behandl igen: filen læses igen fra de gemte byte",
            "Replay: the file is read again from its kept bytes",
        ),
        "hold" => ("Tilbagehold: svaret sendes ikke nu", "Hold: the answer does not leave now"),
        "cancel" => ("Annullér: svaret sendes aldrig", "Cancel: the answer never leaves"),
        "mark-delivered" => (
            "Notér som afleveret: svaret er nået frem ad anden vej",
            "Mark delivered: the answer has come by other means",
        ),
        "resume" => ("Genoptag: stedet bruges igen", "Resume: the endpoint is used again"),
        _ => ("", ""),
    };
    match language {
        Language::Da => dansk,
        Language::En => english,
    }
}
