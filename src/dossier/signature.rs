//! The letter's signature, SOP step 5: ink on the right name, or an electronic signature by the right person. Whether ink
//! is genuine no machine can say; of an electronic signature the worker has said what it is worth.

use super::case_file::CaseFile;
use super::electronic::Signer;
use super::fact::name::{self, Likeness};
use super::recognition::SignerPolicy;
use super::validity::{finding, with};
use crate::sop::checklist::{Check, Finding, Signature};

pub fn valid(file: &CaseFile<'_>) -> Option<Check> {
    let item = "signature_valid";
    let (stack, letter) = file.letter()?;
    let words = letter.signatures.electronic.clone();
    let told = stack.electronic.in_words();
    let (how, because) = match file.read[file.letter?].signature() {
        Signature::None => return None,
        Signature::Block => return Some(by_hand(file)),
        Signature::ElectronicValid => {
            let by = Signed::by(file, stack.electronic.signers());
            let how = if by.satisfies(file.recognition.letter.signer) { Finding::Met } else { Finding::Unclear };
            (how, format!("{} {}", told.unwrap_or_default(), by.in_words()))
        }
        Signature::ElectronicInvalid => (Finding::Contradicted, told.unwrap_or_default()),
        Signature::ElectronicUnverifiable => {
            let only_words = "Tanda tangan elektronik hanya berupa tulisan atau gambar dan tidak dapat diverifikasi.";
            (Finding::Unclear, told.unwrap_or_else(|| only_words.to_owned()))
        }
    };
    Some(with(finding(item, how, because), words, None))
}

fn by_hand(file: &CaseFile<'_>) -> Check {
    let item = "signature_valid";
    let signatures = file.letter().map(|(_, letter)| &letter.signatures);
    let number = file.applicant.nip.as_ref().map(|nip| nip.digits());
    let own = signatures.and_then(|s| s.of_applicant(file.applicant.name.as_deref(), number)).filter(|b| b.filled);
    let check = match own {
        Some(_) => {
            finding(item, Finding::Met, "Tanda tangan tertera pada nama pemohon; keasliannya dinilai oleh Admin.")
        }
        None => finding(item, Finding::Unclear, "Tanda tangan yang tertera bukan pada nama pemohon."),
    };
    with(check, own.map(|b| b.evidence.clone()), None)
}

/// Whose electronic signatures a letter bears.
pub struct Signed {
    pub applicant: bool,
    /// Somebody whom the letter names in a signature block.
    named: bool,
    pub another: bool,
}

impl Signed {
    pub fn by(file: &CaseFile<'_>, signers: &[Signer]) -> Self {
        // A certificate is exact; one letter more or less may be another person's.
        let is = |signer: &Signer, who: &str| name::compare(&signer.name, who) <= Likeness::Initials;
        let own = |signer: &Signer| file.applicant.name.as_deref().is_some_and(|who| is(signer, who));
        let blocks = file.letter().map(|(_, letter)| letter.signatures.blocks.as_slice()).unwrap_or_default();
        let named = |signer: &Signer| blocks.iter().any(|block| is(signer, &block.name));
        Self {
            applicant: signers.iter().any(own),
            named: signers.iter().all(|s| own(s) || named(s)),
            another: signers.iter().any(|s| !own(s)),
        }
    }

    pub fn satisfies(&self, policy: SignerPolicy) -> bool {
        match policy {
            SignerPolicy::Applicant => self.applicant,
            SignerPolicy::Superior => self.another && self.named,
            SignerPolicy::Both => self.applicant && self.another && self.named,
            SignerPolicy::Anyone => self.applicant || self.named,
        }
    }

    fn in_words(&self) -> &'static str {
        match (self.applicant, self.named) {
            (true, true) => "Nama penanda tangan sesuai dengan surat.",
            (true, false) => "Pemohon ikut menandatangani; penanda tangan lain tidak tercantum pada surat.",
            (false, true) => "Penanda tangan tercantum pada surat, tetapi bukan pemohon.",
            (false, false) => "Nama penanda tangan tidak tercantum pada surat.",
        }
    }
}
