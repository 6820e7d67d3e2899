//! `winmail.dat`: the files that Outlook hides in one of its own ([MS-OXTNEF]). The crate walks the attributes; which of them
//! make a file, and what it is called, is here.

use tnef::{AttachAttrId, AttributeId, TnefReader};

use super::transfer;

/// The files of a `winmail.dat`.
#[derive(Debug, Default)]
pub struct Parcel<'a> {
    pub files: Vec<(String, &'a [u8])>,
    /// Everything in it was found and is a file.
    pub whole: bool,
}

/// PR_ATTACH_LONG_FILENAME with one value, in UTF-16 and in bytes ([MS-OXPROPS], 2.595).
const LONG_NAME: [u8; 8] = [0x1f, 0, 0x07, 0x37, 1, 0, 0, 0];
const LONG_NAME_IN_BYTES: [u8; 8] = [0x1e, 0, 0x07, 0x37, 1, 0, 0, 0];

/// A file as far as its attributes have come.
#[derive(Default)]
struct Begun<'a> {
    title: Option<String>,
    long_name: Option<String>,
    bytes: Option<&'a [u8]>,
}

/// Opens a parcel, as far as it can be read.
pub fn open(bytes: &[u8]) -> Parcel<'_> {
    let Ok(reader) = TnefReader::new(bytes) else { return Parcel::default() };
    let code_page = reader.get_code_page();
    let mut parcel = Parcel { files: Vec::new(), whole: true };
    let mut begun: Option<Begun> = None;
    for attribute in reader {
        let Ok((id, content)) = attribute else {
            parcel.whole = false;
            break;
        };
        let AttributeId::Attachment(id) = id else { continue };
        if id == AttachAttrId::AttachRendData {
            parcel.put(begun.replace(Begun::default()));
        }
        let Some(file) = &mut begun else { continue };
        match id {
            AttachAttrId::Data => file.bytes = Some(content),
            AttachAttrId::Title => file.title = Some(in_bytes(content, code_page)),
            AttachAttrId::Attachment => file.long_name = long_name(content, code_page),
            _ => {}
        }
    }
    parcel.put(begun);
    parcel
}

impl<'a> Parcel<'a> {
    fn put(&mut self, begun: Option<Begun<'a>>) {
        let Some(Begun { title, long_name, bytes }) = begun else { return };
        match bytes {
            Some(bytes) => self.files.push((long_name.or(title).unwrap_or_default(), bytes)),
            // A mail or an object of another program, which lies among the properties.
            None => self.whole = false,
        }
    }
}

/// Properties hold the whole name where the title has room for `SURATP~1.PDF` alone. They are searched, not walked: what
/// matters stands behind a tag that is unlike anything else.
fn long_name(properties: &[u8], code_page: u32) -> Option<String> {
    let after = |tag: &[u8]| {
        let at = memchr::memmem::find(properties, tag)? + tag.len();
        let length = properties.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)?;
        properties.get(at + 4..at + 4 + (length as usize).min(2048))
    };
    let name = match after(&LONG_NAME) {
        Some(name) => {
            let units = name.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        None => in_bytes(after(&LONG_NAME_IN_BYTES)?, code_page),
    };
    Some(name.trim_end_matches('\0').to_owned()).filter(|name| !name.is_empty())
}

fn in_bytes(text: &[u8], code_page: u32) -> String {
    transfer::in_code_page(text, code_page).trim_end_matches('\0').to_owned()
}
