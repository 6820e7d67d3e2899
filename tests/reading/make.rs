//! Small mails and papers made for tests: just enough of each format to be true to it.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{GrayImage, ImageFormat};
use loket::reading::{Limits, picture};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

/// A file to attach: name, declared type, bytes.
pub type File<'a> = (&'a str, &'a str, Vec<u8>);

/// A mail with a plain body and attachments in base64.
pub fn mail(body: &str, files: &[File]) -> Vec<u8> {
    let mut out = b"From: Budi <budi@dinas.example>\r\nTo: admin@kantor.example\r\nSubject: Permohonan\r\n\
        Date: Mon, 09 Nov 2026 09:12:40 +0800\r\nMessage-ID: <a@dinas.example>\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=\"batas\"\r\n\r\n--batas\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        .to_vec();
    out.extend(body.as_bytes());
    for (name, kind, bytes) in files {
        let head = format!(
            "\r\n--batas\r\nContent-Type: {kind}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n"
        );
        out.extend(head.into_bytes());
        for line in STANDARD.encode(bytes).as_bytes().chunks(76) {
            out.extend(line);
            out.extend(b"\r\n");
        }
    }
    out.extend(b"\r\n--batas--\r\n");
    out
}

/// A PDF of A4 pages with these content streams and Helvetica as `/F1`; `extra` objects come first and are numbered from
/// 10 on; `page` is put into each page's dictionary.
pub fn pdf_with(contents: &[&[u8]], page: &str, extra: &[&[u8]]) -> Vec<u8> {
    let mut objects: Vec<(usize, Vec<u8>)> = vec![(1, b"<</Type/Catalog/Pages 2 0 R>>".to_vec())];
    objects.push((3, b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_vec()));
    objects.extend(extra.iter().enumerate().map(|(i, o)| (10 + i, o.to_vec())));
    let first = 10 + extra.len();
    let mut kids = String::new();
    for (i, content) in contents.iter().enumerate() {
        let id = first + 2 * i;
        kids += &format!("{id} 0 R ");
        let objects_of: String = (1..=extra.len().max(1)).map(|nth| format!("/X{nth} {} 0 R", 9 + nth)).collect();
        let dict = format!(
            "<</Type/Page/Parent 2 0 R/Contents {} 0 R/Resources<</Font<</F1 3 0 R>>/XObject<<{objects_of}>>>>{page}>>",
            id + 1
        );
        objects.push((id, dict.into_bytes()));
        objects.push((id + 1, stream("", content)));
    }
    let pages = format!("<</Type/Pages/Kids[{kids}]/Count {}/MediaBox[0 0 595 842]>>", contents.len());
    objects.push((2, pages.into_bytes()));
    assemble(objects)
}

pub fn pdf(contents: &[&[u8]]) -> Vec<u8> {
    pdf_with(contents, "", &[])
}

/// A stream object with this dictionary text.
pub fn stream(dict: &str, content: &[u8]) -> Vec<u8> {
    let mut out = format!("<<{dict}/Length {}>>\nstream\n", content.len()).into_bytes();
    out.extend(content);
    out.extend(b"\nendstream");
    out
}

/// A file of these objects; the first is the catalogue.
pub fn assemble(mut objects: Vec<(usize, Vec<u8>)>) -> Vec<u8> {
    objects.sort();
    let size = objects.last().map_or(1, |(id, _)| id + 1);
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut offsets = vec![None; size];
    for (id, body) in &objects {
        offsets[*id] = Some(out.len());
        out.extend(format!("{id} 0 obj\n").as_bytes());
        out.extend(body);
        out.extend(b"\nendobj\n");
    }
    let start = out.len();
    out.extend(format!("xref\n0 {size}\n").as_bytes());
    for offset in offsets {
        let line = offset.map_or("0000000000 65535 f \n".to_owned(), |o| format!("{o:010} 00000 n \n"));
        out.extend(line.as_bytes());
    }
    out.extend(format!("trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF").as_bytes());
    out
}

