//! The merged papers of all mails of a case, read once: which letter speaks, which decree counts, who asks for what.
//! A newer good document of a kind replaces an older one; an old good one stays valid beside a newer bad one.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::applicant;
use super::decree::{self, Decree};
use super::fact::role::{self, Entry, RoleFound};
use super::fact::signature::Signatures;
use super::fact::{name, service};
use super::letter::{self, Letter};
use super::message::MailFacts;
use super::page::Paper;
use super::people;
use super::recognition::Recognition;
use super::reuse;
use super::sort::{self, Stack};
use crate::sop::checklist::{Applicant, Document, DocumentKind, Evidence, Method, Signature};
use crate::sop::names::{Service, Sha256Hex};

/// A dossier with its documents read.
pub struct CaseFile<'a> {
    pub mails: &'a [MailFacts],
    pub recognition: &'a Recognition,
    /// The day in force on which is asked for.
    pub day: NaiveDate,
    pub read: Cow<'a, [Read]>,
    /// The letter that speaks, as an index of `read`.
    pub letter: Option<usize>,
    pub decree: Option<usize>,
    /// The applicant's line in the decree or in its annex.
    pub entry: Option<Entry>,
    pub applicant: Applicant,
    pub services: Vec<Service>,
    /// Letters that name other people than the one that speaks.
    pub disagreeing_letters: bool,
    /// Whom a mail asks for in its own words, where that is not the letter's applicant.
    pub other_in_mail: Option<Applicant>,
}

/// One document and what stands in it.
#[derive(Clone)]
pub struct Read {
    pub stack: Stack,
    pub letter: Option<Letter>,
    pub decree: Option<Decree>,
}

impl<'a> CaseFile<'a> {
    /// Reads the papers of `mails`, oldest mail first.
    pub fn read(mails: &'a [MailFacts], recognition: &'a Recognition, day: NaiveDate) -> Self {
        let read = papers(mails).flat_map(|papers| Read::all(&papers, recognition));
        Self::of(mails, read.collect::<Vec<_>>(), recognition, day)
    }

    /// The same with the documents of `mails` read before, by [`Read::all`] of each mail's [`papers`].
    pub fn of(
        mails: &'a [MailFacts],
        read: impl Into<Cow<'a, [Read]>>,
        recognition: &'a Recognition,
        day: NaiveDate,
    ) -> Self {
        let read = read.into();
        let letter = best_letter(&read);
        let applicant = match letter.and_then(|i| read[i].letter.as_ref()) {
            Some(letter) => letter.applicant.clone(),
            None => applicant_of_mails(mails, recognition),
        };
        let mut file = Self {
            mails,
            recognition,
            day,
            letter,
            decree: None,
            entry: None,
            services: Vec::new(),
            disagreeing_letters: disagreeing(&read, &applicant),
            other_in_mail: None,
            applicant,
            read,
        };
        file.other_in_mail = people::other_in_mail(&file);
        file.services = file.asked();
        let decrees = (0..file.read.len()).filter(|i| file.read[*i].is_decree());
        let best =
            decrees.map(|i| (i, file.entry_of(i))).max_by_key(|(i, entry)| file.decree_worth(*i, entry.is_some()));
        if let Some((decree, entry)) = best {
            (file.decree, file.entry) = (Some(decree), entry);
        }
        file
    }

    pub fn letter(&self) -> Option<(&Stack, &Letter)> {
        self.letter.and_then(|i| Some((&self.read[i].stack, self.read[i].letter.as_ref()?)))
    }

    pub fn decree(&self) -> Option<(&Stack, &Decree)> {
        self.decree.and_then(|i| Some((&self.read[i].stack, self.read[i].decree.as_ref()?)))
    }

    /// A document of this kind that is there but could not be read.
    pub fn unread(&self, kind: DocumentKind) -> Option<&Stack> {
        self.read.iter().map(|r| &r.stack).find(|s| s.kind == kind && s.method == Method::None)
    }

    pub fn documents(&self) -> Vec<Document> {
        self.read.iter().map(Read::document).collect()
    }

