//! SOP step 5, validity (kebenaran): do the papers agree with the account's record? The system finds differences; a named
//! admin decides. Items that need the daemon's memory appear only when it tells what it knows.

use chrono::{Datelike, NaiveDate};

use super::case_file::CaseFile;
use super::fact::name::{self, Likeness};
use super::fact::role::RoleFound;
use super::fact::user_id;
use super::fold::{Phrase, fold};
use super::known::{EarlierLetter, Known};
use super::recognition::Recognition;
use super::sender;
use super::sheet::Sheet;
use super::wording;
use crate::sop::account::Account;
use crate::sop::checklist::{Check, Evidence, Finding, Method, Pair, Signature};
use crate::sop::names::UserId;

/// The findings of step 5, and alerts they raise.
pub fn check(file: &CaseFile<'_>, known: &Known<'_>) -> (Vec<Check>, Vec<&'static str>) {
    let mut checks = Vec::new();
    let mut alerts = Vec::new();
    let Some(accounts) = known.accounts else {
        return (checks, alerts);
    };
    let hit = find(file, accounts);
    if file.letter().is_some() {
        checks.push(account_found(file, &hit));
        if let Some(account) = hit.account {
            checks.extend(name_matches(file, account));
            checks.extend(nip_matches(file, account));
            checks.push(role_matches(file, account));
            if account.nip.is_none() && hit.is_shared(file) {
                alerts.push("shared_account");
            }
        }
        checks.extend(decree_in_force(file, &mut alerts));
        checks.extend(hit.account.and_then(|account| work_unit_matches(file, account)));
    }
    checks.extend(sender::registered(file, hit.account, accounts, &mut alerts));
    checks.extend(sender::authenticated(file));
    checks.extend(signature_valid(file, &mut alerts));
    checks.extend(letter_not_reused(file, known));
    checks.extend(known.confirmed.map(confirmed));
    (checks, alerts)
}

/// One finding of this step.
pub fn finding(item: &str, finding: Finding, because: impl Into<String>) -> Check {
    Check { item: item.into(), step: 5, finding, because: because.into(), evidence: Vec::new(), pair: None }
}

/// Adds evidence, and the values side by side.
pub fn with(mut check: Check, evidence: Option<Evidence>, pair: Option<(&str, Option<&str>)>) -> Check {
    check.evidence.extend(evidence);
    check.pair =
        pair.map(|(document, register)| Pair { document: document.into(), register: register.map(str::to_owned) });
    check
}

/// The record the letter is about.
struct Hit<'a> {
    account: Option<&'a Account>,
    /// The user ID in the letter leads to no record, although the person is known.
    wrong_user_id: bool,
    several: bool,
    /// A record whose user ID looks like the letter's and is another.
    lookalike: Option<&'a Account>,
}

impl Hit<'_> {
    /// A record without a person of its own, used by several.
    fn is_shared(&self, file: &CaseFile<'_>) -> bool {
        let other = |a: &Account| {
            file.applicant.name.as_deref().is_none_or(|n| name::compare(n, &a.name) == Likeness::Different)
        };
        self.account.is_some_and(|a| a.nip.is_none() && other(a))
    }
}

/// By user ID, else by employee number, else by name; the user ID the letter asks for always comes first.
fn find<'a>(file: &CaseFile<'_>, accounts: &'a [Account]) -> Hit<'a> {
    let a = &file.applicant;
    let own_role = |account: &&Account| file.recognition.names_own_role(&account.role);
    let by_nip: Vec<&Account> = accounts.iter().filter(|c| a.nip.is_some() && c.nip == a.nip).collect();
    let by_name: Vec<&Account> = accounts
        .iter()
        .filter(|c| a.name.as_deref().is_some_and(|n| name::compare(n, &c.name) <= Likeness::Initials))
        .collect();
    let people = if by_nip.is_empty() { by_name } else { by_nip };
    let person = people.iter().copied().find(|c| own_role(c) && c.active).or(people.first().copied());
    let several = people.iter().filter(|c| own_role(c) && c.active).count() > 1;
    match &a.user_id {
        Some(id) => {
            let wanted = UserId(id.clone());
            let account = accounts.iter().find(|c| c.user_id == wanted);
            let alike = || accounts.iter().find(|c| user_id::look_alike(id, &c.user_id.0));
            let lookalike = if account.is_none() { alike() } else { None };
            Hit { account: account.or(person), wrong_user_id: account.is_none(), several: false, lookalike }
        }
        None => Hit { account: person, wrong_user_id: false, several, lookalike: None },
    }
}

