//! The outbox is worked on by many hands: each takes a row when it is free, and none waits for another.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use chrono::TimeDelta;
use futures::future::BoxFuture;
use loket::accounts::directory::Directory;
use loket::daemon::counter::Desk;
use loket::demo::samples::people::{AGUNG, RINA};
use loket::engine::Engine;
use loket::engine::casebook::{Along, Answer};
use loket::engine::port::{Abilities, AccountDriver, Courier, Fate, Fault, Outgoing, Query, ResetOrder, ResetOutcome};
use loket::sop::account::Account;
use loket::sop::case::LetterState;
use loket::sop::command::{Command, Report};
use loket::sop::names::{Address, Language, UserId};
use loket::sop::phase::Phase;
use loket::web::answer::DecisionAnswer;
use loket::web::view::Choice;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::desk_walk::{decide, form, review};
use crate::kit::site::{Plan, Postbag, Site, address};
use crate::kit::wait::wait_for;

/// An office whose letters to the first applicant get no answer, with that applicant's request taken in.
async fn silent_office() -> Site {
    let site = Site::start().await;
    site.post.silent.lock().expect("no panic under the lock").push(address(RINA.email));
    site.receive(vec![site.sample("complete").raw]).await;
    site
}

async fn first_in_hand(site: &Site) {
    wait_for("the first letter in hand", || async { (site.post.in_hand.load(Ordering::Relaxed) > 0).then_some(()) })
        .await;
}

#[tokio::test]
async fn a_letter_without_an_answer_holds_up_no_letter_that_is_written_after_it() {
    let site = silent_office().await;
    let stop = CancellationToken::new();
    let later = async {
        first_in_hand(&site).await;
        site.receive(vec![site.sample("completed_later").raw]).await;
        wait_for("the later letter", || async { site.last_to(AGUNG.email) }).await
    };

    let letter = tokio::select! {
        letter = later => letter,
        ended = site.engine.dispatch(&stop) => panic!("the dispatcher ended: {ended:?}"),
    };

    assert_eq!(letter.to, [address(AGUNG.email)]);
}

#[tokio::test]
async fn a_row_is_taken_only_when_a_hand_is_free_for_it() {
    let site = silent_office().await;
    *site.post.lines.lock().expect("no panic under the lock") = Some(1);
    let stop = CancellationToken::new();
    let letters = ["letter".to_owned()];
    let first = wait_for("the first letter in hand", || async {
        (site.post.in_hand.load(Ordering::Relaxed) > 0).then_some(())
    });

    tokio::select! {
        () = first => {}
        ended = site.engine.dispatch(&stop) => panic!("the dispatcher ended: {ended:?}"),
    }

    let next = site.engine.store.next_due(&letters).await.expect("the store answers").expect("one more letter");
    assert!(next <= site.now(), "the other letter was taken though nobody could carry it");
}

/// The lease of a row that took as long as a lease ended in the hand, as all did at a jump of the clock: a second hand took it up, and
/// told of a reset under way that nobody knows what came of it.
#[tokio::test]
async fn a_row_in_hand_is_taken_by_no_second_hand_however_long_it_takes() {
    let site = silent_office().await;
    let stop = CancellationToken::new();
    let later = async {
        first_in_hand(&site).await;
        let in_hand = site.post.in_hand.load(Ordering::Relaxed);
        site.forward(TimeDelta::hours(3));
        site.receive(vec![site.sample("completed_later").raw]).await;
        wait_for("the later letter", || async { site.last_to(AGUNG.email) }).await;
        in_hand
    };

    let in_hand = tokio::select! {
        in_hand = later => in_hand,
        ended = site.engine.dispatch(&stop) => panic!("the dispatcher ended: {ended:?}"),
    };

    assert_eq!(site.post.in_hand.load(Ordering::Relaxed), in_hand, "letters that wait for an answer");
}

/// The directory, but for the first reset it is asked for: that one never begins, and its answer, which says nothing, comes when
/// it is let go.
#[derive(Default)]
struct SlowAtFirst {
    directory: OnceLock<Directory>,
    asked: AtomicUsize,
    let_go: Notify,
}

impl SlowAtFirst {
    fn directory(&self) -> &Directory {
        self.directory.get().expect("the site is up")
    }
}

impl AccountDriver for SlowAtFirst {
    fn abilities(&self) -> Abilities {
        self.directory().abilities()
    }

    fn settles_within(&self) -> TimeDelta {
        self.directory().settles_within()
    }

    fn look_up<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Account>, Fault>> {
        AccountDriver::look_up(self.directory(), query)
    }

