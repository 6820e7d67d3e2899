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

/// Ranks of the forces and the police as papers write them before a name.
const RANKS: &[&str] = &[
    "jenderal",
    "letjen",
    "mayjen",
    "brigjen",
    "kolonel",
    "letkol",
    "mayor",
    "kapten",
    "lettu",
    "letda",
    "peltu",
    "pelda",
    "serma",
    "serka",
    "sertu",
    "serda",
    "kopka",
    "koptu",
    "kopda",
    "praka",
    "pratu",
    "prada",
    "laksamana",
    "laksda",
    "laksma",
    "marsekal",
    "marsda",
    "marsma",
    "komjen",
    "irjen",
    "kombes",
    "kombespol",
    "akbp",
    "kompol",
    "akp",
    "iptu",
    "ipda",
    "aiptu",
    "aipda",
    "bripka",
    "brigadir",
    "brigpol",
    "briptu",
    "bripda",
    "bharaka",
    "bharatu",
    "bharada",
];

/// Corps and branches that may follow a rank; they count behind a rank alone.
const CORPS: &[&str] = &[
    "inf", "kav", "arm", "arh", "czi", "chb", "cpl", "cba", "cku", "caj", "ctp", "cpm", "chk", "ckm", "cke", "pol",
    "tni", "mar", "laut", "sus", "tek", "pnb", "nav", "lek", "kal", "pom", "adm", "kes", "k", "p", "t", "e", "s",
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
    let titles = leading_titles(words.iter().map(String::as_str));
    words.drain(..titles.min(words.len().saturating_sub(1)));
    while words.len() > 1 && words.last().is_some_and(|w| is_degree(w)) {
        words.pop();
    }
    words.into_iter().enumerate().map(|(i, w)| modern(i, w)).collect()
}

/// How many words in front of a name are honorifics or a rank with its corps: `Kapten Cba.`, `AKBP dr. H.`
fn leading_titles<'a>(words: impl Iterator<Item = &'a str>) -> usize {
    let mut ranked = false;
    words
        .take_while(|word| {
            ranked |= RANKS.contains(word);
            HONORIFICS.contains(word) || RANKS.contains(word) || (ranked && CORPS.contains(word))
        })
        .count()
}

/// Whether a word is an honorific that may stand in front of a name, as `dr.` and `Drs.` do.
pub fn is_honorific(word: &str) -> bool {
    HONORIFICS.contains(&fold(word).as_str())
}

/// How many words in front of a name are a rank of the police or the forces with its corps: `Kapten Cba Sutrisno`.
pub fn rank_words(words: &[&str]) -> usize {
    let is = |word: &str, list: &[&str]| list.contains(&fold(word).as_str());
    match words.first() {
        Some(first) if is(first, RANKS) => {
            1 + words[1..].iter().take_while(|word| is(word, CORPS) || is(word, RANKS)).count()
        }
        _ => 0,
    }
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
    if nearly(&a, &b) || only_one_names_the_father(&a, &b) { Likeness::Near } else { Likeness::Different }
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
        | (_, "moh" | "muh" | "moch" | "much" | "mhd" | "mohd" | "muhd")
        | (0, "md") => "muhammad".to_owned(),
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

/// `Siti Zubaidah` and `Siti Zubaidah binti Umar`: the father's name may be left out. Two fathers are compared as they stand.
fn only_one_names_the_father(a: &[String], b: &[String]) -> bool {
    let father = |name: &[String]| name.iter().position(|w| matches!(w.as_str(), "bin" | "binti")).filter(|at| *at > 0);
    match (father(a), father(b)) {
        (Some(at), None) => a[..at] == *b,
        (None, Some(at)) => b[..at] == *a,
        _ => false,
    }
}

fn by_initials(a: &[String], b: &[String]) -> bool {
    let initial = |x: &str, y: &str| (x.chars().count() == 1 && y.starts_with(x)) || is_skeleton(x, y);
    let same = a.iter().zip(b).filter(|(x, y)| x == y && x.chars().count() > 1).count();
    same > 0 && a.iter().zip(b).all(|(x, y)| x == y || initial(x, y) || initial(y, x))
}

/// `gst` for `gusti`, `ngr` for `ngurah`, `dg` for `daeng`: consonants alone, in their order, from the first letter on.
fn is_skeleton(short: &str, whole: &str) -> bool {
    let letters = short.chars().count();
    let consonants = short.chars().all(|c| c.is_ascii_lowercase() && !matches!(c, 'a' | 'e' | 'i' | 'o' | 'u'));
    let mut rest = whole.chars();
    (2..=4).contains(&letters)
        && whole.chars().count() > letters
        && consonants
        && whole.chars().next() == short.chars().next()
        && short.chars().all(|c| rest.any(|other| other == c))
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
    fn a_father_may_be_left_out_but_not_exchanged() {
        assert_eq!(compare("Hj. Siti Zubaidah binti H. Umar", "SITI ZUBAIDAH"), Likeness::Near);
        assert_eq!(compare("Zainal bin Said Mahmud", "Zainal bin Umar Hasan"), Likeness::Different);
        assert_eq!(compare("Zainal bin Said Mahmud", "Zainul"), Likeness::Different);
    }

    #[test]
    fn a_rank_does_not_make_another_person() {
        for other in ["Kapten Cba Sutrisno Adi", "KOMBES POL. Drs. SUTRISNO ADI, S.I.K.", "Lettu Cba (K) Sutrisno Adi"]
        {
            assert_eq!(compare("Sutrisno Adi", other), Likeness::Exact, "{other}");
        }
        assert_eq!(bare("Mayor"), ["mayor"]);
        assert_eq!(rank_words(&["Kapten", "Cba", "Sutrisno"]), 2);
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
    fn consonants_alone_stand_for_a_name() {
        assert_eq!(compare("I Gst. Ngr. Oka Saputra", "I Gusti Ngurah Oka Saputra, S.Kom."), Likeness::Initials);
        assert_eq!(compare("Rahman Dg. Tata", "Rahman Daeng Tata"), Likeness::Initials);
        assert_eq!(compare("Andi Muh. Rizal", "Andi Muhammad Rizal"), Likeness::Exact);
        assert_eq!(compare("Ni Kt. Sari Dewi", "Ni Komang Sari Dewi"), Likeness::Different);
        assert_eq!(compare("Wn. Sudana", "Wayan Kartika"), Likeness::Different);
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
