//! SOP step 2, completeness (kelengkapan): is everything there, and does it say what it must? An item that hangs on a
//! paper which is absent is left out; the absent paper itself is the finding.

use super::case_file::CaseFile;
use super::decree::Decree;
use super::electronic::Signer;
use super::fact::capacity;
use super::fact::name::Likeness;
use super::fact::signature::Block;
use super::letter::Letter;
use super::people;
use super::recognition::SignerPolicy;
use super::signature::Signed;
use super::sort::Stack;
use super::wording;
use crate::sop::checklist::{Check, DocumentKind, Evidence, Finding, Method, Signature};

pub fn check(file: &CaseFile<'_>) -> Vec<Check> {
    let mut checks = vec![request_letter(file)];
    checks.extend(signed(file));
    checks.push(service_stated(file));
    checks.extend(applicant_identified(file));
    checks.push(appointment_decree(file));
    checks.extend(decree_names_applicant(file));
    checks
}

/// One finding of this step.
fn finding(
    item: &str,
    finding: Finding,
    because: impl Into<String>,
    evidence: impl IntoIterator<Item = Evidence>,
) -> Check {
    Check {
        item: item.into(),
        step: 2,
        finding,
        because: because.into(),
        evidence: evidence.into_iter().collect(),
        pair: None,
    }
}

fn unread_because(file: &CaseFile<'_>, kind: DocumentKind, name: &str) -> Option<String> {
    let stack = file.unread(kind)?;
    let paper = stack.attachments.join(" + ");
    let why = if stack.encrypted { "dikunci dengan kata sandi" } else { "tidak dapat dibaca" };
    Some(format!("{name} (“{paper}”) {why}; mohon dikirim ulang dalam PDF atau JPG yang dapat dibaca."))
}

fn request_letter(file: &CaseFile<'_>) -> Check {
    let item = "request_letter";
    if let Some((_, letter)) = file.letter() {
        let because = format!("Surat permohonan{} ada.", wording::numbered(letter.number.as_deref(), letter.date));
        return finding(item, Finding::Met, because, letter.evidence.heading.clone());
    }
    let because = unread_because(file, DocumentKind::RequestLetter, "Surat permohonan")
        .unwrap_or_else(|| "Surat permohonan belum dilampirkan.".to_owned());
    finding(item, Finding::Missing, because, None)
}

fn signed(file: &CaseFile<'_>) -> Option<Check> {
    let item = "request_letter_signed";
    let (stack, letter) = file.letter()?;
    if stack.electronic.kind() == Signature::ElectronicValid {
        return Some(by_certificate(file, stack.electronic.signers()));
    }
    if let Some(electronic) = &letter.signatures.electronic {
        let because = "Surat memuat keterangan tanda tangan elektronik; keabsahannya diperiksa pada langkah 5.";
        return Some(finding(item, Finding::Met, because, [electronic.clone()]));
    }
    if stack.electronic.is_some() {
        let because = "Berkas PDF memuat tanda tangan elektronik; keabsahannya diperiksa pada langkah 5.";
        return Some(finding(item, Finding::Met, because, None));
    }
    Some(by_hand(file, letter))
}

fn by_certificate(file: &CaseFile<'_>, signers: &[Signer]) -> Check {
    let by = Signed::by(file, signers);
    let who: Vec<&str> = signers.iter().map(|s| s.name.trim_end_matches('.')).collect();
    let who = who.join(" dan ");
    let (how, more) = match by.satisfies(file.recognition.letter.signer) {
        true => (Finding::Met, ""),
        false if by.applicant => (Finding::Missing, ", tetapi belum oleh atasan pemohon"),
        false => (Finding::Unclear, ", bukan oleh yang harus menandatangani"),
    };
    let because = format!("Surat ditandatangani secara elektronik oleh {who}{more}.");
    finding("request_letter_signed", how, because, None)
}

