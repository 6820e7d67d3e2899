//! The demo's folder as an operator finds it: a readable `loket.toml`, the shipped procedure with hours that never close,
//! holiday files of the years around today, and the accounts. The daemon's own configuration code reads it back.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use chrono::{Datelike, NaiveDate};

use super::samples::{self, SampleOffice};
use crate::config::{self, Config};

/// Archive schedules: while a person watches, and while nobody does.
pub const EVERY_TEN: &str = "*/10 * * * * *";
pub const EVERY_SECOND: &str = "* * * * * *";

pub const CONFIGURATION: &str = "loket.toml";
pub const ACCOUNTS: &str = "accounts.csv";
pub const INBOX: &str = "inbox";
pub const OUTBOX: &str = "outbox";
pub const STATE: &str = "state";

const SHIPPED: &str = include_str!("../../config/sop/helpdesk.toml");

/// Writes the folder anew around whatever state lies in it, and reads the configuration as `loket run` would.
pub fn write(folder: &Path, day: NaiveDate, listen: SocketAddr, schedule: &str) -> Result<Config> {
    let office = samples::office(day);
    let configuration = configuration(&office, day, listen, schedule);
    put(folder, "helpdesk.toml", &procedure(&office)?)?;
    put(folder, ACCOUNTS, &office.accounts_csv)?;
    for year in years(day) {
        put(folder, &holidays_file(year), &holidays(year))?;
    }
    put(folder, CONFIGURATION, &configuration)?;
    config::parse(&configuration, folder).map_err(|findings| {
        let all: Vec<String> = findings.iter().map(ToString::to_string).collect();
        anyhow!("Cannot use the demo's own configuration in {}: {}", folder.display(), all.join("; "))
    })
}

/// Whether an earlier run left its records here.
pub fn was_played_in(folder: &Path) -> bool {
    folder.join(STATE).join("live").is_dir()
}

/// The address an earlier run in this folder listened on, so that links in its letters keep working.
pub fn earlier_address(folder: &Path) -> Option<SocketAddr> {
    let text = std::fs::read_to_string(folder.join(CONFIGURATION)).ok()?;
    let table: toml::Table = text.parse().ok()?;
    table.get("desk")?.get("listen")?.as_str()?.parse().ok()
}

fn put(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    let written = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, text));
    written.with_context(|| format!("Cannot write {}: give --dir a folder that you may write", path.display()))
}

/// Last year to the year after next: no demo runs into a year it does not know.
fn years(day: NaiveDate) -> std::ops::RangeInclusive<i32> {
    day.year() - 1..=day.year() + 2
}

fn holidays_file(year: i32) -> String {
    format!("holidays/{year}.toml")
}

fn holidays(year: i32) -> String {
    format!(
        "# The demo's office knows no days off, so that it works on whatever day it is played.\n\n\
         year = {year}\nsource = \"Kalender percontohan: kantor buka setiap hari\"\nclosed = []\n"
    )
}

/// The shipped procedure under the sample office's name and number, open day and night: to the last minute, because a
/// deadline at 24.00 would be written as 00.00 of the next day.
fn procedure(office: &SampleOffice) -> Result<String> {
    let mut text = SHIPPED.to_owned();
    for (key, value) in [("number = \"", office.sop_number), ("issuer = \"", office.letters.unit.as_str())] {
        let line = text.lines().find(|line| line.starts_with(key)).map(str::to_owned);
        let line = line.ok_or_else(|| anyhow!("The shipped procedure names no {key}…"))?;
        text = text.replacen(&line, &format!("{key}{value}\""), 1);
    }
    let (Some(from), Some(to)) = (text.find("[hours.week]"), text.find("# How papers and mails are recognised")) else {
        bail!("The shipped procedure has no service hours where the demo looks for them");
    };
    let week = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let open: String = week.iter().map(|day| format!("{day} = [\"00.00-23.59\"]\n")).collect();
    text.replace_range(from..to, &format!("[hours.week]\n{open}\n"));
    Ok(text)
}

