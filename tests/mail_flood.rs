//! Floods (THREATS row 18): what a day's mail may ask for, what becomes of the rest, and who hears of it.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use loket::demo::samples::Stamp;
use loket::demo::samples::people::{AGUNG, MAIL_SERVER, RINA};
use loket::demo::samples::post::Mail;
use loket::engine::admins::Role;
use loket::engine::intake::DayLimits;
use loket::engine::intake::tally::{Domain, Standing, Tally};
use loket::engine::port::{Folder, Outgoing};
use loket::mail::authenticity::Trust;
use loket::sop::names::Address;
use proptest::prelude::*;

use crate::kit::postfix::{AUTHSERV_ID, FORGED};
use crate::kit::site::{Plan, address};
use crate::kit::wait::wait_for;
use crate::kit::{Dovecot, Postfix, Site};

const STAMP: Stamp = Stamp { server: MAIL_SERVER };
/// Mails of the flood through Postfix; the environment asks for more, such as 10000.
const FLOOD: u32 = 300;

const PROVEN: Standing = Standing::Proven(Domain::Office);
const UNPROVEN: Standing = Standing::Unproven(Domain::Office);

/// The `nth` request of somebody, as they write it.
pub fn letter<'a>(from: (&'a str, &'a str), nth: u32, at: DateTime<Utc>) -> Mail<'a> {
    Mail {
        from,
        subject: format!("Permohonan reset password {nth}"),
        text: "Mohon reset password akun Helpdesk saya.".to_owned(),
        enclosed: Vec::new(),
        message_id: format!("banjir-{nth}.{}", from.1),
        at,
        answers: None,
        automatic: false,
        authentic: true,
    }
}

/// The `nth` request of somebody, stamped as theirs by the office's server.
pub fn request(from: (&str, &str), nth: u32, at: DateTime<Utc>) -> Vec<u8> {
    letter(from, nth, at).bytes(Some(STAMP))
}

pub fn limited(limits: DayLimits) -> Plan {
    Plan { limits, ..Plan::default() }
}

pub fn digests(site: &Site) -> Vec<Outgoing> {
    site.letters().into_iter().filter(|letter| letter.message_id.starts_with("loket.flood.")).collect()
}

#[tokio::test]
async fn t18_a_flood_is_put_aside_told_once_and_leaves_room_for_the_others() {
    let limits = DayLimits { per_sender: 3, per_account: 0, answers_per_address: 0, ..DayLimits::default() };
    let site = Site::planned(limited(limits)).await;

    let mut refused = 0;
    for nth in 0..40 {
        let folders = site.take_in(request((RINA.name, RINA.email), nth, site.now())).await;
        refused += folders.iter().filter(|folder| **folder == Folder::Refused).count();
    }
    assert_eq!((site.numbers().await.len(), refused), (3, 37));
    assert_eq!(site.reads.load(Ordering::Relaxed), 3, "what is beyond is not even taken apart");
    site.take_in(request((AGUNG.name, AGUNG.email), 1, site.now())).await;
    assert_eq!(site.numbers().await.len(), 4, "another sender is served");

    site.forward(TimeDelta::minutes(61));
    site.settle().await;
    site.forward(TimeDelta::days(1));
    site.settle().await;
    let told = digests(&site);
    assert_eq!(told.len(), site.office.admins.len(), "one digest to each admin");
    assert!(told[0].subject.contains("37 surel disisihkan"), "{}", told[0].subject);
    assert!(told[0].body.contains(&address(RINA.email).masked()) && !told[0].body.contains(RINA.email));
    assert!(told.iter().all(|letter| letter.auto_submitted), "an absent admin's machine does not answer it");
}

#[tokio::test]
async fn t18_what_was_put_aside_is_worked_on_when_it_is_moved_back_another_day() {
    let site = Site::planned(limited(DayLimits { per_sender: 1, ..DayLimits::default() })).await;
    let last = request((RINA.name, RINA.email), 2, site.now());
    site.take_in(request((RINA.name, RINA.email), 1, site.now())).await;
    assert_eq!(site.take_in(last.clone()).await, [Folder::Refused]);
    assert_eq!(site.take_in(last.clone()).await, [Folder::Refused], "the same day it is still beyond");

    site.forward(TimeDelta::days(1));
    let (folders, again) = (site.take_in(last.clone()).await, site.take_in(last).await);

    assert_eq!((folders, again), (vec![Folder::Processed], vec![Folder::Processed]));
    assert_eq!(site.numbers().await.len(), 2, "worked on once");
}

