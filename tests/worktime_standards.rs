//! Time standards run only while the office is open, and every way of counting agrees with counting minute by minute.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use loket::sop::hours::{Hours, YearDates};
use loket::sop::procedure::Procedure;
use loket::sop::worktime::{Calendar, Minutes};
use proptest::prelude::*;

const WITA: Tz = chrono_tz::Asia::Makassar;

fn office() -> Calendar {
    let year = YearDates::parse(include_str!("../config/holidays/2026.toml")).unwrap();
    Procedure::helpdesk().calendar(WITA, &[year]).unwrap()
}

fn at(zone: Tz, text: &str) -> DateTime<Utc> {
    let naive = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H.%M").unwrap();
    zone.from_local_datetime(&naive).unwrap().to_utc()
}

fn wita(text: &str) -> DateTime<Utc> {
    at(WITA, text)
}

#[test]
fn a_mail_late_on_friday_is_due_on_monday_morning() {
    let due = office().add_working(wita("2026-11-06 16.28"), Minutes::of(10));

    assert_eq!(due, wita("2026-11-09 07.38"));
}

#[test]
fn a_standard_that_ends_with_the_day_is_due_at_closing() {
    let due = office().add_working(wita("2026-11-06 16.28"), Minutes::of(2));

    assert_eq!(due, wita("2026-11-06 16.30"));
}

#[test]
fn the_friday_break_stops_the_clock() {
    let counted = office().working_minutes(wita("2026-11-06 11.00"), wita("2026-11-06 13.20"));

    assert_eq!(counted, Minutes::of(50));
}

#[test]
fn a_regular_week_has_the_legal_thirty_seven_and_a_half_hours_and_ramadan_thirty_two_and_a_half() {
    let office = office();

    let regular = office.working_minutes(wita("2026-11-09 00.00"), wita("2026-11-16 00.00"));
    let ramadan = office.working_minutes(wita("2026-02-23 00.00"), wita("2026-03-02 00.00"));

    assert_eq!(regular, Minutes::of(37 * 60 + 30));
    assert_eq!(ramadan, Minutes::of(32 * 60 + 30));
}

#[test]
fn the_clock_stands_still_over_holidays_and_collective_leave() {
    let office = office();

    let due = office.add_working(wita("2026-03-17 14.59"), Minutes::of(2));

    assert_eq!(
        office.holiday(NaiveDate::from_ymd_opt(2026, 3, 19).unwrap()),
        Some("Hari Suci Nyepi Tahun Baru Saka 1948")
    );
    assert_eq!(due, wita("2026-03-25 07.31"));
}

#[test]
fn the_year_file_holds_the_seventeen_holidays_and_eight_leave_days_of_the_decree() {
    use loket::sop::hours::ClosedKind::{CollectiveLeave, National};
    let year = YearDates::parse(include_str!("../config/holidays/2026.toml")).unwrap();

    let count = |kind| year.closed.iter().filter(|c| c.kind == kind).count();

    assert_eq!((count(National), count(CollectiveLeave)), (17, 8));
}

#[test]
fn outside_hours_the_next_opening_is_named() {
    let office = office();

    assert_eq!(office.next_opening(wita("2026-11-10 12.15")), wita("2026-11-10 13.00"));
    assert_eq!(office.next_opening(wita("2026-12-23 16.00")), wita("2026-12-28 07.30"));
    assert_eq!(office.next_opening(wita("2026-11-10 09.12")), wita("2026-11-10 09.12"));
}

#[test]
fn the_minute_of_closing_is_closed() {
    let office = office();

    assert!(office.is_open(wita("2026-11-10 15.59")));
    assert!(!office.is_open(wita("2026-11-10 16.00")));
    assert!(office.is_open(wita("2026-11-10 07.30")));
    assert!(!office.is_open(wita("2026-11-08 10.00")));
}

#[test]
fn three_working_days_end_at_the_closing_of_the_third() {
    let office = office();

    assert_eq!(office.add_working_days(wita("2026-11-06 10.00"), 3), wita("2026-11-11 16.00"));
    assert_eq!(office.add_working_days(wita("2026-11-07 10.00"), 3), wita("2026-11-11 16.00"));
    assert_eq!(office.add_working_days(wita("2026-11-10 10.00"), 0), wita("2026-11-10 16.00"));
    assert_eq!(office.add_working_days(wita("2026-11-08 10.00"), 0), wita("2026-11-09 16.00"));
}

