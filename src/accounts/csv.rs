//! The accounts file (CONTRACT, "Accounts file"): UTF-8 CSV with a header, columns in any order. A bad row is named by
//! line and column and nothing is imported.

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
    BadValue { line: u64, column: &'static str, why: String },
    #[error("Line {line} of the accounts file cannot be read: {why}")]
    BadRow { line: u64, why: String },
}

/// Reads all accounts; `default_role` stands where the file names none.
pub fn read(bytes: &[u8], default_role: &str) -> Result<Vec<Account>, BadAccounts> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ::csv::ReaderBuilder::new().trim(::csv::Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(|e| bad_row(&e))?.clone();
    let columns = columns(&header)?;
    let mut accounts: Vec<Account> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| bad_row(&e))?;
        let line = record.position().map_or(0, ::csv::Position::line);
        let row = Row { record: &record, columns: &columns, line };
        let account = row.account(default_role)?;
        if accounts.iter().any(|a| a.user_id == account.user_id) {
            return Err(row.bad("user_id", "this user ID stands in the file twice; upper and lower case are one"));
        }
        accounts.push(account);
    }
    if accounts.is_empty() { Err(BadAccounts::NoAccount) } else { Ok(accounts) }
}

/// Where each known column stands in the file.
fn columns(header: &::csv::StringRecord) -> Result<[Option<usize>; COLUMNS.len()], BadAccounts> {
    let mut places = [None; COLUMNS.len()];
    for (at, found) in header.iter().enumerate() {
        let name = found.to_ascii_lowercase();
        let Some(known) = COLUMNS.iter().position(|c| *c == name) else {
            return Err(BadAccounts::UnknownColumn { found: found.into(), hint: hint(&name) });
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
    let near = COLUMNS.iter().map(|known| (strsim::levenshtein(known, name), known));
    match near.min().filter(|(apart, known)| *apart <= known.len() / 2) {
        Some((_, nearest)) => format!("Did you mean `{nearest}`?"),
        None => format!("It takes {}", COLUMNS.join(", ")),
    }
}

fn bad_row(problem: &::csv::Error) -> BadAccounts {
    let line = problem.position().map_or(0, ::csv::Position::line);
    let why = match problem.kind() {
        ::csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} values where the header has {expected_len}")
        }
        ::csv::ErrorKind::Utf8 { .. } => "it is not UTF-8. Save the file as UTF-8".to_owned(),
        _ => "it is not well-formed CSV".to_owned(),
    };
    BadAccounts::BadRow { line, why }
}

struct Row<'a> {
    record: &'a ::csv::StringRecord,
    columns: &'a [Option<usize>; COLUMNS.len()],
    line: u64,
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
            decree_valid_until: self.parsed("decree_valid_until", "write the date as YYYY-MM-DD", |t| {
                NaiveDate::parse_from_str(t, "%Y-%m-%d").ok()
            })?,
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
        BadAccounts::BadValue { line: self.line, column, why: why.to_owned() }
    }
}

fn only_grouping(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '.' | '-'))
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
            (",B,b@x.example,,true,", "Line 3, column `user_id`"),
            ("ok,B,b@x.example,,true,", "Line 3, column `user_id`"),
            ("A,B,b@x.example", "Line 3 "),
        ];
        for (row, wanted) in cases {
            let file = format!("user_id,name,email,nip,active,decree_valid_until\nOK,C,c@x.example,,,\n{row}\n");

            let problem = read(file.as_bytes(), "Helpdesk").expect_err(row).to_string();

            assert!(problem.starts_with(wanted), "{row}: {problem}");
        }
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
