//! The accounts file (CONTRACT, "Accounts file"): UTF-8 CSV with a header, columns in any order. A bad row is named by
//! line and column and nothing is imported.

use std::collections::HashSet;

use chrono::NaiveDate;

use crate::sop::account::Account;
use crate::sop::names::{Address, Nip, UserId};

const COLUMNS: [&str; 11] = [
    "user_id",
    "name",
    "nip",
    "email",
    "phone",
    "role",
    "work_unit",
    "position",
    "active",
    "decree_number",
    "decree_valid_until",
];
const REQUIRED: [&str; 3] = ["user_id", "name", "email"];
/// Characters of a column's name that a sentence quotes: a file without commas is one name.
const QUOTED: usize = 60;

/// Where each known column stands in the file.
type Places = [Option<usize>; COLUMNS.len()];

/// Why an accounts file was not imported. Never quotes a value: rows are personal data.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadAccounts {
    #[error("The accounts file has no column `{0}` in its header. Add it; the order of columns does not matter")]
    MissingColumn(&'static str),
    #[error("The accounts file's header names an unknown column `{found}`. {hint}")]
    UnknownColumn { found: String, hint: String },
    #[error("The accounts file's header names the column `{0}` twice. Remove one")]
    RepeatedColumn(String),
    #[error(
        "The accounts file holds no account, only its header. Give all accounts, since they replace what was there"
    )]
    NoAccount,
    #[error("Line {line}, column `{column}` of the accounts file: {why}")]
    BadValue { line: usize, column: &'static str, why: String },
    /// Where the column has no name, or none that can be read: its number.
    #[error("Line {line}, column {column} of the accounts file: {why}")]
    BadPlace { line: usize, column: usize, why: String },
    #[error("Line {line} of the accounts file cannot be read: {why}")]
    BadRow { line: usize, why: String },
}

/// Reads all accounts; `default_role` stands where the file names none.
pub fn read(bytes: &[u8], default_role: &str) -> Result<Vec<Account>, BadAccounts> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ::csv::ReaderBuilder::new().trim(::csv::Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(|e| bad_row(&e, bytes, &[None; COLUMNS.len()]))?.clone();
    let columns = columns(&header)?;
    let mut accounts: Vec<Account> = Vec::new();
    let mut user_ids = HashSet::new();
    for record in reader.records() {
        let record = record.map_err(|e| bad_row(&e, bytes, &columns))?;
        let row = Row { record: &record, columns: &columns, file: bytes };
        let account = row.account(default_role)?;
        if !user_ids.insert(account.user_id.folded()) {
            return Err(row.bad("user_id", "this user ID stands in the file twice; upper and lower case are one"));
        }
        accounts.push(account);
    }
    if accounts.is_empty() { Err(BadAccounts::NoAccount) } else { Ok(accounts) }
}

fn columns(header: &::csv::StringRecord) -> Result<Places, BadAccounts> {
    let mut places = [None; COLUMNS.len()];
    for (at, found) in header.iter().enumerate() {
        let name = found.to_ascii_lowercase();
        let Some(known) = COLUMNS.iter().position(|c| *c == name) else {
            return Err(BadAccounts::UnknownColumn { found: cut(found), hint: hint(&name) });
        };
        if places[known].replace(at).is_some() {
            return Err(BadAccounts::RepeatedColumn(name));
        }
    }
    for required in REQUIRED {
        if COLUMNS.iter().position(|c| *c == required).is_none_or(|i| places[i].is_none()) {
            return Err(BadAccounts::MissingColumn(required));
        }
    }
    Ok(places)
}

/// What was meant, as far as an unknown column's name tells.
fn hint(name: &str) -> String {
    if name.contains([';', '\t']) {
        return "Separate columns by commas; Excel writes them as \"CSV UTF-8 (comma delimited)\"".to_owned();
    }
    let name = cut(name);
    let near = COLUMNS.iter().map(|known| (strsim::levenshtein(known, &name), known));
    match near.min().filter(|(apart, known)| *apart <= known.len() / 2) {
        Some((_, nearest)) => format!("Did you mean `{nearest}`?"),
        None => format!("It takes {}", COLUMNS.join(", ")),
    }
}

/// A name of the header as a sentence may quote it.
fn cut(name: &str) -> String {
    match name.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

fn bad_row(problem: &::csv::Error, file: &[u8], columns: &Places) -> BadAccounts {
    let line = line_of(file, problem.position());
    match problem.kind() {
        ::csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let remedy = match len < expected_len {
                true => "Write a comma for each that is empty",
                false => "Put a value that holds a comma in quotes",
            };
            let why = format!("the row has {len} values where the header has {expected_len}. {remedy}");
            // The first that is missing, or the first too many.
            bad_place(line, usize::try_from(*len.min(expected_len)).unwrap_or(usize::MAX), columns, why)
        }
        ::csv::ErrorKind::Utf8 { err, .. } => {
            bad_place(line, err.field(), columns, "it is not UTF-8. Save the file as UTF-8".to_owned())
        }
        _ => BadAccounts::BadRow { line, why: "it is not well-formed CSV".to_owned() },
    }
}

