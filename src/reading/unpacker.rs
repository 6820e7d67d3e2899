//! The daemon's side of taking files out of archives, saved mails, `winmail.dat` and signed envelopes, so that the virus
//! scanner gets each by itself. A worker does it, as it does everything that opens what came in.

use tokio::sync::Semaphore;

use super::clamd;
use super::crew::{Crew, ReadingFault};
use super::frame::{self, Parcel, Unpacked};

/// Else a file that the scanner takes might find no room in any answer.
const _: () = assert!(clamd::LARGEST <= frame::UNPACKED);

pub struct Unpacker<'p> {
    pub crew: &'p Crew,
    /// For one worker at a time each.
    pub turns: &'p Semaphore,
}

impl Unpacker<'_> {
    /// The files that lie in these bytes from `parcel.from` on, as many as an answer has room for. `None`: they cannot be
    /// taken out. Fails only when there can be no worker at all.
    pub async fn ask(&self, bytes: &[u8], parcel: &Parcel) -> Result<Option<(Unpacked, Vec<u8>)>, ReadingFault> {
        let Ok(request) = serde_json::to_vec(parcel) else { return Ok(None) };
        if bytes.len() >= frame::REQUEST {
            return Ok(None);
        }
        let answer = {
            let _turn = self.turns.acquire().await.expect("the semaphore is never closed");
            self.crew.ask(&[(frame::HOLD, &[bytes]), (frame::UNPACK, &[&request])]).await?
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(lost) => {
                tracing::warn!(size = bytes.len(), "a worker was lost over the files in an attachment: {lost:?}");
                return Ok(None);
            }
        };
        let unpacked = serde_json::from_slice(answer.json()).ok();
        Ok(unpacked.map(|unpacked| (unpacked, answer.into_rest())))
    }
}
