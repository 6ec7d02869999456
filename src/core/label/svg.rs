//! The label as a picture that needs nothing else: no script, no style sheet, no font from elsewhere. Text is text.

use super::markup::Markup;
use super::widths::width;
use super::wrap::wrap;
use super::{Label, Row, Section, TITLE, Verdict};

/// The fonts, of which nearly everybody has one.
const FONTS: &str = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";
/// How wide the picture is, in pixels as all lengths.
const WIDTH: usize = 480;
const MARGIN: usize = 14;
/// How far rows are in from the titles of their sections.
const INDENT: usize = 14;
/// Between a text and what stands at the end of its line.
const GAP: usize = 12;
/// Above and below the line of a row.
const PADDING: usize = 4;

const BLACK: &str = "#000";
const GREY: &str = "#999";

const NAME: Font = Font { size: 24, bold: true, fill: BLACK, inset: 0 };
const HEADING: Font = Font { size: 20, bold: true, fill: BLACK, inset: 0 };
const STRONG: Font = Font { size: 15, bold: true, fill: BLACK, inset: 0 };
const PLAIN: Font = Font { size: 15, bold: false, fill: BLACK, inset: 0 };
const INVERSE: Font = Font { size: 15, bold: true, fill: "#fff", inset: PADDING };
const SMALL: Font = Font { size: 12, bold: false, fill: "#333", inset: 0 };
const PRINT: Font = Font { size: 11, bold: false, fill: BLACK, inset: 0 };

#[derive(Clone, Copy)]
struct Font {
    size: usize,
    bold: bool,
    fill: &'static str,
    /// How far in from the edge of what is behind it; 0 where nothing is.
    inset: usize,
}

impl Font {
    /// From one line to the next.
    fn leading(self) -> usize {
        self.size * 4 / 3
    }

    /// How wide a line is.
    fn width(self, line: &str) -> usize {
        (width(line, self.bold) * self.size).div_ceil(1000)
    }

    /// What a requirement's verdict is written in.
    fn of(verdict: Option<Verdict>) -> Self {
        match verdict {
            Some(Verdict::Yes) => STRONG,
            Some(Verdict::No) => INVERSE,
            Some(Verdict::PleaseVerify) | None => PLAIN,
        }
    }
}

/// The picture.
pub fn draw(label: &Label) -> String {
    let mut sheet = Sheet { body: Markup::new(""), y: MARGIN };
    sheet.header(label);
    sheet.bar();
    sheet.sections(&label.facts);
    sheet.bar();
    sheet.y += PADDING;
    sheet.paragraph(&label.compatibility(), HEADING, 0);
    sheet.y += PADDING;
    sheet.rule(0, BLACK);
    sheet.sections(&label.requirements);
    sheet.bar();
    sheet.y += PADDING;
    for line in label.small_print() {
        sheet.paragraph(&line, PRINT, 0);
    }
    sheet.y += MARGIN;
    framed(label, sheet)
}

/// The finished sheet, in a picture of its size.
fn framed(label: &Label, Sheet { body, y }: Sheet) -> String {
    let [wide, high, inner_wide, inner_high] = [WIDTH, y, WIDTH - 2, y - 2].map(|length| length.to_string());
    let view = format!("0 0 {wide} {high}");
    let root = [
        ("xmlns", "http://www.w3.org/2000/svg"),
        ("width", wide.as_str()),
        ("height", &high),
        ("viewBox", &view),
        ("font-family", FONTS),
        ("role", "img"),
        ("aria-labelledby", "title"),
        ("lang", "en"),
    ];
    let frame = [
        ("x", "1"),
        ("y", "1"),
        ("width", inner_wide.as_str()),
        ("height", &inner_high),
        ("fill", "#fff"),
        ("stroke", BLACK),
        ("stroke-width", "2"),
    ];
    let title = format!("{TITLE}: {} {}", label.product.name, label.build.name);
    let mut picture = Markup::new("");
    picture.element("svg", &root, |picture| {
        picture.text_element("title", &[("id", "title")], &title);
        picture.empty("rect", &frame);
        picture.append(body);
    });
    picture.finish()
}

/// What is drawn so far, from the top down to `y`.
struct Sheet {
    body: Markup,
    y: usize,
}

