//! Packages as commands find them: a manifest, and the files beside it that it names.

mod beside;
mod find;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

pub use find::{Found, MANIFEST, find, unreadable};

use super::diagnostics;
use super::output::Printer;
use crate::core::manifest::{self, Diagnostic, LARGEST, Manifest, Severity};

/// A manifest that was read and checked.
pub struct Package {
    /// What its file is called.
    pub name: String,
    /// Its text, without a byte order mark.
    pub text: String,
    /// What is wrong with it and with the files that it names.
    pub diagnostics: Vec<Diagnostic>,
    /// It itself, unless it has errors.
    pub manifest: Option<Manifest>,
}

impl Package {
    /// Reads and checks a manifest, and looks at the files that it names.
    pub fn read(path: &Path) -> io::Result<Self> {
        let bytes = bytes(File::open(path)?)?;
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        Ok(Self::of(path.display().to_string(), &bytes, Some(folder)))
    }

    /// Reads and checks a manifest on the standard input. Which files are beside it, nobody knows.
    pub fn read_stdin() -> io::Result<Self> {
        Ok(Self::of("<stdin>".to_owned(), &bytes(io::stdin().lock())?, None))
    }

    /// Checks a manifest that belongs into a folder.
    pub fn of(name: String, bytes: &[u8], folder: Option<&Path>) -> Self {
        let folder = folder.map(beside::Folder::new);
        let look = folder.as_ref().map(|folder| |path: &str, kind| folder.look(path, kind));
        let (text, checked) = manifest::check_file(bytes, look.as_ref().map(|look| look as &manifest::Look));
        Self { name, text, diagnostics: checked.diagnostics, manifest: checked.manifest }
    }

    /// Takes warnings for errors.
    pub fn strict(mut self) -> Self {
        for diagnostic in &mut self.diagnostics {
            diagnostic.severity = Severity::Error;
            self.manifest = None;
        }
        self
    }

    /// How many errors and warnings there are.
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// Prints what is wrong.
    pub fn show(&self, printer: &Printer) {
        diagnostics::show(&self.name, &self.text, &self.diagnostics, printer);
    }
}

/// As much of a file as a manifest may have, and a byte more if it has that.
fn bytes(file: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // A byte order mark is not counted.
    file.take(LARGEST as u64 + 4).read_to_end(&mut bytes)?;
    Ok(bytes)
}