fn account_found(file: &CaseFile<'_>, hit: &Hit<'_>) -> Check {
    let item = "account_found";
    let evidence = file.letter().and_then(|(_, l)| l.evidence.user_id.clone().or(l.evidence.name.clone()));
    if let Some(check) = odd_user_id(file, &hit.lookalike) {
        return with(check.0, evidence, Some((&check.1, hit.lookalike.map(|a| a.user_id.0.as_str()))));
    }
    let Some(account) = hit.account else {
        let nothing_to_go_by = file.applicant.nip.is_none() && file.applicant.user_id.is_none();
        let doubtful = file.letter().is_some_and(|(stack, letter)| {
            stack.method == Method::Ocr && !super::doubt::is_firm(&stack.sheets, letter)
        });
        let how = if nothing_to_go_by || doubtful { Finding::Unclear } else { Finding::Contradicted };
        return with(finding(item, how, "Akun pemohon tidak ditemukan dalam register akun."), evidence, None);
    };
    let id = account.user_id.to_string();
    let (how, because) = if hit.wrong_user_id {
        (Finding::Unclear, "User ID pada surat tidak ada dalam register; pemohon terdaftar dengan user ID lain.")
    } else if !account.active {
        (Finding::Contradicted, "Akun ditemukan tetapi tidak aktif.")
    } else if hit.is_shared(file) {
        (Finding::Unclear, "Akun dipakai bersama dan tidak terdaftar atas nama pemohon.")
    } else if hit.several {
        (Finding::Unclear, "Pemohon memiliki lebih dari satu akun aktif; surat tidak menyebut user ID.")
    } else {
        (Finding::Met, "Akun ditemukan dan aktif.")
    };
    let document = file.applicant.user_id.as_deref().unwrap_or("-");
    with(finding(item, how, because), evidence, Some((document, Some(&id))))
}

/// A user ID with letters of other scripts, invisible characters, or the look of another one: told by code points, never
/// corrected (THREATS row 15). Gives the finding and the user ID made visible.
fn odd_user_id(file: &CaseFile<'_>, lookalike: &Option<&Account>) -> Option<(Check, String)> {
    let id = file.applicant.user_id.as_deref()?;
    let because = match (user_id::oddity(id), lookalike) {
        (Some(_), _) => format!("User ID pada surat memuat karakter yang tidak lazim: {}.", user_id::odd_points(id)),
        (None, Some(account)) => format!(
            "User ID pada surat menyerupai user ID terdaftar, tetapi tidak sama: {}.",
            user_id::differing_points(id, &account.user_id.0)
        ),
        (None, None) => return None,
    };
    Some((finding("account_found", Finding::Unclear, because), user_id::visible(id)))
}

