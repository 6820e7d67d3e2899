//! The procedure file: what is shipped is valid, and what is wrong is named.

use loket::sop::checklist::Finding;
use loket::sop::procedure::Procedure;
use loket::sop::procedure::papers::Consequence;
use loket::sop::procedure::rules::Origin;
use loket::sop::worktime::Minutes;

const SHIPPED: &str = include_str!("../config/sop/helpdesk.toml");

fn flaws(text: &str) -> String {
    let flaws = Procedure::parse(text).unwrap_err();
    flaws.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_shipped_procedure_has_the_times_of_the_sop_and_marks_the_others_as_proposed() {
    let procedure = Procedure::helpdesk();

    let from_the_sop: Vec<_> =
        procedure.times.iter().filter(|t| t.origin == Origin::Sop).map(|t| (t.step, t.minutes)).collect();

    assert_eq!(from_the_sop, [(7, 5), (8, 10), (9, 5)]);
    assert_eq!(procedure.limit(5), Some(Minutes::of(15)));
    assert_eq!(procedure.limit(4), None, "step 4 belongs to the applicant");
}

#[test]
fn the_shipped_checklist_names_every_item_of_inspect() {
    let procedure = Procedure::helpdesk();
    let items = |step| procedure.checks_of(step).map(|c| c.item.as_str()).collect::<Vec<_>>().join(" ");

    assert_eq!(
        items(2),
        "request_letter request_letter_signed service_stated applicant_identified appointment_decree decree_names_applicant"
    );
    assert_eq!(
        items(5),
        "account_found name_matches nip_matches role_matches decree_in_force work_unit_matches sender_registered \
         sender_authenticated signature_valid letter_not_reused confirmed_with_applicant"
    );
}

#[test]
fn an_expired_decree_is_asked_for_anew_and_a_contradicted_nip_proposes_rejection() {
    let procedure = Procedure::helpdesk();

    assert_eq!(procedure.check("decree_in_force").unwrap().consequence(Finding::Missing), Consequence::Complete);
    assert_eq!(procedure.check("nip_matches").unwrap().consequence(Finding::Contradicted), Consequence::Reject);
    assert!(Consequence::Reject > Consequence::Complete && Consequence::Complete > Consequence::Confirm);
}

/// Every `# key = …` line is at its default: with all of them in force the procedure is the same.
#[test]
fn optional_keys_stand_commented_out_at_their_default() {
    let mut open = false;
    let uncommented: Vec<String> = SHIPPED
        .lines()
        .map(|line| {
            let bare = line.strip_prefix("# ").unwrap_or("");
            let key =
                bare.split_once(" = ").is_some_and(|(k, _)| k.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            let listed = open;
            open = (open || key && bare.ends_with('[')) && bare != "]";
            if key || listed { bare.trim_start().to_owned() } else { line.to_owned() }
        })
        .collect();
    let uncommented = uncommented.join("\n");

    let all = Procedure::parse(&uncommented).unwrap_or_else(|flaws| panic!("{flaws:?}"));

    let shipped = Procedure::helpdesk();
    assert_ne!(uncommented, SHIPPED);
    assert_ne!(all.hash(), shipped.hash());
    let told = |p: &Procedure| format!("{p:?}").replace(&p.hash().0, "");
    assert_eq!(told(&all), told(&shipped));
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() {
    let wrong = SHIPPED.replace("inactive_years = 2", "inaktive_years = 2");

    let told = flaws(&wrong);

    let line = wrong.lines().position(|l| l.starts_with("inaktive")).unwrap() + 1;
    assert_eq!(told, format!("`line {line}`: unknown key `inaktive_years`; the nearest known one is `inactive_years`"));
}

#[test]
fn contradictions_in_a_file_are_all_named_at_once() {
    let wrong = SHIPPED
        .replace("reason = \"R10\"", "reason = \"R99\"")
        .replace("# length = 16", "length = 8")
        .replace("# max_hours = 96", "max_hours = 200")
        .replace("id = \"helpdesk\"", "id = \"Help desk\"")
        .replacen("[[time]]\nstep = 2\nminutes = 10", "[[time]]\nstep = 4\nminutes = 0", 1);

    let told = flaws(&wrong);

    for part in
        ["check[6].reason", "`R99`", "secret.length", "secret.max_hours", "`id`", "time[0].step", "time[0].minutes"]
    {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
}

/// `signer = "both"` in `[profile]` changed nothing, and nobody was told.
#[test]
fn a_key_that_nothing_obeys_is_named_and_an_earlier_file_with_it_still_reads() {
    let earlier = SHIPPED
        .replace("\nrole = \"Helpdesk\"\n", "\nrole = \"Helpdesk\"\nservices = [\"user_id_info\"]\nsigner = \"both\"\n")
        .replace("missing = \"confirm\"\nunclear", "answered_by = [\"admin\"]\nmissing = \"confirm\"\nunclear")
        .replace("code = \"R04\"", "code = \"R44\"")
        .replace("reason = \"R04\"", "reason = \"R44\"");
    let earlier =
        format!("{earlier}\n[[document]]\nkind = \"request_letter\"\nname = {{ id = \"surat\", en = \"letter\" }}\n");

    let told = flaws(&earlier);
    let recalled = Procedure::read_kept(&earlier).unwrap();

    for key in
        ["`profile.signer`", "`recognition.letter.signer`", "`profile.services`", "`check.answered_by`", "`document`"]
    {
        assert!(told.contains(key), "{key} is not in:\n{told}");
    }
    assert_eq!((recalled.source(), recalled.reject_reasons.len()), (earlier.as_str(), 10));
    assert_ne!(recalled.hash(), Procedure::helpdesk().hash());
}

#[test]
fn a_missing_reject_reason_and_a_word_nobody_knows_are_named() {
    assert!(flaws(&SHIPPED.replace("code = \"R06\"", "code = \"R66\"")).contains("lacks `R06`"));
    let unlike = SHIPPED.replace("code = \"R04\"", "code = \"R44\"").replace("reason = \"R04\"", "reason = \"R44\"");
    assert!(flaws(&unlike).contains("lacks `R04`"), "it is given where no ground was named");
    assert!(
        flaws(&SHIPPED.replace("fate = \"destroy\"", "fate = \"destory\""))
            .contains("the nearest known one is `destroy`")
    );
    assert!(flaws("not toml").starts_with("`line 1`"));
}

#[test]
fn the_hash_is_that_of_the_bytes_and_the_text_reads_the_same_again() {
    let shipped = Procedure::helpdesk();

    assert_eq!(Procedure::parse(shipped.source()).unwrap(), shipped);
    assert_eq!(Procedure::helpdesk().hash().0.len(), 64);
    assert_ne!(Procedure::parse(&format!("{SHIPPED}\n")).unwrap().hash(), Procedure::helpdesk().hash());
}

#[test]
fn words_of_recognition_pass_through_unread() {
    let procedure =
        Procedure::parse(&format!("{SHIPPED}\n[recognition.wording_of_a_test]\ntitles = [\"permohonan\"]\n")).unwrap();

    let wording = procedure.recognition["wording_of_a_test"].as_table().unwrap();

    assert_eq!(wording["titles"].as_array().unwrap().len(), 1);
}
