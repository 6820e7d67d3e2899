//! Which alarms the facts raise. Pure. Between raising and clearing lies a gap, so that a figure that trembles around its
//! limit tells nobody twice.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;

use super::Alarm;
use super::facts::{CanaryFacts, CertificateFacts, DiskFacts, Facts, MailboxFacts};
use super::key;
use crate::daemon::keys::Standing;
use crate::daemon::lives;
use crate::engine::fixity::Fixity;
use crate::engine::port::Post;
use crate::store::redb::SPACE_TO_BEGIN;

/// A mailbox that nobody looked at for so long is not watched any more; IDLE is renewed within five minutes.
const SILENT: TimeDelta = TimeDelta::minutes(30);
/// So long after a start nobody knows yet what only memory told: a mail is told of when it has failed again and again, the
/// scanner when a mail asks for it.
const SETTLES: TimeDelta = TimeDelta::minutes(10);
/// A mail on record that is still in the inbox for so long does not leave it by itself; it was tried each minute.
const UNFILED: TimeDelta = TimeDelta::minutes(30);
/// Rows due for so long are not being carried out: a lease ends after ten minutes.
const STANDS: TimeDelta = TimeDelta::minutes(15);
/// A mail server that takes no letter for so long has more than a restart to do.
const AWAY: Duration = Duration::from_secs(15 * 60);
/// Each letter that is given up is told of in another one: so many refused with none accepted is no addressee's doing.
const REFUSED: u32 = 3;
/// The joint decree of a year's holidays is out by then.
pub const HOLIDAYS_AHEAD: TimeDelta = TimeDelta::days(45);
/// Below this no mail is taken in, which is an alarm whatever the office's own limit is.
const FULL_MB: u64 = SPACE_TO_BEGIN.div_ceil(1_000_000);
/// A certificate counts as renewed when it ends so much later than would raise the alarm.
const RENEWED: TimeDelta = TimeDelta::days(1);

/// When a fact becomes an alarm.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub fetch_failures: u32,
    pub outbox_tries: u32,
    pub certificate: TimeDelta,
    pub disk_free_mb: u64,
}

/// What a look at the facts says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    pub raise: Vec<Alarm>,
    /// Keys of alarms that stay as they are, raised or not; every other one is over.
    pub keep: BTreeSet<String>,
}

pub fn judge(facts: &Facts, limits: &Limits) -> Judgement {
    let mut judgement = Judgement::default();
    for mailbox in &facts.mailboxes {
        judgement.mailbox(facts, mailbox, limits);
    }
    judgement.outbox(facts, limits);
    judgement.courier(facts);
    if facts.damaged > 0 {
        judgement.raise.push(Alarm::CasesDamaged { cases: facts.damaged });
    }
    if facts.unfiled > 0 {
        judgement.raise.push(Alarm::FilingFails { cases: facts.unfiled });
    }
    if let Some(Fixity { damaged: things @ 1.., .. }) = facts.fixity {
        judgement.raise.push(Alarm::RecordDamaged { things });
    }
    if facts.unknown > 0 {
        judgement.raise.push(Alarm::OutcomeUnknown { cases: facts.unknown });
    }
    for certificate in &facts.certificates {
        judgement.certificate(facts, certificate, limits);
    }
    judgement.raise.extend(facts.years_without_holidays.iter().map(|year| Alarm::HolidaysMissing { year: *year }));
    for disk in &facts.disks {
        judgement.disk(disk, limits);
    }
    if facts.scans_unread {
        judgement.raise.push(Alarm::ScansUnread);
    }
    if facts.scanner_away {
        judgement.raise.push(Alarm::ScannerAway);
    } else if settles(facts) {
        judgement.keep.insert(key("scanner_away", ""));
    }
    match facts.key_change {
        Standing::Waits => judgement.raise.push(Alarm::KeyChangeWaits),
        // After a start nobody knows until it was tried.
        Standing::UnderWay => {
            judgement.keep.insert(key("key_change_waits", ""));
        }
        Standing::Over => {}
    }
    match facts.canary {
        Some(CanaryFacts { lost_since: Some(sent), .. }) => judgement.raise.push(Alarm::CanaryLost { sent }),
        // After a start nobody knows until the first one is back.
        Some(CanaryFacts { back_at: None, .. }) => {
            judgement.keep.insert(key("canary_lost", ""));
        }
        _ => {}
    }
    judgement.raise.extend(facts.clock.map(Alarm::from));
    judgement.raise.extend(crashing(facts.crashes));
    judgement
}

