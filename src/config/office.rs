//! `[office]`: who answers, as letters and pages name it.

use chrono_tz::Tz;

use super::section::Section;
use crate::sop::names::{Address, CaseNumber, Language, OfficeId};

/// The office and the system whose accounts it looks after.
#[derive(Debug, Clone)]
pub struct OfficeConfig {
    /// Part of every stored key.
    pub id: OfficeId,
    pub name: String,
    pub unit: String,
    /// The number that letters give for questions.
    pub phone: String,
    /// What stands under a letter, such as "Admin PPE – LPSE …".
    pub signature: String,
    pub system_name: String,
    pub system_url: String,
    pub zone: Tz,
    /// The first part of case numbers, `LPSE` in `LPSE-2026-0047`.
    pub prefix: String,
    /// Told when a time standard is overrun.
    pub superior: Option<Address>,
    /// That pages begin in; the language of letters is the procedure's.
    pub language: Language,
}

impl OfficeConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let lower = |text: &str| {
            let fits =
                text.len() <= 32 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            fits.then(|| text.to_owned())
        };
        let id = section.required(
            "id",
            "a short name of lower-case letters, digits and `-`, such as \"karangmulia\"",
            lower,
        );
        let name = section.text("name", "the office as letters name it");
        let unit = section.text("unit", "the unit that answers");
        let phone = section.text("phone", "the number that applicants may call");
        let signature = section.optional_text("signature").unwrap_or_else(|| format!("Admin PPE – {name}"));
        let system_name = section.text_or("system_name", "SPSE");
        let web = |text: &str| (text.starts_with("https://") || text.starts_with("http://")).then(|| text.to_owned());
        let system_url =
            section.required("system_url", "an address such as \"https://spse.karangmulia.example/eproc4\"", web);
        let zone = section.parsed(
            "zone",
            "a time zone such as \"Asia/Makassar\" (WITA), \"Asia/Jakarta\" (WIB) or \"Asia/Jayapura\" (WIT)",
            |text| text.parse().ok(),
        );
        let prefix = section.parsed("prefix", "one to sixteen capital letters and digits, such as \"LPSE\"", |text| {
            CaseNumber::parse(&format!("{text}-2026-0001")).map(|_| text.to_owned())
        });
        let superior = section.parsed("superior", "a mail address", Address::parse);
        let language = section.choice("language", &[("id", Language::Id), ("en", Language::En)], true);
        section.finish();
        Self {
            id: OfficeId(id.unwrap_or_default()),
            name,
            unit,
            phone,
            signature,
            system_name,
            system_url: system_url.unwrap_or_default(),
            zone: zone.unwrap_or(chrono_tz::Asia::Makassar),
            prefix: prefix.unwrap_or_else(|| "LPSE".to_owned()),
            superior,
            language,
        }
    }
}
