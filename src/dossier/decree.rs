//! An appointment decree, read: number, enactment, how long it is in force, whether its annex is there, who signed.

use chrono::NaiveDate;

use super::fact::number::Number;
use super::fact::period::{self, Period};
use super::fact::signature::{self, Signatures};
use super::fact::{date, number, release};
use super::fields::{self, Labelled};
use super::fold::{Gist, fold};
use super::page::Rect;
use super::recognition::{Field, Recognition};
use super::sheet::{Piece, Row, Sheet, run_on, share_width};
use super::sort::Stack;
use crate::sop::checklist::{Evidence, Method};

#[derive(Debug, Clone)]
pub struct Decree {
    pub number: Option<String>,
    pub enacted: Option<NaiveDate>,
    pub period: Period,
    pub title: String,
    pub signatures: Signatures,
    /// The clauses send the reader to an annex.
    pub refers_to_annex: bool,
    pub has_annex: bool,
    /// It speaks of what the procedure is about, and not of another team.
    pub is_about: bool,
    /// Its title takes a role away and gives none.
    pub only_releases: bool,
    /// The page with the place of enactment is there.
    pub has_closing: bool,
    pub evidence: Option<Evidence>,
    /// The line that states the period.
    pub period_evidence: Option<Evidence>,
}

pub fn read(stack: &Stack, r: &Recognition) -> Decree {
    let labelled = fields::read(&stack.sheets, r);
    let title = title(&stack.sheets);
    let enacted = enacted(&stack.sheets, &labelled);
    let operative = operative(&stack.sheets);
    let annex = annex_row(&stack.sheets);
    let heading = stack.sheets.first().and_then(|s| heading(s, r).map(|(text, at)| s.evidence(&text, at)));
    let given = decree_number(&stack.sheets, &labelled);
    Decree {
        number: if stack.method == Method::Ocr { given.map(|n| number::recognised(&n)) } else { given },
        enacted,
        period: period::read(&operative, &title, enacted),
        signatures: signature::read(&stack.sheets, None, r),
        refers_to_annex: refers_to_annex(&operative),
        has_annex: annex.is_some() || stack.annex_only,
        is_about: is_about(&stack.sheets, &operative, r),
        only_releases: release::is_all_of(&title, r),
        has_closing: stack.sheets.iter().flat_map(Sheet::pieces).any(|(_, p)| is_closing(&fold(&p.text))),
        evidence: heading,
        period_evidence: period_row(&stack.sheets),
        title,
    }
}

/// What stands between `TENTANG` and the considerations.
pub fn title(sheets: &[Sheet]) -> String {
    let Some(sheet) = sheets.first() else { return String::new() };
    let is_mark = |row: &Row| row.pieces.iter().any(|p| fold(&p.text) == "tentang");
    let Some(at) = sheet.rows.iter().position(is_mark) else {
        return in_line_title(sheet);
    };
    let ends = |row: &&Row| {
        let folded = fold(&row.text());
        !["menimbang", "mengingat", "dengan rahmat", "membaca"].iter().any(|w| folded.starts_with(w))
    };
    let rows = sheet.rows[at + 1..].iter().take_while(ends).take(8);
    rows.map(Row::text).collect::<Vec<_>>().join(" ")
}

/// `TENTANG PEMBENTUKAN TIM …` on one line.
fn in_line_title(sheet: &Sheet) -> String {
    let rows: Vec<String> = sheet.rows.iter().take(25).map(Row::text).collect();
    let Some(at) = rows.iter().position(|r| fold(r).starts_with("tentang ")) else { return String::new() };
    let ends =
        |r: &&String| !["menimbang", "mengingat", "dengan rahmat", "membaca"].iter().any(|w| fold(r).starts_with(w));
    rows[at..].iter().take_while(ends).take(8).cloned().collect::<Vec<_>>().join(" ")
}

fn heading(sheet: &Sheet, r: &Recognition) -> Option<(String, Rect)> {
    let opens = |p: &Piece| {
        let gist = Gist::of(&p.text);
        gist.starts_with_any(&r.decree.titles)
            || gist.starts_with_any(&r.decree.weaker)
            || fold(&p.text).starts_with("lampiran")
    };
    sheet.pieces().map(|(_, p)| p).find(|p| opens(p)).map(|p| (p.text.clone(), p.at))
}

