//! The pages of a case as pictures, drawn by a reading worker from the bytes on record. A drawing is kept for a while, since
//! a page is looked at small, large and again; that it failed is kept too.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;

use super::Desk;
use super::recent::Recent;
use crate::dossier::page::Paper;
use crate::engine::port::Fault;
use crate::reading::is_drawn;
use crate::sop::case::{Case, MailRef};
use crate::sop::names::{CaseNumber, Sha256Hex};
use crate::sop::phase::Phase;
use crate::web::counter::Trouble;
use crate::web::view::{Admin, Drawing, Picture};

/// Bytes of all pictures kept.
const ROOM: usize = 64 * 1024 * 1024;
/// What the memory of a failure is reckoned at, in bytes.
const FAILURE: usize = 1024;
/// Pixels: fine enough to tell a stamp from a copy of one, and to be enlarged.
const WIDTH: u32 = 1400;
/// A person waits no longer for a picture. Less than the desk's patience for a whole request.
const PATIENCE: Duration = Duration::from_secs(20);

/// A page: the mail's hash, the paper's, the page's number.
type Key = (Sha256Hex, String, u32);

/// Drawings made lately; `None`: this page cannot be drawn.
pub(super) struct Gallery(Recent<Key, Option<Bytes>>);

impl Default for Gallery {
    fn default() -> Self {
        Self(Recent::new(ROOM))
    }
}

/// A paper of a case, and where it lies.
struct Placed<'c> {
    mail: &'c MailRef,
    paper: Paper,
}

impl Desk {
    pub(super) async fn show_picture(
        &self,
        admin: &Admin,
        number: &CaseNumber,
        paper: u32,
        page: u32,
    ) -> Result<Option<Picture>, Trouble> {
        if !self.may_look(admin).await? {
            return Ok(None);
        }
        let Some(case) = self.engine.case(number).await? else { return Ok(None) };
        if matches!(case.phase, Phase::Held { .. }) {
            return Ok(None);
        }
        let Some(placed) = self.placed(&case, paper).await? else { return Ok(None) };
        let Some(page) = placed.paper.pages.iter().find(|p| p.number == page).cloned() else { return Ok(None) };
        let typed = placed.paper.is_office() && !page.lines.is_empty() && !page.is_recognised();
        let drawing = match is_drawn(&placed.paper.format) && !typed {
            false => Drawing::WordsAlone,
            true => self.drawn(&case, &placed, page.number).await?.map_or(Drawing::Failed, Drawing::Png),
        };
        Ok(Some(Picture { page, drawing }))
    }

    /// Whether drawing this page was tried lately and failed.
    pub(super) fn is_known_to_fail(&self, mail: &MailRef, paper: &Paper, page: u32) -> bool {
        let key = (mail.sha256.clone(), paper.sha256.clone(), page);
        matches!(self.gallery.0.find(&key, self.engine.clock.now()), Some(None))
    }

    /// The paper of this number over all mails of the case.
    async fn placed<'c>(&self, case: &'c Case, paper: u32) -> Result<Option<Placed<'c>>, Fault> {
        let mut before = 0;
        for (mail, contents) in self.mails_of(case).await? {
            let nth = paper as usize - before;
            if let Some(paper) = contents.papers.get(nth) {
                return Ok(Some(Placed { mail, paper: paper.clone() }));
            }
            before += contents.papers.len();
        }
        Ok(None)
    }

    async fn drawn(&self, case: &Case, placed: &Placed<'_>, page: u32) -> Result<Option<Bytes>, Fault> {
        let Placed { mail, paper } = placed;
        let key = (mail.sha256.clone(), paper.sha256.clone(), page);
        if let Some(known) = self.gallery.0.find(&key, self.engine.clock.now()) {
            return Ok(known);
        }
        let Some(raw) = self.engine.store.content(&self.engine.key(&case.number), &mail.sha256).await? else {
            return Ok(None);
        };
        let drawing = self.engine.reader.picture(Arc::new(raw), paper.sha256.clone(), page, WIDTH);
        // Others may be waiting for a worker too: what took too long is not held against the page.
        let Ok(png) = tokio::time::timeout(PATIENCE, drawing).await else { return Ok(None) };
        let png = png.map(Bytes::from);
        let size = png.as_ref().map_or(FAILURE, Bytes::len);
        self.gallery.0.keep(key, &png, size, self.engine.clock.now());
        Ok(png)
    }
}
