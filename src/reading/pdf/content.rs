//! What a content stream draws (ISO 32000-1, 8 and 9): the pen's walk through text, paths, images and forms, with the
//! state that decides whether a reader can see it. Glyphs and ink come out with places; [`super::layout`] makes lines of
//! them and [`super::ink`] pictures. Bounded in operations, glyphs and depth, all of them shared by one paper.

use std::collections::HashMap;
use std::rc::Rc;

use lopdf::{Dictionary, Document, Object, ObjectId};

use super::font::Font;
use super::geometry::{Bounds, Matrix};
use super::ink::Ink;
use super::lexer::{Lexer, Operand, Token};
use super::object;
use crate::reading::limits::Limits;

/// One character (or ligature) where it stands on the page.
#[derive(Debug, Clone)]
pub struct Glyph {
    /// Place of its text in [`Canvas::text`].
    pub start: u32,
    pub end: u32,
    pub x: f32,
    pub y: f32,
    /// Where the pen goes from here.
    pub dx: f32,
    pub dy: f32,
    pub size: f32,
    /// Direction of the baseline in degrees, 0 for ordinary writing, clockwise.
    pub angle: f32,
    pub hidden: bool,
}

/// Everything drawn on one page.
#[derive(Default)]
pub struct Canvas {
    pub text: String,
    pub glyphs: Vec<Glyph>,
    pub ink: Ink,
    pub images: Vec<Bounds>,
}

#[derive(Clone)]
struct State {
    ctm: Matrix,
    font: Option<Rc<Font>>,
    size: f32,
    char_space: f32,
    word_space: f32,
    stretch: f32,
    leading: f32,
    rise: f32,
    mode: i32,
    /// The fill colour is white, or so close that it cannot be told from paper.
    white: bool,
    /// Drawn with an alpha that leaves nothing to see.
    transparent: bool,
}

impl State {
    fn new(ctm: Matrix) -> Self {
        Self {
            ctm,
            font: None,
            size: 0.0,
            char_space: 0.0,
            word_space: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
            mode: 0,
            white: false,
            transparent: false,
        }
    }
}

/// Reads the streams of one document. Fonts are kept between pages.
pub struct Reader<'a> {
    doc: &'a Document,
    pub limits: &'a Limits,
    fonts: HashMap<ObjectId, Rc<Font>>,
    operations: usize,
    pub canvas: Canvas,
}

const STATES: usize = 64;
const OPERANDS: usize = 64;

impl<'a> Reader<'a> {
    pub fn new(doc: &'a Document, limits: &'a Limits) -> Self {
        Self { doc, limits, fonts: HashMap::new(), operations: limits.operations, canvas: Canvas::default() }
    }

    /// Draws `content` with `resources` onto the canvas.
    pub fn draw(&mut self, content: &[u8], resources: &Dictionary, ctm: Matrix, depth: usize) {
        let mut walk = Walk {
            reader: self,
            resources,
            state: State::new(ctm),
            saved: Vec::new(),
            text: Matrix::IDENTITY,
            line: Matrix::IDENTITY,
            depth,
        };
        walk.run(content);
    }

    /// Draws a form XObject or an appearance stream placed by `ctm`.
    pub fn form(&mut self, form: &lopdf::Stream, outer: &Dictionary, ctm: Matrix, depth: usize) {
        if depth >= self.limits.forms {
            return;
        }
        let Ok(content) = form.get_plain_content_with_limit(self.limits.stream) else { return };
        let own = matrix(self.doc, &form.dict).unwrap_or(Matrix::IDENTITY);
        let resources = object(self.doc, &form.dict, b"Resources").and_then(|o| o.as_dict().ok()).unwrap_or(outer);
        self.draw(&content, resources, own.then(ctm), depth + 1);
    }

    fn font(&mut self, resources: &Dictionary, name: &[u8]) -> Option<Rc<Font>> {
        let fonts = object(self.doc, resources, b"Font")?.as_dict().ok()?;
        let entry = fonts.get(name).ok()?;
        let id = entry.as_reference().ok();
        if let Some(font) = id.and_then(|id| self.fonts.get(&id)) {
            return Some(font.clone());
        }
        let dict = self.doc.dereference(entry).ok()?.1.as_dict().ok()?;
        let font = Rc::new(Font::load(self.doc, dict, self.limits.stream));
        if let Some(id) = id {
            self.fonts.insert(id, font.clone());
        }
        Some(font)
    }
}