impl Sheet {
    fn header(&mut self, label: &Label) {
        let [x, y, inner] = [MARGIN, self.y + 44, WIDTH - 2 * MARGIN].map(|length| length.to_string());
        let title = [
            ("x", x.as_str()),
            ("y", &y),
            ("font-size", "52"),
            ("font-weight", "900"),
            // As wide as the rules, whatever the font is.
            ("textLength", &inner),
            ("lengthAdjust", "spacingAndGlyphs"),
        ];
        self.body.text_element("text", &title, TITLE);
        self.y += 60;
        self.rule(0, BLACK);
        self.y += PADDING;
        self.paragraph(&label.product.name, NAME, 0);
        self.paragraph(&label.version(), PLAIN, 0);
        self.y += 2 * PADDING;
    }

    fn sections(&mut self, sections: &[Section]) {
        for (index, section) in sections.iter().enumerate() {
            if index > 0 {
                self.rule(0, BLACK);
            }
            self.y += PADDING;
            self.section(section);
            self.y += PADDING;
        }
    }

    fn section(&mut self, section: &Section) {
        let short = section.in_short();
        self.spread(&section.title, STRONG, short.map(|short| (short, PLAIN)), 0);
        if short.is_some() {
            return;
        }
        for (index, row) in section.rows.iter().enumerate() {
            if index > 0 {
                self.y += PADDING;
                self.rule(INDENT, GREY);
                self.y += PADDING;
            }
            self.row(row);
        }
        if let Some(rest) = section.rest() {
            self.y += PADDING;
            self.paragraph(&rest, PLAIN, INDENT);
        }
    }

    fn row(&mut self, row: &Row) {
        let (font, end) = (Font::of(row.met), row.end());
        let beside = end.filter(|end| font.width(end) <= (WIDTH - 2 * MARGIN) / 2);
        self.spread(&row.name, PLAIN, beside.map(|end| (end, font)), INDENT);
        for detail in end.filter(|_| beside.is_none()).into_iter().chain(row.details.iter().map(String::as_str)) {
            self.paragraph(detail, SMALL, INDENT);
        }
    }

    fn paragraph(&mut self, text: &str, font: Font, indent: usize) {
        self.spread(text, font, None, indent);
    }

    /// A text, with another at the end of its first line.
    fn spread(&mut self, text: &str, font: Font, end: Option<(&str, Font)>, indent: usize) {
        let taken = end.map_or(0, |(end, font)| font.width(end) + font.inset + GAP);
        let room = WIDTH - 2 * MARGIN - indent - taken;
        for (index, line) in wrap(text, room, |line| font.width(line)).into_iter().enumerate() {
            self.write(line, font, MARGIN + indent, "start");
            if let Some((end, font)) = end.filter(|_| index == 0) {
                self.backdrop(end, font);
                self.write(end, font, WIDTH - MARGIN - font.inset, "end");
            }
            self.y += font.leading();
        }
    }

    /// Writes a line that begins or ends at `x`.
    fn write(&mut self, line: &str, font: Font, x: usize, anchor: &str) {
        let [x, y, size] = [x, self.y + font.size, font.size].map(|length| length.to_string());
        let weight = if font.bold { "700" } else { "400" };
        let attributes = [
            ("x", x.as_str()),
            ("y", &y),
            ("font-size", &size),
            ("font-weight", weight),
            ("fill", font.fill),
            ("text-anchor", anchor),
        ];
        self.body.text_element("text", &attributes, line);
    }

    /// Black behind what stands at the end of a line, if it is to have that.
    fn backdrop(&mut self, end: &str, font: Font) {
        if font.inset > 0 {
            let wide = font.width(end) + 2 * font.inset;
            self.rectangle(WIDTH - MARGIN - wide, wide, font.leading(), BLACK);
        }
    }

    fn rule(&mut self, indent: usize, fill: &str) {
        self.rectangle(MARGIN + indent, WIDTH - 2 * MARGIN - indent, 1, fill);
        self.y += 1;
    }

    /// The heavy rule between the parts.
    fn bar(&mut self) {
        self.rectangle(MARGIN, WIDTH - 2 * MARGIN, 10, BLACK);
        self.y += 10;
    }

    fn rectangle(&mut self, x: usize, wide: usize, high: usize, fill: &str) {
        let [x, y, wide, high] = [x, self.y, wide, high].map(|length| length.to_string());
        let attributes = [("x", x.as_str()), ("y", &y), ("width", &wide), ("height", &high), ("fill", fill)];
        self.body.empty("rect", &attributes);
    }
}
