//! The database: one handle over two drivers. No module outside this folder names a driver.

mod arg;
mod column;
mod commits;
mod counts;
mod dialect;
mod failure;
mod migrations;
mod open;
mod sealed;
mod set;
mod statement;
mod text;
mod tx;
mod url;

use std::sync::Arc;

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, PgPool, Postgres, Sqlite, SqlitePool, Transaction};
use tokio::runtime::RuntimeFlavor;
use tokio::sync::Mutex as AsyncMutex;

pub use arg::Arg;
pub use commits::{FAMILIES, Listener};
pub use dialect::Dialect;
pub use failure::again;
pub use migrations::{MigrationState, State};
pub use open::Wait;
pub use sealed::Sealed;
pub use sqlx::types::Json;
pub use sqlx::{FromRow, Type};
pub use statement::Statement;
pub use text::{Has, Hits, Lexeme};
pub use tx::Tx;
pub use url::DatabaseUrl;

use super::clock::Timestamp;
use super::secret::Secret;
use super::{Error, Result};
use commits::Commits;
use sealed::Seal;

/// A row type that decodes from either database; `#[derive(FromRow)]` suffices.
pub trait Row: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin + 'static {}
impl<T> Row for T where T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin + 'static {}

/// A pool of connections, or a transaction opened from one. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    handle: Handle,
    commits: Arc<Commits>,
    seal: Option<Arc<Seal>>,
    /// Whether servers wake one another.
    notify: bool,
}