fn name_matches(file: &CaseFile<'_>, account: &Account) -> Option<Check> {
    let item = "name_matches";
    let written = file.applicant.name.as_deref()?;
    let nip_equal = account.nip.is_some() && file.applicant.nip == account.nip;
    let (how, because) = match name::compare(written, &account.name) {
        Likeness::Exact => (Finding::Met, "Nama pada surat sama dengan register akun."),
        Likeness::Initials | Likeness::Near if nip_equal => (Finding::Met, "Nama ditulis sedikit berbeda, NIP sama."),
        Likeness::Initials | Likeness::Near => {
            (Finding::Unclear, "Nama mirip dengan register akun, tetapi NIP tidak menguatkannya.")
        }
        Likeness::Different => (Finding::Contradicted, "Nama pada surat berbeda dari pemilik akun dalam register."),
    };
    let evidence = file.letter().and_then(|(_, l)| l.evidence.name.clone());
    Some(with(finding(item, how, because), evidence, Some((written, Some(&account.name)))))
}

fn nip_matches(file: &CaseFile<'_>, account: &Account) -> Option<Check> {
    let item = "nip_matches";
    let (_, letter) = file.letter()?;
    let written = file.applicant.nip.as_ref();
    let registered = account.nip.as_ref();
    let in_mail = file.mails.iter().rev().find_map(|m| super::applicant::in_text(&m.own_words(), file.recognition).nip);
    let decree_differs = file.entry.as_ref().is_some_and(|e| e.nip_equal == Some(false));
    let (how, because) = match (written, registered) {
        (Some(a), Some(b)) if a != b => (Finding::Contradicted, "NIP pada surat berbeda dari register akun."),
        (Some(_), Some(_)) if decree_differs => {
            (Finding::Unclear, "NIP pada surat sama dengan register, tetapi berbeda dalam SK.")
        }
        (Some(a), Some(_)) if in_mail.as_ref().is_some_and(|m| m != a) => {
            (Finding::Unclear, "NIP pada surat sama dengan register, tetapi isi surel menyebut NIP lain.")
        }
        (Some(_), Some(_)) => (Finding::Met, "NIP pada surat sama dengan register akun."),
        (Some(_), None) => (Finding::Unclear, "Register akun tidak memuat NIP untuk dibandingkan."),
        (None, Some(b)) if letter.suggested_nip.as_ref() == Some(b) => (
            Finding::Unclear,
            "NIP pada surat terbaca dengan huruf di antara angkanya (seperti O untuk 0). Bila huruf itu angka, NIP sama dengan register.",
        ),
        (None, Some(_)) if letter.suggested_nip.is_some() => (
            Finding::Unclear,
            "NIP pada surat terbaca dengan huruf di antara angkanya (seperti O untuk 0), dan juga tanpa itu berbeda dari register.",
        ),
        (None, _) if letter.odd_nip => (Finding::Unclear, "NIP pada surat tidak terdiri atas 18 angka."),
        (None, Some(_)) => (Finding::Unclear, "Surat tidak memuat NIP untuk dibandingkan."),
        (None, None) => (Finding::Unclear, "Surat dan register akun tidak memuat NIP."),
    };
    let read = written.map(|w| w.digits()).or(letter.nip_read.as_deref());
    let pair = read.map(|w| (w, registered.map(|n| n.digits())));
    Some(with(finding(item, how, because), letter.evidence.nip.clone(), pair))
}

fn role_matches(file: &CaseFile<'_>, account: &Account) -> Check {
    let item = "role_matches";
    let profile = &file.recognition.role.profile;
    let evidence = file.entry.as_ref().map(|e| e.evidence.clone());
    let registered = Some(account.role.as_str());
    if !file.recognition.names_own_role(&account.role) {
        let because = format!("Akun terdaftar dengan peran {}, bukan {profile}.", account.role);
        let document = match file.decree_role() {
            Some(RoleFound::Own(role) | RoleFound::Other(role)) => role.clone(),
            _ => "-".to_owned(),
        };
        return with(finding(item, Finding::Contradicted, because), evidence, Some((&document, registered)));
    }
    match file.decree_role() {
        Some(RoleFound::Own(role)) => {
            let because = format!("Kedudukan dalam SK dan peran akun sama: {profile}.");
            with(finding(item, Finding::Met, because), evidence, Some((role, registered)))
        }
        Some(RoleFound::Other(role)) => {
            let because = format!("Kedudukan dalam SK adalah {role}, bukan {profile}.");
            with(finding(item, Finding::Contradicted, because), evidence, Some((role, registered)))
        }
        Some(RoleFound::Unclear) => {
            let because = format!("Kedudukan pemohon dalam SK tidak terbaca; akun terdaftar sebagai {profile}.");
            with(finding(item, Finding::Unclear, because), evidence, Some(("-", registered)))
        }
        None => {
            let because = format!("Akun terdaftar sebagai {profile}; SK tidak menyebut kedudukan pemohon.");
            with(finding(item, Finding::Unclear, because), evidence, Some(("-", registered)))
        }
    }
}

