//! What bytes are, by their first bytes; a name and a declared type are only hints, and never make a program harmless.

use super::names;

/// Formats that reading tells apart. The word is what [`crate::dossier::page::Paper`] carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Pdf,
    Docx,
    Odt,
    /// A workbook or slides: named, not read.
    Office,
    /// An office document of before 2007, or one behind a password.
    Ole,
    Zip,
    Rar,
    SevenZip,
    /// gzip, tar, bzip2, xz: archives nobody here opens.
    Archive,
    Jpeg,
    Png,
    Gif,
    Tiff,
    Bmp,
    Webp,
    Heic,
    Tnef,
    Executable,
    Mail,
    Cms,
    Html,
    Rtf,
    Text,
    Unknown,
}

impl Format {
    pub fn word(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Odt => "odt",
            Self::Office => "office",
            Self::Ole => "ole",
            Self::Zip => "zip",
            Self::Rar => "rar",
            Self::SevenZip => "7z",
            Self::Archive => "archive",
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::Tiff => "tiff",
            Self::Bmp => "bmp",
            Self::Webp => "webp",
            Self::Heic => "heic",
            Self::Tnef => "tnef",
            Self::Executable => "exe",
            Self::Mail => "mail",
            Self::Cms => "cms",
            Self::Html => "html",
            Self::Rtf => "rtf",
            Self::Text => "text",
            Self::Unknown => "unknown",
        }
    }

    /// Whether reading takes files out of it.
    pub fn holds_files(self) -> bool {
        matches!(self, Self::Zip | Self::Mail | Self::Tnef | Self::Cms)
    }

    pub fn is_picture(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Gif | Self::Tiff | Self::Bmp | Self::Webp | Self::Heic)
    }
}

/// Extensions that a double click would run on some desk.
const RUNNABLE: &[&str] = &[
    "exe",
    "scr",
    "com",
    "pif",
    "bat",
    "cmd",
    "ps1",
    "psm1",
    "vbs",
    "vbe",
    "js",
    "jse",
    "wsf",
    "wsh",
    "hta",
    "lnk",
    "jar",
    "msi",
    "msp",
    "cpl",
    "dll",
    "reg",
    "apk",
    "app",
    "deb",
    "rpm",
    "sh",
    "iso",
    "img",
    "vhd",
    "vhdx",
    "chm",
    "url",
    "inf",
    "scf",
    "gadget",
    "appx",
    "msix",
    "xll",
    "docm",
    "xlsm",
    "pptm",
    "dotm",
    "application",
    "appref-ms",
    "one",
];

/// What the bytes are. A name that would run on a desk makes a program of anything.
pub fn sniff(bytes: &[u8], name: &str, declared: &str) -> Format {
    if is_runnable_name(name) {
        return Format::Executable;
    }
    match magic(bytes) {
        Some(Format::Zip) => return inside_zip(bytes),
        Some(format) => return format,
        None if is_zip_behind(bytes) => return inside_zip(bytes),
        None => {}
    }
    if !is_text(bytes) {
        return Format::Unknown;
    }
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(512)]).to_ascii_lowercase();
    let extension = names::extension(name);
    if start.trim_start().starts_with("<!doctype html") || start.contains("<html") || declared == "text/html" {
        Format::Html
    } else if extension == "eml" || declared == "message/rfc822" {
        Format::Mail
    } else {
        Format::Text
    }
}

/// Whether a name claims another kind of document than the bytes are. A polyglot or a mislabelled file is read as what it is,
/// and shown to the admin as such; bytes that are nothing known under the name of a document are not read at all.
pub fn contradicts(format: Format, name: &str) -> bool {
    let claimed = match names::extension(name).as_str() {
        "pdf" => &[Format::Pdf][..],
        "docx" => &[Format::Docx, Format::Ole],
        "doc" => &[Format::Ole, Format::Docx, Format::Rtf],
        "odt" => &[Format::Odt],
        "rtf" => &[Format::Rtf],
        "jpg" | "jpeg" | "jfif" | "png" | "gif" | "bmp" | "webp" | "tif" | "tiff" | "heic" | "heif" => {
            return !format.is_picture();
        }
        "zip" => &[Format::Zip, Format::Docx, Format::Odt, Format::Office],
        "rar" => &[Format::Rar],
        "7z" => &[Format::SevenZip],
        _ => return false,
    };
    !claimed.contains(&format)
}

/// Whether the type a mail declares claims another kind of document than the bytes are.
pub fn contradicts_type(format: Format, declared: &str) -> bool {
    let claimed = match declared {
        "application/pdf" => &[Format::Pdf][..],
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => &[Format::Docx, Format::Ole],
        "application/msword" => &[Format::Ole, Format::Docx, Format::Rtf],
        "application/rtf" | "text/rtf" => &[Format::Rtf],
        "application/vnd.oasis.opendocument.text" => &[Format::Odt],
        "application/zip" | "application/x-zip-compressed" => &[Format::Zip, Format::Docx, Format::Odt, Format::Office],
        kind => return kind.starts_with("image/") && !format.is_picture(),
    };
    !claimed.contains(&format)
}

pub fn is_runnable_name(name: &str) -> bool {
    RUNNABLE.contains(&names::extension(name).as_str())
}

