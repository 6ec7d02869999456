//! Finding packages.

use std::path::{Path, PathBuf};

use crate::cli::error::{Code, Failed};

/// The file that describes a package.
const MANIFEST: &str = "marketplace.json";
/// How deep folders are searched for packages.
const DEEPEST: usize = 16;

/// The manifests at these paths: a file itself, a folder's own, else those further down.
pub fn manifests(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failed> {
    let mut found = Vec::new();
    paths.iter().try_for_each(|path| find(path, 0, &mut found))?;
    if found.is_empty() {
        let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(Failed::with_code(Code::NotFound, format!("There is no {MANIFEST} in {}.", paths.join(", "))));
    }
    Ok(found)
}

fn find(path: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Failed> {
    let unreadable = |error: std::io::Error| {
        let code = if error.kind() == std::io::ErrorKind::NotFound { Code::NotFound } else { Code::Failed };
        Failed::with_code(code, format!("Can't read {}: {error}.", path.display()))
    };
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
    folders.iter().try_for_each(|folder| find(folder, depth + 1, found))
}