/// Beyond the day it came in on, it was not taken apart: what it says is not known on the next day either.
#[tokio::test]
async fn t18_what_is_beyond_its_day_is_put_aside_also_where_the_day_ends_while_others_are_read() {
    let limits = DayLimits { per_sender: 1, ..DayLimits::default() };
    let site = Site::planned(Plan { reading_takes: TimeDelta::hours(9), ..limited(limits) }).await;
    site.take_in(request((RINA.name, RINA.email), 1, site.now())).await;
    let evening = site.now();

    let (second, other) =
        (request((RINA.name, RINA.email), 2, evening), request((AGUNG.name, AGUNG.email), 1, evening));
    let folders = site.take_in_together(vec![second, other]).await;

    assert!(site.now() - evening >= TimeDelta::hours(9), "it is the next morning");
    assert_eq!(folders, [Folder::Refused, Folder::Processed]);
    assert_eq!(site.numbers().await.len(), 2);
}

#[tokio::test]
async fn t18_a_flood_that_goes_on_is_told_again_after_the_day() {
    let site = Site::planned(limited(DayLimits { per_sender: 1, ..DayLimits::default() })).await;
    for nth in 0..5 {
        site.take_in(request((RINA.name, RINA.email), nth, site.now())).await;
    }
    site.forward(TimeDelta::hours(2));
    site.settle().await;
    site.take_in(request((RINA.name, RINA.email), 9, site.now())).await;

    site.forward(TimeDelta::days(1));
    site.settle().await;

    let told: Vec<bool> = digests(&site).iter().map(|letter| letter.subject.contains(" 4 surel")).collect();
    let admins = site.office.admins.len();
    assert_eq!(told, [vec![true; admins], vec![false; admins]].concat());
    assert!(digests(&site).last().is_some_and(|letter| letter.subject.contains(" 5 surel")));
}

/// Everybody else got the digest again at each try, and as another letter where more had been put aside meanwhile.
#[tokio::test]
async fn t38_an_admin_whose_server_defers_a_digest_brings_nobody_else_a_second_one() {
    let site = Site::planned(limited(DayLimits { per_sender: 1, ..DayLimits::default() })).await;
    let slow = address(site.office.admins[0].1);
    site.post.deferred.lock().unwrap().push(slow.clone());
    for nth in 0..3 {
        site.take_in(request((RINA.name, RINA.email), nth, site.now())).await;
    }
    site.forward(TimeDelta::minutes(61));
    site.settle().await;
    let at_first = digests(&site);

    site.take_in(request((RINA.name, RINA.email), 3, site.now())).await;
    site.forward(TimeDelta::minutes(5));
    site.settle().await;
    let at_second = digests(&site);
    site.post.deferred.lock().unwrap().clear();
    site.forward(TimeDelta::minutes(5));
    site.settle().await;

    let told: Vec<Address> = digests(&site).into_iter().flat_map(|letter| letter.to).collect();
    assert_eq!((at_first.len(), at_second.len()), (site.office.admins.len() - 1, site.office.admins.len() - 1));
    assert_eq!(told.iter().filter(|to| **to == slow).count(), 1);
    assert_eq!(told.len(), site.office.admins.len());
    assert!(digests(&site).iter().all(|letter| letter.subject.contains(" 2 surel")), "one text for all");
}

/// The office's day is full before the applicant completes what they were asked for.
#[tokio::test]
async fn t18_nobody_elses_flood_keeps_an_applicant_from_completing() {
    let site = Site::planned(limited(DayLimits { per_day: 2, per_domain: 2, ..DayLimits::default() })).await;
    let number = site.deliver("completed_later").await;
    for nth in 0..6 {
        site.take_in(request((RINA.name, RINA.email), nth, site.now())).await;
    }
    assert_eq!(site.numbers().await.len(), 2, "the day is full");

    site.follow_up("completed_later", &number).await;

    assert_eq!(site.case(&number).await.mails.len(), 2, "what completes the request is in their case");
}

