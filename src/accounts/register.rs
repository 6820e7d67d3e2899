//! The register in memory: all accounts, and who could be meant by what a letter says.

use std::collections::HashMap;

use crate::engine::port::Query;
use crate::sop::account::Account;
use crate::sop::names::{Address, Nip, UserId};

/// Candidates by name are many where names are common; more than this help nobody.
const NAMESAKES: usize = 10;

/// All accounts, findable by user ID, NIP, registered address and, as a last resort, name.
#[derive(Default)]
pub struct Register {
    accounts: Vec<Account>,
    by_user_id: HashMap<String, usize>,
    by_nip: HashMap<String, Vec<usize>>,
    by_address: HashMap<String, Vec<usize>>,
}

/// A user ID stands twice in one register. User IDs are compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The user ID `{0}` stands twice among the accounts. Keep one; case makes no difference")]
pub struct Twice(pub UserId);

impl Register {
    pub fn new(accounts: Vec<Account>) -> Result<Self, Twice> {
        let mut register = Self::default();
        for (place, account) in accounts.iter().enumerate() {
            if register.by_user_id.insert(account.user_id.folded(), place).is_some() {
                return Err(Twice(account.user_id.clone()));
            }
            if let Some(nip) = &account.nip {
                register.by_nip.entry(nip.digits().to_owned()).or_default().push(place);
            }
            register.by_address.entry(folded(&account.email)).or_default().push(place);
        }
        Ok(Self { accounts, ..register })
    }

    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    pub fn get(&self, user_id: &UserId) -> Option<&Account> {
        self.by_user_id.get(&user_id.folded()).map(|place| &self.accounts[*place])
    }

    /// All accounts that could be meant: by user ID, by NIP, by registered address, in that order and each once; by name
    /// only where none of these finds any. Candidates, not a decision: the dossier compares them with the papers.
    pub fn look_up(&self, query: &Query) -> Vec<Account> {
        let none: &[usize] = &[];
        let user_id = query.user_id.as_ref().and_then(|id| self.by_user_id.get(&UserId(id.clone()).folded()));
        let nip = query.nip.as_deref().and_then(Nip::parse);
        let by_nip = nip.and_then(|nip| self.by_nip.get(nip.digits())).map_or(none, Vec::as_slice);
        let address = query.email.as_deref().and_then(Address::parse);
        let by_address = address.and_then(|a| self.by_address.get(&folded(&a))).map_or(none, Vec::as_slice);

        let mut places: Vec<usize> = Vec::new();
        for place in user_id.into_iter().chain(by_nip).chain(by_address) {
            if !places.contains(place) {
                places.push(*place);
            }
        }
        if places.is_empty() {
            places = query.name.as_deref().map_or_else(Vec::new, |name| self.namesakes(name));
        }
        places.into_iter().map(|place| self.accounts[place].clone()).collect()
    }

    /// Accounts whose name shares enough words with this one, the closest first.
    fn namesakes(&self, name: &str) -> Vec<usize> {
        let asked = words(name);
        let closeness = |(place, account): (usize, &Account)| {
            let held = words(&account.name);
            let shared = asked.iter().filter(|word| held.iter().any(|other| alike(word, other))).count();
            (shared > 0 && shared >= asked.len().min(held.len()).min(2)).then_some((shared, place))
        };
        let mut found: Vec<(usize, usize)> = self.accounts.iter().enumerate().filter_map(closeness).collect();
        found.sort_by_key(|(shared, place)| (std::cmp::Reverse(*shared), *place));
        found.into_iter().take(NAMESAKES).map(|(_, place)| place).collect()
    }
}

/// Registered addresses are compared as [`Address::same_mailbox`] does.
fn folded(address: &Address) -> String {
    address.as_str().to_ascii_lowercase()
}

/// The words of a name in lower case, without the degrees that follow a comma.
fn words(name: &str) -> Vec<String> {
    let bare = name.split(',').next().unwrap_or(name).to_lowercase();
    let split = bare.split(|c: char| c.is_whitespace() || c == '.' || c == '-');
    split.map(|word| word.replace(['\'', '’', '`'], "")).filter(|word| word.chars().count() > 1).collect()
}

/// Equal, or one letter apart in a long word.
fn alike(a: &str, b: &str) -> bool {
    a == b || a.len().min(b.len()) >= 5 && strsim::levenshtein(a, b) <= 1
}
