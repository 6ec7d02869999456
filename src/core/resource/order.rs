//! The order of an index: by one field, then by id, so that each row has one place and walks see it once.

use serde_json::Value;

use super::{FieldInfo, Resource};
use crate::core::db::{Arg, Dialect, Statement};
use crate::core::field::Shape;

/// Long texts are ordered by their beginnings: as many characters.
const ORDERED_BY: usize = 255;

/// The order of an index. Rows without a value come last, whatever the direction.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) field: &'static FieldInfo,
    pub(super) descending: bool,
}

impl Order {
    /// Appends the `order by`.
    pub(super) fn push(&self, dialect: Dialect, table: &str, statement: &mut Statement) {
        let direction = if self.descending { "desc" } else { "asc" };
        let value = self.value(dialect, &self.column(table));
        // Said of a column that always has one, it would keep the index from being used.
        let nulls = if self.field.nullable { " nulls last" } else { "" };
        statement.push(&format!(" order by {value} {direction}{nulls}"));
        if self.field.name != "id" {
            statement.push(&format!(", {table}.id {direction}"));
        }
    }

    /// Appends that a row comes after the one with this key and id.
    pub(super) fn push_after(
        &self,
        dialect: Dialect,
        table: &str,
        key: Option<Arg>,
        id: Arg,
        statement: &mut Statement,
    ) {
        let (column, beyond) = (self.column(table), if self.descending { "<" } else { ">" });
        let Some(key) = key else {
            statement.push(&format!(" and {column} is null and {table}.id {beyond} ")).push_arg(id);
            return;
        };
        let value = self.value(dialect, &column);
        let key = statement.place(key);
        let key = self.value(dialect, &key);
        if !self.field.nullable {
            // Of a pair with an expression in it, SQLite does not see where in the index to begin.
            statement.push(&format!(" and {value} {beyond}= {key}"));
        }
        statement.push(&format!(" and (({value}, {table}.id) {beyond} ({key}, ")).push_arg(id).push(")");
        statement.push(&if self.field.nullable { format!(" or {column} is null)") } else { ")".into() });
    }

    /// The key of a row, as a cursor carries it.
    pub(super) fn key_of<R: Resource>(&self, row: &R) -> Value {
        let mut names = std::iter::once("id").chain(R::FIELDS.iter().map(|field| field.name));
        let values = row.values();
        let place = match self.field.name {
            "created_at" => Some(values.len() - 2),
            "updated_at" => Some(values.len() - 1),
            name => names.position(|field| field == name),
        };
        match place.and_then(|place| values.into_iter().nth(place)) {
            Some(Arg::Bool(value)) => value.into(),
            Some(Arg::Int(value)) => value.into(),
            Some(Arg::Text(value)) => value.map(|text| text.chars().take(ORDERED_BY).collect::<String>()).into(),
            Some(Arg::Uuid(value)) => value.map(|id| id.to_string()).into(),
            Some(Arg::Time(value)) => value.map(|instant| instant.to_rfc3339()).into(),
            _ => Value::Null,
        }
    }

    /// A key that a cursor carries, or `None` when it is none of this order's.
    pub(super) fn read_key(&self, key: &Value) -> Option<Option<Arg>> {
        match (key, self.field.shape) {
            (Value::Null, _) => self.field.nullable.then_some(None),
            (Value::String(text), Shape::Text { .. }) => (!text.contains('\0')).then(|| Some(text.as_str().into())),
            (_, Shape::Text { .. }) => None,
            (key, _) => (self.field.parse)(key).ok().map(Some),
        }
    }

    fn column(&self, table: &str) -> String {
        format!("{table}.\"{}\"", self.field.name)
    }

    /// What is compared of a column or an argument.
    fn value(&self, dialect: Dialect, expression: &str) -> String {
        match self.field.shape {
            Shape::Text { max, .. } if max > ORDERED_BY => {
                dialect.folded(&format!("substr({expression}, 1, {ORDERED_BY})"))
            }
            Shape::Text { .. } => dialect.folded(expression),
            _ => expression.to_owned(),
        }
    }
}
