//! Layouts met in other offices' papers that once misled the reader: each page is the smallest that shows the trap.

use loket::dossier::Verdict;
use loket::sop::checklist::{DocumentKind, Finding, Signature, Understanding};
use loket::sop::names::Service;

use super::set::{day, expect, mail, paper, seen, verdict};

const LETTER: &str = "\
Nomor : 027/455/PBJ/2026
Perihal : Permohonan Reset Password
Tirta, 16 November 2026
Yth. Admin PPE
Mohon reset password akun Helpdesk saya.
Nama : I Wayan Sudana, S.Kom.
NIP : 198805122015031901
Pemohon,
ttd
I Wayan Sudana, S.Kom.";

const CLAUSES: &str = "\
                KEPUTUSAN REKTOR UNIVERSITAS TIRTA
                    NOMOR 45 TAHUN 2026
                         TENTANG
        PENETAPAN TIM PENGELOLA LPSE UNIVERSITAS TIRTA
Menimbang  : bahwa perlu menetapkan tim;
Mengingat  : Peraturan LKPP Nomor 10 Tahun 2021;
                       MEMUTUSKAN :
KESATU     : Menetapkan Tim yang susunannya tercantum pada lajur 2
             lampiran keputusan ini dengan tugas pada lajur 4.
KEDUA      : Keputusan ini berlaku untuk Tahun Anggaran 2026.
                                        Ditetapkan di Tirta
                                        pada tanggal 5 Januari 2026
                                        REKTOR,

                                        [tinta]


                                        Prof. Dr. Lukman Siregar";

fn annex(table: &str) -> String {
    format!("LAMPIRAN\nKEPUTUSAN REKTOR UNIVERSITAS TIRTA\nNOMOR 45 TAHUN 2026\nTANGGAL 5 JANUARI 2026\n\n{table}")
}

fn with(pages: &[&str]) -> Understanding {
    of(LETTER, pages)
}

fn of(letter: &str, decree: &[&str]) -> Understanding {
    let papers = vec![paper("surat.pdf", &[letter]), paper("sk.pdf", decree)];
    seen(&[mail("Permohonan reset password", "Terlampir.", papers)])
}

const NAMED: [(&str, Finding); 2] = [("decree_names_applicant", Finding::Met), ("role_matches", Finding::Met)];

#[test]
fn a_clause_that_wraps_at_lampiran_does_not_end_the_clauses() {
    let seen =
        with(&[CLAUSES, &annex("No   Nama                      Tugas\n1    I Wayan Sudana, S.Kom.    Helpdesk")]);
    let decree = &seen.documents[1];

    assert_eq!(decree.valid_until, Some(day(2026, 12, 31)));
    assert_eq!(decree.signature, Signature::Block, "whatever office signs under the place of enactment");
    expect(&seen, &NAMED);
}

#[test]
fn a_role_cell_merged_over_several_people_counts_for_each() {
    let table = "No   Jabatan dalam Tim     Nama dan NIP\n\n1.   Verifikator           Komang Adi Putra, S.E.\n                           198001012005011903\n\n2.   Helpdesk              a. Ni Kadek Ayu Lestari, A.Md.\n                           199507252023212902\n\n                           b. I Wayan Sudana, S.Kom.\n                           198805122015031901\n\n3.   Trainer               Made Rai, S.T.\n                           198502142009011915";

    expect(&with(&[CLAUSES, &annex(table)]), &NAMED);
}

#[test]
fn another_roles_merged_cell_is_never_taken_for_an_accusation() {
    let table = "No   Jabatan dalam Tim     Nama dan NIP\n\n1.   Verifikator           a. Komang Adi Putra, S.E.\n                           198001012005011903\n\n                           b. I Wayan Sudana, S.Kom.\n                           198805122015031901";

    expect(&with(&[CLAUSES, &annex(table)]), &[("role_matches", Finding::Unclear)]);
}

#[test]
fn numbers_may_stand_left_of_names_that_wrap() {
    let table = "No   NIP                   Nama               Kedudukan\n\n1    198001012005011903    Komang Adi         Verifikator\n                           Putra, S.E.\n\n2    198805122015031901    I Wayan            Help Desk\n                           Sudana, S.Kom.\n\n3    199507252023212902    Ni Kadek Ayu       Help Desk\n                           Lestari, A.Md.";

    expect(&with(&[CLAUSES, &annex(table)]), &NAMED);
}

