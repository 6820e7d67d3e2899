//! Names of people: what counts as the same person (DOMAIN §3). Honorifics and degrees are left out, old spellings and
//! the many forms of Muhammad are one; a name alone never proves identity, the employee number does.

use crate::dossier::fold::fold;

/// How alike two names are, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    Exact,
    /// Some words are given as initials only: `Yosef L. Tarigas`.
    Initials,
    /// One word missing, or one letter different in a word of five letters or more.
    Near,
    Different,
}

const HONORIFICS: &[&str] = &[
    "bapak", "bpk", "pak", "ibu", "bu", "sdr", "sdri", "saudara", "saudari", "tn", "ny", "nn", "h", "hj", "kh", "ir",
    "drs", "dra", "dr", "drg", "drh", "prof", "apt", "ns", "rr", "rd", "mr", "mrs", "ms",
];

/// Degrees as single letters run together: `S.Kom.` and `SKom` are both `skom`.
const DEGREES: &[&str] = &[
    "st", "se", "sh", "ss", "si", "sp", "sk", "skom", "ssi", "ssos", "sip", "sstp", "spd", "spdi", "sap", "sak", "skm",
    "skep", "sked", "sst", "str", "strkom", "stri", "stp", "spt", "spi", "sag", "shut", "shi", "shum", "sfil", "spsi",
    "sthi", "sds", "ssn", "smat", "sikom", "ssit", "amd", "amdkom", "amdkeb", "amdkep", "amdt", "ama", "ma", "mm",
    "mt", "msi", "msc", "mkom", "mti", "map", "mh", "mhum", "mpd", "mpdi", "mkes", "makes", "mak", "mp", "msos", "mkn",
    "mba", "mpa", "me", "meng", "mec", "mecdev", "mcs", "mtrap", "mip", "mikom", "phd", "cpsp", "ca", "cpa", "ak",
    "apt", "lc", "gr", "bsc", "ba", "ipm", "ipp", "cht",
];

/// Bytes of a degree with its dots, spaces and accents.
const LONGEST_DEGREE: usize = 24;

/// The words of a name that say who it is, folded, without honorifics before and degrees behind.
pub fn bare(name: &str) -> Vec<String> {
    let (before, _) = name.split_once(',').unwrap_or((name, ""));
    let mut words: Vec<String> = before.split_whitespace().flat_map(dotted).collect();
    while words.len() > 1 && HONORIFICS.contains(&words[0].as_str()) {
        words.remove(0);
    }
    while words.len() > 1 && words.last().is_some_and(|w| is_degree(w)) {
        words.pop();
    }
    words.into_iter().enumerate().map(|(i, w)| modern(i, w)).collect()
}

/// Whether a word such as `S.Kom.` or `ST` is an academic degree.
pub fn is_degree(word: &str) -> bool {
    // None has more than nine letters, and most words of a page do.
    if word.len() > LONGEST_DEGREE {
        return false;
    }
    let joined = fold(word).replace(' ', "");
    DEGREES.contains(&joined.as_str())
}

/// Whether a line holds degrees alone, as where they wrap under their name.
pub fn only_degrees(text: &str) -> bool {
    let mut words = text.split([' ', ',']).filter(|w| !w.is_empty()).peekable();
    words.peek().is_some() && words.all(is_degree)
}

pub fn compare(one: &str, other: &str) -> Likeness {
    compare_bare(&bare(one), &bare(other))
}

/// Compares names taken apart by [`bare`], for one name against many.
pub fn compare_bare(a: &[String], b: &[String]) -> Likeness {
    if a.is_empty() || b.is_empty() {
        return Likeness::Different;
    }
    if a == b || a.concat() == b.concat() {
        return Likeness::Exact;
    }
    let (a, b) = (expand_first(a, b), expand_first(b, a));
    if a == b {
        return Likeness::Exact;
    }
    if a.len() == b.len() && by_initials(&a, &b) {
        return Likeness::Initials;
    }
    if nearly(&a, &b) { Likeness::Near } else { Likeness::Different }
}