/// Six numbers of a `/Matrix` entry.
pub fn matrix(doc: &Document, dict: &Dictionary) -> Option<Matrix> {
    let list = object(doc, dict, b"Matrix")?.as_array().ok()?;
    let numbers: Vec<f32> = list.iter().filter_map(|o| o.as_float().ok()).collect();
    numbers.try_into().ok().map(Matrix)
}

struct Walk<'w, 'a> {
    reader: &'w mut Reader<'a>,
    resources: &'w Dictionary,
    state: State,
    saved: Vec<State>,
    text: Matrix,
    line: Matrix,
    depth: usize,
}

impl Walk<'_, '_> {
    fn run(&mut self, content: &[u8]) {
        let mut lexer = Lexer::new(content);
        let mut operands: Vec<Operand> = Vec::new();
        while let Some(token) = lexer.next() {
            match token {
                Token::Operand(operand) => {
                    if operands.len() == OPERANDS {
                        operands.remove(0);
                    }
                    operands.push(operand);
                    continue;
                }
                Token::InlineImage => self.image(),
                Token::Operator(operator) => {
                    if self.reader.operations == 0 {
                        return;
                    }
                    self.reader.operations -= 1;
                    self.operate(operator, &operands);
                }
            }
            operands.clear();
        }
    }

    fn operate(&mut self, operator: &[u8], operands: &[Operand]) {
        let n = |i: usize| operands.get(i).and_then(Operand::number).unwrap_or(0.0);
        let six = || Matrix([n(0), n(1), n(2), n(3), n(4), n(5)]);
        match operator {
            b"q" if self.saved.len() < STATES => self.saved.push(self.state.clone()),
            b"Q" => self.state = self.saved.pop().unwrap_or_else(|| self.state.clone()),
            b"cm" => self.state.ctm = six().then(self.state.ctm),
            b"gs" => self.graphics_state(operands),
            b"BT" => {
                self.text = Matrix::IDENTITY;
                self.line = Matrix::IDENTITY;
            }
            b"Tf" => {
                if let Some(Operand::Name(name)) = operands.first() {
                    self.state.font = self.reader.font(self.resources, name);
                }
                self.state.size = n(1);
            }
            b"Tc" => self.state.char_space = n(0),
            b"Tw" => self.state.word_space = n(0),
            b"Tz" => self.state.stretch = n(0) / 100.0,
            b"TL" => self.state.leading = n(0),
            b"Ts" => self.state.rise = n(0),
            b"Tr" => self.state.mode = n(0) as i32,
            b"Td" => self.next_line(n(0), n(1)),
            b"TD" => {
                self.state.leading = -n(1);
                self.next_line(n(0), n(1));
            }
            b"Tm" => {
                self.line = six();
                self.text = self.line;
            }
            b"T*" => self.next_line(0.0, -self.state.leading),
            b"Tj" => self.show(operands.first()),
            b"'" => {
                self.next_line(0.0, -self.state.leading);
                self.show(operands.first());
            }
            b"\"" => {
                self.state.word_space = n(0);
                self.state.char_space = n(1);
                self.next_line(0.0, -self.state.leading);
                self.show(operands.get(2));
            }
            b"TJ" => self.show_spaced(operands.first()),
            b"g" | b"rg" | b"sc" | b"scn" | b"k" => self.colour(operator, operands),
            b"cs" => self.state.white = false,
            b"Do" => self.object(operands.first()),
            b"m" => self.reader.canvas.ink.start(self.state.ctm.apply(n(0), n(1))),
            b"l" => self.reader.canvas.ink.line(self.state.ctm.apply(n(0), n(1))),
            b"c" => self.curve(&[(n(0), n(1)), (n(2), n(3)), (n(4), n(5))]),
            b"v" | b"y" => self.curve(&[(n(0), n(1)), (n(2), n(3))]),
            b"re" => {
                let bounds = Bounds::of(self.state.ctm, n(0), n(1), n(2), n(3));
                self.reader.canvas.ink.rectangle(bounds);
            }
            b"S" | b"s" => self.reader.canvas.ink.paint(false, false),
            b"f" | b"F" | b"f*" => self.reader.canvas.ink.paint(true, self.state.white || self.state.transparent),
            b"B" | b"B*" | b"b" | b"b*" => self.reader.canvas.ink.paint(true, false),
            b"n" => self.reader.canvas.ink.forget(),
            _ => {}
        }
    }

    fn curve(&mut self, points: &[(f32, f32)]) {
        for (x, y) in points {
            let point = self.state.ctm.apply(*x, *y);
            self.reader.canvas.ink.bend(point);
        }
    }

    fn next_line(&mut self, x: f32, y: f32) {
        self.line = Matrix([1.0, 0.0, 0.0, 1.0, x, y]).then(self.line);
        self.text = self.line;
    }