#[test]
fn a_link_of_twenty_four_hours_sleeps_over_the_weekend() {
    let office = office();

    assert_eq!(office.add_hours_of_working_days(wita("2026-11-06 10.00"), 24), wita("2026-11-09 10.00"));
    assert_eq!(office.add_hours_of_working_days(wita("2026-11-10 10.00"), 24), wita("2026-11-11 10.00"));
}

#[test]
fn a_secret_lives_a_day_until_noon_of_a_working_day_and_never_longer_than_four_days() {
    let office = office();
    let secret = Procedure::helpdesk().secret;

    assert_eq!(secret.expires_at(&office, wita("2026-11-10 10.00")), wita("2026-11-11 12.00"));
    assert_eq!(secret.expires_at(&office, wita("2026-11-10 14.00")), wita("2026-11-11 14.00"));
    assert_eq!(secret.expires_at(&office, wita("2026-11-06 15.00")), wita("2026-11-09 12.00"));
    assert_eq!(secret.expires_at(&office, wita("2026-03-17 14.00")), wita("2026-03-21 14.00"));
}

#[test]
fn a_year_without_a_holiday_file_goes_on_and_is_marked() {
    let office = office();

    assert!(!office.is_provisional(wita("2026-12-31 23.59")));
    assert!(office.is_provisional(wita("2027-01-01 00.00")));
    assert!(office.is_open(wita("2027-01-04 09.00")));
}

#[test]
fn an_extra_open_date_goes_before_a_holiday() {
    let text = "year = 2026\nsource = \"test\"\nclosed = [{ date = 2026-11-14, name = \"x\", kind = \"regional\" }]\n\
                open = [{ date = 2026-11-14, name = \"lembur\", hours = [\"09:00-10:00\"] }]";
    let office = Procedure::helpdesk().calendar(WITA, &[YearDates::parse(text).unwrap()]).unwrap();

    assert!(office.is_open(wita("2026-11-14 09.30")));
    assert_eq!(office.holiday(NaiveDate::from_ymd_opt(2026, 11, 14).unwrap()), None);
}

#[test]
fn wrong_dates_and_hours_are_named() {
    let wrong = |text: &str| YearDates::parse(text).unwrap_err();
    let closed = |date: &str| {
        format!("year = 2026\nsource = \"s\"\nclosed = [{{ date = \"{date}\", name = \"x\", kind = \"national\" }}]")
    };

    assert!(wrong(&closed("2025-12-25")).contains("2025-12-25, which is not in 2026"));
    assert!(wrong(&closed("2026-02-30")).contains("\"2026-02-30\" is not a date"));
    assert!(
        wrong("year = 2026\nsource = \"s\"\nclsoed = []")
            .contains("unknown key `clsoed`; the nearest known one is `closed`")
    );
    assert!(
        toml::from_str::<Hours>("week = { monday = [\"12.00-11.00\"] }")
            .unwrap_err()
            .to_string()
            .contains("ends before it begins")
    );
    assert!(
        toml::from_str::<Hours>("week = { monday = [\"08.00-12.00\", \"11.00-13.00\"] }")
            .unwrap_err()
            .to_string()
            .contains("overlap")
    );
    assert!(toml::from_str::<Hours>("week = { monday = [\"8-12\"] }").unwrap_err().to_string().contains("07.30-12.00"));
}

#[test]
fn a_season_that_the_hours_do_not_name_and_an_always_closed_week_are_refused() {
    let year = YearDates::parse(
        "year = 2026\nsource = \"s\"\n[[season]]\nhours = \"puasa\"\nfrom = \"2026-02-19\"\nuntil = \"2026-03-20\"",
    );
    let never = toml::from_str::<Hours>("week = {}").unwrap();

    assert!(Procedure::helpdesk().calendar(WITA, &[year.unwrap()]).unwrap_err().contains("season `puasa`"));
    assert!(Calendar::new(WITA, &never, &[]).unwrap_err().contains("no open hours"));
}