#[derive(Clone)]
enum Handle {
    Postgres(PgPool),
    PostgresTx(Arc<AsyncMutex<Transaction<'static, Postgres>>>),
    /// SQLite has one writer at a time: a pool of one connection queues writers fairly where busy-waiting would not.
    Sqlite {
        readers: SqlitePool,
        writer: SqlitePool,
    },
    SqliteTx(Arc<AsyncMutex<Transaction<'static, Sqlite>>>),
}

/// Runs one statement on whichever handle is held.
macro_rules! run {
    ($db:ident, $statement:ident, $query:expr, $fetch:ident) => {{
        let Statement { text, args } = $statement;
        let args = $db.sealed(args)?;
        macro_rules! bound {
            () => {
                args.into_iter().fold($query(AssertSqlSafe(text)), |query, arg| query.bind(arg))
            };
        }
        match &$db.handle {
            Handle::Postgres(pool) => bound!().$fetch(pool).await.map(Into::into),
            Handle::PostgresTx(tx) => bound!().$fetch(&mut **tx.lock().await).await.map(Into::into),
            Handle::Sqlite { readers, .. } => bound!().$fetch(readers).await.map(Into::into),
            Handle::SqliteTx(tx) => bound!().$fetch(&mut **tx.lock().await).await.map(Into::into),
        }
        .map_err(failure::classify)
    }};
}

/// How many rows a statement changed.
struct Affected(u64);

impl From<sqlx::postgres::PgQueryResult> for Affected {
    fn from(result: sqlx::postgres::PgQueryResult) -> Self {
        Self(result.rows_affected())
    }
}

impl From<sqlx::sqlite::SqliteQueryResult> for Affected {
    fn from(result: sqlx::sqlite::SqliteQueryResult) -> Self {
        Self(result.rows_affected())
    }
}

impl Db {
    fn new(handle: Handle) -> Self {
        Self { handle, commits: Arc::default(), seal: None, notify: true }
    }

    /// This database, able to keep secrets: they are encrypted under the marketplace's secret key.
    ///
    /// # Errors
    /// When no key can be made of it.
    pub fn with_secret_key(self, secret_key: &Secret) -> Result<Self> {
        Ok(Self { seal: Some(Arc::new(Seal::new(secret_key)?)), ..self })
    }

    /// This database, where servers don't wake one another: all is polled for, which works through any pooler.
    pub fn without_notify(self) -> Self {
        Self { notify: false, ..self }
    }

    fn seal(&self) -> Result<&Seal> {
        self.seal.as_deref().ok_or_else(|| Error::internal("secrets need the marketplace's secret key"))
    }

    /// The arguments with their secrets encrypted.
    fn sealed(&self, mut args: Vec<Arg>) -> Result<Vec<Arg>> {
        for arg in &mut args {
            if let Arg::Sealed(secret) = arg {
                let sealed = match secret.take() {
                    Some(Sealed::Open(secret)) => Some(self.seal()?.close(secret.expose())?),
                    Some(Sealed::Closed(sealed)) => Some(sealed),
                    None => None,
                };
                *arg = Arg::Bytes(sealed);
            }
        }
        Ok(args)
    }

    /// The text of a secret.
    ///
    /// # Errors
    /// When it was sealed under another secret key.
    pub fn unseal(&self, secret: &Sealed) -> Result<Secret> {
        match secret {
            Sealed::Open(secret) => Ok(secret.clone()),
            Sealed::Closed(sealed) => self.seal()?.open(sealed).map(Secret::new),
        }
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        match &self.handle {
            Handle::Postgres(_) | Handle::PostgresTx(_) => Dialect::Postgres,
            Handle::Sqlite { .. } | Handle::SqliteTx(_) => Dialect::Sqlite,
        }
    }

    /// Whether this is a transaction.
    pub fn in_transaction(&self) -> bool {
        matches!(self.handle, Handle::PostgresTx(_) | Handle::SqliteTx(_))
    }

    /// Opens a transaction; all writes happen in one. Dropping it without [`Tx::commit`] rolls it back.
    ///
    /// # Errors
    /// [`Kind::Unavailable`](super::Kind::Unavailable) when no connection can be had in time.
    pub async fn begin(&self) -> Result<Tx> {
        let handle = match &self.handle {
            Handle::Postgres(pool) => {
                Handle::PostgresTx(Arc::new(AsyncMutex::new(pool.begin().await.map_err(failure::classify)?)))
            }
            // A deferred transaction that reads before it writes loses the race for the lock.
            Handle::Sqlite { writer, .. } => Handle::SqliteTx(Arc::new(AsyncMutex::new(
                writer.begin_with("begin immediate").await.map_err(failure::classify)?,
            ))),
            Handle::PostgresTx(_) | Handle::SqliteTx(_) => {
                return Err(Error::internal("a transaction was opened inside a transaction"));
            }
        };
        let db = Self { handle, ..self.clone() };
        Ok(Tx::new(db))
    }

    /// Does what consists of many statements one after another. SQLite answers within microseconds, from a thread of its own: who
    /// waits right here is woken in half the time of who has gone to look for other work.
    pub async fn at_a_stretch<T>(&self, steps: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Handle::current();
        match (&self.handle, runtime.runtime_flavor()) {
            (Handle::Sqlite { .. } | Handle::SqliteTx(_), RuntimeFlavor::MultiThread) => {
                tokio::task::block_in_place(|| runtime.block_on(steps))
            }
            _ => steps.await,
        }
    }

    /// All rows that a statement gives.
    ///
    /// # Errors
    /// When the database refuses the statement or is away.
    pub async fn all<T: Row>(&self, statement: Statement) -> Result<Vec<T>> {
        run!(self, statement, sqlx::query_as, fetch_all)
    }

    /// The row that a statement gives, if any.
    ///
    /// # Errors
    /// When the database refuses the statement or is away.
    pub async fn optional<T: Row>(&self, statement: Statement) -> Result<Option<T>> {
        run!(self, statement, sqlx::query_as, fetch_optional)
    }

    /// The one row that a statement always gives.
    ///
    /// # Errors
    /// When the database refuses the statement, gives no row or is away.
    pub async fn one<T: Row>(&self, statement: Statement) -> Result<T> {
        self.optional(statement).await?.ok_or_else(|| Error::internal("a statement gave no row"))
    }

    /// The first column of the one row that a statement always gives.
    ///
    /// # Errors
    /// As [`one`](Self::one).
    pub async fn scalar<T>(&self, statement: Statement) -> Result<T>
    where
        (T,): Row,
    {
        self.one::<(T,)>(statement).await.map(|(value,)| value)
    }

    /// Whether a statement gives any row.
    ///
    /// # Errors
    /// When the database refuses the statement or is away.
    pub async fn exists(&self, statement: Statement) -> Result<bool> {
        self.optional::<Nothing>(statement).await.map(|row| row.is_some())
    }

    /// The instant by the database's own clock.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn now(&self) -> Result<Timestamp> {
        match self.dialect() {
            Dialect::Postgres => self.scalar(crate::sql!("select now()")).await,
            Dialect::Sqlite => {
                let text: String = self.scalar(crate::sql!("select strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")).await?;
                text.parse().map_err(Error::internal)
            }
        }
    }

    /// Runs a statement and tells how many rows it changed. Writes need a transaction: see [`begin`](Self::begin).
    ///
    /// # Errors
    /// When the database refuses the statement or is away.
    pub async fn execute(&self, statement: Statement) -> Result<u64> {
        let affected: Result<Affected> = run!(self, statement, sqlx::query, execute);
        affected.map(|Affected(rows)| rows)
    }

    /// Runs one statement that writes, and no events, as a transaction of its own in one round trip, and answers the row that
    /// it gives. One that loses a race is run [`again`].
    ///
    /// # Errors
    /// As [`one`](Self::one).
    pub async fn commit_one<T: Row>(&self, statement: Statement) -> Result<T> {
        if let Handle::Sqlite { .. } = self.handle {
            let tx = self.begin().await?;
            let row = tx.one(statement).await?;
            tx.commit().await?;
            return Ok(row);
        }
        let row = again(|| self.one(statement.clone())).await?;
        self.changed_elsewhere();
        Ok(row)
    }

    /// Closes all connections; on SQLite this also folds the write-ahead log into the file.
    pub async fn close(&self) {
        match &self.handle {
            Handle::Postgres(pool) => pool.close().await,
            Handle::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Handle::PostgresTx(_) | Handle::SqliteTx(_) => {}
        }
    }
}

/// A row of which nothing is read.
struct Nothing;

impl<'r, R: sqlx::Row> FromRow<'r, R> for Nothing {
    fn from_row(_: &'r R) -> sqlx::Result<Self> {
        Ok(Self)
    }
}
