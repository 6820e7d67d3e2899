//! Where the program is killed to show that it can be: every boundary between something that is on record and something
//! that happens in the world, by name. A test starts the program with `LOKET_DIE_AT=letter_accepted:2`, and it ends itself by
//! SIGKILL when that moment comes the second time. Only builds with debug assertions can; in a release [`moment`] is empty,
//! and no variable can harm it.

macro_rules! moments {
    ($($moment:ident $name:literal),* $(,)?) => {
        /// A boundary. The variants stand in the order of a request's walk.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Moment { $($moment),* }

        impl Moment {
            pub const ALL: &[Self] = &[$(Self::$moment),*];

            pub fn name(self) -> &'static str {
                match self { $(Self::$moment => $name),* }
            }
        }
    };
}

moments! {
    // At the start.
    StateOpened "state_opened",
    // The inbox, and intake.
    MailFetched "mail_fetched",
    MailUnderstood "mail_understood",
    ContentsWritten "contents_written",
    ContentsFlushed "contents_flushed",
    IntakeRecorded "intake_recorded",
    FilingDue "filing_due",
    MailFiled "mail_filed",
    // Any transaction of the store.
    CommitDue "commit_due",
    CommitDurable "commit_durable",
    // What people do at the desk or by mail.
    DecisionRuled "decision_ruled",
    DecisionRecorded "decision_recorded",
    RevealRecorded "reveal_recorded",
    // Rows of the outbox, and letters.
    RowsLeased "rows_leased",
    LetterTakenUp "letter_taken_up",
    LetterOffered "letter_offered",
    LetterAccepted "letter_accepted",
    LetterRecorded "letter_recorded",
    // The account system.
    ResetDue "reset_due",
    ResetStarted "reset_started",
    ResetAnswered "reset_answered",
    ResetRecorded "reset_recorded",
    ReadBackDue "read_back_due",
    ReadBackAnswered "read_back_answered",
    // Step 9.
    ArchivingStarted "archiving_started",
    ArchivingFinished "archiving_finished",
    DossierWritten "dossier_written",
    DossierCommitted "dossier_committed",
    ArchiveNamed "archive_named",
    DossierKept "dossier_kept",
    LiveRemoved "live_removed",
    ContentsOrphaned "contents_orphaned",
    // A backup.
    BackupWritten "backup_written",
    BackupNamed "backup_named",
}

/// Says that the program has come to this point; it does not come further where it was told to end here.
#[inline(always)]
pub fn moment(at: Moment) {
    #[cfg(debug_assertions)]
    armed::reached(at);
    #[cfg(not(debug_assertions))]
    let _ = at;
}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use rustix::process::{Signal, getpid, kill_process};

    use super::Moment;

    /// A moment's name, a colon, and which time it ends the program, from 1.
    const ORDER: &str = "LOKET_DIE_AT";

    static ARMED: OnceLock<Option<(Moment, AtomicU32)>> = OnceLock::new();

    pub fn reached(at: Moment) {
        let armed = ARMED.get_or_init(|| std::env::var(ORDER).ok().map(|order| parse(&order)));
        let Some((here, left)) = armed else { return };
        if *here != at || left.fetch_sub(1, Ordering::SeqCst) != 1 {
            return;
        }
        tracing::warn!("ends at {}", at.name());
        // As the kernel would: no destructor runs, no buffer is flushed. Other threads end with this one.
        let _ = kill_process(getpid(), Signal::KILL);
        unreachable!("a process does not outlive SIGKILL");
    }

    fn parse(order: &str) -> (Moment, AtomicU32) {
        let (name, nth) = order.split_once(':').expect("LOKET_DIE_AT is a moment and a number: letter_accepted:2");
        let moment = Moment::ALL.iter().find(|moment| moment.name() == name);
        let nth = nth.parse().expect("LOKET_DIE_AT ends in a number from 1");
        (*moment.expect("LOKET_DIE_AT names a moment of engine::peril"), AtomicU32::new(nth))
    }
}
