//! A request letter, memo or form, read: who asks for what, under which number and day, and who signed.

use chrono::NaiveDate;

use super::applicant;
use super::fact::number::{self, Number};
use super::fact::signature::{self, Signatures};
use super::fact::{date, name, nip, service};
use super::fields::{self, Labelled};
use super::fold::{Gist, fold};
use super::recognition::{Field, Recognition};
use super::sheet::{Row, Sheet};
use super::sort::Stack;
use crate::sop::checklist::{Applicant, Evidence, Method};
use crate::sop::names::{Nip, Service};

/// Characters behind `pada hari ini` within which its date is written out.
const TODAY: usize = 120;

#[derive(Debug, Clone, Default)]
pub struct Letter {
    pub number: Option<String>,
    pub number_blank: bool,
    pub date: Option<NaiveDate>,
    pub subject: Option<String>,
    pub applicant: Applicant,
    /// Digits that stand where an employee number should, when they are not 18.
    pub odd_nip: bool,
    /// The citizen number, where the letter gives one: 16 digits.
    pub nik: Option<String>,
    /// What those digits may have been before recognition took some for letters, and how they were read.
    pub suggested_nip: Option<Nip>,
    pub nip_read: Option<String>,
    /// More than one person is named as applicant.
    pub several: bool,
    pub services: Vec<Service>,
    pub signatures: Signatures,
    /// The sentences that ask.
    pub wish: String,
    pub evidence: LetterEvidence,
}

/// Where the facts stand.
#[derive(Debug, Clone, Default)]
pub struct LetterEvidence {
    pub heading: Option<Evidence>,
    pub service: Option<Evidence>,
    pub name: Option<Evidence>,
    pub nip: Option<Evidence>,
    pub user_id: Option<Evidence>,
    pub work_unit: Option<Evidence>,
}

pub fn read(stack: &Stack, r: &Recognition) -> Letter {
    let sheets = &stack.sheets;
    let labelled = fields::read(sheets, r);
    let subject = labelled.iter().find(|l| l.fields.contains(&Field::Subject) && !l.value.is_empty());
    let prose = sheets.iter().map(Sheet::prose).collect::<Vec<_>>().join(" ");
    let wish = wish(sheets, &labelled, r);
    let mut letter = Letter { wish, subject: subject.map(|l| l.value.clone()), ..Letter::default() };
    (letter.number, letter.number_blank) = letter_number(&labelled, sheets);
    if stack.method == Method::Ocr {
        letter.number = letter.number.map(|given| number::recognised(&given));
    }
    letter.date = letter_date(sheets, &labelled, &prose);
    letter.services = in_boxes(sheets, r).unwrap_or_else(|| services(&letter, &labelled, &prose, r));
    letter.evidence.heading = subject.map(|l| at(sheets, l)).or_else(|| first_row(sheets));
    letter.evidence.service = letter.evidence.heading.clone();
    applicant::read(&mut letter, sheets, &labelled, &prose, r);
    letter.signatures = signature::read(sheets, letter.applicant.name.as_deref(), r);
    from_signature(&mut letter, sheets, r);
    letter
}

/// Where a labelled value stands.
pub fn at(sheets: &[Sheet], labelled: &Labelled) -> Evidence {
    let sheet = &sheets[labelled.page];
    let quote = sheet.rows.get(labelled.row).map(Row::text).unwrap_or_default();
    let quote = if quote.contains(&labelled.value) { quote } else { labelled.value.clone() };
    sheet.evidence(&quote, labelled.at)
}

fn first_row(sheets: &[Sheet]) -> Option<Evidence> {
    let sheet = sheets.first()?;
    let row = sheet.rows.first()?;
    Some(sheet.evidence(&row.text(), row.pieces.first()?.at))
}

fn letter_number(labelled: &[Labelled], sheets: &[Sheet]) -> (Option<String>, bool) {
    let Some(field) = labelled.iter().find(|l| l.fields.contains(&Field::Number)) else {
        return match sheets.first().and_then(|s| under_title(&s.rows)) {
            Some(Number::Given(number)) => (Some(number), false),
            _ => (None, false),
        };
    };
    if field.value.is_empty() && !field.rest_of_row.contains(|c: char| c.is_ascii_digit()) {
        return (None, true);
    }
    // The row may go on with another column: the place of the letter, or the next label.
    match number::read(&with_gap(field)) {
        Some(Number::Given(number)) => (Some(number), false),
        Some(Number::Blank) => (None, true),
        None => (None, false),
    }
}

/// A memo's number may stand under its title without a colon; sentences below quote the numbers of other papers.
fn under_title(rows: &[Row]) -> Option<Number> {
    let head = rows
        .iter()
        .take(15)
        .position(|row| matches!(fold(&row.text()).split(' ').next(), Some("nomor" | "nomer" | "no")))?;
    super::decree::unlabelled_number(&rows[head..=head])
}

/// A number with an open place may be torn in two pieces by the gap.
fn with_gap(field: &Labelled) -> String {
    let torn = field.value.is_empty()
        || field.value.trim_end().ends_with('/')
        || field.rest_of_row.get(field.value.len()..).is_some_and(|rest| rest.trim_start().starts_with('/'));
    if torn { field.rest_of_row.clone() } else { field.value.clone() }
}