#[tokio::test]
async fn t18_one_account_is_asked_about_only_so_often_a_day() {
    let site = Site::planned(limited(DayLimits { per_account: 2, ..DayLimits::default() })).await;

    let raw = String::from_utf8(site.sample("complete").raw).expect("a mail of plain characters");
    for nth in 0..6 {
        let again = raw.replacen("\r\nMessage-ID: <", &format!("\r\nMessage-ID: <{nth}."), 1);
        site.take_in(again.into_bytes()).await;
    }

    let serials: Vec<u32> = site.numbers().await.iter().map(|number| number.serial()).collect();
    assert_eq!(serials, [1, 2], "and what was put aside takes no number");
}

#[tokio::test]
async fn t18_nobody_shuts_an_owner_out_by_asking_about_their_account() {
    let site = Site::planned(limited(DayLimits { per_account: 2, ..DayLimits::default() })).await;
    let about = |from, nth| {
        let text = format!("Mohon reset password akun Helpdesk. User ID: {}", RINA.user_id);
        Mail { text, ..letter(from, nth, site.now()) }.bytes(Some(STAMP))
    };
    for nth in 0..5 {
        site.take_in(about((AGUNG.name, AGUNG.email), nth)).await;
    }
    assert_eq!(site.numbers().await.len(), 2, "a stranger's share");

    site.take_in(about((RINA.name, RINA.email), 9)).await;

    assert_eq!(site.numbers().await.len(), 3, "the owner is served all the same");
}

/// What is taken in without proof there is no more its owner's than a stranger's.
#[tokio::test]
async fn t18_an_office_that_demands_no_proof_gives_nobody_an_owners_share_for_writing_in_their_name() {
    let limits = DayLimits { per_account: 1, ..DayLimits::default() };
    let site = Site::planned(Plan { takes_unproven: true, ..limited(limits) }).await;
    let about = |from, nth, stamp| {
        let text = format!("Mohon reset password akun Helpdesk. User ID: {}", RINA.user_id);
        Mail { text, ..letter(from, nth, site.now()) }.bytes(stamp)
    };
    site.take_in(about((AGUNG.name, AGUNG.email), 1, Some(STAMP))).await;

    let forged = site.take_in(about((RINA.name, RINA.email), 2, None)).await;
    let own = site.take_in(about((RINA.name, RINA.email), 3, Some(STAMP))).await;

    assert_eq!((forged, own), (vec![Folder::Refused], vec![Folder::Processed]));
}

#[tokio::test]
async fn t18_forged_mail_uses_up_nothing_of_the_owners() {
    let site = Site::planned(limited(DayLimits { per_sender: 2, unproven_per_day: 5, ..DayLimits::default() })).await;
    for nth in 0..9 {
        let forged = Mail { authentic: false, ..letter((RINA.name, RINA.email), nth, site.now()) };
        site.take_in(forged.bytes(Some(STAMP))).await;
    }
    let held = site.numbers().await.len();

    site.take_in(request((RINA.name, RINA.email), 50, site.now())).await;

    assert_eq!(held, 2, "the forger's own count");
    assert_eq!(site.numbers().await.len(), 3, "the owner is served all the same");
}

/// Twenty mails that an office took in without proof, as it asks for none, were the day's share of whose name they bore.
#[tokio::test]
async fn t18_forged_mail_uses_up_nothing_of_the_owners_where_no_proof_is_demanded_either() {
    let limits = DayLimits { per_sender: 2, unproven_per_day: 1, per_day: 4, per_account: 0, ..DayLimits::default() };
    let site = Site::planned(Plan { takes_unproven: true, ..limited(limits) }).await;
    let (rina, agung) = ((RINA.name, RINA.email), (AGUNG.name, AGUNG.email));
    let mut folders = Vec::new();
    for nth in 0..3 {
        folders.extend(site.take_in(letter(rina, nth, site.now()).bytes(None)).await);
    }

    let own = site.take_in(request(rina, 50, site.now())).await;

    assert_eq!(folders, [Folder::Processed, Folder::Processed, Folder::Refused], "the forger's own count");
    assert_eq!(own, [Folder::Processed], "the owner is served all the same");
    assert_eq!(site.take_in(letter(agung, 60, site.now()).bytes(None)).await, [Folder::Processed]);
    assert_eq!(site.take_in(request(agung, 61, site.now())).await, [Folder::Refused], "all of it is the day's mail");
}