/// A program that crashes again and again.
pub(super) fn crashing(crashes: usize) -> Option<Alarm> {
    (crashes >= lives::TOO_MANY).then_some(Alarm::DaemonCrashes { crashes })
}

fn settles(facts: &Facts) -> bool {
    facts.at - facts.since <= SETTLES
}

impl Judgement {
    fn mailbox(&mut self, facts: &Facts, mailbox: &MailboxFacts, limits: &Limits) {
        if mailbox.shelved > 0 {
            self.raise.push(Alarm::MailShelved { mailbox: mailbox.name.clone(), mails: mailbox.shelved });
        } else if mailbox.looked_at.is_none() || settles(facts) {
            self.keep.insert(key("mail_shelved", &mailbox.name));
        }
        self.filing(facts, mailbox);
        let silent = facts.at - mailbox.looked_at.unwrap_or(facts.since) > SILENT.max(mailbox.poll * 2);
        let alarm =
            |failures| Alarm::MailNotFetched { mailbox: mailbox.name.clone(), failures, looked_at: mailbox.looked_at };
        if mailbox.failures >= limits.fetch_failures {
            self.raise.push(alarm(mailbox.failures));
        } else if silent {
            self.raise.push(alarm(0));
        } else if mailbox.failures > 0 || mailbox.looked_at.is_none() {
            // Only a look that succeeded ends the alarm.
            self.keep.insert(alarm(0).key());
        }
    }

    fn filing(&mut self, facts: &Facts, mailbox: &MailboxFacts) {
        if mailbox.not_filed_since.is_some_and(|since| facts.at - since >= UNFILED) {
            self.raise.push(Alarm::MailsNotFiled { mailbox: mailbox.name.clone(), mails: mailbox.not_filed });
        } else if mailbox.not_filed > 0 || mailbox.looked_at.is_none() || settles(facts) {
            // After a start they are fetched and refused once more, and their time begins anew.
            self.keep.insert(key("mails_not_filed", &mailbox.name));
        }
    }

    fn outbox(&mut self, facts: &Facts, limits: &Limits) {
        let outbox = &facts.outbox;
        let failing = usize::from(outbox.most_attempts >= limits.outbox_tries) * outbox.failing;
        let rows = failing + outbox.held + outbox.dead + outbox.damaged;
        if rows > 0 {
            self.raise.push(Alarm::EffectStuck { rows });
        }
        let waits = |since| facts.at - since;
        // A daemon that was away finds everything due at its start.
        if let Some(since) = outbox.due_since
            && waits(since) > STANDS
            && waits(facts.since) > STANDS
        {
            self.raise.push(Alarm::OutboxStands { due_since: since });
        }
    }

    /// Only a letter that is accepted ends the alarm.
    fn courier(&mut self, facts: &Facts) {
        let Post { accepted, away, refused } = facts.post;
        if let Some(long) = away.filter(|long| *long >= AWAY) {
            let since = TimeDelta::from_std(long).ok().and_then(|long| facts.at.checked_sub_signed(long));
            self.raise.push(Alarm::CourierFails { since, refused });
        } else if refused >= REFUSED {
            self.raise.push(Alarm::CourierFails { since: None, refused });
        } else if !accepted || away.is_some() || refused > 0 {
            self.keep.insert(key("courier_fails", ""));
        }
    }

    fn certificate(&mut self, facts: &Facts, certificate: &CertificateFacts, limits: &Limits) {
        let of = certificate.of.clone();
        match certificate.until {
            Some(until) if until - facts.at <= limits.certificate => {
                self.raise.push(Alarm::CertificateEnds { of, on: until.date_naive() });
            }
            Some(until) if until - facts.at > limits.certificate + RENEWED => {}
            // Within the gap; or not seen since the start, and one that has expired never is.
            _ => {
                self.keep.insert(key("certificate_ends", &of));
            }
        }
    }

