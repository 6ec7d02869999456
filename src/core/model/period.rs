//! Records of what happened are looked for by when it did.

use crate::core::clock::Timestamp;
use crate::core::db::Statement;
use crate::core::field::Shape;
use crate::core::resource::Table;
use crate::core::{Error, Result};

/// The filters.
pub const FILTERS: &[(&str, Shape, &str)] = &[
    ("since", Shape::Time, "Only those from this instant on."),
    ("until", Shape::Time, "Only those before this instant."),
];

/// Appends the condition of one of them.
///
/// # Errors
/// [`Kind::BadRequest`](crate::core::Kind::BadRequest) when the value is no instant.
pub fn push(table: &Table, name: &str, value: &str, statement: &mut Statement) -> Result<()> {
    let instant = value.parse::<Timestamp>().map_err(|_| {
        Error::bad_request(format!("The parameter {name} must be a date-time such as 2026-01-31T12:00:00Z."))
    })?;
    let compared = if name == "since" { ">=" } else { "<" };
    statement.push(&format!("{}.created_at {compared} ", table.plural)).push_arg(instant);
    Ok(())
}
