//! The sample mails are what they say they are: read by an independent parser, on any day of any year.

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use loket::demo::samples::papers::{Decree, Letter, decree_pdf, letter_pdf, memo_docx, printed};
use loket::demo::samples::people::{JOHANNES, MAIL_SERVER, RINA};
use loket::demo::samples::{Fate, Play, Sample, Stamp, Thread, Verdict, mails};
use loket::letters::reply;
use loket::sop::names::Service;
use mail_parser::{MessageParser, MimeHeaders};

fn at() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 10, 1, 30, 0).unwrap()
}

fn stamped() -> Vec<Sample> {
    mails(at(), Some(Stamp { server: MAIL_SERVER }))
}

fn sample(id: &str) -> Sample {
    stamped().into_iter().find(|sample| sample.label.id == id).unwrap()
}

fn text_of(pdf: &[u8]) -> String {
    let document = lopdf::Document::load_mem(pdf).unwrap();
    let pages: Vec<u32> = document.get_pages().keys().copied().collect();
    document.extract_text(&pages).unwrap().replace('\n', " ")
}

#[test]
fn every_sample_has_a_mail_of_its_own_that_a_parser_reads() {
    let samples = stamped();

    let mut ids = std::collections::BTreeSet::new();
    for sample in &samples {
        let mail = MessageParser::new().parse(&sample.raw).unwrap();
        assert!(ids.insert(mail.message_id().unwrap().to_owned()), "{}", sample.label.id);
        assert_eq!(mail.from().unwrap().first().unwrap().address(), Some(sample.sender.as_str()));
        assert!(mail.date().is_some() && mail.subject().is_some() && mail.body_text(0).is_some());
        let results = mail.header_raw("Authentication-Results").unwrap();
        let passed = results.trim_start().starts_with(MAIL_SERVER) && results.contains("dmarc=pass");
        assert_eq!(passed, sample.label.id != "forged");
    }
}

#[test]
fn the_same_moment_gives_the_same_bytes() {
    let again = stamped();

    assert!(stamped().iter().zip(&again).all(|(one, two)| one.raw == two.raw));
}

#[test]
fn a_request_carries_the_papers_its_label_speaks_of() {
    let mail = sample("complete").raw;
    let mail = MessageParser::new().parse(&mail).unwrap();
    let names: Vec<&str> = mail.attachments().filter_map(|part| part.attachment_name()).collect();

    assert_eq!(names, ["Surat Permohonan.pdf", "SK Pengelola LPSE.pdf"]);
    let letter = text_of(mail.attachment(0).unwrap().contents());
    let decree = text_of(mail.attachment(1).unwrap().contents());
    assert!(letter.contains("19910517 201503 2 941") && letter.contains("10 November 2026"));
    assert!(decree.contains("31 Desember 2026") && decree.contains("Rina Paramitha Lestari"));
}

#[test]
fn a_decree_is_in_force_on_whatever_day_it_is_played() {
    for (year, month, day) in [(2026, 1, 1), (2027, 1, 2), (2028, 2, 29), (2031, 12, 31)] {
        let day = NaiveDate::from_ymd_opt(year, month, day).unwrap();
        let decree = Decree::of_year(day);

        assert!(decree.date <= day);
        let text = text_of(&decree_pdf(&decree));
        assert!(text.contains(&printed(decree.date)) && text.contains(&format!("31 Desember {year}")), "{day}");
    }
}

#[test]
fn a_padded_paper_reaches_its_size_and_keeps_its_text() {
    let letter = Letter {
        applicant: &RINA,
        services: &[Service::ResetPassword],
        number: "000.3/0911/BLPE/B.PBJ",
        date: at().date_naive(),
        nip: None,
        signed: true,
        pad_to: Some(80_000),
    };
    let decree = Decree { pad_to: Some(150_000), ..Decree::of_year(at().date_naive()) };

    for (pdf, size) in [(letter_pdf(&letter), 80_000), (decree_pdf(&decree), 150_000)] {
        assert!((size..size + size / 20).contains(&pdf.len()), "{} for {size}", pdf.len());
        assert!(text_of(&pdf).contains("RINA") || text_of(&pdf).contains("Rina"));
    }
}

#[test]
fn a_memo_is_a_word_document_with_its_facts_in_a_table() {
    let docx = memo_docx(&JOHANNES, &[Service::UserIdInfo], "000.3/0914/BLPE/B.PBJ", at().date_naive());

    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(docx)).unwrap();
    let mut document = String::new();
    std::io::Read::read_to_string(&mut archive.by_name("word/document.xml").unwrap(), &mut document).unwrap();
    assert!(document.contains("NOTA DINAS") && document.contains("<w:tbl>"));
    assert!(document.contains("19940208 202121 1 944"));
    assert!(quick_xml::Reader::from_str(&document).read_event().is_ok());
}

#[test]
fn a_second_mail_stays_in_the_thread_of_its_case() {
    for sample in stamped() {
        let thread = Thread {
            case_number: "LPSE-2026-0047",
            message_id: "loket.abc@lembayungraya.example",
            subject: "[LPSE-2026-0047] Permintaan kelengkapan berkas",
            at: at(),
        };
        let second = sample.follow_up(thread);
        assert_eq!(second.is_some(), sample.label.plays.contains(&Play::FollowUp), "{}", sample.label.id);
        let Some(raw) = second else { continue };
        let mail = MessageParser::new().parse(&raw).unwrap();
        assert_eq!(mail.in_reply_to().as_text(), Some(thread.message_id));
        assert_eq!(mail.subject(), Some("Re: [LPSE-2026-0047] Permintaan kelengkapan berkas"));
        let withdraws = reply::withdraws(&mail.body_text(0).unwrap());
        assert_eq!(withdraws, sample.label.fate == Fate::Withdrawn);
    }
}

#[test]
fn the_samples_cover_what_the_demo_promises() {
    let fates: Vec<Fate> = stamped().iter().map(|sample| sample.label.fate).collect();
    let verdicts: Vec<Verdict> = stamped().iter().map(|sample| sample.label.verdict).collect();

    for fate in
        [Fate::ResetConfirmed, Fate::UserIdGiven, Fate::Withdrawn, Fate::Expired, Fate::OutOfScope, Fate::Ignored]
    {
        assert!(fates.contains(&fate), "{fate:?}");
    }
    assert!(fates.iter().any(|fate| matches!(fate, Fate::Rejected(_))));
    assert!(verdicts.contains(&Verdict::Ignored("auto_reply")));
}