fn by_hand(file: &CaseFile<'_>, letter: &Letter) -> Check {
    let item = "request_letter_signed";
    let blocks = &letter.signatures.blocks;
    let number = file.applicant.nip.as_ref().map(|nip| nip.digits());
    let own = letter.signatures.of_applicant(file.applicant.name.as_deref(), number);
    let by_applicant = own.is_some_and(|b| b.filled);
    let another = blocks.iter().find(|b| b.filled && !b.name.is_empty() && own.is_none_or(|o| o.name != b.name));
    let policy = file.recognition.letter.signer;
    let satisfied = match policy {
        SignerPolicy::Applicant => by_applicant,
        SignerPolicy::Superior => another.is_some(),
        SignerPolicy::Both => by_applicant && another.is_some(),
        SignerPolicy::Anyone => by_applicant || another.is_some(),
    };
    if satisfied {
        let block = if by_applicant { own } else { another };
        let who = block.map(|b| b.name.clone()).unwrap_or_default();
        let who = if who.is_empty() { "pemohon".to_owned() } else { who };
        return finding(
            item,
            Finding::Met,
            // A degree ends in a period of its own.
            format!("Surat ditandatangani oleh {}{}.", who.trim_end_matches('.'), in_capacity(block)),
            block.map(|b| b.evidence.clone()),
        );
    }
    let evidence = own.or(blocks.first()).map(|b| b.evidence.clone());
    match another {
        Some(block) if own.is_none() => {
            let because =
                format!("Surat ditandatangani oleh {}{}, bukan oleh pemohon.", block.name, in_capacity(another));
            finding(item, Finding::Unclear, because, [block.evidence.clone()])
        }
        _ if (own.is_none() || by_applicant) && blocks.iter().any(|b| b.filled && b.name.is_empty()) => {
            finding(item, Finding::Unclear, "Ada tanda tangan pada surat, tetapi namanya tidak terbaca.", evidence)
        }
        _ if by_applicant => finding(item, Finding::Missing, "Tanda tangan atasan pemohon belum ada.", evidence),
        _ => finding(item, Finding::Missing, "Surat belum ditandatangani oleh pemohon.", evidence),
    }
}

/// ` (a.n.)` behind a signer who signed for another.
fn in_capacity(block: Option<&Block>) -> String {
    block.and_then(|b| capacity::of(&b.caption)).map(|c| format!(" ({})", c.written())).unwrap_or_default()
}

/// `, ditandatangani Plt.` where the official who signed stands in for another.
fn signed_for(block: Option<&Block>) -> String {
    block
        .and_then(|b| capacity::of(&b.caption))
        .map(|c| format!(", ditandatangani {}", c.written().trim_end_matches('.')))
        .unwrap_or_default()
}

fn service_stated(file: &CaseFile<'_>) -> Check {
    let item = "service_stated";
    let evidence = file.letter().and_then(|(_, l)| l.evidence.service.clone());
    if file.services.is_empty() {
        return finding(
            item,
            Finding::Missing,
            "Tidak disebut layanan yang diminta: reset password atau informasi user ID.",
            evidence,
        );
    }
    finding(item, Finding::Met, format!("Layanan yang diminta: {}.", wording::services(&file.services)), evidence)
}

fn applicant_identified(file: &CaseFile<'_>) -> Option<Check> {
    let item = "applicant_identified";
    let (_, letter) = file.letter()?;
    let a = &file.applicant;
    let evidence = letter.evidence.name.clone().into_iter().chain(letter.evidence.nip.clone());
    let name = a.name.as_deref().unwrap_or_default();
    if file.disagreeing_letters {
        return Some(finding(
            item,
            Finding::Unclear,
            format!("Surat-surat yang dikirim menyebut orang yang berbeda: {}.", people::in_letters(file)),
            evidence,
        ));
    }
    if let Some(other) = &file.other_in_mail {
        let because = format!("Surat menyebut {}, isi surel menyebut {}.", people::called(a), people::called(other));
        return Some(finding(item, Finding::Unclear, because, evidence));
    }
    if letter.several {
        return Some(finding(item, Finding::Unclear, "Surat menyebut lebih dari satu pemohon.", evidence));
    }
    Some(match (a.name.is_some(), a.nip.is_some(), a.user_id.is_some()) {
        (true, true, _) => finding(item, Finding::Met, format!("Pemohon {name} disebut dengan NIP."), evidence),
        (true, false, _) if letter.odd_nip => finding(
            item,
            Finding::Unclear,
            format!("NIP pemohon {name} pada surat tidak terdiri atas 18 angka."),
            evidence,
        ),
        (true, false, true) => {
            finding(item, Finding::Met, format!("Pemohon {name} disebut dengan user ID, tanpa NIP."), evidence)
        }
        (true, false, false) => {
            finding(item, Finding::Unclear, format!("Pemohon {name} disebut tanpa NIP dan tanpa user ID."), evidence)
        }
        (false, true, _) | (false, _, true) => {
            finding(item, Finding::Unclear, "Surat tidak memuat nama pemohon yang dapat dibaca.", evidence)
        }
        (false, false, false) => finding(item, Finding::Missing, "Surat tidak menyebut data pemohon.", evidence),
    })
}

