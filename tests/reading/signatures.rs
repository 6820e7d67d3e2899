//! Electronic signatures inside PDFs: what is valid, and everything that must never be. Files of another implementation
//! lie in `signed`; `make.py` there says how they came about.

use std::path::PathBuf;

use loket::dossier::electronic::{Doubt, Electronic, Flaw};
use loket::reading::pool::{Pool, PoolConfig};
use loket::reading::{Limits, Roots, examine, take_apart};
use rcgen::ExtendedKeyUsagePurpose;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::make::{letter, mail, pdf_with};
use super::sign::{Authority, Person, dictionary, gap, sign, sign_as, update};

fn unsigned(lines: &[&str]) -> Vec<u8> {
    pdf_with(&[&letter(lines)], "", &[&dictionary()])
}

fn signed(person: &Person) -> Vec<u8> {
    sign(unsigned(&["Permohonan reset password"]), person)
}

fn judged(pdf: &[u8], roots: &Roots) -> Electronic {
    let raw = mail("Terlampir.", &[("surat.pdf", "application/pdf", pdf.to_vec())]);
    examine(&raw, &[], &Limits::default(), roots).papers.remove(0).electronic
}

fn roots(of: &Authority) -> Roots {
    Roots::new(std::slice::from_ref(&of.root)).expect("a root")
}

fn names(electronic: &Electronic) -> Vec<&str> {
    electronic.signers().iter().map(|s| s.name.as_str()).collect()
}

fn invalid(why: Flaw) -> Electronic {
    Electronic::Invalid { why }
}

fn doubtful(why: Doubt) -> Electronic {
    Electronic::Unverifiable { why }
}

#[test]
fn a_pdf_signed_under_a_trusted_root_is_valid_with_signer_issuer_time_and_period() {
    let authority = Authority::new("Induk Contoh");
    let pdf = signed(&authority.person("Budi Hartono"));

    let found = judged(&pdf, &roots(&authority));

    let [signer] = found.signers() else { panic!("{found:?}") };
    assert_eq!((signer.name.as_str(), signer.issuer.as_str()), ("Budi Hartono", "Induk Contoh"));
    assert_eq!(signer.at.unwrap().to_rfc3339(), "2026-11-11T09:14:30+08:00");
    let (from, until) = signer.period;
    assert_eq!((from.to_string().as_str(), until.to_string().as_str()), ("2026-01-01", "2027-01-01"));
}

#[test]
fn without_roots_no_signature_is_valid_and_under_other_roots_neither() {
    let authority = Authority::new("Induk Contoh");
    let pdf = signed(&authority.person("Budi Hartono"));

    assert_eq!(judged(&pdf, &Roots::default()), doubtful(Doubt::NoRoots));
    // Even one of the same name.
    assert_eq!(judged(&pdf, &roots(&Authority::new("Induk Contoh"))), doubtful(Doubt::UnknownIssuer));
}

#[test]
fn what_was_changed_or_signed_elsewhere_is_invalid() {
    let authority = Authority::new("Induk Contoh");
    let (roots, person) = (roots(&authority), authority.person("Budi Hartono"));
    let good = signed(&person);
    let mut tampered = good.clone();
    let at = tampered.windows(5).position(|w| w == b"reset").unwrap();
    tampered[at] = b'R';
    let other = sign(unsigned(&["Permohonan cuti"]), &person);
    let mut moved = sign_as(unsigned(&["Permohonan reset password"]), |_| Vec::new());
    let envelope = other[gap(&other)].to_vec();
    let place = gap(&moved);
    moved[place].copy_from_slice(&envelope);
    let stranger = Authority::new("Lain").person("Orang Lain");
    let forged = sign_as(unsigned(&["x"]), |covered| {
        // The certificate of one, the signature of another.
        use sha2::{Digest, Sha256};
        person.envelope_signed_by(&stranger, &Sha256::digest(covered))
    });

    assert_eq!(judged(&tampered, &roots), invalid(Flaw::Digest));
    assert_eq!(judged(&moved, &roots), invalid(Flaw::Digest));
    assert_eq!(judged(&forged, &roots), invalid(Flaw::Forged));
    assert_eq!(names(&judged(&good, &roots)), ["Budi Hartono"]);
}

