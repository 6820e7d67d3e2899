//! The form of the request letter: what is in it, that it comes back as a letter, and that it goes out as it was seen.

use std::sync::LazyLock;

use chrono::{TimeZone, Utc};
use loket::demo::samples::papers::{Decree, Letter, decree_pdf, letter_pdf};
use loket::demo::samples::people::{MAIL_SERVER, RINA};
use loket::demo::samples::post::{DOCX, Mail, PDF};
use loket::demo::samples::{self, Stamp};
use loket::dossier::{Known, MailFacts, Recognition, understand};
use loket::letters::form::{self, FormFile};
use loket::letters::{Form, LetterFacts, Letters, Text};
use loket::reading::{Limits, take_apart};
use loket::sop::case::Case;
use loket::sop::checklist::{DocumentKind, Finding, Signature, Understanding};
use loket::sop::names::{Language, Service};
use loket::sop::phase::Phase;
use loket::web::answer::DecisionAnswer;
use loket::web::counter::Counter;
use loket::web::view::Choice;
use proptest::prelude::*;

use crate::desk_walk::{decide, form as answer, review};
use crate::kit::Site;

const NIP: &str = "19880512 201503 1 901";

static LETTERS: LazyLock<Letters> = LazyLock::new(|| {
    let office = samples::office(Utc.with_ymd_and_hms(2026, 11, 10, 2, 0, 0).unwrap().date_naive());
    Letters::load(office.letters, None).unwrap()
});

fn wayan() -> Form {
    Form {
        name: Some("I Wayan Sudana, S.Kom.".into()),
        position: Some("Pranata Komputer Ahli Pertama".into()),
        work_unit: Some("Bagian Pengadaan Barang dan Jasa Sekretariat Daerah Kabupaten Tirta".into()),
        user_id: Some("wayan_s".into()),
        email: Some("wayan.sudana@kab-tirta.example".into()),
        phone: None,
    }
}

fn text(language: Language, form: Form, services: &[Service]) -> Text {
    let facts = LetterFacts {
        form: Some(form),
        services: services.to_vec(),
        role: "Helpdesk".into(),
        ..LetterFacts::default()
    };
    LETTERS.request_form(language, &facts).unwrap()
}

/// What an applicant does with the form: the NIP behind its label, and a signature above the name.
fn filled(blank: &Text, name: &str) -> Text {
    let mut lines: Vec<String> = blank.body.lines().map(str::to_owned).collect();
    let row = lines.iter().position(|line| line.starts_with("NIP :")).unwrap();
    lines[row] = format!("NIP : {NIP}");
    let signer = lines.iter().rposition(|line| line.contains("||") && line.contains(name)).unwrap();
    lines[signer - 2] = "|| ttd".into();
    lines[signer + 1] = format!("|| NIP. {NIP}");
    Text { subject: blank.subject.clone(), body: lines.join("\n") }
}

fn files(text: &Text) -> [FormFile; 2] {
    form::files(text).unwrap()
}

fn mail(file: &FormFile) -> Vec<u8> {
    let (name, kind) = if file.name.ends_with("pdf") { ("surat.pdf", PDF) } else { ("surat.docx", DOCX) };
    raw("Permohonan", vec![(name, kind, file.bytes.clone())])
}

fn raw(subject: &str, enclosed: Vec<(&'static str, &'static str, Vec<u8>)>) -> Vec<u8> {
    let mail = Mail {
        from: (RINA.name, RINA.email),
        subject: subject.to_owned(),
        text: "Terlampir.".to_owned(),
        enclosed,
        message_id: "formulir-1@lembayungraya.example".to_owned(),
        at: Utc.with_ymd_and_hms(2026, 11, 10, 2, 0, 0).unwrap(),
        answers: None,
        automatic: false,
        authentic: true,
    };
    mail.bytes(Some(Stamp { server: MAIL_SERVER }))
}

