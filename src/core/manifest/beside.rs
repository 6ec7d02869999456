//! The files that a manifest names, as whoever has them beside it sees them.

use super::diagnostic::Severity;
use crate::core::files::FileKind;

/// What is wrong with a file that a manifest names, told where it names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, as the rest of a sentence that starts with the key that names the file.
    pub message: String,
    /// How to mend it.
    pub help: String,
}

/// Looks at the file at a path inside the manifest's folder.
pub type Look<'a> = dyn Fn(&str, FileKind) -> Result<(), Fault> + 'a;
