//! What a server said, made fit for a log line, a fault or a page. A server's words are input: they may carry control
//! characters, whole mail addresses or a megabyte of text. Nothing else of a reply may reach an error text.

const LONGEST: usize = 200;

/// One printable line of at most 200 characters; mail addresses keep only their first character and domain.
pub(in crate::mail) fn remark(said: &str) -> String {
    let visible: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST * 4).collect();
    let words: Vec<String> = visible.split_whitespace().map(masked).collect();
    let line = words.join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    line.chars().take(LONGEST - 1).chain(['…']).collect()
}

fn masked(word: &str) -> String {
    let Some((local, domain)) = word.split_once('@') else { return word.to_owned() };
    let opening = local.rfind(|c: char| "<(\"':=".contains(c)).map_or(0, |at| at + 1);
    let first: String = local[opening..].chars().take(1).collect();
    format!("{}{first}…@{}", &local[..opening], domain)
}

#[cfg(test)]
mod tests {
    use super::remark;

    #[test]
    fn addresses_in_a_reply_are_masked() {
        assert_eq!(
            remark("5.1.1 <dimas@karangmulia.example>: Recipient\r\n rejected"),
            "5.1.1 <d…@karangmulia.example>: Recipient rejected"
        );
    }

    #[test]
    fn a_long_reply_becomes_one_short_line() {
        let line = remark(&"word\u{7}\n".repeat(100_000));

        assert_eq!(line.chars().count(), 200);
        assert!(!line.contains(|c: char| c.is_control()));
    }
}
