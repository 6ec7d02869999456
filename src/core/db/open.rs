//! Opening a database: waited for when away, created when missing.

use std::path::Path;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::url::{Target, maintenance, sqlite_options};
use super::{DatabaseUrl, Db, Handle, failure};
use crate::core::{Error, Kind, Result};

/// What to do when the database is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Try again until it is there.
    Forever,
    /// Give up at once.
    No,
}

/// SQLSTATE `invalid_catalog_name`: there is no such database.
const NO_SUCH_DATABASE: &str = "3D000";
/// SQLSTATE `insufficient_privilege`.
const NOT_PERMITTED: &str = "42501";
/// SQLSTATE `duplicate_database`, and `unique_violation`, which is how a lost race shows.
const EXISTS_ALREADY: [&str; 2] = ["42P04", "23505"];

const POSTGRES_CONNECTIONS: u32 = 16;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const SQLITE_READERS: u32 = 4;

impl Db {
    /// Opens the database, creating the SQLite file or the PostgreSQL database when it is missing. Applies no migration.
    ///
    /// # Errors
    /// When it may not be created or opened, or, without waiting, when it is away.
    pub async fn open(url: &DatabaseUrl, wait: Wait) -> Result<Self> {
        let backoff = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(250))
            .with_max_delay(Duration::from_secs(10))
            .without_max_times()
            .with_jitter();
        (|| Self::try_open(url))
            .retry(backoff)
            .when(|error| wait == Wait::Forever && error.kind() == Kind::Unavailable)
            .notify(|error: &Error, pause: Duration| {
                let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
                tracing::warn!(database = %url, %cause, "the database is away; trying again in {:.1} s", pause.as_secs_f32());
            })
            .await
    }

    async fn try_open(url: &DatabaseUrl) -> Result<Self> {
        match &url.0 {
            Target::Postgres(options) => open_postgres(options).await,
            Target::Sqlite(path) => open_sqlite(path).await,
        }
        .map(Self::new)
    }
}

async fn open_postgres(options: &PgConnectOptions) -> Result<Handle> {
    // An address that swallows what is sent to it is away, too.
    let connecting = tokio::time::timeout(CONNECT_TIMEOUT, PgConnection::connect_with(options));
    match connecting.await.unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut)) {
        Ok(connection) => drop(connection.close().await),
        Err(error) if code(&error) == NO_SUCH_DATABASE => create_database(options).await?,
        Err(error) if failure::is_away(&error) => return Err(failure::classify(error)),
        Err(error) => {
            let message = format!("PostgreSQL refused the connection as user {}: {error}.", options.get_username());
            return Err(Error::new(Kind::Forbidden, message).because(error));
        }
    }
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(Duration::from_secs(5))
        .connect_lazy_with(options.clone());
    Ok(Handle::Postgres(pool))
}

async fn create_database(options: &PgConnectOptions) -> Result<()> {
    let name = options.get_database().unwrap_or_default().replace('"', "\"\"");
    let user = options.get_username().replace('"', "\"\"");
    let refused = |error: sqlx::Error| {
        if failure::is_away(&error) {
            return failure::classify(error);
        }
        Error::new(
            Kind::Forbidden,
            format!(
                "The database \"{name}\" does not exist and user \"{user}\" may not create it. As a PostgreSQL \
                 administrator, run either:\n  create database \"{name}\" owner \"{user}\";\n  alter role \"{user}\" createdb;"
            ),
        )
        .because(error)
    };
    let mut connection = PgConnection::connect_with(&maintenance(options)).await.map_err(refused)?;
    let created = sqlx::query(AssertSqlSafe(format!("create database \"{name}\" encoding 'UTF8' template template0")))
        .execute(&mut connection)
        .await;
    match created {
        Ok(_) => tracing::info!(database = name, "created the database"),
        Err(error) if EXISTS_ALREADY.contains(&code(&error).as_str()) => {}
        Err(error) if code(&error) == NOT_PERMITTED => return Err(refused(error)),
        Err(error) => return Err(failure::classify(error)),
    }
    drop(connection.close().await);
    Ok(())
}

async fn open_sqlite(path: &Path) -> Result<Handle> {
    let unusable = |error: Box<dyn std::error::Error + Send + Sync>| {
        let message = format!("The database file {} can't be opened or created: {error}.", path.display());
        Error::new(Kind::Forbidden, message).because(error)
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| unusable(error.into()))?;
    }
    let options = sqlite_options(path);
    // The first connection creates the file and switches it to write-ahead logging, before any reader looks.
    let first = SqliteConnection::connect_with(&options.clone().create_if_missing(true)).await;
    match first {
        Ok(connection) => drop(connection.close().await),
        Err(error) if failure::is_away(&error) => return Err(failure::classify(error)),
        Err(error) => return Err(unusable(error.into())),
    }
    // A connection to a file does not go stale, so none is tried before it is used.
    let pool = |size, seconds| {
        let options = SqlitePoolOptions::new().test_before_acquire(false).max_connections(size);
        options.acquire_timeout(Duration::from_secs(seconds))
    };
    let (writer, readers) = (pool(1, 30), pool(SQLITE_READERS, 10));
    Ok(Handle::Sqlite {
        writer: writer.connect_lazy_with(options.clone()),
        // A write that strays to a reader fails at once instead of racing the writer.
        readers: readers.connect_lazy_with(options.pragma("query_only", "on")),
    })
}

fn code(error: &sqlx::Error) -> String {
    error.as_database_error().and_then(|failure| failure.code()).unwrap_or_default().into_owned()
}
