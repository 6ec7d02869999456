//! Cursors: where a walk over an index goes on. Clients take them as they are; what they carry is checked like all that
//! a stranger sends.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::core::{Error, Result};

/// The longest that is looked at.
const LONGEST: usize = 4096;
/// The most pages that a walk counts.
const LAST_PAGE: i64 = 1 << 53;

/// The place behind a row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// What was asked for, as [`Query`](super::Query) sums it up: the place is one in this order of these rows.
    pub(super) of: u64,
    /// The page that starts here.
    pub(super) page: i64,
    /// The rank of the row among the hits of a search.
    pub(super) rank: usize,
    /// What the row is ordered by.
    pub(super) key: Value,
    /// Its id.
    pub(super) id: Uuid,
}

impl Cursor {
    /// Reads a cursor of this question.
    ///
    /// # Errors
    /// When it is none, or one of another.
    pub(super) fn read(text: &str, of: u64) -> Result<Self> {
        let cursor = Some(text).filter(|text| text.len() <= LONGEST);
        let cursor = cursor.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let cursor: Option<Self> = cursor.and_then(|json| serde_json::from_slice(&json).ok());
        let cursor = cursor.filter(|cursor| (1..=LAST_PAGE).contains(&cursor.page)).ok_or_else(unreadable)?;
        if cursor.of != of {
            return Err(Error::bad_request(
                "The parameter cursor was given out for other filters or another order. Start again with an empty one.",
            ));
        }
        Ok(cursor)
    }

    /// The cursor as clients get it.
    ///
    /// # Errors
    /// Never in practice.
    pub(super) fn write(&self) -> Result<String> {
        Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).map_err(Error::internal)?))
    }
}

/// The refusal of what is no cursor.
pub(super) fn unreadable() -> Error {
    Error::bad_request("The parameter cursor must be one that this index has given out as next_cursor, or empty.")
}
