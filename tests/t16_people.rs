//! Letter, body and sender that name different people (THREATS row 16): told before everything else, in the mail to the admin and
//! on the page, and approved only after a call.

use loket::demo::samples::papers::{Letter, letter_pdf};
use loket::demo::samples::people::{MAIL_SERVER, MELATI, SEKAR};
use loket::demo::samples::post::{PDF, Stamp};
use loket::sop::names::CaseNumber;
use loket::web::answer::DecisionAnswer;
use loket::web::view::Choice;

use crate::desk_pages::opened_case;
use crate::desk_walk::{decide, form, review};
use crate::kit::Site;
use crate::t17_letters::{day, decree, letter, mail, take};

/// A request whose letter is Melati's, with this NIP, and whose body asks for Sekar.
async fn mixed(site: &Site, nip: Option<&str>) -> CaseNumber {
    let paper = letter_pdf(&Letter { nip, ..letter(&MELATI, "000.3/0988/BLPE/B.PBJ", day(9)) });
    let text = format!("Mohon reset password a.n. {}, NIP {}.", SEKAR.name, SEKAR.nip);
    let request = mail(site, &MELATI, "Permohonan reset password", &text, vec![("Surat.pdf", PDF, paper), decree()]);
    take(site, request.bytes(Some(Stamp { server: MAIL_SERVER }))).await
}

#[tokio::test]
async fn t16_people_that_differ_stand_before_a_nip_that_differs() {
    let site = Site::start().await;
    let number = mixed(&site, Some("19891104 201402 2 934")).await;
    let (admin, _) = site.admins_of(&number).await;

    let told = site.last_to(admin.address.as_str()).expect("the admin is asked").body;
    let (mut device, case) = opened_case(&site, &number).await;
    let page = device.get(&case).await;

    let (_, first) = told.split_once("Lihat lebih dahulu\n").expect("a part of its own");
    let first = first.split_once("\n\n").expect("it ends").0;
    assert!(first.contains(SEKAR.name) && first.contains(MELATI.name), "{told}");
    assert!(told.find("Lihat lebih dahulu") < told.find("Kelengkapan (langkah 2)"), "{told}");
    let rows: Vec<&str> = page.split("class=\"hot ").skip(1).collect();
    assert!(rows[0].contains(SEKAR.name) && rows[0].contains(MELATI.name), "{}", rows[0]);
    let after: Vec<&str> = rows.iter().skip(1).map(|row| row.split('"').next().unwrap_or_default()).collect();
    assert!(after.contains(&"bad"), "the NIP that differs comes after: {after:?}");
}

#[tokio::test]
async fn t16_people_that_differ_are_called_before_anything_is_approved() {
    let site = Site::start().await;
    let number = mixed(&site, None).await;
    let (admin, _) = site.admins_of(&number).await;

    let seen = review(&site, &admin, &number).await;
    let answer = decide(&site.desk, &admin, &number, form(&seen, Choice::Approve)).await;

    assert!(matches!(answer, DecisionAnswer::NeedsConfirmation));
    assert!(site.case(&number).await.decisions.is_empty());
    assert!(seen.confirmation.required);
}
