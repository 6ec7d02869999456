//! What a driver's error means to the core.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use sqlx::error::{DatabaseError, ErrorKind};

use crate::core::error::TAKEN;
use crate::core::{Error, Kind, Result};

/// PostgreSQL's SQLSTATE classes and codes for what may well work a moment later: connection exceptions, transactions
/// rolled back for others' sake (deadlock), statements that waited too long, operator intervention (shutting down, starting up), insufficient resources.
const AWAY: [&str; 5] = ["08", RACE, "57014", "57P0", "53"];
/// The class of transactions rolled back for others' sake.
const RACE: &str = "40";

/// Turns a driver's error into the core's: a broken constraint into what the caller may mend, a lost connection into
/// [`Kind::Unavailable`], all else into [`Kind::Internal`].
pub(super) fn classify(error: sqlx::Error) -> Error {
    if is_away(&error) {
        return Error::unavailable("The database is away for now. Please try again in a moment.").because(error);
    }
    let sqlx::Error::Database(failure) = &error else { return Error::internal(error) };
    match failure.kind() {
        ErrorKind::UniqueViolation => taken(failure.as_ref()),
        ErrorKind::ForeignKeyViolation => {
            Error::conflict("Something that this refers to, or that refers to it, stands in the way.").because(error)
        }
        ErrorKind::CheckViolation | ErrorKind::NotNullViolation => {
            Error::new(Kind::Invalid, "A value breaks a rule of the database's schema.").because(error)
        }
        _ => Error::internal(error),
    }
}

/// Whether the database may well be back later.
pub(super) fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(failure) => {
            let code = failure.code().unwrap_or_default();
            let postgres = failure.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some();
            // SQLite's 5 and 6 with their extensions: busy, locked.
            if postgres {
                AWAY.iter().any(|class| code.starts_with(class))
            } else {
                matches!(code.parse::<i32>(), Ok(code) if matches!(code & 0xff, 5 | 6))
            }
        }
        _ => false,
    }
}

/// Does what is a transaction of its own, and again if it was rolled back for others' sake.
///
/// # Errors
/// Those of what is done; [`Kind::Unavailable`] when it loses every race.
pub async fn again<T, F: Future<Output = Result<T>>>(action: impl FnMut() -> F) -> Result<T> {
    let backoff = ExponentialBuilder::new().with_min_delay(Duration::from_millis(10)).with_max_times(4).with_jitter();
    action.retry(backoff).when(lost_a_race).await
}

fn lost_a_race(error: &Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<sqlx::Error>());
    let code = cause.and_then(sqlx::Error::as_database_error).and_then(|failure| failure.code());
    error.kind() == Kind::Unavailable && code.is_some_and(|code| code.starts_with(RACE))
}

/// A unique constraint's failure, as the field that it is about.
fn taken(failure: &dyn DatabaseError) -> Error {
    match unique_field(failure) {
        Some(field) if field == "id" => Error::conflict("There is one with this id already."),
        Some(field) => Error::invalid_field(&field, TAKEN),
        None => Error::conflict("There is one like this already."),
    }
}

/// PostgreSQL names the constraint, `<table>_<field>_key`; SQLite lists the columns, the field last.
fn unique_field(failure: &dyn DatabaseError) -> Option<String> {
    if let Some(constraint) = failure.constraint() {
        let name = constraint.strip_prefix(failure.table()?)?.strip_prefix('_')?;
        return Some(if name == "pkey" { "id".into() } else { name.strip_suffix("_key")?.into() });
    }
    let (_, columns) = failure.message().rsplit_once(": ")?;
    let (_, field) = columns.rsplit_once('.')?;
    Some(field.into())
}