/// Ten accounts of a free mail service shut everybody else out who has one there.
#[tokio::test]
async fn t18_who_has_an_address_at_a_free_mail_service_is_shut_out_by_no_other() {
    let site = Site::planned(limited(DayLimits { per_domain: 2, per_account: 0, ..DayLimits::default() })).await;
    let mut taken = Vec::new();
    for domain in ["ramai.example", "freemail.example"] {
        let before = site.numbers().await.len();
        for nth in 0..4 {
            let from = format!("warga{nth}@{domain}");
            site.take_in(request(("Warga", &from), nth, site.now())).await;
        }
        taken.push(site.numbers().await.len() - before);
    }

    assert_eq!(taken, [2, 4]);
}

fn pointing(from: (&str, &str), nth: u32, number: &str, at: DateTime<Utc>, authentic: bool) -> Vec<u8> {
    let subject = format!("Re: [{number}] Permohonan reset password {nth}");
    Mail { subject, authentic, ..letter(from, nth, at) }.bytes(Some(STAMP))
}

/// A mail in an admin's name that pointed to a case was taken apart however many there were, and so was one of a sender who
/// was proven and pointed to a case that is not theirs, or to none.
#[tokio::test]
async fn t18_what_points_to_a_case_is_taken_apart_beyond_the_limits_only_where_it_belongs_there() {
    let full = DayLimits { per_day: 1, unproven_per_day: 1, ..DayLimits::default() };
    let site = Site::planned(limited(full)).await;
    let case = site.deliver("complete").await;
    let (number, (admin, _)) = (case.to_string(), site.admins_of(&case).await);
    let (name, admin) = (&*admin.name, admin.address.as_str());
    let asked = site.last_to(admin).expect("the admin was asked").message_id;
    let forged = Mail { authentic: false, ..letter(("Siapa", "siapa@jauh.example"), 0, site.now()) };
    site.take_in(forged.bytes(Some(STAMP))).await;
    let revoked = ("Bekas", "bekas@lembayungraya.example");
    site.enrol(revoked.1, revoked.0, Role::Admin).await;
    site.engine.revoke(&address(revoked.1)).await.expect("the store answers");
    let before = site.reads.load(Ordering::Relaxed);

    for nth in 1..5 {
        site.take_in(pointing((name, admin), nth, &number, site.now(), false)).await;
        site.take_in(pointing((name, admin), 10 + nth, &number, site.now(), true)).await;
        site.take_in(pointing(revoked, 20 + nth, &number, site.now(), true)).await;
        site.take_in(pointing((AGUNG.name, AGUNG.email), 30 + nth, &number, site.now(), true)).await;
        let warga = format!("warga{nth}@ramai.example");
        site.take_in(pointing(("Warga", &warga), nth, "LPSE-2026-0999", site.now(), true)).await;
    }
    assert_eq!(site.reads.load(Ordering::Relaxed), before, "none of them");

    let text = "TOLAK R04 surat tidak sah".to_owned();
    let answer = Mail { text, answers: Some(&asked), ..letter((name, admin), 50, site.now()) };
    site.take_in(answer.bytes(Some(STAMP))).await;
    assert_eq!(site.reads.load(Ordering::Relaxed), before + 1, "an admin's answer is an answer");
    assert_eq!(site.case(&case).await.phase.name(), "closed");
}

