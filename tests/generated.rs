//! Completions and manual pages are committed, and as the binary makes them. `MKT_TEST_UPDATE=1` rewrites them.

use std::path::{Path, PathBuf};

use crate::support::mkt;

const COMPLETIONS: [(&str, &str); 5] =
    [("bash", "mkt.bash"), ("zsh", "_mkt"), ("fish", "mkt.fish"), ("powershell", "_mkt.ps1"), ("elvish", "mkt.elv")];

#[tokio::test]
async fn completions_are_fresh() {
    for (shell, file) in COMPLETIONS {
        let script = mkt(&["completions", shell], &[]).await.ok();
        compare(&Path::new("completions").join(file), &script);
    }
}

#[tokio::test]
async fn manual_pages_are_fresh() {
    let folder = tempfile::tempdir().unwrap();
    mkt(&["man", folder.path().to_str().unwrap()], &[]).await.ok();
    let made = pages(folder.path());
    for page in &made {
        compare(&Path::new("man").join(page), &std::fs::read_to_string(folder.path().join(page)).unwrap());
    }
    assert_eq!(made, pages(Path::new("man")), "man/ has pages that nothing makes any more");
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into()).collect();
    names.sort();
    names
}

fn compare(path: &Path, made: &str) {
    if std::env::var_os("MKT_TEST_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, made).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == made, "{} is stale: run MKT_TEST_UPDATE=1 cargo test generated", path.display());
}
