//! XML and HTML that is well-formed by construction: whatever is written as text or as a value is escaped.

/// A document under construction. HTML written with it is well-formed XML, too.
pub struct Markup(String);

impl Markup {
    /// A document that begins with this.
    pub fn new(beginning: &'static str) -> Self {
        Self(beginning.to_owned())
    }

    /// An element, and what is in it.
    pub fn element(&mut self, name: &'static str, attributes: &[(&'static str, &str)], inside: impl FnOnce(&mut Self)) {
        self.open(name, attributes);
        self.0.push('>');
        inside(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// An element with a text in it.
    pub fn text_element(&mut self, name: &'static str, attributes: &[(&'static str, &str)], text: &str) {
        self.element(name, attributes, |markup| markup.text(text));
    }

    /// An element with nothing in it, ever.
    pub fn empty(&mut self, name: &'static str, attributes: &[(&'static str, &str)]) {
        self.open(name, attributes);
        self.0.push_str("/>");
    }

    /// Text.
    pub fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
    }

    /// What is part of the program, as it is.
    pub fn verbatim(&mut self, text: &'static str) {
        self.0.push_str(text);
    }

    /// Another document, here.
    pub fn append(&mut self, other: Self) {
        self.0.push_str(&other.0);
    }

    /// The document.
    pub fn finish(self) -> String {
        self.0
    }

    fn open(&mut self, name: &'static str, attributes: &[(&'static str, &str)]) {
        self.0.push('<');
        self.0.push_str(name);
        for (attribute, value) in attributes {
            self.0.push(' ');
            self.0.push_str(attribute);
            self.0.push_str("=\"");
            self.text(value);
            self.0.push('"');
        }
    }
}
