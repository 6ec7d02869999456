//! The folder of what people set and sign in with. Only they may read it.

use std::fs::{DirBuilder, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::PathBuf;

use tempfile::NamedTempFile;

use crate::cli::error::{Code, Failed};

/// `$XDG_CONFIG_HOME/mkt`, else `~/.config/mkt`. It may not exist yet.
pub struct Folder(PathBuf);

impl Folder {
    /// The folder, if the environment tells where it is.
    pub fn find() -> Option<Self> {
        let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let config = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
        config.map(|config| Self(config.join("mkt")))
    }

    /// The folder, for commands that keep something in it.
    pub fn required() -> Result<Self, Failed> {
        Self::find().ok_or_else(|| {
            let message = "There is no place to keep anything: neither XDG_CONFIG_HOME nor HOME is set.";
            Failed::with_code(Code::Usage, message).hint("Set one of them, or use MKT_SERVER and MKT_TOKEN.")
        })
    }

    /// The path of a file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A file in it, if there is one.
    pub fn open(&self, name: &str) -> Result<Option<File>, Failed> {
        let path = self.path(name);
        match File::open(&path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(Failed::new(format!("Can't read {}: {error}.", path.display()))),
        }
    }

    /// Makes the folder, and keeps other commands from changing what is in it for as long as the answer lives.
    pub fn lock(&self) -> Result<File, Failed> {
        let locked = || {
            DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
            std::fs::set_permissions(&self.0, Permissions::from_mode(0o700))?;
            let folder = File::open(&self.0)?;
            folder.lock()?;
            Ok(folder)
        };
        locked().map_err(|error| self.unwritable("", error))
    }

    /// Writes a file in it aside and then puts it in its place, so that nobody ever reads half of it.
    pub fn write(&self, name: &str, text: &str) -> Result<(), Failed> {
        let written = || {
            // Its mode is 0600 from the first moment.
            let mut file = NamedTempFile::with_prefix_in(".", &self.0)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(self.path(name))?;
            File::open(&self.0)?.sync_all()
        };
        written().map_err(|error| self.unwritable(name, error))
    }

    fn unwritable(&self, name: &str, error: std::io::Error) -> Failed {
        Failed::new(format!("Can't write {}: {error}.", self.path(name).display()))
    }
}

/// The line and column of a place in a text, from 1.
pub fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}
