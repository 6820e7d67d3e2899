//! Appointment decrees of other offices: other issuers, other forms, other ways of saying how long.

use loket::sop::checklist::{DocumentKind, Finding, Signature, Understanding};

use super::set::{day, expect, mail, paper, seen};

pub const BUPATI: [&str; 2] = [
    "\
                              BUPATI TIRTA
                             PROVINSI SAGARA

                         KEPUTUSAN BUPATI TIRTA
                    NOMOR 100.3.3.2/88/HK/2026
                              TENTANG
     PENETAPAN PERSONIL LAYANAN PENGADAAN SECARA ELEKTRONIK
               KABUPATEN TIRTA TAHUN 2026
              DENGAN RAHMAT TUHAN YANG MAHA ESA
                          BUPATI TIRTA,
Menimbang   : a. bahwa Keputusan Bupati Nomor 7 Tahun 2025 yang berlaku sampai dengan
                 31 Desember 2025 telah berakhir;
Mengingat   : 1. Undang-Undang Nomor 69 Tahun 1958;
                 Nomor 23 Tahun 2014;
                          MEMUTUSKAN :
Menetapkan  :
KESATU      : Menetapkan personil LPSE sebagaimana tercantum dalam Lampiran Keputusan ini.
KEDUA       : Biaya dibebankan pada APBD Tahun Anggaran 2026.
KETIGA      : Keputusan ini mulai berlaku pada tanggal ditetapkan.

                                      Ditetapkan di Tirta
                                      pada tanggal 12 Januari 2026
                                      BUPATI TIRTA,

                                      [tinta]

                                      I GEDE ARTA WIJAYA",
    "\
                                      LAMPIRAN
                                      KEPUTUSAN BUPATI TIRTA
                                      NOMOR 100.3.3.2/88/HK/2026
                                      TANGGAL 12 JANUARI 2026
NO    NAMA                         NIP                       JABATAN DINAS          KEDUDUKAN
1     Komang Adi Putra, S.E.       19800101 200501 1 903     Analis                 Verifikator
2     I Wayan Sudana, S.Kom.       19880512 201503 1 901     Pranata Komputer       Helpdesk
3     Ni Kadek Ayu L., A.Md.       19950725 202321 2 902     Pengelola              Helpdesk
                                      BUPATI TIRTA,
                                      ttd
                                      I GEDE ARTA WIJAYA",
];

const GROUPED: &str = "\
PEMERINTAH KOTA LAUTAN
SURAT KEPUTUSAN KEPALA BAGIAN LAYANAN PENGADAAN
NOMOR : SK/03/BLP/2026
Tentang
Penunjukan Petugas LPSE Kota Lautan
Menimbang : bahwa perlu menunjuk petugas;
Mengingat : Peraturan LKPP Nomor 10 Tahun 2021;
MEMUTUSKAN:
Menetapkan :
PERTAMA : Menunjuk petugas sebagai berikut:
I. Verifikator
   1. Komang Adi Putra, S.E.
II. Help Desk
   1. Ni Kadek Ayu Lestari, A.Md.
   2. I Wayan Sudana, S.Kom.
KEDUA : Keputusan ini berlaku terhitung mulai 1 Februari 2026 untuk jangka waktu 1 (satu) tahun.
Ditetapkan di : Lautan
Pada tanggal  : 28 Januari 2026
Kepala Bagian,
ttd
Made Rai";

const SINGLE: &str = "\
PETIKAN
KEPUTUSAN SEKRETARIS DAERAH KABUPATEN TIRTA
NOMOR : 188.45/12/2026
TENTANG
PENGANGKATAN PETUGAS LAYANAN PENGADAAN
MENIMBANG : dst.
MENGINGAT : dst.
MEMUTUSKAN
MENETAPKAN :
KESATU : Mengangkat Saudara :
         Nama      : I WAYAN SUDANA, S.KOM.
         NIP       : 198805122015031901
         Jabatan   : Pranata Komputer Ahli Muda
         sebagai Petugas Helpdesk LPSE.
KEDUA  : Keputusan ini berlaku sejak tanggal 1 Maret 2026 sampai dengan 28 Pebruari 2028.
Ditetapkan di Tirta pada tanggal dua puluh lima Pebruari dua ribu dua puluh enam
Petikan sesuai dengan aslinya
KEPALA BAGIAN HUKUM,
ttd.
NI LUH SARI";

const ASSIGNMENT: &str = "\
PEMERINTAH KABUPATEN TIRTA
SURAT TUGAS
Nomor : 800/77/PBJ/2026
Dasar : Surat Kepala Bagian
MEMERINTAHKAN :
Kepada : Nama : I Wayan Sudana, S.Kom.
         NIP  : 198805122015031901
Untuk : Bertugas sebagai Helpdesk LPSE sampai dengan 31 Desember 2026
Tirta, 5 Januari 2026
Kepala Bagian PBJ,
ttd
Made Rai";

const LETTER: &str = "\
Nomor : 027/455/PBJ/2026
Perihal : Permohonan Reset Password
Yth. Admin PPE
Mohon reset password akun Helpdesk saya.
Nama : I Wayan Sudana, S.Kom.
NIP : 198805122015031901
Pemohon,
ttd
I Wayan Sudana, S.Kom.";

fn with(decree: &[&str]) -> Understanding {
    seen(&[mail(
        "Permohonan reset password",
        "Terlampir.",
        vec![paper("surat.pdf", &[LETTER]), paper("x.pdf", decree)],
    )])
}