/// The labelled date of a memo, else the line of place and date, else none: dates in sentences are about something else.
fn letter_date(sheets: &[Sheet], labelled: &[Labelled], prose: &str) -> Option<NaiveDate> {
    let fields = labelled.iter().filter(|l| l.fields.contains(&Field::Date));
    let given = fields.filter_map(|l| date::first(&l.value)).next();
    given.or_else(|| sheets.iter().find_map(super::decree::place_and_date)).or_else(|| stated_today(prose))
}

/// `Pada hari ini Senin tanggal sembilan bulan November …`: the one day in a sentence that is the paper's own.
fn stated_today(prose: &str) -> Option<NaiveDate> {
    let folded = prose.to_lowercase();
    let from = folded.find("pada hari ini")?;
    let sentence: String = folded[from..].chars().take(TODAY).collect();
    date::first(&sentence)
}

fn services(letter: &Letter, labelled: &[Labelled], prose: &str, r: &Recognition) -> Vec<Service> {
    let mut texts: Vec<String> = vec![letter.subject.clone().unwrap_or_default(), letter.wish.clone()];
    texts.extend(labelled.iter().filter(|l| l.fields.contains(&Field::Service)).map(|l| format!("mohon {}", l.value)));
    let mut found: Vec<Service> = texts.iter().flat_map(|t| service::named(t, r)).collect();
    if found.is_empty() {
        found = service::asked(prose, r);
    }
    in_order(found, r)
}

/// What the ticked boxes of a form ask for. Its title names all services that it can be used for.
fn in_boxes(sheets: &[Sheet], r: &Recognition) -> Option<Vec<Service>> {
    let rows: Vec<String> =
        sheets.iter().flat_map(|s| &s.rows).map(Row::text).filter(|t| service::has_boxes(t)).collect();
    let ticked = rows.iter().any(|row| service::is_ticked(row));
    let found = service::asked(&rows.iter().map(|row| format!("mohon {row}")).collect::<Vec<_>>().join("\n"), r);
    (ticked && !found.is_empty()).then(|| in_order(found, r))
}

/// Each service once, in the order of the procedure file.
pub fn in_order(found: Vec<Service>, r: &Recognition) -> Vec<Service> {
    r.services.iter().map(|s| s.service).filter(|s| found.contains(s)).collect()
}

/// The sentences of the body that ask for something; the address and the letterhead are left out.
fn wish(sheets: &[Sheet], labelled: &[Labelled], r: &Recognition) -> String {
    let known: Vec<(usize, usize)> = labelled.iter().map(|l| (l.page, l.row)).collect();
    let mut text = String::new();
    for (page, sheet) in sheets.iter().enumerate() {
        for (n, row) in sheet.rows.iter().enumerate() {
            let addressed = row.pieces.iter().any(|p| Gist::of(&p.text).starts_with_any(&r.letter.addressees));
            let option = service::has_boxes(&row.text());
            if addressed || (known.contains(&(page, n)) && !option) {
                text.push_str(". ");
            } else {
                text.push_str(&row.text());
                text.push(if option { '\n' } else { ' ' });
            }
        }
    }
    let asks = |s: &&str| Gist::of(s).has_any(&r.letter.asks) || s.contains('\n');
    service::sentences(&text).filter(asks).collect::<Vec<_>>().join(". ")
}

/// Who signed as applicant is the applicant where the body names nobody.
fn from_signature(letter: &mut Letter, sheets: &[Sheet], r: &Recognition) {
    if letter.applicant.name.is_none() {
        // On a form that was not filled in, a label with a number's label below looks like a signer.
        let signers = || {
            let named = letter.signatures.blocks.iter().filter(|b| !b.superior && !b.name.is_empty());
            named.filter(|b| r.field(&b.name).is_none())
        };
        let as_applicant = signers().find(|b| Gist::of(&b.caption).has_any(&r.signature.applicant_captions));
        if let Some(block) = as_applicant.or_else(|| signers().next()).cloned() {
            letter.applicant.name = applicant::tidy_name(&block.name);
            letter.evidence.name = Some(block.evidence);
        }
        // A number found before belonged to whoever signed beside.
        if let Some(nip) = nip_under_name(letter.applicant.name.as_deref(), sheets) {
            letter.applicant.nip = Some(nip);
        }
    }
    if letter.applicant.nip.is_none() && !letter.odd_nip {
        let prose = sheets.iter().map(Sheet::prose).collect::<Vec<_>>().join(" ");
        letter.applicant.nip = nip_under_name(letter.applicant.name.as_deref(), sheets)
            .or_else(|| applicant::nip_after_name(letter.applicant.name.as_deref(), &prose))
            // With one signer and one number on the paper there is nobody else it could belong to.
            .or_else(|| if letter.signatures.blocks.len() == 1 { applicant::only_nip(&prose) } else { None });
    }
}

fn nip_under_name(who: Option<&str>, sheets: &[Sheet]) -> Option<Nip> {
    let who = who?;
    sheets.iter().find_map(|sheet| {
        sheet.pieces().filter(|(_, p)| name::compare(&p.text, who) != name::Likeness::Different).find_map(
            |(_, above)| {
                let under = sheet.pieces().map(|(_, p)| p).filter(|p| {
                    let gap = p.at.y - (above.at.y + above.at.h);
                    super::sheet::share_width(p.at, above.at) && gap > -2.0 && gap < 2.8 * above.at.h
                });
                under.flat_map(|p| nip::find(&p.text)).map(|(n, _)| n).next()
            },
        )
    })
}