    fn disk(&mut self, disk: &DiskFacts, limits: &Limits) {
        let (free_mb, limit) = (disk.free / 1_000_000, limits.disk_free_mb.max(FULL_MB));
        if free_mb < limit {
            self.raise.push(Alarm::DiskAlmostFull { of: disk.of.clone(), free_mb });
        } else if free_mb < limit + limit / 5 {
            self.keep.insert(key("disk_almost_full", &disk.of));
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::daemon::alarm::board::Board;
    use crate::daemon::clock::Doubt;
    use crate::engine::store::OutboxTally;

    const LIMITS: Limits =
        Limits { fetch_failures: 5, outbox_tries: 7, certificate: TimeDelta::days(21), disk_free_mb: 1000 };

    fn quiet() -> Facts {
        let at = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let poll = TimeDelta::minutes(1);
        let mailbox = MailboxFacts {
            name: "utama".into(),
            poll,
            failures: 0,
            looked_at: Some(at),
            shelved: 0,
            not_filed: 0,
            not_filed_since: None,
        };
        Facts {
            at,
            since: at - TimeDelta::hours(2),
            mailboxes: vec![mailbox],
            outbox: OutboxTally { waiting: 9, ..OutboxTally::default() },
            post: Post { accepted: true, ..Post::default() },
            disks: vec![DiskFacts { of: "state".into(), free: 5_000_000_000, total: 9_000_000_000 }],
            certificates: vec![CertificateFacts { of: "desk".into(), until: Some(at + TimeDelta::days(60)) }],
            ..Facts::default()
        }
    }

    /// The kinds that are raised, and the keys kept.
    fn told(change: impl FnOnce(&mut Facts)) -> (Vec<String>, Vec<String>) {
        let mut facts = quiet();
        change(&mut facts);
        let judgement = judge(&facts, &LIMITS);
        (judgement.raise.iter().map(Alarm::key).collect(), judgement.keep.into_iter().collect())
    }

    fn raised(key: &str) -> (Vec<String>, Vec<String>) {
        (vec![key.to_owned()], Vec::new())
    }

    fn kept(key: &str) -> (Vec<String>, Vec<String>) {
        (Vec::new(), vec![key.to_owned()])
    }

    fn owned(keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn a_quiet_office_raises_nothing() {
        assert_eq!(told(|_| {}), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_mailbox_fails_from_its_fifth_failure_until_a_look_succeeds() {
        assert_eq!(told(|f| f.mailboxes[0].failures = 4), kept("mail_not_fetched/utama"));
        assert_eq!(told(|f| f.mailboxes[0].failures = 5), raised("mail_not_fetched/utama"));
    }

    /// They stayed in the inbox for ever, and nobody was told.
    #[test]
    fn mails_on_record_that_stay_in_the_inbox_for_half_an_hour_are_an_alarm_until_all_are_filed() {
        let waits = |minutes| {
            told(|f| {
                f.mailboxes[0].not_filed = 2;
                f.mailboxes[0].not_filed_since = Some(f.at - TimeDelta::minutes(minutes));
            })
        };

        assert_eq!(waits(29), kept("mails_not_filed/utama"), "raised before a restart, it goes on");
        assert_eq!(waits(30), raised("mails_not_filed/utama"));
        assert_eq!(told(|f| f.mailboxes[0].not_filed = 0), (Vec::new(), Vec::new()));
    }

    #[test]
    fn damage_is_an_alarm_until_a_look_finds_none() {
        let found = |damaged| told(|f| f.fixity = Some(Fixity { at: f.at, damaged }));

        assert_eq!((found(2), found(0)), (raised("record_damaged"), (Vec::new(), Vec::new())));
    }

    #[test]
    fn a_mailbox_that_nobody_looks_at_is_an_alarm_without_a_failure() {
        assert_eq!(
            told(|f| f.mailboxes[0].looked_at = Some(f.at - TimeDelta::minutes(31))),
            raised("mail_not_fetched/utama")
        );
        assert_eq!(told(|f| f.mailboxes[0].looked_at = None).0, ["mail_not_fetched/utama"]);
        assert_eq!(
            told(|f| (f.mailboxes[0].looked_at, f.since) = (None, f.at)),
            (
                Vec::new(),
                owned(&["mail_not_fetched/utama", "mail_shelved/utama", "mails_not_filed/utama", "scanner_away"])
            ),
            "a start is given time"
        );
    }

    /// A server without IDLE that was asked once an hour rang every half hour, and was well again with the next look.
    #[test]
    fn a_mailbox_that_is_asked_seldom_is_silent_only_after_two_rounds() {
        let hourly = |minutes| {
            told(|f| {
                f.mailboxes[0].poll = TimeDelta::hours(1);
                f.mailboxes[0].looked_at = Some(f.at - TimeDelta::minutes(minutes));
            })
        };

        assert_eq!(hourly(119), (Vec::new(), Vec::new()));
        assert_eq!(hourly(121), raised("mail_not_fetched/utama"));
    }

    #[test]
    fn what_only_memory_tells_is_given_time_after_a_start() {
        let after = |minutes| told(|f| f.since = f.at - TimeDelta::minutes(minutes));
        let unlooked = told(|f| (f.mailboxes[0].looked_at, f.since) = (None, f.at - TimeDelta::minutes(11)));

        assert_eq!(after(10), (Vec::new(), owned(&["mail_shelved/utama", "mails_not_filed/utama", "scanner_away"])));
        assert_eq!(after(11), (Vec::new(), Vec::new()));
        let unknown = ["mail_not_fetched/utama", "mail_shelved/utama", "mails_not_filed/utama"];
        assert_eq!(unlooked.1, unknown, "its mails are as unknown as itself");
    }

    #[test]
    fn a_certificate_that_was_not_seen_since_the_start_is_neither_good_nor_ending() {
        assert_eq!(told(|f| f.certificates[0].until = None), kept("certificate_ends/desk"));
    }

    /// The first look after a start found nothing of what only memory tells: the second channel heard at each restart that
    /// these were over, and then that they had begun.
    #[test]
    fn what_only_memory_tells_is_neither_over_nor_raised_anew_at_a_restart() {
        let board = Board::default();
        let look = |facts: &Facts| board.step(judge(facts, &LIMITS), facts.at);
        let mut standing = quiet();
        standing.mailboxes[0].shelved = 2;
        standing.certificates[0].until = Some(standing.at + TimeDelta::days(9));
        standing.scanner_away = true;
        let begun = look(&standing);
        standing.since = standing.at + TimeDelta::minutes(1);
        let mut started = Facts { at: standing.since, scanner_away: false, ..standing.clone() };
        (started.mailboxes[0].shelved, started.mailboxes[0].looked_at) = (0, None);
        started.certificates[0].until = None;
        let known = Facts { at: standing.since + TimeDelta::minutes(3), ..standing.clone() };
        let well = Facts { at: standing.since + TimeDelta::minutes(11), since: standing.since, ..quiet() };

        let (at_once, later, over) = (look(&started), look(&known), look(&well));

        assert_eq!(begun.raised.len(), 3);
        assert!(at_once.is_empty() && later.is_empty(), "{at_once:?} {later:?}");
        assert_eq!((over.raised.len(), over.cleared.len()), (0, 3));
    }

    #[test]
    fn rows_are_stuck_when_they_fail_too_often_or_wait_for_a_person() {
        assert_eq!(told(|f| (f.outbox.failing, f.outbox.most_attempts) = (3, 6)), (Vec::new(), Vec::new()));
        assert_eq!(told(|f| (f.outbox.failing, f.outbox.most_attempts) = (3, 7)), raised("effect_stuck"));
        assert_eq!(told(|f| f.outbox.dead = 1), raised("effect_stuck"));
        assert_eq!(told(|f| f.outbox.damaged = 1), raised("effect_stuck"));
        assert_eq!(told(|f| f.outbox.held = 1), raised("effect_stuck"));
    }

    #[test]
    fn a_mail_server_that_takes_no_letter_is_an_alarm_until_it_takes_one() {
        let away = |minutes: u64| told(|f| f.post.away = Some(Duration::from_secs(minutes * 60)));
        let refused = |letters: u32| told(|f| f.post.refused = letters);

        assert_eq!((away(14), away(15)), (kept("courier_fails"), raised("courier_fails")));
        assert_eq!((refused(2), refused(3)), (kept("courier_fails"), raised("courier_fails")));
        assert_eq!(told(|f| f.post = Post::default()), kept("courier_fails"), "nobody knows after a start");
    }

    #[test]
    fn rows_due_for_long_are_an_alarm_unless_the_daemon_has_just_started() {
        let long_ago = |f: &mut Facts| f.outbox.due_since = Some(f.at - TimeDelta::minutes(16));
        assert_eq!(told(long_ago), raised("outbox_stands"));
        let started = told(|f| {
            long_ago(f);
            f.since = f.at - TimeDelta::minutes(1)
        });
        assert!(started.0.is_empty());
    }

    #[test]
    fn figures_that_tremble_around_their_limit_neither_raise_nor_clear() {
        assert_eq!(told(|f| f.disks[0].free = 999_999_999), raised("disk_almost_full/state"));
        assert_eq!(told(|f| f.disks[0].free = 1_100_000_000), kept("disk_almost_full/state"));
        let unlimited = Limits { disk_free_mb: 0, ..LIMITS };
        let full = DiskFacts { of: "state".into(), free: SPACE_TO_BEGIN - 1, total: 9_000_000_000 };
        assert_eq!(
            judge(&Facts { disks: vec![full], ..quiet() }, &unlimited).raise.len(),
            1,
            "no mail is taken in then"
        );
        let ends_after = |left: TimeDelta| told(|f| f.certificates[0].until = Some(f.at + left));
        assert_eq!(ends_after(TimeDelta::days(21)), raised("certificate_ends/desk"));
        assert_eq!(ends_after(TimeDelta::days(21) + TimeDelta::hours(5)), kept("certificate_ends/desk"));
    }

    #[test]
    fn what_has_no_gap_is_raised_by_itself() {
        assert_eq!(told(|f| f.unknown = 2), raised("outcome_unknown"));
        assert_eq!(told(|f| f.damaged = 1), raised("cases_damaged"));
        assert_eq!(told(|f| f.unfiled = 1), raised("filing_fails"));
        assert_eq!(told(|f| f.mailboxes[0].shelved = 1), raised("mail_shelved/utama"));
        assert_eq!(told(|f| f.years_without_holidays = vec![2027]), raised("holidays_missing/2027"));
        assert_eq!(told(|f| f.scans_unread = true), raised("scans_unread"));
        assert_eq!(told(|f| f.scanner_away = true), raised("scanner_away"));
    }

    #[test]
    fn a_change_of_the_master_key_that_cannot_go_on_is_an_alarm_until_it_is_over() {
        assert_eq!(told(|f| f.key_change = Standing::Waits), raised("key_change_waits"));
        assert_eq!(told(|f| f.key_change = Standing::UnderWay), kept("key_change_waits"));
        assert_eq!(told(|f| f.key_change = Standing::Over), (Vec::new(), Vec::new()));
    }

    #[test]
    fn t42_a_clock_in_doubt_is_an_alarm_each_way() {
        let doubt = |seconds, believed| Some(Doubt { by: TimeDelta::seconds(seconds), believed });

        assert_eq!(told(|f| f.clock = doubt(9000, false)), raised("clock_in_doubt/ahead"));
        assert_eq!(told(|f| f.clock = doubt(-9000, false)), raised("clock_in_doubt/back"));
        assert_eq!(told(|f| f.clock = doubt(-9000, true)), raised("clock_in_doubt/back"));
    }

    #[test]
    fn crashes_are_an_alarm_from_the_third_on() {
        let crashed = |crashes| told(|f| f.crashes = crashes);

        assert_eq!([2, 3].map(crashed), [(Vec::new(), Vec::new()), raised("daemon_crashes")]);
    }

    #[test]
    fn a_lost_canary_is_an_alarm_until_one_is_back() {
        let out = CanaryFacts::default();
        assert_eq!(told(|f| f.canary = Some(CanaryFacts { lost_since: Some(f.at), ..out })), raised("canary_lost"));
        assert_eq!(told(|f| f.canary = Some(out)), kept("canary_lost"));
        assert_eq!(told(|f| f.canary = Some(CanaryFacts { back_at: Some(f.at), ..out })), (Vec::new(), Vec::new()));
    }
}
