//! The papers of the sample office: request letters and decrees as PDF with their own text, memos as DOCX. Also what
//! tests and benches build their mails from.

use std::io::{Cursor, Write};

use chrono::{Datelike, NaiveDate};
use zip::write::SimpleFileOptions;

use super::hand::{Hand, bound};
use super::people::{BUREAU, PEOPLE, PLACE, Person, decree_number};
use crate::letters::sheet::{Face, LEFT, RIGHT, Sheet, WIDTH, width};
use crate::sop::names::Service;

/// What a request letter says.
#[derive(Debug, Clone)]
pub struct Letter<'a> {
    pub applicant: &'a Person,
    pub services: &'a [Service],
    pub number: &'a str,
    pub date: NaiveDate,
    /// The NIP as the letter prints it, where it differs from the register's.
    pub nip: Option<&'a str>,
    /// With ink above the applicant's name.
    pub signed: bool,
    /// The size the file is brought to, in bytes.
    pub pad_to: Option<usize>,
}

/// What a decree of appointment says; it is in force to the end of `date`'s year.
#[derive(Debug, Clone)]
pub struct Decree<'a> {
    pub date: NaiveDate,
    /// Those named in the annex, on page 2.
    pub members: &'a [Person],
    pub pad_to: Option<usize>,
}

impl Decree<'_> {
    /// The decree of the year of `day`: of 2 January, or of `day` itself on New Year's Day.
    pub fn of_year(day: NaiveDate) -> Decree<'static> {
        let date = day.with_ordinal(2).filter(|second| *second <= day).unwrap_or(day);
        const APPOINTED: usize = PEOPLE.len() - 1;
        Decree { date, members: &PEOPLE[..APPOINTED], pad_to: None }
    }
}

/// `9 November 2026`.
pub fn printed(date: NaiveDate) -> String {
    let at = date.and_time(chrono::NaiveTime::MIN).and_utc();
    crate::letters::date(at, chrono_tz::UTC, crate::sop::names::Language::Id)
}

fn subject(services: &[Service]) -> &'static str {
    match services {
        [Service::ResetPassword] => "Permohonan Reset Password Akun Helpdesk",
        [Service::UserIdInfo] => "Permohonan Informasi User ID Akun Helpdesk",
        _ => "Permohonan Reset Password dan Informasi User ID Akun Helpdesk",
    }
}

fn wish(services: &[Service]) -> &'static str {
    match services {
        [Service::ResetPassword] => "reset password",
        [Service::UserIdInfo] => "informasi user ID",
        _ => "reset password dan informasi user ID",
    }
}

fn letterhead(sheet: &mut Sheet) {
    let middle = WIDTH / 2.0;
    sheet.font(Face::Bold, 13.0).centred(middle, "PEMERINTAH PROVINSI LEMBAYUNG RAYA");
    sheet.centred(middle, "SEKRETARIAT DAERAH");
    sheet.font(Face::Bold, 14.5).centred(middle, &BUREAU.to_uppercase());
    sheet.font(Face::Regular, 9.5);
    sheet.centred(middle, "Jalan Cemara Angin Nomor 19, Muara Kencana 90931, Telepon (0598) 440120");
    sheet.centred(middle, "Pos-el biropbj@lembayungraya.example");
    sheet.down(-4.0).rule(2.0).rule(0.6).down(16.0).font(Face::Regular, 11.5);
}

