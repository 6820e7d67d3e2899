//! The desk's real pages over the real engine, clicked as a browser would: every page of a case renders in both
//! languages, and what a person types arrives.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use loket::demo::samples::people;
use loket::sop::names::{CaseNumber, Language};
use loket::web::counter::Counter;
use loket::web::view::CasePage;
use tower::ServiceExt;

use crate::kit::Site;
use crate::kit::site::{BASE_URL, Plan};
use crate::web_browser::encoded;

pub struct Clicker {
    router: Router,
    cookie: String,
}

impl Clicker {
    async fn send(&mut self, request: axum::http::request::Builder, body: String) -> (u16, String, String) {
        let host = BASE_URL.trim_start_matches("https://");
        let request = request.header(header::HOST, host).header(header::COOKIE, &self.cookie);
        let request = request.body(Body::from(body)).expect("a plain request");
        let response = self.router.clone().oneshot(request).await.expect("the router always answers");
        let (parts, body) = response.into_parts();
        let text = |name: header::HeaderName| {
            parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
        };
        // The device's cookie; the one for the language is left behind.
        let set = text(header::SET_COOKIE);
        if let Some((pair, _)) = set.split_once(';').filter(|(pair, _)| pair.starts_with("__Host-loket=")) {
            pair.clone_into(&mut self.cookie);
        }
        let body = to_bytes(body, 8 << 20).await.expect("pages are small");
        (parts.status.as_u16(), text(header::LOCATION), String::from_utf8_lossy(&body).into_owned())
    }

    pub async fn get(&mut self, path: &str) -> String {
        let (status, _, body) = self.send(Request::get(path), String::new()).await;
        assert_eq!(status, 200, "{path}");
        assert!(!body.contains("{{") && !body.contains("{0}"), "{path} has a gap");
        body
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> (u16, String, String) {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        self.send(request, encoded(fields)).await
    }
}

/// The value of the page's first hidden field of this name.
pub fn hidden<'p>(page: &'p str, name: &str) -> &'p str {
    let start = format!("name=\"{name}\" value=\"");
    page.split_once(&start)
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(value, _)| value)
        .expect("the field is there")
}

async fn opened(site: &Site, sample: &str) -> (Clicker, String) {
    let number = site.deliver(sample).await;
    opened_case(site, &number).await
}

/// The device of the admin who was asked about a case, unlocked, and where the case lies.
pub async fn opened_case(site: &Site, number: &CaseNumber) -> (Clicker, String) {
    let (admin, _) = site.admins_of(number).await;
    let link = format!("/tautan/{}", site.token(admin.address.as_str(), "tautan"));
    let mut clicker = Clicker { router: site.pages(), cookie: String::new() };
    assert!(clicker.get(&link).await.contains(&number.to_string()));
    let code = site.code_of(&admin).await;
    let (status, to, _) = clicker.post(&link, &[("kode", code.expose())]).await;
    assert_eq!(status, 303);
    assert!(to.starts_with(&format!("/berkas/{number}")), "{to}");
    (clicker, format!("/berkas/{number}"))
}

#[tokio::test]
async fn an_admin_and_an_applicant_click_through_a_whole_request() {
    let site = Site::start().await;
    let (mut admin, case) = opened(&site, "complete").await;

    let english = admin.get(&format!("{case}?bahasa=en")).await;
    assert!(english.contains("Approve and reset") && english.contains("RINAPL"));
    let page = admin.get(case.as_str()).await;
    for part in ["Rina Paramitha Lestari", "Surat Permohonan.pdf", "DMARC", "Setujui dan reset", "halaman/0/1"] {
        assert!(page.contains(part), "{part}");
    }
    let (_, _, picture) = admin.send(Request::get(format!("{case}/halaman/1/1")), String::new()).await;
    assert!(picture.starts_with("\u{fffd}PNG"), "never the file itself");
    assert!(admin.get("/meja").await.contains("Rina Paramitha Lestari"));
    assert!(!admin.get(&format!("{case}?surat=setujui")).await.contains("<textarea id=\"surat-surat\""), "not edited");
    let (status, ..) = admin.post(&format!("{case}/setujui"), &[("bukti", hidden(&page, "bukti"))]).await;
    assert_eq!(status, 303);
    site.settle().await;
    let number = case.trim_start_matches("/berkas/");
    let (decider, _) = site.admins_of(&CaseNumber::parse(number).expect("a number")).await;
    for (lang, approved) in [("id", "menyetujui"), ("en", "approved")] {
        let done = admin.get(&format!("{case}?bahasa={lang}")).await;
        assert!(done.contains(&format!("{} {approved}", decider.name)), "{lang}");
    }

    let mut applicant = Clicker { router: site.pages(), cookie: String::new() };
    let reveal = format!("/ambil/{}", site.token(people::RINA.email, "ambil"));
    applicant.get(&reveal).await;
    let (status, _, shown) = applicant.post(&reveal, &[("nip", people::RINA.nip)]).await;
    assert_eq!(status, 200);
    assert!(shown.contains("RINAPL"));
    let change = format!("/ganti/{}", site.token(people::RINA.email, "ganti"));
    applicant.get(&change).await;
    let (status, ..) = applicant.post(&change, &[("kata", "SUDAH")]).await;
    assert_eq!(status, 200);
    site.settle().await;
    assert!(admin.get(case.as_str()).await.contains("Password sudah diganti pemohon"));
}

