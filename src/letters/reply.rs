//! Reads what a person answered: the command in the first line that is not quoted (THREATS, decision by reply). Only
//! that line can command; our own mails name the command words, so nothing quoted may ever count.
//!
//! Whether the sender may command, and whether the code is right, is decided elsewhere.

use std::fmt;

/// An admin's command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminReply {
    /// `SETUJU 123456`.
    Approve(Code),
    /// `SETUJU` without six digits, or with more than them.
    ApproveWithoutCode,
    /// `TOLAK alasan…` or `TOLAK 123456 alasan…`; the reason may be empty.
    Reject(Option<Code>, String),
    /// `LENGKAPI tambahan…` or `LENGKAPI 123456 tambahan…`; the note may be empty.
    Complete(Option<Code>, String),
}

/// Six digits a person typed. Good once, so never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// Lines of a reply that are looked at; a command stands at the top.
const LINES: usize = 400;
/// The longest reason or note, in characters.
const WORDS: usize = 2_000;

/// The command of an admin's reply; `None` where the first unquoted line is none.
pub fn admin(body: &str) -> Option<AdminReply> {
    let unquoted = unquoted(body);
    let first = unquoted.first()?;
    let (word, rest) = command_word(first);
    let (given, text) = leading_code(rest);
    let text = || words(text, &unquoted[1..]);
    match word.as_str() {
        "SETUJU" | "APPROVE" => Some(code(rest).map_or(AdminReply::ApproveWithoutCode, AdminReply::Approve)),
        "TOLAK" | "REJECT" => Some(AdminReply::Reject(given, text())),
        "LENGKAPI" | "COMPLETE" => Some(AdminReply::Complete(given, text())),
        _ => None,
    }
}

/// Why an admin approves: the paragraph that begins with `ALASAN:` or `REASON:`. Empty without one: the names that end a mail are
/// no reason for anything.
pub fn reason(body: &str) -> String {
    let unquoted = unquoted(body);
    let mut below = unquoted.iter().skip(1);
    let Some(first) = below.find_map(|line| reasoned(line)) else { return String::new() };
    let rest = below.take_while(|line| !line.is_empty()).map(String::as_str);
    let text = [first].into_iter().chain(rest).collect::<Vec<_>>().join("\n");
    text.trim().chars().take(WORDS).collect()
}

/// What follows `ALASAN:` where a line begins with it.
fn reasoned(line: &str) -> Option<&str> {
    let (before, _) = line.split_once(':')?;
    let (word, rest) = command_word(line);
    let alone = before.trim_matches(|c: char| !c.is_alphanumeric()).len() == word.len();
    (alone && matches!(word.as_str(), "ALASAN" | "REASON")).then_some(rest)
}

/// True where an applicant takes the request back: the first unquoted line begins with `BATAL` in capitals, or is
/// that word alone. An ordinary sentence that begins with it ("Batal cuti, …") withdraws nothing.
pub fn withdraws(body: &str) -> bool {
    let unquoted = unquoted(body);
    let Some(first) = unquoted.first() else { return false };
    let (word, rest) = command_word(first);
    let known = crate::dossier::WITHDRAWALS.contains(&word.as_str());
    known && (rest.is_empty() || first.trim_start_matches(|c: char| !c.is_alphanumeric()).starts_with(&word))
}

/// The lines before and between quotes, from the first that has words. Empty lines in between are kept.
fn unquoted(body: &str) -> Vec<String> {
    let lines: Vec<String> = body.lines().take(LINES).map(cleaned).collect();
    let mut own: Vec<String> = Vec::new();
    let mut index = 0;
    while let Some(line) = lines.get(index) {
        if let Some(length) = attribution(&lines[index..]) {
            index += length;
            // Below an attribution all is quoted, unless the client marks its quotes line by line.
            match lines[index..].iter().find(|line| !line.is_empty()) {
                Some(next) if is_quoted(next) => continue,
                _ => break,
            }
        }
        if ends_own_words(line) {
            break;
        }
        let blank_before = line.is_empty() && own.is_empty();
        if !is_quoted(line) && !blank_before {
            own.push(line.clone());
        }
        index += 1;
    }
    own
}