/// A request letter of one page, with its text and, if signed, ink.
pub fn letter_pdf(letter: &Letter) -> Vec<u8> {
    let person = letter.applicant;
    let mut sheet = Sheet::new();
    letterhead(&mut sheet);
    let dated = format!("{PLACE}, {}", printed(letter.date));
    let x = RIGHT - width(&dated, Face::Regular, 11.5);
    sheet.line(x, &dated).down(4.0);
    let colon = LEFT + 58.0;
    sheet.field(LEFT, colon, "Nomor", letter.number).field(LEFT, colon, "Sifat", "Segera");
    sheet.field(LEFT, colon, "Lampiran", "1 (satu) berkas").field(LEFT, colon, "Hal", subject(letter.services));
    sheet.down(14.0).line(LEFT, &format!("Yth. Kepala {BUREAU}")).line(LEFT, "c.q. Admin PPE");
    sheet.line(LEFT, "di").line(LEFT + 18.0, PLACE).down(14.0);
    let opening = format!(
        "Dengan hormat, sehubungan dengan kendala akses akun Helpdesk pada aplikasi SPSE, bersama ini saya mengajukan \
         permohonan {} dengan data sebagai berikut:",
        wish(letter.services)
    );
    sheet.paragraph(LEFT, RIGHT, 28.0, &opening).down(6.0);
    let nip = letter.nip.map_or_else(|| person.nip_printed(), str::to_owned);
    let phone = person.phone.to_owned();
    let mut fields = vec![
        ("Nama", person.name),
        (person.nip_word(), &nip),
        ("Jabatan", person.position),
        ("Unit Kerja", person.work_unit()),
    ];
    if letter.services != [Service::UserIdInfo] {
        fields.push(("User ID", person.user_id));
    }
    fields.extend([("Alamat Surel", person.email), ("Nomor HP", &phone)]);
    for (label, value) in fields {
        sheet.field(LEFT + 28.0, LEFT + 116.0, label, value).down(1.5);
    }
    sheet.down(8.0);
    let attached =
        "Sebagai kelengkapan, terlampir salinan Keputusan Kepala Biro tentang pengangkatan sebagai Helpdesk LPSE.";
    sheet.paragraph(LEFT, RIGHT, 28.0, attached);
    let thanks = "Demikian permohonan ini disampaikan, atas perhatian dan bantuannya diucapkan terima kasih.";
    sheet.paragraph(LEFT, RIGHT, 28.0, thanks).down(26.0);
    let column = 340.0;
    sheet.line(column, "Pemohon,").line(column, person.position).down(44.0);
    if letter.signed {
        sheet.down(-13.0).ink(column + 4.0, person.nip.bytes().map(u32::from).sum()).down(13.0);
    }
    sheet.font(Face::Bold, 11.5).line(column, person.name).font(Face::Regular, 11.5);
    sheet.line(column, &format!("{}. {}", person.nip_word(), person.nip_printed()));
    bound(&[sheet], subject(letter.services), letter.pad_to)
}

/// A decree of two pages: the decision, signed and stamped, and the annex that names the members.
pub fn decree_pdf(decree: &Decree) -> Vec<u8> {
    let number = decree_number(decree.date.year());
    bound(&[decision(decree, &number), annex(decree, &number)], "Keputusan", decree.pad_to)
}