#[test]
fn a_role_may_wrap_between_the_lines_of_other_cells() {
    let table = "No   Nama                     Unit Kerja       Keterangan\n\n1    Komang Adi Putra,        Bagian           Verifikator\n     S.E.                     Pengadaan\n\n2    I Wayan Sudana,          Bagian           Staf Layanan\n     S.Kom.                   Pengadaan        Pengguna LPSE";

    expect(&with(&[CLAUSES, &annex(table)]), &NAMED);
}

#[test]
fn neighbours_in_a_list_lend_neither_number_nor_heading() {
    let list = "I. Help Desk\n   1. Made Rai, S.T.\n   2. I Wayan Sudana, S.Kom.\n   3. Ni Kadek Ayu Lestari, A.Md., NIP 19950725 202321 2 902\nII. Admin PPE\n   1. Komang Adi Putra, S.E.";
    let last = "I. Help Desk\n   1. Ni Kadek Ayu Lestari, A.Md.\n   2. I Wayan Sudana, S.Kom., NIP 198805122015031901\nII. Admin PPE\n   1. Komang Adi Putra, S.E.";

    let one_word = list.replace("Ni Kadek Ayu Lestari, A.Md.,", "Hasanuddin,");

    for list in [list, one_word.as_str()] {
        expect(&with(&[CLAUSES, &annex(list)]), &[NAMED[0], NAMED[1], ("nip_matches", Finding::Met)]);
    }
    expect(&with(&[CLAUSES, &annex(last)]), &NAMED);
}

#[test]
fn a_list_mark_is_no_initial_of_a_name_of_two_words() {
    let letter = LETTER
        .replace("I Wayan Sudana, S.Kom.", "Made Surya, S.Kom.")
        .replace("198805122015031901", "199003032018011909");
    let marked = CLAUSES.replace(
        "Menimbang  : bahwa perlu",
        "Menimbang  : m.  bahwa perlu berlaku s/m\n             menurut aturan perlu",
    );

    let seen = of(
        &letter,
        &[&marked, &annex("No   Nama                      Tugas\n1    Komang Adi Putra, S.E.    Helpdesk")],
    );

    expect(&seen, &[("decree_names_applicant", Finding::Contradicted)]);
}

#[test]
fn the_first_page_of_a_decree_alone_is_incomplete_and_no_contradiction() {
    let first = CLAUSES.split("MEMUTUSKAN").next().expect("the considerations come first");

    expect(&with(&[first]), &[("appointment_decree", Finding::Met), ("decree_names_applicant", Finding::Missing)]);
}

#[test]
fn the_number_of_an_amended_decree_is_no_budget_year() {
    let amends = CLAUSES
        .replace(
            "PENETAPAN TIM PENGELOLA LPSE UNIVERSITAS TIRTA",
            "PERUBAHAN ATAS KEPUTUSAN REKTOR NOMOR 12 TAHUN 2025\n        TENTANG PENETAPAN TIM PENGELOLA LPSE",
        )
        .replace("berlaku untuk Tahun Anggaran 2026", "mulai berlaku pada tanggal ditetapkan");

    let seen =
        with(&[&amends, &annex("No   Nama                      Tugas\n1    I Wayan Sudana, S.Kom.    Helpdesk")]);

    assert_eq!(seen.documents[1].valid_until, None);
    expect(&seen, &[("decree_in_force", Finding::Met)]);
}

