//! File names from outside. A name is data: it is shown, compared and logged, never used as a path.

/// Longest name kept, in characters.
const LENGTH: usize = 180;

/// The name without folders, control characters and marks that turn the direction of writing round (THREATS rows 22
/// and 23). What was taken out shows as U+FFFD.
pub fn clean(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    path(last)
}

/// The same for a name inside an archive, whose folders are kept.
pub fn path(name: &str) -> String {
    let name = name.trim().replace('\\', "/");
    let shown = name.chars().map(|c| if is_unseen(c) { '\u{fffd}' } else { c });
    let total = name.chars().count();
    if total <= LENGTH {
        return shown.collect();
    }
    // Both ends matter: what it is called, and what it claims to be.
    let start: String = shown.clone().take(LENGTH - 20).collect();
    let end: String = shown.skip(total - 16).collect();
    format!("{start}…{end}")
}

fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The last extension in lower case, without trailing dots and spaces that Windows ignores.
pub fn extension(name: &str) -> String {
    let name = name.trim_end_matches(['.', ' ']);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if extension.len() > 12 { String::new() } else { extension.to_ascii_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_folders_controls_and_turned_writing() {
        assert_eq!(clean("C:\\scan\\surat.pdf"), "surat.pdf");
        assert_eq!(clean("../../etc/passwd"), "passwd");
        assert_eq!(clean("a\r\nBcc: x.pdf"), "a\u{fffd}\u{fffd}Bcc: x.pdf");
        assert_eq!(clean("surat\u{202e}fdp.exe"), "surat\u{fffd}fdp.exe");
        assert_eq!(clean(&format!("{}.exe", "a".repeat(1_000_000))).chars().count(), 177);
        assert_eq!(extension("surat.pdf.EXE. "), "exe");
        assert_eq!(extension("README"), "");
    }
}
