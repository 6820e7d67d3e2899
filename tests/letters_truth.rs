//! What letters of real cases say: the facts come from the engine, not from the test. A text whose snapshot is given a fact
//! proves nothing where the engine never gives it.

use chrono::{TimeDelta, TimeZone, Utc};
use loket::demo::samples::people;
use loket::letters::moment;
use loket::sop::account::Account;
use loket::sop::names::{CaseNumber, Language, UserId};
use loket::web::answer::{HandAnswer, HandForm};
use loket::web::counter::Counter;
use loket::web::view::{Admin, Choice};

use crate::desk_factor::answer;
use crate::desk_result::by_hand;
use crate::desk_walk::{approve, decide, form, outcome, review};
use crate::kit::Site;
use crate::kit::site::{Plan, address};

/// A reason of the office's own, beside the shipped ones.
const OWN_REASON: &str = r#"
[[reject_reason]]
code = "R11"
text = { id = "surat tugas belum ditandatangani", en = "the letter of assignment is not signed" }
remedy = { id = "surat tugas ditandatangani", en = "the letter of assignment is signed" }
"#;

async fn asked(plan: Plan) -> (Site, CaseNumber, Admin) {
    let site = Site::planned(plan).await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    (site, number, admin)
}

fn told(site: &Site, to: &str) -> (String, String) {
    let letter = site.last_to(to).expect("they were written to");
    (letter.subject, letter.body)
}

/// It said "Surat tidak sampai: rejected".
#[tokio::test]
async fn a_letter_that_did_not_arrive_is_named_by_its_subject() {
    let (site, number, admin) = asked(Plan::default()).await;
    site.post.refused.lock().unwrap().push(address(people::RINA.email));
    let view = review(&site, &admin, &number).await;

    decide(&site.desk, &admin, &number, form(&view, Choice::Reject)).await;
    site.settle().await;

    let (subject, body) = told(&site, admin.address.as_str());
    assert_eq!(subject, format!("[{number}] Surat tidak sampai: Permohonan ditolak"));
    assert!(body.contains(&format!("Surat “Permohonan ditolak” untuk permohonan {number} kepada")), "{body}");
    assert!(body.contains("Keterangan: 550 no such mailbox."), "{body}");
}

/// It named nobody, and the moment it was written as that of the decision.
#[tokio::test]
async fn whoever_decides_too_late_reads_who_decided_what_and_when() {
    let (site, number, admin) = asked(Plan::default()).await;
    let letter = site.last_to(admin.address.as_str()).unwrap().message_id;
    let at = moment(site.now(), site.engine.office.zone, Language::Id);
    approve(&site, &admin, &number).await;
    site.forward(TimeDelta::hours(2));

    site.take_in(answer(&site, &admin, &letter, "TOLAK terlambat", "lambat@x.example")).await;

    let (_, body) = told(&site, admin.address.as_str());
    let decided = format!("sudah diputuskan oleh {} pada {at}, dengan keputusan menyetujui permohonan.", admin.name);
    assert!(body.contains(&decided), "{body}");
}

#[tokio::test]
async fn work_by_hand_names_who_approved_it() {
    let (site, number, admin) = by_hand("complete").await;

    let (_, body) = told(&site, admin.address.as_str());
    assert!(
        body.contains(&format!(
            "Permohonan {number} (reset password) telah disetujui oleh {}. Mohon",
            admin.name.trim_end_matches('.')
        )),
        "{body}"
    );
}

#[tokio::test]
async fn an_applicant_reads_who_handed_the_result_over() {
    let (site, number, admin) = asked(Plan::default()).await;
    approve(&site, &admin, &number).await;
    let code = site.code_of(&admin).await;
    let seen = outcome(&site, &admin, &number).await.seen;
    let hand = HandForm { seen, identified_by: "Kartu pegawai".to_owned(), note: String::new(), code };

    let handed = site.desk.hand_in_person(&admin, &number, hand, Language::Id).await.unwrap();
    site.settle().await;

    assert!(matches!(handed, HandAnswer::Show(_)));
    let (_, body) = told(&site, people::RINA.email);
    assert!(body.contains(&format!("telah diserahkan secara langsung oleh {} pada", admin.name)), "{body}");
}

