//! Pages put in order: photographs by the numbers in their names, pages by the numbers printed on them, an annex behind its
//! decree. People photograph a paper page by page and attach the pictures as they come.

use super::fact::nip;
use super::fold::fold;
use super::page::Paper;
use super::sheet::{Row, Sheet};
use super::sort::Stack;
use crate::sop::checklist::DocumentKind;

const PICTURES: [&str; 7] = ["jpeg", "jpg", "png", "tiff", "heic", "webp", "bmp"];

pub fn is_picture(paper: &Paper) -> bool {
    PICTURES.contains(&paper.format.as_str())
}

/// The papers with each series of pictures (`IMG-WA0007`, `IMG-WA0008`) in the order of its numbers, at the places it had.
pub fn in_order(papers: &[Paper]) -> Vec<&Paper> {
    let mut ordered: Vec<&Paper> = papers.iter().collect();
    let series: Vec<Option<Series>> = papers.iter().map(|p| is_picture(p).then(|| Series::of(&p.attachment))).collect();
    let mut done = vec![false; papers.len()];
    for first in 0..papers.len() {
        let Some(name) = series[first].as_ref().filter(|_| !done[first]).map(|s| &s.name) else { continue };
        let places: Vec<usize> = (first..papers.len())
            .take_while(|i| is_picture(&papers[*i]))
            .filter(|i| series[*i].as_ref().is_some_and(|s| s.name == *name))
            .collect();
        let mut sorted = places.clone();
        sorted.sort_by_key(|i| series[*i].as_ref().map(|s| s.numbers.clone()));
        for (place, from) in places.iter().zip(sorted) {
            ordered[*place] = &papers[from];
            done[*place] = true;
        }
    }
    ordered
}

/// A picture's name without its numbers, and the numbers.
struct Series {
    name: String,
    numbers: Vec<u64>,
}

impl Series {
    fn of(attachment: &str) -> Self {
        let mut name = String::new();
        let mut numbers = Vec::new();
        let mut run = String::new();
        for c in attachment.chars().chain(['\0']) {
            if c.is_ascii_digit() && run.len() < 18 {
                run.push(c);
                continue;
            }
            if !run.is_empty() {
                numbers.push(run.parse().unwrap_or(u64::MAX));
                name.push('#');
                run.clear();
            }
            name.push(c);
        }
        Self { name, numbers }
    }
}

/// Gives pages that open nothing, and annexes, to the one document they can belong to.
pub fn join(stacks: Vec<Stack>) -> Vec<Stack> {
    let mut joined: Vec<Stack> = Vec::with_capacity(stacks.len());
    let mut strays: Vec<(usize, Stack)> = Vec::new();
    for stack in stacks {
        if stack.loose || stack.annex_only {
            strays.push((joined.len(), stack));
        } else {
            joined.push(stack);
        }
    }
    let mut unclaimed = Vec::new();
    for (place, stray) in strays {
        let mut hosts = joined.iter_mut().filter(|host| belongs(&stray, host));
        match (hosts.next(), hosts.next()) {
            (Some(host), None) => merge(host, stray),
            _ => unclaimed.push((place, stray)),
        }
    }
    for (place, stray) in unclaimed.into_iter().rev() {
        joined.insert(place, stray);
    }
    for stack in &mut joined {
        by_printed_number(&mut stack.sheets);
    }
    joined
}

/// Whether a stray may be part of a document: from the same file, or both photographed into one folder, and like it inside.
fn belongs(stray: &Stack, host: &Stack) -> bool {
    let together = match (stray.attachments.last(), host.attachments.last()) {
        (Some(a), Some(b)) => a == b || (stray.pictured && host.pictured && folder(a) == folder(b)),
        _ => false,
    };
    let decree = host.kind == DocumentKind::AppointmentDecree;
    let has_annex = || host.sheets.iter().any(is_annex);
    let gap = |n: u32| !host.sheets.iter().any(|s| printed_number(s) == Some(n)) && host.kind != DocumentKind::Other;
    together
        && match stray.sheets.first() {
            _ if stray.annex_only => decree && !has_annex(),
            Some(sheet) => {
                let numbered = printed_number(sheet).is_some_and(|n| n > 1 && gap(n));
                numbered || (decree && (opens_with_a_clause(sheet) || is_roster(sheet)))
            }
            None => false,
        }
}

