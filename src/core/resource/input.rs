//! What a client sent for a resource, on its way to becoming typed fields.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Mode, Resource};
use crate::core::error::FieldErrors;
use crate::core::field::Field;
use crate::core::files::Stored;
use crate::core::{Error, Result};

/// What a client sent: fields, and files that are in the store by now.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The fields.
    pub fields: Map<String, Value>,
    /// The files, with the names of their fields.
    pub files: Vec<(String, Stored)>,
}

impl From<Map<String, Value>> for Given {
    fn from(fields: Map<String, Value>) -> Self {
        Self { fields, files: Vec::new() }
    }
}

/// The fields that a client gave, and what is wrong with them. Unknown fields stay unread.
#[derive(Debug, Default)]
pub struct Input {
    given: Map<String, Value>,
    errors: FieldErrors,
}

impl Input {
    /// The fields given for an `R`, with aliases resolved to our names.
    pub fn new<R: Resource>(given: Map<String, Value>) -> Self {
        Self::resolved::<R>(given, |_, _| false)
    }

    /// The fields given for a row that exists. Clients send whole objects back: of a field and its alias, the one that
    /// differs from what is stored is meant.
    pub fn for_update<R: Resource>(given: Map<String, Value>, old: &R) -> Self {
        let stored = serde_json::to_value(old).unwrap_or_default();
        Self::resolved::<R>(given, |ours, value| stored.get(ours) == Some(value))
    }

    /// Gives aliased values to our names, unless something is given for those that is not `superseded`.
    fn resolved<R: Resource>(mut given: Map<String, Value>, superseded: impl Fn(&str, &Value) -> bool) -> Self {
        for (theirs, ours) in R::ALIASES {
            if let Some(value) = given.remove(*theirs)
                && given.get(*ours).is_none_or(|own| superseded(ours, own))
            {
                given.insert((*ours).into(), value);
            }
        }
        Self { given, errors: FieldErrors::new() }
    }

    /// Sets a field, whatever the client gave for it.
    pub fn set(&mut self, field: &str, value: impl Into<Value>) {
        self.given.insert(field.into(), value.into());
    }

    /// Sets a field that the client did not give.
    pub fn set_default(&mut self, field: &str, value: impl Into<Value>) {
        if self.given.get(field).is_none_or(Value::is_null) {
            self.set(field, value);
        }
    }

    /// The id that the client chose, if any.
    pub fn chosen_id(&mut self) -> Option<Uuid> {
        let value = self.given.get("id").filter(|value| !value.is_null())?;
        match value.as_str().and_then(|text| text.parse().ok()) {
            Some(id) => Some(id),
            None => {
                self.fails("id", "must be a UUID");
                None
            }
        }
    }

    /// Records what a field must be and is not.
    pub fn fails(&mut self, field: &str, must: impl Into<String>) {
        self.errors.entry(field.into()).or_default().push(must.into());
    }

    /// Whether a field failed.
    pub fn failed(&self, field: &str) -> bool {
        self.errors.contains_key(field)
    }

    /// The value of a field at creation: what is given, else its default, else null where that is a value. For one that
    /// fails stands its default or a blank.
    pub fn initial<T: Field>(&mut self, field: &str, mode: Mode, default: Option<T>) -> T {
        let given = self.given.get(field).filter(|value| mode != Mode::Server && (T::NULLABLE || !value.is_null()));
        let must = match given.map(T::parse) {
            Some(Ok(value)) => return value,
            Some(Err(must)) => Some(must),
            None => (default.is_none() && !T::NULLABLE).then(|| "is required".into()),
        };
        if let Some(must) = must {
            self.fails(field, must);
        }
        default.unwrap_or_else(T::blank)
    }

    /// Changes a field of an existing row to what is given for it, if anything.
    pub fn changed<T: Field>(&mut self, field: &str, mode: Mode, value: &mut T) {
        let Some(given) = self.given.get(field).filter(|_| mode == Mode::Open) else { return };
        match T::parse(given) {
            Ok(new) => *value = new,
            Err(must) => self.fails(field, if given.is_null() { "is required".into() } else { must }),
        }
    }

    /// Nothing, when all fields hold.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::core::Kind::Invalid) with every field that does not.
    pub fn finish(&mut self) -> Result<()> {
        if self.errors.is_empty() { Ok(()) } else { Err(Error::invalid(std::mem::take(&mut self.errors))) }
    }
}
