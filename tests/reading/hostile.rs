//! What is sent to do harm (THREATS rows 23 to 25, 27, 28, 30 and 31), as far as reading meets it.

use std::io::Read;
use std::path::PathBuf;
use std::time::Instant;

use loket::dossier::page::Contents;
use loket::mail::message::{Inbound, Reception};
use loket::reading::pool::{Pool, PoolConfig};
use loket::reading::{Limits, take_apart};
use loket::sop::checklist::Method;
use zip::write::SimpleFileOptions;

use super::make::{assemble, docx, letter, mail, odt, pdf, pdf_with, stream, tnef, zip};

fn read(name: &str, bytes: Vec<u8>) -> Contents {
    take_apart(&mail("x", &[(name, "application/octet-stream", bytes)]), &Limits::default())
}

fn pool() -> Pool {
    Pool::new(PoolConfig { workers: 1, ..PoolConfig::new(PathBuf::from(env!("CARGO_BIN_EXE_loket"))) })
}

/// A zlib stream of so many zeros (RFC 1950), as the deflated part of an archive.
fn packed_zeros(count: usize) -> Vec<u8> {
    let archive = zip(&[("0", &vec![0; count])]);
    let mut opened = zip::ZipArchive::new(std::io::Cursor::new(&archive)).expect("just made");
    let mut deflated = Vec::new();
    opened.by_index_raw(0).expect("its only file").read_to_end(&mut deflated).expect("it is in memory");
    // The sum of zeros (RFC 1950, 9): one, and one for each byte.
    let sum = ((count % 65521) as u32) << 16 | 1;
    [&[0x78, 0x9c][..], &deflated, &sum.to_be_bytes()].concat()
}

