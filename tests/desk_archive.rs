//! The archive's pages over a real engine and real files: what was filed is found, shown, checked and taken out, byte for
//! byte; who looked is on record first; what is damaged or destroyed is called so.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::Path;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use chrono::{Datelike, TimeDelta};
use loket::demo::samples::people::RINA;
use loket::engine::access::{Access, Seen};
use loket::engine::archive::{ArchiveDossier, Destruction, Flaw, RegisterLine};
use loket::engine::register::Unread;
use loket::engine::store::CaseKey;
use loket::sop::names::CaseNumber;
use loket::vault::sha256_hex;
use loket::web::counter::Counter;
use loket::web::view::{Admin, ArchiveFilter, Month, PAGE, ReportForm};
use redb::{Database, ReadableDatabase, TableDefinition};
use tower::ServiceExt;

use crate::archive_fixture::{day, dossier, item};
use crate::desk_factor::open_pages;
use crate::desk_threats::{Log, ask};
use crate::engine_filing::rejected;
use crate::kit::Site;
use crate::kit::site::{BASE_URL, Plan};
use crate::store_power::Storage;

/// A person at a device that their code opened.
pub struct Signed {
    router: Router,
    cookie: String,
}

/// An answer's status, headers and bytes.
pub struct Got {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Got {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Signed {
    pub async fn in_as(site: &Site, admin: &Admin) -> Self {
        let router = open_pages(site);
        let code = site.code_of(admin).await;
        let fields = [("alamat", admin.address.as_str()), ("kode", code.expose()), ("ke", "/arsip")];
        let opened = ask(&router, "/masuk", Some(&fields), "").await;
        assert_eq!((opened.status, opened.headers["location"].to_str().unwrap()), (303, "/arsip"));
        let cookie = opened.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Self { router, cookie }
    }

    pub async fn get(&self, path: &str) -> Got {
        let host = BASE_URL.trim_start_matches("https://");
        let request = Request::get(path).header(header::HOST, host).header(header::COOKIE, &self.cookie);
        let request = request.body(Body::empty()).expect("a plain request");
        let response = self.router.clone().oneshot(request).await.expect("the router always answers");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 64 << 20).await.expect("it arrives");
        Got { status: parts.status, headers: parts.headers, bytes: bytes.to_vec() }
    }

    /// The text of a page that is there.
    pub async fn page(&self, path: &str) -> String {
        let got = self.get(path).await;
        assert_eq!(got.status, StatusCode::OK, "{path}: {}", got.text());
        got.text()
    }
}

/// A rejected request in the archive, and the admin who rejected it.
async fn filed(site: &Site) -> (CaseNumber, Admin) {
    let number = rejected(site).await;
    let (admin, _) = site.admins_of(&number).await;
    assert_eq!(site.engine.file_closed().await.unwrap().archived, std::slice::from_ref(&number));
    (number, admin)
}

/// Dossiers of the fixture, closed in 2012, in this office.
async fn old(site: &Site, serials: &[u32]) -> Vec<CaseNumber> {
    let mut numbers = Vec::new();
    for serial in serials {
        let plain = dossier(*serial, day(2012, 3, 1));
        let key = CaseKey { office: site.engine.office.id.clone(), number: plain.key.number.clone() };
        numbers.push(key.number.clone());
        let metadata = serde_json::json!({ "applicant": format!("Dimas Wiratama {serial}"), "services": ["reset_password"],
            "active_years": 1, "inactive_years": 2 });
        // Items long enough that each has pages of its own.
        let items = vec![item("surat-masuk.eml", "Surel masuk", &[7; 90_000]), item("catatan.txt", "Catatan", b"ada")];
        site.engine.archive.keep(ArchiveDossier { key, metadata, items, ..plain }).await.unwrap();
    }
    numbers
}

async fn seen(site: &Site, number: &CaseNumber) -> Vec<(String, Seen)> {
    let all = site.engine.accesses(number, day(2026, 1, 1)).await.expect("the store answers");
    all.into_iter().map(|access| (access.who, access.what)).collect()
}

/// Files by path below a folder.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(place) = waiting.pop() {
        for entry in std::fs::read_dir(&place).unwrap().flatten() {
            match entry.path() {
                path if path.is_dir() => waiting.push(path),
                path => {
                    let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                    files.insert(name, std::fs::read(&path).unwrap());
                }
            }
        }
    }
    files
}

