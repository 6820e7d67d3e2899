//! Which words of a mail a person wrote: the plain text where it says enough, else what the HTML shows (RFC 2046, 5.1.4),
//! with flowed lines joined again (RFC 3676).

use super::mime::Text;

/// Of the alternatives, the plain one unless it is only a stub beside the HTML.
pub fn choose(alternatives: Vec<Vec<Text>>) -> Vec<Text> {
    let words = |texts: &[Text]| texts.iter().map(|t| t.text.split_whitespace().count()).sum::<usize>();
    let is_plain = |texts: &[Text]| !texts.is_empty() && texts.iter().all(|t| !t.html);
    let plain = alternatives.iter().position(|t| is_plain(t) && words(t) > 0);
    let rich = alternatives.iter().rposition(|t| !is_plain(t) && words(t) > 0);
    let chosen = match (plain, rich) {
        (Some(plain), Some(rich)) => {
            let (few, many) = (words(&alternatives[plain]), words(&alternatives[rich]));
            if few < 25 && few * 3 < many { rich } else { plain }
        }
        (plain, rich) => match plain.or(rich) {
            Some(only) => only,
            None => return Vec::new(),
        },
    };
    alternatives.into_iter().nth(chosen).unwrap_or_default()
}

/// All pieces in the mail's order, at most `limit` bytes.
pub fn join(texts: Vec<Text>, limit: usize) -> String {
    let mut body = String::new();
    for text in texts {
        let text = text.text.trim_matches('\n').trim_end();
        if text.trim().is_empty() {
            continue;
        }
        if !body.is_empty() {
            body.push_str("\n\n");
        }
        body.push_str(text);
        if body.len() > limit {
            body.truncate(head(&body, limit).len());
            break;
        }
    }
    body.retain(|c| c != '\0');
    body
}

/// The first `limit` bytes of a text, or a few less so that no character is cut in two.
pub fn head(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Joins lines that end in a space, quote depth by quote depth (RFC 3676, 4.1 and 4.2).
pub fn unflow(text: &str, delsp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.split('\n') {
        let quoted = line.len() - line.trim_start_matches('>').len();
        let content = &line[quoted..];
        let content = content.strip_prefix(' ').unwrap_or(content);
        if open != Some(quoted) || content == "-- " {
            if open.is_some() {
                out.push('\n');
            }
            out.extend(std::iter::repeat_n('>', quoted));
            if quoted > 0 {
                out.push(' ');
            }
        }
        let flows = content.ends_with(' ') && content != "-- ";
        out.push_str(if flows && delsp { &content[..content.len() - 1] } else { content });
        if flows {
            open = Some(quoted);
        } else {
            out.push('\n');
            open = None;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str, html: bool) -> Vec<Text> {
        vec![Text { text: text.into(), html }]
    }

    #[test]
    fn the_plain_alternative_wins_unless_it_is_a_stub() {
        let letter = "Dengan hormat, mohon reset password akun kami. ".repeat(10);

        let kept =
            choose(vec![text("Mohon bantuannya untuk reset", false), text("Mohon bantuannya untuk reset", true)]);
        let rich = choose(vec![text("View this mail in a browser", false), text(&letter, true)]);
        let only = choose(vec![text("  ", false), text("Halo", true)]);

        assert!(!kept[0].html);
        assert!(rich[0].html);
        assert_eq!(only[0].text, "Halo");
    }

    #[test]
    fn flowed_lines_are_joined_and_quotes_kept_apart() {
        let flowed = "Mohon reset \npassword saya.\n> kata \n> lama\nBaru\n-- \nTanda";

        assert_eq!(unflow(flowed, false), "Mohon reset password saya.\n> kata lama\nBaru\n-- \nTanda\n");
    }

    #[test]
    fn the_body_is_cut_at_its_limit_between_characters() {
        assert_eq!(join(text(&"é".repeat(100), false), 11), "ééééé");
    }
}