fn decision(decree: &Decree, number: &str) -> Sheet {
    let year = decree.date.year();
    let middle = WIDTH / 2.0;
    let mut sheet = Sheet::new();
    letterhead(&mut sheet);
    sheet.font(Face::Bold, 12.0).centred(middle, "KEPUTUSAN KEPALA BIRO PENGADAAN BARANG DAN JASA");
    sheet.centred(middle, "SEKRETARIAT DAERAH PROVINSI LEMBAYUNG RAYA");
    sheet.centred(middle, &format!("NOMOR {number}")).down(4.0).centred(middle, "TENTANG").down(4.0);
    sheet.centred(middle, "PENGANGKATAN PENGELOLA LAYANAN PENGADAAN SECARA ELEKTRONIK");
    sheet.centred(middle, &format!("TAHUN ANGGARAN {year}")).down(10.0).font(Face::Regular, 11.5);
    let colon = LEFT + 72.0;
    let considering = "a. bahwa untuk kelancaran layanan pengadaan secara elektronik perlu mengangkat pengelola LPSE;\n\
                       b. bahwa berdasarkan pertimbangan pada huruf a perlu menetapkan Keputusan Kepala Biro;";
    sheet.field(LEFT, colon, "Menimbang", considering).down(4.0);
    let recalling = "1. Peraturan Presiden Nomor 16 Tahun 2018 tentang Pengadaan Barang/Jasa Pemerintah sebagaimana telah \
                     beberapa kali diubah;\n2. Peraturan LKPP Nomor 10 Tahun 2021 tentang Unit Kerja Pengadaan Barang/Jasa;";
    sheet.field(LEFT, colon, "Mengingat", recalling).down(8.0);
    sheet.centred(middle, "MEMUTUSKAN:").down(4.0).field(LEFT, colon, "Menetapkan", "");
    let until = format!(
        "Keputusan ini mulai berlaku pada tanggal ditetapkan sampai dengan tanggal 31 Desember {year}, dengan ketentuan \
         apabila terdapat kekeliruan akan diperbaiki sebagaimana mestinya."
    );
    let clauses = [
        ("KESATU", "Mengangkat pengelola LPSE dengan susunan sebagaimana tercantum dalam Lampiran Keputusan ini."),
        ("KEDUA", "Helpdesk bertugas memberikan layanan dukungan kepada pengguna aplikasi SPSE."),
        ("KETIGA", until.as_str()),
    ];
    for (label, text) in clauses {
        sheet.down(3.0).field(LEFT, colon, label, text);
    }
    let column = 308.0;
    sheet.down(24.0).line(column, &format!("Ditetapkan di {PLACE}"));
    sheet.line(column, &format!("pada tanggal {}", printed(decree.date))).down(4.0);
    sheet.line(column, "KEPALA BIRO PENGADAAN").line(column, "BARANG DAN JASA,").down(44.0);
    sheet.down(-14.0).ink(column + 8.0, 77).down(-4.0).stamp(column - 4.0).down(18.0);
    sheet.font(Face::Bold, 11.5).line(column, "Dr. Ir. HASANUDDIN MAPPANYUKI, M.Si.").font(Face::Regular, 11.5);
    sheet.line(column, "Pembina Utama Muda").line(column, "NIP. 19700923 199603 1 950");
    sheet
}

fn annex(decree: &Decree, number: &str) -> Sheet {
    let mut sheet = Sheet::new();
    let column = 300.0;
    sheet.font(Face::Regular, 10.5).line(column, "LAMPIRAN");
    sheet.line(column, "KEPUTUSAN KEPALA BIRO PENGADAAN").line(column, "BARANG DAN JASA");
    sheet.line(column, &format!("NOMOR   : {number}"));
    sheet.line(column, &format!("TANGGAL : {}", printed(decree.date).to_uppercase())).down(16.0);
    sheet.font(Face::Bold, 11.5).centred(WIDTH / 2.0, "SUSUNAN PENGELOLA LPSE PROVINSI LEMBAYUNG RAYA");
    sheet.centred(WIDTH / 2.0, &format!("TAHUN ANGGARAN {}", decree.date.year())).down(8.0);
    let columns = [(LEFT, 28.0), (LEFT + 28.0, 190.0), (LEFT + 218.0, 150.0), (LEFT + 368.0, 92.0)];
    let frame = |sheet: &mut Sheet, height: f32| {
        for (x, width) in columns {
            sheet.cell(x, width, height);
        }
    };
    sheet.font(Face::Bold, 10.0);
    frame(&mut sheet, 20.0);
    sheet.down(14.0);
    for ((x, _), title) in columns.iter().zip(["No", "Nama / NIP", "Jabatan", "Kedudukan"]) {
        sheet.put(x + 4.0, title);
    }
    sheet.down(6.0).font(Face::Regular, 10.0);
    for (index, person) in decree.members.iter().enumerate() {
        frame(&mut sheet, 34.0);
        sheet.down(14.0).put(LEFT + 4.0, &format!("{}.", index + 1)).put(columns[1].0 + 4.0, person.name);
        let (position, rest) = split_in_two(person.position);
        sheet.put(columns[2].0 + 4.0, position).put(columns[3].0 + 4.0, person.role);
        sheet.down(13.0).put(columns[1].0 + 4.0, &person.nip_printed()).put(columns[2].0 + 4.0, rest).down(7.0);
    }
    let column = 308.0;
    sheet.font(Face::Regular, 11.5).down(30.0).line(column, "KEPALA BIRO PENGADAAN").line(column, "BARANG DAN JASA,");
    sheet.down(44.0).down(-14.0).ink(column + 8.0, 77).down(-4.0).stamp(column - 4.0).down(18.0);
    sheet.font(Face::Bold, 11.5).line(column, "Dr. Ir. HASANUDDIN MAPPANYUKI, M.Si.");
    sheet
}

