//! One page of an index, in the envelope of the reference server.

use serde::{Deserialize, Serialize};

/// A page of results with where it stands among the others. Pages count from 1; an empty index is one page.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Page<T> {
    /// How many pages there are, at least 1.
    pub total_pages: i64,
    /// How many entries all pages hold together.
    pub total_entries: i64,
    /// The page before this one.
    pub previous_page: Option<i64>,
    /// The page after this one.
    pub next_page: Option<i64>,
    /// This page.
    pub current_page: i64,
    /// How many entries a full page holds.
    pub per_page: i64,
    /// Where the walk by `cursor` goes on, `None` at the end of it.
    #[serde(default)]
    pub next_cursor: Option<String>,
    /// The entries of this page.
    pub results: Vec<T>,
}

impl<T> Page<T> {
    /// Wraps the entries of page `current_page`.
    pub fn new(results: Vec<T>, total_entries: i64, current_page: i64, per_page: i64) -> Self {
        let total_pages = (total_entries + per_page - 1).div_euclid(per_page).max(1);
        Self {
            total_pages,
            total_entries,
            previous_page: (current_page > 1).then(|| (current_page - 1).min(total_pages)),
            next_page: (current_page < total_pages).then_some(current_page + 1),
            current_page,
            per_page,
            next_cursor: None,
            results,
        }
    }
}
