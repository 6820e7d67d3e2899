//! Texts as a person types them.

use crate::sop::names::Address;

/// Characters in the longest text that is taken.
const LONGEST: usize = 200;

/// A name or a word: not empty, on one line.
pub fn line(text: &str) -> Result<String, String> {
    if text.contains(char::is_control) {
        return Err("write it on one line, without control characters".to_owned());
    }
    let text = text.trim();
    if text.is_empty() {
        return Err("write at least one letter".to_owned());
    }
    if text.chars().count() > LONGEST {
        return Err(format!("write {LONGEST} characters at most"));
    }
    Ok(text.to_owned())
}

/// A mail address, whole.
pub fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).ok_or_else(|| "write one mail address, such as retno@karangmulia.example".to_owned())
}