/// The content stream that writes these lines from the top of the page.
pub fn letter(lines: &[&str]) -> Vec<u8> {
    let mut out = b"BT /F1 11 Tf 14 TL 72 770 Td\n".to_vec();
    for line in lines {
        out.extend(format!("({}) Tj T*\n", line.replace('(', "\\(").replace(')', "\\)")).as_bytes());
    }
    out.extend(b"ET");
    out
}

/// A ZIP of these files, deflated.
pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        // What says which kind of document it is must lie there as it is (OpenDocument 1.3, part 2, 3.3).
        let packed = if *name == "mimetype" { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        let options = SimpleFileOptions::default().compression_method(packed);
        writer.start_file(*name, options).expect("a name is given");
        writer.write_all(bytes).expect("memory takes all");
    }
    writer.finish().expect("memory takes all").into_inner()
}

/// A DOCX whose body is this XML.
pub fn docx(body: &str) -> Vec<u8> {
    let document = format!("<?xml version=\"1.0\"?><w:document><w:body>{body}</w:body></w:document>");
    zip(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", document.as_bytes())])
}

/// A page of a PDF as it comes off a scanner, about so many pixels wide.
pub fn scan(pdf: &[u8], page: u32, width: u32) -> GrayImage {
    let raw = mail("x", &[("a.pdf", "application/pdf", pdf.to_vec())]);
    let png = picture(&raw, "a.pdf", page, width, &Limits::default()).expect("a whole PDF is drawn");
    image::load_from_memory(&png).expect("a PNG").into_luma8()
}

pub fn jpeg(picture: &GrayImage) -> Vec<u8> {
    encoded(picture, ImageFormat::Jpeg)
}

pub fn png(picture: &GrayImage) -> Vec<u8> {
    encoded(picture, ImageFormat::Png)
}

/// WebP without loss, in colour: the format knows no grey.
pub fn webp(picture: &GrayImage) -> Vec<u8> {
    let coloured = image::DynamicImage::ImageLuma8(picture.clone()).into_rgb8();
    let mut out = std::io::Cursor::new(Vec::new());
    coloured.write_to(&mut out, ImageFormat::WebP).expect("memory takes all");
    out.into_inner()
}

/// A PDF that says it is locked.
pub fn locked(mut pdf: Vec<u8>) -> Vec<u8> {
    let at = pdf.windows(9).rposition(|w| w == b"trailer\n<").expect("a trailer");
    pdf.splice(at + 8..at + 10, *b"<</Encrypt<</Filter/Standard/V 2/R 3/O(x)/U(x)/P -4>>");
    pdf
}

fn encoded(picture: &GrayImage, format: ImageFormat) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut out, format).expect("memory takes all");
    out.into_inner()
}

/// A TIFF of several pages, not packed (TIFF 6.0, section 4).
pub fn tiff(pages: &[&GrayImage]) -> Vec<u8> {
    let mut out = b"II\x2a\0\0\0\0\0".to_vec();
    let mut link = 4;
    for page in pages {
        let strip = out.len() as u32;
        out.extend(page.as_raw());
        if out.len() % 2 == 1 {
            out.push(0);
        }
        let directory = out.len() as u32;
        out[link..link + 4].copy_from_slice(&directory.to_le_bytes());
        let count = page.as_raw().len() as u32;
        // Width, height, bits, no packing, black is 0, where the strip lies, samples, rows, bytes.
        let tags = [
            (256u16, page.width()),
            (257, page.height()),
            (258, 8),
            (259, 1),
            (262, 1),
            (273, strip),
            (277, 1),
            (278, page.height()),
            (279, count),
        ];
        out.extend((tags.len() as u16).to_le_bytes());
        for (tag, value) in tags {
            out.extend(tag.to_le_bytes());
            out.extend([4, 0, 1, 0, 0, 0]);
            out.extend(value.to_le_bytes());
        }
        link = out.len();
        out.extend([0; 4]);
    }
    out
}

