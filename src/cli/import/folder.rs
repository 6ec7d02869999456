//! A folder that is imported: its files, and none outside of it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern};
use ring::digest::{Context, SHA256};

use crate::cli::error::{Code, Failed};
use crate::core::files::Sha256;

/// The most bytes of a file: all known artifacts are a hundred times smaller.
const LARGEST: u64 = 64 * 1024 * 1024;
/// How deep folders are searched.
const DEEPEST: usize = 64;

pub struct Folder {
    /// Where it is, without symbolic links.
    root: PathBuf,
    ignore: Vec<Pattern>,
}

/// A file found in a folder: its path there, and where it is or why it can't be read.
pub type Found = (String, Result<PathBuf, String>);

impl Folder {
    /// The folder at a path, of which files and folders that match a pattern are ignored.
    pub fn open(path: &Path, ignore: Vec<Pattern>) -> Result<Self, Failed> {
        let unreadable = |error: io::Error| {
            let code = if error.kind() == io::ErrorKind::NotFound { Code::NotFound } else { Code::Failed };
            Failed::with_code(code, format!("Can't read {}: {error}.", path.display()))
        };
        let root = path.canonicalize().map_err(unreadable)?;
        if !root.is_dir() {
            return Err(Failed::with_code(Code::Usage, format!("{} is a file: name its folder.", path.display())));
        }
        Ok(Self { root, ignore })
    }

    /// Whether a pattern matches a path or a folder on its way; one without a slash matches names at any depth.
    pub fn ignores(&self, path: &str) -> bool {
        let options = MatchOptions { require_literal_separator: true, ..MatchOptions::new() };
        let path = path.trim_start_matches("./");
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        let mut ways = ends.map(|end| &path[..end]);
        ways.any(|way| {
            let name = way.rsplit('/').next().unwrap_or(way);
            self.ignore.iter().any(|pattern| {
                let matched = if pattern.as_str().contains('/') { way } else { name };
                pattern.matches_with(matched, options)
            })
        })
    }

    /// Where the file at a path in the folder is, if it is in the folder and can be read.
    pub fn locate(&self, path: &str) -> Result<PathBuf, String> {
        let inside = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if path.is_empty() || !Path::new(path).components().all(inside) {
            return Err("its path leads out of the folder: write one relative to the manifest, without ..".to_owned());
        }
        let found = self.root.join(path).canonicalize().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => format!("it can't be read: {error}"),
        })?;
        if !found.starts_with(&self.root) {
            return Err("it is a symbolic link that leads out of the folder: copy the file instead".to_owned());
        }
        let metadata = found.metadata().map_err(|error| format!("it can't be read: {error}"))?;
        if !metadata.is_file() {
            return Err("it is not a file".to_owned());
        }
        within(metadata.len())?;
        Ok(found)
    }

    /// All files of the folder, in order. Hidden ones are left out, and folders that are symbolic links: they may lead
    /// in a circle.
    pub fn walk(&self) -> Vec<Found> {
        let mut found = Vec::new();
        self.walk_into("", 0, &mut found);
        found
    }

    fn walk_into(&self, place: &str, depth: usize, found: &mut Vec<Found>) {
        let entries = std::fs::read_dir(self.root.join(place)).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return found.push((place.to_owned(), Err(format!("the folder can't be read: {error}")))),
        };
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                found.push((format!("{place}{}", name.display()), Err("its name is not UTF-8: rename it".to_owned())));
                continue;
            };
            let path = format!("{place}{name}");
            if name.starts_with('.') {
                continue;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth == DEEPEST => {
                    found.push((path, Err(format!("it is more than {DEEPEST} folders deep"))));
                }
                Ok(kind) if kind.is_dir() && self.ignores(&path) => {}
                Ok(kind) if kind.is_dir() => self.walk_into(&format!("{path}/"), depth + 1, found),
                Ok(kind) if kind.is_symlink() && entry.path().is_dir() => {}
                _ => {
                    let located = self.locate(&path);
                    found.push((path, located));
                }
            }
        }
    }
}

/// A file that is read once: what is read of it is hashed on the way.
pub struct Source(BufReader<Hashed>);

struct Hashed {
    file: File,
    hash: Context,
    size: u64,
}

impl Source {
    pub fn open(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| format!("it can't be read: {error}"))?;
        Ok(Self(BufReader::new(Hashed { file, hash: Context::new(&SHA256), size: 0 })))
    }

    /// The SHA-256 of the whole file.
    pub fn finish(mut self) -> Result<Sha256, String> {
        io::copy(&mut self.0, &mut io::sink()).map_err(|error| format!("it can't be read: {error}"))?;
        Ok(self.0.into_inner().hash.finish().into())
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.0.consume(amount);
    }
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.size += count as u64;
        within(self.size).map_err(io::Error::other)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

fn within(size: u64) -> Result<(), String> {
    let most = bytesize::ByteSize::b(LARGEST).display().iec();
    if size <= LARGEST { Ok(()) } else { Err(format!("it is larger than {most}")) }
}

/// The line of a file that a byte is in, for people.
pub fn line_at(path: &Path, offset: u64) -> Option<usize> {
    let mut start = BufReader::new(File::open(path).ok()?).take(offset);
    let mut line = 1;
    loop {
        let bytes = start.fill_buf().ok()?;
        if bytes.is_empty() {
            return Some(line);
        }
        line += bytes.iter().filter(|byte| **byte == b'\n').count();
        let count = bytes.len();
        start.consume(count);
    }
}