    fn colour(&mut self, operator: &[u8], operands: &[Operand]) {
        let values: Vec<f32> = operands.iter().filter_map(Operand::number).collect();
        let patterned = operands.iter().any(|o| matches!(o, Operand::Name(_)));
        self.state.white = !patterned
            && match (operator, values.len()) {
                (b"k", _) | (_, 4) => values.iter().all(|v| *v <= 0.04),
                (_, 1 | 3) => values.iter().all(|v| *v >= 0.96),
                _ => false,
            };
    }

    fn graphics_state(&mut self, operands: &[Operand]) {
        let Some(Operand::Name(name)) = operands.first() else { return };
        let doc = self.reader.doc;
        let entry = object(doc, self.resources, b"ExtGState")
            .and_then(|o| o.as_dict().ok())
            .and_then(|d| object(doc, d, name))
            .and_then(|o| o.as_dict().ok());
        if let Some(alpha) = entry.and_then(|d| object(doc, d, b"ca")).and_then(|o| o.as_float().ok()) {
            self.state.transparent = alpha < 0.08;
        }
    }

    fn show_spaced(&mut self, operand: Option<&Operand>) {
        let Some(Operand::Array(items)) = operand else { return };
        for item in items {
            match item {
                Operand::Text(_) => self.show(Some(item)),
                Operand::Number(n) => {
                    let shift = -n / 1000.0 * self.state.size * self.state.stretch;
                    self.text = Matrix([1.0, 0.0, 0.0, 1.0, shift, 0.0]).then(self.text);
                }
                _ => {}
            }
        }
    }

    fn show(&mut self, operand: Option<&Operand>) {
        let (Some(Operand::Text(bytes)), Some(font)) = (operand, self.state.font.clone()) else { return };
        for code in bytes.chunks(font.bytes) {
            let value = code.iter().fold(0, |n, b| n << 8 | u32::from(*b));
            let width = font.width(value) * self.state.size;
            let space = if code == b" " { self.state.word_space } else { 0.0 };
            let advance = (width + self.state.char_space + space) * self.state.stretch;
            self.glyph(&font, value, width * self.state.stretch);
            self.text = Matrix([1.0, 0.0, 0.0, 1.0, advance, 0.0]).then(self.text);
        }
    }

    fn glyph(&mut self, font: &Font, code: u32, width: f32) {
        if self.reader.canvas.glyphs.len() >= self.reader.limits.glyphs {
            return;
        }
        let trm = self.text.then(self.state.ctm);
        let [a, b, c, d, ..] = trm.0;
        let (x, y) = trm.apply(0.0, self.state.rise);
        let (dx, dy) = (a * width, b * width);
        let size = self.state.size.abs() * c.hypot(d);
        if ![x, y, dx, dy, size].iter().all(|n| n.is_finite() && n.abs() < 1e5) {
            return;
        }
        let sign = if self.state.size < 0.0 { -1.0 } else { 1.0 };
        let angle = (b * sign).atan2(a * sign).to_degrees();
        let canvas = &mut self.reader.canvas;
        let pale =
            self.state.white && !canvas.ink.darkened(x + dx / 2.0, y) && !canvas.images.iter().any(|i| i.holds(x, y));
        let hidden = matches!(self.state.mode, 3 | 7) || size < 2.0 || pale || self.state.transparent;
        let start = canvas.text.len() as u32;
        font.write(code, &mut canvas.text);
        let end = canvas.text.len() as u32;
        canvas.glyphs.push(Glyph { start, end, x, y, dx, dy, size, angle, hidden });
    }

    fn image(&mut self) {
        let bounds = Bounds::of(self.state.ctm, 0.0, 0.0, 1.0, 1.0);
        if bounds.is_sound() && self.reader.canvas.images.len() < 1000 {
            self.reader.canvas.images.push(bounds);
        }
    }

    fn object(&mut self, operand: Option<&Operand>) {
        let Some(Operand::Name(name)) = operand else { return };
        let doc = self.reader.doc;
        let stream = object(doc, self.resources, b"XObject")
            .and_then(|o| o.as_dict().ok())
            .and_then(|d| object(doc, d, name))
            .and_then(|o| o.as_stream().ok());
        let Some(stream) = stream else { return };
        match stream.dict.get(b"Subtype").and_then(Object::as_name) {
            Ok(b"Image") => self.image(),
            Ok(b"Form") => self.reader.form(stream, self.resources, self.state.ctm, self.depth),
            _ => {}
        }
    }
}