fn bad_place(line: usize, place: usize, columns: &Places, why: String) -> BadAccounts {
    match COLUMNS.iter().zip(columns).find(|(_, stands)| **stands == Some(place)) {
        Some((&column, _)) => BadAccounts::BadValue { line, column, why },
        None => BadAccounts::BadPlace { line, column: place.saturating_add(1), why },
    }
}

/// The line on which a record begins. Its position lies before the rest of the last line break and before blank lines.
fn line_of(file: &[u8], position: Option<&::csv::Position>) -> usize {
    let position = position.and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or_default();
    let (before, after) = file.split_at(position.min(file.len()));
    let skipped = after.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let text = &file[..before.len() + skipped];
    // A line ends in LF, in CR LF, or in CR alone.
    let ends = |at: &usize| text[*at] == b'\n' || text[*at] == b'\r' && text.get(at + 1) != Some(&b'\n');
    1 + (0..text.len()).filter(ends).count()
}

struct Row<'a> {
    record: &'a ::csv::StringRecord,
    columns: &'a Places,
    file: &'a [u8],
}

impl Row<'_> {
    fn account(&self, default_role: &str) -> Result<Account, BadAccounts> {
        let email = self.required("email")?;
        Ok(Account {
            user_id: UserId(self.required("user_id")?.to_owned()),
            name: self.required("name")?.to_owned(),
            nip: self.parsed("nip", "18 digits are needed", |t| Nip::parse(t).filter(|_| only_grouping(t)))?,
            email: Address::parse(email).ok_or_else(|| self.bad("email", "this is not a mail address"))?,
            phone: self.value("phone")?.map(str::to_owned),
            role: self.value("role")?.unwrap_or(default_role).to_owned(),
            work_unit: self.value("work_unit")?.map(str::to_owned),
            position: self.value("position")?.map(str::to_owned),
            active: self.parsed("active", "write `true` or `false`", truth)?.unwrap_or(true),
            decree_number: self.value("decree_number")?.map(str::to_owned),
            decree_valid_until: self.parsed("decree_valid_until", "write the date as YYYY-MM-DD", day)?,
        })
    }

    /// The value of a column; empty and absent are one. Control characters are refused (THREATS row 22).
    fn value(&self, column: &'static str) -> Result<Option<&str>, BadAccounts> {
        let place = COLUMNS.iter().position(|c| *c == column).and_then(|i| self.columns[i]);
        let text = place.and_then(|at| self.record.get(at)).map(str::trim).filter(|t| !t.is_empty());
        if text.is_some_and(|t| t.contains(char::is_control)) {
            return Err(self.bad(column, "line breaks and control characters are not allowed"));
        }
        if text.is_some_and(|t| t.chars().count() > 200) {
            return Err(self.bad(column, "longer than 200 characters"));
        }
        Ok(text)
    }

    fn required(&self, column: &'static str) -> Result<&str, BadAccounts> {
        self.value(column)?.ok_or_else(|| self.bad(column, "a value is required"))
    }

    fn parsed<T>(
        &self,
        column: &'static str,
        wanted: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, BadAccounts> {
        match self.value(column)? {
            None => Ok(None),
            Some(text) => parse(text).map(Some).ok_or_else(|| self.bad(column, wanted)),
        }
    }

    fn bad(&self, column: &'static str, why: &str) -> BadAccounts {
        BadAccounts::BadValue { line: line_of(self.file, self.record.position()), column, why: why.to_owned() }
    }
}

fn only_grouping(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '.' | '-'))
}