fn merge(host: &mut Stack, stray: Stack) {
    for name in stray.attachments {
        if !host.attachments.contains(&name) {
            host.attachments.push(name);
        }
    }
    host.sheets.extend(stray.sheets);
    host.hidden.extend(stray.hidden);
    host.signed_electronically |= stray.signed_electronically;
    host.pages = match host.attachments.len() {
        1 => (host.pages.0.min(stray.pages.0), host.pages.1.max(stray.pages.1)),
        _ => (1, u32::try_from(host.sheets.len()).unwrap_or(u32::MAX)),
    };
    let rank = |sheet: &Sheet| match () {
        () if is_annex(sheet) => 2,
        () if is_roster(sheet) => 3,
        () if opens_with_a_clause(sheet) => 1,
        () => 0,
    };
    let title = host.sheets.remove(0);
    host.sheets.sort_by_key(rank);
    host.sheets.insert(0, title);
}

/// Sorts where all pages but the first, which seldom has one, bear a number.
fn by_printed_number(sheets: &mut [Sheet]) {
    let Some((first, rest)) = sheets.split_first() else { return };
    let lowest = printed_number(first).unwrap_or(1);
    let numbers: Vec<u32> = rest.iter().filter_map(printed_number).collect();
    let distinct = numbers.iter().collect::<std::collections::BTreeSet<_>>().len() == rest.len();
    if distinct && numbers.iter().all(|n| *n > lowest) {
        sheets[1..].sort_by_key(printed_number);
    }
}

fn folder(attachment: &str) -> &str {
    attachment.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `- 2 -`, `Halaman 2 dari 3` or a bare figure on the first or last row.
pub fn printed_number(sheet: &Sheet) -> Option<u32> {
    let ends = [sheet.rows.first(), sheet.rows.last()];
    ends.into_iter().flatten().find_map(number_alone)
}

fn number_alone(row: &Row) -> Option<u32> {
    let folded = fold(&row.text());
    let words: Vec<&str> = folded.split(' ').collect();
    let figure = |w: &str| w.parse::<u32>().ok().filter(|n| (1..=60).contains(n));
    match words[..] {
        [only] => figure(only),
        ["halaman" | "hal" | "hlm" | "page", n] => figure(n),
        ["halaman" | "hal" | "hlm" | "page", n, "dari" | "of", total] => figure(total).and(figure(n)),
        _ => None,
    }
}

/// Whether a page begins in the middle of a decree: with considerations that go on, a ruling, or the enactment.
pub fn opens_with_a_clause(sheet: &Sheet) -> bool {
    const CLAUSES: [&str; 15] = [
        "mengingat",
        "memperhatikan",
        "memutuskan",
        "menetapkan",
        "kesatu",
        "kedua",
        "ketiga",
        "keempat",
        "kelima",
        "keenam",
        "ketujuh",
        "pertama",
        "ditetapkan",
        "menimbang",
        "dikeluarkan",
    ];
    let start = usize::from(sheet.rows.first().is_some_and(|r| number_alone(r).is_some()));
    let first = sheet.rows.get(start).map(|row| fold(&row.text())).unwrap_or_default();
    let word = first.split(' ').next().unwrap_or_default().to_owned();
    CLAUSES.contains(&word.as_str())
}

/// A page of a table of people: two employee numbers or more.
fn is_roster(sheet: &Sheet) -> bool {
    sheet.pieces().map(|(_, p)| nip::find(&p.text).len()).sum::<usize>() >= 2
}

fn is_annex(sheet: &Sheet) -> bool {
    sheet.rows.iter().take(4).any(|row| row.pieces.iter().any(|p| super::decree::is_annex_head(&p.text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sop::checklist::Method;

    fn picture(name: &str) -> Paper {
        Paper {
            attachment: name.into(),
            format: "jpeg".into(),
            sha256: String::new(),
            size: 1,
            method: Method::Ocr,
            pages: Vec::new(),
            encrypted: false,
            signed_electronically: false,
        }
    }

    #[test]
    fn a_series_of_pictures_comes_in_the_order_of_its_numbers() {
        let papers = ["a.zip/SK/10.jpg", "a.zip/SK/2.jpg", "KTP.jpg", "a.zip/SK/1.jpg"].map(picture);

        let names: Vec<&str> = in_order(&papers).iter().map(|p| p.attachment.as_str()).collect();

        assert_eq!(names, ["a.zip/SK/1.jpg", "a.zip/SK/2.jpg", "KTP.jpg", "a.zip/SK/10.jpg"]);
    }

    #[test]
    fn page_numbers_are_read_where_they_stand_alone() {
        for (text, number) in [
            ("- 2 -\nKEDUA : Keputusan ini", Some(2)),
            ("Demikian.\nHalaman 3 dari 4", Some(3)),
            ("Nomor 2\nDemikian", None),
            ("2026\nDemikian", None),
        ] {
            assert_eq!(printed_number(&Sheet::of_text(text)), number, "{text}");
        }
    }
}