/// Without invisible characters and with plain spaces, as clients paste them in.
fn cleaned(line: &str) -> String {
    let plain: String = line
        .chars()
        .filter(
            |c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'),
        )
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .collect();
    plain.trim().to_owned()
}

fn is_quoted(line: &str) -> bool {
    line.starts_with('>') || line.starts_with('|')
}

/// "Pada Sel, 10 Nov 2026 pukul 09.12 … menulis:" or "On … wrote:", often broken over two or three lines. Gives the
/// number of lines it takes.
fn attribution(lines: &[String]) -> Option<usize> {
    let first = lines.first()?.to_lowercase();
    if !["pada ", "on ", "tanggal "].iter().any(|start| first.starts_with(start)) {
        return None;
    }
    (1..=3.min(lines.len())).find(|count| {
        let last = lines[count - 1].to_lowercase();
        ["menulis:", "wrote:", "menulis :"].iter().any(|end| last.ends_with(end))
    })
}

/// Where everything that follows belongs to an earlier mail or to a signature.
fn ends_own_words(line: &str) -> bool {
    let low = line.to_lowercase();
    let ruled = line.len() >= 4 && (line.starts_with("--") || line.starts_with("__"));
    let named = ["original message", "pesan asli", "forwarded message", "pesan terusan", "pesan yang diteruskan"];
    let header = ["dari:", "from:", "*dari:*", "*from:*", "dari :", "from :"];
    let device = ["sent from my", "dikirim dari", "terkirim dari", "get outlook for", "dapatkan outlook"];
    line == "--"
        || (ruled && named.iter().any(|name| low.contains(name)))
        || (line.len() >= 10 && line.bytes().all(|byte| byte == b'_' || byte == b'-'))
        || header.iter().any(|start| low.starts_with(start))
        || device.iter().any(|start| low.starts_with(start))
}

/// The first word in capitals and what follows it, without the punctuation between them.
fn command_word(line: &str) -> (String, &str) {
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    let end = line.find(|c: char| !c.is_alphanumeric()).unwrap_or(line.len());
    let (word, rest) = line.split_at(end);
    (word.to_uppercase(), rest.trim_start_matches(|c: char| !c.is_alphanumeric()).trim_end())
}