/// A JPEG with an EXIF note of which way is up (tag 274).
pub fn turned(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let exif =
        [b"Exif\0\0II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[orientation, 0, 0, 0, 0, 0, 0, 0]]
            .concat();
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &jpeg[2..]].concat()
}

/// A PDF whose pages are these scans from edge to edge, as JPEG.
pub fn scanned(pages: &[&GrayImage]) -> Vec<u8> {
    let pictures: Vec<Vec<u8>> = pages
        .iter()
        .map(|page| {
            let dict = format!(
                "/Type/XObject/Subtype/Image/Width {}/Height {}/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/DCTDecode",
                page.width(),
                page.height()
            );
            stream(&dict, &jpeg(page))
        })
        .collect();
    let pictures: Vec<&[u8]> = pictures.iter().map(Vec::as_slice).collect();
    let contents: Vec<Vec<u8>> =
        (1..=pages.len()).map(|nth| format!("q 595 0 0 842 0 0 cm /X{nth} Do Q").into_bytes()).collect();
    let contents: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
    pdf_with(&contents, "", &pictures)
}

/// An RTF of this text, in Windows-1252.
pub fn rtf(body: &str) -> Vec<u8> {
    format!("{{\\rtf1\\ansi\\ansicpg1252\\deff0{{\\fonttbl{{\\f0\\fswiss Arial;}}}}{{\\*\\generator Kata 1;}}\\f0\\fs22 {body}}}")
        .into_bytes()
}

/// A `winmail.dat` with these files ([MS-OXTNEF]): a short name of the old kind, and the whole name among the properties.
pub fn tnef(files: &[(&str, &[u8])]) -> Vec<u8> {
    let attribute = |level: u8, id: u32, content: &[u8]| {
        let sum = content.iter().fold(0u16, |sum, b| sum.wrapping_add(u16::from(*b)));
        let length = (content.len() as u32).to_le_bytes();
        [&[level][..], &id.to_le_bytes(), &length, content, &sum.to_le_bytes()].concat()
    };
    let mut out = b"\x78\x9f\x3e\x22\x07\x00".to_vec();
    out.extend(attribute(1, 0x0008_9006, &[0, 0, 1, 0]));
    out.extend(attribute(1, 0x0006_9007, &[0xe4, 0x04, 0, 0, 0, 0, 0, 0]));
    out.extend(attribute(1, 0x0007_8008, b"IPM.Microsoft Mail.Note\0"));
    for (nth, (name, bytes)) in files.iter().enumerate() {
        let whole: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        let length = (whole.len() as u32).to_le_bytes();
        let properties = [&[1, 0, 0, 0, 0x1f, 0, 0x07, 0x37, 1, 0, 0, 0][..], &length, &whole].concat();
        out.extend(attribute(2, 0x0006_9002, &[1, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]));
        out.extend(attribute(2, 0x0001_8010, format!("FILE{nth}~1.DAT\0").as_bytes()));
        out.extend(attribute(2, 0x0006_800f, bytes));
        out.extend(attribute(2, 0x0006_9005, &properties));
    }
    out
}

/// `SignedData` round these bytes, unsigned (RFC 5652, 5).
pub fn cms(content: &[u8]) -> Vec<u8> {
    let tlv =
        |tag: u8, content: &[u8]| [&[tag, 0x83][..], &(content.len() as u32).to_be_bytes()[1..], content].concat();
    let oid = |last: u8| vec![6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, last];
    let inner = [oid(1), tlv(0xa0, &tlv(4, content))].concat();
    let data = [tlv(2, &[1]), tlv(0x31, &[]), tlv(0x30, &inner)].concat();
    tlv(0x30, &[oid(2), tlv(0xa0, &tlv(0x30, &data))].concat())
}

/// An ODT whose text is this XML.
pub fn odt(text: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content><office:body><office:text>{text}</office:text></office:body></office:document-content>"
    );
    zip(&[("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", content.as_bytes())])
}
