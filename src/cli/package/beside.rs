//! The files beside a manifest: whether those that it names are there, and are what the marketplace takes.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use bytesize::ByteSize;

use super::super::storage::{LARGEST_ASSET, LARGEST_IMAGE};
use crate::core::files::{self, FileKind};
use crate::core::manifest::{Fault, Severity};

/// The folder of a manifest.
pub struct Folder<'a> {
    path: &'a Path,
    /// What was found out already: to decode a picture takes a while, and a manifest may name it a thousand times.
    pictures: RefCell<HashMap<PathBuf, Result<(), Fault>>>,
}

impl<'a> Folder<'a> {
    pub fn new(path: &'a Path) -> Self {
        Self { path, pictures: RefCell::default() }
    }

    /// Looks at a file that the manifest names.
    pub fn look(&self, name: &str, kind: FileKind) -> Result<(), Fault> {
        let file = self.locate(name)?;
        let largest = match kind {
            FileKind::Image => LARGEST_IMAGE,
            FileKind::Asset => LARGEST_ASSET,
        };
        let size = ByteSize(file.metadata().map_err(|error| unreadable(&error))?.len());
        if size > largest {
            let message = format!("names a file of {size}, and marketplaces take {largest} unless set otherwise");
            let help = "Make it smaller, or ask the marketplace's operator.".into();
            return Err(Fault { severity: Severity::Warning, message, help });
        }
        match kind {
            FileKind::Image => self.pictures.borrow_mut().entry(file).or_insert_with_key(|file| picture(file)).clone(),
            FileKind::Asset => std::fs::File::open(&file).map(drop).map_err(|error| unreadable(&error)),
        }
    }

    /// Where the file really is: a regular one inside the folder, whatever links lead to it.
    fn locate(&self, name: &str) -> Result<PathBuf, Fault> {
        let real = |path: &Path| path.canonicalize().map_err(|error| unreadable(&error));
        let file = real(&self.path.join(name))?;
        if !file.starts_with(real(self.path)?) {
            return Err(fault("names a link that leads out of the manifest's folder", "Put the file itself there."));
        }
        if !file.is_file() {
            return Err(fault("names what is no regular file", "Name a file."));
        }
        Ok(file)
    }
}

/// Nothing, if a file is a picture that the marketplace can show.
fn picture(file: &Path) -> Result<(), Fault> {
    let bytes = std::fs::read(file).map_err(|error| unreadable(&error))?;
    files::check_picture(&bytes).map_err(|must| fault(&must, "Convert it, for example to PNG."))
}

fn unreadable(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::NotFound => fault("names a file that is not there", "Add the file, or correct its path."),
        _ => fault(&format!("names a file that can't be read: {error}"), "Make it readable, or name another."),
    }
}

fn fault(message: &str, help: &str) -> Fault {
    Fault { severity: Severity::Error, message: message.to_owned(), help: help.to_owned() }
}
