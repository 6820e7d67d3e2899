//! Senders made to look like a registered address (THREATS row 3): letters of like shape from any script.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use loket::sop::checklist::Finding;
use loket::sop::names::Address;
use proptest::prelude::*;

use super::set::{mail, paper, seen};

const REGISTERED: &str = "wayan.sudana@kab-tirta.example";

/// For each letter of the address, the characters that look like it (UTS 39).
fn confusables() -> &'static BTreeMap<char, Vec<char>> {
    static KNOWN: OnceLock<BTreeMap<char, Vec<char>>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let skeleton = |c: char| unicode_security::skeleton(c.encode_utf8(&mut [0; 4])).collect::<String>();
        let letters: BTreeMap<String, char> =
            REGISTERED.chars().filter(char::is_ascii_lowercase).map(|c| (skeleton(c), c)).collect();
        let mut known: BTreeMap<char, Vec<char>> = BTreeMap::new();
        for c in ('\u{80}'..'\u{20000}').filter(|c| c.is_alphabetic()) {
            if let Some(letter) = letters.get(&skeleton(c)) {
                known.entry(*letter).or_default().push(c);
            }
        }
        known
    })
}

/// The registered address with some letters exchanged.
fn look_alike(places: &[(prop::sample::Index, prop::sample::Index)]) -> String {
    let mut letters: Vec<char> = REGISTERED.chars().collect();
    let open: Vec<usize> = (0..letters.len()).filter(|at| confusables().contains_key(&letters[*at])).collect();
    for (place, choice) in places {
        let at = open[place.index(open.len())];
        if let Some(others) = confusables().get(&letters[at]) {
            letters[at] = others[choice.index(others.len())];
        }
    }
    letters.into_iter().collect()
}

fn found(sender: Address) -> (Option<Finding>, bool) {
    let mut forged =
        mail("Reset password", "mohon reset password akun wayan", vec![paper("surat.pdf", &[super::letters::SHORT])]);
    forged.sender = Some(sender);
    let seen = seen(&[forged]);
    (seen.check("sender_registered").map(|check| check.finding), seen.alerts.iter().any(|a| a == "lookalike_sender"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn t03_letters_of_like_shape_never_match_and_always_raise_an_alert(
        places in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 2..6),
    ) {
        let written = look_alike(&places);
        // What is no address at all is held as malformed.
        let Some(sender) = Address::parse(&written) else { return Ok(()) };
        // Some characters are only another way to write the same domain (UTS 46): those mails go to the same server.
        let same = sender.as_str() == REGISTERED;

        let expected = if same { (Some(Finding::Met), false) } else { (Some(Finding::Contradicted), true) };

        prop_assert_eq!(found(sender), expected, "{}", written);
    }
}

#[test]
fn t03_a_domain_in_another_script_is_compared_by_its_a_label() {
    let cyrillic = Address::parse("wayan.sudana@kаb-tirtа.example").expect("an international address");
    let encoded = Address::parse(cyrillic.as_str()).expect("the same, as A-labels");
    let registered = Address::parse(REGISTERED).expect("an address");

    assert!(cyrillic.as_str().contains("@xn--"), "{}", cyrillic.as_str());
    assert!(cyrillic.same_mailbox(&encoded) && !cyrillic.same_mailbox(&registered));
    assert_eq!(found(cyrillic), (Some(Finding::Contradicted), true));
    assert_eq!(found(registered), (Some(Finding::Met), false));
}

#[test]
fn t03_the_letters_a_forger_reaches_for_are_known() {
    for written in [
        "wауаn.sudаnа@kab-tirta.example",
        "wayan.sudana@kab-tіrtа.example",
        "wayan.sudana@kаb-tιrta.example",
        "vvayan.sudana@kab-tlrta.example",
        "wayan.sudana@kab-tirta.exarnple",
        "wayan.sudana@kab\u{2010}tirta.example",
        "wayan.sud\u{200b}an\u{200b}a@kab-tirta.example",
    ] {
        let Some(sender) = Address::parse(written) else { continue };
        assert_eq!(found(sender), (Some(Finding::Contradicted), true), "{written}");
    }
}
