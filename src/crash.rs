//! Instants between two effects that last, by name: a test ends the process at one of them as a
//! power cut would, by `MODREGN_CRASH_AT=name` or, at the third time it is passed, `name:3`; or the
//! thread hangs there for good, by `MODREGN_HANG_AT`, or breaks down, by `MODREGN_PANIC_AT`. A
//! release build has nothing of this.

/// Declares the instants: `Name = "its:name"`.
macro_rules! points {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// An instant at which the process may end.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Point {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Point {
            /// Every one there is.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// What `MODREGN_CRASH_AT` calls it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

points! {
    /// The store's file is there, with nothing in it.
    StoreMade = "store:made",
    /// The store's schema is there; nothing has been asked of it yet.
    StoreMigrated = "store:migrated",
    /// A change of the store is complete but for its commit.
    StoreCommitting = "store:committing",
    /// A change of the store is committed.
    StoreCommitted = "store:committed",
    /// Agreements are in, but for their commit.
    ImportCommitting = "import:committing",
    /// Agreements are in.
    ImportCommitted = "import:committed",

    /// This process holds its lock; the store does not know it yet.
    NodeLocked = "node:locked",
    /// The store knows this process.
    NodeEnlisted = "node:enlisted",
    /// The store knows that another has ended; its lock file is still there.
    NodeBuried = "node:buried",
    /// The store knows that this one has ended; its lock file is still there.
    NodeLeft = "node:left",

    /// A file has been seen, and claimed.
    IntakeSeen = "intake:seen",
    /// A file of the spool is there, with nothing in it.
    SpoolBegun = "spool:begun",
    /// All its bytes are written, not synced.
    SpoolWritten = "spool:written",
    /// Its bytes and its name are synced.
    SpoolSynced = "spool:synced",
    /// One of the spool's files is removed.
    SpoolForgotten = "spool:forgotten",
    /// A fetched file is journalled; its source still stands there.
    IntakeJournalled = "intake:journalled",
    /// A source's done-file is removed, the source still stands there.
    SourceDoneRemoved = "source:done-removed",
    /// The source is gone.
    SourceCleared = "source:cleared",

    /// A request's effect is committed, and its answer owed.
    AnswerCommitted = "answer:committed",
    /// What a payout report settles is committed.
    ReportCommitted = "report:committed",
    /// A transfer of registrations is entered, and its kvittering owed.
    OverfoerselCommitted = "overfoersel:committed",
    /// A transfer of registrations is cut, and owed.
    TransferCut = "transfer:cut",
    /// What a kvittering answers is committed.
    KvitteringCommitted = "kvittering:committed",
    /// A refused file's place is there, with nothing in it.
    QuarantineMade = "quarantine:made",
    /// Its bytes are in quarantine.
    QuarantineKept = "quarantine:kept",
    /// Its report is there too.
    QuarantineReported = "quarantine:reported",
    /// Its refusal is journalled.
    QuarantineJournalled = "quarantine:journalled",

    /// An answer lies rendered in the spool.
    DeliveryRendered = "delivery:rendered",
    /// And that is journalled.
    DeliveryRenderJournalled = "delivery:render-journalled",
    /// It stands at its destination.
    DeliveryPublished = "delivery:published",
    /// And that is journalled.
    DeliveryPublishJournalled = "delivery:publish-journalled",
    /// Its trigger stands beside it.
    TriggerPut = "trigger:put",
    /// And that is journalled.
    TriggerJournalled = "trigger:journalled",
    /// A processed file's bytes are in the archive.
    ArchiveKept = "archive:kept",
    /// And that is journalled.
    ArchiveJournalled = "archive:journalled",

    /// What is wrong is raised; nobody is told of it yet.
    AlertRaised = "alert:raised",
    /// A hook has taken an alert; the store does not know.
    AlertTaken = "alert:taken",

    /// A file's kept bytes are removed, as their time is over.
    PurgeRemoved = "purge:removed",
    /// And that is journalled.
    PurgeJournalled = "purge:journalled",

    /// A directory of this machine: a copy stands complete under its temporary name.
    LocalCopied = "local:copied",
    /// A file has its final name, not synced.
    LocalRenamed = "local:renamed",
    /// A file is removed, not synced.
    LocalRemoved = "local:removed",
    /// A file is moved, not synced.
    LocalMoved = "local:moved",
    /// An SFTP server: the temporary file is there, with nothing in it.
    SftpOpened = "sftp:opened",
    /// All its bytes are written, not synced.
    SftpUploaded = "sftp:uploaded",
    /// They are synced, and counted.
    SftpSynced = "sftp:synced",
    /// The file has its final name.
    SftpRenamed = "sftp:renamed",
    /// A file is removed.
    SftpRemoved = "sftp:removed",
    /// A file is moved.
    SftpMoved = "sftp:moved",
}

/// Says that an instant is reached; only a test makes anything of it.
#[cfg(debug_assertions)]
pub fn reached(point: Point) {
    armed::reached(point);
}

/// Says that an instant is reached; only a test makes anything of it.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub const fn reached(_point: Point) {}

#[cfg(debug_assertions)]
mod armed {
    use super::Point;
    use rustix::process::{Signal, getpid, kill_process};
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicI64, Ordering};

    /// Where to end, and how often to pass there before.
    struct Trap {
        name: String,
        passes: AtomicI64,
    }

    impl Trap {
        fn set_by(variable: &str) -> Option<Self> {
            let set = std::env::var(variable).ok()?;
            let counted = set.rsplit_once(':').and_then(|(name, n)| Some((name, n.parse().ok()?)));
            let (name, time) = counted.unwrap_or((&set, 1));
            Some(Self { name: name.to_owned(), passes: AtomicI64::new(time) })
        }

        fn springs(&self, point: Point) -> bool {
            self.name == point.name() && self.passes.fetch_sub(1, Ordering::Relaxed) == 1
        }
    }

    static END: LazyLock<Option<Trap>> = LazyLock::new(|| Trap::set_by("MODREGN_CRASH_AT"));
    static HANG: LazyLock<Option<Trap>> = LazyLock::new(|| Trap::set_by("MODREGN_HANG_AT"));
    static PANIC: LazyLock<Option<Trap>> = LazyLock::new(|| Trap::set_by("MODREGN_PANIC_AT"));

    pub(super) fn reached(point: Point) {
        if END.as_ref().is_some_and(|trap| trap.springs(point)) {
            // Nothing is flushed, no destructor runs. It cannot fail: it is our own process.
            let _ = kill_process(getpid(), Signal::KILL);
        }
        assert!(!PANIC.as_ref().is_some_and(|trap| trap.springs(point)), "as the test wants it");
        if HANG.as_ref().is_some_and(|trap| trap.springs(point)) {
            loop {
                std::thread::park();
            }
        }
    }
}
