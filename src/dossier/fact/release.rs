//! Who a decree lets go. A clause may release somebody before, behind or beside the words in which it appoints another, and
//! names are not told apart within a row: where a row does both, nobody in it counts as appointed.

use super::place;
use crate::dossier::fold::{Gist, Phrase};
use crate::dossier::recognition::Recognition;
use crate::dossier::sheet::Row;

/// Said before the names of those who go.
const RELEASING: [&str; 5] = ["memberhentikan", "membebaskan", "membebastugaskan", "mengakhiri", "mencabut"];
/// Said behind their names, or in the heading of a list.
const RELEASED: [&str; 5] = ["diberhentikan", "dibebaskan", "dibebastugaskan", "diakhiri", "dicabut"];
const APPOINTING: [&str; 5] = ["mengangkat", "menunjuk", "menugaskan", "menetapkan", "membentuk"];
const APPOINTED: [&str; 2] = ["diangkat", "ditunjuk"];

#[derive(Debug, Clone, Copy)]
struct Verb<'a> {
    word: &'a str,
    row: usize,
    /// Nobody is named before it in its row.
    leads: bool,
    releases: bool,
    /// It is said of what stands before it.
    passive: bool,
    /// `yang diberhentikan`: it only tells who somebody is.
    relative: bool,
}

/// For every row of one clause or list, whether it releases nobody.
pub fn spares(rows: &[&Row]) -> Vec<bool> {
    let gists: Vec<Gist> = rows.iter().map(|row| Gist::of(&row.text())).collect();
    let verbs = verbs(&gists);
    let mut spares = vec![true; rows.len()];
    let (mut released, mut until_next_entry, mut appointed) = (false, false, false);
    for (n, row) in rows.iter().enumerate() {
        released &= !(until_next_entry && opens_an_entry(row));
        let mut releases_here = false;
        spares[n] = !released;
        for (m, verb) in verbs.iter().enumerate().filter(|(_, verb)| verb.row == n) {
            if !verb.releases {
                spares[n] |= verb.leads && !releases_here;
                released = false;
                // `Menetapkan nama yang diberhentikan` appoints nobody.
                appointed |= verb.word != "menetapkan";
                continue;
            }
            let from = if verb.passive { begins_at(rows, &verbs[..m], n) } else { n };
            spares[from..=n].fill(false);
            releases_here = true;
            released = !(verb.relative && appointed);
            until_next_entry = verb.passive && opens_an_entry(rows[from]);
        }
    }
    spares
}

/// Where what a passive verb in row `n` is said of may begin: at the entry of a list, or at the verb before.
fn begins_at(rows: &[&Row], before: &[Verb<'_>], n: usize) -> usize {
    let borders = |k: &usize| opens_an_entry(rows[*k]) || before.iter().any(|v| v.row == *k && !v.releases);
    (0..=n).rev().find(borders).unwrap_or(0)
}

fn opens_an_entry(row: &Row) -> bool {
    row.pieces.first().is_some_and(|piece| place::has_mark(&piece.text))
}

fn verbs(gists: &[Gist]) -> Vec<Verb<'_>> {
    let rows: Vec<Vec<&str>> = gists.iter().map(Gist::words).collect();
    let words: Vec<&str> = rows.iter().flatten().copied().collect();
    let places = rows.iter().enumerate().flat_map(|(row, words)| (0..words.len()).map(move |place| (row, place)));
    let verb = |(i, (row, place)): (usize, (usize, usize))| {
        let releases = releases(&words, i, rows[row][0])?;
        let passive = RELEASED.contains(&words[i]);
        let relative = passive && words[..i].iter().rev().take(3).any(|w| *w == "yang");
        Some(Verb { word: words[i], row, leads: place <= 1, releases, passive, relative })
    };
    places.enumerate().filter_map(verb).collect()
}

/// Whether the word at `i` of a clause releases or appoints; `None` where it does neither. `first` opens its row.
fn releases(words: &[&str], i: usize, first: &str) -> Option<bool> {
    let word = words[i];
    if RELEASING.contains(&word) || RELEASED.contains(&word) {
        return (!is_open(&words[..i])).then_some(true);
    }
    if APPOINTING.contains(&word) {
        let ends = words.get(i + 1).is_some_and(|w| matches!(*w, "pemberhentian" | "pembebastugasan" | "pencabutan"));
        return Some(ends);
    }
    // Those who go were appointed once; only the heading of a list says it of those who stay.
    (APPOINTED.contains(&word) && matches!(first, "daftar" | "susunan")).then_some(false)
}

/// `apabila yang bersangkutan diberhentikan`, `dapat diberhentikan`: who may go one day is not released.
fn is_open(before: &[&str]) -> bool {
    let supposed = before.iter().rev().take(4).any(|w| matches!(*w, "apabila" | "bila" | "bilamana" | "jika"));
    supposed || before.last().is_some_and(|w| matches!(*w, "dapat" | "sampai" | "hingga" | "sebelum"))
}

