//! Threat 31: whatever a mail says stays text on every page, and no page has a script, a style or a foreign address.

use loket::web::view::{CasePage, Undelivered};

use crate::web_browser::{Browser, encoded};
use crate::web_fake::{Fake, GOOD_TOKEN};
use crate::web_samples::{outcome, review, task, unknown};

const CASE: &str = "/berkas/LPSE-2026-0047";

/// Pages of the archive and the report.
pub const RECORDS: [&str; 11] = [
    "/arsip",
    "/arsip?cari=hampa",
    "/arsip/LPSE-2026-0031",
    "/arsip/LPSE-2026-0008",
    "/arsip/LPSE-2026-0007",
    "/arsip/LPSE-2026-0003",
    "/arsip/LPSE-2026-0004",
    "/arsip/LPSE-2026-0006",
    "/laporan?bulan=2026-10",
    "/laporan?bulan=2026-01",
    "/laporan?bulan=2026-02",
];

pub const PAYLOADS: [&str; 8] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</textarea></title><svg/onload=alert(1)>",
    "{{ 7*7 }}{% include \"/etc/passwd\" %}",
    "javascript:alert(1)",
    "http://evil.example/x.png",
    "gaji\u{202e}fdp.exe\u{200b}\u{0007}",
];

/// Pages that show what a mail says, with `words` wherever a mail's own words stand.
pub async fn pages(words: &str) -> Vec<(String, String)> {
    let owned = words.to_owned();
    let make = move |which: usize| {
        let text = owned.clone();
        let mut review = review(&text);
        review.head.name = text.clone();
        review.head.user_id = Some(text.clone());
        review.head.work_unit = Some(text.clone());
        review.head.undelivered =
            Some(Undelivered { letter: text.clone(), to: text.clone(), at: review.head.received, why: text.clone() });
        match which {
            0 => {
                review.sender.body = text.clone();
                review.sender.from = text.clone();
                review.alerts = vec![text.clone()];
                for row in &mut review.checks {
                    row.title = Some(text.clone());
                    row.check.because = text.clone();
                    if let Some(pair) = &mut row.check.pair {
                        pair.document = text.clone();
                    }
                }
                for paper in &mut review.papers {
                    paper.attachment = text.clone();
                    paper.unreadable = Some(text.clone());
                }
                for draft in &mut review.drafts {
                    (draft.body, draft.subject, draft.edited) = (text.clone(), text.clone(), true);
                }
                review.proposal.account = Some(text.clone());
                CasePage::Review(Box::new(review))
            }
            1 => CasePage::Task(Box::new(loket::web::view::TaskView { head: review.head, ..task() })),
            2 => CasePage::Unknown(Box::new(loket::web::view::UnknownView {
                head: review.head,
                what: text,
                ..unknown()
            })),
            _ => {
                let history = vec![(review.head.received, text.clone())];
                let view = loket::web::view::OutcomeView { head: review.head, history, next: text, ..outcome() };
                CasePage::Outcome(Box::new(view))
            }
        }
    };
    let mut browser = Browser::opened(Fake { demo: true, words: words.to_owned(), ..Fake::default() }).await;
    let mut pages = Vec::new();
    for which in 0..4 {
        let make = make.clone();
        *browser.fake.page.lock().expect("nobody else holds the page") = Box::new(move || make(which));
        pages.push((format!("case {which}"), browser.get(CASE).await.body));
        pages.push((format!("large page {which}"), browser.get(&format!("{CASE}/halaman/0/1/besar")).await.body));
    }
    let others = ["/meja", "/ditahan/tahan-1", "/surel/surat-1", "/masuk", "/frasa", "/tidak-ada"].map(str::to_owned);
    let tokens = ["tautan", "ambil", "ganti", "daftar"].map(|kind| format!("/{kind}/{GOOD_TOKEN}"));
    // What somebody typed comes back on the page as well.
    let typed = encoded(&[("cari", words)]);
    let records = RECORDS.map(str::to_owned).into_iter().chain([format!("/arsip?{typed}"), format!("/meja?{typed}")]);
    for path in others.into_iter().chain(tokens).chain([format!("{CASE}/halaman/0/1")]).chain(records) {
        let body = browser.get(&path).await.body;
        pages.push((path, body));
    }
    pages
}

/// The tags of a page without the text between them and without attribute values' own text.
fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).filter_map(|rest| rest.split('>').next()).collect()
}

#[tokio::test]
async fn t31_no_payload_becomes_markup() {
    let plain = pages("biasa").await;
    for payload in PAYLOADS {
        for ((name, page), (_, harmless)) in pages(payload).await.iter().zip(&plain) {
            let shapes = |page: &str| -> Vec<String> {
                let names = tags(page).into_iter().map(|tag| tag.split([' ', '\n']).next().unwrap_or("").to_owned());
                // Differing values are marked, and how many marks there are depends on the values.
                names.filter(|name| name != "mark" && name != "/mark").collect()
            };
            assert_eq!(shapes(page), shapes(harmless), "{name}: {payload:?} changed the markup");
            assert!(!page.contains('\u{202e}') && !page.contains('\u{200b}') && !page.contains('\u{7}'), "{name}");
        }
    }
}

#[tokio::test]
async fn t31_unseen_characters_are_written_out() {
    let pages = pages(PAYLOADS[7]).await;

    assert!(pages[0].1.contains("gaji⟨U+202E⟩fdp.exe⟨U+200B⟩⟨U+0007⟩"));
}

#[tokio::test]
async fn no_page_has_script_style_handler_or_foreign_address() {
    for words in PAYLOADS.into_iter().chain(["biasa"]) {
        for (name, page) in pages(words).await {
            harmless(&format!("{name} of {words:?}"), &page);
        }
    }
}

fn harmless(name: &str, page: &str) {
    for tag in tags(page) {
        let tag = tag.to_lowercase();
        // The one script of the desk's own, on pages that ask for a factor.
        let script = tag.starts_with("script") && tag != "script src=\"/kunci.js\" defer";
        assert!(!script && !tag.starts_with("style") && !tag.starts_with("iframe"), "{name}: {tag}");
        // What stands between quotes is a value, whatever it says; no value holds a quote of its own.
        let names: String = tag.split('"').step_by(2).collect();
        assert!(!names.contains(" style="), "{name}: {tag}");
        let handler = names.split_whitespace().any(|part| part.starts_with("on") && part.contains('='));
        assert!(!handler, "{name}: {tag}");
        for attribute in ["src=\"", "href=\"", "action=\""] {
            for value in tag.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()) {
                let own = value.starts_with('/') && !value.starts_with("//");
                assert!(own || value.starts_with('#') || value.starts_with("tel:"), "{name}: {value}");
            }
        }
    }
}

#[tokio::test]
async fn every_label_link_and_description_leads_to_something() {
    for (name, page) in pages("biasa").await {
        let all = |attribute: &str| -> Vec<String> {
            let values = page.split(attribute).skip(1).filter_map(|rest| rest.split('"').next());
            values.flat_map(|v| v.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
        };
        let ids = all(" id=\"");
        let unique: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{name}: an id stands twice");
        for target in all(" for=\"")
            .into_iter()
            .chain(all("aria-describedby=\""))
            .chain(all("aria-labelledby=\""))
            .chain(all("href=\"#"))
        {
            assert!(ids.contains(&target), "{name}: nothing is called {target}");
        }
    }
}
