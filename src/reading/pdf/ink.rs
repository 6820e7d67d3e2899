//! Drawings that look made by a hand or a stamp: curves, slanted strokes, QR squares. Rules, boxes and table grids are
//! told apart from them and kept only as what separates columns or darkens the paper.

use super::geometry::Bounds;

const PIECES: usize = 6000;
const PASSES: usize = 12;
/// Pieces closer than this (points) belong to one drawing.
const GAP: f32 = 4.0;

#[derive(Debug, Clone, Copy)]
struct Piece {
    bounds: Bounds,
    /// Curves and slanted strokes in it.
    strokes: u32,
    /// Small filled squares in it, as QR codes are made of.
    dots: u32,
}

/// The paths of one page.
#[derive(Default)]
pub struct Ink {
    pen: Option<(f32, f32)>,
    path: Option<Bounds>,
    strokes: u32,
    rectangles: Vec<Bounds>,
    lines: Vec<Bounds>,
    pieces: Vec<Piece>,
    dark: Vec<Bounds>,
    /// Upright rules, which part columns.
    pub rules: Vec<Bounds>,
}

impl Ink {
    pub fn start(&mut self, point: (f32, f32)) {
        self.reach(point);
        self.pen = Some(point);
    }

    pub fn line(&mut self, point: (f32, f32)) {
        if let Some((x, y)) = self.pen {
            let (dx, dy) = ((point.0 - x).abs(), (point.1 - y).abs());
            if dx > 0.7 && dy > 0.7 {
                self.strokes += 1;
            } else if self.lines.len() < PIECES {
                let mut bounds = Bounds::NOTHING;
                bounds.add(x, y);
                bounds.add(point.0, point.1);
                self.lines.push(bounds);
            }
        }
        self.start(point);
    }

    /// One of a curve's points.
    pub fn bend(&mut self, point: (f32, f32)) {
        self.strokes += 1;
        self.start(point);
    }

    pub fn rectangle(&mut self, bounds: Bounds) {
        if bounds.is_sound() && self.rectangles.len() < PIECES {
            self.rectangles.push(bounds);
        }
    }

    fn reach(&mut self, (x, y): (f32, f32)) {
        if x.is_finite() && y.is_finite() {
            self.path.get_or_insert(Bounds::NOTHING).add(x, y);
        }
    }

    pub fn forget(&mut self) {
        self.pen = None;
        self.path = None;
        self.strokes = 0;
        self.rectangles.clear();
        self.lines.clear();
    }

    /// Ends the path by painting it; `unseen` paint (white, transparent) leaves nothing.
    pub fn paint(&mut self, filled: bool, unseen: bool) {
        let rectangles = std::mem::take(&mut self.rectangles);
        let lines = std::mem::take(&mut self.lines);
        if unseen && filled {
            // White paint over dark paint: what is written there in white cannot be seen any more.
            self.dark.retain(|d| !rectangles.iter().any(|r| r.holds(d.x0, d.y0) && r.holds(d.x1, d.y1)));
        } else if !unseen {
            for bounds in rectangles.iter().chain(&lines) {
                self.straight(*bounds, filled);
            }
            if let Some(bounds) = self.path.filter(|b| self.strokes > 0 && b.is_sound()) {
                self.piece(Piece { bounds, strokes: self.strokes, dots: 0 });
            }
            if let Some(bounds) = self.path.filter(|b| filled && b.is_sound()) {
                self.darken(bounds);
            }
        }
        self.forget();
    }

    fn straight(&mut self, bounds: Bounds, filled: bool) {
        let (w, h) = (bounds.width(), bounds.height());
        if w < 2.5 && h > 8.0 {
            if self.rules.len() < 500 {
                self.rules.push(bounds);
            }
        } else if filled && w < 9.0 && h < 9.0 && w > 0.2 && h > 0.2 {
            self.piece(Piece { bounds, strokes: 0, dots: 1 });
        } else if filled {
            self.darken(bounds);
        }
    }

    fn darken(&mut self, bounds: Bounds) {
        if bounds.width() > 6.0 && bounds.height() > 6.0 && self.dark.len() < 500 {
            self.dark.push(bounds);
        }
    }