#[tokio::test]
async fn the_superior_reads_who_is_in_charge() {
    let (site, _, admin) = asked(Plan::default()).await;

    site.forward(TimeDelta::minutes(30));
    site.settle().await;

    let (_, body) = told(&site, site.office.superior.1);
    assert!(body.contains(&format!("Penanggung jawab: {}", admin.name)), "{body}");
}

/// Every value under 100 sent "telah memakai setengah".
#[tokio::test]
async fn a_reminder_tells_the_minutes_used_at_whatever_share_it_is_sent() {
    let plan = Plan { rules: vec![("overrun", "remind_at_percent = [80]")], ..Plan::default() };
    let (site, number, admin) = asked(plan).await;

    site.forward(TimeDelta::minutes(12));
    site.settle().await;

    let (_, body) = told(&site, admin.address.as_str());
    assert!(body.contains(&format!("Langkah 5 permohonan {number} telah memakai 12 dari 15 menit kerja")), "{body}");
}

/// The desk offered it, and the letter gave no reason at all.
#[tokio::test]
async fn a_reason_of_the_offices_own_stands_in_the_letter_as_at_the_desk() {
    for by_reply in [false, true] {
        let plan = Plan { rules: vec![("overrun", OWN_REASON)], ..Plan::default() };
        let (site, number, admin) = asked(plan).await;
        let view = review(&site, &admin, &number).await;
        assert!(view.proposal.grounds.iter().any(|ground| ground.text == "surat tugas belum ditandatangani"));

        if by_reply {
            let letter = site.last_to(admin.address.as_str()).unwrap().message_id;
            site.take_in(answer(&site, &admin, &letter, "TOLAK r11", "tolak@x.example")).await;
        } else {
            let mut rejection = form(&view, Choice::Reject);
            rejection.reason_code = Some("R11".to_owned());
            decide(&site.desk, &admin, &number, rejection).await;
            site.settle().await;
        }

        let (_, body) = told(&site, people::RINA.email);
        assert!(body.contains("dengan alasan:\n\n  1. surat tugas belum ditandatangani\n"), "{body}");
        let remedy = "Saudara dapat mengajukan permohonan baru setelah surat tugas ditandatangani.";
        assert!(body.contains(remedy), "{body}");
    }
}

#[tokio::test]
async fn a_request_out_of_scope_is_answered_with_the_procedures_own_words() {
    let site = Site::start().await;

    site.deliver("vendor").await;

    let sender = site.sample("vendor").sender;
    let (_, body) = told(&site, &sender);
    let procedure = &site.mailbox.worked.procedure;
    let turn_to =
        format!("Permohonan lain disampaikan kepada pengelola yang berwenang: {}.", procedure.out_of_scope.turn_to.id);
    assert!(body.contains(&turn_to), "{body}");
}

#[tokio::test]
async fn an_applicant_who_completes_the_dossier_reads_that_it_arrived() {
    let site = Site::start().await;
    let number = site.deliver("completed_later").await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    decide(&site.desk, &admin, &number, form(&view, Choice::Complete)).await;
    site.settle().await;
    site.forward(TimeDelta::hours(8));
    let at = moment(site.now(), site.engine.office.zone, Language::Id);

    site.follow_up("completed_later", &number).await;

    let (subject, body) = told(&site, &site.sample("completed_later").sender);
    assert_eq!(subject, format!("[{number}] Kelengkapan berkas telah kami terima"));
    assert!(body.contains(&format!("untuk permohonan {number} telah kami terima pada {at}.")), "{body}");
    assert!(body.contains("diterima di luar jam layanan; pemeriksaan dimulai pada Rabu, 11 November 2026"), "{body}");
}