/// The number under the heading: before the considerations, else in the head of the annex.
fn decree_number(sheets: &[Sheet], labelled: &[Labelled]) -> Option<String> {
    let first = sheets.first()?;
    let end = first
        .rows
        .iter()
        .position(|row| fold(&row.text()).starts_with("menimbang"))
        .unwrap_or(first.rows.len().min(25));
    let unlabelled = unlabelled_number(&first.rows[..end]);
    let under = labelled
        .iter()
        .filter(|l| l.fields.contains(&Field::Number) && (l.page > 0 || l.row < end))
        .find_map(|l| number::read(&l.rest_of_row).filter(|n| matches!(n, Number::Given(_))));
    match unlabelled.or(under) {
        Some(Number::Given(number)) => Some(number),
        _ => None,
    }
}

/// `NOMOR 45 TAHUN 2026` under a title, without a colon.
pub fn unlabelled_number(rows: &[Row]) -> Option<Number> {
    let found = rows.iter().find_map(|row| {
        row.pieces.iter().enumerate().find_map(|(n, piece)| {
            let (lead, rest) = piece.text.split_once(|c: char| c.is_whitespace() || c == ':')?;
            let is_label = matches!(fold(lead).as_str(), "nomor" | "no" | "nomer");
            // The open place of a draft's running number tears the line.
            let torn = rest.trim_end().ends_with('/');
            let more = row.pieces.get(n + 1).filter(|_| torn).map(|p| format!(" {}", p.text)).unwrap_or_default();
            if is_label { number::read(&format!("{rest}{more}")) } else { None }
        })
    });
    found.filter(|n| matches!(n, Number::Given(_)))
}

/// The day after `Ditetapkan di … pada tanggal`, else the date in the head of the annex, else a line of place and date.
fn enacted(sheets: &[Sheet], labelled: &[Labelled]) -> Option<NaiveDate> {
    for sheet in sheets {
        for (row, piece) in sheet.pieces() {
            let folded = fold(&piece.text);
            if !is_closing(&folded) {
                continue;
            }
            if let Some(day) = date::first(&piece.text) {
                return Some(day);
            }
            let below = sheet.rows[row..sheet.rows.len().min(row + 4)].iter().flat_map(|r| &r.pieces);
            let near = below.filter(|p| share_width(p.at, piece.at) || (p.middle() - piece.middle()).abs() < p.at.h);
            if let Some(day) = near.filter_map(|p| date::first(&p.text)).next() {
                return Some(day);
            }
        }
    }
    let labelled_day = labelled.iter().filter(|l| l.fields.contains(&Field::Date)).find_map(|l| date::first(&l.value));
    labelled_day.or_else(|| sheets.iter().find_map(place_and_date)).or_else(|| annex_date(sheets))
}

fn is_closing(folded: &str) -> bool {
    ["ditetapkan di", "dikeluarkan di", "ditetapkan pada", "dibuat di"].iter().any(|w| folded.starts_with(w))
}

/// `Tanjung Seraya, 2 Januari 2026` on a line of its own.
pub fn place_and_date(sheet: &Sheet) -> Option<NaiveDate> {
    sheet.pieces().find_map(|(n, piece)| {
        // In a narrow column the year wraps: `Tanjung Seraya, 9 November / 2026`.
        let year = sheet.rows.iter().skip(n + 1).take(2).flat_map(|row| &row.pieces).find(|p| {
            (p.at.x - piece.at.x).abs() < 4.0 && p.text.len() == 4 && p.text.bytes().all(|b| b.is_ascii_digit())
        });
        let joined = year.map(|year| format!("{} {}", piece.text, year.text));
        only_place_and_date(&piece.text).or_else(|| only_place_and_date(&joined?))
    })
}

fn only_place_and_date(text: &str) -> Option<NaiveDate> {
    let found = date::find(text);
    let [only] = &found[..] else { return None };
    let lead = without_weekday(&text[..only.at.start]);
    let before = lead.trim_end_matches([' ', ',']);
    let place = before.chars().next().is_none_or(char::is_uppercase) && before.split_whitespace().count() <= 4;
    let stops = lead.trim_end().ends_with(',') || before.is_empty();
    // In Aceh the same day of the Islamic calendar follows: `9 November 2026 M / 29 Jumadil Awal 1448 H`.
    let after = fold(&text[only.at.end..]);
    let nothing_after = after.is_empty() || after == "m" || after.starts_with("m ") || after.starts_with("masehi");
    (place && stops && nothing_after).then_some(only.date)
}