#[test]
fn hours_across_a_change_of_offset_count_what_really_passed() {
    let hours = toml::from_str::<Hours>("week = { sunday = [\"01.00-04.00\"], monday = [\"00.00-24.00\"] }").unwrap();
    let berlin = Calendar::new(chrono_tz::Europe::Berlin, &hours, &[]).unwrap();
    let day = |text| at(chrono_tz::Europe::Berlin, text);

    assert_eq!(berlin.working_minutes(day("2026-03-29 00.00"), day("2026-03-29 12.00")), Minutes::of(120));
    assert_eq!(berlin.working_minutes(day("2026-10-25 00.00"), day("2026-10-25 12.00")), Minutes::of(240));
    assert_eq!(berlin.working_minutes(day("2026-10-26 00.00"), day("2026-10-27 00.00")), Minutes::of(1440));
}

/// Counts by asking, for every minute, what the clock on the wall shows. Shares nothing with the calendar's arithmetic.
fn slowly(zone: Tz, from: DateTime<Utc>, minutes: i64) -> i64 {
    let open = |t: DateTime<Utc>| {
        let local = t.with_timezone(&zone);
        let minute = local.num_seconds_from_midnight() / 60;
        let date = (local.year(), local.month(), local.day());
        let off = [
            (2026, 2, 16),
            (2026, 2, 17),
            (2026, 3, 18),
            (2026, 3, 19),
            (2026, 3, 20),
            (2026, 3, 23),
            (2026, 3, 24),
            (2026, 4, 3),
        ];
        let ramadan = ((2026, 2, 19)..=(2026, 3, 20)).contains(&date);
        let spans: [(u32, u32); 2] = match (local.weekday().number_from_monday(), ramadan) {
            _ if off.contains(&date) => return false,
            (1..=4, false) => [(450, 720), (780, 960)],
            (5, false) => [(450, 690), (780, 990)],
            (1..=4, true) => [(480, 720), (750, 900)],
            (5, true) => [(480, 690), (750, 930)],
            _ => return false,
        };
        spans.iter().any(|(a, b)| (*a..*b).contains(&minute))
    };
    (0..minutes).filter(|m| open(from + TimeDelta::minutes(*m))).count() as i64
}

fn spring() -> impl Strategy<Value = DateTime<Utc>> {
    let start = NaiveDate::from_ymd_opt(2026, 2, 10).unwrap().and_time(NaiveTime::MIN).and_utc();
    (0i64..55 * 1440).prop_map(move |m| start + TimeDelta::minutes(m))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn counting_agrees_with_the_slow_model(from in spring(), minutes in 0i64..4 * 1440) {
        let counted = office().working_minutes(from, from + TimeDelta::minutes(minutes));

        prop_assert_eq!(counted.seconds() as i64, slowly(WITA, from, minutes) * 60);
    }

    #[test]
    fn lengths_add_up_and_are_never_negative(from in spring(), a in 0i64..900_000, b in 0i64..900_000, nanos in 0i64..1_000_000_000) {
        let office = office();
        let middle = from + TimeDelta::seconds(a) + TimeDelta::nanoseconds(nanos);
        let end = middle + TimeDelta::seconds(b);

        let whole = office.working_minutes(from, end);
        prop_assert_eq!(whole, office.working_minutes(from, middle) + office.working_minutes(middle, end));
        prop_assert_eq!(office.working_minutes(end, from), if end > from { Minutes::ZERO } else { whole });
    }

    #[test]
    fn adding_working_time_is_undone_by_counting_it(from in spring(), seconds in 1u64..200_000) {
        let office = office();
        let time = Minutes::of_seconds(seconds);

        let due = office.add_working(from, time);

        prop_assert_eq!(office.working_minutes(from, due), time);
        prop_assert!(office.working_minutes(from, due - TimeDelta::seconds(1)) < time, "an earlier moment had done");
    }

    #[test]
    fn no_time_passes_before_the_next_opening(from in spring()) {
        let office = office();

        let opening = office.next_opening(from);

        prop_assert!(office.is_open(opening));
        prop_assert_eq!(office.working_minutes(from, opening), Minutes::ZERO);
    }

    #[test]
    fn the_noon_after_lies_on_a_working_day_after_today(from in spring()) {
        let office = office();

        let noon = office.local(office.noon_of_next_working_day(from));

        prop_assert!(office.is_working_day(noon.date_naive()));
        prop_assert!(noon.date_naive() > office.local_date(from));
        prop_assert_eq!((noon.hour(), noon.minute()), (12, 0));
    }
}