/// A decree that had ended 327 days before was called "masih dalam masa tenggang".
#[tokio::test]
async fn a_decree_is_said_to_be_in_grace_only_while_it_is() {
    for (day, told_as) in
        [((2027, 1, 12), "masih dalam masa tenggang"), ((2027, 5, 10), "masa berlaku SK sudah berakhir")]
    {
        let site = Site::start().await;
        let raw = String::from_utf8(site.sample("nip_differs").raw).expect("a sample is ASCII");
        let at = Utc.with_ymd_and_hms(day.0, day.1, day.2, 2, 0, 0).single().expect("a plain moment");
        site.set_clock(at);
        let raw = raw.replace("Tue, 10 Nov 2026", &at.format("%a, %d %b %Y").to_string());
        site.take_in(raw.into_bytes()).await;
        let number = site.numbers().await.remove(0);
        let (admin, _) = site.admins_of(&number).await;

        let (_, body) = told(&site, admin.address.as_str());
        let view = review(&site, &admin, &number).await;

        let reasons = body.split("diperlukan, karena:").nth(1).and_then(|rest| rest.split("Gunakan nomor").next());
        let reasons = reasons.unwrap_or_else(|| panic!("a call is asked for: {body}"));
        assert!(reasons.contains(told_as), "{reasons}");
        assert_eq!(reasons.contains("tenggang"), told_as.contains("tenggang"), "{reasons}");
        assert!(view.confirmation.required && view.confirmation.because.contains(told_as), "{:?}", view.confirmation);
    }
}

/// It said "Subjek: [LPSE-2026-0010]" and no more.
#[tokio::test]
async fn the_draft_in_the_admins_mail_has_the_subject_that_is_sent() {
    let site = Site::start().await;
    let number = site.deliver("nip_differs").await;
    let (admin, _) = site.admins_of(&number).await;
    let (_, body) = told(&site, admin.address.as_str());
    let shown =
        body.lines().find_map(|line| line.trim().strip_prefix("Subjek: ")).expect("the draft is shown").to_owned();
    let view = review(&site, &admin, &number).await;

    decide(&site.desk, &admin, &number, form(&view, Choice::Reject)).await;
    site.settle().await;

    let to =
        view.drafts.iter().find(|draft| draft.choice == Choice::Reject).expect("a rejection is drafted").to[0].clone();
    assert_eq!(told(&site, &to).0, shown);
    assert!(shown.ends_with("Permohonan ditolak"), "{shown}");
}

/// The desk said "lihat sendiri: …", the mail "menyetujui permohonan" alone.
#[tokio::test]
async fn what_a_person_must_look_at_stands_in_the_admins_mail_as_at_the_desk() {
    let site = Site::start().await;
    let mut accounts =
        loket::accounts::csv::read(site.office.accounts_csv.as_bytes(), "Helpdesk").expect("they are sound");
    let own =
        accounts.iter().find(|account| account.user_id.0 == people::JOHANNES.user_id).expect("he has one").clone();
    accounts.push(Account { user_id: UserId("JOHANNESLAMA".to_owned()), ..own });
    site.directory.import(accounts).await.expect("two accounts of one person are sound");
    let number = site.deliver("user_id").await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    let (_, look) =
        view.proposal.because.split_once("lihat sendiri: ").expect("which account is meant is to be looked at");

    let (_, body) = told(&site, admin.address.as_str());

    assert!(body.contains(&format!("Usulan sistem: menyetujui permohonan; lihat sendiri: {look}.")), "{body}");
}

/// The box said one thing and the letter another.
#[tokio::test]
async fn what_is_ticked_at_the_desk_stands_in_the_letter() {
    let site = Site::start().await;
    let number = site.deliver("completed_later").await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    let items = &view.proposal.completion.as_ref().expect("a round is left").items;
    let decree = items.iter().find(|item| item.key == "appointment_decree").expect("it can be asked for");
    assert!(decree.chosen);

    decide(&site.desk, &admin, &number, form(&view, Choice::Complete)).await;
    site.settle().await;

    let to = view.drafts.iter().find(|draft| draft.choice == Choice::Complete).expect("it is drafted").to[0].clone();
    let (_, body) = told(&site, &to);
    assert!(body.lines().any(|line| line.trim() == format!("2. {}", decree.label)), "{}: {body}", decree.label);
}
