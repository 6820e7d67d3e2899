//! The eleven samples, each a mail with what must come of it. The one for whom days must pass comes last.

use chrono::NaiveDate;

use super::label::{Fate, Label, Play, Verdict};
use super::papers::{Letter, letter_pdf, memo_docx};
use super::people::{AGUNG, BAYU, FARIDAH, JOHANNES, MELATI, Person, RINA, SEKAR, WULAN};
use super::post::{DOCX, PDF};
use super::requests::{Draft, FollowUp};
use crate::sop::checklist::Finding;
use crate::sop::names::Service::{self, ResetPassword, UserIdInfo};

const MET: &[Finding] = &[Finding::Met];
const MISSING: &[Finding] = &[Finding::Missing];
const CONTRADICTED: &[Finding] = &[Finding::Contradicted];
const NOT_NAMED: &[Finding] = &[Finding::Missing, Finding::Contradicted];

/// Makes a sample from the day it is played and the decree of that year.
pub(super) type Maker = fn(NaiveDate, &[u8]) -> Draft;

pub(super) const ALL: [Maker; 11] = [
    complete,
    completed_later,
    nip_differs,
    user_id,
    both,
    not_in_decree,
    withdrawn,
    vendor,
    auto_reply,
    forged,
    stranger,
];

fn request(id: &'static str, titles: (&'static str, &'static str), services: &[Service]) -> Label {
    Label {
        id,
        title: titles.0,
        title_en: titles.1,
        verdict: Verdict::Request,
        services: services.to_vec(),
        complete: Some(true),
        findings: Vec::new(),
        plays: Vec::new(),
        fate: Fate::Ignored,
    }
}

fn letter(person: &Person, services: &[Service], number: &str, date: NaiveDate, signed: bool) -> Vec<u8> {
    letter_pdf(&Letter { applicant: person, services, number, date, nip: None, signed, pad_to: None })
}

const ALL_IN_ORDER: [(&str, &[Finding]); 9] = [
    ("request_letter", MET),
    ("request_letter_signed", MET),
    ("service_stated", MET),
    ("applicant_identified", MET),
    ("appointment_decree", MET),
    ("decree_names_applicant", MET),
    ("account_found", MET),
    ("nip_matches", MET),
    ("decree_in_force", MET),
];

fn complete(day: NaiveDate, decree: &[u8]) -> Draft {
    let titles = ("Permohonan lengkap dari alamat terdaftar", "A complete request from the registered address");
    let label = Label {
        findings: ALL_IN_ORDER.to_vec(),
        plays: vec![Play::Approve, Play::Reveal { nip: RINA.nip }, Play::ConfirmChange],
        fate: Fate::ResetConfirmed,
        ..request("complete", titles, &[ResetPassword])
    };
    let text = "Yth. Admin PPE,\n\nBersama ini kami sampaikan surat permohonan reset password beserta SK pengangkatan sebagai \
                Helpdesk untuk dapat diproses lebih lanjut.\n\nAtas perhatian dan kerja samanya diucapkan terima kasih.";
    let paper = letter(&RINA, &[ResetPassword], "000.3/0911/BLPE/B.PBJ", day, true);
    Draft::of(label, &RINA, "Permohonan Reset Password Helpdesk a.n. Rina Paramitha Lestari", text)
        .with(vec![("Surat Permohonan.pdf", PDF, paper), ("SK Pengelola LPSE.pdf", PDF, decree.to_vec())])
}

fn completed_later(day: NaiveDate, decree: &[u8]) -> Draft {
    let titles = ("Belum lengkap, dilengkapi kemudian", "Incomplete, then completed");
    let label = Label {
        complete: Some(false),
        findings: vec![("request_letter", MET), ("request_letter_signed", MISSING), ("appointment_decree", MISSING)],
        plays: vec![
            Play::AskToComplete,
            Play::FollowUp,
            Play::Approve,
            Play::Reveal { nip: AGUNG.nip },
            Play::ConfirmChange,
        ],
        fate: Fate::ResetConfirmed,
        ..request("completed_later", titles, &[ResetPassword])
    };
    let number = "000.3/0912/BLPE/B.PBJ";
    let paper = |signed| ("permohonan reset agung.pdf", PDF, letter(&AGUNG, &[ResetPassword], number, day, signed));
    let text = "Selamat pagi Bapak/Ibu Admin,\n\nMohon bantuan reset password akun helpdesk saya, surat terlampir.\n\nTerima kasih.";
    let mut draft = Draft::of(label, &AGUNG, "Mohon reset password akun helpdesk", text).with(vec![paper(false)]);
    draft.follow_up = Some(FollowUp {
        from: AGUNG,
        text: "Yth. Admin PPE,\n\nTerlampir surat yang sudah ditandatangani beserta SK pengangkatan.",
        enclosed: vec![paper(true), ("SK Pengelola LPSE.pdf", PDF, decree.to_vec())],
    });
    draft
}

