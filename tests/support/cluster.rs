//! A PostgreSQL of a test's own, to be ended and started again.

use std::process::Command;

use tempfile::TempDir;

/// A PostgreSQL. Dropping it ends it.
pub struct Cluster {
    url: String,
    folder: TempDir,
}

impl Cluster {
    /// Starts one, with its durability on: what it has committed survives its crash.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = run("start", &folder);
        assert!(url.starts_with("postgres:"), "{url}");
        Self { url, folder }
    }

    /// The address of a database in it.
    pub fn database(&self, name: &str) -> String {
        format!("{}/{name}", self.url.rsplit_once('/').unwrap().0)
    }

    /// Ends it at once, as a power cut would, and starts it again.
    pub fn crash(&self) {
        run("restart", &self.folder);
    }
}

fn run(action: &str, folder: &TempDir) -> String {
    let output = Command::new("tests/postgres").arg(action).arg(folder.path()).env("DURABLE", "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new("tests/postgres").arg("stop").arg(self.folder.path()).output();
    }
}
