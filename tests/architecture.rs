//! The rules of the house that no compiler checks: imports point down, and only `core/db` names a driver.

use std::path::{Path, PathBuf};

/// What the files of a module must not mention, and why.
const RULES: &[(&str, &[&str])] = &[
    (
        "core",
        &[
            "crate::server",
            "crate::client",
            "crate::agent",
            "crate::cli",
            "crate::ui",
            "axum",
            "reqwest",
            "clap",
            "tokio_tungstenite",
            "comfy_table",
        ],
    ),
    ("ui", &["crate::core", "crate::server", "crate::client", "crate::agent", "crate::cli", "axum", "reqwest", "clap"]),
    ("server", &["crate::client", "crate::agent", "crate::cli", "clap"]),
    ("agent", &["crate::ui", "crate::server", "crate::cli", "axum", "clap"]),
    ("client", &["crate::ui", "crate::server", "crate::agent", "crate::cli", "axum", "clap"]),
];

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for (module, forbidden) in RULES {
        for file in files_of(module) {
            for (number, line) in code(&file) {
                let mentioned = forbidden.iter().filter(|word| line.contains(&format!("{word}::")));
                wrong
                    .extend(mentioned.map(|word| format!("{}:{number}: {module} must not use {word}", file.display())));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_database_names_a_driver() {
    let mut wrong = Vec::new();
    for module in ["core", "ui", "server", "client", "agent", "cli"] {
        for file in files_of(module).into_iter().filter(|file| !file.starts_with("src/core/db")) {
            if file == Path::new("src/core/db.rs") {
                continue;
            }
            let lines = code(&file).into_iter().filter(|(_, line)| line.contains("sqlx::") && !line.contains("#[sqlx"));
            wrong.extend(lines.map(|(number, line)| format!("{}:{number}: {line}", file.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_short() {
    let long: Vec<_> = ["core", "ui", "server", "client", "agent", "cli"]
        .into_iter()
        .flat_map(files_of)
        .map(|file| (code(&file).len(), file))
        .filter(|(lines, _)| *lines > 400)
        .collect();
    assert!(long.is_empty(), "split these along a seam that has a name: {long:?}");
}

fn files_of(module: &str) -> Vec<PathBuf> {
    let mut files = vec![PathBuf::from(format!("src/{module}.rs"))];
    let mut folders = vec![PathBuf::from(format!("src/{module}"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

/// The lines that are not comments, numbered from 1.
fn code(file: &Path) -> Vec<(usize, String)> {
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim().to_owned()));
    lines.filter(|(_, line)| !line.starts_with("//")).collect()
}
