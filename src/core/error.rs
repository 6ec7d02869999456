//! The one error of the core. Its [`Kind`] is all that the server (a status) and the command line (an exit code)
//! translate; the cause is for the log and never leaves the process.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The result of whatever the core does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every failing field of an input with what each must be.
pub type FieldErrors = BTreeMap<String, Vec<String>>;

/// What is wrong with a value that another row has, where no two may.
pub const TAKEN: &str = "has been taken already";

/// What went wrong, as far as a caller needs to know to react.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request can't be understood: malformed JSON, a bad parameter.
    BadRequest,
    /// No credentials, or ones that don't hold.
    Unauthenticated,
    /// Known, but lacks a permission.
    Forbidden,
    /// Absent, or not visible to this caller: the two are the same answer.
    NotFound,
    /// The state forbids it.
    Conflict,
    /// An `If-Match` did not hold.
    PreconditionFailed,
    /// What was sent is larger than what is taken.
    TooLarge,
    /// Understood, but some fields don't hold.
    Invalid,
    /// Understood, and not granted by any licence.
    Refused,
    /// The database or another part is away; trying again later may work.
    Unavailable,
    /// A fault of the marketplace itself.
    Internal,
}

/// A failure: its kind, a sentence for the person who asked, and for [`Kind::Invalid`] the fields at fault.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    fields: FieldErrors,
    details: Option<serde_json::Value>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind with a sentence that says what is wrong and, where it can, how to mend it.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), fields: FieldErrors::new(), details: None, source: None }
    }

    /// [`Kind::BadRequest`].
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Kind::BadRequest, message)
    }

    /// [`Kind::Conflict`].
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, message)
    }

    /// [`Kind::Unavailable`].
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, message)
    }

    /// [`Kind::NotFound`], in the words that are the same whether the thing is absent or hidden.
    pub fn not_found(what: &str) -> Self {
        Self::new(Kind::NotFound, format!("There is no such {what}, or you may not see it."))
    }

    /// [`Kind::Invalid`] with all failing fields.
    pub fn invalid(fields: FieldErrors) -> Self {
        let list: Vec<_> = fields.iter().map(|(field, must)| format!("{field} {}", must.join(" and "))).collect();
        Self { fields, ..Self::new(Kind::Invalid, format!("Please correct: {}.", list.join("; "))) }
    }

    /// [`Kind::Invalid`] with one failing field.
    pub fn invalid_field(field: &str, must: impl Into<String>) -> Self {
        Self::invalid(FieldErrors::from([(field.to_owned(), vec![must.into()])]))
    }

    /// [`Kind::Internal`], keeping its cause for the log.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Kind::Internal, "The marketplace failed to do this. The operator's log says why.").because(source)
    }

    /// Says what it is about, where several things were asked for at once.
    pub fn about(self, what: &str) -> Self {
        Self { message: format!("{what}: {}", self.message), ..self }
    }

    /// Adds the cause, which is logged and never shown.
    pub fn because(self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// Adds structured details for programs, shown beside the message.
    pub fn with_details(self, details: serde_json::Value) -> Self {
        Self { details: Some(details), ..self }
    }

    /// The same for another who waited for it.
    pub fn shared(error: &Arc<Self>) -> Self {
        Self::new(error.kind, error.message.clone()).because(Shared(error.clone()))
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The sentence for the person who asked.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The failing fields of a [`Kind::Invalid`].
    pub fn fields(&self) -> &FieldErrors {
        &self.fields
    }

    /// Structured details for programs, if any.
    pub fn details(&self) -> Option<&serde_json::Value> {
        self.details.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// The cause of an error that several wait for: that of the first.
#[derive(Debug)]
struct Shared(Arc<Error>);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Shared {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.0)
    }
}
