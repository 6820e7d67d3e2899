//! A case's page takes what is decided, says what is lacking, and keeps what was typed over a lock.

use axum::http::StatusCode;
use chrono::TimeDelta;
use loket::web::answer::{DecisionAnswer, Earlier, Field, FieldError, Why};
use loket::web::view::{CasePage, Role};

use crate::desk_pages::hidden;
use crate::web_browser::Browser;
use crate::web_fake::{CODE, Fake, HASH, PASSWORD, now};
use crate::web_samples::{outcome, task, unknown};

const CASE: &str = "/berkas/LPSE-2026-0047";

fn with_page(page: impl Fn() -> CasePage + Send + 'static) -> Fake {
    let fake = Fake::default();
    *fake.page.lock().expect("nobody else holds the page") = Box::new(page);
    fake
}

#[tokio::test]
async fn what_was_typed_comes_back_after_the_code_but_never_a_code() {
    let mut browser = Browser::opened(Fake::default()).await;
    browser.clock.forward(TimeDelta::minutes(11));

    let typed = [("bukti", HASH), ("alasan", "Salah ketik, dipastikan per telepon."), ("kode", "654321")];
    let locked = browser.post(&format!("{CASE}/setujui"), &typed).await;
    let lock_page = browser.get("/masuk").await;
    let opened = browser.post("/masuk", &[("kode", CODE)]).await;
    let review = browser.get(opened.location()).await;

    assert_eq!(locked.location(), format!("/masuk?ke={CASE}"));
    assert!(lock_page.body.contains("Berkas terkunci lagi") && lock_page.body.contains("Yang sudah Anda ketik"));
    assert_eq!(opened.location(), CASE);
    assert!(review.body.contains("Salah ketik, dipastikan per telepon.</textarea>"));
    assert!(!review.body.contains("654321"));
    assert_eq!(browser.fake.calls(), ["unlock"]);
}