/// Whether a decree's title takes a role away and gives none: `pemberhentian`, and not `pemberhentian dan pengangkatan`.
pub fn is_all_of(title: &str, r: &Recognition) -> bool {
    let gist = Gist::of(title);
    let words: Vec<&str> = gist.words().into_iter().take_while(|w| *w != "memutuskan").collect();
    let says = |phrases: &[Phrase], i: usize| phrases.iter().any(|p| p.opens(&words[i..]).is_some());
    let Some(at) = (0..words.len()).find(|i| says(&r.decree.releases, *i)) else { return false };
    // Behind these stands what the other decree is called.
    let other = words[at..].iter().position(|w| matches!(*w, "keputusan" | "tentang" | "yang"));
    let end = other.map_or(words.len(), |n| at + n);
    // `Penetapan pemberhentian` and `pengakhiran penugasan` give nothing.
    let of_its_own = |i: &usize| if *i < at { i + 1 < at } else { matches!(words[i - 1], "dan" | "serta") };
    !(0..end).filter(|i| *i != at).filter(of_its_own).any(|i| says(&r.decree.gives, i))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::sheet::Sheet;

    /// The rows that release nobody, by their number from 1.
    fn spared(text: &str) -> Vec<usize> {
        let sheet = Sheet::of_text(text);
        let spares = spares(&sheet.rows.iter().collect::<Vec<_>>());
        (1..).zip(spares).filter_map(|(n, spared)| spared.then_some(n)).collect()
    }

    #[test]
    fn a_clause_releases_wherever_its_verb_stands() {
        for clause in [
            "PERTAMA : Saudara Budi Hartono, S.T., NIP 199203152019031904 diberhentikan dengan hormat",
            "PERTAMA : Saudara Budi Hartono, S.T., NIP 199203152019031904\ndiberhentikan dengan hormat\nsebagai Helpdesk",
            "KESATU : Terhitung mulai tanggal 1 Februari 2026 memberhentikan\nBudi Hartono, S.T. sebagai Helpdesk",
            "KESATU : Menetapkan pemberhentian dengan hormat Saudara\nBudi Hartono",
            "KESATU : Menetapkan nama yang diberhentikan:\n1. Budi Hartono\n2. Joko Permadi",
        ] {
            assert_eq!(spared(clause), [0_usize; 0], "{clause}");
        }
    }

    #[test]
    fn that_who_is_released_had_been_appointed_takes_nothing_back() {
        for clause in [
            "Memberhentikan Budi Hartono yang diangkat dengan Keputusan Nomor 5 sebagai Helpdesk",
            "Memberhentikan Joko Permadi yang\ntelah ditunjuk dengan Keputusan Nomor 5 dan\nBudi Hartono sebagai Helpdesk",
        ] {
            assert_eq!(spared(clause), [0_usize; 0], "{clause}");
        }
    }

    #[test]
    fn nobody_in_a_row_that_releases_and_appoints_is_spared() {
        for (clause, rows) in [
            ("Memberhentikan Joko dan mengangkat Budi sebagai Helpdesk\nserta Siti", vec![2_usize]),
            ("Memberhentikan Joko\ndan mengangkat Budi sebagai Helpdesk", vec![2]),
            ("Mengangkat Siti\ndan Budi\ndiberhentikan\nJoko", vec![]),
            ("Mengangkat Siti menggantikan Budi yang diberhentikan, dan\nJoko sebagai Helpdesk", vec![2]),
        ] {
            assert_eq!(spared(clause), rows, "{clause}");
        }
    }

    #[test]
    fn an_entry_that_releases_leaves_its_neighbours_alone() {
        assert_eq!(spared("Menetapkan:\n1. Siti (Helpdesk)\n2. Budi\ndiberhentikan\n3. Joko (Helpdesk)"), [1, 2, 5]);
        assert_eq!(spared("Daftar petugas yang diberhentikan\nBudi\nDaftar petugas yang diangkat\nSiti"), [4]);
    }

    #[test]
    fn who_may_be_released_one_day_is_spared() {
        let text = "Mengangkat Siti sebagai Helpdesk dan dapat diberhentikan sewaktu-waktu\napabila yang bersangkutan diberhentikan";

        assert_eq!(spared(text), [1, 2]);
    }

    #[test]
    fn a_title_of_release_gives_nothing_unless_it_names_an_appointment_of_its_own() {
        for (title, releases) in [
            ("PEMBERHENTIAN PETUGAS HELPDESK LPSE", true),
            ("PENETAPAN PEMBERHENTIAN PETUGAS HELPDESK", true),
            ("PENGAKHIRAN PENUGASAN PETUGAS HELPDESK", true),
            ("PENCABUTAN KEPUTUSAN NOMOR 7 TAHUN 2025 TENTANG PENETAPAN TIM DAN PENGANGKATAN PETUGAS HELPDESK", true),
            ("PEMBERHENTIAN DAN PENGANGKATAN PETUGAS HELPDESK LPSE", false),
            ("PENGANGKATAN DAN PEMBERHENTIAN PETUGAS HELPDESK LPSE", false),
            ("PENGANGKATAN PETUGAS HELPDESK LPSE", false),
        ] {
            assert_eq!(is_all_of(title, &Recognition::helpdesk()), releases, "{title}");
        }
    }
}
