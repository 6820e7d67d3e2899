//! What must hold once all faults have ended and everybody did their part.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use loket::engine::archive::ArchiveDossier;
use loket::engine::port::Folder;
use loket::sop::case::{Case, LetterState};
use loket::sop::event::{Event, Recorded};
use loket::sop::phase::{self, Phase};

use super::judge::{self, decision_of, is_on_record};
use super::told;
use super::world::{Inside, World, name_of};

/// From the end of the faults to the last dossier in the archive: all reminders and deadlines, one after the other.
const LONGEST_WAY: TimeDelta = TimeDelta::days(90);

/// When all faults have ended and everybody did their part.
pub fn the_end(world: &World) {
    let mut inside = world.lock();
    world.store.kept(|kept| {
        let live: Vec<_> =
            kept.cases.keys().filter(|key| judge::is_request(key)).map(|key| key.number.to_string()).collect();
        assert!(live.is_empty(), "no end in sight for {live:?}");
        let rows: Vec<_> = kept.rows.values().map(|(row, _)| format!("{}/{}", row.key.number, row.id)).collect();
        assert!(rows.is_empty(), "the outbox keeps {rows:?}");
        assert!(kept.secrets.is_empty(), "a secret outlived its case");
    });
    assert!(inside.mailbox.iter().all(|mail| mail.filed.is_some()), "a mail still lies in the inbox");
    for (index, number) in inside.archive.keys().enumerate().filter(|_| inside.counts.restores == 0) {
        assert_eq!(number.serial() as usize, index + 1, "numbers have no gaps");
    }
    each_mail_is_on_record_once(world, &inside);
    let took = inside.now - inside.calm_since;
    assert!(took <= LONGEST_WAY, "{} days to the end, with nothing in the way", took.num_days());
    let mut on_record = BTreeSet::new();
    for (number, dossier) in &inside.archive {
        let case = archived(dossier);
        for letter in &case.letters {
            let name = format!("{number}.{}", letter.id).to_lowercase();
            match &letter.state {
                LetterState::Sent { .. } => {
                    assert!(inside.took(&name), "{name} is called sent");
                    let notice = format!("returned-{number}-{}-", letter.id).to_lowercase();
                    // After a restore a person may have dropped its row.
                    let row = format!("returned:{number}:{}", letter.id).to_lowercase();
                    let written = |name: &String| name.contains(&notice) || name.contains(&row);
                    let told = || inside.post.keys().any(written) || inside.refused.iter().any(written);
                    assert!(!inside.bounced.contains(&name) || told(), "{name} came back, and nobody was told");
                }
                LetterState::Queued => panic!("{name} is still on its way in the archive"),
                LetterState::Undelivered { why, .. } => told::it_was_undeliverable(&inside, &name, why),
            }
            on_record.insert(name);
        }
        let decided = !case.decisions.is_empty();
        let story = decided.then(|| judge::story(world, &inside, number)).flatten().unwrap_or_default();
        told::each_outcome_is_true(&inside, &case, &story);
        let resets = || inside.resets.keys().filter(|order| decision_of(order).0 == *number);
        for order in resets() {
            if inside.forgotten.orders.contains(order) && !is_on_record(&story, order) {
                continue;
            }
            each_reset_is_on_record(&story, order);
            assert!(decision_of(order).1 as usize <= case.decisions.len(), "{order} was reset without a decision");
        }
        if case.phase == (Phase::Closed { outcome: phase::Outcome::ResetConfirmed, at: dossier.register.closed }) {
            assert!(resets().count() > 0, "{number} is called reset");
        }
    }
    let unknown = |d: &ArchiveDossier| {
        let told = d.items.iter().find(|item| item.name == "peristiwa.json").map(|item| item.bytes.as_slice());
        String::from_utf8_lossy(told.unwrap_or_default()).matches("\"execution_unknown\"").count() as u64
    };
    let count = inside.archive.values().map(unknown).sum::<u64>();
    inside.counts.unknown = count;
    for (id, (_, times)) in inside.post.iter().filter(|(id, _)| id.starts_with("loket.lpse-")) {
        let name = name_of(id);
        let known = on_record.contains(name) || inside.forgotten.letters.contains(name);
        assert!(known, "{id} went out, and is on no record");
        let excuses = inside.excuses.get(name).copied().unwrap_or(0);
        assert!(*times <= 1 + excuses, "{id} went {times} times, with {excuses} excuses");
    }
}

/// A case as the archive has it.
pub fn archived(dossier: &ArchiveDossier) -> Case {
    let state = dossier.items.iter().find(|item| item.name == "permohonan.json").expect("the case is in its dossier");
    serde_json::from_slice(&state.bytes).expect("the case decodes")
}

/// A reset was begun on record, and either done or not known to be; never was it called undone.
fn each_reset_is_on_record(story: &[Recorded], order: &str) {
    let decision = decision_of(order).1;
    let begun = |event: &Event| matches!(event, Event::ExecutionStarted { decision: of } if *of == decision);
    let told = |event: &Event| match event {
        Event::ExecutionDone { decision: of, .. } | Event::ExecutionUnknown { decision: of, .. } => *of == decision,
        Event::ExecutionFailed { decision: of, why, .. } => *of == decision && why == "reset_outlived_its_password",
        _ => false,
    };
    assert!(story.iter().any(|recorded| begun(&recorded.event)), "{order} was reset and never begun");
    assert!(story.iter().any(|recorded| told(&recorded.event)), "{order} was reset, and nobody was told");
    assert!(!judge::believed_undone(story, decision), "{order} was reset and is called undone");
}

fn each_mail_is_on_record_once(world: &World, inside: &Inside) {
    let mut on_record = BTreeMap::<Vec<u8>, usize>::new();
    for dossier in inside.archive.values() {
        for item in dossier.items.iter().filter(|item| item.name.starts_with("surel/")) {
            *on_record.entry(item.bytes.clone()).or_default() += 1;
        }
    }
    for mail in &inside.mailbox {
        let times = on_record.get(&*mail.raw).copied().unwrap_or(0);
        assert!(times <= 1, "a mail is on record in {times} dossiers");
        // A further mail that came when its case was closed may be a line in the daybook.
        let text = String::from_utf8_lossy(&mail.raw).into_owned();
        let further = text.contains("Subject: Re:") || !text.contains("papers:");
        let aside = mail.filed == Some(Folder::Refused);
        assert!(further || aside || times == 1, "a request is in no dossier: {text}");
        judge::filed(world, &mail.raw, mail.filed.unwrap_or(Folder::Processed));
    }
}