    fn reset<'a>(&'a self, order: ResetOrder<'a>) -> BoxFuture<'a, Result<ResetOutcome, Fault>> {
        Box::pin(async move {
            if self.asked.fetch_add(1, Ordering::Relaxed) == 0 {
                self.let_go.notified().await;
                return Err(Fault::unknown("the line went dead"));
            }
            AccountDriver::reset(self.directory(), order).await
        })
    }

    fn read_back<'a>(&'a self, key: &'a str, user_id: &'a UserId) -> BoxFuture<'a, Result<Option<Fate>, Fault>> {
        AccountDriver::read_back(self.directory(), key, user_id)
    }

    fn probe(&self) -> BoxFuture<'_, Result<String, Fault>> {
        AccountDriver::probe(self.directory())
    }
}

/// Two daemons had one reset in hand: the first put it off, and the second, late with an outcome that nobody knew, took the row
/// away. The case would have waited for ever.
#[tokio::test]
async fn t45_a_hand_that_is_late_leaves_the_reset_that_another_put_off() {
    let slow = Arc::new(SlowAtFirst::default());
    let site = Site::planned(Plan { accounts: Some(slow.clone()), ..Plan::default() }).await;
    assert!(slow.directory.set(site.directory.clone()).is_ok(), "set once");
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    assert!(matches!(decide(&site.desk, &admin, &number, form(&view, Choice::Approve)).await, DecisionAnswer::Done));
    let key = site.engine.key(&number);
    let other_hand = async {
        wait_for("the reset in hand", || async { (slow.asked.load(Ordering::Relaxed) == 1).then_some(()) }).await;
        let put_off = Command::ReportExecution { decision: 1, report: Report::Postponed };
        let answer = site.engine.apply(&key, put_off, Along::default()).await.expect("the store answers");
        assert!(matches!(answer, Answer::Done(_)), "the first hand puts it off");
        slow.let_go.notify_one();
    };

    tokio::join!(site.settle(), other_hand);
    site.forward(TimeDelta::hours(1));
    site.settle().await;

    assert_eq!(slow.asked.load(Ordering::Relaxed), 2, "it is carried out by whoever comes next");
    assert!(matches!(site.case(&number).await.phase, Phase::Delivered { .. }), "the result waits for its applicant");
}

/// Takes every letter but those to one person: there the first try is cut off after its last byte, and then no server answers.
struct CutOff {
    post: Arc<Postbag>,
    to: Address,
    tries: AtomicUsize,
}

impl Courier for CutOff {
    fn send<'a>(&'a self, letter: &'a Outgoing) -> BoxFuture<'a, Result<(), Fault>> {
        if !letter.to.contains(&self.to) {
            return self.post.send(letter);
        }
        Box::pin(async {
            match self.tries.fetch_add(1, Ordering::Relaxed) {
                0 => Err(Fault::unknown("cut off after the last byte")),
                _ => Err(Fault::transient("no server answers")),
            }
        })
    }

    fn probe(&self) -> BoxFuture<'_, Result<String, Fault>> {
        self.post.probe()
    }
}

/// It counted as one that surely did not arrive, and the admin was told so.
#[tokio::test]
async fn a_letter_that_may_have_arrived_at_its_first_try_is_told_of_as_such_when_it_is_given_up() {
    let mut site = Site::start().await;
    let cut = Arc::new(CutOff { post: site.post.clone(), to: address(RINA.email), tries: AtomicUsize::new(0) });
    let courier: Arc<dyn Courier> = cut.clone();
    drop(site.desk);
    let engine = Arc::try_unwrap(site.engine).ok().expect("nobody else holds the engine");
    site.engine = Arc::new(Engine { courier, ..engine });
    let mailboxes = Arc::new(vec![site.mailbox.clone()]);
    site.desk = Arc::new(Desk::new(site.engine.clone(), mailboxes, Vec::new()));

    let number = site.deliver("complete").await;
    for _ in 0..20 {
        site.forward(TimeDelta::hours(9));
        site.settle().await;
    }

    assert!(cut.tries.load(Ordering::Relaxed) >= 20, "it is tried for two days");
    let case = site.case(&number).await;
    let letter = case.letters.iter().find(|letter| letter.to.contains(&cut.to)).expect("the applicant is written to");
    let LetterState::Undelivered { why, .. } = &letter.state else { panic!("it is given up") };
    let said = |language| site.engine.letters.cause(why, language);
    assert!(said(Language::Id).contains("mungkin sudah sampai"), "{why}");
    assert_eq!(said(Language::En), "the letter may have arrived; the server gave no answer (no server answers)");
    let told = site.letters().into_iter().find(|letter| letter.subject.contains("Surat tidak sampai"));
    let told = told.expect("the admin is told").body.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("surat mungkin sudah sampai"), "{told}");
}