fn decree_in_force(file: &CaseFile<'_>, alerts: &mut Vec<&'static str>) -> Option<Check> {
    let item = "decree_in_force";
    let (_, decree) = file.decree()?;
    let evidence = decree.period_evidence.clone().or(decree.evidence.clone());
    let period = decree.period;
    let (how, because) = match (period.from, period.until) {
        (_, Some(until)) if until < file.day => {
            if within_grace(until, file.day, file.recognition) {
                alerts.push("decree_in_grace");
                let because =
                    format!("Masa berlaku SK berakhir {}; masih dalam masa tenggang awal tahun.", wording::day(until));
                (Finding::Unclear, because)
            } else {
                (Finding::Missing, format!("Masa berlaku SK telah berakhir pada {}.", wording::day(until)))
            }
        }
        (Some(from), _) if from > file.day => {
            (Finding::Unclear, format!("SK baru berlaku mulai {}.", wording::day(from)))
        }
        (_, Some(until)) => (Finding::Met, format!("SK berlaku sampai dengan {}.", wording::day(until))),
        (Some(from), None) => (Finding::Met, format!("SK berlaku sejak {} tanpa batas akhir.", wording::day(from))),
        (None, None) => (Finding::Unclear, "Masa berlaku dan tanggal penetapan SK tidak terbaca.".to_owned()),
    };
    Some(with(finding(item, how, because), evidence, None))
}

/// A decree that ended with the old year, shortly after New Year: the new one is often not signed yet (DOMAIN §2, 11).
fn within_grace(until: NaiveDate, day: NaiveDate, r: &Recognition) -> bool {
    let year_end = (until.month(), until.day()) == (12, 31);
    year_end && (day - until).num_days() <= i64::from(r.decree.year_end_grace_days)
}

fn work_unit_matches(file: &CaseFile<'_>, account: &Account) -> Option<Check> {
    let item = "work_unit_matches";
    let registered = account.work_unit.as_deref()?;
    let (stack, letter) = file.letter()?;
    let written = match file.applicant.work_unit.as_deref() {
        Some(unit) => unit.to_owned(),
        None => {
            let text: String = stack.sheets.iter().map(Sheet::prose).collect::<Vec<_>>().join(" ");
            let seen = unit_overlap(registered, &text, file.recognition) >= 0.99;
            let (how, because) = if seen {
                (Finding::Met, "Unit kerja dalam register disebut dalam surat.")
            } else {
                (Finding::Unclear, "Surat tidak menyebut unit kerja pemohon.")
            };
            return Some(with(finding(item, how, because), None, Some(("-", Some(registered)))));
        }
    };
    let r = file.recognition;
    let share = unit_overlap(&written, registered, r).max(unit_overlap(registered, &written, r));
    let (how, because) = match share {
        s if s >= 0.99 => (Finding::Met, "Unit kerja pada surat sesuai dengan register akun."),
        s if s >= 0.34 => (Finding::Unclear, "Unit kerja pada surat hanya sebagian sesuai dengan register akun."),
        _ => (Finding::Contradicted, "Unit kerja pada surat berbeda dari register akun."),
    };
    Some(with(finding(item, how, because), letter.evidence.work_unit.clone(), Some((&written, Some(registered)))))
}

