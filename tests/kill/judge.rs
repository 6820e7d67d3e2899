//! What went in against what came of it, once all is at rest: mailboxes, archive, live store, letters, the account system's
//! books. It opens the state folder itself, so the program must have ended.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use loket::daemon::assembly::{Assembly, Extent};
use loket::daemon::clock::SystemClock;
use loket::demo::samples::people::MAILBOX;
use loket::engine::Engine;
use loket::engine::archive::ArchiveLine;
use loket::sop::case::{Case, LetterState};
use loket::sop::event::{Event, Recorded};
use loket::sop::names::CaseNumber;
use mail_parser::MessageParser;

use super::house::{House, journal};
use super::people::Copy;
use super::writers::Kind;
use crate::kit::office::{PROCESSED, REFUSED};
use crate::kit::wait::wait_for;

/// Seconds by which a mail server's clock, which tells whole ones, may differ from the test's.
const ROUNDED: f64 = 1.0;

/// A dossier of the archive, as far as it matters here.
struct Filed {
    outcome: String,
    case: Case,
    events: Vec<Event>,
    /// Message-IDs of the mails it holds, an admin's replies among them.
    mails: Vec<String>,
}

/// What the whole came to.
pub struct Verdict {
    pub requests: usize,
    pub letters: usize,
    /// Letters that came twice, under the Message-ID by which their reader knows them.
    pub again: usize,
    pub resets: usize,
    /// Resets that were found done after a kill, and those found not to have happened.
    pub found: (usize, usize),
}

/// Judges a house at rest, its program ended. So many letters may have come again though no kill lies between their copies.
pub async fn judge(house: &mut House, lost_answers: usize) -> Verdict {
    the_journal_goes_on(house);
    let configuration = loket::config::load(&house.office.configuration_file());
    let configuration = configuration.unwrap_or_else(|_| panic!("the program runs on it"));
    let assembly = Assembly::open(&configuration, Extent::State, Arc::new(SystemClock)).await.expect("a sound state");
    let engine = &assembly.engine;
    assert_eq!(engine.archive.verify().await.expect("it reads"), [], "the archive verifies");
    assert_eq!(engine.store.verify().await.expect("it reads"), [], "the live store verifies");
    assert_eq!(engine.live_cases().await.expect("it reads").len(), 0, "nothing is left behind");
    let tally = engine.store.outbox_tally(&engine.office.id).await.expect("it reads");
    assert_eq!((tally.waiting, tally.held, tally.dead), (0, 0, 0), "no effect is left over");
    assert_eq!(files_in(&house.office.state().join("live/contents")), 0, "no content is left over");

    let mut filed = BTreeMap::new();
    for line in engine.archive.list().await.expect("it reads") {
        let dossier = open(engine, &line).await;
        assert!(filed.insert(line.register.number.clone(), dossier).is_none(), "each dossier once");
    }
    every_mail_is_on_record_once(house, &filed);
    let again = every_letter_is_told_once(house, &filed).await;
    let unexplained = house.people.letters.values().map(|copies| without_a_kill(copies, &house.kills)).sum::<usize>();
    assert!(unexplained <= lost_answers, "{unexplained} letters came again and nothing was killed between");
    let (resets, found) = every_effect_happened_once(house, &filed);
    Verdict { requests: house.people.requests.len(), letters: house.people.letters.len(), again, resets, found }
}

/// Bytes of it at the end of every record.
const CHECKSUM: usize = 8;

/// Whatever the journal held at the end of a life it holds ever after, under the same hash; the words of an entry leave it
/// when its case is filed.
fn the_journal_goes_on(house: &House) {
    let now = journal(&house.office.state());
    for (place, before) in &house.journal {
        let now = now.get(place).unwrap_or_else(|| panic!("the journal lost entry {place}"));
        // Number, time and both hashes; what follows is the mark that the words are gone, and the entry's checksum.
        let without_words = &now[..now.len() - 1 - CHECKSUM];
        assert!(now == before || before.starts_with(without_words), "entry {place} of the journal is another one");
    }
}

/// How many copies of a letter came after another with no kill between the two.
fn without_a_kill(copies: &[Copy], kills: &[f64]) -> usize {
    let mut taken: Vec<f64> = copies.iter().map(|copy| copy.taken as f64).collect();
    taken.sort_by(f64::total_cmp);
    let killed = |from: f64, to: f64| kills.iter().any(|kill| (from - ROUNDED..=to + ROUNDED).contains(kill));
    taken.windows(2).filter(|pair| !killed(pair[0], pair[1])).count()
}

