//! Where the database is.

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use crate::core::{Error, Result};

/// The address of a database: `sqlite:PATH` or `postgres://…`. Its `Debug` and `Display` hide the password.
#[derive(Clone)]
pub struct DatabaseUrl(pub(super) Target);

#[derive(Clone)]
pub(super) enum Target {
    Postgres(Box<PgConnectOptions>),
    Sqlite(PathBuf),
}

impl DatabaseUrl {
    /// The SQLite database in this file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Target::Sqlite(path.into()))
    }

    /// The folder of a file database, where its secret key and its files belong too; `None` for a server.
    pub fn folder(&self) -> Option<&Path> {
        match &self.0 {
            Target::Sqlite(path) => Some(path.parent().filter(|parent| *parent != "").unwrap_or(Path::new("."))),
            Target::Postgres(_) => None,
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let malformed = |why: String| {
            Error::bad_request(format!(
                "The database URL is not usable: {why}. Use sqlite:/path/to/mkt.db or postgres://user:password@host/database."
            ))
        };
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.contains(":memory:") || path.contains('?') {
                return Err(malformed("SQLite needs the path of a file, without options".into()));
            }
            return Ok(Self::file(path));
        }
        if !text.starts_with("postgres:") && !text.starts_with("postgresql:") {
            return Err(malformed("it starts with neither sqlite: nor postgres:".into()));
        }
        let options = PgConnectOptions::from_str(text).map_err(|_| malformed("it is malformed".into()))?;
        if options.get_database().is_none_or(str::is_empty) {
            return Err(malformed("it names no database".into()));
        }
        Ok(Self(Target::Postgres(Box::new(options.application_name("mkt").options([("statement_timeout", "30s")])))))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Target::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Target::Postgres(options) => {
                let database = options.get_database().unwrap_or_default();
                write!(
                    f,
                    "postgres://{}@{}:{}/{database}",
                    options.get_username(),
                    options.get_host(),
                    options.get_port()
                )
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How long a SQLite connection waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How much of the database each SQLite connection keeps in memory: negative, in KiB. The default, 2 MiB, has it read indexes
/// again for each publication.
const CACHE: &str = "-16384";
/// After how many pages of the write-ahead log they are brought into the database: 16 MiB.
const CHECKPOINT: &str = "4096";

pub(super) fn sqlite_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("cache_size", CACHE)
        .pragma("temp_store", "memory")
        .pragma("wal_autocheckpoint", CHECKPOINT)
}

/// The same server's maintenance database, from where others are created.
pub(super) fn maintenance(options: &PgConnectOptions) -> PgConnectOptions {
    options.clone().database("postgres")
}