#[tokio::test]
async fn a_form_that_lacks_something_comes_back_with_what_was_typed() {
    let site = Site::start().await;
    let (mut admin, case) = opened(&site, "nip_differs").await;
    let page = admin.get(case.as_str()).await;
    assert!(page.contains("NIP pada surat berbeda dari register"));
    let proof = hidden(&page, "bukti").to_owned();

    let (status, _, again) =
        admin.post(&format!("{case}/setujui"), &[("bukti", &proof), ("alasan", "Salah ketik.")]).await;
    assert_eq!(status, 422);
    assert!(again.contains("Salah ketik."));
    let fields = [("bukti", proof.as_str()), ("cara", "telepon"), ("hasil", "benar"), ("siapa", "Melati")];
    let (status, _, saved) = admin.post(&format!("{case}/konfirmasi"), &fields).await;
    assert_eq!(status, 200);
    assert!(saved.contains("Bacakan kode ini"));
    let (status, ..) = admin.post(&format!("{case}/tolak"), &[("bukti", &proof), ("dasar", "R04")]).await;
    assert_eq!(status, 303);
    assert!(admin.get(case.as_str()).await.contains("Permohonan ditolak"));
}

#[tokio::test]
async fn the_task_and_the_unknown_outcome_have_their_pages() {
    let site = Site::planned(Plan { by_hand: true, ..Plan::default() }).await;
    let (mut admin, case) = opened(&site, "both").await;
    let page = admin.get(case.as_str()).await;
    admin.post(&format!("{case}/setujui"), &[("bukti", hidden(&page, "bukti"))]).await;
    site.settle().await;

    let task = admin.get(case.as_str()).await;
    assert!(task.contains("HD.SEKARAP"));
    let fields = [("upaya", hidden(&task, "upaya")), ("hasil", "gagal"), ("n2", "SPSE berhenti")];
    let (status, ..) = admin.post(&format!("{case}/hasil"), &fields).await;
    assert_eq!(status, 303);
    site.settle().await;
    let unknown = admin.get(&format!("{case}?bahasa=en")).await;
    assert!(unknown.contains("SPSE berhenti"));
    let fields = [("upaya", hidden(&unknown, "upaya")), ("catatan", "Tidak ada di log.")];
    let (status, ..) = admin.post(&format!("{case}/pasti/batal"), &fields).await;
    assert_eq!(status, 303);
    assert!(admin.get(case.as_str()).await.contains("Tidak ada di log"));
}

/// The panel said "direset sekarang" and until when a link would work; then the account system was said to be at work.
#[tokio::test]
async fn where_resets_are_done_by_hand_the_pages_promise_a_task_and_no_reset() {
    let site = Site::planned(Plan { by_hand: true, ..Plan::default() }).await;
    let (mut admin, case) = opened(&site, "complete").await;

    let page = admin.get(case.as_str()).await;
    let english = admin.get(&format!("{case}?bahasa=en")).await;
    admin.get(&format!("{case}?bahasa=id")).await;
    admin.post(&format!("{case}/setujui"), &[("bukti", hidden(&page, "bukti"))]).await;
    let pressed = admin.get(case.as_str()).await;
    let queue = admin.get("/meja").await;
    site.settle().await;
    let number = CaseNumber::parse(case.trim_start_matches("/berkas/")).expect("a number");
    let (who, _) = site.admins_of(&number).await;
    let events = site.desk.case_page(&who, &number, Language::Id).await.expect("the engine answers");
    assert!(matches!(events, Some(CasePage::Task(_))));

    let form = |page: &str| {
        page.split_once("id=\"setujui\"").expect("the form is there").1.split_once("</form>").unwrap().0.to_owned()
    };
    let (page, english) = (form(&page), form(&english));
    assert!(page.contains("Anda menerima tugas untuk mereset password akun"), "{page}");
    assert!(english.contains("You get the task to reset the password of account"), "{english}");
    for (text, untrue) in [
        (&page, "direset sekarang"),
        (&page, "berlaku sampai"),
        (&page, "Setujui dan reset"),
        (&english, "is reset at once"),
        (&english, "valid until"),
        (&pressed, "Sistem akun sedang"),
        (&queue, "Sistem akun sedang"),
        (&pressed, "Reset dimulai"),
    ] {
        assert!(!text.contains(untrue), "{untrue}: {text}");
    }
}