#[test]
fn a_range_must_leave_out_the_signature_and_nothing_else() {
    let authority = Authority::new("Induk Contoh");
    let (roots, person) = (roots(&authority), authority.person("Budi Hartono"));
    let whole = unsigned(&["x"]);
    let gap = gap(&whole);
    let (start, end, rest) = (gap.start, gap.end, whole.len() - gap.end);
    let wrong = [
        [1, start - 1, end, rest],
        [0, start - 1, end, rest],
        [0, start + 1, end, rest],
        [0, start, end + 1, rest - 1],
        [0, start, end - 1, rest + 1],
        [0, start, end, rest + 1],
        [0, start, end, 0],
        [0, end, start, rest],
        [0, 9_999_999_999, 9_999_999_999, 9_999_999_999],
    ];

    for range in wrong {
        let mut pdf = sign(whole.clone(), &person);
        let at = pdf.windows(11).rposition(|w| w == b"/ByteRange[").unwrap() + 11;
        let text = range.map(|n: usize| format!("{n:010}")).join(" ");
        pdf[at..at + text.len()].copy_from_slice(text.as_bytes());
        assert_eq!(judged(&pdf, &roots), invalid(Flaw::Range), "{range:?}");
    }
}

#[test]
fn nothing_may_be_added_afterwards_but_proofs() {
    let authority = Authority::new("Induk Contoh");
    let roots = roots(&authority);
    let pdf = signed(&authority.person("Budi Hartono"));
    let page = |more: &[u8]| pdf_with(&[more], "", &[]);
    let new_text = update(pdf.clone(), &[(13, super::make::stream("", &letter(&["Permohonan lain"])))]);
    let new_catalog = update(pdf.clone(), &[(1, b"<</Type/Catalog/Pages 90 0 R>>".to_vec())]);
    let proofs = update(
        pdf.clone(),
        &[(1, b"<</Type/Catalog/Pages 2 0 R/DSS 90 0 R>>".to_vec()), (90, b"<</Type/DSS/Certs[]>>".to_vec())],
    );

    for added in [&b"\n"[..], b" ", b"%%EOF\n", &page(b"")] {
        let longer = [&pdf, added].concat();
        assert!(!matches!(judged(&longer, &roots), Electronic::Valid { .. }), "{} bytes", added.len());
    }
    assert_eq!(judged(&new_text, &roots), invalid(Flaw::Appended));
    assert_eq!(judged(&new_catalog, &roots), invalid(Flaw::Appended));
    assert_eq!(names(&judged(&proofs, &roots)), ["Budi Hartono"]);
}

#[test]
fn a_second_signer_may_sign_and_not_rewrite() {
    let authority = Authority::new("Induk Contoh");
    let roots = roots(&authority);
    let (first, second) = (authority.person("Budi Hartono"), authority.person("Siti Aminah"));
    let pdf = signed(&first);
    let catalog = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[91 0 R]/SigFlags 3>>>>".to_vec();
    let field = b"<</FT/Sig/T(Atasan)/V 90 0 R/Type/Annot/Subtype/Widget/Rect[0 0 0 0]>>".to_vec();
    let mut more = vec![(1, catalog), (90, dictionary()), (91, field)];
    let honest = sign(update(pdf.clone(), &more), &second);
    // Whichever of the objects is the page's content.
    let rewritten = (11..14).find(|id| {
        let text = format!("{id} 0 obj\n<</Length");
        pdf.windows(text.len()).any(|w| w == text.as_bytes())
    });
    more.push((rewritten.expect("a content stream"), super::make::stream("", &letter(&["Permohonan lain"]))));
    let dishonest = sign(update(pdf, &more), &second);

    assert_eq!(names(&judged(&honest, &roots)), ["Budi Hartono", "Siti Aminah"]);
    assert_eq!(judged(&dishonest, &roots), invalid(Flaw::Appended));
}

#[test]
fn a_certificate_for_other_purposes_signs_no_document() {
    let authority = Authority::new("Induk Contoh");
    let roots = roots(&authority);
    let of = |purpose| judged(&signed(&authority.person_for("Budi", purpose)), &roots);

    assert_eq!(of(ExtendedKeyUsagePurpose::ServerAuth), doubtful(Doubt::Purpose));
    assert_eq!(of(ExtendedKeyUsagePurpose::TimeStamping), doubtful(Doubt::Purpose));
    let document_signing = ExtendedKeyUsagePurpose::Other(vec![1, 3, 6, 1, 5, 5, 7, 3, 36]);
    assert_eq!(names(&of(document_signing)), ["Budi"]);
}