/// What Loket itself understands of a file that comes back.
fn understood(file: &FormFile) -> Understanding {
    let contents = take_apart(&mail(file), &Limits::default());
    let day = Utc.with_ymd_and_hms(2026, 11, 16, 2, 0, 0).unwrap().date_naive();
    let mail = MailFacts { received: day, contents, ..MailFacts::default() };
    understand(&[mail], &Known::default(), &Recognition::helpdesk(), day)
}

#[test]
fn the_form_filled_signed_and_sent_back_is_the_letter_of_the_same_person() {
    for language in [Language::Id, Language::En] {
        for services in
            [&[Service::ResetPassword][..], &[Service::UserIdInfo], &[Service::ResetPassword, Service::UserIdInfo]]
        {
            let filled = filled(&text(language, wayan(), services), "I Wayan Sudana");
            for file in files(&filled) {
                let found = understood(&file);

                let who = format!("{language:?} {services:?} {}: {found:#?}", file.name);
                assert_eq!(found.documents[0].kind, DocumentKind::RequestLetter, "{who}");
                assert_eq!(found.documents[0].signature, Signature::Block, "{who}");
                assert_eq!(found.services, services, "{who}");
                let a = &found.applicant;
                assert_eq!(a.name.as_deref(), Some("I Wayan Sudana, S.Kom."), "{who}");
                assert_eq!(a.nip.as_ref().map(|nip| nip.digits()), Some("198805122015031901"), "{who}");
                assert_eq!(a.user_id.as_deref(), Some("wayan_s"), "{who}");
                assert_eq!(a.work_unit, wayan().work_unit, "{who}");
                assert_eq!(a.position, wayan().position, "{who}");
                assert_eq!(a.email, wayan().email, "{who}");
                for item in ["request_letter", "request_letter_signed", "service_stated", "applicant_identified"] {
                    assert_eq!(found.check(item).unwrap().finding, Finding::Met, "{item}: {who}");
                }
            }
        }
    }
}

