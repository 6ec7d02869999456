//! A database for one test.

use std::path::Path;
use std::sync::Arc;

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

    /// A folder that lives as long as the database.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