    /// Services of all letters of the applicant, and of what the mails say in their own words.
    fn asked(&self) -> Vec<Service> {
        let r = self.recognition;
        let letters = self.read.iter().filter_map(|d| d.letter.as_ref());
        let mut found: Vec<Service> = letters
            .filter(|l| !is_other_person(&l.applicant, &self.applicant))
            .flat_map(|l| l.services.clone())
            .collect();
        let said = self.mails.iter().flat_map(|mail| [mail.own_subject().to_owned(), mail.own_words()]);
        let said: Vec<String> = said.collect();
        found.extend(said.iter().flat_map(|text| service::named(text, r)));
        if found.is_empty() {
            found.extend(said.iter().flat_map(|text| service::implied(text, r)));
        }
        letter::in_order(found, r)
    }

    /// Better decrees sort later: in force, naming the applicant, a real decree, newer.
    fn decree_worth(&self, i: usize, names_applicant: bool) -> (bool, bool, bool, Option<NaiveDate>, usize) {
        let Some(decree) = &self.read[i].decree else { return (false, false, false, None, i) };
        let period = &decree.period;
        let in_force =
            period.from.is_none_or(|from| from <= self.day) && period.until.is_none_or(|until| until >= self.day);
        let stack = &self.read[i].stack;
        (!stack.annex_only, in_force && !stack.weaker, names_applicant, decree.enacted, i)
    }

    /// The applicant's line in a decree, or in an annex that came as a paper of its own.
    fn entry_of(&self, i: usize) -> Option<Entry> {
        let who = self.applicant.name.as_deref().unwrap_or_default();
        let decree = self.read[i].decree.as_ref()?;
        let look = |read: &Read| {
            role::find(&read.stack.sheets, who, self.applicant.nip.as_ref(), &decree.title, self.recognition)
        };
        let annexes =
            self.read.iter().enumerate().filter(|(n, d)| *n != i && d.stack.annex_only && self.same_decree(decree, d));
        look(&self.read[i]).or_else(|| annexes.filter_map(|(_, d)| look(d)).next())
    }

    fn same_decree(&self, decree: &Decree, annex: &Read) -> bool {
        let fold = |number: &String| number.replace(' ', "").to_lowercase();
        let other = annex.decree.as_ref().and_then(|d| d.number.as_ref()).map(fold);
        other.is_none() || decree.number.as_ref().map(fold).is_none_or(|own| Some(own) == other)
    }

    /// Whether an annex of the decree is among the papers.
    pub fn has_annex(&self, decree: &Decree) -> bool {
        decree.has_annex || self.read.iter().any(|d| d.stack.annex_only && self.same_decree(decree, d))
    }

    /// Where the decree speaks of the applicant without appointing anybody.
    pub fn mention(&self) -> Option<Evidence> {
        let (stack, _) = self.decree()?;
        role::mentioned(&stack.sheets, self.applicant.name.as_deref()?, self.applicant.nip.as_ref())
    }

    /// How the decree is signed.
    pub fn decree_signature(&self) -> Signature {
        self.decree.map_or(Signature::None, |i| self.read[i].signature())
    }

    /// Whether the decree gives the applicant the procedure's role; `None` where it names no role.
    pub fn decree_role(&self) -> Option<&RoleFound> {
        self.entry.as_ref().map(|e| &e.role)
    }
}

impl Read {
    /// The documents that papers make, each read.
    pub fn all(papers: &[Paper], recognition: &Recognition) -> Vec<Self> {
        sort::sort(papers, recognition).into_iter().map(|stack| Self::of(stack, recognition)).collect()
    }

    fn of(stack: Stack, r: &Recognition) -> Self {
        let readable = stack.method != Method::None;
        let letter = (readable && stack.kind != DocumentKind::AppointmentDecree).then(|| letter::read(&stack, r));
        let decree = (readable && stack.kind == DocumentKind::AppointmentDecree).then(|| decree::read(&stack, r));
        let keeps_letter = stack.kind == DocumentKind::RequestLetter;
        let mut read = Self { stack, letter, decree };
        if !keeps_letter {
            read.other_facts();
        }
        read
    }

