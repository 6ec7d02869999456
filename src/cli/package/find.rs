//! Finding manifests.

use std::io;
use std::path::{Path, PathBuf};

use super::super::error::{Code, Failed};

/// The file that describes a package.
pub const MANIFEST: &str = "marketplace.json";
/// How deep folders are searched for packages.
const DEEPEST: usize = 16;

/// What was found at a path: manifests, or why one can't be had.
pub type Found = Result<PathBuf, (PathBuf, Failed)>;

/// The manifests at a path: a file itself, a folder's own, else those further down. What can't be read is told, and the rest
/// found all the same; so there is at least one answer.
pub fn find(path: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    search(path, 0, &mut found);
    if found.is_empty() {
        let failed = Failed::with_code(Code::NotFound, format!("There is no {MANIFEST} in {}.", path.display()));
        found.push(Err((path.to_owned(), failed)));
    }
    found
}

fn search(path: &Path, depth: usize, found: &mut Vec<Found>) {
    match folders(path) {
        Ok(Place::Manifest(manifest)) => found.push(Ok(manifest)),
        Ok(Place::Folders(folders)) if depth < DEEPEST => {
            folders.iter().for_each(|folder| search(folder, depth + 1, found));
        }
        Ok(Place::Folders(_)) => {}
        Err(error) => found.push(Err((path.to_owned(), unreadable(path, &error)))),
    }
}

/// What is at a path.
enum Place {
    Manifest(PathBuf),
    /// A folder with none, and the folders in it.
    Folders(Vec<PathBuf>),
}

fn folders(path: &Path) -> io::Result<Place> {
    if !std::fs::metadata(path)?.is_dir() {
        return Ok(Place::Manifest(path.to_owned()));
    }
    let own = path.join(MANIFEST);
    if own.is_file() {
        return Ok(Place::Manifest(own));
    }
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.push(entry.path());
        }
    }
    folders.sort();
    Ok(Place::Folders(folders))
}

/// That a file or folder can't be read.
pub fn unreadable(path: &Path, error: &io::Error) -> Failed {
    let code = if error.kind() == io::ErrorKind::NotFound { Code::NotFound } else { Code::Failed };
    Failed::with_code(code, format!("Can't read {}: {error}.", path.display()))
}