#[test]
fn garbage_in_the_place_of_a_signature_is_never_valid() {
    let authority = Authority::new("Induk Contoh");
    let roots = roots(&authority);
    let blobs: [&[u8]; 6] = [
        &[],
        &[0x30, 0],
        &[0x30, 0x80, 0, 0],
        &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        &[0xff; 900],
        &[0x30, 3, 2, 1, 5],
    ];

    for blob in blobs {
        let found = judged(&sign_as(unsigned(&["x"]), |_| blob.to_vec()), &roots);
        assert_eq!(found, doubtful(Doubt::Unreadable), "{blob:?}");
    }
}

#[test]
fn no_mutation_of_a_signed_pdf_is_valid() {
    let authority = Authority::new("Induk Contoh");
    let roots = roots(&authority);
    let pdf = signed(&authority.person("Budi Hartono"));
    let gap = gap(&pdf);
    let limits = Limits::default();
    let mut doctored = 0;

    // A third of all bits outside, each seventh digit inside; which third is decided by the place, so runs are alike.
    for at in 0..pdf.len() {
        let inside = gap.contains(&at);
        if (inside && at % 7 != 0) || (!inside && at % 3 != 0) {
            continue;
        }
        let mut bytes = pdf.clone();
        bytes[at] ^= 1 << (at % 8);
        let raw = mail("x", &[("surat.pdf", "application/pdf", bytes)]);
        let found = examine(&raw, &[], &limits, &roots).papers.remove(0).electronic;
        // Parts of the envelope are signed by nobody; nothing in them says who signed what.
        let harmless = inside && names(&found) == ["Budi Hartono"];
        assert!(harmless || !matches!(found, Electronic::Valid { .. }), "byte {at}: {found:?}");
        doctored += usize::from(!matches!(found, Electronic::Valid { .. }));
    }
    assert!(doctored > 700, "{doctored}");
}

fn of_another_implementation(file: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reading/signed").join(file);
    std::fs::read(path).expect("a file of the repository")
}

fn root_of_another_implementation() -> Vec<Vec<u8>> {
    vec![CertificateDer::from_pem_slice(&of_another_implementation("root.pem")).expect("PEM").to_vec()]
}

#[test]
fn files_that_pyhanko_signed_are_verified() {
    let roots = Roots::new(&root_of_another_implementation()).unwrap();
    let of = |file| judged(&of_another_implementation(file), &roots);

    for file in ["rsa.pdf", "pss.pdf"] {
        let found = of(file);
        assert_eq!(names(&found), ["Budi Hartono, S.Kom."], "{file}: {found:?}");
    }
    assert_eq!(names(&of("two.pdf")), ["Budi Hartono, S.Kom.", "Drs. Slamet Riyadi"]);
    assert_eq!(names(&of("stamped.pdf")), ["Drs. Slamet Riyadi"]);
    assert_eq!(of("rsa.pdf").signers()[0].issuer, "Penerbit Contoh");
    assert_eq!(of("sha1.pdf"), doubtful(Doubt::Algorithm));
}

#[tokio::test]
async fn the_walled_worker_knows_the_roots_and_verifies() {
    let config = PoolConfig::new(PathBuf::from(env!("CARGO_BIN_EXE_loket")));
    let pool = Pool::new(PoolConfig { workers: 1, lifetime: 1, roots: root_of_another_implementation(), ..config });
    let file = of_another_implementation("rsa.pdf");
    let raw = mail("x", &[("surat.pdf", "application/pdf", file)]);

    // Also the worker that replaces the first.
    for _ in 0..2 {
        let contents = pool.read(&raw).await.expect("a worker starts");
        assert_eq!(names(&contents.papers[0].electronic), ["Budi Hartono, S.Kom."]);
    }
    assert_eq!(pool.counts().started, 2);
    assert_eq!(take_apart(&raw, &Limits::default()).papers[0].electronic, doubtful(Doubt::NoRoots));
}
