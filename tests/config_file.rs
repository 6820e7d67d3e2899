//! The configuration file: the shipped one is valid with and without its optional keys, and every mistake is named.

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeZone, Utc};
use loket::config::accounts::Driver;
use loket::config::desk::Network;
use loket::config::mailbox::ProofConfig;
use loket::config::schedule::ArchiveSchedule;
use loket::config::{Config, load, parse};

const SHIPPED: &str = include_str!("../config/loket.toml");

fn base() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config")
}

fn read(text: &str) -> Config {
    parse(text, &base()).unwrap_or_else(|findings| panic!("{findings:#?}"))
}

/// The findings, one a line.
fn wrong(text: &str) -> String {
    let findings = parse(text, &base()).unwrap_err();
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The shipped file with `from` replaced; the test fails if it is not there.
fn with(from: &str, to: &str) -> String {
    assert!(SHIPPED.contains(from), "the shipped file has no {from:?}");
    SHIPPED.replacen(from, to, 1)
}

/// The shipped file with every optional key and table in force.
fn all_in_force() -> String {
    let in_force = |line: &str| {
        let bare = line.strip_prefix("# ")?;
        let key =
            bare.split_once(" = ").is_some_and(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        (key || bare.starts_with('[')).then(|| bare.to_owned())
    };
    SHIPPED.lines().map(|line| in_force(line).unwrap_or_else(|| line.to_owned())).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_shipped_file_is_valid_as_it_is() {
    let config = load(&base().join("loket.toml")).unwrap_or_else(|findings| panic!("{findings:#?}"));

    assert_eq!(config.mailboxes.len(), 1);
    assert_eq!(config.accounts.driver, Driver::Manual);
    assert_eq!(config.procedures().len(), 1);
    assert_eq!(config.state.archive_directory, Path::new("/var/lib/loket/archive"));
    assert!(config.calendar(&config.mailboxes[0].procedure).is_ok());
}

#[test]
fn the_shipped_file_is_valid_with_every_optional_key_in_force() {
    let config = read(&all_in_force());

    assert_eq!(config.mailboxes.len(), 2);
    assert!(config.courier.maildir.is_some() && config.accounts.command.is_some() && config.desk.tls.is_some());
    assert_eq!(config.office.superior.as_ref().unwrap().as_str(), "kabag.lpse@karangmulia.example");
    assert_eq!(config.procedures().len(), 1, "two mailboxes share one procedure");
}

#[test]
fn optional_keys_with_a_default_stand_at_it() {
    let (shipped, all) = (read(SHIPPED), read(&all_in_force()));
    let told = |c: &Config| {
        let imap = c.mailboxes[0].imap().unwrap();
        let smtp = c.courier.smtp.as_ref().unwrap();
        format!(
            "{:?} {:?} {} {} {:?} {:?} {} {} {} {} {} {:?} {} {} {:?} {} {:?} {:?} {:?} {:?} {:?}",
            (&c.office.signature, &c.office.system_name, c.office.zone, &c.office.prefix, c.office.language),
            imap.security,
            imap.port,
            imap.inbox_folder,
            imap.processed_folder,
            imap.refused_folder,
            imap.poll_seconds,
            imap.command_deadline_seconds,
            imap.batch,
            c.mailboxes[0].trust.require_authenticated,
            smtp.port,
            smtp.security,
            smtp.pool,
            smtp.deadline_seconds,
            c.desk.listen,
            c.desk.max_connections,
            c.state,
            c.archive,
            c.reading,
            c.limits,
            c.log,
        )
    };

    assert_eq!(told(&all), told(&shipped));
}

#[test]
fn every_key_is_explained_in_the_shipped_file() {
    let config = read(&all_in_force());

    let leaves = config.known_keys().iter().map(|key| key.rsplit('.').next().unwrap_or(key));
    let mentioned = |key: &&str| {
        !SHIPPED.contains(&format!("{key} = "))
            && !SHIPPED.contains(&format!("`{key}`"))
            && !SHIPPED.contains(&format!("{key}]"))
    };
    let unexplained: Vec<&str> = leaves.filter(mentioned).filter(|key| !key.starts_with("master_key_")).collect();

    assert!(config.known_keys().len() > 75, "{} keys", config.known_keys().len());
    assert!(config.known_keys().contains("mailbox[].inbox_folder"));
    assert!(unexplained.is_empty(), "{unexplained:?}");
}

/// It was said to be trusted "beside" them, and whoever named the office's own lost the servers with a certificate of the world.
#[test]
fn an_authority_of_the_office_is_said_to_stand_in_place_of_the_systems() {
    let lines: Vec<&str> = SHIPPED.lines().collect();
    let keys = lines.windows(2).filter(|two| two[1].contains("ca_file = "));

    let told: Vec<&str> = keys.map(|two| two[0]).collect();

    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().all(|line| line.contains("in place of the system's")), "{told:?}");
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_known_one() {
    assert_eq!(
        wrong(&with("# inbox_folder = \"INBOX\"", "inbox_foldr = \"INBOX\"")),
        "`mailbox[0].inbox_foldr`: is not a key of this table; the nearest known one is `inbox_folder`"
    );
    assert!(
        wrong(&format!("{SHIPPED}\n[archiv]\n"))
            .contains("`archiv`: is not a key of this table; the nearest known one is `archive`")
    );
}

#[test]
fn all_mistakes_are_named_at_once() {
    let text = with("id = \"karangmulia\"", "id = \"Karang Mulia\"")
        .replace("kind = \"smtp\"", "kind = \"stmp\"")
        .replace("# poll_seconds = 60", "poll_seconds = \"60\"")
        .replace("# batch = 50", "batch = 51")
        .replace("# zone = \"Asia/Makassar\"", "zone = \"WITA\"")
        .replace("phone = \"(0599) 123456\"\n", "")
        .replace("# schedule = \"0 0 17 * * Mon-Fri\"", "schedule = \"0 17 * * 1-5\"")
        .replace("[state]\ndirectory = \"/var/lib/loket\"", "")
        .replace("socket = \"/run/loket/loket.sock\"", "");

    let told = wrong(&text);

    for part in [
        "`office.id`: is \"Karang Mulia\"",
        "`courier.kind`: is \"stmp\"; the nearest known word is \"smtp\"",
        "`mailbox[0].poll_seconds`: is text; it must be a whole number",
        "`mailbox[0].batch`: is 51; it must lie between 1 and 50",
        "`office.zone`: is \"WITA\"",
        "`office.phone`: is missing",
        "`archive.schedule`: is \"0 17 * * 1-5\" with five fields",
        "`state`: is missing; add the table `[state]`",
    ] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
    assert_eq!(told.lines().count(), 8, "{told}");
}

#[test]
fn a_secret_written_out_is_refused_and_not_repeated() {
    let told = wrong(&with("password_credential = \"imap_password\"", "password = \"rahasia-sekali\""));

    assert!(told.starts_with("`mailbox[0].password`: holds the secret itself"), "{told}");
    assert!(told.contains("`password_credential` (systemd), `password_file` or `password_env`"));
    assert!(!told.contains("rahasia"));
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[test]
fn a_secret_given_twice_or_not_at_all_is_refused() {
    let twice = with(
        "password_credential = \"smtp_password\"",
        "password_credential = \"smtp_password\"\npassword_env = \"SMTP\"",
    );
    let none = with("password_credential = \"imap_password\"\n", "");

    assert!(wrong(&twice).contains("`courier.smtp.password`: is given in more than one way"));
    assert!(wrong(&none).contains("`mailbox[0].password`: is missing"));
}

#[test]
fn passwords_travel_in_the_clear_to_this_machine_only() {
    let plain = |host: &str| {
        with(
            "host = \"mail.karangmulia.example\"\n# \"tls\"",
            &format!("host = \"{host}\"\nsecurity = \"plain\"\n# \"tls\""),
        )
    };

    assert!(wrong(&plain("mail.karangmulia.example")).contains("`mailbox[0].security`: is \"plain\""));
    assert!(wrong(&plain("127.evil.example")).contains("in the clear"));
    assert_eq!(read(&plain("127.0.0.1")).mailboxes[0].imap().unwrap().port, 143);
    read(&plain("localhost"));
    read(&plain("::1"));
}

#[test]
fn the_desk_speaks_plain_http_on_loopback_only() {
    let listen = |address: &str| with("# listen = \"127.0.0.1:8420\"", &format!("listen = \"{address}\""));
    let tls = "tls_certificate = \"a.pem\"\ntls_key = \"a.key\"\n";

    assert!(wrong(&listen("0.0.0.0:8420")).contains("`desk.listen`: is 0.0.0.0:8420, where plain HTTP would show"));
    assert!(wrong(&listen("8420")).contains("is \"8420\", which is not an address with a port"));
    read(&listen("[::1]:8420"));
    read(&listen("0.0.0.0:443").replace("[desk]\n", &format!("[desk]\n{tls}")));
    assert!(wrong(&with("# tls_key", "tls_key")).contains("`desk.tls_certificate`: is missing beside `tls_key`"));
}

#[test]
fn links_are_made_from_a_safe_address_only() {
    let base = |url: &str| with("base_url = \"https://loket.karangmulia.example\"", &format!("base_url = \"{url}\""));

    assert!(wrong(&base("http://loket.karangmulia.example")).contains("tokens in the clear"));
    assert!(wrong(&base("loket.karangmulia.example")).contains("has no `https://`"));
    assert!(wrong(&base("https://a.example/loket")).contains("lives at the root"));
    assert_eq!(read(&base("http://localhost:8420/")).desk.base_url, "http://localhost:8420");
}

/// A procedure file of the test's own, and the shipped configuration with it.
fn with_procedure(line: &str, in_place_of: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("lain.toml");
    let shipped = include_str!("../config/sop/helpdesk.toml");
    assert!(shipped.contains(in_place_of), "the shipped procedure has no {in_place_of:?}");
    std::fs::write(&file, shipped.replacen(in_place_of, line, 1)).expect("it takes a file");
    let config = with("procedure = \"sop/helpdesk.toml\"", &format!("procedure = {:?}", file.display().to_string()));
    (folder, config)
}

#[test]
fn a_code_opens_the_desk_for_as_long_as_the_procedure_says_within_an_hour() {
    let (_folder, shorter) = with_procedure("unlocked_minutes = 3", "# unlocked_minutes = 10");
    let (_other, longer) = with_procedure("unlocked_minutes = 61", "# unlocked_minutes = 10");
    let (_third, never) = with_procedure("unlocked_minutes = 0", "# unlocked_minutes = 10");
    let minutes = |config: &Config| {
        loket::daemon::desk::office(config, Utc.with_ymd_and_hms(2026, 11, 10, 2, 0, 0).unwrap()).open_minutes
    };

    assert_eq!((minutes(&read(SHIPPED)), minutes(&read(&shorter))), (10, 3));
    for (config, told) in
        [(longer, "is 61; it must lie between 1 and 60"), (never, "is 0; it must lie between 1 and 60")]
    {
        let found = wrong(&config);
        assert!(found.contains("`link.unlocked_minutes`") && found.contains(told), "{found}");
    }
}

#[test]
fn a_mailbox_needs_a_source_of_proof_or_says_that_it_has_none() {
    let told = wrong(&with("authserv_id = \"mail.karangmulia.example\"\n", ""));

    assert!(told.starts_with("`mailbox[0].require_authenticated`: needs `authserv_id` or `submission_host`"), "{told}");
}

#[test]
fn whose_word_proves_a_sender_is_chosen_for_each_mailbox() {
    let server = "authserv_id = \"mail.karangmulia.example\"\n";
    let alone = |lines: &str| with(server, lines);
    let beside = |lines: &str| with(server, &format!("{server}{lines}"));

    assert_eq!(read(SHIPPED).mailboxes[0].trust.sender_proof, ProofConfig::Server);
    assert_eq!(read(&alone("sender_proof = \"dkim\"\n")).mailboxes[0].trust.sender_proof, ProofConfig::Dkim);
    let either = read(&beside("sender_proof = \"either\"\narc_forwarders = [\"lama.example\"]\n"));
    assert_eq!(either.mailboxes[0].trust.arc_forwarders, ["lama.example"]);
    assert!(wrong(&alone("sender_proof = \"both\"\n")).contains("needs `authserv_id` or `submission_host` too"));
    assert!(wrong(&beside("sender_proof = \"spf\"\n")).contains("sender_proof"));
    let address = beside("sender_proof = \"either\"\narc_forwarders = [\"a@lama.example\"]\n");
    assert!(wrong(&address).contains("which is no domain"));
}

#[test]
fn a_login_is_a_password_or_tokens_and_tokens_are_bought_over_tls() {
    let courier = "\n[courier]\n";
    let oauth = |lines: &str| {
        let table = format!("\n[mailbox.oauth]\n{lines}\n{courier}");
        with("password_credential = \"imap_password\"\n", "").replacen(courier, &table, 1)
    };
    let sound = "token_url = \"https://masuk.example/token\"\nclient_id = \"loket\"\nclient_secret_env = \"RAHASIA\"";

    let secrets: Vec<String> = read(&oauth(sound)).secrets().into_iter().map(|(key, _)| key).collect();
    assert!(secrets.contains(&"mailbox[0].oauth.client_secret".to_owned()), "{secrets:?}");
    let both = with(courier, &format!("\n[mailbox.oauth]\n{sound}\n{courier}"));
    assert!(wrong(&both).contains("`mailbox[0].oauth`: stands beside `password`"));
    let clear = wrong(&oauth(&sound.replace("https://", "http://")));
    assert!(clear.contains("`mailbox[0].oauth.token_url`: must begin with https://"), "{clear}");
    read(&oauth(&sound.replace("https://masuk.example", "http://127.0.0.1:8080")));
    let bare = wrong(&oauth("token_url = \"https://masuk.example/token\"\nclient_id = \"loket\""));
    assert!(bare.contains("`mailbox[0].oauth.refresh_token`: is missing, and `client_secret` too"), "{bare}");
    let inline = wrong(&oauth(&sound.replace("client_secret_env", "client_secret")));
    assert!(inline.contains("`mailbox[0].oauth.client_secret`: holds the secret itself"), "{inline}");
}

#[test]
fn alarms_go_out_by_one_channel_and_figures_to_whoever_may_read_them() {
    let alarms = |lines: &str| with("[alarms]\n", &format!("[alarms]\n{lines}"));
    let metrics = |lines: &str| with("[metrics]\n", &format!("[metrics]\n{lines}"));
    let token = "token_credential = \"metrics_token\"\n";

    assert!(read(SHIPPED).alarms.channel.is_none() && read(SHIPPED).metrics.is_none());
    let both = alarms("program = \"/bin/true\"\nwebhook_credential = \"kait\"\n");
    assert!(wrong(&both).contains("`alarms.program`: stands beside `webhook`"));
    assert!(wrong(&alarms("webhook = \"https://kait.example/rahasia\"\n")).contains("holds the secret itself"));
    assert_eq!(read(&metrics("listen = \"[::1]:9421\"\n")).metrics.unwrap().token, None);
    let open = wrong(&metrics("listen = \"0.0.0.0:9421\"\n"));
    assert!(open.contains("`metrics.token`: is missing while") && open.contains("travel in the clear"), "{open}");
    assert!(wrong(&metrics(token)).contains("`metrics.listen`: is missing beside `token`"));
}

#[test]
fn name_servers_are_addresses() {
    let dns = |servers: &str| with("# servers = [\"127.0.0.1\"]", &format!("servers = [{servers}]"));

    let read = read(&dns("\"192.0.2.53\", \"[::1]:5353\""));
    assert_eq!(read.dns.servers.iter().map(ToString::to_string).collect::<Vec<_>>(), ["192.0.2.53:53", "[::1]:5353"]);
    assert!(wrong(&dns("\"ns.example\"")).contains("`dns.servers[0]`"));
}

#[test]
fn a_year_without_holidays_fails_the_check_of_that_year() {
    let config = read(SHIPPED);
    let at = |year| Utc.with_ymd_and_hms(year, 6, 1, 0, 0, 0).unwrap();

    assert!(config.findings_at(at(2026)).is_empty());
    assert!(config.findings_at(at(2027))[0].to_string().contains("has no dates for 2027"));
}

#[test]
fn files_that_are_missing_or_wrong_are_named_by_their_key() {
    let folder = tempfile::tempdir().unwrap();
    let procedure = folder.path().join("helpdesk.toml");
    let shipped = std::fs::read_to_string(base().join("sop/helpdesk.toml")).unwrap();
    std::fs::write(&procedure, shipped.replace("# max_rounds = 2", "max_round = 2")).unwrap();

    let missing = wrong(&with("holidays/2026.toml", "holidays/2062.toml"));
    let flawed = wrong(&with("sop/helpdesk.toml", procedure.to_str().unwrap()));

    assert!(missing.contains("`holidays.files[0]`: names"), "{missing}");
    assert!(
        flawed.contains("`mailbox[0].procedure`:") && flawed.contains("nearest known one is `max_rounds`"),
        "{flawed}"
    );
    assert!(load(&folder.path().join("none.toml")).unwrap_err()[0].to_string().contains("cannot be read"));
}

#[test]
fn a_text_that_is_not_toml_is_named_by_its_line() {
    assert!(wrong("[office]\nid = ").starts_with("`line 2`: is not TOML"));
}

#[test]
fn a_configuration_of_nothing_names_every_missing_table() {
    let told = wrong("");

    for table in ["office", "mailbox", "courier", "accounts", "desk", "state"] {
        assert!(told.contains(&format!("`{table}`: is missing")), "{table} is not in:\n{told}");
    }
}

#[test]
fn the_archive_schedule_wants_seconds_and_weekdays_by_name() {
    let refused = |text: &str| ArchiveSchedule::parse(text).unwrap_err();

    assert!(refused("0 17 * * Mon-Fri").contains("\"0 0 17 * * Mon-Fri\""));
    assert!(refused("0 0 17 * * 1-5").contains("names the weekday by number (1-5)"));
    assert!(refused("0 0 17 * *  1").contains("by number"));
    assert!(refused("0 0 25 * * Mon").contains("cannot be read"));
    assert!(refused("0 0 17 30 Feb *").contains("never comes"));
    assert!(refused("jam lima").contains("2 fields"));
    assert_eq!(ArchiveSchedule::usual().to_string(), "0 0 17 * * Mon-Fri");
}

#[test]
fn the_archive_schedule_never_names_a_moment_that_is_over_where_an_hour_comes_twice() {
    let schedule = ArchiveSchedule::parse("0 30 2 * * *").unwrap();
    let second_two_o_clock = "2026-10-25T01:00:00Z".parse::<DateTime<Utc>>().unwrap();

    let next = schedule.next_after(chrono_tz::Europe::Berlin, second_two_o_clock).unwrap();

    assert!(next > second_two_o_clock, "{next}");
}

#[test]
fn the_archive_schedule_follows_the_clock_of_the_office() {
    let friday = Utc.with_ymd_and_hms(2026, 11, 6, 9, 0, 0).unwrap();

    let next = ArchiveSchedule::usual().next_after(chrono_tz::Asia::Makassar, friday).unwrap();

    assert_eq!(next, Utc.with_ymd_and_hms(2026, 11, 9, 9, 0, 0).unwrap(), "Friday 17.00 WITA is not after itself");
}

#[test]
fn a_block_of_proxies_holds_its_addresses_alone() {
    let block = Network::parse("10.1.0.0/16").unwrap();

    assert!(block.contains("10.1.2.3".parse().unwrap()) && block.contains("::ffff:10.1.2.3".parse().unwrap()));
    assert!(!block.contains("10.2.0.1".parse().unwrap()) && !block.contains("::1".parse().unwrap()));
    assert!(Network::parse("0.0.0.0/0").unwrap().contains("192.0.2.1".parse().unwrap()));
    assert!(Network::parse("10.0.0.0/33").is_none() && Network::parse("proxy").is_none());
    assert!(
        wrong(&with("# trusted_proxies = [\"127.0.0.1\", \"::1\"]", "trusted_proxies = [\"proxy\"]"))
            .contains("`desk.trusted_proxies[0]`")
    );
}

#[test]
fn roots_of_signatures_are_read_and_a_bad_one_is_named() {
    let signed = "../tests/reading/signed";
    let named = |file: &str| with("# roots = []", &format!("roots = [\"{signed}/{file}\"]"));

    assert_eq!(read(&named("root.pem")).signatures.roots.len(), 1);
    assert!(read(SHIPPED).signatures.roots.is_empty());
    for (file, why) in [("missing.pem", "cannot be read"), ("make.py", "holds no certificate")] {
        let found = wrong(&named(file));
        assert!(found.starts_with("`signatures.roots[0]`:") && found.contains(why), "{found}");
    }
}

/// A mailbox that is opened under another name than its address, or lies in a Maildir, did not know its own mail.
#[test]
fn t19_mail_from_a_mailboxs_own_address_is_ours_however_it_is_opened() {
    let own = |text: &str| {
        let own = loket::daemon::assembly::office(&read(text)).own_addresses;
        own.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let opened_by = |lines: &str| with("user = \"lpse@karangmulia.example\"\n", lines);
    let maildir = "[[mailbox]]\nname = \"lokal\"\nprocedure = \"sop/helpdesk.toml\"\nkind = \"maildir\"\n\
                   directory = \"/var/mail/loket\"\nrequire_authenticated = false\naddress = \"lokal@x.example\"\n";

    assert_eq!(own(&opened_by("user = \"lokal\"\n")), ["lpse@karangmulia.example"], "letters come from it");
    for text in [
        opened_by("user = \"lokal@x.example\"\n"),
        opened_by("user = \"lokal\"\naddress = \"lokal@x.example\"\n"),
        format!("{SHIPPED}\n{maildir}"),
    ] {
        assert!(own(&text).contains(&"lokal@x.example".to_owned()), "{:?}", own(&text));
    }
    assert!(
        wrong(&opened_by("user = \"lokal\"\naddress = \"lokal\"\n")).contains("`mailbox[0].address`: is \"lokal\"")
    );
}