/// YYYY-MM-DD and nothing shorter or longer.
fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|day| text.len() == 10 && day.to_string() == text)
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_any_order_and_most_may_be_absent() {
        let file = "\u{feff}email,Name,user_id\nbudi@kantor.example,\"Budi Hartono, S.T.\",BUDIH\n";

        let accounts = read(file.as_bytes(), "Helpdesk").expect("a good file");

        assert_eq!(accounts[0].user_id, UserId("budih".into()));
        assert_eq!((accounts[0].role.as_str(), accounts[0].active), ("Helpdesk", true));
        assert_eq!(accounts[0].nip, None);
    }

    #[test]
    fn a_bad_value_is_named_by_line_and_column() {
        let cases = [
            ("A,B,b@x.example,12345,true,2026-12-31", "Line 3, column `nip`"),
            ("A,B,nothing,,true,", "Line 3, column `email`"),
            ("A,B,b@x.example,,yes,", "Line 3, column `active`"),
            ("A,B,b@x.example,,true,31-12-2026", "Line 3, column `decree_valid_until`"),
            ("A,B,b@x.example,,true,2026-1-2", "Line 3, column `decree_valid_until`"),
            (",B,b@x.example,,true,", "Line 3, column `user_id`"),
            ("ok,B,b@x.example,,true,", "Line 3, column `user_id`"),
            ("A,B,b@x.example", "Line 3, column `nip`"),
            ("A,B,b@x.example,,true,,", "Line 3, column 7"),
        ];
        for (row, wanted) in cases {
            let file = format!("user_id,name,email,nip,active,decree_valid_until\nOK,C,c@x.example,,,\n{row}\n");

            let problem = read(file.as_bytes(), "Helpdesk").expect_err(row).to_string();

            assert!(problem.starts_with(wanted), "{row}: {problem}");
        }
    }

    /// Lines were counted from before the last line break: one too few in each file that ends its lines by CRLF.
    #[test]
    fn a_bad_row_is_named_by_the_line_on_which_it_begins() {
        let cases: [(&[u8], &str); 8] = [
            (b"user_id,name,email\r\nA,B,c@x.example\r\nA2,B,nomail\r\n", "Line 3, column `email`"),
            (b"user_id,name,email\n\n\nA,B,nomail\n", "Line 4, column `email`"),
            (b"\r\nuser_id,name,email\r\n\r\nA,B,nomail", "Line 4, column `email`"),
            (b"\xef\xbb\xbfuser_id,name,email\r\nA,B,nomail\r\n", "Line 2, column `email`"),
            (b"user_id,\"name\n\",email\nA,\"B\n\n\",c@x.example\nA2,B,nomail\n", "Line 6, column `email`"),
            (b"user_id,name,email\r\nA,\"B\r\nC\",c@x.example\r\n", "Line 2, column `name`"),
            (b"user_id,name,email\r\nA,B,c@x.example\r\nA2,B\r\n", "Line 3, column `email`"),
            (b"user_id,name,email\r\nA,B,c@x.example\r\n\r\nA2,Andr\xe9,d@x.example\r\n", "Line 4, column `name`"),
        ];
        for (file, wanted) in cases {
            let problem = read(file, "Helpdesk").expect_err("a bad row").to_string();

            assert!(problem.starts_with(wanted), "{}: {problem}", String::from_utf8_lossy(file));
        }
    }

    /// They were named by the line alone.
    #[test]
    fn a_value_too_few_too_many_or_in_another_encoding_is_named_by_its_column() {
        let told = |file: &[u8]| read(file, "Helpdesk").expect_err("a bad row").to_string();

        assert!(told(b"email,user_id,name\nc@x.example,A\n").starts_with("Line 2, column `name`"));
        let surplus = told(b"user_id,name,email\nA,B, S.T.,c@x.example\n");
        assert!(surplus.starts_with("Line 2, column 4 ") && surplus.contains("in quotes"), "{surplus}");
        assert!(told(b"email,name,user_id\nc@x.example,B,A\xe9\n").starts_with("Line 2, column `user_id`"));
        assert!(told(b"user_id,nam\xe9,email\n").starts_with("Line 1, column 2 "));
    }

    /// All 30 MB of a file without commas went to standard error.
    #[test]
    fn a_header_that_is_no_header_is_quoted_in_part() {
        let told = read("kolom ".repeat(200_000).as_bytes(), "x").expect_err("no column").to_string();

        assert!(told.contains("`kolom kolom") && told.contains('…') && told.len() < 600, "{told}");
    }

    /// Each row was compared with all before it: twice the accounts took four times as long.
    #[test]
    fn many_accounts_are_read_in_one_go() {
        let mut file = "user_id,name,email\n".to_owned();
        (0..40_000).for_each(|serial| file.push_str(&format!("A{serial},Budi,budi@kantor.example\n")));
        let (told, hears) = std::sync::mpsc::channel();

        std::thread::spawn(move || told.send(read(file.as_bytes(), "Helpdesk").map(|accounts| accounts.len())));
        let read = hears.recv_timeout(std::time::Duration::from_secs(60)).expect("it comes to an end");

        assert_eq!(read, Ok(40_000));
    }

    #[test]
    fn the_header_is_checked_before_any_row() {
        assert_eq!(read(b"user_id,name\n", "x"), Err(BadAccounts::MissingColumn("email")));
        let misspelt = read(b"user_id,name,emial\n", "x").expect_err("unknown").to_string();
        assert!(misspelt.contains("`email`"), "{misspelt}");
    }

    /// A file that Excel wrote in Indonesian was asked whether it meant `user_id`.
    #[test]
    fn a_hint_is_given_only_where_it_helps() {
        let told = |header: &[u8]| read(header, "x").expect_err("unknown").to_string();

        assert!(told(b"user_id;name;email\n").contains("Separate columns by commas"));
        let foreign = told(b"user_id,name,email,golongan_darah\n");
        assert!(foreign.contains("It takes user_id") && !foreign.contains("Did you mean"), "{foreign}");
    }

    #[test]
    fn a_header_alone_holds_no_account() {
        assert_eq!(read(b"user_id,name,email\n\n", "x"), Err(BadAccounts::NoAccount));
    }
}