async fn open(engine: &Engine, line: &ArchiveLine) -> Filed {
    let number = &line.register.number;
    let item = async |name: String| engine.archive.item(number, &name).await.expect("it reads");
    let case = item("permohonan.json".to_owned()).await.expect("a dossier holds its case");
    let events = item("peristiwa.json".to_owned()).await.expect("a dossier holds its journal");
    let events: Vec<Recorded> = serde_json::from_slice(&events).expect("the journal reads");
    let case: Case = serde_json::from_slice(&case).expect("the case reads");
    let rebuilt = Case::replay(events.iter().map(|recorded| (&recorded.event, recorded.at)));
    assert_eq!(rebuilt.as_ref(), Some(&case), "{number}: the journal tells another story");
    let mut mails = Vec::new();
    for folder in ["surel", "keputusan"] {
        for nth in 1.. {
            let Some(raw) = item(format!("{folder}/{nth:02}.eml")).await else { break };
            mails.push(message_id(&raw));
        }
    }
    Filed {
        outcome: line.register.outcome.clone(),
        case,
        events: events.into_iter().map(|recorded| recorded.event).collect(),
        mails,
    }
}

/// On record in one dossier, and in one of the folders for handled mail; requests have numbers without a gap.
fn every_mail_is_on_record_once(house: &House, filed: &BTreeMap<CaseNumber, Filed>) {
    let sent = house.people.sent();
    let held: Vec<&str> = filed.values().flat_map(|dossier| &dossier.mails).map(String::as_str).collect();
    assert_eq!(held.iter().copied().collect::<BTreeSet<_>>(), sent, "every mail is on record");
    assert_eq!(held.len(), sent.len(), "no mail is in two dossiers, or in one twice");
    let lying: Vec<String> = ["INBOX", PROCESSED, REFUSED]
        .iter()
        .flat_map(|folder| house.office.dovecot.messages(MAILBOX, folder))
        .map(|raw| message_id(&raw))
        .collect();
    assert_eq!(lying.iter().map(String::as_str).collect::<BTreeSet<_>>(), sent, "every mail still lies on the server");
    assert_eq!(lying.len(), sent.len(), "and only once");
    assert!(house.office.dovecot.files(MAILBOX, "INBOX").is_empty(), "and none in the inbox");
    let serials: Vec<u32> = filed.keys().map(CaseNumber::serial).collect();
    let wanted: Vec<u32> = (1..).take(house.people.requests.len()).collect();
    assert_eq!(serials, wanted, "as many numbers as requests, none left out");
}

/// Each letter of each dossier arrived, under its one Message-ID, in the words of the record, and nothing else arrived. Returns how
/// many came again.
async fn every_letter_is_told_once(house: &mut House, filed: &BTreeMap<CaseNumber, Filed>) -> usize {
    let mut wanted = BTreeMap::new();
    for (number, dossier) in filed {
        for letter in &dossier.case.letters {
            assert!(matches!(letter.state, LetterState::Sent { .. }), "{number}: a letter is {:?}", letter.state);
            for to in &letter.to {
                wanted
                    .insert((to.as_str().to_owned(), format!("loket.{number}.{}.", letter.id).to_lowercase()), number);
            }
        }
        unique(number, dossier);
    }
    let (people, office) = (std::cell::RefCell::new(&mut house.people), &house.office);
    // The mail server may still be carrying the last of them.
    wait_for("every letter of the record", || async {
        people.borrow_mut().read_mailboxes(office, true);
        (people.borrow().letters.len() >= wanted.len()).then_some(())
    })
    .await;
    let letters = &house.people.letters;
    for (address, id) in letters.keys() {
        let named = id.split_once('@').and_then(|(local, _)| local.rsplit_once('.'));
        let named = named.map(|(named, _mark)| (address.clone(), format!("{named}.")));
        assert!(named.is_some_and(|named| wanted.contains_key(&named)), "a letter that no dossier knows: {id}");
    }
    assert_eq!(letters.len(), wanted.len(), "no letter under two Message-IDs");
    for ((_, id), copies) in letters {
        assert!(copies.iter().all(|copy| copy.words == copies[0].words), "{id} came again in other words");
    }
    letters.values().map(|copies| copies.len() - 1).sum()
}