#[test]
fn a_memo_is_numbered_without_a_colon_and_its_superior_is_not_the_applicant() {
    let memo = "                      NOTA DINAS\n               NOMOR ND-77/KOMINFO.3/XI/2026\nYth.      : Kepala Bidang selaku Admin PPE\nHal       : Reset Password Akun Helpdesk\nTanggal   : 16 November 2026\n\nMohon reset password akun SPSE pegawai kami atas nama I Wayan\nSudana, S.Kom. NIP. 19880512 201503 1 901 dengan user id wayan_s.\n\na.n. Kepala Bidang                         Pemohon,\nSekretaris,\n[tinta]                                    [tinta]\n\nKomang Adi Putra, S.E.                     I Wayan Sudana, S.Kom.\nNIP. 19800101 200501 1 903                 NIP. 19880512 201503 1 901";

    let seen = of(memo, &[CLAUSES]);

    assert_eq!(seen.documents[0].number.as_deref(), Some("ND-77/KOMINFO.3/XI/2026"));
    assert_eq!(seen.applicant.name.as_deref(), Some("I Wayan Sudana, S.Kom."));
    assert_eq!(seen.applicant.user_id.as_deref(), Some("wayan_s"));
    expect(&seen, &[("nip_matches", Finding::Met), ("account_found", Finding::Met)]);
}

#[test]
fn labels_have_tails_and_may_end_right_where_the_values_begin() {
    let letter = LETTER.replace(
        "Nama : I Wayan Sudana, S.Kom.\nNIP : 198805122015031901",
        "Nama lengkap dan gelar I WAYAN SUDANA, S.KOM.\nNomor Induk Pegawai    198805122015031901\nUser ID SPSE           wayan_s\nAlamat Email Aktif     wayan.sudana@kab-tirta.example",
    );
    let letter = letter.replace("Nomor Induk Pegawai    ", "NIP                    ");

    let seen = of(&letter, &[CLAUSES]);

    assert_eq!(seen.applicant.name.as_deref(), Some("I WAYAN SUDANA, S.KOM."));
    assert_eq!(seen.applicant.user_id.as_deref(), Some("wayan_s"));
}

#[test]
fn the_addressee_on_a_line_of_its_own_is_not_whose_account_it_is() {
    let letter = LETTER.replace("Permohonan Reset Password", "Permohonan Informasi User ID").replace(
        "Yth. Admin PPE\nMohon reset password akun Helpdesk saya.",
        "Kepada Yth.\nAdmin PPE\nLPSE Kabupaten Tirta\nMohon diinformasikan user ID akun SPSE kami:",
    );
    let mail = mail("Surat", "Terlampir.", vec![paper("surat.pdf", &[&letter])]);

    assert_eq!(verdict(&mail), Verdict::Request);
    assert_eq!(seen(&[mail]).services, [Service::UserIdInfo]);
}

#[test]
fn a_new_account_is_out_of_scope_even_for_a_helpdesk_officer() {
    let letter = LETTER
        .replace("Permohonan Reset Password", "Permohonan Pembuatan Akun Baru Helpdesk")
        .replace("Mohon reset password akun Helpdesk saya.", "Mohon dibuatkan akun baru Helpdesk bagi:");
    let mail = mail("Permohonan akun baru", "Surat terlampir.", vec![paper("surat.pdf", &[&letter])]);

    assert_eq!(verdict(&mail), Verdict::Refused("out_of_scope"));
}

#[test]
fn the_year_of_a_dateline_may_wrap_in_its_column() {
    let letter = LETTER.replace(
        "Tirta, 16 November 2026",
        "Sifat : Biasa                    Tirta, Senin, 16 November\n                                 2026",
    );

    assert_eq!(of(&letter, &[CLAUSES]).documents[0].date, Some(day(2026, 11, 16)));
}

#[test]
fn a_citizens_card_behind_the_annex_is_no_page_of_the_decree() {
    let card = "PROVINSI TIRTA\nKABUPATEN TIRTA\nNIK : 5171051205880901\nNama : I WAYAN SUDANA\nTempat/Tgl Lahir : TIRTA, 12-05-1988\n\
                Jenis Kelamin : LAKI-LAKI\nAgama : HINDU\nBerlaku Hingga : SEUMUR HIDUP";
    let annex = annex("No   Nama                      Tugas\n1    I Wayan Sudana, S.Kom.    Helpdesk");

    let seen = with(&[CLAUSES, &annex, card]);

    let kinds: Vec<_> = seen.documents.iter().map(|d| d.kind).collect();
    assert_eq!(kinds, [DocumentKind::RequestLetter, DocumentKind::AppointmentDecree, DocumentKind::Other]);
    expect(&seen, &NAMED);
}
