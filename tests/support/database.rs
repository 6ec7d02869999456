//! A database for one test.

use std::path::Path;
use std::sync::Arc;

use mkt::core::db::{Db, Statement, Wait};
use tempfile::TempDir;
use uuid::Uuid;

/// An empty place for a database, which the server under test creates. Its folder is gone with it; the PostgreSQL of
/// `tests/run` is thrown away as a whole.
#[derive(Clone)]
pub struct Database {
    pub url: String,
    folder: Arc<TempDir>,
}

impl Database {
    /// On SQLite: a file that does not exist yet.
    pub fn sqlite() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self { url: format!("sqlite:{}", folder.path().join("mkt.db").display()), folder }
    }

    /// On PostgreSQL: a database that does not exist yet.
    pub fn postgres() -> Self {
        let server = Self::postgres_server();
        let base = server.rsplit_once('/').unwrap().0;
        Self { url: format!("{base}/test_{}", Uuid::new_v4().simple()), folder: Arc::new(tempfile::tempdir().unwrap()) }
    }

    /// At this address, whatever is there.
    pub fn at(url: String) -> Self {
        Self { url, folder: Arc::new(tempfile::tempdir().unwrap()) }
    }

    /// The address of PostgreSQL's maintenance database.
    pub fn postgres_server() -> String {
        std::env::var("MKT_TEST_POSTGRES").expect("MKT_TEST_POSTGRES names no PostgreSQL: run the tests with tests/run")
    }

    /// Changes what is in it behind the server's back: a statement with the id of a record as `$1`.
    pub async fn tamper(&self, statement: &str, id: &str) {
        let db = Db::open(&self.url.parse().unwrap(), Wait::No).await.unwrap();
        let tx = db.begin().await.unwrap();
        let id: Uuid = id.parse().unwrap();
        assert_eq!(tx.execute(Statement::new(statement.to_owned()).bind(id)).await.unwrap(), 1, "{statement}");
        tx.commit().await.unwrap();
    }

    /// A folder that lives as long as the database.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
