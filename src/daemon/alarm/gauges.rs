//! The facts and alarms in the text form that Prometheus reads (OpenMetrics 1.0). Names of mailboxes and alarms are the
//! only labels.

use chrono::{DateTime, Utc};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::board::Standing;
use super::facts::Facts;
use crate::daemon::keys;

type Labels = Vec<(&'static str, String)>;
type Figures = Family<Labels, Gauge>;

/// Everything, as one text.
pub fn text(facts: &Facts, raised: &[Standing]) -> String {
    let mut registry = Registry::default();
    let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
    write(&mut registry, "loket_up", "1 while the daemon runs, with its version", [(version, 1)]);
    mail(&mut registry, facts);
    canary(&mut registry, facts);
    work(&mut registry, facts);
    record(&mut registry, facts);
    surroundings(&mut registry, facts);
    means(&mut registry, facts);
    let alarms = raised.iter().map(|standing| {
        let labels = vec![("alarm", standing.alarm.kind().to_owned()), ("about", standing.alarm.about())];
        (labels, standing.since.timestamp())
    });
    write(&mut registry, "loket_alarm_since_timestamp_seconds", "Alarms that are raised, and since when", alarms);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = encode(&mut text, &registry);
    text
}

fn mail(registry: &mut Registry, facts: &Facts) {
    let of = |name: &str| vec![("mailbox", name.to_owned())];
    let failures = facts.mailboxes.iter().map(|m| (of(&m.name), i64::from(m.failures)));
    write(registry, "loket_mailbox_failures", "Failures of a mailbox in a row", failures);
    let shelved = facts.mailboxes.iter().map(|m| (of(&m.name), count_of(m.shelved)));
    write(registry, "loket_mailbox_shelved_mails", "Mails that again and again cannot be taken in", shelved);
    let not_filed = facts.mailboxes.iter().map(|m| (of(&m.name), count_of(m.not_filed)));
    write(registry, "loket_mailbox_unfiled_mails", "Mails on record that cannot be moved out of the inbox", not_filed);
    let looked = facts.mailboxes.iter().filter_map(|m| Some((of(&m.name), seconds(m.looked_at?))));
    write(registry, "loket_mailbox_looked_at_timestamp_seconds", "When a mailbox was last looked at", looked);
}

fn canary(registry: &mut Registry, facts: &Facts) {
    let Some(canary) = &facts.canary else { return };
    let lost = [(Vec::new(), i64::from(canary.lost_since.is_some()))];
    write(registry, "loket_canary_lost", "1 while a mail sent to oneself is not back in time", lost);
    let back = canary.back_at.map(|at| (Vec::new(), seconds(at)));
    write(registry, "loket_canary_back_timestamp_seconds", "When the last canary came back", back);
    let trip = canary.trip.map(|trip| (Vec::new(), trip.num_milliseconds()));
    write(registry, "loket_canary_trip_milliseconds", "How long the last canary was on its way", trip);
}

fn work(registry: &mut Registry, facts: &Facts) {
    let outbox = &facts.outbox;
    let rows = [
        ("waiting", outbox.waiting),
        ("failing", outbox.failing),
        ("held", outbox.held),
        ("dead", outbox.dead),
        ("damaged", outbox.damaged),
    ];
    let rows = rows.map(|(state, count)| (vec![("state", state.to_owned())], count_of(count)));
    write(registry, "loket_outbox_rows", "Letters and other effects; the failing ones wait too", rows);
    let attempts = [(Vec::new(), i64::from(outbox.most_attempts))];
    write(registry, "loket_outbox_most_attempts", "The most failures in a row of one effect", attempts);
    let away = facts.post.away.map_or(0, |long| i64::try_from(long.as_secs()).unwrap_or(i64::MAX));
    write(registry, "loket_courier_away_seconds", "For how long no letter could be offered", [(Vec::new(), away)]);
    let refused = [(Vec::new(), i64::from(facts.post.refused))];
    write(registry, "loket_courier_refused_letters", "Letters refused for good in a row", refused);
    let due = outbox.due_since.map_or(0, |since| (facts.at - since).num_seconds().max(0));
    let help = "How long the longest due letter or other effect has been due; 0: none is due";
    write(registry, "loket_outbox_due_age_seconds", help, [(Vec::new(), due)]);
    let cases =
        [("open", facts.open), ("unknown", facts.unknown), ("damaged", facts.damaged), ("unfiled", facts.unfiled)];
    let cases = cases.map(|(state, count)| (vec![("state", state.to_owned())], count_of(count)));
    write(
        registry,
        "loket_cases",
        "Cases that are not closed; of these, resets whose outcome is unknown; cases that cannot be read; cases that cannot be filed",
        cases,
    );
}

fn record(registry: &mut Registry, facts: &Facts) {
    let Some(fixity) = &facts.fixity else { return };
    let damaged = [(Vec::new(), count_of(fixity.damaged))];
    write(registry, "loket_record_damaged_things", "What the last look through archive and live store found", damaged);
    let looked = [(Vec::new(), seconds(fixity.at))];
    write(
        registry,
        "loket_record_verified_timestamp_seconds",
        "When archive and live store were last read through",
        looked,
    );
}

fn surroundings(registry: &mut Registry, facts: &Facts) {
    let ends = facts.certificates.iter().filter_map(|c| Some((vec![("of", c.of.clone())], seconds(c.until?))));
    write(registry, "loket_certificate_ends_timestamp_seconds", "When a certificate ends", ends);
    let missing = [(Vec::new(), count_of(facts.years_without_holidays.len()))];
    write(registry, "loket_holidays_missing_years", "Years within 45 days without holiday dates", missing);
    let of = |name: &str| vec![("of", name.to_owned())];
    let free = facts.disks.iter().map(|disk| (of(&disk.of), i64::try_from(disk.free).unwrap_or(i64::MAX)));
    write(registry, "loket_disk_free_bytes", "Free space", free);
    let total = facts.disks.iter().map(|disk| (of(&disk.of), i64::try_from(disk.total).unwrap_or(i64::MAX)));
    write(registry, "loket_disk_size_bytes", "Size of the file system", total);
    let looked = [(Vec::new(), seconds(facts.at))];
    write(registry, "loket_looked_at_timestamp_seconds", "When these figures were gathered", looked);
    let help = "Ends of the program within an hour that nobody told it to; 0 once it has run for an hour";
    write(registry, "loket_crashes", help, [(Vec::new(), count_of(facts.crashes))]);
    let process = &facts.process;
    let files = [(Vec::new(), i64::try_from(process.open_files).unwrap_or(i64::MAX))];
    write(registry, "process_open_fds", "Open files", files);
    let resident = [(Vec::new(), i64::try_from(process.resident_bytes).unwrap_or(i64::MAX))];
    write(registry, "process_resident_memory_bytes", "Resident memory", resident);
}

/// What the office works with, as far as an alarm is told of it.
fn means(registry: &mut Registry, facts: &Facts) {
    let is = |so: bool| [(Vec::new(), i64::from(so))];
    write(registry, "loket_scans_unread", "1 while scans and photographs cannot be recognised", is(facts.scans_unread));
    write(registry, "loket_scanner_away", "1 while mail waits for the virus scanner", is(facts.scanner_away));
    let waits = facts.key_change == keys::Standing::Waits;
    write(registry, "loket_key_change_waits", "1 while the change of the master key cannot go on", is(waits));
    let off = facts.clock.filter(|doubt| !doubt.believed).map_or(0, |doubt| doubt.by.num_seconds());
    let help = "How far the machine's clock stands from the time gone by, while it is not believed; below zero: behind";
    write(registry, "loket_clock_off_seconds", help, [(Vec::new(), off)]);
}

fn write(registry: &mut Registry, name: &str, help: &str, figures: impl IntoIterator<Item = (Labels, i64)>) {
    let family = Figures::default();
    for (labels, figure) in figures {
        family.get_or_create(&labels).set(figure);
    }
    registry.register(name, help, family);
}

fn seconds(at: DateTime<Utc>) -> i64 {
    at.timestamp()
}

fn count_of(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::daemon::clock::Doubt;

    fn tells(facts: &Facts, line: &str) -> bool {
        text(facts, &[]).lines().any(|told| told == line)
    }

    /// Four things rang and could be drawn by nobody.
    #[test]
    fn what_raises_an_alarm_has_a_figure() {
        let well = Facts { at: DateTime::from_timestamp(1_790_000_000, 0).unwrap(), ..Facts::default() };
        let mut ill = Facts { scans_unread: true, scanner_away: true, ..well.clone() };
        ill.key_change = keys::Standing::Waits;
        ill.outbox.due_since = Some(well.at - TimeDelta::minutes(17));
        ill.clock = Some(Doubt { by: TimeDelta::hours(-2), believed: false });

        for (name, figure) in [
            ("loket_scans_unread", 1),
            ("loket_scanner_away", 1),
            ("loket_key_change_waits", 1),
            ("loket_outbox_due_age_seconds", 1020),
            ("loket_clock_off_seconds", -7200),
        ] {
            assert!(tells(&ill, &format!("{name} {figure}")), "{name}");
            assert!(tells(&well, &format!("{name} 0")), "{name}");
        }
    }

    #[test]
    fn a_change_of_the_key_under_way_and_a_clock_that_is_believed_are_no_figures() {
        let doubt = Doubt { by: TimeDelta::hours(-2), believed: true };
        let facts = Facts { key_change: keys::Standing::UnderWay, clock: Some(doubt), ..Facts::default() };

        assert!(tells(&facts, "loket_key_change_waits 0") && tells(&facts, "loket_clock_off_seconds 0"));
    }
}
