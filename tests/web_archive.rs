//! The pages of the archive and the report over a counter in memory: what they say, what leads where, and what stands in
//! no address.

use axum::http::StatusCode;
use chrono::TimeDelta;
use loket::web::view::Role;

use crate::web_browser::Browser;
use crate::web_escape::RECORDS;
use crate::web_fake::{CODE, Fake};
use crate::web_pages::{main_of, part};

const WHOLE: &str = "/arsip/LPSE-2026-0031";
const DAMAGED: &str = "/arsip/LPSE-2026-0008";
const DESTROYED: &str = "/arsip/LPSE-2026-0003";

async fn browser() -> Browser {
    Browser::opened(Fake { words: "catatan".into(), ..Fake::default() }).await
}

#[tokio::test]
async fn the_list_of_the_archive() {
    let page = browser().await.get("/arsip?tahun=2026&hasil=selesai").await;

    insta::assert_snapshot!(main_of(&page.body));
}

#[tokio::test]
async fn a_dossier_that_is_whole() {
    let page = browser().await.get(WHOLE).await;

    let facts = part(&page.body, "<h1>", "<table>");
    let first = part(&page.body, "<tbody>", "</tr>");
    insta::assert_snapshot!(main_of(&format!("{facts}{first}")));
}

#[tokio::test]
async fn the_report_of_a_month() {
    let page = browser().await.get("/laporan?bulan=2026-10&bahasa=en").await;

    let figures = part(&page.body, "<p class=\"lead\">", "<section");
    let recap = part(&page.body, "<table><caption>Recap", "</table>");
    insta::assert_snapshot!(main_of(&format!("{figures}{recap}")));
}

