//! What can be wrong, on two axes: the stable [`Code`] says *what*, the [`Class`] says *whose turn
//! it is*. Used by every room; uses none.

use std::fmt;

/// Whose turn it is after a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Passing trouble: try again, later.
    Retry,
    /// The file is bad: reject it, go on with the others.
    Reject,
    /// Someone must look: a setting, a key, a conflict. Nothing is tried again until then.
    Operator,
}

/// Declares an enum of stable fault names: `Code = "its-name"`.
macro_rules! codes {
    (
        $(#[doc = $about:literal])+ enum $Codes:ident;
        $($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $Codes {
            $($(#[doc = $doc])+ $name,)+
        }

        impl $Codes {
            /// Every one there is.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The name as it stands in reports, logs and the store.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// What it means, in an English sentence.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_ascii_start(),)+
                }
            }
        }

        impl std::fmt::Display for $Codes {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(crate) use codes;

codes! {
    /// The stable name of a fault, kebab-case. Each has a heading in `docs/errors.md`.
    enum Code;

    // Records and fields (record/).
    /// The file has no bytes at all.
    EmptyFile = "empty-file",
    /// A record ends before its length.
    RecordTooShort = "record-too-short",
    /// A record goes on past its length.
    RecordTooLong = "record-too-long",
    /// A record does not end as the layout says.
    BadTerminator = "bad-terminator",
    /// No record of the layout starts like this.
    UnknownRecord = "unknown-record",
    /// A known record at a place where the layout does not allow it.
    UnexpectedRecord = "unexpected-record",
    /// A record the layout demands is not there.
    MissingRecord = "missing-record",
    /// Bytes after the last record the layout allows.
    TrailingBytes = "trailing-bytes",
    /// A constant field holds something else.
    BadConstant = "bad-constant",
    /// A filler field is not filled as the layout says.
    BadFiller = "bad-filler",
    /// A number has something else than digits, or a wrong sign.
    BadNumber = "bad-number",
    /// A date that does not exist or is written otherwise.
    BadDate = "bad-date",
    /// A time of day that does not exist or is written otherwise.
    BadTime = "bad-time",
    /// A month that does not exist or is written otherwise.
    BadPeriod = "bad-period",
    /// Not a UUID in lower case.
    BadUuid = "bad-uuid",
    /// Not a CPR number.
    BadCpr = "bad-cpr",
    /// Not a CVR number.
    BadCvr = "bad-cvr",
    /// None of the 98 municipalities.
    BadKommunekode = "bad-kommunekode",
    /// A code that is not in the field's table.
    UnknownCode = "unknown-code",
    /// Text that is not in the layout's character encoding, or holds a control character.
    BadEncoding = "bad-encoding",
    /// Text not padded as the layout says.
    BadPadding = "bad-padding",
    /// A required field is empty.
    MissingValue = "missing-value",
    /// A field that must be empty here has a value.
    UnexpectedValue = "unexpected-value",
    /// A value that its field cannot hold (writing).
    ValueDoesNotFit = "value-does-not-fit",
    /// A control field disagrees with the records it speaks of.
    ControlMismatch = "control-mismatch",
    /// More faults than are listed one by one.
    TooManyFaults = "too-many-faults",
    /// More records than are taken from one file, or for one registration.
    TooManyRecords = "too-many-records",

    // Endpoints (endpoint/).
    /// The server cannot be found or reached, or refuses the connection.
    EndpointUnreachable = "endpoint-unreachable",
    /// The server did not answer in time.
    EndpointTimeout = "endpoint-timeout",
    /// The connection broke.
    ConnectionLost = "connection-lost",
    /// The server and we have no way to speak in common.
    NegotiationFailed = "negotiation-failed",
    /// The file of known host keys cannot be read.
    KnownHostsUnreadable = "known-hosts-unreadable",
    /// No key of this server is known.
    HostKeyUnknown = "host-key-unknown",
    /// The server shows another key than the one known.
    HostKeyMismatch = "host-key-mismatch",
    /// The server shows a key that is marked as revoked.
    HostKeyRevoked = "host-key-revoked",
    /// Our key, or its passphrase, cannot be read.
    KeyUnreadable = "key-unreadable",
    /// Others than us may read our key.
    KeyFilePermissions = "key-file-permissions",
    /// The key agent does not answer or has no key.
    AgentUnavailable = "agent-unavailable",
    /// The server does not let us in.
    AuthenticationFailed = "authentication-failed",
    /// We are let in, but may not do this.
    PermissionDenied = "permission-denied",
    /// A directory is not there.
    DirectoryMissing = "directory-missing",
    /// A file that was listed is no longer there.
    FileGone = "file-gone",
    /// A file does not have the size it was listed with.
    FileChanged = "file-changed",
    /// A file is larger than allowed.
    FileTooLarge = "file-too-large",
    /// Another file stands under the name already.
    NameTaken = "name-taken",
    /// What was written at the endpoint does not read back as it was.
    NotAsWritten = "not-as-written",
    /// No room at the endpoint.
    EndpointFull = "endpoint-full",
    /// The endpoint refuses without a reason that has its own code.
    EndpointRefused = "endpoint-refused",
    /// Our own copy of a file cannot be read or written.
    SpoolFailed = "spool-failed",
    /// The bytes we kept of a file are gone.
    BytesMissing = "bytes-missing",

    // The life of a file (transfer/, flow/).
    /// The file is of the other environment.
    WrongMiljoe = "wrong-miljoe",
    /// A file of this name was accepted before, with other content.
    NameConflict = "name-conflict",
    /// The forespoergsel_id was used before, with other content.
    RequestConflict = "request-conflict",
    /// The udbetaling_id was used before, with other content.
    ReportConflict = "report-conflict",
    /// The report names a request that is not known here.
    RequestUnknown = "request-unknown",
    /// The report names a request of another municipality or payout.
    RequestDiffers = "request-differs",
    /// The overfoersel_id was used before, with other content.
    TransferConflict = "transfer-conflict",
    /// A transfer is for a municipality that is not collected for here, or names another authority.
    WrongRecipient = "wrong-recipient",
    /// A transfer comes from a fagsystem of which no class is known here.
    SortimentUnknown = "sortiment-unknown",
    /// A kvittering answers a transfer that is not known here.
    KvitteringUnknown = "kvittering-unknown",
    /// A kvittering answers a transfer of another municipality or fagsystem.
    KvitteringDiffers = "kvittering-differs",
    /// The kvittering_id was used before, with other content.
    KvitteringConflict = "kvittering-conflict",
    /// Some answers of a kvittering contradict earlier ones, or answer what was not asked.
    KvitteringDeviates = "kvittering-deviates",
    /// The CPR number is not the agreement's.
    CprMismatch = "cpr-mismatch",
    /// The same agreement stands twice in one report, for the same day and with the same sign.
    ReportedTwice = "reported-twice",
    /// An amount is withheld although the reason says that there is none.
    AmountContradictsReason = "amount-contradicts-reason",
    /// An answer says that a registration was accepted and why it was not, or neither.
    ReasonContradictsOutcome = "reason-contradicts-outcome",
    /// Some records of a file were refused; the others were applied.
    RecordsRefused = "records-refused",
    /// Another file of this name is still being processed.
    StillProcessing = "still-processing",
    /// What is in a file to be sent is not what was committed.
    OutOfBalance = "out-of-balance",
    /// Rendering a file again gave other bytes.
    AnswerDiffers = "answer-differs",
    /// The answer to this request was cancelled by an operator.
    AnswerCancelled = "answer-cancelled",
    /// A rule of the configuration holds the answer for an operator.
    HeldByRule = "held-by-rule",
    /// An operator has decided so.
    ByOperator = "by-operator",

    // Serviceplatformen (endpoint/serviceplatformen/, transfer/).
    /// A file's metadata cannot be read.
    MetadataUnreadable = "metadata-unreadable",
    /// A file is not what its metadata says.
    MetadataMismatch = "metadata-mismatch",
    /// By its metadata the file is not for us.
    NotARecipient = "not-a-recipient",
    /// By its metadata the file comes from somebody who may not send here.
    SenderNotAllowed = "sender-not-allowed",
    /// The platform brought another file under the same FileTransferUUID before.
    DeliveryConflict = "delivery-conflict",
    /// The platform's receipt says that it does not deliver the file.
    DeliveryRefused = "delivery-refused",
    /// The recipient's receipt says that it does not accept the file.
    RecipientRefused = "recipient-refused",
    /// A receipt has not come by its time.
    ReceiptOverdue = "receipt-overdue",
    /// A receipt came after its time.
    ReceiptLate = "receipt-late",
    /// A receipt cannot be read.
    ReceiptUnreadable = "receipt-unreadable",
    /// A receipt speaks of nothing that was sent.
    ReceiptUnmatched = "receipt-unmatched",
    /// A receipt says again what another one said before.
    ReceiptDuplicate = "receipt-duplicate",
    /// A receipt says otherwise than another one, or than what is known of the file.
    ReceiptContradicts = "receipt-contradicts",

    // Agreements as CSV (message/aftaler_csv.rs).
    /// A line of a CSV file has more or fewer values than the header.
    BadCsvLine = "bad-csv-line",
    /// Not an identifier: empty, too long, or characters that no layout can carry.
    BadIdentifier = "bad-identifier",
    /// The same aftale_id on two lines of one import.
    DuplicateAftale = "duplicate-aftale",
}

codes! {
    /// What operators are alerted of, kebab-case. Each has a heading in `docs/runbook.md`.
    enum AlertKind;

    /// A file waits for an operator: it is held, dead or refused, or must not be taken in.
    FileNeedsOperator = "file-needs-operator",
    /// A file was rejected: nothing of it was applied, its sender must be told.
    FileRejected = "file-rejected",
    /// An endpoint is left alone until an operator has mended what is wrong with it.
    EndpointPaused = "endpoint-paused",
    /// A municipality's request for a payout has not come, or was not answered, by its time.
    RequestMissing = "request-missing",
    /// A municipality's request came after its time.
    RequestLate = "request-late",
    /// Nothing was reported about expectations by the time that reports on their payout are due.
    ReportMissing = "report-missing",
    /// A municipality's report on a payout came after its time.
    ReportLate = "report-late",
    /// A receipt for a file of ours has not come by its time.
    ReceiptOverdue = "receipt-overdue",
    /// A delivered transfer of registrations was not answered whole by its time.
    KvitteringOverdue = "kvittering-overdue",
    /// Answers of a debitorsystem contradict earlier ones, or answer what was not asked.
    KvitteringDeviates = "kvittering-deviates",
    /// Registrations were rejected: a case worker corrects or cancels them.
    RegistreringerAfvist = "registreringer-afvist",
    /// Registrations wait for a municipality that has no route now.
    RuteMissing = "rute-missing",
    /// Our own disk is nearly full: no file is fetched.
    DiskNearlyFull = "disk-nearly-full",
    /// A unit of systemd's has failed: what it does is not done until somebody has acted.
    UnitFailed = "unit-failed",
}

impl AlertKind {
    /// The one this word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}

impl<'de> serde::Deserialize<'de> for AlertKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::from_word(&word).ok_or_else(|| {
            let kinds: Vec<_> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
            serde::de::Error::custom(format!("expected one of {}", kinds.join(", ")))
        })
    }
}

impl serde::Serialize for AlertKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Code {
    /// What it means, in Danish, for the sender of a file; only codes that can stand in a file's
    /// error report have it.
    pub const fn dansk(self) -> Option<&'static str> {
        Some(match self {
            Self::EmptyFile => "Filen er tom.",
            Self::RecordTooShort => "Posten er for kort.",
            Self::RecordTooLong => "Posten er for lang.",
            Self::BadTerminator => "Posten slutter ikke med det linjeskift, som formatet kræver.",
            Self::UnknownRecord => "Ingen af formatets poster begynder sådan.",
            Self::UnexpectedRecord => "Posten må ikke stå på dette sted i filen.",
            Self::MissingRecord => "En post, som formatet kræver, mangler.",
            Self::TrailingBytes => "Der står mere efter filens sidste post.",
            Self::BadConstant => "Feltet skal altid have det samme indhold, men har et andet.",
            Self::BadFiller => "Fyldfeltet er ikke udfyldt, som formatet kræver.",
            Self::BadNumber => "Tallet indeholder andet end cifre, eller fortegnet er forkert.",
            Self::BadDate => "Datoen findes ikke eller er skrevet anderledes.",
            Self::BadTime => "Klokkeslættet findes ikke eller er skrevet anderledes.",
            Self::BadPeriod => "Måneden findes ikke eller er skrevet anderledes.",
            Self::BadUuid => "Feltet indeholder ikke et UUID med små bogstaver.",
            Self::BadCpr => "Feltet indeholder ikke et CPR-nummer.",
            Self::BadCvr => "Feltet indeholder ikke et CVR-nummer.",
            Self::BadKommunekode => "Kommunekoden tilhører ingen af de 98 kommuner.",
            Self::UnknownCode => "Koden findes ikke i feltets kodeliste.",
            Self::BadEncoding => "Teksten er ikke i formatets tegnsæt eller indeholder styretegn.",
            Self::BadPadding => "Teksten er ikke stillet og udfyldt, som formatet kræver.",
            Self::MissingValue => "Feltet skal have en værdi, men er tomt.",
            Self::UnexpectedValue => "Feltet skal være tomt her, men har en værdi.",
            Self::ValueDoesNotFit => "Feltet kan ikke rumme værdien.",
            Self::ControlMismatch => "Kontrolfeltet stemmer ikke med de poster, det dækker.",
            Self::TooManyFaults => "Filen har flere fejl end dem, der er nævnt.",
            Self::TooManyRecords => {
                "Der er flere poster, end der læses fra én fil eller om én registrering."
            }
            Self::WrongMiljoe => "Filen hører til det andet miljø.",
            Self::NameConflict => "En fil med dette navn er modtaget før med et andet indhold.",
            Self::RequestConflict => "Dette forespoergsel_id er brugt før med et andet indhold.",
            Self::ReportConflict => "Dette udbetaling_id er brugt før med et andet indhold.",
            Self::RequestUnknown => "Indberetningen angiver en forespørgsel, der ikke er kendt.",
            Self::RequestDiffers => {
                "Indberetningen angiver en forespørgsel fra en anden kommune eller udbetaling."
            }
            Self::BadIdentifier => "Feltet indeholder ikke en gyldig betegnelse.",
            Self::CprMismatch => "CPR-nummeret er ikke det, aftalen gælder.",
            Self::ReportedTwice => "Aftalen står to gange med samme dag og fortegn.",
            Self::AmountContradictsReason => {
                "Der er tilbageholdt et beløb, selv om årsagskoden siger, at der ikke er noget."
            }
            Self::ReasonContradictsOutcome => "Årsagskoden passer ikke til udfaldet.",
            Self::RecordsRefused => "Nogle af filens poster er afvist. De øvrige er indlæst.",
            Self::OutOfBalance => "Svaret stemmer ikke med det, der er registreret.",
            Self::AnswerCancelled => "Svaret på denne fil er annulleret.",
            Self::HeldByRule => "Svaret på denne forespørgsel skal godkendes, før det sendes.",
            Self::StillProcessing => "En fil med dette navn er stadig under behandling.",
            Self::DeliveryConflict => "Filens FileTransferUUID er brugt før om et andet indhold.",
            Self::DeliveryRefused => "Serviceplatformen har ikke leveret filen.",
            Self::RecipientRefused => "Modtageren har ikke godtaget filen.",
            Self::ReceiptOverdue => "Kvitteringen er ikke kommet til tiden.",
            Self::ReceiptLate => "Kvitteringen er kommet for sent.",
            Self::ReceiptUnreadable => "Kvitteringen kan ikke læses.",
            Self::ReceiptUnmatched => "Kvitteringen vedrører ingen fil, der er sendt herfra.",
            Self::ReceiptDuplicate => "Kvitteringen er modtaget før.",
            Self::ReceiptContradicts => "Kvitteringen er i strid med, hvad der er kendt om filen.",
            _ => return self.dansk_om_registreringer(),
        })
    }

    /// The same of what is about registrations on debitorkonti.
    const fn dansk_om_registreringer(self) -> Option<&'static str> {
        Some(match self {
            Self::TransferConflict => "Dette overfoersel_id er brugt før med et andet indhold.",
            Self::WrongRecipient => "Overførslen er til en kommune, der ikke opkræves for her.",
            Self::SortimentUnknown => "Fagsystemets sortiment er ikke kendt.",
            Self::KvitteringUnknown => "Kvitteringen angiver en overførsel, der ikke er kendt.",
            Self::KvitteringDiffers => {
                "Kvitteringen angiver en overførsel for en anden kommune eller et andet fagsystem."
            }
            Self::KvitteringConflict => "Dette kvittering_id er brugt før med et andet indhold.",
            Self::KvitteringDeviates => {
                "Nogle af kvitteringens svar strider mod tidligere svar eller vedrører ukendte \
                 registreringer. De øvrige er indlæst."
            }
            _ => return None,
        })
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What some bytes look like, without what they say: digits become `9`, letters `A` or `a`, blanks
/// stay, other visible ASCII stays, anything else becomes `?`. Safe to show wherever the value may
/// be personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape(String);

/// Bytes of a shape shown before it is cut with `…`.
const SHAPE_LIMIT: usize = 60;

impl Shape {
    /// The shape of `bytes`, at most 60 characters.
    pub fn of(bytes: &[u8]) -> Self {
        let mut text: String = bytes.iter().take(SHAPE_LIMIT).map(|&b| shape_of(b)).collect();
        if bytes.len() > SHAPE_LIMIT {
            text.push('…');
        }
        Self(text)
    }
}

fn shape_of(byte: u8) -> char {
    match byte {
        b'0'..=b'9' => '9',
        b'A'..=b'Z' => 'A',
        b'a'..=b'z' => 'a',
        b' '..=b'~' => char::from(byte),
        _ => '?',
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl serde::Serialize for Shape {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_shows_no_digit_and_no_letter() {
        assert_eq!(Shape::of(b"0101901234 Bo/\xe6\n").to_string(), "9999999999 Aa/??");
        assert_eq!(Shape::of(&[b'0'; 61]).to_string(), format!("{}…", "9".repeat(60)));
    }

    #[test]
    fn codes_are_kebab_case_and_unique() {
        let names: std::collections::BTreeSet<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for name in names {
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
        }
    }
}
