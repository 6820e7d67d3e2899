//! Pages and photographs put in order: one document from several files, two from one.

use loket::dossier::page::{Paper, Rect};
use loket::sop::checklist::{Document, DocumentKind, Finding};

use super::decrees::BUPATI;
use super::letters::LABELS;
use super::noise::{photographed, scanned};
use super::set::{GOOD, expect, mail, paper, seen};

fn documents(papers: Vec<Paper>) -> Vec<(String, String, DocumentKind)> {
    let line = |d: Document| (d.attachment, d.pages, d.kind);
    seen(&[mail("Permohonan", "", papers)]).documents.into_iter().map(line).collect()
}

fn decree(names: &[&str]) -> Vec<Paper> {
    photographed(paper("sk.pdf", &BUPATI), names)
}

#[test]
fn letter_and_decree_in_one_scan_are_two_documents() {
    let whole = scanned(paper("scan0012.pdf", &[LABELS, BUPATI[0], BUPATI[1]]));

    let found = documents(vec![whole]);

    let kinds: Vec<(&str, DocumentKind)> = found.iter().map(|(_, pages, kind)| (pages.as_str(), *kind)).collect();
    assert_eq!(kinds, [("1", DocumentKind::RequestLetter), ("2-3", DocumentKind::AppointmentDecree)]);
}

#[test]
fn photographs_of_one_decree_are_one_document_in_whatever_order_they_come() {
    let mut photos = decree(&["SK/IMG-20261110-WA0009.jpg", "SK/IMG-20261110-WA0010.jpg"]);
    photos.reverse();

    let found = documents(photos);

    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "SK/IMG-20261110-WA0009.jpg + SK/IMG-20261110-WA0010.jpg");
    assert_eq!(found[0].1, "1-2");
}

#[test]
fn an_unread_page_of_a_file_that_goes_on_with_a_document_is_noted_there() {
    let mut papers = decree(&["1.jpg", "2.jpg"]);
    let mut blot = papers[1].pages[0].clone();
    (blot.number, blot.lines) = (2, Vec::new());
    blot.pictures = vec![Rect { x: 50.0, y: 50.0, w: 400.0, h: 600.0 }];
    papers[1].pages.push(blot);

    let seen = seen(&[mail("Permohonan", "", papers)]);

    let [decree] = seen.documents.as_slice() else { panic!("{:?}", seen.documents) };
    assert_eq!((decree.attachment.as_str(), decree.unread_pages.as_slice()), ("1.jpg + 2.jpg", &[2][..]));
}

#[test]
fn an_annex_photographed_before_its_decree_goes_behind_it() {
    // The numbers in the names say nothing here: the annex was photographed first.
    let mut papers = decree(&["2.jpg", "1.jpg"]);
    papers.reverse();
    papers.push(scanned(paper("surat.pdf", &[LABELS])));

    let seen = seen(&[mail("Permohonan", "", papers)]);

    let decrees: Vec<&Document> = seen.documents.iter().filter(|d| d.kind == DocumentKind::AppointmentDecree).collect();
    assert_eq!(decrees.iter().map(|d| d.attachment.as_str()).collect::<Vec<_>>(), ["2.jpg + 1.jpg"]);
    expect(&seen, &GOOD);
}

#[test]
fn a_scan_with_its_annex_on_top_is_one_decree() {
    let whole = scanned(paper("sk.pdf", &[BUPATI[1], BUPATI[0]]));

    let found = documents(vec![whole]);

    assert_eq!(found, [("sk.pdf".to_owned(), "1-2".to_owned(), DocumentKind::AppointmentDecree)]);
}

#[test]
fn a_decree_cut_in_the_middle_of_its_clauses_stays_one() {
    let (front, back) = BUPATI[0].split_once("Mengingat").expect("considerations");
    let back = format!("Mengingat{back}");
    let photos = photographed(paper("sk.pdf", &[front, &back, BUPATI[1]]), &["a1.jpg", "a2.jpg", "a3.jpg"]);

    let found = documents(photos);

    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].1.as_str(), found[0].2), ("1-3", DocumentKind::AppointmentDecree));
}

#[test]
fn pages_follow_the_numbers_printed_on_them() {
    let (front, back) = BUPATI[0].split_once("                          MEMUTUSKAN").expect("a ruling");
    let second = format!("                    - 2 -\n\n                          MEMUTUSKAN{back}");
    let third = format!("                    - 3 -\n\n{}", BUPATI[1]);
    let shuffled = scanned(paper("sk.pdf", &[front, &third, &second]));

    let seen = seen(&[mail("Permohonan", "", vec![shuffled, scanned(paper("surat.pdf", &[LABELS]))])]);

    assert_eq!(seen.documents.len(), 2, "{:?}", seen.documents);
    expect(&seen, &[("decree_names_applicant", Finding::Met), ("decree_in_force", Finding::Met)]);
}