#[tokio::test]
async fn the_navigation_of_a_signed_in_person_has_three_entries_and_lights_the_one_they_are_at() {
    let mut browser = browser().await;
    for (path, tab) in [("/meja", "Meja"), ("/arsip", "Arsip"), (WHOLE, "Arsip"), ("/laporan", "Laporan")] {
        let page = browser.get(path).await.body;

        let nav = page.split("<nav aria-label=\"Utama\">").nth(1).and_then(|rest| rest.split("</nav>").next());
        let nav = nav.expect("there is a navigation");
        assert_eq!(nav.matches("<a ").count(), 3, "{path}: {nav}");
        assert_eq!(nav.matches("aria-current=\"page\"").count(), 1, "{path}");
        assert!(nav.contains(&format!(" aria-current=\"page\">{tab}</a>")), "{path}: {nav}");
    }
    let english = browser.get("/meja?bahasa=en").await.body;
    for entry in [">Desk</a>", "<a href=\"/arsip\">Archive</a>", "<a href=\"/laporan\">Report</a>"] {
        assert!(english.contains(entry), "{entry}");
    }
    assert!(english.contains("Those that are done are in the <a href=\"/arsip\">archive</a>."));
    let queue = browser.get("/meja?cari=kosong&bahasa=id").await.body;
    assert!(queue.contains("Yang sudah selesai ada di <a href=\"/arsip\">arsip</a>."), "under an empty queue too");
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_led_to_the_code_and_back_and_gets_no_file() {
    let mut stranger = Browser::new(Fake::default());

    for (path, to) in [("/arsip", "/arsip"), ("/arsip?cari=dimas", "/arsip"), (WHOLE, WHOLE), ("/laporan", "/laporan")]
    {
        assert_eq!(stranger.get(path).await.location(), format!("/masuk?ke={to}"), "{path}");
        let door = stranger.get(&format!("/masuk?ke={to}")).await.body;
        assert!(door.contains(&format!("name=\"ke\" value=\"{to}\"")), "{path}");
    }
    for (path, to) in [
        (format!("{WHOLE}/berkas"), WHOLE),
        (format!("{WHOLE}/isi/1"), WHOLE),
        ("/laporan/csv".into(), "/laporan"),
        ("/laporan/json".into(), "/laporan"),
    ] {
        let led = stranger.get(&path).await;
        assert_eq!(
            (led.status, led.location().to_owned()),
            (StatusCode::SEE_OTHER, format!("/masuk?ke={to}")),
            "{path}"
        );
    }
}

/// A page that locked came back after the code as another month or as the whole list.
#[tokio::test]
async fn the_month_and_the_choice_come_back_after_the_code_and_what_was_typed_does_not() {
    let mut browser = browser().await;
    browser.clock.forward(TimeDelta::minutes(10));
    let ways = [
        ("/laporan?bulan=2026-03", "/laporan?bulan=2026-03"),
        ("/laporan/csv?bulan=2026-03", "/laporan?bulan=2026-03"),
        ("/arsip?cari=Nyoman&tahun=2025&hasil=ditolak", "/arsip?tahun=2025%26hasil=ditolak"),
        ("/arsip?tahun=2025&hasil=x&halaman=3", "/arsip?tahun=2025"),
    ];
    for (path, back) in ways {
        assert_eq!(browser.get(path).await.location(), format!("/masuk?ke={back}"), "{path}");
        let door = browser.get(&format!("/masuk?ke={back}")).await.body;
        assert!(door.contains(&format!("name=\"ke\" value=\"{}\"", back.replace("%26", "&#38;"))), "{path}: {door}");
    }
    for (asked, to) in [
        ("/laporan?bulan=2026-13", "/laporan"),
        ("/laporan?bulan=2026-03&x=1", "/laporan"),
        ("/arsip?cari=Nyoman", "/arsip"),
        ("/arsip?tahun=2025&hasil=//evil.example", "/arsip?tahun=2025"),
        ("/meja?cari=Nyoman", "/meja"),
        ("/arsip/../x?tahun=2025", "/meja"),
        ("//evil.example?tahun=2025", "/meja"),
    ] {
        let opened = browser.post("/masuk", &[("kode", CODE), ("ke", asked)]).await;
        assert_eq!(opened.location(), to, "{asked}");
        browser.clock.forward(TimeDelta::minutes(10));
    }
}

#[tokio::test]
async fn who_only_reads_sees_the_archive_and_the_report_and_a_device_closes_after_ten_minutes() {
    for role in [Role::Archivist, Role::Auditor] {
        let mut reader = Browser::opened(Fake { role, ..Fake::default() }).await;

        for path in ["/arsip", WHOLE, &format!("{WHOLE}/berkas"), "/laporan", "/laporan/csv"] {
            assert_eq!(reader.get(path).await.status, StatusCode::OK, "{path}");
        }
        reader.clock.forward(TimeDelta::minutes(10));
        assert_eq!(reader.get("/arsip").await.status, StatusCode::SEE_OTHER);
        // A download leads to the code as its page does, and back to that page.
        for file in ["berkas", "isi/1"] {
            let led = reader.get(&format!("{WHOLE}/{file}")).await;
            assert_eq!(
                (led.status, led.location().to_owned()),
                (StatusCode::SEE_OTHER, format!("/masuk?ke={WHOLE}")),
                "{file}"
            );
        }
        assert_eq!(reader.get("/laporan/csv").await.location(), "/masuk?ke=/laporan");
    }
}

/// A name or NIP may be typed into the search; the page says it again, and no link, switch or title carries it on.
#[tokio::test]
async fn what_was_typed_stands_in_no_link_and_no_title_that_a_page_makes() {
    let mut browser = browser().await;

    let page = browser.get("/arsip?cari=Nyoman+199203152019031904&tahun=2026&halaman=2").await;

    assert!(page.body.contains("“Nyoman 199203152019031904”"), "the page says what was looked for");
    for attribute in ["href=\"", "action=\"", "<title>"] {
        for value in page.body.split(attribute).skip(1).filter_map(|rest| rest.split(['"', '<']).next()) {
            assert!(!value.contains("Nyoman") && !value.contains("1992"), "{attribute}{value}");
        }
    }
    assert!(!page.body.contains("halaman="), "so such a list has no pages");
    for path in RECORDS {
        let page = browser.get(path).await;
        let title = page.body.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
        assert!(title.is_some_and(|title| !title.contains("Dimas")), "{path}");
        assert_eq!(page.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn a_long_list_is_turned_over_with_what_was_chosen_and_ends() {
    let mut browser = browser().await;

    let first = browser.get("/arsip?tahun=2026&hasil=ditolak").await.body;
    let second = browser.get("/arsip?tahun=2026&halaman=2").await.body;
    let last = browser.get("/arsip?halaman=3").await.body;

    assert!(first.contains("href=\"/arsip?tahun=2026&#38;hasil=ditolak&#38;halaman=2\">Lebih lama</a>"), "{first}");
    assert!(!first.contains("Lebih baru") && first.contains("<option value=\"ditolak\" selected>"));
    assert!(second.contains("href=\"/arsip?tahun=2026\">Lebih baru</a>"), "{second}");
    assert!(second.contains("href=\"/arsip?tahun=2026&#38;halaman=3\">Lebih lama</a>"));
    assert!(!last.contains("Lebih lama") && last.contains("href=\"/arsip?halaman=2\">Lebih baru</a>"));
    for wrong in ["/arsip?halaman=0", "/arsip?halaman=-1", "/arsip?tahun=x&hasil=y&halaman=99999999999999999999"] {
        assert_eq!(browser.get(wrong).await.status, StatusCode::OK, "{wrong}");
    }
}

#[tokio::test]
async fn an_empty_archive_nothing_found_and_an_empty_month_say_so_without_a_bare_table() {
    let mut browser = browser().await;

    let empty = browser.get("/arsip?cari=hampa").await.body;
    let nothing = browser.get("/arsip?cari=kosong").await.body;
    let month = browser.get("/laporan?bulan=2026-01").await.body;

    assert!(empty.contains("Arsip masih kosong") && !empty.contains("<form class=\"filter\""));
    assert!(nothing.contains("Tidak ada berkas yang cocok") && nothing.contains("Dicari di antara 45 berkas."));
    assert!(nothing.contains("Yang tidak terbaca tidak ikut dicari.") && nothing.contains("value=\"kosong\""));
    assert!(month.contains("Tidak ada permohonan yang diterima pada bulan ini") && !month.contains("<table"));
    assert!(month.contains("Sidik akhir jurnal"), "an empty month anchors the journal too");
}

/// A month of which a file cannot be read was called empty, though nobody can know that.
#[tokio::test]
async fn a_month_is_not_called_empty_where_that_is_not_known() {
    let month = browser().await.get("/laporan?bulan=2026-02").await.body;

    assert!(!month.contains("Tidak ada permohonan yang diterima pada bulan ini"), "{month}");
    assert!(month.contains("Tidak ada permohonan bulan ini yang terbaca") && month.contains("archive-2024.redb tidak"));
    assert!(!month.contains("<table"), "and no bare table head");
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_the_rest_is_shown() {
    let mut browser = browser().await;

    let list = browser.get("/arsip").await.body;
    let report = browser.get("/laporan?bulan=2026-10").await.body;

    assert!(
        list.contains("Tidak terbaca: archive-2024.redb.")
            && list.contains("Rusak dan tidak ada pada daftar ini: LPSE-2026-0007.")
    );
    assert!(list.contains("Berkas yang tidak dapat dibuka") && list.contains("Dimas Wiratama Putra"));
    assert!(report.contains(
        "LPSE-2026-0003 dimusnahkan menurut berita acara BA.12/2026 catatan. LPSE-2026-0008 rusak di arsip. LPSE-2026-0007 rusak di arsip; bulannya tidak diketahui."
    ));
    assert!(report.contains("archive-2024.redb tidak terbaca") && report.contains("Dimas Wiratama Putra"));
}

#[tokio::test]
async fn a_damaged_dossier_says_what_is_wrong_and_gives_out_only_what_is_sound() {
    let mut browser = browser().await;

    let page = browser.get(DAMAGED).await.body;
    let record = browser.get("/arsip/LPSE-2026-0007").await.body;
    let refused = browser.get(&format!("{DAMAGED}/isi/2")).await;
    let whole = browser.get(&format!("{DAMAGED}/berkas")).await;
    let sound = browser.get(&format!("{DAMAGED}/isi/3")).await;

    assert!(page.contains("<b>Rusak</b>") && !page.contains("Utuh"));
    for part in [
        "Rantainya putus",
        "isi no. 2 (surat/02-completion_request-Surat-permohonan-catatan.pdf)",
        "entri jurnal 20481",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains(&format!("{DAMAGED}/berkas")) && !page.contains(&format!("{DAMAGED}/isi/2\"")));
    assert!(
        page.contains(&format!("{DAMAGED}/isi/3\""))
            && page.contains("Isi yang masih utuh dapat diunduh satu per satu.")
    );
    assert!(record.contains("tidak terbaca") && !record.contains("<dl"), "nothing is made up");
    assert!(record.contains("Buku akses tidak dapat dibaca"));
    assert_eq!((refused.status, whole.status), (StatusCode::CONFLICT, StatusCode::CONFLICT));
    assert!(whole.body.contains("Tidak ada yang diunduh"));
    assert_eq!(sound.status, StatusCode::OK);
}

#[tokio::test]
async fn of_a_destroyed_dossier_the_record_is_shown_and_nobody() {
    let page = browser().await.get(DESTROYED).await.body;

    assert!(page.contains("Berkas ini sudah dimusnahkan") && page.contains("berita acara BA.12/2026"));
    assert!(page.contains("000.3") && page.contains("Password direset, penggantian dikonfirmasi"));
    assert!(
        !page.contains("Dimas") && !page.contains("DIMASWP") && !page.contains("/berkas\"") && !page.contains("<table")
    );
}

/// It was shown as a whole, below a sentence that nothing of it is left.
#[tokio::test]
async fn a_destroyed_dossier_that_still_has_its_key_says_so_and_shows_nobody() {
    let mut browser = browser().await;

    let page = browser.get("/arsip/LPSE-2026-0004").await.body;
    let english = browser.get("/arsip/LPSE-2026-0004?bahasa=en").await.body;

    assert!(page.contains("<b>Dimusnahkan, tetapi kuncinya masih ada</b>"), "{page}");
    assert!(page.contains("Kuncinya masih ada, meskipun menurut berita acara dimusnahkan"));
    assert!(!page.contains("Yang tersisa hanya baris register") && !page.contains("rusak atau hilang"));
    assert!(!page.contains("Dimas") && !page.contains("/berkas\"") && !page.contains("Daftar isi"));
    assert!(english.contains("Its key is still there in spite of the record"), "{english}");
}

/// A sound dossier beside a damaged one was called damaged.
#[tokio::test]
async fn a_dossier_whose_neighbour_does_not_read_is_called_neither_sound_nor_damaged() {
    let mut browser = browser().await;

    let page = browser.get("/arsip/LPSE-2026-0006").await.body;
    let english = browser.get("/arsip/LPSE-2026-0006?bahasa=en").await.body;

    assert!(page.contains("<div class=\"note look\">") && page.contains("<b>Tidak dapat diperiksa seluruhnya</b>"));
    assert!(!page.contains("<b>Rusak</b>") && !page.contains("<b>Utuh</b>"), "{page}");
    assert!(page.contains("Selain itu semua sidiknya cocok") && page.contains("/arsip/LPSE-2026-0006/berkas\""));
    assert!(english.contains("<b>Cannot be checked as a whole</b>"));
}

#[tokio::test]
async fn files_are_saved_and_never_shown_and_their_names_say_nothing_of_anybody() {
    let mut browser = Browser::opened(Fake { words: "Dimas\"\r\nX-Evil: 1.exe/../".into(), ..Fake::default() }).await;
    let files = [
        (format!("{WHOLE}/berkas"), "application/zip", "LPSE-2026-0031.zip"),
        (format!("{WHOLE}/isi/1"), "application/octet-stream", "LPSE-2026-0031-01.eml"),
        ("/laporan/csv?bulan=2026-10".to_owned(), "text/csv; charset=utf-8", "laporan-2026-10.csv"),
        ("/laporan/json?bulan=2026-10".to_owned(), "application/json", "laporan-2026-10.json"),
    ];

    for (path, media_type, name) in files {
        let file = browser.get(&path).await;

        assert_eq!(file.status, StatusCode::OK, "{path}");
        assert_eq!(file.header("content-type"), media_type, "{path}");
        assert_eq!(file.header("content-disposition"), format!("attachment; filename=\"{name}\""), "{path}");
        assert_eq!(file.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(file.header("cache-control"), "no-store", "{path}");
        assert!(file.header("content-security-policy").contains("sandbox"), "{path}");
        assert_eq!(file.header("content-length"), file.body.len().to_string(), "{path}");
        assert!(file.headers.get("x-evil").is_none());
    }
    for path in ["/arsip/LPSE-2026-0099", "/arsip/x", "/arsip/LPSE-2026-0031/isi/0", "/arsip/LPSE-2026-0031/isi/6"] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_report_leads_to_the_months_beside_it_and_to_none_that_has_not_begun() {
    let mut browser = browser().await;

    let present = browser.get("/laporan").await.body;
    let before = browser.get("/laporan?bulan=2026-10").await.body;
    let turn = browser.get("/laporan?bulan=2025-12").await.body;

    assert!(present.contains("<h1>Laporan November 2026</h1>"), "the present month, in the office's zone");
    assert!(present.contains("Bulan ini belum berakhir") && present.contains("?bulan=2026-10\">Oktober 2026</a>"));
    assert!(!present.contains("2026-12"), "nothing of what has not begun");
    assert!(
        before.contains("?bulan=2026-09\">")
            && before.contains("?bulan=2026-11\">")
            && !before.contains("belum berakhir")
    );
    assert!(turn.contains("?bulan=2025-11\">") && turn.contains("?bulan=2026-01\">"));
    assert!(before.contains("href=\"/laporan/csv?bulan=2026-10\"") && before.contains("&#38;bahasa=en\""));
    assert!(browser.get("/laporan?bulan=2027-03").await.body.contains("Bulan ini belum mulai."));
    for far in ["2027-03", "9999-12", "0000-01"] {
        let page = browser.get(&format!("/laporan?bulan={far}")).await.body;
        assert!(page.contains("?bulan=2026-11\">November 2026</a>"), "{far} offers the present month");
        let nav = part(&page, "<nav class=\"meta", "</nav>");
        for link in nav.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert_eq!(browser.get(link).await.status, StatusCode::OK, "{far}: {link}");
        }
    }
    assert!(
        before.contains("<form class=\"filter noprint\" method=\"get\" action=\"/laporan\"")
            && before.contains("value=\"2026-10\"")
    );
    for wrong in ["2026-13", "x", "2026", "2026-1"] {
        assert_eq!(browser.get(&format!("/laporan?bulan={wrong}")).await.status, StatusCode::NOT_FOUND, "{wrong}");
    }
}

/// DESK.md, "What must never happen": a proposed limit shown as a breach of the SOP.
#[tokio::test]
async fn overruns_of_the_sops_standards_and_of_proposed_ones_are_told_apart() {
    let page = browser().await.get("/laporan?bulan=2026-10").await.body;

    assert!(
        page.contains("<dt>Lewat baku SOP</dt><dd>1</dd>") && page.contains("<dt>Lewat baku usulan</dt><dd>1</dd>")
    );
    assert!(page.contains("<td class=\"one\">5 (usulan)</td><td class=\"num\">7 menit</td>"), "{page}");
    assert!(
        page.contains("<td class=\"one\">7 (SOP)</td><td class=\"num\">1 menit</td>") && page.contains("belum diisi")
    );
    assert!(page.contains("4 permohonan. 1 selesai, 1 ditolak, 1 dicabut pemohon, 1 masih terbuka. 1 ditutup tanpa penyimpangan waktu, 1 dengan penyimpangan yang sudah dijelaskan, 1 dengan penyimpangan yang belum dijelaskan."));
}