fn unzipped(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a ZIP archive");
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(entry.name().expect("a readable name").into_owned(), bytes);
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filed_dossier_is_found_shown_and_taken_out_and_every_look_is_on_record_by_name() {
    let site = Site::start().await;
    let (number, admin) = filed(&site).await;
    let (one, two) = (site.admin(0).await, site.admin(1).await);
    let reader = if one.address == admin.address { two } else { one };
    let desk = Signed::in_as(&site, &reader).await;
    let before = seen(&site, &number).await;
    let href = format!("/arsip/{number}");

    for found in [
        "/arsip",
        "/arsip?cari=rina+LESTARI",
        "/arsip?hasil=ditolak",
        "/arsip?tahun=2026",
        &format!("/arsip?cari={number}"),
    ] {
        let page = desk.page(found).await;
        assert!(page.contains(&href) && page.contains("Rina Paramitha Lestari"), "{found}: {page}");
    }
    for missed in ["/arsip?cari=zzz", "/arsip?hasil=selesai", "/arsip?tahun=2025", "/arsip?hasil=dimusnahkan"] {
        let page = desk.page(missed).await;
        assert!(!page.contains(&href) && page.contains("Tidak ada berkas yang cocok"), "{missed}");
    }
    assert_eq!(seen(&site, &number).await, before, "a list names nobody's look at one dossier");

    let page = desk.page(&href).await;
    for part in [
        "<b>Utuh</b>",
        "Rina Paramitha Lestari",
        "RINAPL",
        &admin.name,
        "10 November 2026",
        "Aktif sampai 10 November 2027, inaktif 2 tahun sampai 10 November 2029, lalu usul musnah",
        "surel/01.eml",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(page.contains("<dt>Diputuskan</dt>"), "who decided, and when");
    assert!(!page.contains(RINA.nip) && !page.contains("{0}"));
    let english = desk.page(&format!("{href}?bahasa=en")).await;
    assert!(english.contains("<b>Sound</b>") && english.contains("Active until 10 November 2027"));

    let shown = site.engine.archive.show(&number).await.unwrap().expect("it is there");
    for (nth, item) in (1..).zip(&shown.items) {
        let file = desk.get(&format!("{href}/isi/{nth}")).await;
        assert_eq!(file.status, StatusCode::OK, "{}", item.name);
        assert_eq!(sha256_hex(&file.bytes), item.sha256, "{} byte for byte", item.name);
        assert_eq!(file.headers["x-content-type-options"], "nosniff");
        assert!(file.headers["content-disposition"].to_str().unwrap().starts_with("attachment; "));
    }
    assert_eq!(desk.get(&format!("{href}/isi/{}", shown.items.len() + 1)).await.status, StatusCode::NOT_FOUND);

    let bag = desk.get(&format!("{href}/berkas")).await;
    assert_eq!((bag.status, bag.headers["content-type"].to_str().unwrap()), (StatusCode::OK, "application/zip"));
    let place = tempfile::tempdir().unwrap();
    site.engine.archive.export(&number, place.path()).await.unwrap();
    assert_eq!(unzipped(&bag.bytes), tree(place.path()), "the very bag of `loket archive export`");

    let who = reader.address.to_string();
    let mut looks = vec![Seen::Dossier, Seen::Dossier];
    looks.extend(shown.items.iter().map(|item| Seen::Item { name: item.name.clone() }));
    looks.push(Seen::Export);
    let expected: Vec<_> = before.into_iter().chain(looks.into_iter().map(|what| (who.clone(), what))).collect();
    assert_eq!(seen(&site, &number).await, expected);
    let again = desk.page(&href).await;
    assert!(again.contains(&reader.name) && again.contains("Seluruh berkas, diunduh"), "{again}");
    assert_eq!(site.engine.store.verify().await.unwrap(), [], "and in the journal's chain");
}

/// RFC 8493 §3: every file of the payload stands in the manifest under its hash and no other file is there.
#[tokio::test(flavor = "multi_thread")]
async fn the_bag_that_is_downloaded_verifies_by_its_own_manifests() {
    let site = Site::start().await;
    let (number, admin) = filed(&site).await;
    let desk = Signed::in_as(&site, &admin).await;

    let files = unzipped(&desk.get(&format!("/arsip/{number}/berkas")).await.bytes);

    let of = |name: &str| String::from_utf8(files[&format!("{number}/{name}")].clone()).unwrap();
    assert!(of("bagit.txt").starts_with("BagIt-Version: 1.0\n"));
    for manifest in ["manifest-sha256.txt", "tagmanifest-sha256.txt"] {
        for line in of(manifest).lines() {
            let (hash, name) = line.split_once("  ").unwrap();
            assert_eq!(sha256_hex(&files[&format!("{number}/{name}")]).0, hash, "{name}");
        }
    }
    let payload: Vec<_> = files.iter().filter(|(name, _)| name.contains("/data/")).collect();
    assert_eq!(of("manifest-sha256.txt").lines().count(), payload.len());
    let octets: usize = payload.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(of("bag-info.txt").contains(&format!("Payload-Oxum: {octets}.{}\n", payload.len())));
    assert!(files.keys().all(|name| name.starts_with(&format!("{number}/"))), "one folder");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_right_any_more_sees_nothing_and_leaves_no_look() {
    let site = Site::start().await;
    let (number, admin) = filed(&site).await;
    let desk = Signed::in_as(&site, &admin).await;
    site.engine.revoke(&admin.address).await.unwrap();
    let before = site.engine.store.journal_head(&site.engine.office.id).await.unwrap();
    let month = Month { year: 2026, month: 11 };

    let page = format!("/arsip/{number}");
    let (bag, item) = (format!("{page}/berkas"), format!("{page}/isi/1"));
    for path in ["/arsip", &page, &bag, &item, "/laporan", "/laporan/csv"] {
        let got = desk.get(path).await;
        assert_eq!(got.status, StatusCode::SEE_OTHER, "{path}");
        assert!(!got.text().contains("Rina"), "{path}");
        assert!(got.headers["location"].to_str().unwrap().starts_with("/masuk"), "{path}");
    }
    let port = &site.desk;
    assert!(port.archive(&admin, &ArchiveFilter::default()).await.unwrap().is_none());
    assert!(port.dossier(&admin, &number).await.unwrap().is_none());
    assert!(port.dossier_item(&admin, &number, 0).await.unwrap().is_none());
    assert!(port.dossier_bag(&admin, &number).await.unwrap().is_none());
    assert!(port.report(&admin, month).await.unwrap().is_none());
    assert!(port.report_file(&admin, month, ReportForm::Csv).await.unwrap().is_none());
    let after = site.engine.store.journal_head(&site.engine.office.id).await.unwrap();
    assert_eq!(after.position, before.position);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_look_cannot_be_put_on_record_nothing_is_shown() {
    // A site for each: what the first one left behind must not be what stops the next.
    for path in ["/arsip/{}/berkas", "/arsip/{}/isi/1", "/arsip/{}", "/arsip", "/laporan", "/laporan/json"] {
        let storage = Storage::holding(Vec::new(), None);
        let database = Database::builder().create_with_backend(storage.clone()).unwrap();
        let site = Site::planned(Plan { database: Some(database), ..Plan::default() }).await;
        let (number, admin) = filed(&site).await;
        let desk = Signed::in_as(&site, &admin).await;
        let path = path.replace("{}", &number.to_string());
        assert_eq!(desk.get(&path).await.status, StatusCode::OK, "{path}");
        let flushes = storage.disk().flushes;
        storage.disk().fails_at = Some(flushes + 1);

        let got = desk.get(&path).await;

        assert_eq!(got.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(!got.text().contains("Rina") && !got.headers.contains_key("content-disposition"), "{path}");
    }
}

/// Flips one byte of the stored value in the archive's file.
fn flip(file: &Path, stored: &[u8]) {
    let mut bytes = std::fs::read(file).unwrap();
    let place = bytes.windows(stored.len()).rposition(|part| part == stored).expect("the value lies in the file");
    bytes[place + stored.len() / 2] ^= 0x10;
    std::fs::write(file, bytes).unwrap();
}

/// A value of one of the file's tables.
fn stored<K: redb::Key + 'static>(file: &Path, table: TableDefinition<'_, K, &[u8]>, key: K::SelfType<'_>) -> Vec<u8> {
    let database = Database::open(file).unwrap();
    let table = database.begin_read().unwrap().open_table(table).unwrap();
    table.get(key).unwrap().expect("it is there").value().to_vec()
}

const PARTS: TableDefinition<'_, (u64, u32, u32), &[u8]> = TableDefinition::new("parts");
const DOSSIERS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("dossiers");

#[tokio::test(flavor = "multi_thread")]
async fn t43_a_flipped_byte_of_an_item_is_called_damage_of_that_item_and_the_rest_is_given_out() {
    let site = Site::start().await;
    let numbers = old(&site, &[901, 902]).await;
    let admin = site.admin(0).await;
    let desk = Signed::in_as(&site, &admin).await;
    let href = format!("/arsip/{}", numbers[0]);
    assert!(desk.page(&href).await.contains("<b>Utuh</b>"));
    let looks = seen(&site, &numbers[0]).await;
    let file = site.archive_file(2012);
    flip(&file, &stored(&file, PARTS, (1, 0, 0)));

    let page = desk.page(&href).await;
    let english = desk.page(&format!("{href}?bahasa=en")).await;
    let refused = [desk.get(&format!("{href}/isi/1")).await, desk.get(&format!("{href}/berkas")).await];
    let sound = desk.get(&format!("{href}/isi/2")).await;
    let other = desk.page(&format!("/arsip/{}?bahasa=id", numbers[1])).await;

    assert!(page.contains("<b>Rusak</b>") && !page.contains("Utuh"), "{page}");
    assert!(page.contains("Isi no. 1 (surat-masuk.eml) tidak cocok dengan sidiknya"), "{page}");
    assert!(english.contains("Item no. 1 (surat-masuk.eml) does not fit its hash"));
    assert!(page.contains("Dimas Wiratama 901") && !page.contains(&format!("{href}/berkas")));
    for got in refused {
        assert_eq!(got.status, StatusCode::CONFLICT);
        assert!(got.text().contains("Tidak ada yang diunduh") || got.text().contains("Nothing was downloaded"));
    }
    assert_eq!(sound.bytes, b"ada");
    assert!(other.contains("<b>Utuh</b>"), "damage of one is damage of one: {other}");
    let since = seen(&site, &numbers[0]).await.split_off(looks.len());
    let what: Vec<_> = since.into_iter().map(|(_, what)| what).collect();
    assert_eq!(
        what,
        [Seen::Dossier, Seen::Dossier, Seen::Item { name: "catatan.txt".into() }],
        "nothing was given out"
    );
    let examined = site.engine.archive.examine(&numbers[0]).await.unwrap().expect("it is there");
    assert_eq!(examined.flaws, [Flaw::Item(0)]);
    assert!(!site.engine.archive.verify().await.unwrap().is_empty(), "the command says so too");
}

#[tokio::test(flavor = "multi_thread")]
async fn t43_a_flipped_byte_of_a_record_is_named_on_the_list_and_on_its_page_and_hides_no_other() {
    let site = Site::start().await;
    let numbers = old(&site, &[901, 902, 903]).await;
    let earlier = site.admin(1).await;
    site.engine.record_access(earlier.address.as_str(), Some(&numbers[1]), Seen::Dossier).await.unwrap();
    site.forward(TimeDelta::days(40));
    let desk = Signed::in_as(&site, &site.admin(0).await).await;
    let file = site.archive_file(2012);
    flip(&file, &stored(&file, DOSSIERS, 2));

    let list = desk.page("/arsip").await;
    let page = desk.page(&format!("/arsip/{}", numbers[1])).await;
    let beside = desk.page(&format!("/arsip/{}", numbers[2])).await;

    assert!(list.contains(&format!("Rusak dan tidak ada pada daftar ini: {}.", numbers[1])), "{list}");
    assert!(
        list.contains("Dimas Wiratama 901")
            && list.contains("Dimas Wiratama 903")
            && !list.contains("Dimas Wiratama 902")
    );
    assert!(page.contains("<b>Rusak</b>") && page.contains("Catatannya, atau berkas arsip tempatnya, tidak terbaca"));
    assert!(!page.contains("<dl") && !page.contains("Daftar isi berkas"), "{page}");
    // With the record the day it was opened is gone: only this month's looks were shown, and nobody had looked before.
    assert!(page.contains(&earlier.name) && !page.contains("Belum ada yang melihat berkas ini"), "{page}");
    for file in ["berkas", "isi/1"] {
        let refused = desk.get(&format!("/arsip/{}/{file}", numbers[1])).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{file}: {}", refused.text());
    }
    assert!(!beside.contains("<b>Utuh</b>"), "what could not be checked is not claimed");
    assert!(beside.contains("<b>Tidak dapat diperiksa seluruhnya</b>") && !beside.contains("<b>Rusak</b>"), "{beside}");
    assert!(beside.contains("Kaitannya tidak dapat diperiksa") && beside.contains("Dimas Wiratama 903"), "{beside}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t43_a_file_that_cannot_be_read_at_all_is_named_and_the_other_years_are_shown() {
    let site = Site::start().await;
    old(&site, &[901]).await;
    let (number, admin) = filed(&site).await;
    let desk = Signed::in_as(&site, &admin).await;
    std::fs::write(site.archive_file(2012), [0x5a; 9_000]).unwrap();

    let list = desk.page("/arsip").await;
    let unknown = desk.page(&format!("/arsip/{}", CaseNumber::new("LPSE", 2012, 901))).await;
    let report = desk.page("/laporan").await;

    assert!(list.contains("Tidak terbaca: archive-2012.redb.") && list.contains("Rina Paramitha Lestari"), "{list}");
    assert!(unknown.contains("<b>Rusak</b>"), "whether it is there cannot be told: {unknown}");
    assert_eq!(
        desk.get("/arsip/LPSE-2026-9999").await.status,
        StatusCode::NOT_FOUND,
        "a number of later years is not there"
    );
    assert!(report.contains("archive-2012.redb tidak terbaca") && report.contains(&number.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroyed_dossier_shows_its_record_and_nobody() {
    let site = Site::start().await;
    let numbers = old(&site, &[901, 902]).await;
    let (one, two) = (site.admin(0).await, site.admin(1).await);
    let code = site.code_of(&one).await;
    let proposed = site.engine.propose_disposal(&one.address, code.expose(), numbers[..1].to_vec()).await.unwrap();
    let code = site.code_of(&two).await;
    site.engine.approve_disposal(&proposed.id, &two.address, code.expose(), "BA.12/2026").await.unwrap();
    site.forward(TimeDelta::minutes(2));
    let desk = Signed::in_as(&site, &one).await;
    let href = format!("/arsip/{}", numbers[0]);

    let list = desk.page("/arsip?hasil=dimusnahkan").await;
    let page = desk.page(&href).await;
    let report = desk.page("/laporan?bulan=2012-02").await;

    assert!(list.contains(&href) && list.contains("Berita acara BA.12/2026") && !list.contains("Dimas"), "{list}");
    assert!(!list.contains(&numbers[1].to_string()), "the other one was not");
    assert!(page.contains("Berkas ini sudah dimusnahkan") && page.contains("BA.12/2026") && page.contains("000.3"));
    assert!(page.contains("Sidik yang tersisa dihitung ulang dan cocok"), "{page}");
    assert!(!page.contains("Dimas") && !page.contains("<b>Rusak</b>"));
    assert_eq!(desk.get(&format!("{href}/isi/1")).await.status, StatusCode::CONFLICT);
    assert_eq!(desk.get(&format!("{href}/berkas")).await.status, StatusCode::CONFLICT);
    let destroyed = format!("{} dimusnahkan menurut berita acara BA.12/2026.", numbers[0]);
    assert!(report.contains(&destroyed), "the report of its month says so, and fails over nothing: {report}");
}

const KEYS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("keys");

/// As from a backup of the file's key: the page said that nothing was left, and showed and gave out all of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_destroyed_dossier_whose_key_came_back_shows_and_gives_out_nothing() {
    let site = Site::start().await;
    let numbers = old(&site, &[901]).await;
    let file = site.archive_file(2012);
    let key = stored(&file, KEYS, 1);
    let why = Destruction { at: site.now(), record: "BA.12/2026".into() };
    site.engine.archive.destroy(&numbers[0], &why).await.unwrap();
    let database = Database::open(&file).unwrap();
    let write = database.begin_write().unwrap();
    write.open_table(KEYS).unwrap().insert(1, key.as_slice()).unwrap();
    write.commit().unwrap();
    drop(database);
    let desk = Signed::in_as(&site, &site.admin(0).await).await;
    let href = format!("/arsip/{}", numbers[0]);

    let page = desk.page(&href).await;
    let refused = [desk.get(&format!("{href}/isi/1")).await, desk.get(&format!("{href}/berkas")).await];

    assert!(page.contains("Kuncinya masih ada, meskipun menurut berita acara dimusnahkan"), "{page}");
    assert!(page.contains("BA.12/2026") && !page.contains("Dimas") && !page.contains("surat-masuk.eml"), "{page}");
    for got in refused {
        assert_eq!(got.status, StatusCode::CONFLICT);
    }
}

/// Such a dossier vanished from every report without a word.
#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_without_a_line_for_the_register_is_named_in_its_months_report() {
    let site = Site::start().await;
    let number = old(&site, &[901]).await.remove(0);
    let shown = site.engine.archive.show(&number).await.unwrap().expect("it is there");
    let opened = shown.line.register.opened.with_timezone(&site.engine.office.zone);

    let report = site.engine.report(opened.year(), opened.month(), "000.3").await.unwrap();
    let other = site.engine.report(2026, 11, "000.3").await.unwrap();

    assert_eq!(report.unread, [Unread::damaged(number)]);
    assert_eq!(other.unread, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_more_than_a_page_is_turned_over_and_each_dossier_is_on_one_page() {
    let site = Site::start().await;
    let numbers = old(&site, &(901..=(901 + PAGE as u32)).collect::<Vec<_>>()).await;
    let desk = Signed::in_as(&site, &site.admin(0).await).await;

    let first = desk.page("/arsip").await;
    let second = desk.page("/arsip?halaman=2").await;
    let beyond = desk.page("/arsip?halaman=9").await;

    let on = |page: &str| numbers.iter().filter(|number| page.contains(&format!("/arsip/{number}\""))).count();
    assert_eq!((on(&first), on(&second), on(&beyond)), (PAGE, 1, 1));
    assert!(numbers.iter().all(|number| (first.clone() + &second).matches(&format!("/arsip/{number}\"")).count() == 1));
    assert!(first.contains("?halaman=2\">Lebih lama</a>") && !second.contains("Lebih lama"), "{first}");
}

/// 31 December 16:30 in UTC is half past midnight of the next year at the office.
#[tokio::test(flavor = "multi_thread")]
async fn the_year_of_closing_is_that_of_the_offices_zone() {
    let site = Site::start().await;
    let plain = dossier(901, day(2013, 1, 2));
    let key = CaseKey { office: site.engine.office.id.clone(), number: plain.key.number.clone() };
    let href = format!("/arsip/{}", key.number);
    let closed = "2012-12-31T16:30:00Z".parse().unwrap();
    let register = RegisterLine { closed, ..plain.register.clone() };
    site.engine.archive.keep(ArchiveDossier { key, register, ..plain }).await.unwrap();
    let desk = Signed::in_as(&site, &site.admin(0).await).await;

    let of = desk.page("/arsip?tahun=2013").await;
    let before = desk.page("/arsip?tahun=2012").await;

    assert!(of.contains(&href) && of.contains("<option value=\"2013\" selected>"), "{of}");
    assert!(!before.contains(&href) && !before.contains("<option value=\"2012\""), "{before}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_looks_are_told_without_the_books_of_before() {
    let site = Site::start().await;
    let (number, admin) = filed(&site).await;
    let begun = site.now();
    let who = admin.address.as_str();
    site.engine.record_access(who, Some(&number), Seen::Summary).await.unwrap();
    site.forward(TimeDelta::days(40));
    for what in [Seen::Dossier, Seen::Export] {
        site.engine.record_access(who, Some(&number), what).await.unwrap();
    }

    let last = site.engine.last_accesses(&number, begun, 2).await.unwrap();
    let more = site.engine.last_accesses(&number, begun, 9).await.unwrap();

    let what = |looks: Vec<Access>| looks.into_iter().map(|look| look.what).collect::<Vec<_>>();
    assert_eq!(what(last), [Seen::Export, Seen::Dossier]);
    let all: Vec<_> = site.engine.accesses(&number, begun).await.unwrap().into_iter().rev().collect();
    assert_eq!(what(more), what(all), "the last first");
}

/// THREATS row 46, and STYLE "Logs".
#[tokio::test]
async fn t46_no_name_nip_or_search_is_logged() {
    let log = Log::default();
    let _listening = log.listen();
    let site = Site::start().await;
    let (number, admin) = filed(&site).await;
    let desk = Signed::in_as(&site, &admin).await;
    let before = log.text().len();

    for path in [
        "/arsip?cari=Paramitha+199203152019031904".to_owned(),
        format!("/arsip/{number}"),
        format!("/arsip/{number}/isi/1"),
        format!("/arsip/{number}/berkas"),
        "/laporan".to_owned(),
        "/laporan/csv".to_owned(),
    ] {
        desk.get(&path).await;
    }

    let told = log.text()[before..].to_owned();
    for secret in ["Paramitha", "199203152019031904", RINA.nip, RINA.email, admin.address.as_str()] {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
}
