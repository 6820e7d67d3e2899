//! Bringing mails over: small ones many to a command, long ones piece by piece, too long ones as their header. Always
//! `BODY.PEEK`, and never more than a piece at once whatever size the server claims.

use std::collections::HashMap;

use async_imap::imap_proto::{AttributeValue, MessageSection, Response, SectionPath};

use super::{Arrival, ArrivalBody, Fault, Instant, Line, Trouble, Waiting, Watch, uid_of};
use crate::mail::inbox::imap::meter::PIECE;
use crate::mail::inbox::imap::words::uid_set;

/// Bytes of mail asked for by one command.
const BATCH_BYTES: u64 = 16 * 1024 * 1024;
/// The header section handed over for a mail that is too large.
const HEADER: u64 = 64 * 1024;
/// What an answer carries beside the mail itself.
const SLACK: u64 = 256 * 1024;

impl Watch {
    /// Fetches the next mails that wait. A fault tells that the connection is lost; what came before it still counts.
    pub(super) async fn fetch(&mut self, line: &mut Line, limit: usize) -> (Vec<Arrival>, Option<Fault>) {
        let mut arrivals = Vec::new();
        let batch = self.draw(limit);
        let (short, long): (Vec<Waiting>, Vec<Waiting>) =
            batch.into_iter().partition(|mail| mail.size < PIECE && !self.too_large(mail.size));
        if !short.is_empty()
            && let Err(fault) = self.fetch_short(line, &short, &mut arrivals).await
        {
            return (arrivals, Some(fault));
        }
        for mail in long {
            if let Err(fault) = self.fetch_alone(line, mail, &mut arrivals).await {
                return (arrivals, Some(fault));
            }
        }
        arrivals.sort_by_key(|arrival| arrival.origin.uid);
        (arrivals, None)
    }

    /// Takes the next mails off the queue: as many as fit one command, but one that failed before only by itself.
    fn draw(&mut self, limit: usize) -> Vec<Waiting> {
        let most = limit.min(self.shared.settings.batch.max(1));
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some(mail) = self.waiting.front().copied() {
            let failed = self.withheld.failures(&mail.uid) > 0;
            bytes += mail.size.min(self.shared.settings.max_mail_bytes);
            if !batch.is_empty() && (failed || bytes > BATCH_BYTES || batch.len() >= most) {
                break;
            }
            self.waiting.pop_front();
            batch.push(mail);
            if failed {
                break;
            }
        }
        batch
    }

    async fn fetch_short(
        &mut self,
        line: &mut Line,
        batch: &[Waiting],
        arrivals: &mut Vec<Arrival>,
    ) -> Result<(), Fault> {
        let uids: Vec<u32> = batch.iter().map(|mail| mail.uid).collect();
        let mut bodies = HashMap::new();
        let outcome = pieces(line, &uids, 0, batch.iter().map(|mail| mail.size).sum(), &mut bodies).await;
        let mut missing = Vec::new();
        for mail in batch {
            match bodies.remove(&mail.uid) {
                Some(body) if self.too_large(body.len() as u64) => {
                    let size = body.len() as u64;
                    arrivals.push(self.arrival(mail.uid, ArrivalBody::TooLarge { size, header: header_of(&body) }));
                }
                // The mail is longer than the server said: fetch all of it.
                Some(body) if body.len() as u64 >= PIECE => missing.push(*mail),
                Some(body) => arrivals.push(self.arrival(mail.uid, ArrivalBody::Raw(body))),
                None => missing.push(*mail),
            }
        }
        for arrival in arrivals.iter() {
            self.withheld.done(&arrival.origin.uid);
        }
        if let Err(Trouble::Broken(fault)) = outcome {
            // Who of them broke it is not known: each comes alone the next time.
            missing.iter().for_each(|mail| self.rest(*mail, &fault.message));
            return Err(fault);
        }
        // The batch did not bring them whole: longer than announced, gone, or not handed over.
        for mail in missing {
            self.fetch_alone(line, mail, arrivals).await?;
        }
        Ok(())
    }

    /// Fails where the connection is lost; a mail that alone does not come rests, and the next has its turn.
    async fn fetch_alone(&mut self, line: &mut Line, mail: Waiting, arrivals: &mut Vec<Arrival>) -> Result<(), Fault> {
        match self.fetch_long(line, mail).await {
            Ok(Some(body)) => {
                self.withheld.done(&mail.uid);
                arrivals.push(self.arrival(mail.uid, body));
            }
            Err(Trouble::Broken(fault)) => {
                self.rest(mail, &fault.message);
                return Err(fault);
            }
            Ok(None) | Err(Trouble::Refused { .. }) => match is_listed(line, mail.uid).await {
                Ok(true) => self.rest(mail, "the server lists it but does not hand it over"),
                // Another client removed it between listing and fetching.
                Ok(false) => {
                    self.withheld.done(&mail.uid);
                    self.shared.ledger().left(self.uid_validity, &[mail.uid]);
                }
                // A break over the question is one over the mail: it must not come first again.
                Err(fault) => {
                    self.rest(mail, &fault.message);
                    return Err(fault);
                }
            },
        }
        Ok(())
    }

