//! The demo without a person: every sample is played through the mails and pages a person would use, then the dossiers
//! are read back from the archive and compared with the samples' labels.
//!
//! [`walk`] plays · [`browser`] and [`form`] are its hands · [`told`] reads what the archive tells · [`table`] prints.

mod browser;
mod form;
mod table;
mod told;
mod walk;

use anyhow::Result;

use self::table::Row;
use self::told::Told;
use self::walk::Walk;
use super::house::House;
use super::samples;

/// Plays every sample. 0 only if each ended as its label says and the archive verifies.
pub async fn play(house: &House) -> Result<u8> {
    let mut rows = Vec::new();
    let mut played = Vec::new();
    for index in 0..samples::COUNT {
        let mut walk = Walk::begin(house, index);
        let ended = walk.play().await;
        let told = match (&ended, &walk.number) {
            (Ok(()), Some(number)) => Some(Told::read(&house.engine, number).await),
            _ => None,
        };
        let mut differences: Vec<String> = ended.err().map(|error| format!("{error:#}")).into_iter().collect();
        let told = match told {
            Some(Ok(told)) => {
                differences.extend(told.differences(&walk.sample.label));
                Some(told)
            }
            Some(Err(error)) => {
                differences.push(format!("{error:#}"));
                None
            }
            None => None,
        };
        rows.push(Row::new(&walk, told.as_ref(), differences));
        played.push(walk);
    }
    for (row, walk) in rows.iter_mut().zip(&played) {
        row.differences.extend(walk.unanswered().await?);
    }
    let damages = house.engine.archive.verify().await?;
    let archived = house.engine.archive.list().await?.len();
    table::print(&rows, archived, &damages);
    Ok(u8::from(!damages.is_empty() || rows.iter().any(|row| !row.differences.is_empty())))
}