#[tokio::test]
async fn a_letter_typed_too_late_comes_back_into_its_own_draft() {
    let mut browser = Browser::opened(Fake::default()).await;
    browser.clock.forward(TimeDelta::minutes(11));

    let typed = [("bukti", HASH), ("konsep", "lengkapi"), ("surat", "Mohon surat yang diperbaiki.")];
    browser.post(&format!("{CASE}/surat"), &typed).await;
    browser.post("/masuk", &[("kode", CODE)]).await;
    let review = browser.get(CASE).await;

    assert!(review.body.contains("Mohon surat yang diperbaiki.</textarea>"));
    assert!(review.body.contains(r#"name="konsep" value="lengkapi""#));
}

#[tokio::test]
async fn another_person_at_the_device_does_not_get_what_was_typed() {
    let mut browser = Browser::opened(Fake::default()).await;
    browser.clock.forward(TimeDelta::minutes(11));
    browser.post(&format!("{CASE}/tolak"), &[("dasar", "R04"), ("catatan", "rahasia kantor")]).await;
    browser.cookie.clear();

    browser.post("/masuk", &[("alamat", "bagus.arya@karangmulia.example"), ("kode", CODE)]).await;
    let review = browser.get(CASE).await;

    assert!(review.body.contains("Dimas") && !review.body.contains("rahasia kantor"));
}

#[tokio::test]
async fn a_decision_carries_the_proposal_that_was_seen() {
    let mut browser = Browser::opened(Fake::default()).await;

    let items =
        [("bukti", HASH), ("butir", "request_letter"), ("butir", "appointment_decree"), ("catatan", "Mohon rapi")];
    let seen = browser.post(&format!("{CASE}/lengkapi"), &items).await;

    assert_eq!((seen.status, seen.location()), (StatusCode::SEE_OTHER, CASE));
    assert_eq!(browser.fake.calls()[1], format!("decide Complete {HASH} request_letter+appointment_decree Mohon rapi"));
}

#[tokio::test]
async fn what_is_lacking_is_named_beside_the_field_and_on_top() {
    let mut browser = Browser::opened(Fake::default()).await;
    browser.fake.decide_next(DecisionAnswer::Invalid(vec![FieldError { field: Field::Reason, why: Why::Missing }]));

    let seen = browser.post(&format!("{CASE}/setujui"), &[("bukti", HASH), ("kode", CODE)]).await;

    assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(seen.body.contains("<title>Galat: Tinjau LPSE-2026-0047"));
    assert!(seen.body.contains(r##"<a href="#setujui-alasan">Isi alasan, paling sedikit satu kalimat.</a>"##));
    assert!(seen.body.contains(r#"id="setujui-alasan" name="alasan" rows="2" maxlength="2000" aria-invalid="true""#));
    assert!(!seen.body.contains(CODE));
}

#[tokio::test]
async fn every_answer_to_a_decision_has_a_page() {
    let mut browser = Browser::opened(Fake::default()).await;
    let reject = [("bukti", HASH), ("dasar", "R04")];
    let earlier = Earlier { by: "Lestari Ningrum".into(), at: now(), what: "Minta lengkapi".into() };
    let answers = [
        (
            DecisionAnswer::Already(earlier),
            StatusCode::CONFLICT,
            "Sudah diputuskan oleh Lestari Ningrum pukul 10.49 WITA",
        ),
        (
            DecisionAnswer::Changed { what: "Pemohon mengirim surat baru".into(), at: now() },
            StatusCode::CONFLICT,
            "Berkas berubah setelah Anda membukanya",
        ),
        (
            DecisionAnswer::NeedsConfirmation,
            StatusCode::UNPROCESSABLE_ENTITY,
            "Catat konfirmasi dengan pemohon lebih dahulu",
        ),
        (
            DecisionAnswer::NeedsFactor { left: 2 },
            StatusCode::UNPROCESSABLE_ENTITY,
            "Isi kode 6 angka dari ponsel Anda.",
        ),
        (
            DecisionAnswer::Refused("Admin PPE tidak boleh memutuskan permohonannya sendiri".into()),
            StatusCode::UNPROCESSABLE_ENTITY,
            "permohonannya sendiri",
        ),
        (DecisionAnswer::Gone, StatusCode::NOT_FOUND, "Halaman ini tidak ada"),
        (DecisionAnswer::LockedOut, StatusCode::FORBIDDEN, "Terlalu banyak kode yang salah"),
    ];

    for (answer, status, words) in answers {
        browser.fake.decide_next(answer);
        let seen = browser.post(&format!("{CASE}/tolak"), &reject).await;

        assert_eq!(seen.status, status, "{words}");
        assert!(seen.body.contains(words), "{words}");
    }
    assert_eq!(browser.get(CASE).await.status, StatusCode::SEE_OTHER, "too many wrong codes end the session");
}

#[tokio::test]
async fn a_confirmation_shows_the_code_to_read_out_once() {
    let mut browser = Browser::opened(Fake::default()).await;

    let lacking = browser.post(&format!("{CASE}/konfirmasi"), &[("bukti", HASH), ("cara", "telepon")]).await;
    let form = [("bukti", HASH), ("cara", "telepon"), ("hasil", "benar"), ("siapa", "Dimas Wiratama Putra")];
    let seen = browser.post(&format!("{CASE}/konfirmasi"), &form).await;

    assert_eq!(lacking.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(lacking.body.contains("Pilih hasilnya.") && lacking.body.contains("Isi dengan siapa Anda berbicara."));
    assert!(seen.body.contains("<span>482</span><span>913</span>"));
    assert_eq!(browser.fake.calls()[1..], ["confirm Phone Genuine Dimas Wiratama Putra"]);
}

#[tokio::test]
async fn work_by_hand_takes_a_password_typed_twice_alike() {
    let mut browser = Browser::opened(with_page(|| CasePage::Task(Box::new(task())))).await;
    let path = format!("{CASE}/hasil");
    let form = |first: &'static str, again: &'static str| {
        [("upaya", "upaya-1"), ("hasil", "reset"), ("p1", first), ("p2", again)]
    };

    let page = browser.get(CASE).await;
    let short = browser.post(&path, &form("pendek", "pendek")).await;
    let unlike = browser.post(&path, &form(PASSWORD, "K7mQtR4x9WdhP3nw")).await;
    let done = browser.post(&path, &form(PASSWORD, PASSWORD)).await;

    assert!(page.body.contains("19920315 201903 1 904"));
    assert!(short.body.contains("paling sedikit 15 karakter") && unlike.body.contains("Kedua isian berbeda"));
    assert!(!unlike.body.contains(PASSWORD), "a password is never shown to the admin");
    assert_eq!(done.location(), CASE);
    assert_eq!(browser.fake.calls()[1..], ["manual_outcome upaya-1 reset"]);
}

#[tokio::test]
async fn an_unknown_outcome_is_resolved_by_a_person_with_a_note() {
    let mut browser = Browser::opened(with_page(|| CasePage::Unknown(Box::new(unknown())))).await;

    let page = browser.get(CASE).await;
    let silent = browser.post(&format!("{CASE}/pasti/batal"), &[("upaya", "upaya-1")]).await;
    let noted = [("upaya", "upaya-1"), ("catatan", "Password lama masih berlaku.")];
    let done = browser.post(&format!("{CASE}/pasti/batal"), &noted).await;

    assert!(page.body.contains("Belum diketahui apakah password sudah berubah"));
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(done.location(), CASE);
    assert_eq!(browser.fake.calls()[1..], ["resolve_unknown upaya-1 DidNotHappen"]);
}

#[tokio::test]
async fn a_decided_case_can_be_reissued_handed_over_and_accounted_for() {
    let mut browser = Browser::opened(with_page(|| CasePage::Outcome(Box::new(outcome())))).await;

    let page = browser.get(CASE).await;
    let wrong = browser.post(&format!("{CASE}/ulang"), &[("alasan", "Tautan hilang"), ("kode", "1")]).await;
    let seen = [("bukti", hidden(&page.body, "bukti")), ("terbitan", hidden(&page.body, "terbitan")), ("kode", CODE)];
    browser.post(&format!("{CASE}/ulang"), &[&seen[..], &[("alasan", "Tautan hilang")]].concat()).await;
    let shown = browser.post(&format!("{CASE}/langsung"), &[&seen[..], &[("kartu", "Kartu pegawai")]].concat()).await;
    browser.post(&format!("{CASE}/keterlambatan/5-1"), &[("alasan", "Listrik padam")]).await;

    assert!(page.body.contains("Batas ini usulan kantor, bukan batas SOP."));
    assert!(page.body.contains("Kurang dari 1 menit, dari 10 (SOP)"));
    assert!(wrong.body.contains("Sisa 3 percobaan"));
    assert!(shown.body.contains("<span>K7mQ</span><span>tR4x</span>"));
    let meant = format!("{:?}", outcome().seen);
    let calls = [format!("reissue Tautan hilang {meant}"), format!("hand_in_person Kartu pegawai {meant}")];
    assert_eq!(browser.fake.calls()[1..3], calls);
    assert_eq!(browser.fake.calls()[3..], ["account_for_deviation 5-1 Listrik padam"]);
}

#[tokio::test]
async fn a_held_mail_is_admitted_or_dropped_with_a_reason() {
    let mut browser = Browser::opened(Fake::default()).await;

    let silent = browser.post("/ditahan/tahan-1/terima", &[("alasan", "  ")]).await;
    let admitted =
        browser.post("/ditahan/tahan-1/terima", &[("bukti", "hash-surel"), ("alasan", "Dikenal, via telepon")]).await;
    let dropped = browser.post("/ditahan/tahan-1/buang", &[("bukti", "hash-surel"), ("alasan", "Penipuan")]).await;

    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(admitted.body.contains("Surel diterima sebagai permohonan LPSE-2026-0047"));
    assert!(dropped.body.contains("Surel dibuang"));
    assert_eq!(
        browser.fake.calls()[1..],
        ["settle_held tahan-1 hash-surel Admit Dikenal, via telepon", "settle_held tahan-1 hash-surel Drop Penipuan"]
    );
}

#[tokio::test]
async fn an_auditor_looks_and_does_not_decide() {
    let mut browser = Browser::opened(Fake { role: Role::Auditor, ..Fake::default() }).await;

    let page = browser.get(CASE).await;
    let decision = browser.post(&format!("{CASE}/tolak"), &[("bukti", HASH), ("dasar", "R04")]).await;

    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(decision.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.fake.calls(), ["unlock"]);
}
