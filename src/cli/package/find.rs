//! Finding manifests.

use std::io;
use std::path::{Path, PathBuf};

use super::super::error::{Code, Failed};

/// The file that describes a package.
pub const MANIFEST: &str = "marketplace.json";
/// How deep folders are searched for packages.
const DEEPEST: usize = 16;

/// The manifests at a path: a file itself, a folder's own, else those further down; at least one.
pub fn find(path: &Path) -> Result<Vec<PathBuf>, Failed> {
    let mut found = Vec::new();
    search(path, 0, &mut found)?;
    if found.is_empty() {
        return Err(Failed::with_code(Code::NotFound, format!("There is no {MANIFEST} in {}.", path.display())));
    }
    Ok(found)
}

fn search(path: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Failed> {
    let unreadable = |error| unreadable(path, &error);
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let own = path.join(MANIFEST);
    if own.is_file() {
        found.push(own);
        return Ok(());
    }
    if depth == DEEPEST {
        return Ok(());
    }
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.file_type().map_err(unreadable)?.is_dir() {
            folders.push(entry.path());
        }
    }
    folders.sort();
    folders.iter().try_for_each(|folder| search(folder, depth + 1, found))
}

/// That a file or folder can't be read.
pub fn unreadable(path: &Path, error: &io::Error) -> Failed {
    let code = if error.kind() == io::ErrorKind::NotFound { Code::NotFound } else { Code::Failed };
    Failed::with_code(code, format!("Can't read {}: {error}.", path.display()))
}