    /// A paper of another kind keeps number, day and signature, and no applicant.
    fn other_facts(&mut self) {
        if let Some(letter) = &mut self.letter {
            letter.applicant = Applicant::default();
            letter.services.clear();
        }
    }

    fn is_decree(&self) -> bool {
        self.decree.is_some()
    }

    pub fn is_letter(&self) -> bool {
        self.stack.kind == DocumentKind::RequestLetter && self.letter.is_some()
    }

    pub fn signatures(&self) -> Option<&Signatures> {
        self.letter.as_ref().map(|l| &l.signatures).or(self.decree.as_ref().map(|d| &d.signatures))
    }

    pub fn signature(&self) -> Signature {
        let Some(signatures) = self.signatures() else { return Signature::None };
        if self.stack.electronic.is_some() {
            return self.stack.electronic.kind();
        }
        // Words of a signature without one in the file: printed, scanned or merged.
        if signatures.electronic.is_some() {
            return Signature::ElectronicUnverifiable;
        }
        if signatures.any_filled() { Signature::Block } else { Signature::None }
    }

    pub fn document(&self) -> Document {
        let (first, last) = self.stack.pages;
        let letter = self.letter.as_ref();
        let decree = self.decree.as_ref();
        Document {
            attachment: self.stack.attachments.join(" + "),
            pages: if last > first { format!("{first}-{last}") } else { first.to_string() },
            kind: self.stack.kind,
            method: self.stack.method,
            number: letter.and_then(|l| l.number.clone()).or_else(|| decree.and_then(|d| d.number.clone())),
            date: letter.and_then(|l| l.date).or_else(|| decree.and_then(|d| d.enacted)),
            valid_from: decree.and_then(|d| d.period.from),
            valid_until: decree.and_then(|d| d.period.until),
            signature: self.signature(),
            sha256: Some(Sha256Hex(self.stack.sha256.clone())).filter(|h| !h.0.is_empty()),
            text: reuse::text_hash(&self.stack.sheets),
            look: self.stack.look.clone(),
            trouble: self.stack.trouble,
            unread_pages: self.stack.unread_pages.clone(),
        }
    }
}

/// The papers of each mail, oldest mail first, that no earlier one brought byte for byte.
pub fn papers(mails: &[MailFacts]) -> impl Iterator<Item = Vec<Paper>> {
    mails.iter().enumerate().map(|(n, mail)| {
        let seen = |paper: &Paper| {
            !paper.sha256.is_empty() && mails[..n].iter().flat_map(|m| m.papers()).any(|p| p.sha256 == paper.sha256)
        };
        let judged = |p: &Paper| Paper { electronic: p.electronic.clone().received_on(mail.received), ..p.clone() };
        mail.papers().iter().filter(|p| !seen(p)).map(judged).collect()
    })
}

fn best_letter(read: &[Read]) -> Option<usize> {
    let worth = |i: &usize| {
        let letter = read[*i].letter.as_ref();
        let signed = read[*i].signature() != Signature::None;
        let named = letter.is_some_and(|l| l.applicant.name.is_some());
        (signed && named, named, signed, *i)
    };
    (0..read.len()).filter(|i| read[*i].is_letter()).max_by_key(worth)
}

/// Without a letter, what the latest mail that says so gives.
fn applicant_of_mails(mails: &[MailFacts], r: &Recognition) -> Applicant {
    let told = mails.iter().rev().map(|m| applicant::in_text(&m.own_words(), r));
    told.into_iter().find(|a| a.name.is_some() || a.nip.is_some() || a.user_id.is_some()).unwrap_or_default()
}

fn disagreeing(read: &[Read], applicant: &Applicant) -> bool {
    read.iter()
        .filter(|d| d.is_letter())
        .filter_map(|d| d.letter.as_ref())
        .any(|l| is_other_person(&l.applicant, applicant))
}

/// Two applicants are different people when both numbers are known and differ, or both names are and share nothing.
pub fn is_other_person(one: &Applicant, other: &Applicant) -> bool {
    if let (Some(a), Some(b)) = (&one.nip, &other.nip) {
        return a != b;
    }
    match (&one.name, &other.name) {
        (Some(a), Some(b)) => name::compare(a, b) == name::Likeness::Different,
        _ => false,
    }
}
