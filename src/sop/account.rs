//! The account's record: what SPSE, or the archive of initial registrations, holds about a person (SOP step 5).

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize};

use super::names::{Address, Nip, UserId};

/// One account. Facts that the register does not hold are `None`, never an empty string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub user_id: UserId,
    pub name: String,
    /// What an account system keeps in its place (a dash, a number of another kind) is no NIP.
    #[serde(default, deserialize_with = "nip_if_whole")]
    pub nip: Option<Nip>,
    pub email: Address,
    pub phone: Option<String>,
    pub role: String,
    pub work_unit: Option<String>,
    pub position: Option<String>,
    pub active: bool,
    pub decree_number: Option<String>,
    pub decree_valid_until: Option<NaiveDate>,
}

impl Account {
    /// Whether words hold its user ID, as a word by itself, or its telephone number, however that is written: what the register knows
    /// is never written to a correspondent.
    pub fn is_told_in(&self, words: &str) -> bool {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let (folded, user_id) = (words.to_uppercase(), self.user_id.folded());
        let mut tokens = folded.split(|c: char| !c.is_alphanumeric() && !"._-@".contains(c));
        let phone = self.phone.as_deref().map(digits).filter(|phone| phone.len() >= 8);
        tokens.any(|token| token.trim_matches(|c| ".-_".contains(c)) == user_id)
            || phone.is_some_and(|phone| words.lines().any(|line| digits(line).contains(&phone)))
    }
}

fn nip_if_whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Nip>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.and_then(|text| Nip::parse(&text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_reads_without_a_nip_where_its_system_keeps_none_that_is_whole() {
        let read = |nip: &str| -> Account {
            let text = format!(
                r#"{{"user_id": "A", "name": "B", "nip": {nip}, "email": "a@b.example", "phone": null, "role": "Helpdesk",
                    "work_unit": null, "position": null, "active": true, "decree_number": null, "decree_valid_until": null}}"#
            );
            serde_json::from_str(&text).expect("it reads")
        };

        for none in ["null", r#""""#, r#""-""#, r#""196001011""#] {
            assert_eq!(read(none).nip, None, "{none}");
        }
        let whole = read(r#""19900101 201503 2 901""#);
        assert_eq!(whole.nip, Nip::parse("199001012015032901"));
        let again: Account =
            serde_json::from_str(&serde_json::to_string(&whole).expect("it writes")).expect("it reads");
        assert_eq!(again, whole);
    }
}
