//! A counter in memory: one request under review, one applicant's link, one held mail. It notes every call that would
//! change something.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use loket::dossier::page::{Line, Page, Rect, Word};
use loket::engine::port::Clock;
use loket::sop::names::{Address, CaseNumber, Language, Service};
use loket::web::answer::*;
use loket::web::counter::{Counter, Later, Trouble};
use loket::web::site::{BaseUrl, Setup, Site};
use loket::web::view::*;

use crate::web_records;
use crate::web_samples::{head, revealed, review};

pub const GOOD_TOKEN: &str = "tautan-bagus";
pub const CODE: &str = "731905";
pub const NIP: &str = "199203152019031904";
pub const PASSWORD: &str = "K7mQtR4x9WdhP3nv";
pub const HASH: &str = "hash-usulan";

/// 10 November 2026, 10.49 WITA.
pub fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 10, 2, 49, 0).single().expect("a plain moment")
}

pub fn number() -> CaseNumber {
    CaseNumber::new("LPSE", 2026, 47)
}

pub fn address(text: &str) -> Address {
    Address::parse(text).expect("the test writes a whole address")
}

pub fn bagus(role: Role) -> Admin {
    let enrolment = "pendaftaran".to_owned();
    Admin { address: address("bagus.arya@karangmulia.example"), name: "Bagus Arya Wicaksana".into(), role, enrolment }
}

/// A clock the test sets.
pub struct SetClock(pub Mutex<DateTime<Utc>>);

impl SetClock {
    pub fn forward(&self, by: TimeDelta) {
        let mut now = self.0.lock().expect("no test panics while it holds the clock");
        *now += by;
    }
}

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().expect("no test panics while it holds the clock")
    }
}

/// What the case's page is, and what changed so far.
pub struct Fake {
    pub calls: Mutex<Vec<String>>,
    pub page: Mutex<Box<dyn Fn() -> CasePage + Send>>,
    pub decision: Mutex<Option<DecisionAnswer>>,
    pub role: Role,
    pub broken: bool,
    pub demo: bool,
    /// Minutes for which the desk opens.
    pub open_minutes: u32,
    /// Text put wherever a mail's own words stand.
    pub words: String,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            calls: Mutex::default(),
            page: Mutex::new(Box::new(|| CasePage::Review(Box::new(review("Permohonan Reset Password"))))),
            decision: Mutex::default(),
            role: Role::Admin,
            broken: false,
            demo: false,
            open_minutes: 10,
            words: "Permohonan Reset Password".into(),
        }
    }
}

impl Fake {
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().expect("no test panics while it holds the calls").clone()
    }

    fn note(&self, call: impl Into<String>) {
        self.calls.lock().expect("no test panics while it holds the calls").push(call.into());
    }

    pub fn decide_next(&self, answer: DecisionAnswer) {
        *self.decision.lock().expect("no test panics while it holds the answer") = Some(answer);
    }
}

fn later<'a, T: Send + 'a>(value: T) -> Later<'a, T> {
    Box::pin(std::future::ready(Ok(value)))
}

pub fn office(demo: bool) -> Office {
    Office {
        open_minutes: 10,
        name: "LPSE Karang Mulia".into(),
        sop_number: "000.3/0620/BPLPSE/B.PBJ".into(),
        phone: "(0599) 123456".into(),
        phone_dial: "+62599123456".into(),
        hours_id: "Senin sampai Kamis pukul 07.30–16.00 dan Jumat pukul 07.30–16.30 WITA".into(),
        hours_en: "Monday to Thursday 07:30–16:00 and Friday 07:30–16:30 WITA".into(),
        zone: chrono_tz::Asia::Makassar,
        zone_name: "WITA".into(),
        system_url: Some("https://spse.karangmulia.example/eproc4".into()),
        system_name: "SPSE".into(),
        default_language: Language::Id,
        demo,
    }
}

/// A desk over `fake` under `base_url`.
pub fn site(fake: Arc<Fake>, clock: Arc<SetClock>, base_url: &str) -> Arc<Site> {
    let setup = Setup {
        office: Office { open_minutes: fake.open_minutes, ..office(fake.demo) },
        base_url: BaseUrl::parse(base_url).expect("the test writes a base address"),
        trusted_proxies: Vec::new(),
        limits: Default::default(),
        entropy: {
            let next = std::sync::atomic::AtomicU8::new(1);
            Box::new(move || [next.fetch_add(1, std::sync::atomic::Ordering::Relaxed); 32])
        },
    };
    Arc::new(Site::new(fake, clock, setup))
}

