//! Full text: how a search reads on each database. Words are cut and folded by [`search`](crate::core::resource::search),
//! alike for both; the column `search` keeps them, and each database has an index of its own over it.

use std::fmt::Write;

use super::{Db, Dialect, Statement};
use crate::core::Result;

/// More hits than these are common: on SQLite they are then found sooner on a walk in the order of the index.
const COMMON: i64 = 1000;

/// A word as the column `search` has it, letters and digits only, or its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lexeme {
    /// The text.
    pub text: String,
    /// Whether it is the whole word.
    pub whole: bool,
}

/// What a text must have for a hit.
#[derive(Debug, Clone, Default)]
pub struct Hits {
    /// Each of these.
    pub all: Vec<Lexeme>,
    /// But not each of these, when there are any.
    pub but: Vec<Lexeme>,
    /// Whether they are known to be common, see [`Db::weigh`].
    pub common: bool,
}

impl Db {
    /// Finds out whether these hits are common. PostgreSQL's planner knows by itself.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn weigh(&self, table: &str, hits: &mut Hits) -> Result<()> {
        if self.dialect() == Dialect::Sqlite {
            let text = format!("select count(*) from (select 1 from {table}_search where {table}_search match ");
            let mut count = Statement::new(text);
            count.push_arg(fts5(hits)).push(" limit ").push_arg(COMMON + 1).push(")");
            hits.common = self.scalar::<i64>(count).await? > COMMON;
        }
        Ok(())
    }
}

impl Dialect {
    /// Appends that a row of the table is a hit. The words hold nothing that either query language gives a meaning.
    pub fn push_hits(self, table: &str, hits: &Hits, statement: &mut Statement) {
        match self {
            Self::Postgres => {
                statement.push(&format!("{table}.words @@ ")).push_arg(tsquery(hits)).push("::tsquery");
            }
            Self::Sqlite if hits.common => {
                push_each(table, &hits.all, statement);
                if !hits.but.is_empty() {
                    statement.push(" and not (");
                    push_each(table, &hits.but, statement);
                    statement.push(")");
                }
            }
            Self::Sqlite => {
                let text = format!("{table}.number in (select rowid from {table}_search where {table}_search match ");
                statement.push(&text).push_arg(fts5(hits)).push(")");
            }
        }
    }
}

/// A query of PostgreSQL's: `'0heart':* & !('1heart':*)`.
fn tsquery(hits: &Hits) -> String {
    let each = |lexemes: &[Lexeme]| {
        let each = lexemes.iter().map(|lexeme| format!("'{}'{}", lexeme.text, if lexeme.whole { "" } else { ":*" }));
        each.collect::<Vec<_>>().join(" & ")
    };
    let mut query = each(&hits.all);
    if !hits.but.is_empty() {
        let _ = write!(query, " & !({})", each(&hits.but));
    }
    query
}

/// A query of SQLite's FTS5: `("0heart"*) not ("1heart"*)`.
fn fts5(hits: &Hits) -> String {
    let each = |lexemes: &[Lexeme]| {
        let each = lexemes.iter().map(|lexeme| format!("\"{}\"{}", lexeme.text, if lexeme.whole { "" } else { "*" }));
        each.collect::<Vec<_>>().join(" AND ")
    };
    let mut query = format!("({})", each(&hits.all));
    if !hits.but.is_empty() {
        let _ = write!(query, " NOT ({})", each(&hits.but));
    }
    query
}

/// Looks at the words themselves, each of which stands between spaces.
fn push_each(table: &str, lexemes: &[Lexeme], statement: &mut Statement) {
    for (index, lexeme) in lexemes.iter().enumerate() {
        let part = format!(" {}{}", lexeme.text, if lexeme.whole { " " } else { "" });
        statement.push(if index > 0 { " and " } else { "" });
        statement.push(&format!("instr({table}.search, ")).push_arg(part).push(") > 0");
    }
}
