//! How far `--resume NAME` came: a file for each name, with a position in what is followed.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::cli::error::{Code, Failed};
use crate::client::cable::{Followed, Position};

/// A name, and the file for it. Nobody else uses it meanwhile.
pub struct Resume {
    file: PathBuf,
    stream: String,
    _lock: File,
}

/// What is in the file.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// What was followed.
    stream: String,
    #[serde(flatten)]
    position: Position,
}

/// A name that a file can have, anywhere.
pub fn name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.len() > 64 || text.starts_with('.') || !text.chars().all(plain) {
        return Err("must have 1 to 64 letters, digits, -, _ or . and not begin with a dot".into());
    }
    Ok(text.to_owned())
}

impl Resume {
    /// Takes a name.
    pub fn open(name: &str, followed: Followed) -> Result<Self, Failed> {
        let folder = folder()?;
        let unwritable = |error| Failed::new(format!("Can't keep anything in {}: {error}.", folder.display()));
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(unwritable)?;
        let lock = folder.join(format!("{name}.lock"));
        let lock = OpenOptions::new().create(true).append(true).open(lock).map_err(unwritable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = format!("Another mkt watch goes by the name {name:?} right now.");
                return Err(Failed::with_code(Code::Conflict, message).hint("Choose another name with --resume."));
            }
            Err(TryLockError::Error(error)) => return Err(unwritable(error)),
        }
        Ok(Self { file: folder.join(format!("{name}.json")), stream: followed.stream(), _lock: lock })
    }

    /// The position that was kept, if any was.
    pub fn position(&self) -> Result<Option<Position>, Failed> {
        let text = match std::fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failed::new(format!("Can't read {}: {error}.", self.file.display()))),
        };
        let again = || format!("To start anew, delete {}.", self.file.display());
        let kept: Kept = serde_json::from_str(&text)
            .map_err(|error| Failed::new(format!("Can't read {}: {error}.", self.file.display())).hint(again()))?;
        if kept.stream != self.stream {
            let message = format!("This name is of a watch that follows {}, not {}.", kept.stream, self.stream);
            return Err(Failed::with_code(Code::Usage, message).hint(again()));
        }
        Ok(Some(kept.position))
    }

    /// Keeps a position: aside first and then in its place, so that whatever dies there is a whole one.
    pub fn keep(&self, position: &Position) -> Result<(), Failed> {
        let kept = Kept { stream: self.stream.clone(), position: position.clone() };
        let written = || {
            let mut file = NamedTempFile::with_prefix_in(".", self.file.parent().unwrap_or(Path::new(".")))?;
            file.write_all(serde_json::to_string(&kept)?.as_bytes())?;
            file.persist(&self.file)?;
            Ok(())
        };
        written().map_err(|error: std::io::Error| Failed::new(format!("Can't write {}: {error}.", self.file.display())))
    }
}

/// `$XDG_STATE_HOME/mkt/watch`, else `~/.local/state/mkt/watch`.
fn folder() -> Result<PathBuf, Failed> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .map(|state| state.join("mkt/watch"))
        .ok_or_else(|| Failed::with_code(Code::Usage, "--resume needs XDG_STATE_HOME or HOME to be set."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_files() {
        for (text, good) in
            [("nightly", true), ("a.b-c_1", true), ("", false), ("..", false), ("a/b", false), ("ä", false)]
        {
            assert_eq!(name(text).is_ok(), good, "{text}");
        }
    }
}
