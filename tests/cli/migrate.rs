//! `mkt migrate`

use crate::support::{Database, mkt, on_both};

on_both! {
    async fn run_status_and_check_agree(database: Database) {
        let migrate = async |arguments: &[&str]| mkt(&[&["migrate"], arguments, &["--database-url", &database.url]].concat(), &[]).await;
        let check = migrate(&["check"]).await;
        assert_eq!(check.code, 1, "{}", check.stderr);
        assert!(check.stderr.contains("mkt migrate"), "{}", check.stderr);
        let states = migrate(&["status", "--json"]).await.json();
        assert!(states.as_array().unwrap().iter().all(|migration| migration["state"] == "pending"));

        let run = migrate(&[]).await;
        assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
        assert!(run.stderr.contains("Applied"), "{}", run.stderr);
        assert!(migrate(&["run"]).await.stderr.contains("up to date"));
        migrate(&["check"]).await.ok();
        assert!(migrate(&["status"]).await.ok().contains("applied"));
    }
}

#[tokio::test]
async fn a_database_that_is_away_fails_at_once() {
    let ran = mkt(&["migrate", "--database-url", "postgres://mkt:hidden@127.0.0.1:1/none"], &[]).await;
    assert_eq!(ran.code, 8, "{}", ran.stderr);
    assert!(!ran.stderr.contains("hidden"), "{}", ran.stderr);
}

/// Some texts are written for each database, the versions never.
#[tokio::test]
async fn both_databases_have_the_same_versions() {
    let mut states = Vec::new();
    for database in [Database::sqlite(), Database::postgres()] {
        mkt(&["migrate", "--database-url", &database.url], &[]).await.ok();
        states.push(mkt(&["migrate", "status", "--json", "--database-url", &database.url], &[]).await.json());
    }
    assert_eq!(states[0], states[1]);
}
