//! The demo with a person before it: samples come in one after the other, and a browser does the rest.

use std::io::Write;
use std::time::Duration;

use anyhow::Result;

use super::house::House;
use super::samples;

/// Between two samples, so that each can be seen to arrive.
const PAUSE: Duration = Duration::from_secs(4);

/// Plays every sample into the inbox and leaves the rest to the person. Ends only when it is dropped.
pub async fn play(house: &House) -> Result<u8> {
    say(&introduction(house));
    for nth in 1..=samples::COUNT {
        tokio::time::sleep(PAUSE).await;
        let title = house.letters.send_next().await?;
        say(&format!("  mail {nth:>2} of {}   {title}\n", samples::COUNT));
    }
    say("\nAll samples are in the inbox. The desk goes on until Ctrl-C.\n");
    std::future::pending().await
}

fn introduction(house: &House) -> String {
    let base = &house.base_url;
    let admins: Vec<String> = samples::office(house.now().date_naive())
        .admins
        .iter()
        .map(|(name, mail)| format!("  {mail}   {name}"))
        .collect();
    format!(
        "Loket plays an office on this machine. Nothing leaves it.\n\n\
         Mail sandbox  {base}/surel   every letter sent, with working links, and the admins' codes\n\
         Desk          {base}/meja    sign in with an admin's address and current code\n\n\
         Admins\n{}\n\n\
         Open a letter to an admin in the sandbox, follow its link, type the code shown there, and decide. Letters to\n\
         applicants hold links too; what their pages ask for stands in the sandbox. Requests arrive now:\n\n",
        admins.join("\n")
    )
}

/// What cannot be printed is lost without harm: the demo goes on in the browser.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
