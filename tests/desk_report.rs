//! The report's page and files are what the command line's report is, and looks at them are on record.

use chrono::Datelike;
use loket::daemon::clock::SystemClock;
use loket::engine::access::Seen;
use loket::engine::port::Clock;
use loket::sop::names::CaseNumber;

use crate::cli_fixture;
use crate::desk_archive::Signed;
use crate::engine_filing::rejected;
use crate::kit::wait::wait_for;
use crate::kit::{Admin, Site, Visitor};

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_the_desk_are_byte_for_byte_those_of_the_command() {
    let site = cli_fixture::Site::with("* * * * * *");
    site.import().well();
    site.deliver("1.vendor", &site.sample("vendor"));
    let daemon = site.run().await;
    wait_for("the dossier", || async {
        let lines = site.loket(&["archive", "list", "--json"]).json();
        lines.as_array().is_some_and(|lines| !lines.is_empty()).then_some(())
    })
    .await;
    let link = site.loket(&["admins", "enroll", "teguh@lembayungraya.example", "--name", "Teguh"]).well();
    let link = link.split_whitespace().find(|word| word.starts_with("http")).expect("a link").to_owned();
    let mut admin = Admin::enrol("teguh@lembayungraya.example", &link).await;
    let base = format!("http://127.0.0.1:{}", site.port);
    let mut visitor = Visitor::default();
    let code = admin.code().await;
    let opened = visitor.post(&format!("{base}/masuk"), &[("alamat", &admin.address), ("kode", &code)]).await;
    assert_eq!(opened.status, 303, "{}", opened.body);
    let now = SystemClock.now().with_timezone(&chrono_tz::Asia::Makassar);
    let month = format!("{:04}-{:02}", now.year(), now.month());

    // A look at the desk is an entry of the journal, whose end the report names; the command leaves none.
    for form in ["csv", "json"] {
        let command = site.loket(&["report", "--month", &month, "--format", form]);
        let command = command.well();
        let desk = visitor.get(&format!("{base}/laporan/{form}?bulan={month}")).await;

        assert_eq!(desk.status, 200, "{form}");
        assert_eq!(desk.body, command, "{form}");
        assert!(command.contains("Di luar ruang lingkup SOP") || command.contains("out_of_scope"), "{command}");
    }
    let page = visitor.get(&format!("{base}/laporan")).await.body;
    assert!(page.contains("1 permohonan. 1 tidak diproses."), "{page}");
    assert_eq!(daemon.stop().await, Some(0), "{}", daemon.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_counts_live_and_filed_requests_and_who_looked_is_on_record() {
    let site = Site::start().await;
    let number = rejected(&site).await;
    site.engine.file_closed().await.unwrap();
    let open = site.deliver("nip_differs").await;
    let (admin, _) = site.admins_of(&open).await;
    let desk = Signed::in_as(&site, &admin).await;
    let head = async || site.engine.store.journal_head(&site.engine.office.id).await.unwrap();
    let before = head().await;

    let page = desk.page("/laporan").await;
    let shown = head().await;
    let english = desk.page("/laporan?bulan=2026-11&bahasa=en").await;
    let csv = desk.page("/laporan/csv").await;
    let empty = desk.page("/laporan?bulan=2026-10&bahasa=id").await;

    assert!(page.contains("2 permohonan. 1 ditolak, 1 masih terbuka."), "{page}");
    for part in [number.to_string(), open.to_string(), "Rina Paramitha Lestari".into(), grouped(&before.hash.0)] {
        assert!(page.contains(&part), "{part}: {page}");
    }
    assert!(english.contains("2 requests. 1 rejected, 1 still open.") && english.contains("Awaiting confirmation"));
    assert!(csv.contains(&number.to_string()) && csv.contains(&open.to_string()));
    assert!(empty.contains("Tidak ada permohonan yang diterima pada bulan ini"), "{empty}");
    assert_eq!(shown.position, before.position + 1, "the look is an entry");
    assert_eq!(head().await.position, before.position + 4);
    let book = site.engine.key(&CaseNumber::new("ACCESS", 2026, 11));
    let events = site.engine.store.events(&book).await.unwrap();
    let looks: Vec<_> = events.iter().map(|event| String::from_utf8_lossy(&event.bytes).into_owned()).collect();
    let months = ["2026-11", "2026-11", "2026-11", "2026-10"];
    for (look, month) in looks[looks.len() - 4..].iter().zip(months) {
        let seen = serde_json::to_string(&Seen::Report { month: month.into() }).unwrap();
        assert!(look.contains(&seen), "page, page, file, page: {look}");
    }
}

/// As the page groups it.
fn grouped(hash: &str) -> String {
    hash.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
}