#[test]
fn the_form_sent_back_as_it_went_out_is_an_unsigned_letter_of_nobody() {
    for language in [Language::Id, Language::En] {
        for file in files(&text(language, Form::default(), &[Service::ResetPassword])) {
            let found = understood(&file);

            assert_eq!(found.documents[0].kind, DocumentKind::RequestLetter, "{found:#?}");
            assert_eq!(found.documents[0].signature, Signature::None, "{found:#?}");
            assert_eq!(found.applicant, Default::default());
            assert_eq!(found.check("request_letter_signed").unwrap().finding, Finding::Missing);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whatever an applicant wrote, both files can be read, and none of it becomes a mark of the form's own.
    #[test]
    fn no_words_of_an_applicant_break_the_form(name in any::<String>(), unit in "\\PC{0,400}") {
        let form = Form { name: Some(name), work_unit: Some(unit), ..Form::default() };
        let text = text(Language::Id, form, &[Service::ResetPassword]);
        let plain = self::text(Language::Id, Form::default(), &[Service::ResetPassword]);

        let [docx, pdf] = files(&text);

        prop_assert_eq!(text.body.lines().filter(|l| *l == "---").count(), 1);
        prop_assert_eq!(text.body.lines().count(), plain.body.lines().count());
        prop_assert!(!lopdf::Document::load_mem(&pdf.bytes).unwrap().get_pages().is_empty());
        let contents = take_apart(&mail(&docx), &Limits::default());
        prop_assert!(contents.papers[0].pages.iter().any(|page| page.text().contains("Pemohon")));
    }
}

#[tokio::test]
async fn an_unsigned_letter_is_answered_with_the_form_that_the_admin_saw() {
    let site = Site::start().await;
    let number = {
        site.take_in(unsigned()).await;
        site.numbers().await.pop().expect("the mail opens a case")
    };
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    let draft = view.drafts.iter().find(|d| d.choice == Choice::Complete).expect("completion is proposed");
    let seen: Vec<String> = draft.enclosures.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(seen, ["Surat permohonan.docx", "Surat permohonan.pdf"]);
    let shown = site.desk.enclosure(&admin, &number, 1).await.unwrap().expect("the PDF can be looked at");
    assert_eq!(shown.media_type, "application/pdf");
    let told = site.last_to(admin.address.as_str()).expect("the admin is told").body;
    assert!(told.contains("Lampiran: Surat permohonan.docx, Surat permohonan.pdf"), "{told}");
    let approved = approved(&site.case(&number).await);

    assert!(matches!(decide(&site.desk, &admin, &number, answer(&view, Choice::Complete)).await, DecisionAnswer::Done));
    site.settle().await;

    let letter = site.last_to(RINA.email).expect("the applicant is asked");
    let hashes: Vec<String> = letter.enclosures.iter().map(|file| loket::vault::sha256_hex(&file.bytes).0).collect();
    assert_eq!(hashes, approved, "what goes out is what the proposal's hash covers");
    assert_eq!(letter.enclosures[1].bytes, shown.bytes);
    assert!(letter.body.contains("“Surat Permohonan.pdf” belum ditandatangani"), "{}", letter.body);
    assert!(letter.body.contains("SK pengangkatan sebagai Helpdesk (“SK.pdf”), nomor "), "{}", letter.body);
    let printed = lopdf::Document::load_mem(&shown.bytes).unwrap().extract_text(&[1]).unwrap();
    assert!(printed.contains("Rina Paramitha Lestari"), "{printed}");
    let digits: String = printed.chars().chain(letter.body.chars()).filter(char::is_ascii_digit).collect();
    assert!(!digits.contains(RINA.nip), "the NIP opens the result page and is not mailed");
}

#[tokio::test]
async fn the_archive_keeps_the_form_with_the_letter_it_went_out_with() {
    let site = Site::start().await;
    site.take_in(unsigned()).await;
    let number = site.numbers().await.pop().expect("the mail opens a case");
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    decide(&site.desk, &admin, &number, answer(&view, Choice::Complete)).await;
    site.settle().await;
    let sent = site.last_to(RINA.email).expect("the applicant is asked").enclosures;

    let letter = site.last_to(RINA.email).expect("the applicant is asked");
    let withdrawal = Mail {
        from: (RINA.name, RINA.email),
        subject: format!("Re: {}", letter.subject),
        text: "BATAL".to_owned(),
        enclosed: Vec::new(),
        message_id: "batal-1@lembayungraya.example".to_owned(),
        at: site.now(),
        answers: Some(&letter.message_id),
        automatic: false,
        authentic: true,
    };
    site.take_in(withdrawal.bytes(Some(Stamp { server: MAIL_SERVER }))).await;
    assert!(matches!(site.case(&number).await.phase, Phase::Closed { .. }));
    let filed = site.engine.file_closed().await.unwrap();

    assert_eq!(filed.archived, std::slice::from_ref(&number), "{filed:?}");
    let dossier = site.engine.archive.show(&number).await.unwrap().expect("it was filed");
    let names: Vec<&str> = dossier.items.iter().map(|item| item.name.as_str()).collect();
    let kept = names.iter().find(|name| name.ends_with("completion_request-Surat-permohonan.pdf")).copied();
    let bytes = site.engine.archive.item(&number, kept.unwrap_or_else(|| panic!("{names:?}"))).await.unwrap();
    assert_eq!(bytes, Some(sent[1].bytes.clone()));
}

/// A complete dossier but for the signature.
fn unsigned() -> Vec<u8> {
    let at = Utc.with_ymd_and_hms(2026, 11, 10, 2, 0, 0).unwrap();
    let letter = Letter {
        applicant: &RINA,
        services: &[Service::ResetPassword],
        number: "000.3/0911/BLPE/B.PBJ",
        date: at.date_naive(),
        nip: None,
        signed: false,
        pad_to: None,
    };
    let decree = decree_pdf(&Decree::of_year(at.date_naive()));
    raw("Permohonan reset password", vec![("Surat Permohonan.pdf", PDF, letter_pdf(&letter)), ("SK.pdf", PDF, decree)])
}

fn approved(case: &Case) -> Vec<String> {
    let proposal = case.phase.proposal().expect("a proposal waits");
    proposal.drafts.enclosures.iter().map(|file| file.sha256.0.clone()).collect()
}
