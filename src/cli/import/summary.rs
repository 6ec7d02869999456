//! What came of an import.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use super::upsert::{Change, Done};
use crate::cli::error::{Code, Failed};
use crate::cli::output::{Printer, table};

const WHO_MAY: &str = "Sign in with mkt login, or set MKT_TOKEN to a token of somebody who may.";

/// What was done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Created,
    Updated,
    Unchanged,
    Skipped,
    Failed,
}

/// What came of one file.
#[derive(Debug, Serialize)]
pub struct Entry {
    pub action: Action,
    /// Its path in the folder; nothing for a meta-product that no file names.
    pub file: Option<String>,
    pub name: Option<String>,
    pub product_id: Option<Uuid>,
    pub build_id: Option<Uuid>,
    pub version: Option<String>,
    /// Whether everybody sees it.
    pub published: bool,
    /// Why it was skipped or failed.
    pub reason: Option<String>,
    #[serde(skip)]
    pub code: Option<Code>,
}

/// What came of all of them.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    pub dry_run: bool,
    created: usize,
    updated: usize,
    unchanged: usize,
    skipped: usize,
    failed: usize,
    results: Vec<Entry>,
}

impl Entry {
    pub fn done(file: Option<String>, name: String, done: &Done) -> Self {
        let action = match done.change {
            _ if done.yanked => Action::Skipped,
            Change::Created => Action::Created,
            Change::Updated => Action::Updated,
            Change::Unchanged => Action::Unchanged,
        };
        let (version, build_id) = done.build.clone().unzip();
        let yanked = || format!("its build {} was yanked", version.as_deref().unwrap_or_default());
        Self {
            action,
            file,
            name: Some(name),
            product_id: Some(done.product),
            build_id,
            reason: done.yanked.then(yanked),
            version,
            published: done.public,
            code: None,
        }
    }

    pub fn skipped(file: String, reason: String) -> Self {
        Self { action: Action::Skipped, reason: Some(reason), ..Self::blank(file) }
    }

    pub fn failed(file: String, reason: String, code: Code) -> Self {
        Self { action: Action::Failed, reason: Some(reason), code: Some(code), ..Self::blank(file) }
    }

    fn blank(file: String) -> Self {
        Self {
            action: Action::Failed,
            file: Some(file),
            name: None,
            product_id: None,
            build_id: None,
            version: None,
            published: false,
            reason: None,
            code: None,
        }
    }
}

impl Summary {
    pub fn new(dry_run: bool, results: Vec<Entry>) -> Self {
        let count = |action| results.iter().filter(|entry| entry.action == action).count();
        Self {
            dry_run,
            created: count(Action::Created),
            updated: count(Action::Updated),
            unchanged: count(Action::Unchanged),
            skipped: count(Action::Skipped),
            failed: count(Action::Failed),
            results,
        }
    }

    /// Prints it, and fails as the worst of the files did.
    pub fn tell(&self, printer: &Printer) -> Result<(), Failed> {
        for entry in &self.results {
            let (file, reason) =
                (entry.file.as_deref().unwrap_or_default(), entry.reason.as_deref().unwrap_or_default());
            match entry.action {
                Action::Failed => printer.error(&format!("{file}: {reason}")),
                Action::Skipped => printer.detail(&format!("skipped: {file}: {reason}")),
                Action::Created | Action::Updated | Action::Unchanged => {}
            }
        }
        let ids =
            |summary: &Self| summary.results.iter().filter_map(|entry| Some(entry.product_id?.to_string())).collect();
        printer.value(self, Self::for_people, ids)?;
        let drafts = self.results.iter().filter(|entry| entry.product_id.is_some() && !entry.published);
        let drafts = drafts.filter(|entry| entry.action != Action::Skipped).count();
        if drafts > 0 && !self.dry_run {
            printer.note(&format!(
                "{drafts} are not public yet: somebody who may publish products and builds has to do so, or import the \
                 same once more."
            ));
        }
        match self.results.iter().filter_map(|entry| entry.code).max() {
            None => Ok(()),
            Some(code) => {
                let tried = self.results.len() - self.skipped;
                let failed = Failed::with_code(code, format!("{} of {tried} were not imported.", self.failed));
                Err(if code == Code::Refused { failed.hint(WHO_MAY) } else { failed })
            }
        }
    }

    /// What changed, what was skipped by its reasons, and how many there are of each.
    fn for_people(&self) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let changed = self.results.iter().filter(|entry| matches!(entry.action, Action::Created | Action::Updated));
        let mut rows: Vec<_> = changed
            .map(|entry| {
                let action = if entry.action == Action::Created { "created" } else { "updated" };
                vec![action.to_owned(), text(&entry.name), text(&entry.version), text(&entry.file)]
            })
            .collect();
        let mut reasons: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
        for entry in self.results.iter().filter(|entry| entry.action == Action::Skipped) {
            let (reason, file) =
                (entry.reason.as_deref().unwrap_or_default(), entry.file.as_deref().unwrap_or_default());
            reasons.entry(reason).or_insert((0, file)).0 += 1;
        }
        rows.extend(reasons.into_iter().map(|(reason, (count, file))| {
            let files = if count == 1 { file.to_owned() } else { format!("{count} files") };
            vec!["skipped".to_owned(), reason.to_owned(), String::new(), files]
        }));
        let counts = format!(
            "{}{} created, {} updated, {} unchanged, {} skipped, {} failed.",
            if self.dry_run { "Would be: " } else { "" },
            self.created,
            self.updated,
            self.unchanged,
            self.skipped,
            self.failed
        );
        if rows.is_empty() {
            counts
        } else {
            format!("{}\n{counts}", table(&["ACTION", "WHAT", "VERSION", "FILE"], rows))
        }
    }
}
