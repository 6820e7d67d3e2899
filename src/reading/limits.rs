//! How much of a mail reading is willing to look at. Every loop in this room ends at one of these.

/// Ceilings for one mail. The defaults leave room for a thick dossier and none for a bomb.
#[derive(Debug, Clone)]
pub struct Limits {
    /// MIME parts within parts.
    pub depth: usize,
    /// MIME parts in all.
    pub parts: usize,
    /// Papers handed over, files inside archives included.
    pub papers: usize,
    /// Bytes of body text kept.
    pub body: usize,
    /// ZIP within ZIP.
    pub archive_depth: usize,
    /// Files in one archive.
    pub archive_files: usize,
    /// Bytes that all archives of a mail may inflate to together.
    pub inflated: u64,
    /// Inflated size over packed size above which a file counts as a bomb.
    pub ratio: u64,
    /// Pages read of one paper.
    pub pages: usize,
    /// Bytes one stream of a PDF may decompress to.
    pub stream: usize,
    /// Drawing operations read of one paper.
    pub operations: usize,
    /// Glyphs kept of one page.
    pub glyphs: usize,
    /// Words and pictures kept of one paper; further pages are left out.
    pub words: usize,
    /// Forms within forms on a page.
    pub forms: usize,
    /// Bytes of one XML part of an office document.
    pub xml: u64,
    /// Pixels of a picture file; one of more is not decoded.
    pub pixels: u64,
    /// Bytes a picture file may take once decoded.
    pub decoded: u64,
    /// Pixels of a page drawn for recognition.
    pub raster: u64,
    /// Pixels of a drawn page's longer side.
    pub side: u32,
    /// Pixels of width of a page drawn for the desk.
    pub view: u32,
    /// Pages of one mail that recognition reads.
    pub scans: usize,
    /// Files taken out of a mail's archives and envelopes for the virus scanner.
    pub scanned: usize,
    /// Bytes of all of these together.
    pub scanned_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 12,
            parts: 300,
            papers: 120,
            body: 256 * 1024,
            archive_depth: 3,
            archive_files: 300,
            inflated: 96 * 1024 * 1024,
            ratio: 150,
            pages: 120,
            stream: 24 * 1024 * 1024,
            operations: 3_000_000,
            glyphs: 40_000,
            words: 100_000,
            forms: 8,
            xml: 24 * 1024 * 1024,
            pixels: 64_000_000,
            decoded: 256 * 1024 * 1024,
            raster: 12_000_000,
            side: 12_000,
            view: 1400,
            scans: 40,
            scanned: 600,
            scanned_bytes: 192 * 1024 * 1024,
        }
    }
}