/// A mail that came before was taken apart again each time, and counted against nothing.
#[tokio::test]
async fn t18_a_mail_that_is_known_is_not_taken_apart_again() {
    let site = Site::start().await;
    let mail = request((RINA.name, RINA.email), 1, site.now());
    site.take_in(mail.clone()).await;

    for nth in 0..5 {
        let again = [format!("X-Lagi: {nth}\r\n").into_bytes(), mail.clone()].concat();
        assert_eq!(site.take_in(again).await, [Folder::Processed]);
    }

    assert_eq!(site.reads.load(Ordering::Relaxed), 1);
    assert_eq!(site.numbers().await.len(), 1);
}

/// The account was named in the second mail alone, and its share was never asked about.
#[tokio::test]
async fn t18_an_account_named_in_a_later_mail_is_asked_about_no_more_often() {
    for (user_id, exists) in [(RINA.user_id, true), ("TIDAKADA", false)] {
        let site = Site::planned(limited(DayLimits { per_account: 2, ..DayLimits::default() })).await;
        let mut folders = Vec::new();
        for nth in 0..4 {
            let from = (&*format!("Warga {nth}"), &*format!("warga{nth}@ramai.example"));
            site.take_in(request(from, nth, site.now())).await;
            let number = site.numbers().await.pop().expect("a case").to_string();
            let text = format!("Mohon reset password akun Helpdesk. User ID: {user_id}");
            let subject = format!("Re: [{number}] Permohonan reset password");
            folders.extend(
                site.take_in(Mail { text, subject, ..letter(from, 10 + nth, site.now()) }.bytes(Some(STAMP))).await,
            );
        }

        let mut about = 0;
        for number in site.numbers().await {
            about += u32::from(site.case(&number).await.account.is_some());
        }
        assert_eq!(about, if exists { 2 } else { 0 }, "a stranger's share");
        assert_eq!(folders, [Folder::Processed, Folder::Processed, Folder::Refused, Folder::Refused], "{user_id}");
    }
}

/// The sixth request of a day about an account that exists was put aside, and one about none was acknowledged like the first.
#[tokio::test]
async fn t18_what_is_asked_about_nobody_is_limited_and_answered_like_what_is_asked_about_an_account() {
    let names = |user_id: &str| format!("Mohon reset password akun Helpdesk. User ID: {user_id}");
    for (known, unknown) in [
        (names(RINA.user_id), names("TIDAKADA")),
        (
            format!("Mohon reset password Helpdesk.\nNIP: {}", RINA.nip),
            "Mohon reset password Helpdesk.\nNIP: 199001012015011001".to_owned(),
        ),
    ] {
        let mut came_of = Vec::new();
        for text in [known, unknown] {
            let site = Site::planned(limited(DayLimits { per_account: 2, ..DayLimits::default() })).await;
            let mut folders = Vec::new();
            for nth in 0..3 {
                let from = (&*format!("Warga {nth}"), &*format!("warga{nth}@ramai.example"));
                let mail = Mail { text: text.clone(), ..letter(from, nth, site.now()) };
                folders.extend(site.take_in(mail.bytes(Some(STAMP))).await);
            }
            let answers = site.letters().into_iter().filter(|l| l.to.iter().any(|to| to.domain() == "ramai.example"));
            came_of.push((folders, answers.map(|letter| letter.subject).collect::<Vec<_>>()));
        }

        assert_eq!(came_of[0].0, [Folder::Processed, Folder::Processed, Folder::Refused]);
        assert_eq!(came_of[0].1.len(), 2, "{:?}", came_of[0].1);
        assert_eq!(came_of[0], came_of[1]);
    }
}

/// A day of the office begins and ends at its own midnight, eight hours before the one of UTC.
#[tokio::test]
async fn t18_a_days_limits_are_those_of_the_offices_own_day() {
    let site = Site::planned(limited(DayLimits { per_sender: 1, ..DayLimits::default() })).await;
    let mut folders = Vec::new();
    for (nth, minutes) in [0, 13 * 60 + 30, 60, 7 * 60, 60].into_iter().enumerate() {
        site.forward(TimeDelta::minutes(minutes));
        folders.extend(site.take_in(request((RINA.name, RINA.email), nth as u32, site.now())).await);
    }

    // At ten, and before and after midnight; then at half past seven and half past eight, between which UTC's day begins.
    assert_eq!(folders, [Folder::Processed, Folder::Refused, Folder::Processed, Folder::Refused, Folder::Refused]);
}