/// A position too long for its cell goes on in the next line.
fn split_in_two(text: &str) -> (&str, &str) {
    if width(text, Face::Regular, 10.0) <= 140.0 {
        return (text, "");
    }
    let fits = |end: &usize| width(&text[..*end], Face::Regular, 10.0) <= 140.0;
    let spaces: Vec<usize> = text.match_indices(' ').map(|(index, _)| index).collect();
    spaces.into_iter().rev().find(fits).map_or((text, ""), |end| (&text[..end], &text[end + 1..]))
}

/// A memo (nota dinas) in DOCX, signed with "ttd" above the name.
pub fn memo_docx(applicant: &Person, services: &[Service], number: &str, date: NaiveDate) -> Vec<u8> {
    let request = format!(
        "Dengan hormat, mohon kiranya dapat diberikan {} pada aplikasi SPSE atas nama:",
        wish(services).replace("reset password", "layanan reset password")
    );
    let head =
        ["PEMERINTAH PROVINSI LEMBAYUNG RAYA", "SEKRETARIAT DAERAH", "BIRO PENGADAAN BARANG DAN JASA", "NOTA DINAS"];
    let dated = printed(date);
    let lines = [
        ("Kepada", "Admin PPE"),
        ("Dari", applicant.name),
        ("Tanggal", dated.as_str()),
        ("Nomor", number),
        ("Sifat", "Biasa"),
        ("Lampiran", "1 (satu) dokumen"),
        ("Hal", subject(services)),
    ];
    let nip = applicant.nip_printed();
    let facts = [
        ("Nama", applicant.name),
        (applicant.nip_word(), nip.as_str()),
        ("Jabatan", applicant.position),
        ("Unit Kerja", applicant.work_unit()),
    ];
    let mut body = String::new();
    head.iter().for_each(|line| body.push_str(&paragraph(line, true)));
    body.push_str(&table(&lines));
    body.push_str(&paragraph(&request, false));
    body.push_str(&table(&facts));
    for line in [
        "Permohonan ini diajukan karena yang bersangkutan tidak mengingat user ID dimaksud. SK pengangkatan terlampir.",
        "Atas perkenan Bapak/Ibu diucapkan terima kasih.",
        "Pemohon,",
        "ttd",
        applicant.name,
    ] {
        body.push_str(&paragraph(line, false));
    }
    body.push_str(&paragraph(&format!("{}. {nip}", applicant.nip_word()), false));
    docx(&body)
}

fn paragraph(text: &str, centred: bool) -> String {
    let aligned = if centred { "<w:pPr><w:jc w:val=\"center\"/></w:pPr>" } else { "" };
    format!("<w:p>{aligned}<w:r><w:t xml:space=\"preserve\">{}</w:t></w:r></w:p>", escaped(text))
}

fn table(rows: &[(&str, &str)]) -> String {
    let cell = |text: &str| format!("<w:tc>{}</w:tc>", paragraph(text, false));
    let rows: String =
        rows.iter().map(|(label, value)| format!("<w:tr>{}{}{}</w:tr>", cell(label), cell(":"), cell(value))).collect();
    format!("<w:tbl><w:tblPr/><w:tblGrid><w:gridCol/><w:gridCol/><w:gridCol/></w:tblGrid>{rows}</w:tbl>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn docx(body: &str) -> Vec<u8> {
    const TYPES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
        <Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
        <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
        <Override PartName=\"/word/document.xml\" \
        ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>";
    const RELATIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
        <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" \
        Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
        Target=\"word/document.xml\"/></Relationships>";
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><w:document \
         xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{body}<w:sectPr/></w:body></w:document>"
    );
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in
        [("[Content_Types].xml", TYPES), ("_rels/.rels", RELATIONS), ("word/document.xml", document.as_str())]
    {
        archive.start_file(name, SimpleFileOptions::default()).expect("three short names fit an archive");
        archive.write_all(text.as_bytes()).expect("writing to memory does not fail");
    }
    archive.finish().expect("writing to memory does not fail").into_inner()
}