fn appointment_decree(file: &CaseFile<'_>) -> Check {
    let item = "appointment_decree";
    let Some((stack, decree)) = file.decree() else {
        let because = unread_because(file, DocumentKind::AppointmentDecree, "SK pengangkatan")
            .unwrap_or_else(|| format!("SK pengangkatan sebagai {} belum dilampirkan.", file.recognition.role.profile));
        return finding(item, Finding::Missing, because, None);
    };
    let named = wording::numbered(decree.number.as_deref(), decree.enacted);
    if stack.annex_only {
        return finding(
            item,
            Finding::Unclear,
            format!("Hanya lampiran keputusan{named} yang ada, tanpa batang tubuhnya."),
            decree.evidence.clone(),
        );
    }
    if stack.weaker {
        let because = format!("Yang dilampirkan surat tugas atau surat perintah{named}, bukan keputusan pengangkatan.");
        return finding(item, Finding::Unclear, because, decree.evidence.clone());
    }
    if decree.only_releases {
        let because = format!("SK{named} menurut judulnya memberhentikan, bukan mengangkat.");
        return finding(item, Finding::Unclear, because, decree.evidence.clone());
    }
    if !decree.is_about {
        let because = format!("SK{named} tidak menyebut layanan pengadaan; mungkin mengangkat tim lain.");
        return finding(item, Finding::Unclear, because, decree.evidence.clone());
    }
    if let Some((how, because)) = draft(file, stack, decree) {
        return finding(item, how, because, decree.evidence.clone());
    }
    let signer = decree.signatures.blocks.iter().find(|b| b.filled);
    let because = format!("SK pengangkatan{named} ada{}.", signed_for(signer));
    finding(item, Finding::Met, because, decree.evidence.clone())
}

/// What a decree lacks that was not enacted yet: its number, its day, the signature. What recognition may have missed is not
/// counted, nor what stands on a page that did not come.
fn draft(file: &CaseFile<'_>, stack: &Stack, decree: &Decree) -> Option<(Finding, String)> {
    let unsigned = file.decree_signature() == Signature::None && !decree.signatures.blocks.is_empty();
    let own_text = stack.method == Method::Text;
    let lacks: Vec<&str> = [
        (own_text && decree.number.is_none(), "nomor"),
        (own_text && decree.enacted.is_none() && decree.has_closing, "tanggal penetapan"),
        (unsigned, "tanda tangan"),
    ]
    .into_iter()
    .filter_map(|(lacking, what)| lacking.then_some(what))
    .collect();
    let what = lacks.join(", ");
    match lacks.len() {
        0 => None,
        1 => Some((Finding::Unclear, format!("SK tidak memuat {what}."))),
        _ => Some((Finding::Missing, format!("SK masih berupa rancangan: tidak memuat {what}."))),
    }
}

fn decree_names_applicant(file: &CaseFile<'_>) -> Option<Check> {
    let item = "decree_names_applicant";
    let (stack, decree) = file.decree()?;
    let name = file.applicant.name.as_deref()?;
    let Some(entry) = &file.entry else {
        if decree.refers_to_annex && !file.has_annex(decree) {
            let because = "Lampiran SK yang memuat nama pemohon belum disertakan.";
            return Some(finding(item, Finding::Missing, because, decree.evidence.clone()));
        }
        if decree.enacted.is_none() && decree.signatures.blocks.is_empty() {
            let because = "SK belum lengkap: halaman penetapan dan nama pemohon belum disertakan.";
            return Some(finding(item, Finding::Missing, because, decree.evidence.clone()));
        }
        if let Some(mention) = file.mention() {
            let because = format!("{name} disebut dalam SK, tetapi tidak dalam diktum atau lampiran yang mengangkat.");
            return Some(finding(item, Finding::Unclear, because, [mention]));
        }
        let because = format!("Nama {name} tidak tercantum dalam SK.");
        // What was read from a picture may hide a name; a document's own text does not.
        let how = if stack.method == Method::Text { Finding::Contradicted } else { Finding::Missing };
        return Some(finding(item, how, because, decree.evidence.clone()));
    };
    let evidence = [entry.evidence.clone()];
    Some(match (entry.nip_equal, entry.likeness) {
        (Some(true), Likeness::Different) => {
            finding(item, Finding::Unclear, "NIP pemohon tercantum dalam SK dengan nama lain.", evidence)
        }
        (Some(true), Likeness::Exact) => {
            finding(item, Finding::Met, format!("{name} tercantum dalam SK dengan NIP yang sama."), evidence)
        }
        (Some(true), _) => {
            finding(item, Finding::Met, "Nama dalam SK ditulis sedikit berbeda, NIP sama.".to_owned(), evidence)
        }
        (Some(false), _) => finding(
            item,
            Finding::Unclear,
            format!("Nama {name} tercantum dalam SK dengan NIP yang berbeda."),
            evidence,
        ),
        (None, Likeness::Exact) => finding(item, Finding::Met, format!("{name} tercantum dalam SK."), evidence),
        (None, _) => {
            finding(item, Finding::Unclear, format!("Nama yang mirip {name} tercantum dalam SK, tanpa NIP."), evidence)
        }
    })
}
