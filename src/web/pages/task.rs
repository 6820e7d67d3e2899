//! Work a person does in the account system, and an attempt nobody knows the outcome of.

use askama::Template;

use super::case_top::CaseTop;
use super::findings::grouped_nip;
use super::{Fields, Frame};
use crate::sop::names::Service;
use crate::web::say::{around, fill};
use crate::web::view::{TaskView, UnknownView};
use crate::web::words::{CaseWords, NoticeWords};

#[derive(Template)]
#[template(path = "task.html", config = "src/web/askama.toml")]
pub struct TaskPage<'a> {
    f: Frame<'a>,
    w: &'static CaseWords,
    n: &'static NoticeWords,
    view: &'a TaskView,
    fields: &'a Fields,
    top: CaseTop,
    refusal: Option<&'a str>,
}

impl<'a> TaskPage<'a> {
    pub fn new(f: Frame<'a>, view: &'a TaskView, fields: &'a Fields, refusal: Option<&'a str>) -> Self {
        let top = CaseTop::new(&f, &view.head);
        Self { w: CaseWords::of(f.lang()), n: NoticeWords::of(f.lang()), top, f, view, fields, refusal }
    }

    fn title(&self) -> String {
        let title = fill(self.w.task_title, &[&self.top.number]);
        if self.fields.failed { format!("{}{title}", self.f.w.error) } else { title }
    }

    fn resets(&self) -> bool {
        self.view.head.services.contains(&Service::ResetPassword)
    }

    fn system(&self) -> &str {
        &self.f.office().system_name
    }

    fn in_system(&self, sentence: &str) -> String {
        fill(sentence, &[self.system()])
    }

    fn approved(&self) -> String {
        fill(self.w.approved_by, &[&self.view.approved_by, &self.f.say.time(&self.view.approved_at)])
    }

    /// What to do in the account system, in order; identifiers are set apart.
    fn todo(&self) -> Vec<Vec<(String, bool)>> {
        let w = self.w;
        let mut find = match &self.top.user_id {
            Some(user_id) => around(w.task_2_user, user_id),
            None => vec![(fill(w.task_2_name, &[&self.top.name]), false)],
        };
        if let Some(nip) = &self.view.nip {
            find.push((" ".to_owned(), false));
            find.append(&mut around(w.task_2_nip, &grouped_nip(nip.digits())));
        }
        let act = if self.resets() { self.in_system(w.task_3_reset) } else { w.task_3_look.to_owned() };
        vec![vec![(self.in_system(w.task_1), false)], find, vec![(act, false)], vec![(w.task_4.to_owned(), false)]]
    }

    /// The outcome chosen before, else the likely one.
    fn chosen(&self, value: &str) -> bool {
        let likely = if self.resets() { "reset" } else { "user" };
        self.fields.chosen("hasil", "hasil", value, value == likely)
    }
}

#[derive(Template)]
#[template(path = "unknown.html", config = "src/web/askama.toml")]
pub struct UnknownPage<'a> {
    f: Frame<'a>,
    w: &'static CaseWords,
    n: &'static NoticeWords,
    view: &'a UnknownView,
    fields: &'a Fields,
    top: CaseTop,
    refusal: Option<&'a str>,
}

impl<'a> UnknownPage<'a> {
    pub fn new(f: Frame<'a>, view: &'a UnknownView, fields: &'a Fields, refusal: Option<&'a str>) -> Self {
        let top = CaseTop::new(&f, &view.head);
        Self { w: CaseWords::of(f.lang()), n: NoticeWords::of(f.lang()), top, f, view, fields, refusal }
    }

    fn title(&self) -> String {
        let title = fill(self.w.unknown_title, &[&self.top.number]);
        if self.fields.failed { format!("{}{title}", self.f.w.error) } else { title }
    }

    fn more(&self) -> String {
        fill(self.w.unknown_more, &[&self.view.what, &self.f.office().system_name])
    }

    fn since(&self) -> String {
        fill(self.w.unknown_since, &[&self.f.say.moment(&self.view.since)])
    }

    fn note_label(&self) -> String {
        fill(self.w.u_note, &[&self.f.office().system_name])
    }

    /// Form id, heading, consequence, button.
    fn ways(&self) -> [(&'static str, &'static str, &'static str, &'static str); 3] {
        let w = self.w;
        [
            ("terjadi", w.u_happened, w.u_happened_then, w.u_happened_button),
            ("batal", w.u_not, w.u_not_then, w.u_not_button),
            ("diserahkan", w.u_person, w.u_person_then, w.u_person_button),
        ]
    }
}
