//! How findings speak: small pieces of the Indonesian sentences the admin reads. No whole employee number leaves here.

use chrono::{Datelike, NaiveDate};

use crate::sop::names::Service;

const MONTHS: [&str; 12] = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
];

/// `9 November 2026`.
pub fn day(date: NaiveDate) -> String {
    format!("{} {} {}", date.day(), MONTHS[date.month0() as usize % 12], date.year())
}

/// `no. 000.3/1187/… tanggal 9 November 2026`, with what is known.
pub fn numbered(number: Option<&str>, date: Option<NaiveDate>) -> String {
    match (number, date) {
        (Some(number), Some(date)) => format!(" no. {number} tanggal {}", day(date)),
        (Some(number), None) => format!(" no. {number}"),
        (None, Some(date)) => format!(" tanggal {}", day(date)),
        (None, None) => String::new(),
    }
}

pub fn services(services: &[Service]) -> String {
    let name = |s: &Service| match s {
        Service::ResetPassword => "reset password",
        Service::UserIdInfo => "informasi user ID",
    };
    services.iter().map(name).collect::<Vec<_>>().join(" dan ")
}