impl Counter for Fake {
    fn lock_view<'a>(&'a self, token: &'a str, _: Language) -> Later<'a, Option<LockView>> {
        if self.broken {
            return Box::pin(std::future::ready(Err(Trouble("the store is closing".into()))));
        }
        later((token == GOOD_TOKEN).then(|| LockView {
            number: Some(number()),
            services: vec![Service::ResetPassword],
            tally: Tally { met: 14, contradicted: 1, unclear: 1, missing: 1 },
            clock: head().clock,
            admin: "Bagus Arya Wicaksana".into(),
            demo_code: None,
        }))
    }

    fn unlock<'a>(&'a self, token: &'a str, code: &'a Typed) -> Later<'a, UnlockAnswer> {
        later(match (token, code.expose()) {
            (GOOD_TOKEN, CODE) => {
                self.note("unlock");
                UnlockAnswer::Opened { admin: bagus(self.role), place: Place::Case(number(), Some(Choice::Reject)) }
            }
            (GOOD_TOKEN, "000000") => UnlockAnswer::LockedOut,
            (GOOD_TOKEN, _) => UnlockAnswer::Wrong { left: 4 },
            _ => UnlockAnswer::Gone,
        })
    }

    fn sign_in<'a>(&'a self, address: &'a Address, code: &'a Typed) -> Later<'a, SignInAnswer> {
        let known = address.as_str() == "bagus.arya@karangmulia.example" && code.expose() == CODE;
        later(if known { SignInAnswer::Opened(bagus(self.role)) } else { SignInAnswer::Wrong })
    }

    fn stands<'a>(&'a self, _: &'a Admin) -> Later<'a, bool> {
        later(true)
    }

    fn sign_out<'a>(&'a self, _: &'a Admin) -> Later<'a, ()> {
        self.note("sign_out");
        later(())
    }

    fn case_page<'a>(&'a self, _: &'a Admin, asked: &'a CaseNumber, _: Language) -> Later<'a, Option<CasePage>> {
        let page = self.page.lock().expect("no test panics while it holds the page");
        later((*asked == number()).then(&**page))
    }

    fn enclosure<'a>(&'a self, _: &'a Admin, _: &'a CaseNumber, index: u32) -> Later<'a, Option<EnclosedFile>> {
        let file = || EnclosedFile {
            name: "Surat permohonan.pdf".into(),
            media_type: "application/pdf",
            bytes: b"%PDF".to_vec(),
        };
        later((index == 0).then(file))
    }

    fn picture<'a>(&'a self, _: &'a Admin, _: &'a CaseNumber, paper: u32, page: u32) -> Later<'a, Option<Picture>> {
        let place = |y: f32| Rect { x: 118.0, y, w: 260.0, h: 14.0 };
        let line = |text: &str, y| Line { words: vec![Word { text: text.into(), at: place(y), confidence: None }] };
        let lines = vec![line("000.3/1187/BPLPSE/B.PBJ", 147.0), line(&self.words, 198.0)];
        let drawn = Page { number: page, width: 595.0, height: 842.0, lines, ..Page::default() };
        later((paper < 2).then_some(Picture { page: drawn, drawing: Drawing::WordsAlone }))
    }

    fn decide<'a>(
        &'a self,
        _: &'a Admin,
        _: &'a CaseNumber,
        form: DecisionForm,
        _: Language,
    ) -> Later<'a, DecisionAnswer> {
        let DecisionForm { choice, proposal_hash, reason, items, note, .. } = &form;
        self.note(format!("decide {choice:?} {proposal_hash} {reason}{} {note}", items.join("+")));
        let next = self.decision.lock().expect("no test panics while it holds the answer").take();
        later(next.unwrap_or(DecisionAnswer::Done))
    }

    fn save_draft<'a>(&'a self, _: &'a Admin, _: &'a CaseNumber, draft: DraftForm) -> Later<'a, DecisionAnswer> {
        self.note(format!("save_draft {:?} {}", draft.choice, draft.body));
        later(DecisionAnswer::Done)
    }

    fn confirm<'a>(&'a self, _: &'a Admin, _: &'a CaseNumber, form: ConfirmForm) -> Later<'a, ConfirmAnswer> {
        self.note(format!("confirm {:?} {:?} {}", form.method, form.result, form.spoken_with));
        later(ConfirmAnswer::Done { code: Some(Typed::new("482913")) })
    }

    fn manual_outcome<'a>(
        &'a self,
        _: &'a Admin,
        _: &'a CaseNumber,
        attempt: &'a str,
        outcome: ManualOutcome,
        _: Language,
    ) -> Later<'a, TaskAnswer> {
        let what = match outcome {
            ManualOutcome::ResetDone { .. } => "reset",
            ManualOutcome::SystemSentLink => "link",
            ManualOutcome::UserIdFound { .. } => "user",
            ManualOutcome::NotFound { .. } => "not found",
            ManualOutcome::Failed { .. } => "failed",
        };
        self.note(format!("manual_outcome {attempt} {what}"));
        later(TaskAnswer::Done)
    }

    fn resolve_unknown<'a>(
        &'a self,
        _: &'a Admin,
        _: &'a CaseNumber,
        attempt: &'a str,
        way: Resolution,
        _: String,
        _: Language,
    ) -> Later<'a, TaskAnswer> {
        self.note(format!("resolve_unknown {attempt} {way:?}"));
        later(TaskAnswer::Done)
    }

    fn reissue<'a>(&'a self, _: &'a Admin, _: &'a CaseNumber, form: ReissueForm, _: Language) -> Later<'a, TaskAnswer> {
        if form.code.expose() != CODE {
            return later(TaskAnswer::NeedsFactor { left: 3 });
        }
        self.note(format!("reissue {} {:?}", form.reason, form.seen));
        later(TaskAnswer::Done)
    }

    fn hand_in_person<'a>(
        &'a self,
        _: &'a Admin,
        _: &'a CaseNumber,
        form: HandForm,
        _: Language,
    ) -> Later<'a, HandAnswer> {
        self.note(format!("hand_in_person {} {:?}", form.identified_by, form.seen));
        later(HandAnswer::Show(revealed()))
    }

    fn account_for_deviation<'a>(
        &'a self,
        _: &'a Admin,
        _: &'a CaseNumber,
        id: &'a str,
        reason: String,
    ) -> Later<'a, TaskAnswer> {
        self.note(format!("account_for_deviation {id} {reason}"));
        later(TaskAnswer::Done)
    }

    fn held_view<'a>(&'a self, _: &'a Admin, id: &'a str, _: Language) -> Later<'a, Option<HeldView>> {
        later((id == "tahan-1").then(|| HeldView {
            id: id.into(),
            seen: "hash-surel".into(),
            mails: vec![HeldMail {
                received: now(),
                from: "kepala.biro.karangmulia@mail-gov.example".into(),
                subject: self.words.clone(),
                attachments: vec![(self.words.clone(), 4_096)],
                body: self.words.clone(),
            }],
            reason: "unauthenticated".into(),
            alerts: vec!["executable_attachment".into()],
            calls: true,
        }))
    }

    fn settle_held<'a>(&'a self, _: &'a Admin, id: &'a str, form: HeldForm) -> Later<'a, HeldAnswer> {
        let HeldForm { choice, reason, seen } = form;
        self.note(format!("settle_held {id} {seen} {choice:?} {reason}"));
        later(HeldAnswer::Done((choice == HeldChoice::Admit).then(number)))
    }

    fn desk<'a>(&'a self, _: &'a Admin, filter: &'a DeskFilter, _: Language) -> Later<'a, DeskView> {
        let row = |waiting, step, name: &str, detail: &str| DeskRow {
            waiting,
            subject: RowSubject::Case {
                number: number(),
                services: vec![Service::ResetPassword],
                name: name.into(),
                step,
            },
            detail: detail.into(),
            owes_reason: matches!(waiting, Waiting::Over { .. }),
        };
        let held = RowSubject::Held { id: "tahan-1".into(), subject: self.words.clone() };
        let rows = vec![
            row(Waiting::Over { by: 4 }, 5, "Rahmat Hidayatullah", "15 sesuai · 2 perlu dilihat"),
            row(
                Waiting::Left { minutes: 3, due: now() + TimeDelta::minutes(3) },
                7,
                "Siti Khadijah Amalia",
                "Kedudukan dalam SK: Verifikator",
            ),
            row(
                Waiting::Left { minutes: 9, due: now() + TimeDelta::minutes(9) },
                5,
                "Dimas Wiratama Putra",
                "14 sesuai · 1 berbeda",
            ),
            row(
                Waiting::Stopped,
                4,
                "Raden Ajeng Kusumaningtyas Wulandari Prameswari Hadiningrat",
                "Menunggu surat bertanda tangan",
            ),
            DeskRow {
                waiting: Waiting::Unclocked,
                subject: held,
                detail: "lampiran berbahaya ditahan".into(),
                owes_reason: false,
            },
        ];
        let rows = rows.into_iter().filter(|_| filter.words != "kosong").collect();
        later(DeskView {
            open: 5,
            waiting_for_you: 4,
            overdue: 1,
            closed_today: 6,
            median_step_5: Some(7),
            looked_at: Some(now()),
            now: now(),
            alarms: vec!["Sertifikat desk berakhir pada 2026-12-01. Perbarui".into()],
            by_step: vec![(StepFilter::Step(5), 2), (StepFilter::Held, 1)],
            rows,
        })
    }

    fn archive<'a>(&'a self, _: &'a Admin, filter: &'a ArchiveFilter) -> Later<'a, Option<ArchiveView>> {
        later(Some(web_records::archive(&self.words, filter)))
    }

    fn dossier<'a>(&'a self, _: &'a Admin, asked: &'a CaseNumber) -> Later<'a, Option<DossierView>> {
        later(web_records::dossier(&self.words, asked))
    }

    fn dossier_item<'a>(&'a self, _: &'a Admin, asked: &'a CaseNumber, index: u32) -> Later<'a, Option<TakenOut>> {
        later(match (asked.serial(), index) {
            (8, 1) => Some(TakenOut::Unreadable),
            (31 | 8, 0..5) => {
                Some(TakenOut::Item { name: format!("surel/{}.eml", self.words), bytes: b"From: x".into() })
            }
            _ => None,
        })
    }

    fn dossier_bag<'a>(&'a self, _: &'a Admin, asked: &'a CaseNumber) -> Later<'a, Option<TakenOut>> {
        later(match asked.serial() {
            31 => Some(TakenOut::Bag(b"PK".into())),
            8 | 3 => Some(TakenOut::Unreadable),
            _ => None,
        })
    }

    fn report<'a>(&'a self, _: &'a Admin, month: Month) -> Later<'a, Option<ReportView>> {
        later(Some(web_records::report(&self.words, month)))
    }

    fn report_file<'a>(&'a self, _: &'a Admin, month: Month, form: ReportForm) -> Later<'a, Option<String>> {
        later(Some(format!("{form:?} {month}")))
    }

    fn reveal_view<'a>(&'a self, token: &'a str) -> Later<'a, Option<RevealView>> {
        let until = now() + TimeDelta::hours(25);
        later((token == GOOD_TOKEN).then(|| RevealView {
            services: vec![Service::ResetPassword],
            ask: RevealAsk::Either,
            until,
        }))
    }

    fn reveal<'a>(&'a self, token: &'a str, typed: RevealTyped) -> Later<'a, RevealAnswer> {
        let right = match &typed {
            RevealTyped::Nip(nip) => nip.expose() == NIP,
            RevealTyped::Code(code) => code.expose() == "482913",
        };
        later(match (token, right) {
            (GOOD_TOKEN, true) => {
                self.note("reveal");
                RevealAnswer::Revealed(revealed())
            }
            (GOOD_TOKEN, false) => RevealAnswer::Wrong,
            _ => RevealAnswer::Gone,
        })
    }

    fn change_view<'a>(&'a self, token: &'a str) -> Later<'a, Option<ChangeView>> {
        later((token == GOOD_TOKEN).then_some(ChangeView { done: false }))
    }

    fn change_confirmed<'a>(&'a self, token: &'a str) -> Later<'a, ChangeAnswer> {
        if token != GOOD_TOKEN {
            return later(ChangeAnswer::Gone);
        }
        self.note("change_confirmed");
        later(ChangeAnswer::Done)
    }

    fn enrol_view<'a>(&'a self, token: &'a str) -> Later<'a, Option<EnrolView>> {
        later((token == GOOD_TOKEN).then(|| EnrolView {
            address: address("bagus.arya@karangmulia.example"),
            secret: Typed::new("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"),
            uri: Typed::new("otpauth://totp/Loket:bagus?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Loket"),
            passkeys: 0,
        }))
    }

    fn enrol_confirm<'a>(&'a self, token: &'a str, code: &'a Typed, _: Option<Typed>) -> Later<'a, EnrolAnswer> {
        later(match (token, code.expose()) {
            (GOOD_TOKEN, CODE) => {
                self.note("enrol_confirm");
                EnrolAnswer::Done
            }
            (GOOD_TOKEN, _) => EnrolAnswer::Wrong { left: 4 },
            _ => EnrolAnswer::Gone,
        })
    }

    fn change_phrase<'a>(&'a self, _: &'a Admin, proof: &'a Typed, phrase: Typed) -> Later<'a, PhraseAnswer> {
        later(match proof.expose() {
            _ if phrase.expose().chars().count() < 15 => PhraseAnswer::Unfit(Why::TooShort(15)),
            CODE => {
                self.note("change_phrase");
                PhraseAnswer::Done
            }
            _ => PhraseAnswer::Wrong { left: 4 },
        })
    }

    fn passkey_offer<'a>(&'a self, token: &'a str) -> Later<'a, Option<String>> {
        later((token == GOOD_TOKEN).then(|| "{\"publicKey\":{}}".to_owned()))
    }

    fn passkey_enrol<'a>(&'a self, token: &'a str, _: &'a Typed) -> Later<'a, EnrolAnswer> {
        later(if token == GOOD_TOKEN { EnrolAnswer::Unfit(Why::NotOffered) } else { EnrolAnswer::Gone })
    }

    fn passkey_ask<'a>(&'a self, _: &'a Address) -> Later<'a, Option<String>> {
        later(Some("{\"publicKey\":{}}".to_owned()))
    }

    fn passkey_ask_to<'a>(
        &'a self,
        _: &'a Address,
        number: &'a CaseNumber,
        act: Act,
        seen: Option<&'a str>,
    ) -> Later<'a, Option<String>> {
        self.note(format!("passkey_ask_to {number} {act:?} {}", seen.unwrap_or("-")));
        later(Some("{\"publicKey\":{}}".to_owned()))
    }

    fn passkey_ask_for<'a>(&'a self, token: &'a str) -> Later<'a, Option<String>> {
        later((token == GOOD_TOKEN).then(|| "{\"publicKey\":{}}".to_owned()))
    }

    fn sandbox<'a>(&'a self, chosen: Option<&'a str>, _: Language) -> Later<'a, Option<SandboxView>> {
        let letter = LetterView {
            id: "surat-1".into(),
            at: now(),
            from: "Admin PPE – LPSE Karang Mulia <loket@karangmulia.example>".into(),
            to: "dimas.wiratama@karangmulia.example".into(),
            subject: "[LPSE-2026-0047] Hasil reset password".into(),
            body: format!(
                "Yth. Saudara Dimas Wiratama Putra,\n\npassword akun Saudara telah direset. Lihat melalui tautan berikut:\nhttp://127.0.0.1:8080/ambil/{GOOD_TOKEN}\n\n{}",
                self.words
            ),
        };
        let row = LetterRow {
            id: letter.id.clone(),
            at: now(),
            to: letter.to.clone(),
            subject: "Hasil reset password".into(),
            number: Some(number()),
        };
        later(self.demo.then(|| SandboxView {
            letters: vec![row],
            chosen: (chosen == Some("surat-1")).then_some(letter),
            codes: vec![("Bagus Arya Wicaksana".into(), CODE.into())],
            applicants: vec![("Dimas Wiratama Putra".into(), "19920315 201903 1 904".into())],
            plays: vec![("berikut".into(), "Kirim permohonan contoh".into())],
        }))
    }

    fn play<'a>(&'a self, id: &'a str) -> Later<'a, bool> {
        self.note(format!("play {id}"));
        later(id == "berikut")
    }

    fn ready(&self) -> futures::future::BoxFuture<'_, Result<(), String>> {
        let ready = if self.broken { Err("the store is closing".to_owned()) } else { Ok(()) };
        Box::pin(std::future::ready(ready))
    }
}