    async fn fetch_long(&mut self, line: &mut Line, mail: Waiting) -> Result<Option<ArrivalBody>, Trouble> {
        if self.too_large(mail.size) {
            return Ok(Some(ArrivalBody::TooLarge { size: mail.size, header: header(line, mail.uid).await? }));
        }
        let mut whole = Vec::new();
        loop {
            let mut found = HashMap::new();
            pieces(line, &[mail.uid], whole.len() as u64, PIECE, &mut found).await?;
            let Some(piece) = found.remove(&mail.uid) else { return Ok(None) };
            let last = (piece.len() as u64) < PIECE;
            whole.extend_from_slice(&piece);
            let size = whole.len() as u64;
            if self.too_large(size) {
                return Ok(Some(ArrivalBody::TooLarge { size: size.max(mail.size), header: header_of(&whole) }));
            }
            if last {
                return Ok(Some(ArrivalBody::Raw(whole)));
            }
        }
    }

    fn too_large(&self, size: u64) -> bool {
        size > self.shared.settings.max_mail_bytes
    }

    fn rest(&mut self, mail: Waiting, why: &str) {
        self.withheld.failed(mail.uid, Instant::now());
        let failures = self.withheld.failures(&mail.uid);
        tracing::warn!(mailbox = %self.shared.settings.name, uid = mail.uid, failures, "a mail does not come and stays in the inbox: {why}");
        self.resting.push(mail);
    }
}

/// Whether a mail that did not come is still there.
async fn is_listed(line: &mut Line, uid: u32) -> Result<bool, Fault> {
    let mut there = false;
    let asked = line
        .run(&format!("UID FETCH {uid} (UID)"), |response| {
            there |= matches!(response, Response::Fetch(_, attributes) if uid_of(attributes) == Some(uid));
        })
        .await;
    match asked {
        Err(Trouble::Broken(fault)) => Err(fault),
        // A server in trouble refuses this too: then the mail counts as there.
        Err(Trouble::Refused { .. }) => Ok(true),
        Ok(()) => Ok(there),
    }
}

/// One piece of each mail, from `offset` on; `expected` bytes in all set the deadline.
async fn pieces(
    line: &mut Line,
    uids: &[u32],
    offset: u64,
    expected: u64,
    found: &mut HashMap<u32, Vec<u8>>,
) -> Result<(), Trouble> {
    let most = uids.len() as u64 * PIECE;
    let command = format!("UID FETCH {} (UID BODY.PEEK[]<{offset}.{PIECE}>)", uid_set(uids));
    let deadline = line.deadline_for(expected);
    line.run_within(&command, deadline, most + SLACK, |response| {
        let Response::Fetch(_, attributes) = response else { return };
        let Some(uid) = uid_of(attributes) else { return };
        let body = attributes.iter().find_map(|a| match a {
            AttributeValue::BodySection { section: None, data: Some(data), .. } => Some(data),
            _ => None,
        });
        if let Some(body) = body {
            found.insert(uid, body.to_vec());
        }
    })
    .await
}

async fn header(line: &mut Line, uid: u32) -> Result<Vec<u8>, Trouble> {
    let mut header = Vec::new();
    line.run(&format!("UID FETCH {uid} (UID BODY.PEEK[HEADER]<0.{HEADER}>)"), |response| {
        let Response::Fetch(_, attributes) = response else { return };
        for attribute in attributes {
            if let AttributeValue::BodySection {
                section: Some(SectionPath::Full(MessageSection::Header)),
                data: Some(data),
                ..
            } = attribute
            {
                header = data.to_vec();
            }
        }
    })
    .await?;
    Ok(header)
}

/// The header section of bytes at hand: up to the first empty line, at most 64 KiB.
pub(in crate::mail::inbox) fn header_of(mail: &[u8]) -> Vec<u8> {
    let start = &mail[..mail.len().min(HEADER as usize)];
    let crlf = start.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4);
    let lf = start.windows(2).position(|w| w == b"\n\n").map(|at| at + 2);
    let end = [crlf, lf].into_iter().flatten().min().unwrap_or(start.len());
    start[..end].to_vec()
}