#[test]
fn t23_a_name_is_data_wherever_it_comes_from() {
    let long = format!("{}.pdf", "a".repeat(1_000_000));
    for name in [
        "../../etc/passwd",
        "C:\\Windows\\x.txt",
        "a\0b.txt",
        "surat\u{202e}fdp.txt",
        "a\r\nBcc: x@y.txt",
        long.as_str(),
        "..",
        ".",
    ] {
        let in_mail = take_apart(&mail("x", &[(name, "text/plain", b"isi".to_vec())]), &Limits::default());
        // An archive has room for 65,535 bytes of a name.
        let in_zip = read("b.zip", zip(&[(&name[..name.len().min(65_000)], b"isi")]));
        let in_tnef = read("winmail.dat", tnef(&[(name, b"isi")]));

        for paper in in_mail.papers.iter().chain(&in_zip.papers).chain(&in_tnef.papers) {
            let shown = &paper.attachment;
            assert!(shown.chars().count() <= 200, "{} characters", shown.chars().count());
            assert!(!shown.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{shown:?}");
            assert!(!shown.is_empty() && !shown.contains('\\'), "{shown:?}");
            // What it is kept under has nothing of the name in it.
            assert!(paper.sha256.len() == 64 && paper.sha256.bytes().all(|b| b.is_ascii_hexdigit()));
        }
        let mut names = in_mail.papers.iter().chain(&in_tnef.papers).map(|p| p.attachment.as_str());
        assert!(names.all(|name| !name.contains('/')), "no folder is left of {name:?}");
    }
}

#[test]
fn t24_a_link_in_an_archive_is_no_paper() {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.add_symlink("SK.pdf", "/etc/passwd", SimpleFileOptions::default()).expect("memory takes all");
    let archive = writer.finish().expect("memory takes all").into_inner();

    let contents = read("a.zip", archive);

    assert!(contents.papers.is_empty(), "{:?}", contents.papers);
}

#[test]
fn t24_a_bomb_of_packed_bytes_or_of_entities_stays_small() {
    let begun = Instant::now();
    let zeros = zip(&[("a.txt", &vec![0; 120 * 1024 * 1024])]);
    let sheet = vec![b' '; 40 * 1024 * 1024];
    let xml = zip(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", &sheet)]);
    let laughs: String = (1..10).map(|n| format!("<!ENTITY l{n} \"&l{};&l{};&l{};\">", n - 1, n - 1, n - 1)).collect();
    let laughs =
        format!("<!DOCTYPE x [<!ENTITY l0 \"ha\">{laughs}]><w:document><w:p><w:t>&l9;</w:t></w:p></w:document>");
    let laughing = zip(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", laughs.as_bytes())]);
    let outside = odt("<text:p>x</text:p>");
    let hostile = "<!DOCTYPE x SYSTEM \"http://jauh.example/x.dtd\"><office:text><text:p>isi</text:p></office:text>";
    let fetched = zip(&[("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", hostile.as_bytes())]);

    assert_eq!(read("a.zip", zeros).alerts, ["archive_bomb"]);
    assert_eq!(read("a.docx", xml).papers[0].method, Method::None);
    assert_eq!(read("a.docx", laughing).papers[0].method, Method::None);
    assert_eq!(
        (read("a.odt", fetched).papers[0].method, read("a.odt", outside).papers[0].method),
        (Method::None, Method::Text)
    );
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

/// An archive that holds itself cannot be made whole here; one that goes on as deep as anybody asks is the same to reading.
#[test]
fn t24_an_archive_within_itself_is_opened_three_times() {
    let mut archive = zip(&[("dasar.txt", b"isi")]);
    for _ in 0..40 {
        archive = zip(&[("r.zip", &archive), ("isi.txt", b"isi")]);
    }

    let contents = read("r.zip", archive);

    assert_eq!(contents.papers.iter().filter(|p| p.format == "text").count(), 3);
    assert_eq!(contents.alerts, ["nested_too_deep"]);
}

/// Each is read or named by a worker that may fall over it; the mail behind it is read all the same.
#[tokio::test]
async fn t25_bombs_and_loops_in_a_pdf_cost_no_other_mail() {
    let pool = pool();
    let zeros = packed_zeros(200 * 1024 * 1024);
    let bomb = stream("/Filter/FlateDecode", &zeros);
    let text = letter(&["x"]);
    let nested = format!("<</X {}{}>>", "[".repeat(200_000), "]".repeat(200_000));
    let pages = "4 0 R ".repeat(1_000_000);
    let inflating = {
        let mut file = pdf_with(&[&text], "", &[&bomb]);
        // The page's content is the bomb.
        let at = file.windows(14).position(|w| w == b"/Contents 12 0").expect("one page");
        file[at + 10..at + 12].copy_from_slice(b"10");
        file
    };
    for (what, bytes) in [
        ("a stream of 200 MB", inflating),
        ("arrays 200,000 deep", pdf_with(&[&text], "", &[nested.as_bytes()])),
        ("a million pages", loose(&pages)),
        ("pages that hold themselves", loose("2 0 R 2 0 R 4 0 R")),
    ] {
        let begun = Instant::now();

        let bad = pool.read(&mail("x", &[("bom.pdf", "application/pdf", bytes)])).await.expect("a worker starts");
        let next = pool.read(&mail("y", &[("surat.pdf", "application/pdf", pdf(&[&letter(&["Surat"])]))])).await;

        assert_eq!(bad.papers.len(), 1, "{what}");
        assert!(bad.papers[0].pages.len() <= Limits::default().pages, "{what}");
        assert_eq!(next.expect("a worker starts").papers[0].pages[0].text(), "Surat", "after {what}");
        // Two deadlines of the pool, and room for a machine that does much else.
        assert!(begun.elapsed().as_secs() < 90, "{what}: {:?}", begun.elapsed());
    }
}

/// A PDF whose root holds these pages.
fn loose(kids: &str) -> Vec<u8> {
    let pages = format!("<</Type/Pages/Kids[{kids}]/Count 1000000/MediaBox[0 0 595 842]>>");
    assemble(vec![
        (1, b"<</Type/Catalog/Pages 2 0 R>>".to_vec()),
        (2, pages.into_bytes()),
        (4, b"<</Type/Page/Parent 2 0 R>>".to_vec()),
    ])
}

/// A worker that dies of opening the second attachment, and hands all else to a real one.
const FRAGILE: &str = r#"
import subprocess, sys
real = subprocess.Popen([sys.argv[1], "__reading-worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
def frame(pipe):
    head = pipe.read(4)
    if len(head) < 4:
        sys.exit(0)
    return head + pipe.read(int.from_bytes(head, "big"))
def answer():
    sys.stdout.buffer.write(frame(real.stdout))
    sys.stdout.buffer.flush()
answer()
while True:
    asked = frame(sys.stdin.buffer)
    letter, skipped = asked[4:5], asked[6:6 + asked[5]] if asked[4:5] == b"B" else b""
    if letter in (b"R", b"B") and 1 not in skipped:
        sys.exit(1)
    real.stdin.write(asked)
    real.stdin.flush()
    if letter in (b"R", b"B"):
        answer()
"#;

/// Regression: a file that brought its worker down cost the whole mail its papers.
#[tokio::test]
async fn t25_a_paper_that_kills_its_worker_costs_itself_alone() {
    let arguments = vec!["-c".to_owned(), FRAGILE.to_owned(), env!("CARGO_BIN_EXE_loket").to_owned()];
    let pool = Pool::new(PoolConfig { arguments, workers: 1, ..PoolConfig::new(PathBuf::from("/usr/bin/python3")) });
    let page = |word| pdf(&[&letter(&[word])]);
    let papers = [("surat.pdf", page("Surat")), ("bom.pdf", page("Bom")), ("sk.pdf", page("Keputusan"))];

    let contents = pool.read(&mail("x", &papers.map(|(name, pdf)| (name, "application/pdf", pdf)))).await;

    let contents = contents.expect("a worker starts");
    let methods: Vec<_> = contents.papers.iter().map(|p| (p.attachment.as_str(), p.method)).collect();
    assert_eq!(methods, [("surat.pdf", Method::Text), ("bom.pdf", Method::None), ("sk.pdf", Method::Text)]);
    assert_eq!(contents.alerts, ["unreadable_document"]);
    assert_eq!(pool.counts().crashed, 3, "with the others, alone, and alone in a fresh worker");
}

#[test]
fn t25_scripts_and_programs_in_a_paper_are_flagged_and_inert() {
    let catalog = |action: &str| {
        let file = pdf(&[&letter(&["x"])]);
        let at = file.windows(16).position(|w| w == b"/Type/Catalog/Pa").expect("a catalogue");
        let mut out = file[..at].to_vec();
        out.extend(format!("/OpenAction{action}").into_bytes());
        out.extend(&file[at..]);
        out
    };
    let macros = zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("word/document.xml", b"<w:document><w:p><w:r><w:t>isi</w:t></w:r></w:p></w:document>"),
        ("word/vbaProject.bin", b"x"),
    ]);
    for (name, bytes) in [
        ("a.pdf", catalog("<</S/JavaScript/JS(app.alert\\(1\\))>>")),
        ("a.pdf", catalog("<</S/Launch/F(cmd.exe)>>")),
        ("a.docx", macros),
        ("a.rtf", b"{\\rtf1 isi{\\object\\objemb{\\*\\objclass x}{\\objdata 0105}}}".to_vec()),
    ] {
        let contents = read(name, bytes);

        assert_eq!(
            (contents.alerts, contents.papers[0].method),
            (vec!["active_content".to_owned()], Method::Text),
            "{name}"
        );
    }
}

#[test]
fn t27_a_mail_without_its_boundary_is_read_as_far_as_it_goes() {
    let never =
        b"From: a@x.example\r\nContent-Type: multipart/mixed; boundary=tidakada\r\n\r\nMohon reset.\r\n".to_vec();
    let none = b"From: a@x.example\r\nContent-Type: multipart/mixed\r\n\r\nMohon reset.\r\n".to_vec();

    for raw in [never, none] {
        let contents = take_apart(&raw, &Limits::default());

        assert!(contents.body.contains("Mohon reset") || !contents.papers.is_empty(), "{contents:?}");
    }
}

/// Larger than a worker is ever handed: it is named from outside, at the price of its bytes.
#[tokio::test]
async fn t27_a_mail_of_a_hundred_megabytes_is_named_and_the_next_is_read() {
    let pool = pool();
    let mut huge = b"From: a@x.example\r\nContent-Type: application/pdf; name=surat.pdf\r\n\r\n%PDF-1.7 ".to_vec();
    huge.resize(100 * 1024 * 1024, b'x');

    let named = pool.read(&huge).await.expect("no worker is needed");
    let next = pool.read(&mail("Mohon reset.", &[])).await.expect("a worker starts");

    assert_eq!((named.papers[0].attachment.as_str(), named.papers[0].method), ("surat.pdf", Method::None));
    assert_eq!(named.alerts, ["unreadable_document"]);
    assert_eq!(next.body, "Mohon reset.");
}

#[test]
fn t28_a_polyglot_is_read_as_what_it_is_and_flagged_under_any_other_name() {
    let surat = pdf(&[&letter(&["Surat"])]);
    let both = [&zip(&[("a.txt", b"isi")]), &surat[..]].concat();
    let script = [b"GIF89a/*", &[0; 30][..], b"*/=1;alert(1)"].concat();
    let declared = |kind: &'static str, bytes: &[u8]| {
        take_apart(&mail("x", &[("surat", kind, bytes.to_vec())]), &Limits::default())
    };

    for (name, bytes, format) in [
        ("a.pdf", both.clone(), "zip"),
        ("a.js", script.clone(), "exe"),
        ("a.pdf", script, "gif"),
        ("a.docx", surat.clone(), "pdf"),
    ] {
        let contents = read(name, bytes);

        assert!(
            contents.papers.iter().all(|p| p.format == format || p.attachment.contains('/')),
            "{name}: {contents:?}"
        );
        assert!(!contents.alerts.is_empty(), "{name} passes for what it is not");
    }
    assert_eq!(declared("image/png", &surat).alerts, ["type_mismatch"]);
    assert_eq!(declared("application/pdf", b"bukan surat").alerts, ["type_mismatch"]);
    assert!(declared("application/pdf", &surat).alerts.is_empty());
}

#[test]
fn t30_garbage_in_a_charset_is_read_with_losses() {
    let body = |kind: &str, bytes: &[u8]| {
        let head = format!("From: a@x.example\r\nContent-Type: text/plain; charset={kind}\r\n\r\n");
        take_apart(&[head.as_bytes(), bytes].concat(), &Limits::default()).body
    };

    assert_eq!(body("utf-7", b"Mohon +AOk-reset"), "Mohon éreset");
    assert_eq!(body("x-tidak-ada", b"Mohon reset"), "Mohon reset");
    assert!(body("utf-8", b"Mohon \xff\xfe\xc3( reset").starts_with("Mohon "));
    assert!(body("shift_jis", b"Mohon \x81 reset").starts_with("Mohon "));
    assert!(body("\"\"", b"Mohon reset").contains("reset"));
}

#[test]
fn t30_broken_encoded_words_are_shown_and_are_never_a_key() {
    let header = |line: &str| {
        let raw = format!("From: a@x.example\r\n{line}\r\n\r\nisi");
        Inbound::read(raw.as_bytes(), &Reception { prefix: "LPSE".into(), ..Reception::default() })
    };

    for subject in
        ["=?utf-8?B?!!!?= reset", "=?x-tidak?Q?re=FFset?=", "=?utf-8?Q?reset", "=?utf-7?Q?+AOk-reset?=", "=??==?="]
    {
        let read = header(&format!("Subject: {subject}"));

        assert!(!read.subject.is_empty() && !read.subject.contains(['\r', '\n', '\0']), "{subject}");
    }
    for id in ["<=?utf-8?Q?a=0D=0Ab?=@x>", "<a\u{e9}@x>", "<+AOk-@x>", "<a b@x>"] {
        let read = header(&format!("Message-ID: {id}"));

        assert!(read.message_id.iter().all(|id| id.bytes().all(|b| b.is_ascii_graphic())), "{id}");
    }
}

#[test]
fn t31_markup_and_templates_in_a_paper_are_words_and_nothing_else() {
    let page = "<html><head><title>x</title><script>alert(1)</script><style>p{color:red}</style></head>\
        <body onload=alert(1)><p>Mohon {{ 7 * 7 }} {% include 'x' %}</p><img src=x onerror=alert(1)><!-- rahasia --></body></html>";

    let contents = read("surat.html", page.as_bytes().to_vec());
    let word = read("surat.docx", docx("<w:p><w:r><w:t>&lt;script&gt;{{ 7 * 7 }}</w:t></w:r></w:p>"));

    assert_eq!(contents.papers[0].pages[0].text(), "Mohon {{ 7 * 7 }} {% include 'x' %}");
    assert_eq!(word.papers[0].pages[0].text(), "<script>{{ 7 * 7 }}");
}