#[test]
fn a_regents_decree_with_an_annex_is_read() {
    let seen = with(&BUPATI);
    let decree = &seen.documents[1];

    assert_eq!((decree.kind, decree.pages.as_str()), (DocumentKind::AppointmentDecree, "1-2"));
    assert_eq!(decree.number.as_deref(), Some("100.3.3.2/88/HK/2026"));
    assert_eq!((decree.date, decree.valid_until), (Some(day(2026, 1, 12)), Some(day(2026, 12, 31))));
    assert_eq!(decree.signature, Signature::Block);
    expect(
        &seen,
        &[("decree_names_applicant", Finding::Met), ("role_matches", Finding::Met), ("decree_in_force", Finding::Met)],
    );
}

#[test]
fn names_grouped_under_headings_have_their_groups_role() {
    let seen = with(&[GROUPED]);

    assert_eq!(seen.documents[1].number.as_deref(), Some("SK/03/BLP/2026"));
    assert_eq!(seen.documents[1].date, Some(day(2026, 1, 28)));
    assert_eq!(seen.documents[1].valid_from, Some(day(2026, 2, 1)));
    assert_eq!(seen.documents[1].valid_until, Some(day(2027, 1, 31)));
    expect(&seen, &[("decree_names_applicant", Finding::Met), ("role_matches", Finding::Met)]);
}

#[test]
fn an_excerpt_for_one_person_needs_no_annex() {
    let seen = with(&[SINGLE]);

    assert_eq!(seen.documents[1].date, Some(day(2026, 2, 25)));
    assert_eq!(seen.documents[1].valid_until, Some(day(2028, 2, 28)));
    expect(
        &seen,
        &[("decree_names_applicant", Finding::Met), ("role_matches", Finding::Met), ("decree_in_force", Finding::Met)],
    );
}

#[test]
fn an_assignment_letter_is_weaker_than_a_decree() {
    let seen = with(&[ASSIGNMENT]);

    assert_eq!(seen.documents[1].kind, DocumentKind::AppointmentDecree);
    expect(
        &seen,
        &[
            ("appointment_decree", Finding::Unclear),
            ("decree_names_applicant", Finding::Met),
            ("role_matches", Finding::Met),
        ],
    );
}

#[test]
fn a_first_page_without_its_annex_is_incomplete() {
    let seen = with(&BUPATI[..1]);

    expect(&seen, &[("appointment_decree", Finding::Met), ("decree_names_applicant", Finding::Missing)]);
    assert!(!seen.is_complete());
}

#[test]
fn an_annex_that_comes_as_a_paper_of_its_own_completes_the_decree() {
    let papers =
        vec![paper("surat.pdf", &[LETTER]), paper("lampiran sk.pdf", &BUPATI[1..]), paper("sk.pdf", &BUPATI[..1])];

    let seen = seen(&[mail("Permohonan", "", papers)]);

    expect(
        &seen,
        &[
            ("appointment_decree", Finding::Met),
            ("decree_names_applicant", Finding::Met),
            ("role_matches", Finding::Met),
        ],
    );
}

#[test]
fn who_is_not_in_a_whole_decree_is_contradicted() {
    let without = BUPATI[1].replace(
        "I Wayan Sudana, S.Kom.       19880512 201503 1 901",
        "I Ketut Lain, S.Kom.         19770512 201503 1 905",
    );

    expect(&with(&[BUPATI[0], &without]), &[("decree_names_applicant", Finding::Contradicted)]);
}

#[test]
fn another_role_in_the_decree_is_contradicted() {
    let other = BUPATI[1].replace("Pranata Komputer       Helpdesk", "Petugas Helpdesk       Trainer");

    expect(&with(&[BUPATI[0], &other]), &[("role_matches", Finding::Contradicted)]);
}

#[test]
fn an_ended_decree_is_no_longer_in_force_and_a_future_one_is_doubtful() {
    let ended = BUPATI[0].replace("TAHUN 2026", "TAHUN 2025");
    let future = SINGLE.replace("1 Maret 2026", "1 Desember 2026");

    expect(&with(&[&ended, BUPATI[1]]), &[("appointment_decree", Finding::Met), ("decree_in_force", Finding::Missing)]);
    expect(&with(&[&future]), &[("decree_in_force", Finding::Unclear)]);
}

#[test]
fn a_decree_about_something_else_is_another_paper() {
    let promotion = "KEPUTUSAN BUPATI TIRTA\nNOMOR 823/12/2026\nTENTANG\nKENAIKAN PANGKAT PEGAWAI NEGERI SIPIL\nMenimbang : bahwa\nMEMUTUSKAN:\nMenetapkan :\nKESATU : Menaikkan pangkat I Wayan Sudana.";

    let seen = with(&[promotion]);

    assert_eq!(seen.documents[1].kind, DocumentKind::Other);
    expect(&seen, &[("appointment_decree", Finding::Missing)]);
}

#[test]
fn letter_and_decree_in_one_attachment_are_two_documents() {
    let seen = seen(&[mail("Permohonan", "", vec![paper("semua.pdf", &[LETTER, BUPATI[0], BUPATI[1]])])]);

    let pages: Vec<_> = seen.documents.iter().map(|d| (d.kind, d.pages.clone())).collect();
    assert_eq!(pages, [(DocumentKind::RequestLetter, "1".into()), (DocumentKind::AppointmentDecree, "2-3".into())]);
}
