//! What the two databases do not write alike.

use super::Statement;

/// Which database this is, for the few texts that can't be portable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL 13 or newer.
    Postgres,
    /// SQLite 3.35 or newer, compiled in.
    Sqlite,
}

impl Dialect {
    /// An expression of text in the form in which texts are ordered: ASCII letters without case, all else by code point.
    /// SQLite knows no other; PostgreSQL would ask the locale of its cluster.
    pub fn folded(self, expression: &str) -> String {
        match self {
            Self::Postgres => format!("lower({expression} collate \"C\")"),
            Self::Sqlite => format!("lower({expression})"),
        }
    }

    /// What ends a selection of rows that the transaction is about to change: others wait. On SQLite nobody else writes.
    pub fn for_update(self) -> &'static str {
        match self {
            Self::Postgres => " for no key update",
            Self::Sqlite => "",
        }
    }

    /// A column for whose sake no index shall be used. Without a look at the order of the rows, SQLite takes any that
    /// narrows them down; PostgreSQL weighs by itself.
    pub fn unindexed(self, column: &str) -> String {
        match self {
            Self::Postgres => column.to_owned(),
            Self::Sqlite => format!("+{column}"),
        }
    }

    /// An expression of the milliseconds from the Unix epoch to the instant in a column.
    pub fn millis(self, column: &str) -> String {
        match self {
            Self::Postgres => format!("cast(extract(epoch from {column}) * 1000 as bigint)"),
            Self::Sqlite => format!("cast(round(unixepoch({column}, 'subsec') * 1000) as integer)"),
        }
    }

    /// An expression of the day, in UTC, of the instant in a column, such as `2026-01-31`.
    pub fn day(self, column: &str) -> String {
        match self {
            Self::Postgres => format!("to_char({column} at time zone 'UTC', 'YYYY-MM-DD')"),
            Self::Sqlite => format!("substr({column}, 1, 10)"),
        }
    }

    /// Appends that a column contains a text, whatever the case. `lower` and `ilike` won't do: SQLite's fold ASCII only,
    /// PostgreSQL's as the locale of the cluster has it. So the pattern names both cases of each letter.
    pub fn push_contains(self, column: &str, part: &str, statement: &mut Statement) {
        let letters = part.chars().map(|c| match both_cases(c) {
            Some((lower, upper)) => format!("[{lower}{upper}]"),
            None if self == Self::Sqlite && matches!(c, '*' | '?' | '[') => format!("[{c}]"),
            None if self == Self::Sqlite || c.is_alphanumeric() => c.to_string(),
            None => format!("\\{c}"),
        });
        let pattern: String = letters.collect();
        match self {
            Self::Postgres => statement.push(column).push(" ~ ").push_arg(pattern),
            Self::Sqlite => statement.push(column).push(" glob ").push_arg(format!("*{pattern}*")),
        };
    }
}

fn both_cases(c: char) -> Option<(char, char)> {
    let (lower, upper) = (c.to_lowercase().next()?, c.to_uppercase().next()?);
    (lower != upper).then_some((lower, upper))
}