/// A word with inner dots is a run of initials (`W.P.`) or a degree (`S.Kom`); degrees stay one word.
fn dotted(word: &str) -> Vec<String> {
    if word.contains('.') && is_degree(word) {
        return vec![fold(word).replace(' ', "")];
    }
    fold(word).split(' ').filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

fn modern(index: usize, word: String) -> String {
    let word = match (index, word.as_str()) {
        (
            _,
            "muhamad" | "mohammad" | "mohamad" | "mochammad" | "mochamad" | "muchammad" | "muchamad" | "mohamed"
            | "muhammed",
        )
        | (0, "moh" | "muh" | "moch" | "much" | "mhd" | "md" | "mohd" | "muhd") => "muhammad".to_owned(),
        (_, "achmad" | "akhmad" | "ahmed") => "ahmad".to_owned(),
        (_, "abd" | "abdoel") => "abdul".to_owned(),
        (0, "st") => "siti".to_owned(),
        _ => word,
    };
    let old = [("oe", "u"), ("dj", "j"), ("tj", "c"), ("sj", "sy")];
    old.into_iter().fold(word, |word, (from, to)| if word.contains(from) { word.replace(from, to) } else { word })
}

/// `M. Rizky` stands for `Muhammad Rizky` where the other name says so.
fn expand_first(name: &[String], other: &[String]) -> Vec<String> {
    let mut name = name.to_vec();
    if name[0] == "m" && other[0] == "muhammad" && name.len() > 1 {
        name[0] = other[0].clone();
    }
    name
}

fn by_initials(a: &[String], b: &[String]) -> bool {
    let initial = |x: &str, y: &str| x.chars().count() == 1 && y.starts_with(x);
    let same = a.iter().zip(b).filter(|(x, y)| x == y && x.chars().count() > 1).count();
    same > 0 && a.iter().zip(b).all(|(x, y)| x == y || initial(x, y) || initial(y, x))
}

fn nearly(a: &[String], b: &[String]) -> bool {
    let alike = |x: &String, y: &String| {
        x == y || (x.chars().count() >= 5 && y.chars().count() >= 5 && strsim::levenshtein(x, y) <= 1)
    };
    if a.len() == b.len() {
        return a.iter().zip(b).all(|(x, y)| alike(x, y));
    }
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    // The mark of a list, `b.`, is no initial of a name.
    if long.len() - short.len() != 1 || short.iter().all(|w| w.chars().count() == 1) {
        return false;
    }
    (0..long.len()).any(|gone| {
        let rest = long.iter().enumerate().filter(|(i, _)| *i != gone).map(|(_, w)| w);
        short.iter().zip(rest).all(|(x, y)| alike(x, y) || (x.chars().count() == 1 && y.starts_with(x.as_str())))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn honorifics_and_degrees_do_not_make_another_person() {
        for other in [
            "DIMAS WIRATAMA PUTRA",
            "Sdr. Dimas Wiratama Putra, S.Kom",
            "Ir. H. Dimas Wiratama Putra ST",
            "dimas wiratama putra s.kom., m.t.",
        ] {
            assert_eq!(compare("Dimas Wiratama Putra, S.Kom.", other), Likeness::Exact, "{other}");
        }
    }

    #[test]
    fn spellings_of_one_name_are_one() {
        assert_eq!(compare("Muhammad Rizky Ananda", "Moh. Rizky Ananda"), Likeness::Exact);
        assert_eq!(compare("Muhammad Rizky Ananda", "M. Rizky Ananda"), Likeness::Exact);
        assert_eq!(compare("Nur'aini Hasanah", "Nuraini Hasanah"), Likeness::Exact);
        assert_eq!(compare("Achmad Soekarno", "Ahmad Sukarno"), Likeness::Exact);
        assert_eq!(compare("Siti Rahma", "St. Rahma"), Likeness::Exact);
    }

    #[test]
    fn initials_near_and_different_are_told_apart() {
        assert_eq!(compare("Yosef Lamberto Tarigas", "Yosef L. Tarigas, A.Md.Kom"), Likeness::Initials);
        assert_eq!(compare("Ratna Dewi Kusumawati", "Ratna Dewi Kusumawaty"), Likeness::Near);
        assert_eq!(compare("Ratna Dewi Kusumawati", "Ratna Kusumawati"), Likeness::Near);
        assert_eq!(compare("Ratna Dewi Kusumawati", "Dimas Wiratama Putra"), Likeness::Different);
        assert_eq!(compare("Andi", "Anda"), Likeness::Different);
        assert_eq!(compare("Budi Hartono", "b."), Likeness::Different);
    }

    proptest! {
        #[test]
        fn likeness_does_not_depend_on_the_order(a in "[A-Z][a-z]{1,8}( [A-Z][a-z]{0,8}){0,3}", b in "[A-Z][a-z]{1,8}( [A-Z][a-z]{0,8}){0,3}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a));
        }

        #[test]
        fn any_text_is_compared_without_a_panic(a in "\\PC{0,40}", b in "\\PC{0,40}") {
            compare(&a, &b);
        }
    }
}