/// `Tanjung Seraya, Senin 9 November 2026`, `…, tanggal 9 November 2026`.
fn without_weekday(lead: &str) -> &str {
    const DAYS: [&str; 12] =
        ["senin", "selasa", "rabu", "kamis", "jumat", "jum at", "sabtu", "minggu", "ahad", "hari", "tanggal", "tgl"];
    let mut lead = lead.trim_end();
    while let Some(word) = lead.split_whitespace().next_back() {
        if !DAYS.contains(&fold(word).as_str()) {
            break;
        }
        lead = lead[..lead.len() - word.len()].trim_end();
    }
    lead
}

fn annex_date(sheets: &[Sheet]) -> Option<NaiveDate> {
    let (page, row) = annex_row(sheets)?;
    let rows = &sheets[page].rows;
    rows[row..rows.len().min(row + 6)].iter().find_map(|r| date::first(&r.text()))
}

/// From `MEMUTUSKAN` to the enactment; the whole text where there is no such word.
fn operative(sheets: &[Sheet]) -> String {
    let rows: Vec<String> = sheets.iter().flat_map(|s| s.rows.iter().map(Row::text)).collect();
    let begins = |r: &String| {
        let folded = fold(r).replace(' ', "");
        folded.starts_with("memutuskan") || folded.starts_with("menetapkan") || folded.starts_with("menugaskan")
    };
    let from = rows.iter().position(begins).unwrap_or(0);
    let ends =
        |r: &String| ["ditetapkan di", "dikeluarkan di"].iter().any(|w| fold(r).starts_with(w)) || is_annex_head(r);
    let to = rows[from..].iter().position(ends).map_or(rows.len(), |n| from + n);
    run_on(&rows[from..to])
}

/// Whether the head or the clauses name the procedure's field; considerations cite the laws of many.
fn is_about(sheets: &[Sheet], operative: &str, r: &Recognition) -> bool {
    let head = sheets.iter().flat_map(|s| &s.rows).map(Row::text).take_while(|t| !fold(t).starts_with("menimbang"));
    let text = format!("{} {operative}", head.take(40).collect::<Vec<_>>().join(" "));
    r.decree.about.is_empty() || Gist::of(&text).has_any(&r.decree.about)
}

fn refers_to_annex(operative: &str) -> bool {
    let folded = fold(operative);
    ["dalam lampiran", "pada lampiran", "sebagaimana lampiran", "lampiran keputusan", "terlampir"]
        .iter()
        .any(|w| folded.contains(w))
}

/// Where the annex begins: a line that opens with `LAMPIRAN` after the clauses.
fn annex_row(sheets: &[Sheet]) -> Option<(usize, usize)> {
    sheets.iter().enumerate().find_map(|(page, sheet)| {
        let after = page > 0;
        let enacted = sheet.rows.iter().position(|r| fold(&r.text()).contains("ditetapkan di")).unwrap_or(0);
        sheet.rows.iter().enumerate().skip(if after { 0 } else { enacted }).find_map(|(n, row)| {
            let opens = row.pieces.iter().any(|p| is_annex_head(&p.text));
            (opens && (after || n > 0)).then_some((page, n))
        })
    })
}

/// `LAMPIRAN KEPUTUSAN …`, and not a clause that wrapped: `…tercantum dalam / Lampiran Keputusan ini.`
pub fn is_annex_head(text: &str) -> bool {
    let folded = fold(text);
    let words: Vec<&str> = folded.split(' ').take(7).collect();
    let text = text.trim();
    let heads = match words.get(1) {
        None => true,
        Some(second) => text.contains(':') || matches!(*second, "keputusan" | "surat" | "i" | "ii" | "iii" | "1" | "2"),
    };
    words[0] == "lampiran"
        && text.starts_with(char::is_uppercase)
        && !text.ends_with(['.', ',', ';'])
        && !words.contains(&"ini")
        && heads
}

fn period_row(sheets: &[Sheet]) -> Option<Evidence> {
    sheets.iter().find_map(|sheet| {
        let row = sheet.rows.iter().find(|row| {
            let folded = fold(&row.text());
            folded.contains("berlaku") && !folded.contains("tidak berlaku")
        })?;
        let at = row.pieces.first()?.at;
        Some(sheet.evidence(&row.text(), at))
    })
}