fn nip_differs(day: NaiveDate, decree: &[u8]) -> Draft {
    let titles = ("NIP pada surat berbeda dari register", "The NIP in the letter differs from the register");
    let label = Label {
        findings: vec![("request_letter", MET), ("account_found", MET), ("nip_matches", CONTRADICTED)],
        plays: vec![Play::Reject("R04")],
        fate: Fate::Rejected("R04"),
        ..request("nip_differs", titles, &[ResetPassword])
    };
    // With this NIP the decree names somebody else, or nobody: how that is found is the dossier's business.
    let label = Label { complete: None, ..label };
    let paper = letter_pdf(&Letter {
        applicant: &MELATI,
        services: &[ResetPassword],
        number: "000.3/0913/BLPE/B.PBJ",
        date: day,
        nip: Some("19891104 201402 2 934"),
        signed: true,
        pad_to: None,
    });
    let text = "Dengan hormat,\n\nMohon dapat dilakukan reset password akun Helpdesk kami. Surat dan SK terlampir.\n\nTerima kasih.";
    Draft::of(label, &MELATI, "Permohonan perubahan kata sandi Helpdesk", text)
        .with(vec![("Permohonan.pdf", PDF, paper), ("SK_Helpdesk.pdf", PDF, decree.to_vec())])
}

fn user_id(day: NaiveDate, decree: &[u8]) -> Draft {
    let titles = ("Informasi user ID, nota dinas DOCX", "User ID information, a memo in DOCX");
    let label = Label {
        findings: vec![("request_letter", MET), ("appointment_decree", MET), ("account_found", MET)],
        plays: vec![Play::Approve, Play::Reveal { nip: JOHANNES.nip }],
        fate: Fate::UserIdGiven,
        ..request("user_id", titles, &[UserIdInfo])
    };
    let text = "Yth. Admin PPE,\n\nTerlampir nota dinas permohonan informasi user ID dan SK pengangkatan. Mohon ditindaklanjuti.";
    let memo = memo_docx(&JOHANNES, &[UserIdInfo], "000.3/0914/BLPE/B.PBJ", day);
    Draft::of(label, &JOHANNES, "Permohonan Informasi User ID", text)
        .with(vec![("nota dinas user id.docx", DOCX, memo), ("SK Pengelola LPSE.pdf", PDF, decree.to_vec())])
}

fn both(day: NaiveDate, decree: &[u8]) -> Draft {
    let titles = ("Reset password dan informasi user ID", "Password reset and user ID information");
    let label = Label {
        findings: vec![("service_stated", MET), ("account_found", MET), ("nip_matches", MET)],
        plays: vec![Play::Approve, Play::Reveal { nip: SEKAR.nip }, Play::ConfirmChange],
        fate: Fate::ResetConfirmed,
        ..request("both", titles, &[ResetPassword, UserIdInfo])
    };
    let paper = letter(&SEKAR, &[ResetPassword, UserIdInfo], "000.3/0915/BLPE/B.PBJ", day, true);
    let text =
        "Yth. Admin PPE,\n\nMohon reset password sekaligus informasi user ID akun Helpdesk kami. Berkas terlampir.";
    Draft::of(label, &SEKAR, "Permohonan reset password dan informasi user ID", text)
        .with(vec![("surat sekar.pdf", PDF, paper), ("SK Pengelola LPSE.pdf", PDF, decree.to_vec())])
}

fn not_in_decree(day: NaiveDate, decree: &[u8]) -> Draft {
    let titles = ("Pemohon tidak tercantum dalam SK", "The applicant is not named in the decree");
    let label = Label {
        complete: Some(false),
        findings: vec![("request_letter", MET), ("appointment_decree", MET), ("decree_names_applicant", NOT_NAMED)],
        plays: vec![Play::Reject("R02")],
        fate: Fate::Rejected("R02"),
        ..request("not_in_decree", titles, &[ResetPassword])
    };
    let paper = letter(&FARIDAH, &[ResetPassword], "000.3/0916/BLPE/B.PBJ", day, true);
    let text = "Yth. Admin PPE,\n\nMohon reset password akun Helpdesk saya. Surat permohonan dan SK terlampir.\n\nTerima kasih.";
    Draft::of(label, &FARIDAH, "Permohonan Reset Password", text)
        .with(vec![("Surat Faridah.pdf", PDF, paper), ("SK LPSE.pdf", PDF, decree.to_vec())])
}