/// Exactly six digits, also as `123 456`, and nothing else: "SETUJU 123456 tetapi besok" approves nothing.
fn code(rest: &str) -> Option<Code> {
    let rest = rest.trim_end_matches(|c: char| !c.is_alphanumeric());
    let digits: String = rest.chars().filter(|c| *c != ' ').collect();
    (digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(Code(digits))
}

/// Six digits right after the word, also as `123 456`, are a code, asked for or not: the words behind them go into a letter, and
/// a code must not.
fn leading_code(rest: &str) -> (Option<Code>, &str) {
    let length = if rest.as_bytes().get(3) == Some(&b' ') { 7 } else { 6 };
    let Some((head, tail)) = rest.split_at_checked(length) else { return (None, rest) };
    let digits = head.replacen(' ', "", 1);
    let six = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if six && !tail.starts_with(char::is_alphanumeric) {
        (Some(Code(digits)), tail.trim_start_matches(|c: char| !c.is_alphanumeric()))
    } else {
        (None, rest)
    }
}

/// The rest of the command's paragraph, or the next one where the command stands alone.
fn words(rest: &str, following: &[String]) -> String {
    let mut text = rest.to_owned();
    for line in following {
        match (line.is_empty(), text.is_empty()) {
            (true, true) => {}
            (true, false) => break,
            (false, true) => text.push_str(line),
            (false, false) => {
                text.push('\n');
                text.push_str(line);
            }
        }
    }
    text.chars().take(WORDS).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUOTES: [&str; 6] = [
        "\n\nPada Sel, 10 Nov 2026 pukul 09.12 Admin PPE <ppe@kantor.example> menulis:\n> SETUJU 123456 (enam angka)\n> TOLAK",
        "\n\nOn Tue, Nov 10, 2026 at 9:12 AM Admin PPE\n<ppe@kantor.example> wrote:\n\n> SETUJU 999999",
        "\r\n\r\n-----Original Message-----\r\nFrom: Admin PPE\r\nSETUJU 999999\r\n",
        "\n\n________________________________\nDari: Admin PPE\nSubjek: TINDAKAN\n\nSETUJU 999999",
        "\n\nDari: Admin PPE <ppe@kantor.example>\nDikirim: Selasa\n\nSETUJU 999999",
        "\n-- \nBagian Pengelolaan\nSETUJU 999999",
    ];

    fn approved(body: &str) -> Option<String> {
        match admin(body) {
            Some(AdminReply::Approve(code)) => Some(code.digits().to_owned()),
            _ => None,
        }
    }

    #[test]
    fn the_first_unquoted_line_commands_under_every_quoting_style() {
        for quote in QUOTES {
            assert_eq!(approved(&format!("SETUJU 314159{quote}")).as_deref(), Some("314159"), "{quote}");
            assert_eq!(
                admin(&format!("Tolak: NIP tidak sesuai{quote}")),
                Some(AdminReply::Reject(None, "NIP tidak sesuai".into())),
                "{quote}"
            );
        }
    }

    #[test]
    fn a_quoted_command_word_never_commands() {
        for quote in QUOTES {
            assert_eq!(admin(quote), None, "{quote}");
            assert_eq!(admin(&format!("Baik, saya lihat dulu.{quote}")), None, "{quote}");
        }
        assert_eq!(admin("> SETUJU 123456\n"), None);
    }

    #[test]
    fn an_answer_below_the_quote_is_read() {
        let body = "Pada Sel, 10 Nov 2026 pukul 09.12 Admin PPE menulis:\n> Mohon ditindaklanjuti\n> SETUJU 1\n\nLENGKAPI\n\nSurat \
                    belum bertanda tangan.\nMohon dikirim ulang.\n\nSalam";

        assert_eq!(
            admin(body),
            Some(AdminReply::Complete(None, "Surat belum bertanda tangan.\nMohon dikirim ulang.".into()))
        );
    }

    #[test]
    fn an_approval_needs_six_digits_and_nothing_else() {
        assert_eq!(approved("setuju 314 159\n").as_deref(), Some("314159"));
        assert_eq!(approved("\u{feff}*APPROVE* 314159.").as_deref(), Some("314159"));
        for body in ["SETUJU", "SETUJU 31415", "SETUJU 3141592", "SETUJU 314159 tetapi besok", "SETUJU abcdef"] {
            assert_eq!(admin(body), Some(AdminReply::ApproveWithoutCode), "{body}");
        }
        assert_eq!(admin("SETUJUI 314159"), None);
    }

    #[test]
    fn a_reason_to_approve_is_the_paragraph_that_says_so() {
        for (below, given) in [
            ("\nALASAN: datang sendiri", "datang sendiri"),
            ("\n\nSudah dicek.\n\n*Alasan:* datang\nsendiri.\n\nSalam,\nTeguh", "datang\nsendiri."),
            ("\nREASON : came in person\n> ALASAN: lain", "came in person"),
            ("\nAlasan:\ndatang sendiri\n\nSalam", "datang sendiri"),
            ("\nALASAN: satu\n\nALASAN: dua", "satu"),
            ("\nALASAN:\n\nSalam,\nTeguh", ""),
            ("\n\nSalam,\nTeguh\nLPSE", ""),
            ("\nAlasan saya: sudah dicek", ""),
            ("\nAlasan datang sendiri", ""),
            ("\nSalam, alasan: tidak ada", ""),
            ("\n> ALASAN: datang sendiri", ""),
            ("\n-- \nALASAN: datang sendiri", ""),
            ("", ""),
        ] {
            assert_eq!(reason(&format!("SETUJU 314159{below}")), given, "{below}");
        }
        assert_eq!(reason("ALASAN: SETUJU 314159"), "", "the first line commands");
        assert_eq!(reason(&format!("SETUJU 314159\nALASAN: {}", "é".repeat(3_000))).chars().count(), WORDS);
    }

    /// The digits stood in the reason, and the reason in the applicant's letter.
    #[test]
    fn six_digits_after_the_word_are_a_code_and_no_words() {
        let read = |body: &str| match admin(body) {
            Some(AdminReply::Reject(code, text) | AdminReply::Complete(code, text)) => {
                (code.map(|code| code.digits().to_owned()), text)
            }
            other => panic!("{body}: {other:?}"),
        };
        let coded = |text: &str| (Some("314159".to_owned()), text.to_owned());

        assert_eq!(read("TOLAK 314159 NIP tidak sesuai"), coded("NIP tidak sesuai"));
        assert_eq!(read("Tolak: 314 159, R04 surat tidak sah"), coded("R04 surat tidak sah"));
        assert_eq!(read("LENGKAPI 314159\n\nMohon tanda tangan."), coded("Mohon tanda tangan."));
        assert_eq!(read("TOLAK\u{a0}314159."), coded(""));
        assert_eq!(read("REJECT 314159\nthe decree has ended"), coded("the decree has ended"));
        assert_eq!(read("COMPLETE 314 159 2 lembar"), coded("2 lembar"));
        for words in ["31415 hari", "3141592 tidak ada", "314159a", "314  159", "3 14159", "surat 314159", "é14159"] {
            assert_eq!(read(&format!("TOLAK {words}")), (None, words.to_owned()));
        }
    }

    #[test]
    fn a_code_is_never_shown() {
        for word in ["SETUJU", "TOLAK", "LENGKAPI"] {
            assert!(!format!("{:?}", admin(&format!("{word} 314159"))).contains("314159"), "{word}");
        }
    }

    #[test]
    fn a_withdrawal_is_the_word_and_not_a_sentence_with_it() {
        assert!(withdraws("BATAL\n\n> BATAL"));
        assert!(withdraws("batal."));
        assert!(withdraws("BATAL, password sudah saya ingat kembali."));
        assert!(!withdraws("Batal cuti, jadi mohon diproses."));
        assert!(!withdraws("> BATAL\n"));
        assert!(!withdraws("Mohon tidak batal"));
    }

    #[test]
    fn own_words_leave_the_quote_and_the_signature_out() {
        assert_eq!(unquoted("Terlampir.\n\nTerima kasih\n-- \nLPSE\n"), ["Terlampir.", "", "Terima kasih"]);
        assert_eq!(unquoted("Terlampir.\n\nSent from my Galaxy"), ["Terlampir.", ""]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(body in any::<String>()) {
            admin(&body);
            withdraws(&body);
            prop_assert!(reason(&body).len() <= body.len());
        }

        #[test]
        fn quoting_takes_a_command_away(lines in proptest::collection::vec("[A-Za-z0-9 ,.:]{0,40}", 0..8)) {
            let quoted: String = lines.iter().map(|line| format!("> {line}\n")).collect();

            prop_assert_eq!(admin(&quoted), None);
            prop_assert!(!withdraws(&quoted));
        }

        #[test]
        fn a_command_survives_any_quote_below_it(
            code in "[0-9]{6}",
            quote in 0..QUOTES.len(),
            word in prop::sample::select(vec!["SETUJU", "setuju", "Approve", "APPROVE"]),
        ) {
            prop_assert_eq!(approved(&format!("\n{word} {code}{}", QUOTES[quote])), Some(code));
        }
    }
}