fn configuration(office: &SampleOffice, day: NaiveDate, listen: SocketAddr, schedule: &str) -> String {
    let o = &office.letters;
    let files: Vec<String> = years(day).map(|year| format!("{:?}", holidays_file(year))).collect();
    let mut text = String::from(
        "# The demo's configuration, written anew whenever the demo starts. Nothing here leaves this machine: mail comes\n\
         # from `inbox` and goes to `outbox`, and accounts are those of the embedded directory.\n\n",
    );
    let mut table = |name: &str, keys: &[(&str, String)]| {
        let _ = writeln!(text, "{name}");
        for (key, value) in keys {
            let _ = writeln!(text, "{key} = {value}");
        }
        text.push('\n');
    };
    let quoted = |value: &str| toml::Value::from(value).to_string();
    table(
        "[office]",
        &[
            ("id", quoted(office.id)),
            ("name", quoted(&o.name)),
            ("unit", quoted(&o.unit)),
            ("phone", quoted(&o.phone)),
            ("signature", quoted(&o.signature)),
            ("system_name", quoted(&o.system)),
            ("system_url", quoted("https://spse.lembayungraya.example/eproc4")),
            ("zone", quoted(&o.zone)),
            ("prefix", quoted(office.prefix)),
            ("superior", quoted(office.superior.1)),
        ],
    );
    table(
        "[[mailbox]]",
        &[
            ("name", quoted("permohonan")),
            ("procedure", quoted("helpdesk.toml")),
            ("kind", quoted("maildir")),
            ("directory", quoted(INBOX)),
            ("authserv_id", quoted(office.mail_server)),
        ],
    );
    let courier = [("kind", "maildir"), ("from_address", office.mailbox), ("from_name", &o.name)];
    table("[courier]", &courier.map(|(key, value)| (key, quoted(value))));
    table("[courier.maildir]", &[("directory", quoted(OUTBOX))]);
    table("[accounts]", &[("driver", quoted("directory"))]);
    let listen = listen.to_string();
    table("[desk]", &[("listen", quoted(&listen)), ("base_url", quoted(&format!("http://{listen}")))]);
    table("[state]", &[("directory", quoted(STATE))]);
    table("[archive]", &[("schedule", quoted(schedule))]);
    // Whoever plays a sample again and again is no flood.
    let unlimited = ["per_sender_a_day", "per_domain_a_day", "per_account_a_day", "answers_per_address_a_day"];
    table("[limits]", &unlimited.map(|key| (key, "0".to_owned())));
    table("[holidays]", &[("files", format!("[{}]", files.join(", ")))]);
    text
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone, Utc};

    use super::super::folder::Folder;
    use super::*;
    use crate::sop::worktime::Minutes;

    #[test]
    fn the_daemon_reads_the_demos_configuration_and_its_clock_runs_day_and_night() {
        let folder = Folder::take(None).unwrap();
        let listen: SocketAddr = "127.0.0.1:8420".parse().unwrap();

        for day in [(2026, 1, 1), (2027, 12, 31), (2028, 2, 29)] {
            let day = NaiveDate::from_ymd_opt(day.0, day.1, day.2).unwrap();
            let config = write(folder.path(), day, listen, EVERY_TEN).unwrap();

            let at = Utc.from_utc_datetime(&day.and_hms_opt(18, 30, 0).unwrap());
            assert_eq!(config.findings_at(at), []);
            let calendar = config.calendar(&config.procedures()[0]).unwrap();
            let week = at + TimeDelta::days(7);
            assert_eq!(calendar.working_minutes(at, week), Minutes::of(7 * (24 * 60 - 1)));
            assert!(!calendar.is_provisional(week));
        }
        assert_eq!(earlier_address(folder.path()), Some(listen));
    }
}
