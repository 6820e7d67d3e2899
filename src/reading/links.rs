//! Papers behind a link. A link is never followed; it is only noticed, so that the applicant can be asked to attach them.

/// Places where people put files for others.
const SHARES: &[&str] = &[
    "drive.google.",
    "docs.google.",
    "photos.google.",
    "photos.app.goo",
    "goo.gl",
    "forms.gle",
    "dropbox.",
    "1drv.ms",
    "onedrive.",
    "sharepoint.",
    "wetransfer.",
    "we.tl",
    "mediafire.",
    "mega.nz",
    "box.com",
    "icloud.",
    "s.id/",
    "bit.ly",
    "tinyurl.",
    "terabox",
    "4shared.",
    "sendspace.",
    "gofile.",
    "swisstransfer.",
    "filemail.",
    "zippyshare.",
    "scribd.",
    "cloud.",
    "nextcloud",
    "owncloud",
    "transfer.",
    "share.",
    "file.",
    "files.",
    "berkas.",
];

/// Pieces of an address that speak of files.
const PATHS: &[&str] = &[
    "/s/",
    "/d/",
    "/f/",
    "/file",
    "/share",
    "/folder",
    "/download",
    "/unduh",
    "/dl/",
    "/drive",
    "/attachment",
    "/lampiran",
    "/berkas",
    "/dokumen",
    "/index.php/s/",
    ".pdf",
    ".zip",
    ".rar",
    ".7z",
    ".docx",
    ".jpg",
];

/// Whether the text leads somewhere that looks like shared files.
pub fn leads_to_files(text: &str) -> bool {
    let text = text.to_lowercase();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("http") {
        let link: &str = rest[at..].split(|c: char| c.is_whitespace() || "<>\"')]".contains(c)).next().unwrap_or("");
        rest = &rest[at + 4..];
        let Some(address) = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://")) else { continue };
        let (host, path) = address.split_at(address.find('/').unwrap_or(address.len()));
        let on_share = SHARES.iter().any(|s| match s.strip_suffix('/') {
            Some(whole) => host == whole,
            None => host.starts_with(s) || host.contains(&format!(".{s}")),
        });
        let has_path = path.len() > 1;
        if has_path && (on_share || PATHS.iter().any(|p| path.contains(p))) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_files_are_noticed_and_home_pages_are_not() {
        assert!(leads_to_files("berkas: https://drive.google.com/drive/folders/1a2b?usp=sharing"));
        assert!(leads_to_files("<https://nextcloud.dinas.example/index.php/s/AbCd>"));
        assert!(leads_to_files("unduh di https://s.id/berkas-lpse ya"));
        assert!(leads_to_files("http://kantor.example/arsip/surat.pdf"));
        assert!(!leads_to_files("Kunjungi https://lpse.karang.example/ atau www.lpse.example"));
        assert!(!leads_to_files("httpx http https://"));
    }
}