/// No letter was written twice over: an applicant gets one of each kind.
fn unique(number: &CaseNumber, dossier: &Filed) {
    let mut kinds: Vec<&str> = Vec::new();
    for letter in &dossier.case.letters {
        if letter.to.iter().any(|to| to.as_str() != super::people::ADMIN) {
            assert!(!kinds.contains(&letter.kind.as_str()), "{number}: {} was written twice", letter.kind);
            kinds.push(&letter.kind);
        }
    }
}

/// Decisions, resets and endings: as each request was meant to end, each step once. Returns the resets, and how many were found
/// done and found not done.
fn every_effect_happened_once(house: &House, filed: &BTreeMap<CaseNumber, Filed>) -> (usize, (usize, usize)) {
    let books = std::fs::read_to_string(house.office.folder.path().join("resets")).unwrap_or_default();
    let mut resets: BTreeMap<&str, &str> = BTreeMap::new();
    for (key, password) in books.lines().filter_map(|line| line.split_once(' ')) {
        assert!(resets.insert(key, password).is_none(), "{key} was reset twice");
    }
    let mut own: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, password) in &resets {
        own.entry(key.split('/').nth(1).expect("a key names the case")).or_default().push(password);
    }
    let (mut done, mut found) = (0, (0, 0));
    for request in &house.people.requests {
        let number = request.number.as_deref().expect("every request was acknowledged");
        let dossier = CaseNumber::parse(number).and_then(|number| filed.get(&number)).expect("every number is filed");
        assert_eq!(dossier.outcome, request.kind.outcome(), "{number}");
        let count = |is: &dyn Fn(&Event) -> bool| dossier.events.iter().filter(|event| is(event)).count();
        let failed = count(&|event| matches!(event, Event::ExecutionFailed { .. }));
        let unknown = count(&|event| matches!(event, Event::ExecutionUnknown { .. }));
        let steps = [
            ("approvals", count(&|event| matches!(event, Event::Approved { .. }))),
            ("resets done", count(&|event| matches!(event, Event::ExecutionDone { .. }))),
            ("results shown", count(&|event| matches!(event, Event::Revealed { .. }))),
            ("changes confirmed", count(&|event| matches!(event, Event::ChangeConfirmed { .. }))),
            ("requests to complete", count(&|event| matches!(event, Event::CompletionAsked { .. }))),
            ("withdrawals", count(&|event| matches!(event, Event::Withdrawn))),
            ("rejections", count(&|event| matches!(event, Event::Rejected { .. }))),
            ("endings", count(&|event| matches!(event, Event::Closed { .. }))),
        ];
        let wanted = match request.kind {
            // What the account system says did not happen is decided anew.
            Kind::Reset => [1 + failed, 1, 1, 1, 0, 0, 0, 1],
            Kind::Completed => [1 + failed, 1, 1, 1, 1, 0, 0, 1],
            Kind::UserId => [1, 1, 1, 0, 0, 0, 0, 1],
            Kind::Withdrawn => [0, 0, 0, 0, 1, 1, 0, 1],
            Kind::Rejected => [0, 0, 0, 0, 0, 0, 1, 1],
            Kind::OutOfScope => [0, 0, 0, 0, 0, 0, 0, 1],
        };
        let wanted: Vec<_> = steps.iter().map(|(name, _)| *name).zip(wanted).collect();
        assert_eq!(steps.to_vec(), wanted, "{number} ({:?})", request.kind);
        let own = own.get(number).cloned().unwrap_or_default();
        assert_eq!(own.len(), usize::from(request.kind.resets()), "{number}: resets on the account system's books");
        assert!(request.shown.len() <= 1, "{number}: a result is shown at most once");
        let meant = if request.kind.resets() { own[0] } else { request.who.user_id };
        assert!(request.shown.iter().all(|shown| shown == meant), "{number}: something else was shown than is true");
        // What is called undone was first not known.
        assert!(failed <= unknown, "{number}: {failed} called undone, of {unknown} not known");
        done += own.len();
        found = (found.0 + unknown - failed, found.1 + failed);
    }
    assert_eq!(done, resets.len(), "nobody else's account was touched");
    (done, found)
}

fn message_id(raw: &[u8]) -> String {
    let message = MessageParser::new().parse_headers(raw).expect("a mail has a header");
    message.message_id().expect("every mail of the test has one").to_owned()
}

fn files_in(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.flatten().map(|entry| if entry.path().is_dir() { files_in(&entry.path()) } else { 1 }).sum()
}
