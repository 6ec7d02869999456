//! The schema's migrations, applied in order, each once: one text for both databases, but for full text.

use std::sync::LazyLock;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use serde::Serialize;
use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::{Db, Dialect, Handle, failure};
use crate::core::{Error, Kind, Result};

/// Every migration, oldest first. A released one never changes; `migrations/README.md` has the rules.
const MIGRATIONS: &[(&str, Text)] = &[
    ("marketplace", Text::Both(include_str!("../../../migrations/0001_marketplace.sql"))),
    ("people_and_rights", Text::Both(include_str!("../../../migrations/0002_people_and_rights.sql"))),
    ("files", Text::Both(include_str!("../../../migrations/0003_files.sql"))),
    (
        "search",
        Text::Each {
            postgres: include_str!("../../../migrations/0004_search.postgres.sql"),
            sqlite: include_str!("../../../migrations/0004_search.sqlite.sql"),
        },
    ),
    ("listing", Text::Both(include_str!("../../../migrations/0005_listing.sql"))),
    ("sign_in", Text::Both(include_str!("../../../migrations/0006_sign_in.sql"))),
    ("authorization", Text::Both(include_str!("../../../migrations/0007_authorization.sql"))),
    ("events", Text::Both(include_str!("../../../migrations/0008_events.sql"))),
    ("packages", Text::Both(include_str!("../../../migrations/0009_packages.sql"))),
    ("review", Text::Both(include_str!("../../../migrations/0010_review.sql"))),
    ("deployments", Text::Both(include_str!("../../../migrations/0011_deployments.sql"))),
    (
        "domains",
        Text::Each {
            postgres: include_str!("../../../migrations/0012_domains.postgres.sql"),
            sqlite: include_str!("../../../migrations/0012_domains.sqlite.sql"),
        },
    ),
    ("watched_output", Text::Both(include_str!("../../../migrations/0013_watched_output.sql"))),
];

/// What a migration runs.
enum Text {
    /// The same on both databases.
    Both(&'static str),
    /// A text for each. The version is one.
    Each { postgres: &'static str, sqlite: &'static str },
}

static POSTGRES: LazyLock<Migrator> = LazyLock::new(|| migrator(Dialect::Postgres));
static SQLITE: LazyLock<Migrator> = LazyLock::new(|| migrator(Dialect::Sqlite));

fn migrator(dialect: Dialect) -> Migrator {
    let migration = |(index, (name, text)): (usize, &(&'static str, Text))| {
        let text = match (text, dialect) {
            (Text::Both(text), _)
            | (Text::Each { postgres: text, .. }, Dialect::Postgres)
            | (Text::Each { sqlite: text, .. }, Dialect::Sqlite) => *text,
        };
        Migration::new(index as i64 + 1, (*name).into(), MigrationType::Simple, text.into_sql_str(), false)
    };
    Migrator::with_migrations(MIGRATIONS.iter().enumerate().map(migration).collect())
}

/// Whether a migration has been applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It has.
    Applied,
    /// Not yet.
    Pending,
    /// It has, and this binary does not know it: a newer one was here.
    Unknown,
}

/// One migration and where it stands.
#[derive(Debug, Clone, Serialize)]
pub struct MigrationState {
    /// Its number, from 1.
    pub version: i64,
    /// What it is about.
    pub name: String,
    /// Where it stands.
    pub state: State,
}

impl Db {
    /// Applies the migrations that are missing. Of several processes that try at once, one does and the others wait.
    ///
    /// # Errors
    /// When the schema is newer than this binary, or the database refuses.
    pub async fn migrate(&self) -> Result<()> {
        match &self.handle {
            Handle::Postgres(pool) => POSTGRES.run(pool).await.map_err(refused),
            // SQLite has no lock for this: who loses the race fails, and finds it done when looking again.
            Handle::Sqlite { writer, .. } => {
                (|| async { SQLITE.run(writer).await.map_err(refused) })
                    .retry(ExponentialBuilder::new().with_min_delay(Duration::from_millis(100)).with_max_times(5))
                    .when(|error: &Error| matches!(error.kind(), Kind::Internal | Kind::Unavailable))
                    .await
            }
            Handle::PostgresTx(_) | Handle::SqliteTx(_) => {
                Err(Error::internal("migrations were run inside a transaction"))
            }
        }
    }

    /// Every migration that this binary or the database knows, and where it stands.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn migrations(&self) -> Result<Vec<MigrationState>> {
        let applied: Vec<i64> = if self.has_migrations_table().await? {
            let rows: Vec<(i64,)> =
                self.all(crate::sql!("select version from _sqlx_migrations order by version")).await?;
            rows.into_iter().map(|(version,)| version).collect()
        } else {
            Vec::new()
        };
        let migrator = self.migrator();
        let known = migrator.iter().map(|migration| MigrationState {
            version: migration.version,
            name: migration.description.to_string(),
            state: if applied.contains(&migration.version) { State::Applied } else { State::Pending },
        });
        let unknown = applied
            .iter()
            .filter(|version| !migrator.version_exists(**version))
            .map(|version| MigrationState { version: *version, name: "of a newer mkt".into(), state: State::Unknown });
        Ok(known.chain(unknown).collect())
    }

    fn migrator(&self) -> &'static Migrator {
        match self.dialect() {
            Dialect::Postgres => &POSTGRES,
            Dialect::Sqlite => &SQLITE,
        }
    }

    async fn has_migrations_table(&self) -> Result<bool> {
        self.exists(match self.dialect() {
            Dialect::Postgres => crate::sql!("select 1 where to_regclass('_sqlx_migrations') is not null"),
            Dialect::Sqlite => crate::sql!("select 1 from sqlite_master where name = '_sqlx_migrations'"),
        })
        .await
    }
}

fn refused(error: MigrateError) -> Error {
    match error {
        MigrateError::VersionMissing(version) => Error::conflict(format!(
            "The database is at migration {version}, which this mkt does not know: a newer mkt has migrated it. \
             Run that newer version, or restore a backup from before."
        )),
        MigrateError::VersionMismatch(version) => Error::conflict(format!(
            "Migration {version} was applied to this database in another form: it was made by another build of mkt."
        )),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => failure::classify(error),
        other => Error::internal(other),
    }
}
