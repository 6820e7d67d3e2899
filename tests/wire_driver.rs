//! Row 45: the office's script may fall silent, end or be ended after any byte of its answer. Only a whole answer counts;
//! after anything else the outcome is unknown, and nobody repeats the reset blindly.

use std::time::Duration;

use futures::StreamExt;
use loket::engine::port::{AccountDriver, Fate, Fault, FaultKind, ResetOutcome};
use loket::sop::names::UserId;

use crate::accounts_command::{Office, reset};
use crate::inbox_faults::resident_kib;
use crate::kit::wait::in_time;

const ANSWER: &str = "{\"outcome\": \"done\"}";
const DEADLINE: Duration = Duration::from_millis(700);

/// A script that says so much of the answer and then ends as told.
fn saying(bytes: usize, ending: &str) -> String {
    format!("cat > /dev/null\nprintf '%s' '{}'\n{ending}\n", &ANSWER[..bytes])
}

async fn outcome(body: &str, deadline: Duration) -> Result<ResetOutcome, Fault> {
    let office = Office::new();
    in_time("the script's end", reset(&office.script_within(body, deadline))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn t45_a_script_that_is_cut_at_any_byte_leaves_the_outcome_unknown() {
    let endings = ["exit 0", "kill -9 $$", "kill -TERM $$", "exec sleep 600", "exec 1>&-; exec sleep 600"];
    let places = (0..=ANSWER.len()).flat_map(|bytes| endings.map(|ending| (bytes, ending)));
    let places: Vec<(usize, &str)> = places.collect();
    let count = places.len();

    let outcomes: Vec<_> = futures::stream::iter(places)
        .map(|(bytes, ending)| async move {
            // What ends by itself needs no deadline, which a busy machine could miss.
            let deadline = if ending.contains("sleep") { DEADLINE } else { Duration::from_secs(50) };
            (bytes, ending, outcome(&saying(bytes, ending), deadline).await)
        })
        .buffer_unordered(16)
        .collect()
        .await;

    for (bytes, ending, outcome) in outcomes {
        match outcome {
            Ok(done) => assert!(
                (bytes, ending, done == ResetOutcome::Done) == (ANSWER.len(), "exit 0", true),
                "{bytes} bytes, then {ending}: taken as done"
            ),
            Err(fault) => {
                assert!((bytes, ending) != (ANSWER.len(), "exit 0"), "{fault}");
                assert_eq!(fault.kind, FaultKind::Unknown, "{bytes} bytes, then {ending}: {fault}");
            }
        }
    }
    println!("driver: {count} faults in an answer of {} bytes", ANSWER.len());
    assert!(count >= 100);
}

#[tokio::test]
async fn t45_an_answer_that_drips_is_taken_once_it_is_whole() {
    let dripping = ANSWER.chars().map(|c| format!("printf '%s' '{c}'\n")).collect::<String>();

    let outcome = outcome(&format!("cat > /dev/null\n{dripping}"), Duration::from_secs(50)).await;

    assert_eq!(outcome.expect("it is whole"), ResetOutcome::Done);
}

#[tokio::test]
async fn t45_an_answer_without_end_takes_no_memory_and_is_unknown() {
    let before = resident_kib();

    let fault = outcome("cat > /dev/null\nexec yes rahasia", Duration::from_secs(50)).await.expect_err("no answer");

    assert_eq!(fault.kind, FaultKind::Unknown);
    assert!(!fault.message.contains("rahasia"), "{fault}");
    assert!(resident_kib() < before + 32 * 1024, "{} KiB after {before}", resident_kib());
}

#[tokio::test]
async fn t45_after_a_lost_answer_the_script_is_asked_what_it_did() {
    let office = Office::new();
    // It acts, notes the key, and its answer is eaten.
    let body = "read -r asked\ncase \"$asked\" in\n*read_back*) grep -q case-1 \"$1/done\" && echo '{\"took_effect\": true}';;\n\
                *) echo case-1 >> \"$1/done\"; kill -9 $$;;\nesac\n";
    let script = office.script_within(body, Duration::from_secs(50));

    let first = in_time("the script", reset(&script)).await.expect_err("its answer was lost");
    let known = in_time("the script", script.read_back("case-1", &UserId("RATNAWL".into()))).await;

    assert_eq!(first.kind, FaultKind::Unknown);
    assert_eq!(known.expect("it answers"), Some(Fate::Done));
}