/// The share of the telling words of `one` that stand in `other`, short forms written out.
fn unit_overlap(one: &str, other: &str, r: &Recognition) -> f32 {
    let words = |text: &str| -> Vec<String> {
        let out: Vec<String> = fold(text)
            .split(' ')
            .flat_map(|w| {
                r.work_unit
                    .short_forms
                    .get(w)
                    .map_or(w, String::as_str)
                    .split(' ')
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .collect();
        let telling = |w: &String| !w.is_empty() && !r.work_unit.common.contains(&Phrase::from(w.as_str()));
        out.into_iter().filter(telling).collect()
    };
    let (wanted, there) = (words(one), words(other));
    if wanted.is_empty() {
        return 0.0;
    }
    wanted.iter().filter(|w| there.contains(w)).count() as f32 / wanted.len() as f32
}

fn signature_valid(file: &CaseFile<'_>, alerts: &mut Vec<&'static str>) -> Option<Check> {
    let item = "signature_valid";
    let index = file.letter?;
    let (stack, letter) = file.letter()?;
    let electronic = letter.signatures.electronic.clone();
    match file.read[index].signature() {
        Signature::None => None,
        Signature::Block => {
            let own = file.applicant.name.as_deref().and_then(|n| letter.signatures.of(n)).filter(|b| b.filled);
            let check = match own {
                Some(_) => finding(
                    item,
                    Finding::Met,
                    "Tanda tangan tertera pada nama pemohon; keasliannya dinilai oleh Admin.",
                ),
                None => finding(item, Finding::Unclear, "Tanda tangan yang tertera bukan pada nama pemohon."),
            };
            Some(with(check, own.map(|b| b.evidence.clone()), None))
        }
        _ => {
            alerts.push("tte_unverifiable");
            let because = if stack.signed_electronically {
                "Berkas memuat tanda tangan elektronik yang belum dapat diverifikasi terhadap sertifikat yang dipercaya."
            } else {
                "Tanda tangan elektronik hanya berupa tulisan atau gambar dan tidak dapat diverifikasi."
            };
            Some(with(finding(item, Finding::Unclear, because), electronic, None))
        }
    }
}

fn letter_not_reused(file: &CaseFile<'_>, known: &Known<'_>) -> Option<Check> {
    let item = "letter_not_reused";
    let earlier = known.earlier_letters?;
    let (stack, letter) = file.letter()?;
    let same = |e: &&EarlierLetter| {
        let bytes = e.sha256.as_ref().is_some_and(|h| h.0 == stack.sha256);
        let number = letter.number.is_some()
            && e.number.as_deref().map(fold) == letter.number.as_deref().map(fold)
            && e.date == letter.date;
        bytes || number
    };
    Some(match earlier.iter().find(same) {
        Some(used) => finding(
            item,
            Finding::Contradicted,
            format!("Surat yang sama sudah dipakai pada permohonan {}.", used.case),
        ),
        None => finding(item, Finding::Met, "Surat ini belum pernah dipakai."),
    })
}

fn confirmed(confirmation: &super::known::Confirmation) -> Check {
    let item = "confirmed_with_applicant";
    match confirmation {
        super::known::Confirmation::Wanted(why) => {
            finding(item, Finding::Unclear, format!("Perlu konfirmasi kepada pemohon: {why}."))
        }
        super::known::Confirmation::Given => finding(item, Finding::Met, "Pemohon telah dikonfirmasi."),
        super::known::Confirmation::Denied => {
            finding(item, Finding::Contradicted, "Pemohon tidak membenarkan permohonan ini.")
        }
    }
}

/// The record a dossier is about, as the checklist chose it.
pub fn account<'a>(file: &CaseFile<'_>, accounts: &'a [Account]) -> Option<&'a Account> {
    find(file, accounts).account
}
