//! Pages and mails that nobody would write: nothing of them may bring the dossier down or make it guess.

use loket::dossier::page::{Lay, Line, Page, Paper, Rect, Word};
use loket::sop::checklist::Method;
use proptest::prelude::*;

use super::set::{mail, paper, seen, verdict};

fn word() -> impl Strategy<Value = Word> {
    let text = prop_oneof![
        "\\PC{1,12}",
        "(Nama|NIP|Nomor|Perihal|User ID|LAMPIRAN|KEPUTUSAN|TENTANG|MENIMBANG|Pemohon,|ttd|:|/|1\\.|[0-9]{18}|2 Januari 2026)",
    ];
    let number = prop_oneof![4 => 0.0f32..900.0, 1 => prop::num::f32::ANY];
    (text, number.clone(), number.clone(), number.clone(), number).prop_map(|(text, x, y, w, h)| Word {
        text,
        at: Rect { x, y, w, h },
        confidence: None,
    })
}

fn page() -> impl Strategy<Value = Page> {
    let line = prop::collection::vec(word(), 0..8).prop_map(|words| Line { words });
    let pictures = prop::collection::vec(word().prop_map(|w| w.at), 0..4);
    let lay = prop::option::of(prop::array::uniform9(prop::num::f32::ANY).prop_map(Lay));
    (prop::collection::vec(line, 0..25), pictures, prop::num::f32::ANY, lay).prop_map(
        |(lines, pictures, height, lay)| Page {
            number: 1,
            width: 595.0,
            height,
            lines,
            pictures,
            hidden: vec![],
            look: None,
            lay,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_page_is_understood_without_a_panic(pages in prop::collection::vec(page(), 1..4), body in "\\PC{0,200}") {
        let paper = Paper {
            attachment: "x.pdf".into(), format: "pdf".into(), sha256: String::new(), size: 1, method: Method::Text, pages,
            encrypted: false, electronic: Default::default(),
        };
        let mail = mail(&body, &body, vec![paper]);

        verdict(&mail);
        seen(&[mail]);
    }
}

#[test]
fn a_page_of_ten_thousand_words_is_read_in_reasonable_time() {
    let line = "Nama : Budi Hartono NIP : 199203152019031904 reset password sebagai Helpdesk ".repeat(2);
    let long = vec![line; 400].join("\n");
    let begun = std::time::Instant::now();

    seen(&[mail("Permohonan", "", vec![paper("x.pdf", &[&long])])]);

    // Debug builds are some thirty times slower than what runs at an office.
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
}
