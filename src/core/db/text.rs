//! Full text: how a search reads on each database. Words are cut and folded by [`search`](crate::core::resource::search),
//! alike for both; the column `search` keeps them, and each database has an index of its own over it.

use super::{Db, Dialect, Statement};
use crate::core::{Result, clock};

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

/// What a text has.
#[derive(Debug, Clone, Default)]
pub struct Has {
    /// Each of these.
    pub all: Vec<Lexeme>,
    /// And one of these, when there are any.
    pub any: Vec<Lexeme>,
}

/// What a text must have for a hit.
#[derive(Debug, Clone, Default)]
pub struct Hits {
    /// This.
    pub has: Has,
    /// And not this.
    pub but: Option<Has>,
    /// Whether they are known to be common, see [`Db::weigh`].
    pub common: bool,
}

impl Db {
    /// Finds out whether these hits are common, or were a moment ago: it decides how they are found, not what. PostgreSQL's
    /// planner knows by itself.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn weigh(&self, table: &str, hits: &mut Hits) -> Result<()> {
        if self.dialect() == Dialect::Sqlite {
            let text = format!("select count(*) from (select 1 from {table}_search where {table}_search match ");
            let mut count = Statement::new(text);
            count.push_arg(fts5(hits)).push(" limit ").push_arg(COMMON + 1).push(")");
            hits.common = self.count(count, clock::now()).await? > COMMON;
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
                push_has(table, &hits.has, statement);
                if let Some(but) = &hits.but {
                    statement.push(" and not (");
                    push_has(table, but, statement);
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
    let lexeme = |lexeme: &Lexeme| format!("'{}'{}", lexeme.text, if lexeme.whole { "" } else { ":*" });
    let has = |has: &Has| joined(has, lexeme, " & ", " | ");
    let but = hits.but.as_ref().map(|but| format!(" & !({})", has(but)));
    has(&hits.has) + &but.unwrap_or_default()
}

/// A query of SQLite's FTS5: `("0heart"*) NOT ("1heart"*)`.
fn fts5(hits: &Hits) -> String {
    let lexeme = |lexeme: &Lexeme| format!("\"{}\"{}", lexeme.text, if lexeme.whole { "" } else { "*" });
    let has = |has: &Has| format!("({})", joined(has, lexeme, " AND ", " OR "));
    let but = hits.but.as_ref().map(|but| format!(" NOT {}", has(but)));
    has(&hits.has) + &but.unwrap_or_default()
}

fn joined(has: &Has, lexeme: impl Fn(&Lexeme) -> String, and: &str, or: &str) -> String {
    let mut parts: Vec<String> = has.all.iter().map(&lexeme).collect();
    if !has.any.is_empty() {
        parts.push(format!("({})", has.any.iter().map(&lexeme).collect::<Vec<_>>().join(or)));
    }
    parts.join(and)
}

/// Looks at the words themselves, each of which stands between spaces.
fn push_has(table: &str, has: &Has, statement: &mut Statement) {
    push_each(table, &has.all, " and ", statement);
    if !has.any.is_empty() {
        statement.push(" and (");
        push_each(table, &has.any, " or ", statement);
        statement.push(")");
    }
}

fn push_each(table: &str, lexemes: &[Lexeme], between: &str, statement: &mut Statement) {
    for (index, lexeme) in lexemes.iter().enumerate() {
        let part = format!(" {}{}", lexeme.text, if lexeme.whole { " " } else { "" });
        statement.push(if index > 0 { between } else { "" });
        statement.push(&format!("instr({table}.search, ")).push_arg(part).push(") > 0");
    }
}