fn withdrawn(day: NaiveDate, decree: &[u8]) -> Draft {
    let titles = ("Dicabut oleh pemohon", "Withdrawn by the applicant");
    let label = Label {
        findings: vec![("request_letter", MET), ("appointment_decree", MET)],
        plays: vec![Play::FollowUp],
        fate: Fate::Withdrawn,
        ..request("withdrawn", titles, &[ResetPassword])
    };
    let paper = letter(&BAYU, &[ResetPassword], "000.3/0917/BLPE/B.PBJ", day, true);
    let text = "Yth. Admin PPE,\n\nMohon reset password akun Helpdesk saya, berkas terlampir.";
    let mut draft = Draft::of(label, &BAYU, "Reset password helpdesk", text)
        .with(vec![("surat bayu.pdf", PDF, paper), ("SK Pengelola LPSE.pdf", PDF, decree.to_vec())]);
    draft.follow_up = Some(FollowUp {
        from: BAYU,
        text: "BATAL\n\nPasswordnya sudah saya ingat kembali. Terima kasih.",
        enclosed: Vec::new(),
    });
    draft
}

fn vendor(_: NaiveDate, _: &[u8]) -> Draft {
    let titles = ("Penyedia meminta akun penyedia", "A vendor asks about a vendor's account");
    let label = Label {
        verdict: Verdict::Refused("out_of_scope"),
        complete: None,
        fate: Fate::OutOfScope,
        ..request("vendor", titles, &[])
    };
    let text = "Kepada Yth. Admin LPSE,\n\nKami dari CV Sinar Pagi Nusantara selaku penyedia tidak dapat login ke akun penyedia \
                perusahaan kami karena lupa password. Mohon direset agar kami dapat memasukkan penawaran.\n\nHormat kami,\n\
                Direktur CV Sinar Pagi Nusantara";
    let from = ("CV Sinar Pagi Nusantara", "admin@sinarpagi.example");
    Draft::new(label, from, "Lupa password akun penyedia", text)
}

fn auto_reply(_: NaiveDate, _: &[u8]) -> Draft {
    let titles = ("Balasan otomatis", "An automatic reply");
    let label = Label { verdict: Verdict::Ignored("auto_reply"), complete: None, ..request("auto_reply", titles, &[]) };
    let text = "Terima kasih atas surel Anda. Saya sedang cuti dan akan membalas setelah kembali bekerja.";
    let mut draft = Draft::of(label, &WULAN, "Balasan otomatis: sedang cuti", text);
    draft.automatic = true;
    draft
}

fn stranger(_: NaiveDate, _: &[u8]) -> Draft {
    let titles = ("Orang tak dikenal tanpa berkas", "A stranger without papers");
    let label = Label {
        complete: Some(false),
        findings: vec![("request_letter", MISSING), ("appointment_decree", MISSING)],
        plays: vec![Play::AskToComplete, Play::LetDeadlinePass, Play::Reject("R06")],
        fate: Fate::Expired,
        ..request("stranger", titles, &[ResetPassword])
    };
    let text = "Min, tolong reset password helpdesk spse saya ya, lupa. Makasih.";
    Draft::new(label, ("Kamal", "kamal.rider88@suratku.example"), "lupa password", text)
}

fn forged(day: NaiveDate, decree: &[u8]) -> Draft {
    let titles = ("Alamat pengirim dipalsukan", "A forged sender");
    let label = Label {
        verdict: Verdict::Refused("unauthenticated"),
        complete: None,
        plays: vec![Play::DropHeld],
        fate: Fate::Dropped,
        ..request("forged", titles, &[ResetPassword])
    };
    let paper = letter(&WULAN, &[ResetPassword], "000.3/0918/BLPE/B.PBJ", day, true);
    let text = "Yth. Admin PPE,\n\nMohon reset password akun Helpdesk saya hari ini juga. Berkas terlampir.";
    let mut draft = Draft::of(label, &WULAN, "Permohonan Reset Password", text)
        .with(vec![("surat.pdf", PDF, paper), ("SK.pdf", PDF, decree.to_vec())]);
    draft.authentic = false;
    draft
}