    fn piece(&mut self, piece: Piece) {
        if self.pieces.len() < PIECES {
            self.pieces.push(piece);
        }
    }

    /// A lone turned letter, as round stamps carry them, is drawing and not writing.
    pub fn letter(&mut self, bounds: Bounds) {
        if bounds.is_sound() {
            self.piece(Piece { bounds, strokes: 1, dots: 0 });
        }
    }

    /// Whether paint lies under this point, so that white writing shows on it.
    pub fn darkened(&self, x: f32, y: f32) -> bool {
        self.dark.iter().any(|b| b.holds(x, y))
    }

    /// The drawings of the page: what lies together is one. `page` is its width and height.
    pub fn drawings(&self, page: (f32, f32)) -> Vec<Bounds> {
        let mut pieces = self.pieces.clone();
        pieces.retain(|p| p.bounds.width() * p.bounds.height() < 0.5 * page.0 * page.1);
        pieces.sort_by(|a, b| a.bounds.x0.total_cmp(&b.bounds.x0));
        for _ in 0..PASSES {
            let before = pieces.len();
            pieces = merge(&pieces);
            if pieces.len() == before {
                break;
            }
            pieces.sort_by(|a, b| a.bounds.x0.total_cmp(&b.bounds.x0));
        }
        pieces.retain(|p| {
            let side = p.bounds.width().max(p.bounds.height());
            (p.strokes > 3 && side > 10.0) || (p.dots >= 40 && p.bounds.width().min(p.bounds.height()) > 15.0)
        });
        pieces.into_iter().map(|p| p.bounds).collect()
    }
}

/// One pass from left to right: a piece joins the first open group it comes near to.
fn merge(pieces: &[Piece]) -> Vec<Piece> {
    let mut done: Vec<Piece> = Vec::new();
    let mut open: Vec<Piece> = Vec::new();
    for piece in pieces {
        let mut i = 0;
        while i < open.len() {
            if open[i].bounds.x1 + GAP < piece.bounds.x0 {
                done.push(open.swap_remove(i));
            } else {
                i += 1;
            }
        }
        match open.iter_mut().find(|group| group.bounds.near(&piece.bounds, GAP)) {
            Some(group) => {
                group.bounds.join(&piece.bounds);
                group.strokes += piece.strokes;
                group.dots += piece.dots;
            }
            None => open.push(*piece),
        }
    }
    done.extend(open);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stroke(ink: &mut Ink, x: f32, y: f32) {
        ink.start((x, y));
        for i in 1..6 {
            ink.bend((x + 5.0 * i as f32, y + if i % 2 == 0 { 4.0 } else { -4.0 }));
        }
        ink.paint(false, false);
    }

    #[test]
    fn a_scribble_is_a_drawing_and_a_table_grid_is_not() {
        let mut ink = Ink::default();
        stroke(&mut ink, 100.0, 600.0);
        stroke(&mut ink, 110.0, 605.0);
        for i in 0..10 {
            ink.start((50.0, 100.0 + 20.0 * i as f32));
            ink.line((500.0, 100.0 + 20.0 * i as f32));
            ink.start((50.0 + 45.0 * i as f32, 100.0));
            ink.line((50.0 + 45.0 * i as f32, 300.0));
            ink.paint(false, false);
        }

        let drawings = ink.drawings((595.0, 842.0));

        assert_eq!(drawings.len(), 1);
        assert!(drawings[0].holds(120.0, 602.0));
        assert_eq!(ink.rules.len(), 10);
    }

    #[test]
    fn a_qr_code_of_small_squares_is_one_drawing() {
        let mut ink = Ink::default();
        for i in 0..100 {
            let (x, y) = (300.0 + 3.0 * (i % 10) as f32, 500.0 + 3.0 * (i / 10) as f32);
            ink.rectangle(Bounds { x0: x, y0: y, x1: x + 2.0, y1: y + 2.0 });
            ink.paint(true, false);
        }

        assert_eq!(ink.drawings((595.0, 842.0)).len(), 1);
    }
}
