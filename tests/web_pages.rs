//! Pages as one reads them in the source, short ones whole: a change of wording or structure shows itself here.

use loket::web::answer::{DecisionAnswer, Earlier};

use crate::web_browser::Browser;
use crate::web_fake::{Fake, GOOD_TOKEN, HASH, NIP, now};

const CASE: &str = "/berkas/LPSE-2026-0047";

/// What stands between the frame's top and foot, one element a line.
pub fn main_of(page: &str) -> String {
    let from = page.find("<main").unwrap_or(0);
    let to = page.find("</main>").unwrap_or(page.len());
    let lines = page[from..to].replace("><", ">\n<");
    lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The part of `page` between two texts.
pub fn part<'p>(page: &'p str, from: &str, to: &str) -> &'p str {
    let start = page.find(from).unwrap_or(0);
    page[start..].split(to).next().unwrap_or("")
}

#[tokio::test]
async fn the_lock_of_a_link() {
    let page = Browser::new(Fake::default()).get(&format!("/tautan/{GOOD_TOKEN}")).await;

    insta::assert_snapshot!(main_of(&page.body));
}

#[tokio::test]
async fn the_result_shown_once() {
    let page = Browser::new(Fake::default()).post(&format!("/ambil/{GOOD_TOKEN}"), &[("nip", NIP)]).await;

    insta::assert_snapshot!(main_of(&page.body));
}

#[tokio::test]
async fn a_link_that_is_gone_in_english() {
    let page = Browser::new(Fake::default()).get("/ambil/hilang?bahasa=en").await;

    insta::assert_snapshot!(main_of(&page.body));
}

#[tokio::test]
async fn somebody_was_faster() {
    let mut browser = Browser::opened(Fake::default()).await;
    let what = "Minta lengkapi: surat permohonan dengan NIP yang benar".into();
    browser.fake.decide_next(DecisionAnswer::Already(Earlier {
        by: "Lestari Ningrum, S.Kom.".into(),
        at: now(),
        what,
    }));

    let page = browser.post(&format!("{CASE}/tolak"), &[("bukti", HASH), ("dasar", "R04")]).await;

    insta::assert_snapshot!(main_of(&page.body));
}

#[tokio::test]
async fn the_difference_comes_first_with_both_values_marked() {
    let page = Browser::opened(Fake::default()).await.get(CASE).await;

    let rows = part(&page.body, "<ul class=\"checks\">", "</ul>");

    insta::assert_snapshot!(main_of(rows));
}

#[tokio::test]
async fn evidence_is_one_press_away_and_back_again() {
    let page = Browser::opened(Fake::default()).await.get(CASE).await;

    let sheet = part(&page.body, "<figure id=\"hal-1\">", "</figure>");

    assert!(page.body.contains("<a class=\"ev\" href=\"#b-4-0\">"));
    assert!(
        sheet.contains("<g class=\"x\"><rect id=\"b-4-0\" x=\"29.4%\" y=\"41.7%\" width=\"24.0%\" height=\"2.4%\"/>")
    );
    assert!(sheet.contains("<li><b>3</b> <a href=\"#t-4\">NIP</a>"));
}