fn magic(bytes: &[u8]) -> Option<Format> {
    let head = &bytes[..bytes.len().min(1024)];
    let format = match head {
        [b'M', b'Z', ..] if bytes.len() > 64 => Format::Executable,
        [0x7f, b'E', b'L', b'F', ..] | [0xfe, 0xed, 0xfa, 0xce..=0xcf, ..] | [0xce..=0xcf, 0xfa, 0xed, 0xfe, ..] => {
            Format::Executable
        }
        [0xca, 0xfe, 0xba, 0xbe, ..] | [b'd', b'e', b'x', b'\n', ..] | [b'#', b'!', ..] => Format::Executable,
        // A Windows shortcut begins with its header size and class.
        [0x4c, 0, 0, 0, 1, 0x14, 2, 0, ..] => Format::Executable,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Format::Zip,
        [b'R', b'a', b'r', b'!', 0x1a, 7, ..] => Format::Rar,
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Format::SevenZip,
        [0x1f, 0x8b, ..] | [b'B', b'Z', b'h', b'1'..=b'9', ..] | [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
            Format::Archive
        }
        [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, ..] => Format::Ole,
        [0xff, 0xd8, 0xff, ..] => Format::Jpeg,
        [0x89, b'P', b'N', b'G', ..] => Format::Png,
        [b'G', b'I', b'F', b'8', ..] => Format::Gif,
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Format::Tiff,
        [b'B', b'M', ..] if head.get(6..10) == Some(&[0; 4]) && head.len() > 26 => Format::Bmp,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Format::Webp,
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] if is_heic(brand) => Format::Heic,
        [0x78, 0x9f, 0x3e, 0x22, ..] => Format::Tnef,
        [b'{', b'\\', b'r', b't', b'f', ..] => Format::Rtf,
        [0x30, 0x80..=0x84, ..] if memchr::memmem::find(head, SIGNED_DATA).is_some_and(|at| at < 24) => Format::Cms,
        _ if head.get(257..262) == Some(b"ustar") => Format::Archive,
        _ if memchr::memmem::find(head, b"%PDF-").is_some() => Format::Pdf,
        _ => return None,
    };
    Some(format)
}

const SIGNED_DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07];

fn is_heic(brand: &[u8]) -> bool {
    [&b"heic"[..], b"heix", b"mif1", b"msf1", b"heim", b"hevc", b"avif"].iter().any(|known| brand.starts_with(known))
}

/// An archive behind other bytes, such as a gateway's line or the mark of a split archive: its records tell.
fn is_zip_behind(bytes: &[u8]) -> bool {
    // The end record is followed by a comment of at most 64 KiB.
    const COMMENT: usize = 66_000;
    let head = &bytes[..bytes.len().min(4096)];
    let tail = &bytes[bytes.len().saturating_sub(COMMENT)..];
    memchr::memmem::find(head, b"PK\x03\x04").is_some() && memchr::memmem::find(tail, b"PK\x05\x06").is_some()
}

/// Office documents are ZIP archives; their first entries say which.
fn inside_zip(bytes: &[u8]) -> Format {
    let head = &bytes[..bytes.len().min(4096)];
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    let anywhere = |needle: &[u8]| memchr::memmem::find(bytes, needle).is_some();
    if has(b"mimetypeapplication/vnd.oasis.opendocument") {
        return if has(b"opendocument.text") { Format::Odt } else { Format::Office };
    }
    if anywhere(b"[Content_Types].xml") {
        return if anywhere(b"word/document.xml") { Format::Docx } else { Format::Office };
    }
    if anywhere(b"META-INF/MANIFEST.MF") || anywhere(b"AndroidManifest.xml") {
        return Format::Executable;
    }
    Format::Zip
}

/// No control bytes beyond the usual, in UTF-8 or a one-byte charset.
fn is_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(4096)];
    if head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") {
        return true;
    }
    !head.is_empty() && !head.iter().any(|b| matches!(b, 0..=8 | 14..=26 | 28..=31))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_and_a_name_only_makes_things_worse() {
        assert_eq!(sniff(b"%PDF-1.7 ...", "SK.exe.txt", "text/plain"), Format::Pdf);
        assert_eq!(sniff(&[b"MZ", [0u8; 100].as_slice()].concat(), "SK.pdf", "application/pdf"), Format::Executable);
        assert_eq!(sniff(b"alert(1)", "surat.pdf.js", ""), Format::Executable);
        assert_eq!(sniff(b"#!/bin/sh\n", "surat", ""), Format::Executable);
        assert_eq!(sniff(b"nama,nip\n", "daftar.csv", ""), Format::Text);
        assert_eq!(sniff(b"<html><p>halo", "surat.pdf", "application/pdf"), Format::Html);
        assert_eq!(sniff(&[0, 1, 2, 3], "surat.pdf", "application/pdf"), Format::Unknown);
        assert_eq!(sniff(b"", "surat.pdf", "application/pdf"), Format::Unknown);
        assert!(contradicts(Format::Html, "surat.pdf") && contradicts(Format::Jpeg, "surat.pdf"));
        assert!(!contradicts(Format::Png, "foto.jpg") && !contradicts(Format::Text, "daftar.csv"));
    }
}