/// A digest may still be on its way for yesterday.
#[tokio::test]
async fn t18_a_days_count_is_kept_until_yesterdays_digest_is_out() {
    let site = Site::start().await;
    let mut kept = Vec::new();
    for nth in 0..3 {
        site.take_in(request((RINA.name, RINA.email), nth, site.now())).await;
        let first = site.engine.store.document(&site.engine.office.id, "mail_day", "2026-11-10:utama").await;
        kept.push(first.expect("the store answers").is_some());
        site.forward(TimeDelta::days(1));
    }

    assert_eq!(kept, [true, true, false]);
}

/// Half of it from one sender, a third from ever new senders of one domain, the rest forged. `LOKET_FLOOD=10000` sends
/// so many.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t18_a_flood_through_a_real_mail_server_stays_bounded_and_none_of_it_is_lost() {
    let size = std::env::var("LOKET_FLOOD").map_or(FLOOD, |size| size.parse().expect("LOKET_FLOOD is a number"));
    let limits = DayLimits { per_domain: 30, unproven_per_day: 10, per_account: 0, ..DayLimits::default() };
    let trust = Trust { authserv_id: Some(AUTHSERV_ID.to_owned()), ..Trust::default() };
    let site = Site::planned(Plan { trust, ..limited(limits) }).await;
    let dovecot = Dovecot::start().await;
    let postfix = Postfix::start(&dovecot).await;
    let inbox = "helpdesk@lpse.karangmulia.example";
    let sender = |nth: u32| match nth % 6 {
        0..3 => RINA.email.to_owned(),
        3..5 => format!("warga{nth}@ramai.example"),
        _ => format!("siapa{nth}@{FORGED}"),
    };

    let sending = (0..size).map(|nth| {
        let (postfix, from, at) = (&postfix, sender(nth), site.now());
        async move { postfix.deliver(&from, inbox, &letter(("Warga", &from), nth, at).bytes(None)).await }
    });
    futures::stream::iter(sending).buffer_unordered(8).collect::<Vec<()>>().await;
    let files = wait_for("the whole flood", || async {
        let files = dovecot.files(inbox, "INBOX");
        (files.len() >= size as usize).then_some(files)
    })
    .await;

    let before = resident();
    let mut refused = 0;
    for batch in files.chunks(50) {
        let mails = batch.iter().map(|file| std::fs::read(file).expect("the server keeps it")).collect();
        let folders = site.take_in_together(mails).await;
        assert_eq!(folders.len(), batch.len(), "each is on record");
        refused += folders.iter().filter(|folder| **folder == Folder::Refused).count();
    }
    let grown = resident().saturating_sub(before);

    let held = 10;
    let worked = 20 + 30 + held;
    assert_eq!(site.numbers().await.len(), worked, "one sender's share, one domain's, and the unproven's");
    assert_eq!(refused, size as usize - worked + held, "what is held lies with what was put aside");
    let reads = site.reads.load(Ordering::Relaxed);
    assert!(reads <= worked + 3 * 50, "{reads} mails were taken apart: no more than a batch beyond each limit");
    assert!(grown < 200 << 20, "{} MB more memory", grown >> 20);
    site.forward(TimeDelta::minutes(61));
    site.settle().await;
    let told = digests(&site);
    assert_eq!(told.len(), site.office.admins.len());
    assert!(told[0].subject.contains(&format!(" {} surel", size as usize - worked)), "{}", told[0].subject);
    println!("{size} mails: {worked} worked on, {reads} taken apart, {} MB more memory", grown >> 20);
}

/// Resident memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
}

#[test]
fn t18_names_beyond_what_a_day_remembers_share_one_count() {
    let limits = DayLimits { per_sender: 1, per_domain: 0, per_day: 0, ..DayLimits::default() };
    let mut tally = Tally::default();
    let mut admits = |nth: u32| tally.admits(Some(&address(&format!("warga{nth}@ramai.example"))), PROVEN, &limits);

    assert!((0..10_000).all(&mut admits));

    assert!(!admits(5), "it is counted by its name");
    assert!(admits(10_000), "the first of all the others");
    assert!(!admits(10_001) && !admits(10_000), "who are one");
}

#[test]
fn t18_a_digest_tells_what_came_after_the_one_before_and_who_was_loudest() {
    let limits = DayLimits { per_sender: 2, automatic_per_day: 1, ..DayLimits::default() };
    let (begun, mut tally) = (DateTime::<Utc>::UNIX_EPOCH, Tally::default());
    let (quiet, loud) = (address("tenang@satu.example"), address("bising@dua.example"));
    for (sender, standing) in [(&quiet, PROVEN), (&loud, UNPROVEN)] {
        assert!(tally.admits(Some(sender), standing, &limits));
        assert_eq!(tally.loudest(&limits), None, "nobody has used up their share");
    }
    assert!(tally.admits(Some(&loud), UNPROVEN, &limits));
    assert!(!tally.has_room(Some(&loud), UNPROVEN, &limits));
    assert_eq!(tally.loudest(&limits).as_deref(), Some(loud.as_str()));
    assert!(tally.admits_automatic(&limits) && !tally.admits_automatic(&limits));

    let after = |minutes| begun + TimeDelta::minutes(minutes);
    assert!(tally.pass_over(begun), "the day's digests begin");
    assert!(!tally.put_aside(after(59)));
    assert_eq!(tally.late, 0);
    assert!(!tally.put_aside(after(60)) && !tally.pass_over(after(61)));

    assert_eq!((tally.beyond, tally.passed_over, tally.late), (2, 2, 2));
}

proptest! {
    /// Whatever comes in whatever order: nobody gets more than their share, nobody is put aside while all of their
    /// shares still have room, and who is at home in a case depends on nobody else.
    #[test]
    fn t18_every_limit_holds_and_none_is_used_up_by_what_was_put_aside(
        mails in prop::collection::vec((0_usize..6, 0_usize..7), 0..200),
        per_sender in 1_u32..8, per_domain in 1_u32..16, per_day in 1_u32..40, unproven_per_day in 1_u32..10,
    ) {
        let limits = DayLimits { per_sender, per_domain, per_day, unproven_per_day, ..DayLimits::default() };
        let mut tally = Tally::default();
        let mut taken: BTreeMap<String, u32> = BTreeMap::new();

        for (who, how) in mails {
            let domain = if how < 3 { Domain::FreeMail } else { Domain::Office };
            let standing = match how {
                0 | 3 => Standing::Unproven(domain),
                1 | 4 => Standing::Unasked(domain),
                2 | 5 => Standing::Proven(domain),
                _ => Standing::AtHome,
            };
            let shares = shares(&address(&format!("orang{who}@kantor{}.example", who % 2)), standing, &limits);
            let room = shares.iter().all(|(name, limit)| taken.get(name).copied().unwrap_or(0) < *limit);
            let sender = address(&format!("ORANG{who}@kantor{}.example", who % 2));

            let admitted = tally.admits(Some(&sender), standing, &limits);

            prop_assert_eq!(admitted, room);
            if admitted {
                shares.into_iter().for_each(|(name, _)| *taken.entry(name).or_default() += 1);
            }
        }
    }
}

/// What a mail takes up, as the law states it.
fn shares(sender: &Address, standing: Standing, limits: &DayLimits) -> Vec<(String, u32)> {
    let proven = matches!(standing, Standing::Proven(_) | Standing::AtHome);
    let own = (format!("{proven} {}", sender.as_str()), limits.per_sender);
    let (day, domain) = match standing {
        Standing::AtHome => return vec![own],
        Standing::Unproven(domain) => (("unproven".to_owned(), limits.unproven_per_day), domain),
        Standing::Unasked(domain) | Standing::Proven(domain) => (("day".to_owned(), limits.per_day), domain),
    };
    let office = (domain == Domain::Office).then(|| (format!("{proven} {}", sender.domain()), limits.per_domain));
    [own, day].into_iter().chain(office).collect()
}
